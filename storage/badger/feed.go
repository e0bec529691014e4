package badger

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// Changes yields every commit after rev, from the feed that is in the store, and waits for more. A revision that is not there yet
// can't be resumed from.
func (s *Store) Changes(ctx context.Context, rev storage.Revision) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		for {
			c, woken, err := s.change(ctx, rev+1)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				yield(storage.Change{}, err)
				return
			case woken == nil:
				if !yield(c, nil) {
					return
				}
				rev = c.Revision
				continue
			}
			select {
			case <-woken:
			case <-s.closing:
			case <-ctx.Done():
			}
		}
	}
}

// change returns the commit that made a revision, or, when it is the next to come, a channel that is closed when it has come.
func (s *Store) change(ctx context.Context, rev storage.Revision) (c storage.Change, woken <-chan struct{}, err error) {
	if err := s.enter(ctx); err != nil {
		return c, nil, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	s.mu.Lock()
	woken = s.woken
	s.mu.Unlock()
	txn, h := s.latest()
	defer s.discard(txn)
	switch next := h.Revision + 1; {
	case rev == next:
		return c, woken, nil
	case rev > next || rev == 0:
		return c, nil, fmt.Errorf("%w: changes after %d were asked for, the newest is %d", storage.ErrNoRevision, rev-1, h.Revision)
	}
	c, err = s.readChange(txn, rev)
	c.RevisionInfo = s.released(c.RevisionInfo)
	return c, nil, err
}

// readChange returns a commit with all that it changed.
func (s *Store) readChange(txn *badgerdb.Txn, rev storage.Revision) (storage.Change, error) {
	record, err := s.readCommit(txn, rev)
	if err != nil {
		return storage.Change{}, err
	}
	c := storage.Change{RevisionInfo: record.info(rev)}
	for i := range record.Chunks {
		var chunk []changeRecord
		if err := s.readRecord(txn, changeKey(rev, i), &chunk); err != nil {
			return c, err
		}
		for _, r := range chunk {
			c.Changed = append(c.Changed, r.changed())
		}
	}
	return c, nil
}
