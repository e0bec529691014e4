package endpoint_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/graph/endpoint/internal/testschema"
)

func TestRequests(t *testing.T) {
	at, _ := serve(t, endpoint.Options{})
	const ok = `{"query":"{hello}"}`
	for _, c := range []struct {
		name, method, query, body string
		header                    []string
		status                    int
		code, contains            string
	}{
		{"post", "POST", "", ok, nil, 200, "", `{"data":{"hello":"hello"},"extensions":{"cost":{"limit":200000,"requested":1}}}`},
		{"get", "GET", "query=" + url.QueryEscape(`query Q($n:String){hello(name:$n)}`) + "&variables=" + url.QueryEscape(`{"n":"you"}`) + "&operationName=Q", "", nil, 200, "", `hello, you`},
		{"mutation by post", "POST", "", `{"query":"mutation{add(n:1)}"}`, nil, 200, "", `{"add":2}`},
		{"mutation by get", "GET", "query=mutation%7Badd(n:1)%7D", "", nil, 405, "BAD_REQUEST", "POST"},
		{"put", "PUT", "", ok, nil, 405, "BAD_REQUEST", ""},
		{"form", "POST", "", "query=%7Bhello%7D", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "BAD_REQUEST", ""},
		{"multipart", "POST", "", "--x--", []string{"Content-Type", "multipart/form-data; boundary=x"}, 415, "BAD_REQUEST", ""},
		{"plain text", "POST", "", ok, []string{"Content-Type", "text/plain"}, 415, "BAD_REQUEST", ""},
		{"no type", "POST", "", ok, []string{"Content-Type", ""}, 415, "BAD_REQUEST", ""},
		{"latin", "POST", "", ok, []string{"Content-Type", "application/json; charset=iso-8859-1"}, 415, "BAD_REQUEST", ""},
		{"utf-8", "POST", "", ok, []string{"Content-Type", `application/json; charset="UTF-8"`}, 200, "", ""},
		{"compressed", "POST", "", ok, []string{"Content-Encoding", "gzip"}, 415, "BAD_REQUEST", ""},
		{"accepts html", "POST", "", ok, []string{"Accept", "text/html"}, 406, "BAD_REQUEST", ""},
		{"accepts latin", "POST", "", ok, []string{"Accept", "application/json; charset=iso-8859-1"}, 406, "BAD_REQUEST", ""},
		{"empty", "POST", "", "", nil, 400, "BAD_REQUEST", "empty"},
		{"malformed", "POST", "", `{"query": secretword`, nil, 400, "BAD_REQUEST", "byte 11"},
		{"cut", "POST", "", `{"query": "secretword`, nil, 400, "BAD_REQUEST", "ends too early"},
		{"more", "POST", "", ok + ok, nil, 400, "BAD_REQUEST", "more after"},
		{"not utf-8", "POST", "", "{\"query\":\"{hello(name:\\\"\xff\\\")}\"}", nil, 400, "BAD_REQUEST", "UTF-8"},
		{"a string", "POST", "", `"secretword"`, nil, 400, "BAD_REQUEST", "object"},
		{"byte order mark", "POST", "", "\xef\xbb\xbf" + ok, nil, 400, "BAD_REQUEST", "byte order mark"},
		{"byte order mark before a batch", "POST", "", "\xef\xbb\xbf[" + ok + "]", nil, 400, "BAD_REQUEST", "byte order mark"},
		{"no query", "POST", "", `{}`, nil, 400, "BAD_REQUEST", ""},
		{"variables of a wrong type", "POST", "", `{"query":"{hello}","variables":[]}`, nil, 400, "BAD_REQUEST", "variables"},
		{"many values", "POST", "", `{"query":"{hello}","variables":{"a":[` + strings.Repeat("1,", 60_000) + `1]}}`, nil, 400, "BAD_REQUEST", "50000"},
		{"large", "POST", "", `{"query":"` + strings.Repeat(" ", 1<<20) + `{hello}"}`, nil, 413, "REQUEST_TOO_LARGE", "1048576"},
		{"syntax", "POST", "", `{"query":"{"}`, nil, 400, "GRAPHQL_PARSE_FAILED", ""},
		{"syntax, json", "POST", "", `{"query":"{"}`, []string{"Accept", "application/json"}, 200, "GRAPHQL_PARSE_FAILED", ""},
		{"no such field", "POST", "", `{"query":"{helo}"}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", `Did you mean \"hello\"`},
		{"variable", "POST", "", `{"query":"query($n:Int!){people(first:$n){totalCount}}","variables":{"n":"x"}}`, nil, 400, "BAD_USER_INPUT", "$n"},
		{"no such operation", "POST", "", `{"query":"query A{hello}","operationName":"B"}`, nil, 400, "BAD_USER_INPUT", `\"B\"`},
		{"which operation", "POST", "", `{"query":"query A{hello} query B{hello}"}`, nil, 400, "BAD_USER_INPUT", "operationName"},
		{"subscription without a stream", "POST", "", `{"query":"subscription{count(to:1)}"}`, nil, 400, "BAD_REQUEST", "text/event-stream"},
		{"subscription of two streams", "POST", "", `{"query":"subscription{count(to:1) b:count(to:1)}"}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "one root field"},
		{"subscription of none", "POST", "", `{"query":"subscription{count(to:1) @skip(if:true)}"}`, nil, 400, "GRAPHQL_VALIDATION_FAILED", "one root field"},
		{"cross-site", "POST", "", ok, []string{"Sec-Fetch-Site", "cross-site"}, 403, "FORBIDDEN", ""},
		{"other origin", "POST", "", ok, []string{"Origin", "https://evil.example"}, 403, "FORBIDDEN", ""},
		{"batch", "POST", "", `[` + ok + `,{"query":"{nope}"}]`, nil, 200, "", `[{"data":{"hello":"hello"}`},
		{"large batch", "POST", "", `[` + ok + strings.Repeat(","+ok, 10) + `]`, nil, 400, "BAD_REQUEST", "11"},
		{"empty batch", "POST", "", `[]`, nil, 400, "BAD_REQUEST", ""},
		{"coded failure", "POST", "", `{"query":"{fail(how:CODED)}"}`, nil, 200, "NOT_FOUND", `"data":{"fail":null}`},
		{"bad enum in a variable", "POST", "", `{"query":"query($h:Failure!){fail(how:$h)}","variables":{"h":"NO"}}`, nil, 400, "BAD_USER_INPUT", ""},
		{"enum in the wrong case, which gqlgen refuses", "POST", "", `{"query":"query($h:Failure!){fail(how:$h)}","variables":{"h":"panic"}}`, nil, 200, "BAD_USER_INPUT", "not a valid Failure"},
		{"defer is ignored", "POST", "", `{"query":"{hello ...@defer{search(text:\"x\"){...on Person{name}}}}"}`, nil, 200, "", `person 1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := do(t, request(t, c.method, at+"/?"+c.query, c.body, c.header...))
			if got.status != c.status || got.code() != c.code || !strings.Contains(got.body, c.contains) {
				t.Errorf("status %d, code %q, body %s\nwant %d, %q, containing %s", got.status, got.code(), got.body, c.status, c.code, c.contains)
			}
			if strings.Contains(got.body, "secret") {
				t.Errorf("the body is echoed: %s", got.body)
			}
			if got.status == 405 && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if got.status != 200 && strings.Contains(got.body, `"data"`) {
				t.Errorf("a request error has data: %s", got.body)
			}
		})
	}
}

func TestMediaTypes(t *testing.T) {
	at, _ := serve(t, endpoint.Options{})
	for accept, want := range map[string]string{
		"":                                  "application/json",
		"*/*":                               "application/json",
		"application/json":                  "application/json",
		"application/graphql-response+json": "application/graphql-response+json",
		"application/graphql-response+json, application/json;q=0.9":                     "application/graphql-response+json",
		"application/graphql-response+json;q=0.5, application/json":                     "application/json",
		"text/html, application/*;q=0.1":                                                "application/json",
		"application/json;charset=utf-8":                                                "application/json",
		"application/graphql-response+json, text/event-stream, multipart/mixed, x/y;q=": "application/graphql-response+json",
		"text/event-stream": "text/event-stream",
	} {
		got := do(t, request(t, "POST", at, `{"query":"{hello}"}`, "Accept", accept))
		if ct := got.header.Get("Content-Type"); ct != want+"; charset=utf-8" || got.status != 200 {
			t.Errorf("Accept %q: %d %s, want %s", accept, got.status, ct, want)
		}
	}
}

func TestResolverFailuresShowNothing(t *testing.T) {
	var log lockedBuffer
	at, _ := serve(t, endpoint.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), NewID: func() string { return "id-42" }})
	for _, how := range []string{"PANIC", "PLAIN"} {
		got := ask(t, at, "{hello fail(how:"+how+")}", nil)
		if got.status != 200 || got.code() != "INTERNAL" || got.Data["hello"] != "hello" {
			t.Errorf("%s: %d %s", how, got.status, got.body)
		}
		if strings.Contains(got.body, "secret") || !strings.Contains(got.body, "id-42") {
			t.Errorf("%s: %s", how, got.body)
		}
		if fmt.Sprint(got.Errors[0].Path) != "[fail]" {
			t.Errorf("%s: path %v", how, got.Errors[0].Path)
		}
	}
	for _, want := range []string{"id-42", "secret in a panic", "secret in an error", "resolvers.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestErrorsAreFew(t *testing.T) {
	at, _ := serve(t, endpoint.Options{})
	got := ask(t, at, "{moody(n:500){mood}}", nil)
	if len(got.Errors) != 20 || fmt.Sprint(got.Extensions["errorsOmitted"]) != "480" {
		t.Errorf("%d errors, omitted %v", len(got.Errors), got.Extensions["errorsOmitted"])
	}
	got = ask(t, at, "{"+manyFields(150)+"}", nil)
	if len(got.Errors) != 20 || len(got.body) > 8<<10 {
		t.Errorf("%d errors in %d bytes", len(got.Errors), len(got.body))
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " node(id:1){f%d}", i)
	}
	return b.String()
}

