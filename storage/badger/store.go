// Package badger is the embedded default engine: a graph in a directory, kept by Badger in managed mode so that the timestamp of a
// commit is its revision and every read works as of any of them. keys.go has the whole layout, DESIGN.md the reasons.
package badger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// Options say how to open a store. The zero value is good.
type Options struct {
	ReadOnly bool             // write nothing, not even a lock file; the store must have been closed cleanly
	Now      func() time.Time // the time of commits; nil for time.Now
	Logger   *slog.Logger     // nil for none

	NodeCacheBytes int64 // decoded nodes; 0 for 32 MiB
	MemTableBytes  int64 // what is gathered before a table is written; 0 for 16 MiB, at least 8 MiB
	MinFreeBytes   int64 // a commit that would leave less free on the device is refused; 0 for a twentieth of it, 64 to 512 MiB; below 0 for no check

	// ScrubBytesPerSecond is the rate at which all tables are read again while the store is open, to find damage before anyone asks for what is
	// damaged; 0 for never. A pass begins ScrubEvery after the one before has ended, 0 for 10 s.
	ScrubBytesPerSecond int64
	ScrubEvery          time.Duration

	verifyFor time.Duration // how long tables are read whole before the store is opened; 0 for 5 s, below 0 for not at all
	keepEmpty bool          // a commit that changes nothing makes a revision too
	unsynced  bool          // commits are on disk when the store is closed: nobody is told of them before
}

// A Store is a graph in a directory. It is a [storage.Store], a [storage.Checker], a [storage.Snapshotter] and a [storage.Releaser].
type Store struct {
	dir     string
	options Options
	log     *slog.Logger
	db      *badgerdb.DB
	lock    *os.File // of the directory
	cache   *nodeCache

	// While the store is opened.
	flushed uint64   // the highest timestamp in the tables, as they were found
	keeps   bool     // copies of the logs
	emptied []string // logs that were found empty

	manifest int64 // the size of the MANIFEST when it was last seen; guarded by writing
	full     bool  // the last commit was refused for want of room; guarded by writing

	suspects  suspects
	scrubbing sync.WaitGroup
	stopScrub context.CancelFunc

	writing   chan struct{}    // holds one token, which the one Update that runs takes
	mark      *mark            // of what was acknowledged; guarded by writing
	row       storage.AuditRow // the newest; written under writing and mu
	newestLog struct {
		path string
		size int64
	}
	nextLog int                   // the number of the first of Badger's logs that has no blocks yet; guarded by writing
	failed  atomic.Pointer[error] // of a commit that may be half on disk
	unsound atomic.Bool           // some file could not be read, and it is not known yet which: nothing is answered
	faulted atomic.Pointer[error] // of a file that could not be read

	head atomic.Pointer[head]

	mu       sync.Mutex // guards all below
	releases []release  // oldest first
	woken    chan struct{}
	closing  chan struct{}
	closed   bool
	scrubbed Scrub
	uses     int // views, updates and other calls that run
}

var (
	_ storage.Store       = (*Store)(nil)
	_ storage.Checker     = (*Store)(nil)
	_ storage.Snapshotter = (*Store)(nil)
	_ storage.Releaser    = (*Store)(nil)
	_ storage.Auditor     = (*Store)(nil)
	_ storage.Gauge       = (*Store)(nil)
)

// A release is a name for a revision.
type release struct {
	revision storage.Revision
	name     string
}

// enter begins a call; when it returns no error, the call ends with leave.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	s.uses++
	return nil
}

// leave ends a call. The last call after Close closes Badger.
func (s *Store) leave() {
	s.mu.Lock()
	s.uses--
	last := s.closed && s.uses == 0
	s.mu.Unlock()
	if last {
		if err := s.shut(); err != nil {
			s.log.Error("close the store", "dir", s.dir, "err", err)
		}
	}
}

