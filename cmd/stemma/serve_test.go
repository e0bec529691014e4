package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stemma-kg/stemma"
)

const (
	mutation     = `mutation { putAgent(input: {reason: "a test", agent: {id: "agent:a-test", label: "A test", type: ORGANISATION}}) { revision } }`
	someQuestion = `{ meta { revision writable } diseases(first: 1) { totalCount nodes { label } } }`
)

func TestWhoMayWrite(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	reader, writer := token(t, tokens, "ann", "read"), token(t, tokens, "bob", "write")
	stranger := token(t, filepath.Join(t.TempDir(), "tokens"), "eve", "admin")

	open := start(t, "--ephemeral")
	kept := start(t, "--ephemeral", "--tokens", tokens)
	for _, c := range []struct {
		name     string
		server   *running
		secret   string
		document string
		status   int
		code     string
		says     string
	}{
		{"read without a token", open, "", someQuestion, 200, "", ""},
		{"write where nobody may", open, "", mutation, 400, "READ_ONLY", "stemma serve --tokens"},
		{"a token where there are none", open, writer, someQuestion, 401, "UNAUTHENTICATED", "no tokens"},
		{"read without a token, where others have one", kept, "", someQuestion, 200, "", ""},
		{"write without a token", kept, "", mutation, 401, "UNAUTHENTICATED", "Authorization: Bearer"},
		{"write with a token of another server", kept, stranger, mutation, 401, "UNAUTHENTICATED", "unknown"},
		{"read with a token of another server", kept, stranger, someQuestion, 401, "UNAUTHENTICATED", "unknown"},
		{"write with what is no token", kept, "secret", mutation, 401, "UNAUTHENTICATED", "no Stemma token"},
		{"write with a token to read", kept, reader, mutation, 403, "FORBIDDEN", "has the role read"},
		{"read with a token to read", kept, reader, someQuestion, 200, "", ""},
		{"write with a token to write", kept, writer, mutation, 200, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, before, _, _ := c.server.ask(t, "", `{ meta { revision } agent(id: "agent:a-test") { label } }`)
			status, data, code, message := c.server.ask(t, c.secret, c.document)
			if status != c.status || code != c.code || !strings.Contains(message, c.says) {
				t.Errorf("status %d, code %q, %q (%s): want %d, %q, %q", status, code, message, data, c.status, c.code, c.says)
			}
			_, after, _, _ := c.server.ask(t, "", `{ meta { revision } agent(id: "agent:a-test") { label } }`)
			if wrote := before != after; wrote != (c.code == "" && c.document == mutation) {
				t.Errorf("was %s, is %s", before, after)
			}
		})
	}

	// What is written is signed with the token's name.
	_, data, _, message := kept.ask(t, "", `{ agent(id: "agent:a-test") { provenance { source } } }`)
	if !strings.Contains(data, "source:curator-bob") {
		t.Errorf("the agent's provenance is %s, %s", data, message)
	}
	// A token that is revoked is no good at once.
	if _, errs, status := command(t, "token", "revoke", "--tokens", tokens, "bob"); status != statusGood {
		t.Fatal(errs)
	}
	if status, _, code, _ := kept.ask(t, writer, mutation); status != 401 || code != "UNAUTHENTICATED" {
		t.Errorf("a revoked token: %d %s", status, code)
	}
}

func TestPublicAddress(t *testing.T) {
	dir := t.TempDir()
	data, tokens := filepath.Join(dir, "data"), filepath.Join(dir, "tokens")
	_, errs, status := command(t, "serve", "--addr", "0.0.0.0:0", "--data", data)
	if status != statusError || !strings.Contains(errs, "--public-read") {
		t.Errorf("status %d: %s", status, errs)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a server that refused to begin made a store")
	}
	reader := token(t, tokens, "ann", "read")
	closed := start(t, "--ephemeral", "--addr", "0.0.0.0:0", "--tokens", tokens)
	if status, _, code, _ := closed.ask(t, "", someQuestion); status != 401 || code != "UNAUTHENTICATED" {
		t.Errorf("read without a token: %d %s", status, code)
	}
	if status, _, code, _ := closed.ask(t, reader, someQuestion); status != 200 || code != "" {
		t.Errorf("read with a token: %d %s", status, code)
	}
	public := start(t, "--ephemeral", "--addr", "0.0.0.0:0", "--public-read")
	if status, _, code, _ := public.ask(t, "", someQuestion); status != 200 || code != "" {
		t.Errorf("read where all may: %d %s", status, code)
	}
	for _, s := range []*running{closed, public} {
		// The pages answer there, and an unknown path is none of them.
		if resp, body := s.get(t, "/metrics"); resp.StatusCode != http.StatusNotFound {
			t.Errorf("metrics are shown to all: %d %.80s", resp.StatusCode, body)
		}
	}
}

