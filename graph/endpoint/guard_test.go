package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/graph/endpoint/internal/testschema"
)

// Hostile documents. Several of them would keep gqlparser or gqlgen busy for minutes, or for ever: that a bound is
// missing shows as a test that does not end.
func TestHostileDocuments(t *testing.T) {
	at, _ := serve(t, endpoint.Options{})
	for _, c := range []struct{ name, query, code, contains string }{
		{"deep", "{people{nodes" + strings.Repeat("{best", 20) + "{name}" + strings.Repeat("}", 20) + "}}", "QUERY_TOO_DEEP", "at most 15"},
		{"deep by fragments", func() string {
			var b strings.Builder
			b.WriteString("{node(id:1){...F0}}")
			for i := range 20 {
				fmt.Fprintf(&b, "fragment F%d on Person{best{...F%d}}", i, i+1)
			}
			b.WriteString("fragment F20 on Person{name}")
			return b.String()
		}(), "QUERY_TOO_DEEP", "nested 22 deep"},
		{"very deep", strings.Repeat("{best", 990), "QUERY_TOO_DEEP|GRAPHQL_PARSE_FAILED", ""},
		{"nested inline fragments", "{node(id:1){" + strings.Repeat("...on Node{id ", 200) + strings.Repeat("}", 200) + "}}", "QUERY_TOO_DEEP", "inline fragments"},
		{"aliases", "{" + repeat(101, "a%d:hello ") + "}", "TOO_MANY_ALIASES", "at most 100"},
		{"root fields by fragments", "{...A}fragment A on Query{" + repeat(21, "a%d:hello ") + "}", "TOO_MANY_ROOT_FIELDS", "21 root fields"},
		{"directives", "{hello" + strings.Repeat("@nope", 400) + "}", "TOO_MANY_DIRECTIVES", "at most 50"},
		{"60 kB of unknown directives", "{hello" + repeat(7_500, "@no%d ") + "}", "TOO_MANY_TOKENS", "2000"},
		{"as many unknown directives as may be", "{hello" + repeat(50, "@no%d ") + "}", "GRAPHQL_VALIDATION_FAILED", "@no0"},
		{"unknown directives on every field", "{people{nodes{" + repeat(50, "name@no%d(a:1,b:2) ") + "}}}", "GRAPHQL_VALIDATION_FAILED", "@no0"},
		{"a bomb of fragments", func() string {
			b := "{...A0 ...A0}"
			for i := range 26 {
				b += fmt.Sprintf("fragment A%d on Query{...A%d ...A%d}", i, i+1, i+1)
			}
			return b + "fragment A26 on Query{hello}"
		}(), "TOO_MANY_ROOT_FIELDS|", ""},
		{"tokens", "{" + strings.Repeat("hello ", 3000) + "}", "TOO_MANY_TOKENS", "2000"},
		{"one field many times", "{" + strings.Repeat("__typename ", 1900) + "}", "", "__typename"},
		{"one object many times", "{" + strings.Repeat("people{totalCount}", 480) + "}", "", "totalCount"},
		{"repeated on every level", nest(8), "", "name"},
		{"conflicting arguments", "{" + repeat(200, "node(id:%d){id}") + "}", "GRAPHQL_VALIDATION_FAILED", "conflict"},
		{"conflicting fields", "{" + repeat(90, "x:f%d ") + "}", "GRAPHQL_VALIDATION_FAILED", "conflict"},
		{"fragments doubling", func() string {
			var b strings.Builder
			b.WriteString("{node(id:1){...F0}}")
			for i := range 60 {
				fmt.Fprintf(&b, "fragment F%d on Person{...F%d ...on Person{...F%d}}", i, i+1, i+1)
			}
			b.WriteString("fragment F60 on Person{name}")
			return b.String()
		}(), "QUERY_TOO_COSTLY", ""},
		{"cost doubling in fragments", func() string {
			var b strings.Builder
			b.WriteString("{node(id:1){...F0}}")
			for i := range 11 {
				fmt.Fprintf(&b, "fragment F%d on Person{best{...F%d} b:best{...F%d} c:best{...F%d}}", i, i+1, i+1, i+1)
			}
			b.WriteString("fragment F11 on Person{name}")
			return b.String()
		}(), "QUERY_TOO_COSTLY", "at most 200000"},
		{"circle", "{node(id:1){...A}}fragment A on Person{best{...B}}fragment B on Person{...A}", "GRAPHQL_VALIDATION_FAILED", "spreads itself"},
		{"circle nobody uses", "{hello}fragment A on Person{...A}", "GRAPHQL_VALIDATION_FAILED", "spreads itself"},
		{"fan-out", "{people(first:20){nodes{friends(first:20){nodes{friends(first:20){nodes{friends(first:20){nodes{friends(first:20){nodes{name}}}}}}}}}}}", "QUERY_TOO_COSTLY", "smaller pages"},
		{"a huge page", "{people(first:2000000000){nodes{name}}}", "QUERY_TOO_COSTLY", ""},
		{"a page beyond numbers", "{people(first:99999999999999999999){nodes{name}}}", "GRAPHQL_VALIDATION_FAILED|QUERY_TOO_COSTLY", ""},
		{"a long name", "{" + strings.Repeat("x", 900_000) + "}", "GRAPHQL_VALIDATION_FAILED", "at most 128"},
		{"a long enum in quotes", `{fail(how:"` + strings.Repeat("x", 900_000) + `")}`, "GRAPHQL_VALIDATION_FAILED", ""},
		{"a long string where there should be none", `{hello "` + strings.Repeat("x", 900_000) + `"}`, "GRAPHQL_PARSE_FAILED", ""},
		{"deep literal", "{hello(name:" + strings.Repeat("[", 900) + strings.Repeat("]", 900) + ")}", "GRAPHQL_VALIDATION_FAILED", ""},
		{"nothing but a comment", "#" + strings.Repeat(" ", 900_000), "GRAPHQL_VALIDATION_FAILED", "no operation"},
		{"many comments", strings.Repeat("#\n", 300_000) + "{hello}", "TOO_MANY_TOKENS", ""},
		{"unknown fragment", "{...Nope}", "GRAPHQL_VALIDATION_FAILED", "Nope"},
		{"fragments that overlap in every pair", func() string {
			var b strings.Builder
			b.WriteString("{node(id:1){" + repeat(120, "...F%d ") + "}}")
			for i := range 120 {
				fmt.Fprintf(&b, "fragment F%d on Person{best{name best{id}}}", i)
			}
			return b.String()
		}(), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(t, at, c.query, nil)
			if c.code == "" && (len(got.Errors) > 0 || got.status != 200) || c.code != "" && !strings.Contains(c.code, got.code()) {
				t.Errorf("%d %q, want code %q: %.300s", got.status, got.code(), c.code, got.body)
			}
			if !strings.Contains(got.body, c.contains) {
				t.Errorf("%.300s lacks %q", got.body, c.contains)
			}
			if len(got.Errors) > 20 || len(got.Errors) > 0 && len(got.body) > 16<<10 {
				t.Errorf("%d errors in %d bytes", len(got.Errors), len(got.body))
			}
		})
	}
}

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// nest asks for the same field twice on each of n levels.
func nest(n int) string {
	q := "name"
	for range n {
		q = "best{" + q + "} best{" + q + "}"
	}
	return "{node(id:1){...on Person{" + q + "}}}"
}

