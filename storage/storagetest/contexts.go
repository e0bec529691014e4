package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A call is one method of a store, a reader or a writer, by name.
type call struct {
	name string
	do   func(ctx context.Context) error
}

func storeCalls(s storage.Store) []call {
	calls := []call{
		{"View", func(ctx context.Context) error {
			return s.View(ctx, storage.At{}, func(storage.Reader) error { return nil })
		}},
		{"View of a revision", func(ctx context.Context) error {
			return s.View(ctx, storage.At{Revision: 1}, func(storage.Reader) error { return nil })
		}},
		{"Update", func(ctx context.Context) error {
			_, err := s.Update(ctx, commit, func(w storage.Writer) error { return w.PutNodes(bg, counter(99)) })
			return err
		}},
		{"Revisions", func(ctx context.Context) error { _, err := s.Revisions(ctx, 0, 0, 10); return err }},
		{"RevisionAt", func(ctx context.Context) error { _, err := s.RevisionAt(ctx, time.Now()); return err }},
	}
	if r, ok := storage.As[storage.Releaser](s); ok {
		calls = append(calls,
			call{"Release", func(ctx context.Context) error { _, err := r.Release(ctx, commit, "a release"); return err }},
			call{"Releases", func(ctx context.Context) error { _, err := r.Releases(ctx); return err }})
	}
	if c, ok := storage.As[storage.Checker](s); ok {
		calls = append(calls, call{"Check", func(ctx context.Context) error { _, err := c.Check(ctx, func(storage.Problem) {}); return err }})
	}
	return calls
}

func readerCalls(r storage.Reader) []call {
	return []call{
		{"Nodes", func(ctx context.Context) error { _, err := r.Nodes(ctx, Source); return err }},
		{"Neighbors", func(ctx context.Context) error {
			_, err := r.Neighbors(ctx, []kg.ID{Source}, storage.Hop{Predicates: []kg.Predicate{kg.RefersTo}, Window: all})
			return err
		}},
		{"Scan", func(ctx context.Context) error {
			_, err := r.Scan(ctx, storage.Find{Category: kg.CategoryReference, Window: all})
			return err
		}},
		{"Count", func(ctx context.Context) error {
			_, err := r.Count(ctx, storage.Find{Category: kg.CategoryReference})
			return err
		}},
		{"History", func(ctx context.Context) error { _, err := r.History(ctx, Source); return err }},
	}
}

func writerCalls(w storage.Writer) []call {
	edge := Edge("NCT:NCT00000001", kg.Investigates, "condition:ms")
	return append(readerCalls(w),
		call{"PutNodes", func(ctx context.Context) error { return w.PutNodes(ctx, counter(99)) }},
		call{"PutEdges", func(ctx context.Context) error { return w.PutEdges(ctx, edge) }},
		call{"DeleteEdges", func(ctx context.Context) error { return w.DeleteEdges(ctx, edge.Key()) }},
		call{"DeleteNodes", func(ctx context.Context) error { return w.DeleteNodes(ctx, "agent:acme") }},
	)
}

var contextLaws = []law{
	{"context/every-method-returns-the-error-of-its-context", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		cancelled, cancel := context.WithCancel(bg)
		cancel()
		late, cancel := context.WithDeadline(bg, time.Unix(0, 0))
		defer cancel()
		before := snapshot(b, 0)
		for _, ctx := range []context.Context{cancelled, late} {
			for _, c := range storeCalls(b.Store) {
				fails(b, c.name, c.do(ctx), ctx.Err())
			}
			b.view(func(r storage.Reader) {
				for _, c := range readerCalls(r) {
					fails(b, c.name, c.do(ctx), ctx.Err())
				}
			})
			_, _ = b.Update(bg, commit, func(w storage.Writer) error {
				for _, c := range writerCalls(w) {
					fails(b, c.name+" in an update", c.do(ctx), ctx.Err())
				}
				return nil
			})
		}
		compare(b, "after calls that were cancelled", snapshot(b, 0), before)
	}},
	{"context/a-function-is-not-called-when-it-is-over", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		ctx, cancel := context.WithCancel(bg)
		cancel()
		_ = b.View(ctx, storage.At{}, func(storage.Reader) error { t.Error("View called its function"); return nil })
		_, _ = b.Update(ctx, commit, func(storage.Writer) error { t.Error("Update called its function"); return nil })
	}},
	{"context/a-write-that-was-cancelled-rolls-back", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		for _, name := range []string{"PutNodes", "PutEdges", "DeleteEdges", "DeleteNodes"} {
			b.refuse(context.Canceled, func(w storage.Writer) error {
				ctx, cancel := context.WithCancel(bg)
				cancel()
				for _, c := range writerCalls(w) {
					if c.name == name {
						_ = c.do(ctx)
					}
				}
				_ = w.PutNodes(bg, counter(5))
				return nil
			})
		}
	}},
	{"context/a-writer-that-waits-gives-up", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			_, err := b.Update(bg, commit, func(w storage.Writer) error {
				close(inside)
				<-leave
				return w.PutNodes(bg, Reference(Source))
			})
			done <- err
		}()
		wait(t, inside, "the first writer")
		ctx, cancel := context.WithCancel(bg)
		second := make(chan error, 1)
		go func() {
			_, err := b.Update(ctx, commit, func(w storage.Writer) error { return w.PutNodes(bg, counter(1)) })
			second <- err
		}()
		cancel()
		// The second may return at once, or when it gets its turn: it must not commit.
		close(leave)
		if err := <-done; err != nil {
			t.Errorf("the first writer: %v", err)
		}
		fails(b, "the second writer", <-second, context.Canceled)
		b.view(func(r storage.Reader) { b.wants(r, counterID, nil) })
	}},
}
