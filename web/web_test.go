//go:build !noui

package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// get asks the handler for a path, with header fields given as name, value, ….
func get(t *testing.T, method, target string, fields ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var handler = Handler()

func names(t *testing.T) map[string]*file {
	t.Helper()
	files, err := load(dist)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestPages(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"/", `href="/graphiql?query=`},
		{"/", `href="/schema.graphqls"`},
		{"/graphiql", `<script type="module"`},
		{"/graphiql/", `<script type="module"`},
		{"/graphiql?query=%7B__typename%7D", `<script type="module"`},
	} {
		resp := get(t, "GET", tt.path)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s: status %d", tt.path, resp.StatusCode)
		}
		if got := string(body(t, resp)); !strings.Contains(got, tt.want) {
			t.Errorf("GET %s: no %q in the page", tt.path, tt.want)
		}
		for name, want := range map[string]string{
			"Content-Type":           "text/html; charset=utf-8",
			"Cache-Control":          "no-cache",
			"Vary":                   "Accept-Encoding",
			"X-Content-Type-Options": "nosniff",
			"Referrer-Policy":        "same-origin",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("GET %s: %s: %q, want %q", tt.path, name, got, want)
			}
		}
	}
}

// Every embedded file is served at its path, as itself, packed and unpacked.
func TestFiles(t *testing.T) {
	files := names(t)
	if len(files) < 10 {
		t.Fatalf("%d files in dist", len(files))
	}
	for name, f := range files {
		target := "/" + name
		for p, page := range pages {
			if page == name {
				target = p
			}
		}
		want, err := f.plain()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}

		plain := get(t, "GET", target)
		if got := body(t, plain); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", target, len(got), len(want))
		}
		if got := plain.Header.Get("Content-Encoding"); got != "" {
			t.Errorf("%s: Content-Encoding %q for a client without gzip", target, got)
		}

		packed := get(t, "GET", target, "Accept-Encoding", "gzip, deflate, br, zstd")
		if got := packed.Header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: Content-Encoding %q", target, got)
		}
		raw := body(t, packed)
		zr, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if !zr.ModTime.IsZero() {
			t.Errorf("%s: a time is in the gzip header", name)
		}
		if got, err := io.ReadAll(zr); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: unpacks to %d bytes, want %d (%v)", target, len(got), len(want), err)
		}

		if a, b := plain.Header.Get("ETag"), packed.Header.Get("ETag"); a == "" || b == "" || a == b {
			t.Errorf("%s: ETags %s and %s: want two that differ", target, a, b)
		}
		if plain.Header.Get("Content-Type") == "" || contentTypes[path.Ext(name)] == "" {
			t.Errorf("%s: no content type: add %s to the table", name, path.Ext(name))
		}
		if plain.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: no Content-Security-Policy", target)
		}
		want1 := "no-cache"
		if strings.HasPrefix(name, "assets/") {
			want1 = "public, max-age=31536000, immutable"
			if !regexp.MustCompile(`-[\w-]{8}\.\w+$`).MatchString(name) {
				t.Errorf("%s: immutable, but no hash in its name", name)
			}
		}
		if got := plain.Header.Get("Cache-Control"); got != want1 {
			t.Errorf("%s: Cache-Control %q, want %q", target, got, want1)
		}
	}
}