// Close releases the store. Views that still run keep it open until they end; without any, it is closed when Close returns.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return storage.ErrClosed
	}
	s.closed = true
	close(s.closing)
	idle := s.uses == 0
	s.mu.Unlock()
	if !idle {
		return nil
	}
	return s.shut()
}

// View calls fn with one snapshot.
func (s *Store) View(ctx context.Context, at storage.At, fn func(storage.Reader) error) (err error) {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	h := s.head.Load()
	switch {
	case at.Revision == 0:
		at.Revision = h.Revision
	case at.Revision > h.Revision:
		return fmt.Errorf("%w: %d was asked for, the newest is %d", storage.ErrNoRevision, at.Revision, h.Revision)
	}
	r := s.read(h, at.Revision)
	defer r.end()
	return fn(r)
}

// Update calls fn in a transaction. Writers take turns.
func (s *Store) Update(ctx context.Context, c storage.Commit, fn func(storage.Writer) error) (_ storage.Revision, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	if err := s.takeTurn(ctx); err != nil {
		return 0, err
	}
	defer s.endTurn()
	h := s.head.Load()
	r := s.read(h, h.Revision)
	defer r.end()
	w := newWriter(r)
	err = fn(w)
	if err == nil && w.failed == nil {
		err = w.sourced()
	}
	w.finish()
	switch {
	case err != nil:
		return 0, err
	case w.failed != nil:
		return 0, w.failed
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case s.isClosed():
		return 0, storage.ErrClosed
	}
	return s.commit(h, c, w)
}

// takeTurn waits until no other update runs.
func (s *Store) takeTurn(ctx context.Context) error {
	if s.options.ReadOnly {
		return fmt.Errorf("%w: it was opened so", storage.ErrReadOnly)
	}
	select {
	case <-s.writing:
	case <-s.closing:
		return storage.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.damage(); err != nil { // what is written is merged with what is there
		s.endTurn()
		return err
	}
	if why := s.failed.Load(); why != nil {
		s.endTurn()
		return *why
	}
	return nil
}

// fail ends writing, and says so: it is not known what a commit that failed has left on disk.
func (s *Store) fail(why error) error {
	err := fmt.Errorf("%w since a commit failed, which may be on disk or not: that shows when the store is opened again: %w", storage.ErrReadOnly, why)
	s.failed.Store(&err)
	return err
}

func (s *Store) endTurn() { s.writing <- struct{}{} }

func (s *Store) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// latest opens a transaction on everything that is committed, for what is not asked as of a revision.
func (s *Store) latest() (*badgerdb.Txn, *head) {
	h := s.head.Load()
	return s.db.NewTransactionAt(h.last(), false), h
}

// Revisions returns the commits in (after, upto].
func (s *Store) Revisions(ctx context.Context, after, upto storage.Revision, limit int) (_ []storage.RevisionInfo, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	txn, h := s.latest()
	defer s.discard(txn)
	if upto == 0 || upto > h.Revision {
		upto = h.Revision
	}
	var out []storage.RevisionInfo
	for rev := after + 1; rev > after && rev <= upto && len(out) < limit; rev++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := s.readCommit(txn, rev)
		if err != nil {
			return nil, err
		}
		out = append(out, s.released(c.info(rev)))
	}
	return out, nil
}

// RevisionAt returns the newest revision that was committed at or before t.
func (s *Store) RevisionAt(ctx context.Context, t time.Time) (_ storage.Revision, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	txn, h := s.latest()
	defer s.discard(txn)
	var failed error
	n := sort.Search(int(h.Revision), func(i int) bool {
		c, err := s.readCommit(txn, storage.Revision(i+1))
		if err != nil {
			failed = err
			return true
		}
		return time.Unix(0, c.Time).After(t)
	})
	return storage.Revision(n), failed
}

// readCommit returns the record of a revision, which must be there.
func (s *Store) readCommit(txn *badgerdb.Txn, rev storage.Revision) (commitRecord, error) {
	var c commitRecord
	err := s.readRecord(txn, revisionKey(tableRevision, rev), &c)
	return c, err
}

