package stemma_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The house: what a package may pull in of ours, directly or not. Whatever is not listed here may be imported by cmd/stemma alone.
func TestHouse(t *testing.T) {
	const root = "github.com/stemma-kg/stemma/"
	for pkg, may := range map[string][]string{
		"kg":             {},
		"storage":        {"kg"},
		"storage/memory": {"kg", "storage"},
		"storage/badger": {"kg", "storage"},
		"audit":          {"kg", "storage"},
		"seed":           {"kg", "storage"},
		"graph/endpoint": {},
		"graph":          {"kg", "storage", "graph/endpoint"},
		"web":            {},
		"auth":           {"graph", "graph/endpoint", "kg", "storage"},
	} {
		out, err := exec.Command("go", "list", "-deps", "./"+pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", pkg, err, out)
		}
		for dep := range strings.Lines(string(out)) {
			dep, ours := strings.CutPrefix(strings.TrimSpace(dep), root)
			if !ours || dep == pkg || strings.HasPrefix(dep, pkg+"/internal") {
				continue
			}
			allowed := false
			for _, m := range may {
				allowed = allowed || dep == m
			}
			if !allowed {
				t.Errorf("%s imports %s: the house allows it %v", pkg, dep, may)
			}
		}
	}
}
