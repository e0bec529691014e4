package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTrustedDocumentsFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "documents.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const listed = `query Revision { meta { revision } }`
	write(fmt.Sprintf(`{"a1": %q}`, listed))
	s := start(t, "--ephemeral", "--trusted-documents", file)
	if resp, body := s.get(t, "/graphql?documentId=a1"); resp.StatusCode != 200 || !strings.Contains(body, `"revision":1`) {
		t.Errorf("by its id: %d %s", resp.StatusCode, body)
	}
	if status, _, code, _ := s.ask(t, "", listed); status != 200 || code != "" {
		t.Errorf("by its text: %d %s", status, code)
	}
	if _, _, code, _ := s.ask(t, "", someQuestion); code != "DOCUMENT_NOT_TRUSTED" {
		t.Errorf("another: %s", code)
	}
	for name, c := range map[string]struct{ text, says string }{
		"a field that is not there": {`{"a1": "query Mine { nope }"}`, `"a1" (Mine)`},
		"no JSON":                   {`{`, "no JSON"},
	} {
		write(c.text)
		if errs, status := startAndStop(t, "--ephemeral", "--trusted-documents", file); status != statusError || !strings.Contains(errs, file) || !strings.Contains(errs, c.says) {
			t.Errorf("%s: status %d, %s", name, status, errs)
		}
	}
	if errs, status := startAndStop(t, "--ephemeral", "--trusted-documents", file+".not"); status != statusError || !strings.Contains(errs, file+".not") {
		t.Errorf("no file: status %d, %s", status, errs)
	}
}

func TestWhatIsNotTold(t *testing.T) {
	open, closed := start(t, "--ephemeral"), start(t, "--ephemeral", "--no-introspection", "--no-suggestions")
	const types, mistake = `{ __schema { types { name } } }`, `{ diseasse { label } }`
	if _, _, code, _ := open.ask(t, "", types); code != "" {
		t.Errorf("introspection: %s", code)
	}
	if _, _, _, message := open.ask(t, "", mistake); !strings.Contains(message, "Did you mean") {
		t.Errorf("a mistake: %s", message)
	}
	if _, data, code, _ := closed.ask(t, "", types); code != "GRAPHQL_VALIDATION_FAILED" || data != "" {
		t.Errorf("introspection: %s %s", code, data)
	}
	if _, _, _, message := closed.ask(t, "", mistake); message == "" || strings.Contains(message, "Did you mean") {
		t.Errorf("a mistake: %s", message)
	}
}

// By default those on this machine ask as much as they like, and others, whom a proxy names, do not.
func TestRateLimitFlag(t *testing.T) {
	large := "/graphql?query=" + url.QueryEscape(`{ diseases(first: 400) { nodes { statements(first: 300) { edges { node { __typename } } } } } }`) // some 120,000 nodes by estimate
	// limited tells whether one of n requests is refused.
	limited := func(s *running, path string, n int, header ...string) bool {
		t.Helper()
		for range n {
			resp, body := s.get(t, path, header...)
			switch {
			case resp.StatusCode == http.StatusOK:
			case resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "" && strings.Contains(body, "RATE_LIMITED"):
				return true
			default:
				t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
			}
		}
		return false
	}
	const small = "/graphql?query=%7B__typename%7D"
	for _, c := range []struct {
		name   string
		flags  []string
		path   string
		header []string
		want   bool
	}{
		{"on this machine", nil, large, nil, false},
		{"behind a proxy", nil, large, []string{"X-Forwarded-For", "192.0.2.7"}, true},
		{"a limit that was given counts here too", []string{"--rate-limit=1"}, small, nil, true},
		{"none", []string{"--rate-limit=-1"}, large, []string{"X-Forwarded-For", "192.0.2.7"}, false},
	} {
		s := start(t, append([]string{"--ephemeral"}, c.flags...)...)
		if got := limited(s, c.path, 30, c.header...); got != c.want {
			t.Errorf("%s: limited %v, want %v", c.name, got, c.want)
		}
	}
}
