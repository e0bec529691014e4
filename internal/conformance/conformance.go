// Package conformance runs other people's clients and audits against a GraphQL endpoint: the 61 audits of
// graphql-http (audit.mjs), graphql-transport-ws by hand (protocol.mjs), and the clients graphql-ws and
// graphql-sse (clients.mjs).
package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Run runs one of the scripts with node and fails the test if it does; its output goes to the test's log. It installs
// what the scripts need when that is missing. Where there is no node or no network it skips and says so, unless
// the environment has CI=true: there it fails.
func Run(t testing.TB, script string, args ...string) {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing("%s was not run: it needs %s, which is not installed", script, tool)
		}
	}
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Dir(here)
	if out, err := install(dir); err != nil {
		missing("%s was not run: npm ci failed: %v\n%s", script, err, out)
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	t.Logf("%s: %s", script, strings.TrimSpace(string(out)))
	if err != nil {
		t.Errorf("%s failed: %v", script, err)
	}
}

// install makes node_modules if it is not there. Tests of several packages may do so at once: each installs aside,
// and the first to be ready puts it in place.
func install(dir string) (output []byte, err error) {
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return nil, nil
	}
	aside, err := os.MkdirTemp(dir, "node_modules.*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(aside)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(aside, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = aside
	if output, err = cmd.CombinedOutput(); err != nil {
		return output, err
	}
	if err := os.Rename(filepath.Join(aside, "node_modules"), modules); err != nil {
		if _, there := os.Stat(modules); there != nil {
			return nil, err
		}
	}
	return nil, nil
}
