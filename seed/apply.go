package seed

import (
	"context"
	"errors"
	"fmt"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// author signs the seed's commits: what nobody else has touched since may be brought up to date.
const author = "stemma seed"

// Apply brings a store up to the embedded seed in one commit and returns the revision that holds it. A store that holds this
// very seed is left alone, without the seed being read. In any other store Apply adds what is missing and replaces what a
// former seed wrote; a node or edge that anyone else has put, changed or deleted since stays as it is, and so does what a
// former seed had and this one has not. A fresh store's revision is released under the name [Version] where the store can.
func Apply(ctx context.Context, s storage.Store) (storage.Revision, error) {
	_, digest, err := inventory(files)
	if err != nil {
		return 0, err
	}
	held, rev, err := holds(ctx, s)
	if err != nil || held == version(digest) {
		return rev, err
	}
	g, err := Load()
	if err != nil {
		return 0, fmt.Errorf("the embedded seed: %w", err)
	}
	var others touched
	if rev > 0 {
		if others, err = touchedByOthers(ctx, s, rev); err != nil {
			return 0, err
		}
	}
	commit := storage.Commit{Author: author, Reason: "Evidence of the five source documents, " + version(digest)}
	rev, err = s.Update(ctx, commit, func(w storage.Writer) error { return g.write(ctx, w, others) })
	if err != nil {
		return 0, fmt.Errorf("seed the store: %w", err)
	}
	if r, ok := storage.As[storage.Releaser](s); ok && held == "" {
		// The name may be a user's own already: then the revision goes without one.
		if _, err := r.Release(ctx, commit, Version); err != nil && !errors.Is(err, storage.ErrTaken) {
			return rev, fmt.Errorf("name the revision %s: %w", Version, err)
		}
	}
	return rev, nil
}

// holds returns the version of the seed that the store has, "" when it has none, and the newest revision.
func holds(ctx context.Context, s storage.Store) (held string, rev storage.Revision, err error) {
	err = s.View(ctx, storage.At{}, func(r storage.Reader) error {
		rev = r.Revision()
		nodes, err := r.Nodes(ctx, Marker)
		if err != nil {
			return err
		}
		if m, ok := nodes[0].(*kg.Reference); ok {
			held = m.Version
		}
		return nil
	})
	return held, rev, err
}

// A touched set is what somebody has put or deleted.
type touched struct {
	nodes map[kg.ID]bool
	edges map[kg.EdgeKey]bool
}

// touchedByOthers reads the commits up to rev for what others than the seed did to nodes and edges.
func touchedByOthers(ctx context.Context, s storage.Store, rev storage.Revision) (touched, error) {
	t := touched{map[kg.ID]bool{}, map[kg.EdgeKey]bool{}}
	for change, err := range s.Changes(ctx, 0) {
		if err != nil {
			return t, err
		}
		if change.Author != author {
			for _, c := range change.Changed {
				if c.Edge != nil {
					t.edges[*c.Edge] = true
				} else {
					t.nodes[c.Node] = true
				}
			}
		}
		if change.Revision >= rev {
			break
		}
	}
	return t, ctx.Err()
}

// write puts what others have not touched. An edge whose ends or source others have deleted goes with them.
func (g *Graph) write(ctx context.Context, w storage.Writer, others touched) error {
	nodes := make([]kg.Node, 0, len(g.Nodes))
	gone := map[kg.ID]bool{}
	for _, n := range g.Nodes {
		id := n.Base().ID
		if !others.nodes[id] || id == Marker {
			nodes = append(nodes, n)
			continue
		}
		there, err := w.Nodes(ctx, id)
		if err != nil {
			return err
		}
		gone[id] = there[0] == nil
	}
	if err := w.PutNodes(ctx, nodes...); err != nil {
		return err
	}
	edges := make([]kg.Edge, 0, len(g.Edges))
	for _, e := range g.Edges {
		if others.edges[e.Key()] || gone[e.Subject] || gone[e.Object] || gone[e.Provenance.Source] {
			continue
		}
		edges = append(edges, e)
	}
	return w.PutEdges(ctx, edges...)
}