func TestHead(t *testing.T) {
	for _, accept := range []string{"gzip", ""} {
		want := get(t, "GET", "/graphiql", "Accept-Encoding", accept)
		n := len(body(t, want))
		// A real server, because the recorder does not drop the body of HEAD.
		srv := httptest.NewServer(handler)
		defer srv.Close()
		req, err := http.NewRequest("HEAD", srv.URL+"/graphiql", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", accept)
		got, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if b := body(t, got); len(b) != 0 || got.StatusCode != http.StatusOK || got.ContentLength != int64(n) {
			t.Errorf("HEAD, Accept-Encoding %q: status %d, %d bytes, length %d, want 200, 0, %d",
				accept, got.StatusCode, len(b), got.ContentLength, n)
		}
	}
}

func TestNotModified(t *testing.T) {
	etag := get(t, "GET", "/", "Accept-Encoding", "gzip").Header.Get("ETag")
	for _, tt := range []struct {
		ifNoneMatch, accept string
		want                int
	}{
		{etag, "gzip", http.StatusNotModified},
		{"W/" + etag, "gzip", http.StatusNotModified},
		{`"x", ` + etag, "gzip", http.StatusNotModified},
		{"*", "gzip", http.StatusNotModified},
		{`"x"`, "gzip", http.StatusOK},
		{etag, "identity", http.StatusOK}, // the same page, but other bytes
	} {
		resp := get(t, "GET", "/", "If-None-Match", tt.ifNoneMatch, "Accept-Encoding", tt.accept)
		if resp.StatusCode != tt.want {
			t.Errorf("If-None-Match %s, Accept-Encoding %s: status %d, want %d", tt.ifNoneMatch, tt.accept, resp.StatusCode, tt.want)
		}
		if b := body(t, resp); resp.StatusCode == http.StatusNotModified && len(b) > 0 {
			t.Errorf("304 with a body of %d bytes", len(b))
		}
	}
}

func TestNotFound(t *testing.T) {
	for _, target := range []string{
		"/nothing", "/assets", "/assets/", "/assets/nothing.js", "/index.html", "/graphiql.html", "/graphiql/x",
		"/assets/../index.html", "/../web.go", "/dist/index.html.gz", "/index.html.gz", "//", "/graphql",
	} {
		resp := get(t, "GET", target)
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404", target, resp.StatusCode)
		}
		if resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: headers %v", target, resp.Header)
		}
	}
}

func TestMethods(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		resp := get(t, method, "/")
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s /: status %d, Allow %q", method, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
}

func TestPolicies(t *testing.T) {
	landing := get(t, "GET", "/").Header.Get("Content-Security-Policy")
	for _, bad := range []string{"unsafe", "script-src", "connect-src", "*"} {
		if strings.Contains(landing, bad) {
			t.Errorf("policy of /: %s in %s", bad, landing)
		}
	}
	ide := get(t, "GET", "http://kg.example:8080/graphiql").Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'; ", "script-src 'self'; ", "frame-ancestors 'none'",
		"connect-src 'self' ws://kg.example:8080 wss://kg.example:8080;",
	} {
		if !strings.Contains(ide, want) {
			t.Errorf("policy of /graphiql: no %s in %s", want, ide)
		}
	}
}