func TestPersistedQueries(t *testing.T) {
	at, _ := serve(t, endpoint.Options{})
	const query = "{hello(name:\"again\")}"
	sum := sha256.Sum256([]byte(query))
	ext := `{"persistedQuery":{"version":1,"sha256Hash":"` + hex.EncodeToString(sum[:]) + `"}}`
	byHash := func() reply {
		return do(t, request(t, "GET", at+"?extensions="+url.QueryEscape(ext), ""))
	}
	if got := byHash(); got.code() != "PERSISTED_QUERY_NOT_FOUND" || got.Errors[0].Message != "PersistedQueryNotFound" {
		t.Fatalf("before: %s", got.body)
	}
	if got := do(t, request(t, "POST", at, `{"query":"{hello}","extensions":`+ext+`}`)); got.status != 400 || got.code() != "BAD_REQUEST" {
		t.Fatalf("another's hash: %d %s", got.status, got.body)
	}
	if got := do(t, request(t, "POST", at, `{"query":"{hello(name:\"again\")}","extensions":`+ext+`}`)); got.Data["hello"] != "hello, again" {
		t.Fatalf("registering: %s", got.body)
	}
	if got := byHash(); got.Data["hello"] != "hello, again" {
		t.Fatalf("after: %s", got.body)
	}
	if got := do(t, request(t, "GET", at+"?documentId=sha256:"+hex.EncodeToString(sum[:]), "")); got.Data["hello"] != "hello, again" {
		t.Fatalf("by documentId: %s", got.body)
	}
	if got := do(t, request(t, "POST", at, `{"documentId":"mine"}`)); got.code() != "PERSISTED_QUERY_NOT_FOUND" {
		t.Fatalf("an id that nobody gave: %s", got.body)
	}
	if got := do(t, request(t, "POST", at, `{"documentId":"mine","query":"{hello}"}`)); got.Data["hello"] != "hello" {
		t.Fatalf("a client's own id beside the query: %s", got.body)
	}
	if got := do(t, request(t, "POST", at, `{"extensions":{"persistedQuery":{"sha256Hash":"zz"}}}`)); got.status != 400 {
		t.Fatalf("no hash: %d", got.status)
	}
}

