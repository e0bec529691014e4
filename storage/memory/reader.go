package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A reader reads one revision; within an update, with the update's own writes in front.
type reader struct {
	store    *Store
	revision storage.Revision
	pending  *pending // nil in a view
}

// Revision returns the revision that is read; within an update, the one that it builds on.
func (r *reader) Revision() storage.Revision { return r.revision }

// node returns the node with the canonical id, nil when there is none. The caller holds mu, as with the methods below.
func (r *reader) node(id kg.ID) nodeVersion {
	if r.pending != nil {
		if v, ok := r.pending.nodes[id]; ok {
			return v
		}
	}
	versions := r.store.nodes[id]
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].revision <= r.revision {
			return versions[i]
		}
	}
	return nodeVersion{}
}

func (r *reader) edge(k kg.EdgeKey) edgeVersion {
	if r.pending != nil {
		if v, ok := r.pending.edges[k]; ok {
			return v
		}
	}
	versions := r.store.edges[k]
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].revision <= r.revision {
			return versions[i]
		}
	}
	return edgeVersion{}
}

// all calls fn with every node.
func (r *reader) all(fn func(kg.Node)) {
	for id := range r.store.nodes {
		if n := r.node(id).node; n != nil {
			fn(n)
		}
	}
	if r.pending != nil {
		for id, v := range r.pending.nodes {
			if _, old := r.store.nodes[id]; !old && v.node != nil {
				fn(v.node)
			}
		}
	}
}

// allEdges calls fn with every edge.
func (r *reader) allEdges(fn func(*kg.Edge)) {
	for k := range r.store.edges {
		if e := r.edge(k).edge; e != nil {
			fn(e)
		}
	}
	if r.pending != nil {
		for k, v := range r.pending.edges {
			if _, old := r.store.edges[k]; !old && v.edge != nil {
				fn(v.edge)
			}
		}
	}
}

// edgesOf returns every edge that begins or ends at the node, ordered by key.
func (r *reader) edgesOf(id kg.ID) []*kg.Edge {
	var out []*kg.Edge
	for _, k := range r.store.touches[id] {
		if e := r.edge(k).edge; e != nil {
			out = append(out, e)
		}
	}
	if r.pending != nil {
		for k, v := range r.pending.edges {
			if _, old := r.store.edges[k]; !old && v.edge != nil && (k.Subject == id || k.Object == id) {
				out = append(out, v.edge)
			}
		}
	}
	slices.SortFunc(out, func(a, b *kg.Edge) int { return compareKeys(a.Key(), b.Key()) })
	return out
}

func compareKeys(a, b kg.EdgeKey) int {
	return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Predicate.Code(), b.Predicate.Code()), cmp.Compare(a.Object, b.Object),
		cmp.Compare(a.Role, b.Role), cmp.Compare(a.Source, b.Source))
}

// resolve returns the node that has the name.
func (r *reader) resolve(name kg.ID) kg.Node {
	if n := r.node(name).node; n != nil {
		return n
	}
	owners := r.store.names[name]
	if r.pending != nil {
		owners = slices.Concat(owners, r.pending.names[name])
	}
	for _, id := range owners {
		if n := r.node(id).node; n != nil && slices.Contains(n.Base().Names(), name) {
			return n
		}
	}
	return nil
}

// Nodes returns the nodes with these ids, nil for those that are missing.
func (r *reader) Nodes(ctx context.Context, ids ...kg.ID) ([]kg.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.store.mu.RLock()
	defer r.store.mu.RUnlock()
	out := make([]kg.Node, len(ids))
	for i, id := range ids {
		out[i] = r.resolve(id)
	}
	return out, nil
}

// Neighbors returns a page of the nodes one hop away, for each id.
func (r *reader) Neighbors(ctx context.Context, ids []kg.ID, hop storage.Hop) ([]storage.Page[storage.Neighbor], error) {
	r.store.mu.RLock()
	defer r.store.mu.RUnlock()
	out := make([]storage.Page[storage.Neighbor], len(ids))
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page, err := cut(r.neighbors(id, hop), hopName(id, hop), hop.Window, false)
		if err != nil {
			return nil, err
		}
		out[i] = page
	}
	return out, nil
}

