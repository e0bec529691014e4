package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/seed"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/memory"
)

// A server answers over HTTP from a seeded store.
type server struct {
	t     *testing.T
	url   string
	store storage.Store
}

// writerKey carries the writer of a test's request.
type writerKey struct{}

func serve(t *testing.T) *server {
	t.Helper()
	store := memory.Open()
	if _, err := seed.Apply(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return serveStore(t, store, graph.Options{})
}

func serveStore(t *testing.T, store storage.Store, o graph.Options) *server {
	t.Helper()
	o.Store, o.Version = store, "test"
	// The token is the writer's name; who has none reads.
	o.Authenticate = func(r *http.Request) (context.Context, error) {
		name, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		return context.WithValue(r.Context(), writerKey{}, name), nil
	}
	o.Writer = func(ctx context.Context) graph.Writer {
		name, _ := ctx.Value(writerKey{}).(string)
		return graph.Writer{Name: name, Writable: name != "", Code: graph.Unauthenticated, Why: "writing needs a token"}
	}
	e, err := graph.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(e)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		e.Shutdown(ctx)
		s.Close()
		store.Close()
	})
	return &server{t, s.URL, store}
}

// An answer is what came back, in the form of the JSON.
type answer struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
	Extensions map[string]any
}

func (s *server) as(writer, query string, variables map[string]any) answer {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if writer != "" {
		r.Header.Set("Authorization", "Bearer "+writer)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		s.t.Fatal(err)
	}
	return a
}

// ask is as for a reader's question that must be answered.
func (s *server) ask(query string, variables map[string]any) map[string]any {
	s.t.Helper()
	a := s.as("", query, variables)
	if len(a.Errors) > 0 {
		s.t.Fatalf("%s\n%+v", query, a.Errors)
	}
	return a.Data
}

// at follows a path of keys and indexes through an answer: "trials.nodes.0.id".
func at(v any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// texts collects one field of every node of a list.
func texts(v any, field string) []string {
	list, _ := v.([]any)
	out := []string{}
	for _, n := range list {
		out = append(out, fmt.Sprint(at(n, field)))
	}
	return out
}
