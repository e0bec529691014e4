package graph

import (
	"context"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A Change is one commit, or a part of a large one.
type Change struct {
	Revision *Revision
	Part     int
	Parts    int
	Nodes    []*ChangedNode
	Edges    []*ChangedEdge
}

// A ChangedNode is a node that a commit changed.
type ChangedNode struct {
	Op       storage.Op
	ID       kg.ID
	Category kg.Category
}

// A ChangedEdge is an edge that a commit changed.
type ChangedEdge struct {
	Op storage.Op
	kg.EdgeKey
}

const changesPerEvent = 1000 // nodes and edges of one event: a large commit is told in parts

func (s subscriptionResolver) Changes(ctx context.Context, since *int) (<-chan *Change, error) {
	var rev storage.Revision
	err := s.Store.View(ctx, storage.At{}, func(r storage.Reader) error { rev = r.Revision(); return nil })
	if err != nil {
		return nil, err
	}
	if since != nil {
		if *since < 0 || storage.Revision(*since) > rev {
			return nil, badInput("since: %d is not a revision yet: the newest is %d", *since, rev)
		}
		rev = storage.Revision(*since)
	}
	out := make(chan *Change)
	go func() {
		defer close(out)
		for c, err := range s.Store.Changes(ctx, rev) {
			if err != nil {
				s.Log.ErrorContext(ctx, "change feed ended", "revision", rev, "error", err)
				return
			}
			parts := max(1, (len(c.Changed)+changesPerEvent-1)/changesPerEvent)
			for part := range parts {
				event := &Change{Revision: revisionOf(c.RevisionInfo), Part: part + 1, Parts: parts, Nodes: []*ChangedNode{}, Edges: []*ChangedEdge{}}
				for _, ch := range c.Changed[part*changesPerEvent : min(len(c.Changed), (part+1)*changesPerEvent)] {
					if ch.Edge != nil {
						event.Edges = append(event.Edges, &ChangedEdge{ch.Op, *ch.Edge})
					} else {
						event.Nodes = append(event.Nodes, &ChangedNode{ch.Op, ch.Node, ch.Category})
					}
				}
				select {
				case out <- event:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}
