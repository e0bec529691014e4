package main

import (
	"net/http"
	"strings"
	"testing"
)

// Every answer says what a browser may do with it, whatever it is an answer to.
func TestHeadersOfEveryAnswer(t *testing.T) {
	s := start(t, "--ephemeral", "--metrics-addr", "127.0.0.1:0")
	side := &running{url: strings.TrimSuffix(metricsAt(t, s), "/metrics")}
	for _, c := range []struct {
		server       *running
		method, path string
		header       []string
	}{
		{s, "GET", "/", nil},
		{s, "GET", "/graphiql", nil},
		{s, "GET", "/nothing", nil},
		{s, "POST", "/", nil},
		{s, "GET", "/livez", nil},
		{s, "DELETE", "/livez", nil},
		{s, "GET", "/readyz", nil},
		{s, "GET", "/schema.graphqls", nil},
		{s, "GET", "/backup", nil},
		{s, "GET", "/backup", bearer("nonsense")},
		{s, "GET", "/graphql?query=%7B__typename%7D", nil},
		{s, "GET", "/graphql?query=%7B", nil},
		{s, "OPTIONS", "/graphql", nil},
		{s, "PUT", "/graphql", nil},
		{s, "GET", "//graphql", nil}, // a redirect
		{side, "GET", "/metrics", nil},
		{side, "GET", "/debug/pprof/", nil},
		{side, "GET", "/nothing", nil},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, c.server.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		h := resp.Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := h.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s %s: %s is %q, want %q", c.method, c.path, name, got, want)
			}
		}
		if csp := h.Values("Content-Security-Policy"); len(csp) != 1 || !strings.HasPrefix(csp[0], "default-src 'none'") || !strings.Contains(csp[0], "frame-ancestors 'none'") {
			t.Errorf("%s %s: Content-Security-Policy %q", c.method, c.path, csp)
		}
		if got := h.Get("Referrer-Policy"); got != "no-referrer" && got != "same-origin" {
			t.Errorf("%s %s: Referrer-Policy %q", c.method, c.path, got)
		}
		if got := h.Get("Permissions-Policy"); !strings.Contains(got, "geolocation=()") {
			t.Errorf("%s %s: Permissions-Policy %q", c.method, c.path, got)
		}
		if h.Get("Cache-Control") == "" {
			t.Errorf("%s %s: no Cache-Control", c.method, c.path)
		}
		for _, never := range []string{"Server", "X-Powered-By", "Strict-Transport-Security", "Access-Control-Allow-Origin"} {
			if got := h.Get(never); got != "" {
				t.Errorf("%s %s: %s is %q", c.method, c.path, never, got)
			}
		}
	}
}