func TestOrigins(t *testing.T) {
	at, _ := serve(t, endpoint.Options{AllowedOrigins: []string{"https://lab.example"}, AllowedHosts: []string{"127.0.0.1"}})
	const body = `{"query":"mutation{add(n:1)}"}`
	got := do(t, request(t, "POST", at, body, "Origin", "https://lab.example", "Sec-Fetch-Site", "cross-site"))
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "https://lab.example" || got.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("listed: %d %v", got.status, got.header)
	}
	got = do(t, request(t, "POST", at, body, "Origin", at, "Sec-Fetch-Site", "same-origin"))
	if got.status != 200 {
		t.Errorf("own: %d", got.status)
	}
	got = do(t, request(t, "OPTIONS", at, "", "Origin", "https://lab.example", "Access-Control-Request-Method", "POST"))
	if got.status != 204 || !strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", got.status, got.header)
	}
	got = do(t, request(t, "OPTIONS", at, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"))
	if got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("preflight of another: %v", got.header)
	}
	if !strings.Contains(got.header.Get("Vary"), "Origin") {
		t.Error("Vary lacks Origin")
	}
	r := request(t, "POST", at, body)
	r.Host = "rebound.example"
	if got := do(t, r); got.status != 421 {
		t.Errorf("another host: %d", got.status)
	}

	open, _ := serve(t, endpoint.Options{AllowedOrigins: []string{"*"}})
	got = do(t, request(t, "POST", open, `{"query":"{hello}"}`, "Origin", "https://any.example", "Sec-Fetch-Site", "cross-site"))
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("any: %d %v", got.status, got.header)
	}
	if _, err := endpoint.New(testschema.New(), endpoint.Options{AllowedOrigins: []string{"lab.example/x"}}); err == nil {
		t.Error("a bad origin is taken")
	}
}

