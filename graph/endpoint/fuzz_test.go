package endpoint_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/graph/endpoint/internal/testschema"
)

// fuzzed makes an endpoint for fuzzing, which does not wait long for anything.
func fuzzed(f *testing.F, o endpoint.Options) *endpoint.Endpoint {
	o.Logger = slog.New(slog.DiscardHandler)
	o.Limits.Timeout = 50 * time.Millisecond
	e, err := endpoint.New(testschema.New(), o)
	if err != nil {
		f.Fatal(err)
	}
	return e
}

// onPurpose tells whether a text may ask for a field that fails by itself.
func onPurpose(text string) bool {
	return strings.Contains(text, "fail") || strings.Contains(text, "moody")
}

// FuzzParameters sends anything after the question mark. The answer is JSON with a known status, and never an internal error.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"query=%7Bhello%7D", "query={hello}&variables={}", "query=query($n:Int){people(first:$n){totalCount}}&variables={%22n%22:1}&operationName=",
		"extensions={%22persistedQuery%22:{%22sha256Hash%22:%22x%22}}", "documentId=sha256:00", "query=mutation{add(n:1)}", "query=%FF", "query=%zz", "a;b", "variables=[&query={hello}"} {
		f.Add(seed)
	}
	e := fuzzed(f, endpoint.Options{})
	f.Fuzz(func(t *testing.T, parameters string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if r.URL.RawQuery = parameters; onPurpose(r.URL.Query().Get("query")) {
			t.Skip()
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) {
			t.Fatalf("no JSON: %s", w.Body)
		}
		if !slices.Contains([]int{200, 400, 405, 504}, w.Code) || strings.Contains(w.Body.String(), "INTERNAL") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzVariables gives anything for a variable that nests.
func FuzzVariables(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `{"name":"x"}`, `{"and":[{"name":null},{"and":[]}]}`, `{"and":{"and":{}}}`, `[]`, `[[1e999]]`, `{"and":[null]}`, `"x"`, `{"name":1}`, `{"":{}}`, `-0`} {
		f.Add(seed)
	}
	e := fuzzed(f, endpoint.Options{})
	f.Fuzz(func(t *testing.T, value string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"query":"query($f:PersonFilter,$n:Int,$i:[ID!]!=[]){people(filter:$f,first:$n){totalCount} nodes(ids:$i){id}}","variables":{"f":`+value+`,"n":`+value+`,"i":`+value+`}}`))
		r.Header.Set("Content-Type", "application/json")
		e.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) || w.Code != 200 && w.Code != 400 && w.Code != 504 || strings.Contains(w.Body.String(), "INTERNAL") || w.Body.Len() > 64<<10 {
			t.Fatalf("%d %.1000s", w.Code, w.Body)
		}
	})
}

// FuzzMessages sends lines over a websocket, after those that open it. What comes back is messages of the protocol, until it is closed
// with one of its codes.
func FuzzMessages(f *testing.F) {
	for _, seed := range []string{`{"id":"1","type":"subscribe","payload":{"query":"{hello}"}}`, `{"type":"ping"}`, `{"type":"pong","payload":{}}`, `{"type":"connection_init"}`, `{}`, `x`, `[]`, "\xff",
		`{"id":"1","type":"subscribe","payload":{"query":"subscription{count(to:3)}"}}` + "\n" + `{"id":"1","type":"complete"}`, `{"id":"1","type":"subscribe","payload":null}`,
		`{"id":"1","type":"subscribe","payload":{"query":"subscription{count(to:9,everyMs:9)}"}}` + "\n" + `{"id":"1","type":"subscribe","payload":{"query":"{hello}"}}`} {
		f.Add(seed)
	}
	srv := httptest.NewServer(fuzzed(f, endpoint.Options{}))
	f.Cleanup(srv.Close)
	f.Fuzz(func(t *testing.T, lines string) {
		if onPurpose(lines) {
			t.Skip()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		conn, _, err := websocket.Dial(ctx, srv.URL, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		go func() {
			// The last message is one that always closes, so the reader always ends. Writing fails once the server has closed.
			for _, m := range append([]string{`{"type":"connection_init"}`}, append(strings.Split(lines, "\n"), `{"type":"connection_init"}`)...) {
				if conn.Write(ctx, websocket.MessageText, []byte(m)) != nil {
					return
				}
			}
		}()
		for {
			_, text, err := conn.Read(ctx)
			if err != nil {
				if code := websocket.CloseStatus(err); code != 4400 && code != 4409 && code != 4429 {
					t.Fatalf("closed with %d: %v", code, err)
				}
				return
			}
			var m struct{ Type string }
			if err := json.Unmarshal(text, &m); err != nil || !slices.Contains([]string{"connection_ack", "next", "error", "complete", "pong"}, m.Type) || strings.Contains(string(text), "INTERNAL") {
				t.Fatalf("%v: %s", err, text)
			}
		}
	})
}

// FuzzTrusted reads any file as a list of documents: it is taken, or refused in words.
func FuzzTrusted(f *testing.F) {
	for _, seed := range []string{`{"a":"{hello}"}`, `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"a","name":"b","type":"query","body":"{hello}"}]}`, `{"operations":[1]}`, `[]`, `{"a":"{hello}","a":"x"}`} {
		f.Add([]byte(seed))
	}
	file := filepath.Join(f.TempDir(), "documents.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := endpoint.ReadTrusted(file)
		if err == nil {
			_, err = endpoint.New(testschema.New(), endpoint.Options{Trusted: list, Logger: slog.New(slog.DiscardHandler)})
		}
		if err != nil && (!strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "internal error")) {
			t.Fatal(err)
		}
	})
}
