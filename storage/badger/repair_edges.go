package badger

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// putEdges puts and deletes the edges of the revision, a pair at a time.
func (r *replay) putEdges() error {
	for _, k := range slices.SortedFunc(maps.Keys(r.told.pairs), comparePairKeys) {
		p := r.told.pairs[k]
		switch {
		case p.edges != nil:
			r.edgesKnown(k, r.rev)
			r.release(k)
			if err := r.setEdges(k, waitingPair{r.told.ids[k.subject], r.told.ids[k.object], p.edges}); err != nil {
				return err
			}
		case !r.told.whole(): // otherwise the feed says what was deleted
			if err := r.unsetEdges(k, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// setEdges has a pair have these edges.
func (r *replay) setEdges(k pairKey, p waitingPair) error {
	subject, err := r.w.nodeAt(k.subject)
	if err != nil {
		return err
	}
	object, err := r.w.nodeAt(k.object)
	if err != nil {
		return err
	}
	if subject != nil {
		p.subject = subject.Base().ID
	}
	if object != nil {
		p.object = object.Base().ID
	}
	if subject == nil || object == nil {
		return r.holdBack(k, p, "a node of it is lost")
	}
	predicate, ok := kg.PredicateOf(k.predicate)
	if !ok {
		return nil
	}
	edges, err := kg.DecodeEdges(p.edges, p.subject, predicate, p.object)
	if err != nil {
		return nil //nolint:nilerr // what can't be decoded is not an edge
	}
	if predicate.Fits(subject.Category(), object.Category()) != nil {
		return r.holdBack(k, p, "it does not fit the nodes that are left")
	}
	for i := range edges {
		if err := r.keepSource(edges[i].Provenance.Source); err != nil {
			return err
		}
	}
	return r.w.editPair(subject, predicate, object, func([]kg.Edge) []kg.Edge { return edges })
}

// unsetEdges handles a pair of which entries were deleted and none is there that was put. The edges were deleted when the entry had the rank that the far
// node still has; else the entry may have moved with the rank, and its new place is lost.
func (r *replay) unsetEdges(k pairKey, p *toldPair) error {
	note := "they were deleted, or their entries are lost"
	for _, g := range p.gone {
		far, err := r.w.nodeAt(g.far)
		if err != nil {
			return err
		}
		if far != nil && far.Rank() == g.rank {
			note = ""
		}
	}
	return r.editEdges(k, func(edges []kg.Edge) []kg.Edge {
		if note != "" {
			for i := range edges {
				r.edge(k, r.rev, edges[i].Key(), note)
			}
		} else {
			r.edgesKnown(k, r.rev)
		}
		return nil
	})
}

// editEdges changes the edges of a pair, where they are or where they wait.
func (r *replay) editEdges(k pairKey, edit func([]kg.Edge) []kg.Edge) error {
	predicate, ok := kg.PredicateOf(k.predicate)
	if !ok {
		return nil
	}
	if p, ok := r.pairs[k]; ok {
		edges, err := kg.DecodeEdges(p.edges, p.subject, predicate, p.object)
		if err != nil {
			return err
		}
		edges = edit(edges)
		if len(edges) == 0 {
			r.release(k)
			return nil
		}
		p.edges, err = kg.EncodeEdges(edges)
		r.pairs[k] = p
		return err
	}
	subject, err := r.w.nodeAt(k.subject)
	if subject == nil || err != nil {
		return err
	}
	object, err := r.w.nodeAt(k.object)
	if object == nil || err != nil {
		return err
	}
	return r.w.editPair(subject, predicate, object, edit)
}

// followFeed does what only the feed says of edges: which were deleted, and which were put in a state that is lost.
func (r *replay) followFeed() error {
	for _, c := range r.told.changes {
		if c.Edge == nil {
			continue
		}
		e := *c.Edge
		k := pairKey{e.Subject.Key(), e.Predicate.Code(), e.Object.Key()}
		if p := r.told.pairs[k]; p != nil && p.edges != nil {
			continue
		}
		err := r.editEdges(k, func(edges []kg.Edge) []kg.Edge {
			return slices.DeleteFunc(edges, func(x kg.Edge) bool { return x.Key() == e })
		})
		if err != nil {
			return err
		}
		if c.Op == storage.Put {
			r.edge(k, r.rev, e, "")
		} else {
			r.edgeGone(k, e)
		}
	}
	return nil
}

// edgeGone notes that an edge that was lost was deleted.
func (r *replay) edgeGone(k pairKey, e kg.EdgeKey) {
	for i, open := range r.lostEdges[k] {
		if *open.Edge == e {
			open.Until = r.rev
			r.lostEdges[k] = slices.Delete(r.lostEdges[k], i, i+1)
			return
		}
	}
}

// bringBack puts the edges that waited for a node that is there now.
func (r *replay) bringBack() error {
	for _, k := range sortedKeys(r.put) {
		for _, pair := range slices.SortedFunc(maps.Keys(maps.Clone(r.of[k])), comparePairKeys) {
			p := r.pairs[pair]
			subject, err := r.w.nodeAt(pair.subject)
			if err != nil {
				return err
			}
			object, err := r.w.nodeAt(pair.object)
			if err != nil {
				return err
			}
			if subject == nil || object == nil {
				continue // the other is lost as well
			}
			r.release(pair)
			r.edgesKnown(pair, r.rev)
			if err := r.setEdges(pair, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func comparePairKeys(a, b pairKey) int {
	return cmp.Or(bytes.Compare(a.subject[:], b.subject[:]), cmp.Compare(a.predicate, b.predicate), bytes.Compare(a.object[:], b.object[:]))
}