func TestAuthenticate(t *testing.T) {
	type who struct{}
	at, _ := serve(t, endpoint.Options{
		Authenticate: func(r *http.Request) (context.Context, error) {
			switch r.Header.Get("Authorization") {
			case "":
				return r.Context(), nil
			case "Bearer good":
				return context.WithValue(r.Context(), who{}, "ann"), nil
			case "Bearer old":
				return nil, endpoint.Errorf(endpoint.CodeUnauthenticated, "the token has expired")
			}
			return nil, errors.New("secret")
		},
		Around: func(ctx context.Context, op *graphql.OperationContext, next func(context.Context) *graphql.Response) *graphql.Response {
			if op.Operation.Name == "Refused" {
				return &graphql.Response{Errors: gqlerror.List{endpoint.Errorf("NO_SUCH_REVISION", "no")}}
			}
			resp := next(ctx)
			resp.Extensions["who"] = ctx.Value(who{})
			return resp
		},
	})
	const body = `{"query":"{hello}"}`
	if got := do(t, request(t, "POST", at, body, "Authorization", "Bearer good")); got.Extensions["who"] != "ann" {
		t.Errorf("good: %s", got.body)
	}
	for _, token := range []string{"Bearer old", "Bearer bad"} {
		got := do(t, request(t, "POST", at, body, "Authorization", token))
		if got.status != 401 || got.code() != "UNAUTHENTICATED" || got.header.Get("WWW-Authenticate") == "" || strings.Contains(got.body, "secret") {
			t.Errorf("%s: %d %s", token, got.status, got.body)
		}
	}
	if got := ask(t, at, "query Refused{hello}", nil); got.status != 400 || got.code() != "NO_SUCH_REVISION" {
		t.Errorf("refused: %d %s", got.status, got.body)
	}
}

