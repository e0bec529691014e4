// Package memory is the reference engine: maps, a lock, and every version of every node and edge in a list. It has no
// indexes: a scan looks at every node and sorts, so that what it answers is plainly right, and other engines are compared
// with it. It keeps nothing when it is closed.
package memory

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A Store is a graph in memory. It is a [storage.Store], a [storage.Checker] and a [storage.Releaser].
type Store struct {
	now func() time.Time

	writing sync.Mutex // held by the one Update that runs

	mu      sync.RWMutex // guards all below; versions are appended, never changed
	nodes   map[kg.ID][]nodeVersion
	edges   map[kg.EdgeKey][]edgeVersion
	names   map[kg.ID][]kg.ID      // every node that ever had the name
	touches map[kg.ID][]kg.EdgeKey // every edge that ever began or ended at a node
	commits []storage.Change       // commits[i] made revision i+1
	woken   chan struct{}          // closed and replaced at every commit
	closed  chan struct{}
}

type nodeVersion struct {
	revision storage.Revision
	node     kg.Node // nil: deleted
	stored   string  // its stored form
}

type edgeVersion struct {
	revision storage.Revision
	edge     *kg.Edge // nil: deleted
	stored   string
}

// An Option changes how a store works.
type Option func(*Store)

// WithClock makes commits take their time from now.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// Open returns an empty store.
func Open(options ...Option) *Store {
	s := &Store{
		now:     time.Now,
		nodes:   map[kg.ID][]nodeVersion{},
		edges:   map[kg.EdgeKey][]edgeVersion{},
		names:   map[kg.ID][]kg.ID{},
		touches: map[kg.ID][]kg.EdgeKey{},
		woken:   make(chan struct{}),
		closed:  make(chan struct{}),
	}
	for _, o := range options {
		o(s)
	}
	return s
}

// Close lets go of whoever waits for changes. Views that still run may go on.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return storage.ErrClosed
	}
	close(s.closed)
	return nil
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// usable returns the error that keeps a method from running.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.isClosed() {
		return storage.ErrClosed
	}
	return nil
}

// head returns the newest revision. The caller holds mu.
func (s *Store) head() storage.Revision { return storage.Revision(len(s.commits)) }

// View calls fn with one snapshot.
func (s *Store) View(ctx context.Context, at storage.At, fn func(storage.Reader) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	head := s.head()
	s.mu.RUnlock()
	switch {
	case at.Revision == 0:
		at.Revision = head
	case at.Revision > head:
		return fmt.Errorf("%w: %d was asked for, the newest is %d", storage.ErrNoRevision, at.Revision, head)
	}
	return fn(&reader{store: s, revision: at.Revision})
}

// Update calls fn in a transaction. Writers take turns.
func (s *Store) Update(ctx context.Context, c storage.Commit, fn func(storage.Writer) error) (storage.Revision, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	s.mu.RLock()
	base := s.head()
	s.mu.RUnlock()
	w := &writer{reader: reader{store: s, revision: base, pending: newPending()}}
	if err := fn(w); err != nil {
		return 0, err
	}
	if w.failed != nil {
		return 0, w.failed
	}
	if err := w.sourced(); err != nil {
		return 0, err
	}
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	return s.commit(c, w.pending), nil
}