// The usual introspection query is deeper than other queries may be.
func TestIntrospection(t *testing.T) {
	const query = `query IntrospectionQuery{__schema{queryType{name}types{...FullType}directives{name args{...InputValue}}}}
		fragment FullType on __Type{kind name fields(includeDeprecated:true){name args{...InputValue}type{...TypeRef}}inputFields{...InputValue}interfaces{...TypeRef}enumValues{name}possibleTypes{...TypeRef}}
		fragment InputValue on __InputValue{name type{...TypeRef}defaultValue}
		fragment TypeRef on __Type{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name}}}}}}}}}}`
	at, _ := serve(t, endpoint.Options{})
	if got := ask(t, at, query, nil); len(got.Errors) > 0 || got.Data["__schema"] == nil {
		t.Errorf("%.500s", got.body)
	}
	closed, _ := serve(t, endpoint.Options{DisableIntrospection: true, DisableSuggestions: true})
	if got := ask(t, closed, query, nil); got.code() != "GRAPHQL_VALIDATION_FAILED" || got.Data != nil {
		t.Errorf("closed: %.500s", got.body)
	}
	if got := ask(t, closed, "{helo}", nil); strings.Contains(got.body, "mean") {
		t.Errorf("a suggestion: %s", got.body)
	}
	if got := ask(t, closed, "{__typename}", nil); len(got.Errors) > 0 {
		t.Errorf("__typename: %s", got.body)
	}
}

