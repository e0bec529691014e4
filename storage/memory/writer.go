package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A writer is a reader that sees its own writes.
type writer struct {
	reader
	failed error // of the first write that failed: the update can't be committed any more
}

// Pending is what an update wants nodes and edges to be.
type pending struct {
	nodes map[kg.ID]nodeVersion
	edges map[kg.EdgeKey]edgeVersion
	names map[kg.ID][]kg.ID // as Store.names
}

func newPending() *pending {
	return &pending{nodes: map[kg.ID]nodeVersion{}, edges: map[kg.EdgeKey]edgeVersion{}, names: map[kg.ID][]kg.ID{}}
}

// changed lists what differs from base: nodes by id, then edges by key. The caller holds mu.
func (p *pending) changed(base *reader) []storage.Changed {
	var out []storage.Changed
	for id, v := range p.nodes {
		switch old := base.node(id); {
		case v.stored == old.stored:
		case v.node == nil:
			out = append(out, storage.Changed{Op: storage.Delete, Node: id, Category: old.node.Category()})
		default:
			out = append(out, storage.Changed{Op: storage.Put, Node: id, Category: v.node.Category()})
		}
	}
	slices.SortFunc(out, func(a, b storage.Changed) int { return cmp.Compare(a.Node, b.Node) })
	nodes := len(out)
	for k, v := range p.edges {
		switch old := base.edge(k); {
		case v.stored == old.stored:
		case v.edge == nil:
			out = append(out, storage.Changed{Op: storage.Delete, Edge: &k})
		default:
			out = append(out, storage.Changed{Op: storage.Put, Edge: &k})
		}
	}
	slices.SortFunc(out[nodes:], func(a, b storage.Changed) int { return compareKeys(*a.Edge, *b.Edge) })
	return out
}

// write runs one write under the lock, and keeps the error of the first that failed.
func (w *writer) write(ctx context.Context, fn func() error) error {
	if w.failed != nil {
		return w.failed
	}
	if err := ctx.Err(); err != nil {
		w.failed = err
		return err
	}
	w.store.mu.RLock()
	defer w.store.mu.RUnlock()
	w.failed = fn()
	return w.failed
}

// PutNodes creates nodes or replaces them whole.
func (w *writer) PutNodes(ctx context.Context, nodes ...kg.Node) error {
	return w.write(ctx, func() error {
		for _, n := range nodes {
			if err := w.putNode(n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writer) putNode(n kg.Node) error {
	if n == nil {
		return kg.InvalidError{{Field: "node", Reason: "is nil"}}
	}
	if err := n.Validate(); err != nil {
		return err
	}
	id := n.Base().ID
	if old := w.node(id).node; old != nil && old.Category() != n.Category() {
		return kg.InvalidError{{ID: id, Field: "category", Reason: fmt.Sprintf("is %s: a node keeps its category while it lives", old.Category())}}
	}
	for _, name := range n.Base().Names() {
		if owner := w.resolve(name); owner != nil && owner.Base().ID != id {
			return &storage.TakenError{Name: name, Owner: owner.Base().ID, For: id}
		}
	}
	stored, err := kg.Encode(n)
	if err != nil {
		return err
	}
	own, err := kg.Decode(stored)
	if err != nil {
		return err
	}
	w.pending.nodes[id] = nodeVersion{node: own, stored: string(stored)}
	for _, name := range own.Base().Names() {
		w.pending.names[name] = append(w.pending.names[name], id)
	}
	return nil
}

// sourced refuses nodes that the update put and that name a source which is no Reference at its end: within an update, sources may
// come after what names them.
func (w *writer) sourced() error {
	w.store.mu.RLock()
	defer w.store.mu.RUnlock()
	for id, v := range w.pending.nodes {
		if v.node == nil {
			continue
		}
		var wrong kg.InvalidError
		for _, f := range v.node.Base().Sources() {
			if e := f.Refuse(id, w.node(f.Source).node); e != nil {
				wrong = append(wrong, e)
			}
		}
		if len(wrong) > 0 {
			return wrong
		}
	}
	return nil
}

// PutEdges creates edges or replaces them.
func (w *writer) PutEdges(ctx context.Context, edges ...kg.Edge) error {
	return w.write(ctx, func() error {
		for i := range edges {
			if err := w.putEdge(&edges[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writer) putEdge(e *kg.Edge) error {
	if err := e.Validate(); err != nil {
		return err
	}
	for _, id := range []kg.ID{e.Subject, e.Object, e.Provenance.Source} {
		if w.node(id).node == nil {
			return fmt.Errorf("edge %s %s %s: %w: %s", e.Subject, e.Predicate, e.Object, storage.ErrNoNode, id)
		}
	}
	if err := e.Predicate.Fits(w.node(e.Subject).node.Category(), w.node(e.Object).node.Category()); err != nil {
		return kg.InvalidError{{ID: e.Subject, Field: "predicate", Reason: err.Error()}}
	}
	if wrong := (kg.SourceField{Field: "provenance.source", Source: e.Provenance.Source}).Refuse(e.Subject, w.node(e.Provenance.Source).node); wrong != nil {
		return kg.InvalidError{wrong}
	}
	stored, err := kg.EncodeEdges([]kg.Edge{*e})
	if err != nil {
		return err
	}
	own, err := kg.DecodeEdges(stored, e.Subject, e.Predicate, e.Object)
	if err != nil {
		return err
	}
	w.pending.edges[e.Key()] = edgeVersion{edge: &own[0], stored: string(stored)}
	return nil
}

// DeleteNodes removes nodes and their edges.
func (w *writer) DeleteNodes(ctx context.Context, ids ...kg.ID) error {
	return w.write(ctx, func() error {
		var gone []kg.ID
		for _, id := range ids {
			if w.node(id).node == nil {
				continue
			}
			gone = append(gone, id)
			for _, e := range w.edgesOf(id) {
				w.pending.edges[e.Key()] = edgeVersion{}
			}
			w.pending.nodes[id] = nodeVersion{}
		}
		return w.unused(gone)
	})
}

// unused returns an error when a node or an edge that is left has one of these sources.
func (w *writer) unused(sources []kg.ID) error {
	var err error
	w.all(func(n kg.Node) {
		for _, f := range n.Base().Sources() {
			if slices.Contains(sources, f.Source) {
				err = fmt.Errorf("delete %s: %w: it is the source of %s", f.Source, storage.ErrInUse, n.Base().ID)
			}
		}
	})
	w.allEdges(func(e *kg.Edge) {
		if slices.Contains(sources, e.Provenance.Source) {
			err = fmt.Errorf("delete %s: %w: it is the source of %s %s %s", e.Provenance.Source, storage.ErrInUse, e.Subject, e.Predicate, e.Object)
		}
	})
	return err
}

// DeleteEdges removes edges.
func (w *writer) DeleteEdges(ctx context.Context, keys ...kg.EdgeKey) error {
	return w.write(ctx, func() error {
		for _, k := range keys {
			if w.edge(k).edge != nil {
				w.pending.edges[k] = edgeVersion{}
			}
		}
		return nil
	})
}