// readRecord decodes a record that must be there.
func (s *Store) readRecord(txn *badgerdb.Txn, key []byte, into any) error {
	if err := s.sound(key, key); err != nil {
		return err
	}
	item, err := txn.Get(key)
	if errors.Is(err, badgerdb.ErrKeyNotFound) {
		return corrupt(key, "it is missing")
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", describe(key), err)
	}
	return payloadOf(item, func(p []byte) error {
		if err := recordReader.Unmarshal(p, into); err != nil {
			return corrupt(key, "%v", err)
		}
		return nil
	})
}

// released fills in the name of a revision.
func (s *Store) released(i storage.RevisionInfo) storage.RevisionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := slices.BinarySearchFunc(s.releases, i.Revision, compareRelease); ok {
		i.Release = s.releases[n].name
	}
	return i
}

func compareRelease(r release, rev storage.Revision) int { return int(int64(r.revision) - int64(rev)) }

// Release gives the newest revision a name. Giving it the same name again changes nothing.
func (s *Store) Release(ctx context.Context, c storage.Commit, name string) (_ storage.Revision, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	if name == "" || len(name) > maxReleaseName {
		return 0, fmt.Errorf("a release needs a name of 1 to %d bytes, not %d", maxReleaseName, len(name))
	}
	if err := s.takeTurn(ctx); err != nil {
		return 0, err
	}
	defer s.endTurn()
	h := s.head.Load()
	if h.Revision == 0 {
		return 0, fmt.Errorf("%w: an empty store has nothing to release", storage.ErrNoRevision)
	}
	s.mu.Lock()
	releases := slices.Clone(s.releases)
	s.mu.Unlock()
	for _, r := range releases {
		switch {
		case r.name == name && r.revision == h.Revision:
			return h.Revision, nil
		case r.name == name:
			return 0, fmt.Errorf("release %q: %w: it is revision %d", name, storage.ErrTaken, r.revision)
		case r.revision == h.Revision:
			return 0, fmt.Errorf("release %q: %w: revision %d is %q already", name, storage.ErrTaken, h.Revision, r.name)
		}
	}
	if err := errors.Join(s.roomFor(1024), s.allocateLog()); err != nil {
		return 0, err
	}
	// A key of its own that no commit writes, so the timestamp of the revision that is named can be used again.
	txn := s.db.NewTransactionAt(h.last(), true)
	defer s.discard(txn)
	key := revisionKey(tableRelease, h.Revision)
	row, line, err := s.nextRow(storage.AuditRow{Action: storage.AuditRelease, Revision: h.Revision, Time: s.options.Now().UTC(), Release: name}, c)
	if err != nil {
		return 0, err
	}
	rowKey := auditKey(row.Row)
	if err := errors.Join(txn.Set(key, seal(key, []byte(name))), txn.Set(rowKey, seal(rowKey, line))); err != nil {
		return 0, err
	}
	err = errors.Join(txn.CommitAt(h.timestamp(h.Revision), nil), step("committed", s.dir))
	if err == nil {
		err = s.acknowledge(acknowledged{h.Revision, uint64(len(releases) + 1)})
	}
	if err != nil {
		return 0, s.fail(fmt.Errorf("release %q: %w", name, err))
	}
	s.mu.Lock()
	s.row = row
	s.releases = append(s.releases, release{h.Revision, name})
	s.mu.Unlock()
	return h.Revision, nil
}

const maxReleaseName = 256

// Releases returns the named revisions, oldest first.
func (s *Store) Releases(ctx context.Context) (_ []storage.RevisionInfo, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	s.mu.Lock()
	releases := slices.Clone(s.releases)
	s.mu.Unlock()
	txn, _ := s.latest()
	defer s.discard(txn)
	var out []storage.RevisionInfo
	for _, r := range releases {
		c, err := s.readCommit(txn, r.revision)
		if err != nil {
			return nil, err
		}
		i := c.info(r.revision)
		i.Release = r.name
		out = append(out, i)
	}
	return out, nil
}