func TestCost(t *testing.T) {
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{MaxCost: 2_000}})
	for _, c := range []struct {
		query     string
		variables map[string]any
		cost      int // 0: refused
	}{
		{"{hello}", nil, 1},
		{"{node(id:1){id}}", nil, 2}, // 1 + 0.1, rounded up
		{"{people(first:100){totalCount}}", nil, 2},
		{"{people(first:100){nodes{name}}}", nil, 111},           // 1 + 100 × 1.1
		{"{people{nodes{name}}}", nil, 29},                       // the schema's default of 25
		{"{people(last:10){edges{cursor node{name}}}}", nil, 13}, // 1 + 10 × (1 + 0.2)
		{"{people(first:10){pageInfo{endCursor}}}", nil, 1},      // the wrapper is free
		{"{people(first:5, last:9){nodes{name}}}", nil, 11},      // the larger
		{"{people(first:10){nodes{friends(first:10){nodes{name}}}}}", nil, 131},
		{"query($n:Int){people(first:$n){nodes{name}}}", map[string]any{"n": 200}, 221},
		{"query($n:Int=7){people(first:$n){nodes{name}}}", nil, 9},
		{"query($n:Int){people(first:$n){nodes{name}}}", nil, 29},
		{"query($n:Int){people(first:$n){nodes{name}}}", map[string]any{"n": 1999}, 0},
		{"query($ids:[ID!]!){nodes(ids:$ids){id}}", map[string]any{"ids": make([]int, 50)}, 55},
		{"query($ids:[ID!]!){nodes(ids:$ids){id}}", map[string]any{"ids": make([]int, 1900)}, 0},
		{"{people(first:10){...C}}fragment C on PersonConnection{nodes{name}}", nil, 12},
		{"{a:people(first:10){...C} b:people(first:100){...C}}fragment C on PersonConnection{nodes{name}}", nil, 123},
		{"{node(id:1){...on Person{tags{name}}}}", nil, 12}, // a list of unknown size counts ten
	} {
		got := ask(t, at, c.query, c.variables)
		if c.cost == 0 {
			if got.code() != "QUERY_TOO_COSTLY" || got.status != 400 || got.Errors[0].Extensions["limit"] != 2000.0 {
				t.Errorf("%s: %d %s", c.query, got.status, got.body)
			}
			continue
		}
		cost, _ := got.Extensions["cost"].(map[string]any)
		if cost["requested"] != float64(c.cost) || cost["limit"] != 2000.0 {
			t.Errorf("%s: cost %v, want %d", c.query, cost, c.cost)
		}
	}
	const fifteen = `{"query":"{people(first:900){nodes{name}}}"}`
	got := do(t, request(t, "POST", at, "["+fifteen+","+fifteen+","+fifteen+"]"))
	if strings.Count(got.body, "QUERY_TOO_COSTLY") != 1 || strings.Count(got.body, `"requested":991`) != 2 {
		t.Errorf("the costs of a batch don't count together: %.300s", got.body)
	}
}