func TestRoutes(t *testing.T) {
	s := start(t, "--ephemeral")
	for _, c := range []struct {
		path, media, has string
		status           int
	}{
		{"/livez", "text/plain; charset=utf-8", "ok\n", 200},
		{"/readyz", "text/plain; charset=utf-8", "ok\n", 200},
		{"/schema.graphqls", "text/plain; charset=utf-8", stemma.Schema, 200},
		{"/", "text/html; charset=utf-8", "<html", 200},
		{"/graphiql", "text/html; charset=utf-8", "<html", 200},
		{"/nothing", "text/plain; charset=utf-8", "404", 404},
		{"/backup", "text/plain; charset=utf-8", "admin", 401},
		{"/audit", "text/plain; charset=utf-8", "admin", 401},
		{"/graphql?query=%7Bmeta%7Brevision%7D%7D", "application/json; charset=utf-8", `"revision":1`, 200},
	} {
		resp, body := s.get(t, c.path)
		if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != c.media || !strings.Contains(body, c.has) {
			t.Errorf("%s: %d %s %.100s", c.path, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", c.path)
		}
		if c.path != "/graphql?query=%7Bmeta%7Brevision%7D%7D" && !strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s may be framed: %v", c.path, resp.Header)
		}
	}
	for _, path := range []string{"/livez", "/readyz", "/schema.graphqls", "/metrics", "/backup", "/audit"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, _ := s.do(t, r); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d", path, resp.StatusCode)
		}
	}
}

// A name on the web that is made to point at this machine must not read what a browser here may.
func TestHosts(t *testing.T) {
	ask := func(t *testing.T, s *running, path, host string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, _ := s.do(t, r)
		return resp.StatusCode
	}
	const api = "/graphql?query=%7B__typename%7D"
	s := start(t, "--ephemeral")
	proxied := start(t, "--ephemeral", "--allowed-host", "graph.example.org")
	all := start(t, "--ephemeral", "--allowed-host", "*")
	for _, c := range []struct {
		server     *running
		path, host string
		want       int
	}{
		{s, api, "localhost:1", 200}, {s, api, "[::1]:1", 200}, {s, api, "evil.example", 421},
		{proxied, api, "graph.example.org", 200}, {proxied, api, "evil.example", 421}, {all, api, "evil.example", 200},
		{s, "/metrics", "localhost:1", 200}, {s, "/metrics", "[::1]:1", 200}, {s, "/metrics", "evil.example", 403}, {all, "/metrics", "evil.example", 403},
	} {
		if got := ask(t, c.server, c.path, c.host); got != c.want {
			t.Errorf("%s as %s: %d, want %d", c.path, c.host, got, c.want)
		}
	}
}

func TestMetrics(t *testing.T) {
	s := start(t, "--ephemeral", "--metrics-addr", "127.0.0.1:0")
	s.ask(t, "", someQuestion)
	s.ask(t, "", `query SomeName { nope }`)
	s.get(t, "/some/path")
	var announced struct{ Metrics string }
	line, _, _ := strings.Cut(s.log.String(), "\n")
	if err := json.Unmarshal([]byte(line), &announced); err != nil {
		t.Fatal(err)
	}
	side := &running{url: strings.TrimSuffix(announced.Metrics, "/metrics")}
	_, text := side.get(t, "/metrics")
	for _, want := range []string{
		`stemma_operations_total{code="ok",kind="query",transport="http"} 1`,
		`stemma_operations_total{code="GRAPHQL_VALIDATION_FAILED",kind="none",transport="http"} 1`,
		`stemma_operation_duration_seconds_count{code="ok",kind="query"} 1`,
		`stemma_http_requests_total{route="pages",status="404"} 1`,
		"stemma_store_revision 1\n", "stemma_store_up 1\n", `stemma_store_nodes{category="Disease"} `, "go_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, never := range []string{"SomeName", "/some/path"} {
		if strings.Contains(text, never) {
			t.Errorf("a client's %s is a label", never)
		}
	}
	if resp, _ := s.get(t, "/metrics"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("metrics are on the public address too: %d", resp.StatusCode)
	}
}

