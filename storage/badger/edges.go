package badger

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// PutEdges creates edges or replaces those with the same key.
func (w *writer) PutEdges(ctx context.Context, edges ...kg.Edge) error {
	return w.write(ctx, func() error {
		for i := range edges {
			if err := w.putEdge(ctx, &edges[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writer) putEdge(ctx context.Context, e *kg.Edge) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.Validate(); err != nil {
		return err
	}
	var ends [3]kg.Node
	for i, id := range []kg.ID{e.Subject, e.Object, e.Provenance.Source} {
		var err error
		if ends[i], err = w.node(id); err != nil {
			return err
		}
		if ends[i] == nil {
			return fmt.Errorf("edge %s %s %s: %w: %s", e.Subject, e.Predicate, e.Object, storage.ErrNoNode, id)
		}
	}
	if err := e.Predicate.Fits(ends[0].Category(), ends[1].Category()); err != nil {
		return kg.InvalidError{{ID: e.Subject, Field: "predicate", Reason: err.Error()}}
	}
	if wrong := (kg.SourceField{Field: "provenance.source", Source: e.Provenance.Source}).Refuse(e.Subject, ends[2]); wrong != nil {
		return kg.InvalidError{wrong}
	}
	return w.editPair(ends[0], e.Predicate, ends[1], func(edges []kg.Edge) []kg.Edge {
		i, there := slices.BinarySearchFunc(edges, *e, compareWithinPair)
		if there {
			edges[i] = *e
			return edges
		}
		return slices.Insert(edges, i, *e)
	})
}

// compareWithinPair orders the edges that one entry holds.
func compareWithinPair(a, b kg.Edge) int {
	return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Provenance.Source, b.Provenance.Source))
}

// DeleteEdges removes edges.
func (w *writer) DeleteEdges(ctx context.Context, keys ...kg.EdgeKey) error {
	return w.write(ctx, func() error {
		for _, k := range keys {
			if err := ctx.Err(); err != nil {
				return err
			}
			subject, err := w.node(k.Subject)
			if err != nil {
				return err
			}
			object, err := w.node(k.Object)
			if err != nil {
				return err
			}
			if subject == nil || object == nil || k.Predicate.Code() == 0 {
				continue
			}
			err = w.editPair(subject, k.Predicate, object, func(edges []kg.Edge) []kg.Edge {
				return slices.DeleteFunc(edges, func(e kg.Edge) bool { return e.Role == k.Role && e.Provenance.Source == k.Source })
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// editPair changes the edges that join two nodes, at both ends.
func (w *writer) editPair(subject kg.Node, p kg.Predicate, object kg.Node, edit func([]kg.Edge) []kg.Edge) error {
	s, o := subject.Base().ID, object.Base().ID
	sk, ok := s.Key(), o.Key()
	there := edgeKey(sk, wayOf(p, false), w.rank(object), o)
	before, err := w.getOf(there, sk, ok)
	if err != nil {
		return err
	}
	var edges []kg.Edge
	if before != nil {
		if edges, err = kg.DecodeEdges(before, s, p, o); err != nil {
			return corrupt(there, "%v", err)
		}
	}
	for _, e := range edges {
		if err := w.use(e.Provenance.Source, 0, -1); err != nil {
			return err
		}
	}
	edges = edit(edges)
	for _, e := range edges {
		if err := w.use(e.Provenance.Source, 0, 1); err != nil {
			return err
		}
	}
	var now []byte
	if len(edges) > 0 {
		if now, err = kg.EncodeEdges(edges); err != nil {
			return err
		}
		if len(now) > maxPayload {
			return kg.InvalidError{{ID: s, Field: "object", Reason: fmt.Sprintf("the edges to %s take %d bytes: the limit is %d", o, len(now), maxPayload)}}
		}
	}
	if bytes.Equal(before, now) {
		return nil
	}
	w.setPair(pair{s, p, o}, before, now)
	w.overlay.set(there, before, now)
	w.overlay.set(edgeKey(ok, wayOf(p, true), w.rank(subject), s), before, now)
	if (before == nil) == (now == nil) {
		return nil
	}
	step := 1
	if now == nil {
		step = -1
	}
	if err := w.degree(sk, wayOf(p, false), step); err != nil {
		return err
	}
	return w.degree(ok, wayOf(p, true), step)
}

// setPair notes what the edges of a pair are; the first note of before is what the snapshot has.
func (w *writer) setPair(p pair, before, now []byte) {
	if e := w.pairs[p]; e != nil {
		e.now = now
		return
	}
	w.pairs[p] = &pairEdges{before, now}
}

// degree counts a neighbour in or out. The entry is written when all are counted, by [writer.tally].
func (w *writer) degree(k kg.Key, way way, step int) error {
	d := w.degrees[k]
	if d == nil {
		key := keyed(tableDegree, k)
		base, err := w.getOf(key, k)
		if err != nil {
			return err
		}
		now, err := decodeDegrees(base)
		if err != nil {
			return corrupt(key, "%v", err)
		}
		d = &degreeChange{base, now}
		w.degrees[k] = d
	}
	d.now[way] += uint64(step)
	return nil
}

// neighbours calls fn with every entry of a node's edge lists. What fn gets is its own.
func (w *writer) neighbours(ctx context.Context, k kg.Key, fn func(way way, far kg.ID, edges []byte) error) error {
	d, err := w.reader.degrees(k)
	if err != nil {
		return err
	}
	var links []link
	sc := w.scanner(keyed(tableEdge, k), false)
	defer sc.close()
	for way, n := range d {
		if n == 0 {
			continue
		}
		list := edgeList(k, way)
		for sc.start(list, list, end(list)); sc.valid(); sc.advance() {
			if len(links)&0xfff == 0xfff && ctx.Err() != nil {
				return ctx.Err()
			}
			l, err := linkOf(sc, way)
			if err != nil {
				return err
			}
			links = append(links, l)
		}
	}
	for _, l := range links {
		if err := fn(l.way, l.id, l.edges); err != nil {
			return err
		}
	}
	return nil
}

// rerank moves the entries that carry a node's rank: those in the lists of its neighbours. They hold what its own lists hold.
func (w *writer) rerank(ctx context.Context, old kg.Node, rank string) error {
	id, was := old.Base().ID, w.rank(old)
	return w.neighbours(ctx, id.Key(), func(way way, far kg.ID, edges []byte) error {
		k := far.Key()
		w.overlay.set(edgeKey(k, way.mirror(), was, id), edges, nil)
		w.overlay.set(edgeKey(k, way.mirror(), rank, id), nil, edges)
		return nil
	})
}

// deleteEdgesOf removes every edge of a node, at both ends.
func (w *writer) deleteEdgesOf(ctx context.Context, n kg.Node) error {
	id, rank := n.Base().ID, w.rank(n)
	key := id.Key()
	return w.neighbours(ctx, key, func(way way, far kg.ID, stored []byte) error {
		other, err := w.node(far)
		if err != nil {
			return err
		}
		if other == nil {
			return corrupt(edgeKey(key, way, "", far), "it leads to %s, which is not there", far)
		}
		k := far.Key()
		p, _ := kg.PredicateOf(way.predicate)
		ends := pair{id, p, far}
		if way.direction == reverse {
			ends.subject, ends.object = far, id
		}
		edges, err := kg.DecodeEdges(stored, ends.subject, p, ends.object)
		if err != nil {
			return corrupt(edgeKey(key, way, w.rank(other), far), "%v", err)
		}
		for _, e := range edges {
			if err := w.use(e.Provenance.Source, 0, -1); err != nil {
				return err
			}
		}
		w.setPair(ends, stored, nil)
		w.overlay.set(edgeKey(key, way, w.rank(other), far), stored, nil)
		w.overlay.set(edgeKey(k, way.mirror(), rank, id), stored, nil)
		if err := w.degree(key, way, -1); err != nil {
			return err
		}
		return w.degree(k, way.mirror(), -1)
	})
}

// changed lists the edges of a pair that were put or deleted.
func (p pair) changed(edges *pairEdges) ([]storage.Changed, error) {
	if edges.base == nil {
		// All of them are new, as in a load: there is nothing to compare them with.
		put, err := kg.DecodeEdges(edges.now, p.subject, p.predicate, p.object)
		out := make([]storage.Changed, len(put))
		for i := range put {
			k := put[i].Key()
			out[i] = storage.Changed{Op: storage.Put, Edge: &k}
		}
		return out, err
	}
	before, err := p.encoded(edges.base)
	if err != nil {
		return nil, err
	}
	now, err := p.encoded(edges.now)
	if err != nil {
		return nil, err
	}
	var out []storage.Changed
	for k, b := range now {
		if was, ok := before[k]; !ok || was != b {
			out = append(out, storage.Changed{Op: storage.Put, Edge: &k})
		}
	}
	for k := range before {
		if _, ok := now[k]; !ok {
			out = append(out, storage.Changed{Op: storage.Delete, Edge: &k})
		}
	}
	return out, nil
}

// encoded takes stored edges apart: the stored form of each by its key.
func (p pair) encoded(stored []byte) (map[kg.EdgeKey]string, error) {
	out := map[kg.EdgeKey]string{}
	if stored == nil {
		return out, nil
	}
	edges, err := kg.DecodeEdges(stored, p.subject, p.predicate, p.object)
	if err != nil {
		return nil, err
	}
	for i := range edges {
		b, err := kg.EncodeEdges(edges[i : i+1])
		if err != nil {
			return nil, err
		}
		out[edges[i].Key()] = string(b)
	}
	return out, nil
}
