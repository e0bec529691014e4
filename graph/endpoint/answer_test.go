package endpoint_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

// Answers are compressed for those who showed no secret, and when it is worth it.
func TestCompression(t *testing.T) {
	at, _ := serve(t, endpoint.Options{})
	plain := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer plain.CloseIdleConnections()
	const (
		large = `{"query":"{people(first:500){nodes{name}}}"}`
		small = `{"query":"{hello}"}`
	)
	for _, c := range []struct {
		name, body string
		header     []string
		compressed bool
	}{
		{"large", large, []string{"Accept-Encoding", "gzip"}, true},
		{"among others", large, []string{"Accept-Encoding", "br, GZip;q=0.5, *;q=0"}, true},
		{"large, and not asked for", large, nil, false},
		{"large, and refused", large, []string{"Accept-Encoding", "gzip;q=0"}, false},
		{"large, and something else", large, []string{"Accept-Encoding", "br"}, false},
		{"small", small, []string{"Accept-Encoding", "gzip"}, false},
		{"with a token", large, []string{"Accept-Encoding", "gzip", "Authorization", "Bearer x"}, false},
		{"with a cookie", large, []string{"Accept-Encoding", "gzip", "Cookie", "a=b"}, false},
		{"an event stream", large, []string{"Accept-Encoding", "gzip", "Accept", "text/event-stream"}, false},
		{"an error", `{"query":"{` + repeat(19, "a%d:helo ") + `}"}`, []string{"Accept-Encoding", "gzip"}, true},
	} {
		resp, err := plain.Do(request(t, "POST", at, c.body, c.header...))
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = resp.Body
		if got := resp.Header.Get("Content-Encoding"); got == "gzip" != c.compressed {
			t.Errorf("%s: Content-Encoding %q", c.name, got)
		} else if got == "gzip" {
			if r, err = gzip.NewReader(r); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		resp.Body.Close()
		if json.Valid(text) == strings.HasPrefix(resp.Header.Get("Content-Type"), "text/") {
			t.Errorf("%s: %.200s", c.name, text)
		}
		if !strings.Contains(resp.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: Vary %q", c.name, resp.Header.Get("Vary"))
		}
	}
}
