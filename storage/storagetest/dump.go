package storagetest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// Dump returns all that a store says of the graph as of a revision: every node with its names and history, every edge from both ends, every count, and what
// the commits up to there changed. Two stores that hold the same graph have the same dump.
func Dump(t testing.TB, s storage.Store, rev storage.Revision) string {
	t.Helper()
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	ctx := context.Background()
	all := storage.Window{Limit: math.MaxInt32, Count: true}
	err := s.View(ctx, storage.At{Revision: rev}, func(r storage.Reader) error {
		var nodes []kg.ID
		for _, c := range kg.Categories() {
			page, err := r.Scan(ctx, storage.Find{Category: c, Window: all})
			if err != nil {
				return err
			}
			say("%s: %d", c, page.Total)
			for _, n := range page.Items {
				history, err := r.History(ctx, n.Base().ID)
				if err != nil {
					return err
				}
				nodes = append(nodes, n.Base().ID)
				say("%s %v", stored(n), history)
			}
		}
		for _, reverse := range []bool{false, true} {
			pages, err := r.Neighbors(ctx, nodes, storage.Hop{Predicates: kg.Predicates(), Reverse: reverse, Window: all})
			if err != nil {
				return err
			}
			for i, page := range pages {
				say("%s: %d", nodes[i], page.Total)
				for _, n := range page.Items {
					edges, err := n.Edges()
					if err != nil {
						return err
					}
					for _, e := range edges {
						say("%s", storedEdge(e))
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range s.Changes(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		c.Release = ""
		say("%+v", c.RevisionInfo)
		for _, changed := range c.Changed {
			say("%s %s %+v", changed.Op, changed.Node, changed.Edge)
		}
		if c.Revision == rev {
			break
		}
	}
	return out.String()
}