// commit appends what changed, and wakes those who wait for it.
func (s *Store) commit(c storage.Commit, p *pending) storage.Revision {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := p.changed(&reader{store: s, revision: s.head()})
	if len(changed) == 0 {
		return s.head()
	}
	rev := s.head() + 1
	change := storage.Change{RevisionInfo: storage.RevisionInfo{Revision: rev, Time: s.now().UTC(), Author: c.Author, Reason: c.Reason}, Changed: changed}
	if len(s.commits) > 0 {
		if last := s.commits[len(s.commits)-1].Time; change.Time.Before(last) {
			change.Time = last
		}
	}
	for _, ch := range changed {
		if ch.Edge == nil {
			change.Nodes++
			v := p.nodes[ch.Node]
			v.revision = rev
			s.nodes[ch.Node] = append(s.nodes[ch.Node], v)
			if v.node == nil {
				continue
			}
			for _, name := range v.node.Base().Names() {
				if !slices.Contains(s.names[name], ch.Node) {
					s.names[name] = append(s.names[name], ch.Node)
				}
			}
			continue
		}
		change.Edges++
		k := *ch.Edge
		v := p.edges[k]
		v.revision = rev
		if len(s.edges[k]) == 0 {
			s.touches[k.Subject] = append(s.touches[k.Subject], k)
			s.touches[k.Object] = append(s.touches[k.Object], k)
		}
		s.edges[k] = append(s.edges[k], v)
	}
	s.commits = append(s.commits, change)
	close(s.woken)
	s.woken = make(chan struct{})
	return rev
}

// Changes yields every commit after rev and waits for more. A revision that is not there yet can't be resumed from.
func (s *Store) Changes(ctx context.Context, rev storage.Revision) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		for {
			if ctx.Err() != nil {
				return
			}
			if s.isClosed() {
				yield(storage.Change{}, storage.ErrClosed)
				return
			}
			s.mu.RLock()
			head, woken := s.head(), s.woken
			var news []storage.Change
			if rev < head {
				news = s.commits[rev:head:head]
			}
			s.mu.RUnlock()
			if rev > head {
				yield(storage.Change{}, fmt.Errorf("%w: changes after %d were asked for, the newest is %d", storage.ErrNoRevision, rev, head))
				return
			}
			for _, c := range news {
				if ctx.Err() != nil || !yield(c, nil) {
					return
				}
				rev = c.Revision
			}
			if len(news) > 0 {
				continue
			}
			select {
			case <-woken:
			case <-s.closed:
			case <-ctx.Done():
			}
		}
	}
}

// Revisions returns the commits in (after, upto].
func (s *Store) Revisions(ctx context.Context, after, upto storage.Revision, limit int) ([]storage.RevisionInfo, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []storage.RevisionInfo
	for _, c := range s.commits {
		if c.Revision > after && (upto == 0 || c.Revision <= upto) && len(out) < limit {
			out = append(out, c.RevisionInfo)
		}
	}
	return out, nil
}

// RevisionAt returns the newest revision that was committed at or before t.
func (s *Store) RevisionAt(ctx context.Context, t time.Time) (storage.Revision, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var rev storage.Revision
	for _, c := range s.commits {
		if !c.Time.After(t) {
			rev = c.Revision
		}
	}
	return rev, nil
}

// Release gives the newest revision a name. Giving it the same name again changes nothing.
func (s *Store) Release(ctx context.Context, _ storage.Commit, name string) (storage.Revision, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	if name == "" {
		return 0, fmt.Errorf("a release needs a name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	head := s.head()
	if head == 0 {
		return 0, fmt.Errorf("%w: an empty store has nothing to release", storage.ErrNoRevision)
	}
	for _, c := range s.commits {
		if c.Release == name && c.Revision != head {
			return 0, fmt.Errorf("release %q: %w: it is revision %d", name, storage.ErrTaken, c.Revision)
		}
	}
	newest := &s.commits[head-1]
	if newest.Release != "" && newest.Release != name {
		return 0, fmt.Errorf("release %q: %w: revision %d is %q already", name, storage.ErrTaken, head, newest.Release)
	}
	// The commits may be in the hands of a feed: the named one is put in a new list.
	commits := slices.Clone(s.commits)
	commits[head-1].Release = name
	s.commits = commits
	return head, nil
}

// Releases returns the named revisions, oldest first.
func (s *Store) Releases(ctx context.Context) ([]storage.RevisionInfo, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []storage.RevisionInfo
	for _, c := range s.commits {
		if c.Release != "" {
			out = append(out, c.RevisionInfo)
		}
	}
	return out, nil
}
