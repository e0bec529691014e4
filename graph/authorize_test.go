package graph_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/seed"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/memory"
)

// If one root field is refused, nothing of the operation runs.
func TestAuthorize(t *testing.T) {
	store := memory.Open()
	if _, err := seed.Apply(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	s := serveStore(t, store, graph.Options{Authorize: func(_ context.Context, field string) error {
		if field == "Query.agents" || field == "Mutation.nameRelease" {
			return endpoint.Errorf(endpoint.CodeForbidden, "%s is not for you", field)
		}
		return nil
	}})
	revision := func() storage.Revision {
		var rev storage.Revision
		if err := store.View(t.Context(), storage.At{}, func(r storage.Reader) error { rev = r.Revision(); return nil }); err != nil {
			t.Fatal(err)
		}
		return rev
	}
	before := revision()
	for _, c := range []struct{ document, refused string }{
		{`{ meta { revision } }`, ""},
		{`{ meta { revision } agents { totalCount } }`, "Query.agents"},
		{`{ meta { revision } ...F } fragment F on Query { a: agents { totalCount } }`, "Query.agents"},
		{`{ meta { revision } agents @skip(if: true) { totalCount } }`, ""},
		{`mutation { putAgent(input: {reason: "x", agent: {id: "agent:x", label: "X", type: ORGANISATION}}) { revision } nameRelease(input: {name: "x"}) { revision { revision } } }`, "Mutation.nameRelease"},
	} {
		got := s.as("ann", c.document, nil)
		switch {
		case c.refused == "" && (len(got.Errors) > 0 || got.Data == nil):
			t.Errorf("%s: %v", c.document, got)
		case c.refused != "" && (got.Data != nil || len(got.Errors) != 1 || got.Errors[0].Extensions["code"] != "FORBIDDEN" || !strings.Contains(got.Errors[0].Message, c.refused)):
			t.Errorf("%s: %v", c.document, got)
		}
	}
	if after := revision(); after != before {
		t.Errorf("a refused mutation wrote: revision %d, was %d", after, before)
	}
}
