package synth

import (
	"context"
	"fmt"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// The sizes of commits: nodes of the vocabulary, and trials with all of their edges.
const (
	nodesPerCommit  = 5_000
	trialsPerCommit = 2_000
)

// Loaded is what was written.
type Loaded struct{ Nodes, Edges int }

// Load writes the graph into a store, as an importer does: documents whole, many of them to a commit.
func (g *Graph) Load(ctx context.Context, s storage.Store) (Loaded, error) {
	var done Loaded
	commit := func(fn func(storage.Writer) error) error {
		if _, err := s.Update(ctx, storage.Commit{Author: "bench", Reason: "a generated graph"}, fn); err != nil {
			return fmt.Errorf("load graph %s after %d nodes and %d edges: %w", g.Name, done.Nodes, done.Edges, err)
		}
		return nil
	}
	var batch []kg.Node
	flush := func() error {
		err := commit(func(w storage.Writer) error { return w.PutNodes(ctx, batch...) })
		done.Nodes += len(batch)
		batch = batch[:0]
		return err
	}
	for n := range g.Vocabulary {
		if batch = append(batch, n); len(batch) == nodesPerCommit {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	if err := flush(); err != nil {
		return done, err
	}
	for from := 0; from < g.Trials; from += trialsPerCommit {
		nodes, edges := 0, 0
		err := commit(func(w storage.Writer) error {
			nodes, edges = 0, 0
			for i := from; i < min(from+trialsPerCommit, g.Trials); i++ {
				t, out := g.Trial(i)
				if err := w.PutNodes(ctx, t); err != nil {
					return err
				}
				if err := w.PutEdges(ctx, out...); err != nil {
					return err
				}
				nodes, edges = nodes+1, edges+len(out)
			}
			return nil
		})
		if err != nil {
			return done, err
		}
		done.Nodes, done.Edges = done.Nodes+nodes, done.Edges+edges
	}
	return done, nil
}