func TestLimitsAndOriginsAreFlags(t *testing.T) {
	s := start(t, "--ephemeral", "--max-depth", "2", "--max-body-bytes", "300", "--max-looks=-1", "--cors-origin", "https://app.example")
	if _, _, code, _ := s.ask(t, "", `{ diseases(first: 1) { nodes { evidence { source { id } } } } }`); code != "QUERY_TOO_DEEP" {
		t.Errorf("depth: %q", code)
	}
	if _, _, code, _ := s.ask(t, "", `{ meta { revision } }`+strings.Repeat(" ", 300)); code != "REQUEST_TOO_LARGE" {
		t.Errorf("body: %q", code)
	}
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": ""} {
		resp, _ := s.get(t, "/graphql?query=%7B__typename%7D", "Origin", origin)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: allowed %q", origin, got)
		}
	}
}

const subscription = `subscription { changes(since: 0) { revision { revision } } }`

// A stream is told that the server stops, one that is asked while it drains is still answered, and the store is closed whole.
func TestGracefulStop(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, "--data", data, "--drain", "400ms")

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"`+subscription+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	events, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	lines := bufio.NewScanner(events.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: {") {
	}
	if !strings.Contains(lines.Text(), `"revision":1`) {
		t.Fatalf("the first event is %q, %v", lines.Text(), lines.Err())
	}

	socket, _, err := websocket.Dial(t.Context(), strings.Replace(s.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	for _, text := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"` + subscription + `"}}`} {
		if err := socket.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := socket.Read(t.Context()); err != nil || !strings.Contains(string(got), "type") {
			t.Fatalf("%s: %v", got, err)
		}
	}

	s.stop()
	draining := false
	for deadline := time.Now().Add(10 * time.Second); !draining && time.Now().Before(deadline); {
		resp, body := s.get(t, "/readyz")
		draining = resp.StatusCode == http.StatusServiceUnavailable && strings.Contains(body, "stopping")
	}
	if !draining {
		t.Error("/readyz did not say that the server stops")
	}
	if status, _, code, _ := s.ask(t, "", someQuestion); status != 200 || code != "" {
		t.Errorf("asked while it drains: %d %s", status, code)
	}
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the event stream was torn: %v", err)
	}
	for err == nil {
		_, _, err = socket.Read(t.Context())
	}
	if got := websocket.CloseStatus(err); got != websocket.StatusGoingAway {
		t.Errorf("the websocket was closed with %d, %v", got, err)
	}
	s.end(t)
	if out, errs, status := command(t, "check", "--data", data); status != statusGood || !strings.Contains(out, " 0 problems") || strings.Contains(errs, "not closed cleanly") {
		t.Errorf("check: %d %s %s", status, out, errs)
	}
}

func TestHotBackup(t *testing.T) {
	dir := t.TempDir()
	data, tokens, file := filepath.Join(dir, "data"), filepath.Join(dir, "tokens"), filepath.Join(dir, "backup")
	writer, admin := token(t, tokens, "bob", "write"), token(t, tokens, "root", "admin")
	s := start(t, "--data", data, "--tokens", tokens)
	if _, errs, status := command(t, "backup", "--data", data, file); status != statusError || !strings.Contains(errs, "--url") {
		t.Errorf("a store in use: %d %s", status, errs)
	}
	for secret, want := range map[string]string{"": "401", writer: "403"} {
		if _, errs, status := command(t, "backup", "--url", s.url, "--token", secret, file); status != statusError || !strings.Contains(errs, want) {
			t.Errorf("want %s: %d %s", want, status, errs)
		}
	}
	if _, errs, status := command(t, "backup", "--url", s.url, "--token", admin, file); status != statusGood {
		t.Fatal(errs)
	}
	if _, errs, status := command(t, "restore", file, filepath.Join(dir, "restored")); status != statusGood || !strings.Contains(errs, "revision 1") {
		t.Errorf("restore: %d %s", status, errs)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.Contains(f.Name(), "partial") {
			t.Errorf("%s is left", f.Name())
		}
	}
}
