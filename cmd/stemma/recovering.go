package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
)

// A recovering is a store that could only be opened for reading, as its device is full or read-only. It is opened for writing when it can be.
type recovering struct {
	mu     sync.RWMutex // held shared by every call, whole while the store is opened anew
	store  storage.Store
	why    error         // it can't be written to; nil since it can
	opened chan struct{} // closed then

	stop context.CancelFunc
	work sync.WaitGroup
}

// recoverLater serves a store of a directory that is open for reading, because of why, and tries every now and then to open it for writing.
func recoverLater(reading storage.Store, why error, dir string, open func() (*badger.Store, error), every time.Duration, log *slog.Logger) *recovering {
	ctx, stop := context.WithCancel(context.Background())
	r := &recovering{store: reading, why: why, opened: make(chan struct{}), stop: stop}
	r.work.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			if badger.RoomToOpen(dir) != nil {
				continue
			}
			if err := r.reopen(dir, open); err != nil {
				log.Warn("the store can still be read only", "error", err)
				continue
			}
			log.Info("the store can be written to again", "data", dir)
			close(r.opened)
			return
		}
	})
	return r
}

// reopen lets the calls that run end, closes the store and opens it for writing; for reading, if that fails.
func (r *recovering) reopen(dir string, open func() (*badger.Store, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.Close(); err != nil {
		return err
	}
	s, err := open()
	if err == nil {
		r.store, r.why = s, nil
		return nil
	}
	r.why = err
	s, again := badger.Open(dir, badger.Options{ReadOnly: true})
	if again == nil {
		r.store = s
	}
	return errors.Join(err, again)
}

func (r *recovering) View(ctx context.Context, at storage.At, fn func(storage.Reader) error) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.store.View(ctx, at, fn)
}

func (r *recovering) Update(ctx context.Context, c storage.Commit, fn func(storage.Writer) error) (storage.Revision, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.why != nil {
		return 0, r.why
	}
	return r.store.Update(ctx, c, fn)
}

// Writable says why the store can't be written to.
func (r *recovering) Writable() error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.why != nil {
		return r.why
	}
	if g, ok := storage.As[storage.Gauge](r.store); ok {
		return g.Writable()
	}
	return nil
}

// Changes goes on over the opening for writing: a store that is only read has none that are new.
func (r *recovering) Changes(ctx context.Context, rev storage.Revision) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		for c, err := range r.current().Changes(ctx, rev) {
			if errors.Is(err, storage.ErrClosed) {
				break
			}
			if !yield(c, err) {
				return
			}
			rev = c.Revision
		}
		select {
		case <-ctx.Done():
		case <-r.opened:
			for c, err := range r.current().Changes(ctx, rev) {
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

func (r *recovering) Revisions(ctx context.Context, after, upto storage.Revision, limit int) ([]storage.RevisionInfo, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.store.Revisions(ctx, after, upto, limit)
}

func (r *recovering) RevisionAt(ctx context.Context, t time.Time) (storage.Revision, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.store.RevisionAt(ctx, t)
}

func (r *recovering) current() storage.Store {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.store
}

// Unwrap lets storage.As find what the store can do.
func (r *recovering) Unwrap() storage.Store { return r.current() }

func (r *recovering) Close() error {
	r.stop()
	r.work.Wait()
	return r.current().Close()
}