// neighbors returns the whole list: one neighbour for each far node and predicate.
func (r *reader) neighbors(id kg.ID, hop storage.Hop) []entry[storage.Neighbor] {
	type place struct {
		predicate kg.Predicate
		far       kg.ID
	}
	edges := map[place][]kg.Edge{}
	for _, e := range r.edgesOf(id) {
		near, far := e.Subject, e.Object
		if hop.Reverse {
			near, far = far, near
		}
		if near == id && slices.Contains(hop.Predicates, e.Predicate) {
			p := place{e.Predicate, far}
			edges[p] = append(edges[p], *e)
		}
	}
	list := make([]entry[storage.Neighbor], 0, len(edges))
	for p, es := range edges {
		n := r.node(p.far).node
		list = append(list, entry[storage.Neighbor]{
			key:  []string{n.Rank(), string(p.far), string([]byte{p.predicate.Code()})},
			item: storage.Neighbor{Node: n, Predicate: p.predicate, Edges: func() ([]kg.Edge, error) { return slices.Clone(es), nil }},
		})
	}
	return sorted(list)
}

// Scan returns a page of the nodes that find describes.
func (r *reader) Scan(ctx context.Context, find storage.Find) (storage.Page[kg.Node], error) {
	if err := ctx.Err(); err != nil {
		return storage.Page[kg.Node]{}, err
	}
	r.store.mu.RLock()
	defer r.store.mu.RUnlock()
	return cut(r.found(find), findName(find), find.Window, find.Descending)
}

// Count returns how many nodes find describes.
func (r *reader) Count(ctx context.Context, find storage.Find) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r.store.mu.RLock()
	defer r.store.mu.RUnlock()
	return int64(len(r.found(find))), nil
}

// found returns the whole list. A node that has several values of a term stands at each of them.
func (r *reader) found(find storage.Find) []entry[kg.Node] {
	var list []entry[kg.Node]
	r.all(func(n kg.Node) {
		if n.Category() != find.Category {
			return
		}
		for _, value := range values(n, find) {
			list = append(list, entry[kg.Node]{key: []string{value, n.Rank(), string(n.Base().ID)}, item: n})
		}
	})
	sorted(list)
	if find.Descending {
		slices.Reverse(list)
	}
	return list
}

// values returns the node's values of the term that lie within find's bounds, each once; one empty value without a term.
func values(n kg.Node, find storage.Find) []string {
	if find.Term == "" {
		return []string{""}
	}
	var out []string
	for _, t := range n.Terms() {
		within := t.Value >= find.From && (find.To == "" || t.Value < find.To)
		if find.Equal != nil {
			within = t.Value == *find.Equal
		}
		if t.Name == find.Term && within && !slices.Contains(out, t.Value) {
			out = append(out, t.Value)
		}
	}
	return out
}

// History returns the revisions at which the node changed, newest first.
func (r *reader) History(ctx context.Context, id kg.ID) ([]storage.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.store.mu.RLock()
	defer r.store.mu.RUnlock()
	var out []storage.Version
	for _, v := range slices.Backward(r.store.nodes[id]) {
		if v.revision <= r.revision {
			out = append(out, storage.Version{Revision: v.revision, Deleted: v.node == nil})
		}
	}
	return out, nil
}

// hopName and findName name a list, so that a cursor of one is refused by another.
func hopName(id kg.ID, hop storage.Hop) string {
	codes := make([]byte, len(hop.Predicates))
	for i, p := range hop.Predicates {
		codes[i] = p.Code()
	}
	slices.Sort(codes)
	direction := ">"
	if hop.Reverse {
		direction = "<"
	}
	return strings.Join([]string{"hop", string(id), direction, string(slices.Compact(codes))}, "\x00")
}

func findName(find storage.Find) string {
	direction := "+"
	if find.Descending {
		direction = "-"
	}
	return strings.Join([]string{"find", string(find.Category), find.Term, direction}, "\x00")
}
