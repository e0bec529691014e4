package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// ids names the nodes of a list: what most laws compare.
func ids(nodes []kg.Node) []kg.ID {
	out := make([]kg.ID, len(nodes))
	for i, n := range nodes {
		if n != nil {
			out[i] = n.Base().ID
		}
	}
	return out
}

// same fails the test unless got is want.
func same[T comparable](b *box, what string, got, want []T) {
	b.t.Helper()
	if !slices.Equal(got, want) {
		b.t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// is fails the test unless got is want.
func is[T comparable](b *box, what string, got, want T) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// fails fails the test unless err is target.
func fails(b *box, what string, err, target error) {
	b.t.Helper()
	if !errors.Is(err, target) {
		b.t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// stored is a node's stored form, by which nodes are compared: "" for a missing one.
func stored(n kg.Node) string {
	if n == nil {
		return ""
	}
	b, err := kg.Encode(n)
	if err != nil {
		return "not storable: " + err.Error()
	}
	return string(b)
}

// get returns the node with the name, nil when there is none.
func (b *box) get(r storage.Reader, name kg.ID) kg.Node {
	b.t.Helper()
	nodes, err := r.Nodes(context.Background(), name)
	if err != nil {
		b.t.Fatalf("node %s: %v", name, err)
	}
	if len(nodes) != 1 {
		b.t.Fatalf("node %s: got %d results for one id", name, len(nodes))
	}
	return nodes[0]
}

// wants fails the test unless the name resolves to a node that is n to the byte; nil wants none.
func (b *box) wants(r storage.Reader, name kg.ID, n kg.Node) {
	b.t.Helper()
	if got := b.get(r, name); stored(got) != stored(n) {
		b.t.Errorf("node %s:\n got %s\nwant %s", name, show(got), show(n))
	}
}

func show(n kg.Node) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprintf("%s %+v", n.Category(), n)
}

// all is a window wide enough for the law's graphs.
var all = storage.Window{Limit: 10_000, Count: true}

// neighbors returns the whole list of one node's neighbours.
func (b *box) neighbors(r storage.Reader, id kg.ID, reverse bool, predicates ...kg.Predicate) []storage.Neighbor {
	b.t.Helper()
	pages, err := r.Neighbors(context.Background(), []kg.ID{id}, storage.Hop{Predicates: predicates, Reverse: reverse, Window: all})
	if err != nil {
		b.t.Fatalf("neighbors of %s by %v: %v", id, predicates, err)
	}
	if len(pages) != 1 {
		b.t.Fatalf("neighbors of %s: got %d pages for one id", id, len(pages))
	}
	if int(pages[0].Total) != len(pages[0].Items) {
		b.t.Errorf("neighbors of %s by %v: total is %d, there are %d", id, predicates, pages[0].Total, len(pages[0].Items))
	}
	return pages[0].Items
}

// out and in name the neighbours of a node.
func (b *box) out(r storage.Reader, id kg.ID, predicates ...kg.Predicate) []kg.ID {
	b.t.Helper()
	return far(b.neighbors(r, id, false, predicates...))
}

func (b *box) in(r storage.Reader, id kg.ID, predicates ...kg.Predicate) []kg.ID {
	b.t.Helper()
	return far(b.neighbors(r, id, true, predicates...))
}

func far(neighbors []storage.Neighbor) []kg.ID {
	out := make([]kg.ID, len(neighbors))
	for i, n := range neighbors {
		out[i] = n.Node.Base().ID
	}
	return out
}

// edges decodes the edges of a neighbour, in the order of their keys.
func (b *box) edges(n storage.Neighbor) []kg.Edge {
	b.t.Helper()
	edges, err := n.Edges()
	if err != nil {
		b.t.Fatalf("edges to %s: %v", n.Node.Base().ID, err)
	}
	edges = slices.Clone(edges)
	slices.SortFunc(edges, func(x, y kg.Edge) int { return strings.Compare(edgeName(x.Key()), edgeName(y.Key())) })
	return edges
}

func edgeName(k kg.EdgeKey) string {
	return strings.Join([]string{string(k.Subject), string(k.Predicate), string(k.Object), string(k.Role), string(k.Source)}, " ")
}

// storedEdge is what edges are compared by: the key and the stored form.
func storedEdge(e kg.Edge) string {
	b, err := kg.EncodeEdges([]kg.Edge{e})
	if err != nil {
		return "not storable: " + err.Error()
	}
	return edgeName(e.Key()) + " " + string(b)
}

// scan returns the whole list that find describes, and proves that Total and Count agree with it.
func (b *box) scan(r storage.Reader, find storage.Find) []kg.ID {
	b.t.Helper()
	find.Window = all
	page, err := r.Scan(context.Background(), find)
	if err != nil {
		b.t.Fatalf("scan %+v: %v", find, err)
	}
	count, err := r.Count(context.Background(), find)
	if err != nil {
		b.t.Fatalf("count %+v: %v", find, err)
	}
	if n := int64(len(page.Items)); page.Total != n || count != n {
		b.t.Errorf("scan %+v: found %d, the total is %d and the count %d", find, n, page.Total, count)
	}
	return ids(page.Items)
}

// byTerm finds the nodes of a category that have the value.
func byTerm(c kg.Category, term, value string) storage.Find {
	return storage.Find{Category: c, Term: term, Equal: &value}
}

// wantOrder proves that diseases, and those around the hub, stand in the order of rank and id.
func wantOrder(b *box, r storage.Reader, around int) {
	b.t.Helper()
	for _, list := range [][]storage.Neighbor{b.neighbors(r, "condition:hub", true, kg.SubtypeOf), b.neighbors(r, "condition:hub", false, kg.IsA)} {
		is(b, "around the hub", len(list), around)
		if !slices.IsSortedFunc(list, byRank) {
			b.t.Errorf("the neighbours of the hub are not in the order of rank and id: %v", far(list))
		}
	}
	page, err := r.Scan(context.Background(), storage.Find{Category: kg.CategoryDisease, Window: all})
	if err != nil {
		b.t.Fatal(err)
	}
	if !slices.IsSortedFunc(page.Items, func(x, y kg.Node) int {
		return byRank(storage.Neighbor{Node: x}, storage.Neighbor{Node: y})
	}) {
		b.t.Errorf("the diseases are not in the order of rank and id: %v", ids(page.Items))
	}
}
