package graph

import (
	"context"
	"sync/atomic"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A snapshot is what one operation reads from: every field sees the same revision. A mutation moves it to the revision that it made.
type snapshot struct {
	reader  atomic.Pointer[storage.Reader]
	release []func()
	budget  atomic.Int64
	writer  Writer
	filters atomic.Int64 // compiled so far
}

type snapshotKey struct{}

// DefaultBudget is how many nodes the filters, totals and orders of one operation may look at.
const DefaultBudget = 200_000

// hold opens a view and keeps it until release is called: a View as a value.
func hold(ctx context.Context, s storage.Store, at storage.At) (storage.Reader, func(), error) {
	type opened struct {
		r   storage.Reader
		err error
	}
	ready, done, ended := make(chan opened, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		err := s.View(context.WithoutCancel(ctx), at, func(r storage.Reader) error {
			ready <- opened{r: r}
			<-done
			return nil
		})
		if err != nil {
			ready <- opened{err: err}
		}
	}()
	o := <-ready
	if o.err != nil {
		return nil, nil, o.err
	}
	return o.r, func() { close(done); <-ended }, nil
}

func (s *snapshot) open(ctx context.Context, store storage.Store, at storage.At) error {
	r, release, err := hold(ctx, store, at)
	if err != nil {
		return err
	}
	s.release = append(s.release, release)
	s.reader.Store(&r)
	return nil
}

func (s *snapshot) close() {
	for _, release := range s.release {
		release()
	}
}

func current(ctx context.Context) *snapshot {
	s, _ := ctx.Value(snapshotKey{}).(*snapshot)
	return s
}

// reader returns the snapshot that the operation reads from.
func reader(ctx context.Context) storage.Reader { return *current(ctx).reader.Load() }

// spend takes n nodes from the operation's budget.
func spend(ctx context.Context, n int) error {
	if current(ctx).budget.Add(int64(-n)) < 0 {
		return &Error{Code: BudgetExceeded, Message: "the filters, totals and orders of this operation look at too many nodes: narrow the filter (by disease, cellSource or id first), ask for fewer totals, or use the default order"}
	}
	return ctx.Err()
}

// lookup returns the node of any name, nil when there is none. A malformed name is an error.
func lookup(ctx context.Context, name kg.ID) (kg.Node, error) {
	id, err := kg.ParseID(string(name))
	if err != nil {
		return nil, badInput("%v", err)
	}
	nodes, err := reader(ctx).Nodes(ctx, id)
	if err != nil {
		return nil, err
	}
	return nodes[0], nil
}

// existing is lookup for names that must mean something: filters never are silently empty.
func existing(ctx context.Context, argument string, name kg.ID) (kg.Node, error) {
	n, err := lookup(ctx, name)
	if err == nil && n == nil {
		err = &Error{Code: NotFound, Message: argument + ": nothing is called " + string(name) + ": mapIds finds identifiers by name"}
	}
	return n, err
}

// get returns the node of a name when it is of the type, the zero value otherwise.
func get[T kg.Node](ctx context.Context, name kg.ID) (T, error) {
	var none T
	n, err := lookup(ctx, name)
	if err != nil || n == nil {
		return none, err
	}
	t, ok := n.(T)
	if !ok {
		return none, nil
	}
	return t, nil
}

// stored is get for ids that stand in the graph itself: what they name may be gone, but they are never malformed.
func stored[T kg.Node](ctx context.Context, id kg.ID) (T, error) {
	var none T
	if id == "" {
		return none, nil
	}
	nodes, err := reader(ctx).Nodes(ctx, id)
	if err != nil {
		return none, err
	}
	t, _ := nodes[0].(T)
	return t, nil
}

// storedAll returns the nodes of the type among the ids, in order.
func storedAll[T kg.Node](ctx context.Context, ids []kg.ID) ([]T, error) {
	out := []T{}
	if len(ids) == 0 {
		return out, nil
	}
	nodes, err := reader(ctx).Nodes(ctx, ids...)
	for _, n := range nodes {
		if t, ok := n.(T); ok {
			out = append(out, t)
		}
	}
	return out, err
}