func TestSocketSources(t *testing.T) {
	for host, want := range map[string]string{
		"localhost:8080":         " ws://localhost:8080 wss://localhost:8080",
		"[::1]:8080":             " ws://[::1]:8080 wss://[::1]:8080",
		"":                       "",
		"x; script-src *":        "",
		"x,y":                    "",
		"*":                      "",
		"x\r\nSet-Cookie: a=b":   "",
		"evil.example/'unsafe-'": "",
	} {
		if got := socketSources(host); got != want {
			t.Errorf("socketSources(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                        false,
		"gzip":                    true,
		"GZIP":                    true,
		"x-gzip":                  true,
		"deflate, gzip;q=1.0":     true,
		"br;q=1.0, gzip;q=0.2":    true,
		"gzip;q=0":                false,
		"gzip; q=0.0":             false,
		"gzip;q=nonsense":         false,
		"identity":                false,
		"*":                       true,
		"*;q=0":                   false,
		"*, gzip;q=0":             false,
		"gzip, *;q=0":             true,
		"*;q=0, gzip":             true,
		"deflate, br, zstd, gzip": true,
	} {
		h := http.Header{"Accept-Encoding": {accept}}
		if got := acceptsGzip(h); got != want {
			t.Errorf("acceptsGzip(%q) = %t, want %t", accept, got, want)
		}
	}
	if !acceptsGzip(http.Header{"Accept-Encoding": {"br", "gzip"}}) {
		t.Error("gzip on a line of its own is overlooked")
	}
}

// host is the beginning of an address on another host.
const host = `(?:https?:|wss?:)?//[\w.-]+\.[a-z]{2,}`

// loads finds, by kind of file, what makes a browser load something from a host.
// Links that a reader may follow are not meant: nothing is loaded until then.
var loads = map[string]*regexp.Regexp{
	".html": regexp.MustCompile(`(?i)\b(?:src|srcset|data|action|poster)\s*=\s*["']?` + host +
		`|<(?:link|base|image|use)\b[^>]*\bhref\s*=\s*["']?` + host + `|url\(\s*["']?` + host),
	".css": regexp.MustCompile(`(?i)(?:url\(|@import)\s*["']?` + host),
	".js": regexp.MustCompile(`(?:\b(?:from|import|import\(|importScripts\(|fetch\(|Worker\(|WebSocket\(|EventSource\(|src\s*[:=])|\.href\s*=)\s*["'` + "`]" + host +
		`|url\(\s*\\?["']?` + host),
	".svg": regexp.MustCompile(`(?i)(?:\bhref\s*=|url\(|@import)\s*["']?` + host),
}

// elsewhere returns the places where a file of the kind ext loads from another host.
func elsewhere(ext string, b []byte) (hits []string) {
	if ext == ".html" { // small, and its tags are long
		for _, hit := range loads[ext].FindAll(b, -1) {
			hits = append(hits, string(hit))
		}
		return hits
	}
	// Scripts are large, and the expressions slow: look only around each "//".
	for i := 0; ; i += 2 {
		n := bytes.Index(b[i:], []byte("//"))
		if n < 0 {
			return hits
		}
		i += n
		if hit := loads[ext].Find(b[max(0, i-40):min(len(b), i+60)]); hit != nil {
			hits = append(hits, string(hit))
		}
	}
}

// No page, style or script loads anything from another host. The policies forbid
// it in the browser; this finds what would then be missing.
func TestNothingFromElsewhere(t *testing.T) {
	var unchecked []string
	for name, f := range names(t) {
		ext := path.Ext(name)
		if loads[ext] == nil {
			unchecked = append(unchecked, ext)
			continue
		}
		b, err := f.plain()
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range elsewhere(ext, b) {
			t.Errorf("%s: loads from another host: %s", name, hit)
		}
	}
	slices.Sort(unchecked)
	if got := slices.Compact(unchecked); !slices.Equal(got, []string{".ttf", ".txt", ".woff2"}) {
		t.Errorf("no rule for these: %v", got)
	}
}

// The test above would find such things, and lets others pass.
func TestElsewhere(t *testing.T) {
	for _, tt := range []struct {
		ext, text string
		want      bool
	}{
		{".html", `<script src="https://cdn.example/x.js">`, true},
		{".html", `<script src=//cdn.example/x.js>`, true},
		{".html", `<link rel="stylesheet" crossorigin href="https://cdn.example/x.css">`, true},
		{".html", `<a href="https://kg.example/">`, false},
		{".html", `<img src="/assets/x.svg">`, false},
		{".css", `a{src:url(https://fonts.example/x.woff2)}`, true},
		{".css", `@import "//fonts.example/x.css";`, true},
		{".css", `a{src:url(/assets/x.woff2)}`, false},
		{".js", "import`https://cdn.example/x.js`", true},
		{".js", `import("https://cdn.example/x.js")`, true},
		{".js", `import{a}from"https://cdn.example/x.js"`, true},
		{".js", `new Worker("https://cdn.example/x.js")`, true},
		{".js", `new WebSocket("wss://api.example/")`, true},
		{".js", `e.src="https://cdn.example/x.png"`, true},
		{".js", `{href:"https://docs.example/"}`, false},
		{".js", `createElementNS("http://www.w3.org/2000/svg")`, false},
		{".svg", `<image href="https://cdn.example/x.png"/>`, true},
		{".svg", `<svg xmlns="http://www.w3.org/2000/svg">`, false},
	} {
		if got := elsewhere(tt.ext, []byte(tt.text)); len(got) > 0 != tt.want {
			t.Errorf("elsewhere(%s, %s) = %q", tt.ext, tt.text, got)
		}
	}
}
