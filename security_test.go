package stemma_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What SECURITY.md names as proof is there: tests as `directory`: TestA, TestB; scripts and tools by their paths.
func TestSecurityNamesProofs(t *testing.T) {
	b, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	tests := 0
	for _, m := range regexp.MustCompile("`([a-z/]+)`: ((?:(?:Test|Fuzz)[A-Za-z]+(?:, )?)+)").FindAllStringSubmatch(text, -1) {
		files, err := filepath.Glob(filepath.Join(m[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		var code strings.Builder
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(b)
		}
		for name := range strings.SplitSeq(m[2], ", ") {
			if tests++; !strings.Contains(code.String(), "func "+name+"(") {
				t.Errorf("SECURITY.md names %s in %s, which is not there", name, m[1])
			}
		}
	}
	if all := len(regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(text, -1)); tests == 0 || tests != all {
		t.Errorf("SECURITY.md names %d tests, %d of them with their directory", all, tests)
	}
	for _, m := range regexp.MustCompile("`((?:scripts|tools|docs|storage|deploy)/[a-zA-Z/.-]+)`").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(m[1]); err != nil {
			t.Errorf("SECURITY.md: %v", err)
		}
	}
}