func TestTimeout(t *testing.T) {
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{Timeout: 50 * time.Millisecond}})
	got := ask(t, at, "{wait}", nil)
	if got.status != 504 || got.code() != "TIMEOUT" || strings.Contains(got.body, `"data"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A crowd that asks for a great deal fills the slots for dear operations. Others of the kind are sent away, and a
// small question is answered all the same.
func TestSlots(t *testing.T) {
	running := make(chan struct{})
	at, _ := serve(t, endpoint.Options{
		Limits: endpoint.Limits{MaxConcurrent: 1, QueueWait: 50 * time.Millisecond},
		Around: func(ctx context.Context, op *graphql.OperationContext, next func(context.Context) *graphql.Response) *graphql.Response {
			if op.Operation.Name == "First" {
				close(running)
			}
			return next(ctx)
		},
	})
	const dear = `{"query":"query %s{wait people(first:500){nodes{name best{best{best{best{name}}}}}}}"}`
	ctx, cancel := context.WithCancel(t.Context())
	var first sync.WaitGroup
	first.Go(func() {
		if resp, err := http.DefaultClient.Do(request(t, "POST", at, fmt.Sprintf(dear, "First")).WithContext(ctx)); err == nil {
			resp.Body.Close()
		}
	})
	<-running
	if got := do(t, request(t, "POST", at, fmt.Sprintf(dear, "Second"))); got.status != 503 || got.code() != "UNAVAILABLE" || got.header.Get("Retry-After") == "" {
		t.Errorf("a second dear operation: %d %s", got.status, got.body)
	}
	if got := ask(t, at, "{hello}", nil); got.status != 200 {
		t.Errorf("a small question: %d %s", got.status, got.body)
	}
	cancel()
	first.Wait()
}

// The operation ends when the client leaves.
func TestClientLeaves(t *testing.T) {
	over := make(chan endpoint.Observation, 1)
	at, _ := serve(t, endpoint.Options{Observe: func(_ context.Context, o endpoint.Observation) { over <- o }})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if resp, err := http.DefaultClient.Do(request(t, "POST", at, `{"query":"query W{wait}"}`).WithContext(ctx)); err == nil {
		resp.Body.Close()
		t.Fatal("an answer came")
	}
	select {
	case o := <-over:
		if o.Name != "W" || o.Kind != "query" || o.Code != "CANCELLED" || o.Transport != "http" {
			t.Errorf("%+v", o)
		}
	case <-time.After(5 * time.Second):
		t.Error("the operation goes on")
	}
}

// A body that drips in is given up, and takes no slot while it does.
func TestDrippingBody(t *testing.T) {
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{BodyTimeout: 100 * time.Millisecond, MaxConcurrent: 1}})
	conn, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	if got := ask(t, at, "{hello}", nil); got.status != 200 {
		t.Errorf("meanwhile: %d", got.status)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 408 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// A client that asks for much and takes nothing is let go.
func TestAnswerNotTaken(t *testing.T) {
	e, err := endpoint.New(testschema.New(), endpoint.Options{Limits: endpoint.Limits{WriteTimeout: 100 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(over)
		e.ServeHTTP(w, r)
	}))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := fmt.Sprintf(`{"query":"query($n:String){%s}","variables":{"n":"%s"}}`, repeat(20, "a%d:hello(name:$n)"), strings.Repeat("x", 900_000))
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	select {
	case <-over:
	case <-time.After(15 * time.Second):
		t.Error("the answer of 18 MB is still being sent")
	}
}
