package endpoint

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/stemma-kg/stemma/graph/endpoint/internal/testschema"
)

// A normal query: two connections, a fragment, some twenty fields.
const normal = `query Normal($n: Int = 10) {
  people(first: $n, filter: {name: "x"}) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { cursor node { ...Known friends(first: 5) { nodes { ...Known best { id name } } } } }
  }
  node(id: "1") { id ... on Person { name tags { name } } ... on Place { name } }
}
fragment Known on Person { id name tags { name } }`

func parse(b *testing.B) *ast.QueryDocument {
	doc, err := parser.ParseQuery(&ast.Source{Input: normal})
	if err != nil {
		b.Fatal(err)
	}
	return doc
}

func newEndpoint(b *testing.B) *Endpoint {
	e, err := New(testschema.New(), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// BenchmarkGuardShare is what part of answering a small query over HTTP the guard takes: its walk and the estimate of the cost, of a
// document that the server has not met (new) and of one that it has (known), whose pages are variables so that only its cost is
// estimated again.
func BenchmarkGuardShare(b *testing.B) {
	const small = `query Small($n: Int) { people(first: $n) { nodes { id name } } node(id: "1") { id ... on Person { name } } }`
	variables := map[string]any{"n": int64(2)}
	for name, entries := range map[string]int{"new": -1, "known": 0} {
		b.Run(name, func(b *testing.B) {
			e, err := New(testschema.New(), Options{Logger: slog.New(slog.DiscardHandler), Limits: Limits{CacheEntries: entries}})
			if err != nil {
				b.Fatal(err)
			}
			srv := httptest.NewServer(e)
			defer srv.Close()
			body := fmt.Sprintf(`{"query":%q,"variables":{"n":2}}`, small)
			var whole, guarding time.Duration
			for b.Loop() {
				begin := time.Now()
				resp, err := http.Post(srv.URL, "application/json", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp.Status, err)
				}
				resp.Body.Close()
				whole += time.Since(begin)

				doc, err := parser.ParseQuery(&ast.Source{Input: small})
				if err != nil {
					b.Fatal(err)
				}
				if entries < 0 {
					g := guard{limits: &e.limits, introspection: true}
					begin = time.Now()
					if errs := g.check(doc); errs != nil {
						b.Fatal(errs)
					}
					guarding += time.Since(begin)
				}
				if errs := e.validate(doc, len(small)); errs != nil { // it links fields to their definitions, which the cost needs
					b.Fatal(errs)
				}
				begin = time.Now()
				e.cost(doc.Operations[0], variables)
				guarding += time.Since(begin)
			}
			b.ReportMetric(100*float64(guarding)/float64(whole), "%-of-the-answer")
			b.ReportMetric(float64(guarding.Nanoseconds())/float64(b.N), "guard-ns/op")
		})
	}
}

// BenchmarkGuard is what a document that is not cached pays for the guard, to be seen beside parsing and validation.
func BenchmarkGuard(b *testing.B) {
	e, doc := newEndpoint(b), parse(b)
	b.ReportAllocs()
	for b.Loop() {
		g := guard{limits: &e.limits, introspection: true}
		if errs := g.check(doc); errs != nil {
			b.Fatal(errs)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		parse(b)
	}
}

func BenchmarkValidate(b *testing.B) {
	e, doc := newEndpoint(b), parse(b)
	for b.Loop() {
		if errs := e.validate(doc, len(normal)); errs != nil {
			b.Fatal(errs)
		}
	}
}

// BenchmarkCost is what each request pays whose page sizes are variables.
func BenchmarkCost(b *testing.B) {
	e := newEndpoint(b)
	p, errs := e.compile(b.Context(), normal)
	if errs != nil {
		b.Fatal(errs)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.cost(p.doc.Operations[0], map[string]any{"n": int64(10)})
	}
}

// BenchmarkRequest is a small query from the handler's door to its answer.
func BenchmarkRequest(b *testing.B) {
	e := newEndpoint(b)
	body := fmt.Sprintf(`{"query":%q}`, "{node(id:1){id ...on Person{name}}}")
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