// FuzzDocument compares the endpoint with gqlgen's own executor, which validates what was written, not what the
// guard made of it: what one answers with data the other answers with the same, and what one refuses both refuse.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		"{hello}", "{hello hello}", "{a:hello a:hello(name:\"x\")}", "{people{nodes{name} nodes{id}}}",
		"{node(id:1){...on Person{best{name}}...{id} ...P}}fragment P on Person{best{id}}",
		"{search(text:\"x\"){...on Person{name}...on Place{name}}}", "query($a:Boolean=true){hello@skip(if:$a) hello}",
		"{node(id:1){id}node(id:2){id}}", "{node(id:1)node(id:1){id}}", "{people(first:1,last:2){totalCount}people(last:2,first:1){nodes{id}}}",
		"{hello...A}fragment A on Query{hello(name:\"b\")}", "fragment A on Query{hello}{...A ...A}", nest(3),
		"{node(id:1){best{id} ...on Person{best{name}} best@include(if:true){id}}}",
		"{search(text:\"\"){...on Person{x:id}...on Place{x:name}}}", "mutation{add(n:1)add(n:1)}", "{...{...{hello}}hello}",
		"query A{hello}query B{hello}", "{people(filter:{name:\"a\",and:[{name:\"b\"}]}){totalCount}}",
	} {
		f.Add(seed)
	}
	es := testschema.New()
	e, err := endpoint.New(es, endpoint.Options{Logger: slog.New(slog.DiscardHandler), Limits: endpoint.Limits{CacheEntries: -1}})
	if err != nil {
		f.Fatal(err)
	}
	oracle := executor.New(es)
	f.Fuzz(func(t *testing.T, query string) {
		// Longer documents may take the executor minutes; these need waiting, a stream, or have no equal there.
		if len(query) > 300 || strings.Contains(query, "wait") || strings.Contains(query, "fail") || strings.Contains(query, "subscription") || strings.Contains(query, "defer") || strings.Contains(query, "moody") {
			t.Skip()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		body, _ := json.Marshal(map[string]any{"query": query})
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		e.ServeHTTP(w, r)
		var got reply
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("no JSON: %v: %s", err, w.Body)
		}
		switch got.code() {
		case "INTERNAL":
			t.Fatalf("internal error: %s", w.Body)
		case "", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "BAD_REQUEST":
		default:
			return // a limit, which the executor has not
		}
		if len(query) != len(strings.ToValidUTF8(query, "")) {
			return // JSON carried another text
		}

		ctx = graphql.StartOperationTrace(ctx)
		op, errs := oracle.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
		if len(errs) > 0 {
			if len(got.Errors) == 0 {
				t.Fatalf("the executor refuses %q: %v; the endpoint answers %s", query, errs, w.Body)
			}
			return
		}
		op.DisableIntrospection = false
		handle, ctx := oracle.DispatchOperation(ctx, op)
		want := handle(ctx)
		var data map[string]any
		if err := json.Unmarshal(want.Data, &data); err != nil {
			t.Fatal(err)
		}
		if len(want.Errors) == 0 && (len(got.Errors) > 0 || !reflect.DeepEqual(got.Data, data)) {
			t.Fatalf("%q: the executor answers %s, the endpoint %s", query, want.Data, w.Body)
		}
		if len(want.Errors) > 0 && len(got.Errors) == 0 {
			t.Fatalf("%q: the executor fails with %v, the endpoint answers %s", query, want.Errors, w.Body)
		}
	})
}

// FuzzBody posts anything. The answer is JSON with a known status, and never an internal error.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"query":"{hello}"}`, `[{"query":"{hello}"}]`, `{"query":"query($n:Int){people(first:$n){totalCount}}","variables":{"n":1e3}}`,
		`{"query":"query($f:PersonFilter){people(filter:$f){totalCount}}","variables":{"f":{"and":[{"name":null}]}}}`, `{"extensions":{"persistedQuery":{"sha256Hash":"00"}}}`, `null`, `[[]]`, "\xff"} {
		f.Add([]byte(seed))
	}
	e, err := endpoint.New(testschema.New(), endpoint.Options{Logger: slog.New(slog.DiscardHandler), Limits: endpoint.Limits{Timeout: 50 * time.Millisecond}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if strings.Contains(string(body), "fail") || strings.Contains(string(body), "moody") {
			t.Skip() // these fail on purpose
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		e.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) {
			t.Fatalf("no JSON: %s", w.Body)
		}
		if w.Code != 200 && w.Code != 400 && w.Code != 413 && w.Code != 504 || strings.Contains(w.Body.String(), "INTERNAL") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
