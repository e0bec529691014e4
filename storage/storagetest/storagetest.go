// Package storagetest is the law that every engine of package storage passes: [Run]. An engine may declare a category,
// such as being volatile; it never skips a test by name.
//
// After every test the store is checked through [storage.Checker]; a disagreement fails the test that caused it.
package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// An Engine is what the law is asked of.
type Engine struct {
	// Open opens the store in dir, a new one when dir is empty; it fails the test when it can't. The law closes the store.
	// Opening a directory again must find what was committed there, unless the engine is volatile.
	Open func(t testing.TB, dir string) storage.Store

	// OpenAt is Open with a clock that commits take their time from. Nil when the engine has no clock to set: then the law
	// asks only that times do not run backwards.
	OpenAt func(t testing.TB, dir string, now func() time.Time) storage.Store

	// Volatile engines keep nothing when they are closed: what the law says of reopening and of being killed is not asked of them.
	Volatile bool
}

// A law is one test of the suite.
type law struct {
	name    string
	durable bool // asks that a closed store can be opened again
	test    func(t *testing.T, e Engine)
}

// Run runs the whole law against an engine. The test that calls it must do nothing before: the law starts the test's binary
// again, as a child that commits until it is killed, and the child enters by the same call.
func Run(t *testing.T, e Engine) {
	if isChild() {
		commitUntilKilled(t, e)
		return
	}
	for _, l := range laws() {
		if l.durable && e.Volatile {
			continue
		}
		t.Run(l.name, func(t *testing.T) { l.test(t, e) })
	}
}

func laws() []law {
	var all []law
	for _, theme := range [][]law{nodeLaws, sourceLaws, nameLaws, edgeLaws, deleteLaws, neighborPageLaws, scanLaws, scanPageLaws, cursorLaws,
		transactionLaws, historyLaws, revisionLaws, feedLaws, contextLaws, lifeLaws, identifierLaws, randomLaws, killLaws} {
		all = append(all, theme...)
	}
	return all
}

// A box is a store under test, with the directory it is kept in.
type box struct {
	storage.Store
	t      *testing.T
	engine Engine
	dir    string
	closed bool
}

// open opens a new store, which is checked and closed when the test ends.
func open(t *testing.T, e Engine) *box {
	t.Helper()
	return keep(t, e, t.TempDir(), e.Open)
}

// openAt is open with a clock; the engine must have one.
func openAt(t *testing.T, e Engine, now func() time.Time) *box {
	t.Helper()
	return keep(t, e, t.TempDir(), func(t testing.TB, dir string) storage.Store { return e.OpenAt(t, dir, now) })
}

func keep(t *testing.T, e Engine, dir string, with func(testing.TB, string) storage.Store) *box {
	t.Helper()
	b := &box{t: t, engine: e, dir: dir, Store: with(t, dir)}
	t.Cleanup(func() {
		if b.closed && e.Volatile {
			return
		}
		if b.closed {
			b.Store = e.Open(t, dir)
		}
		b.check()
		if err := b.Store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// check proves the store against itself.
func (b *box) check() {
	b.t.Helper()
	CheckStore(b.t, b.Store)
}

// CheckStore fails the test for every disagreement within the store. A store that is no Checker fails too.
func CheckStore(t testing.TB, s storage.Store) {
	t.Helper()
	c, ok := storage.As[storage.Checker](s)
	if !ok {
		t.Error("the store is no storage.Checker: the law needs one")
		return
	}
	var problems int64
	result, err := c.Check(context.Background(), func(p storage.Problem) {
		problems++
		t.Errorf("check: %s", p)
	})
	switch {
	case err != nil:
		t.Errorf("check: %v", err)
	case result.Problems != problems:
		t.Errorf("check counts %d problems and reported %d", result.Problems, problems)
	}
}

// close closes the store before the test ends.
func (b *box) close() {
	b.t.Helper()
	b.closed = true
	if err := b.Store.Close(); err != nil {
		b.t.Fatalf("close: %v", err)
	}
}

// reopen closes the store and opens it again in the same directory.
func (b *box) reopen() {
	b.t.Helper()
	b.close()
	b.Store, b.closed = b.engine.Open(b.t, b.dir), false
}

// update runs fn in a transaction that must succeed.
func (b *box) update(fn func(w storage.Writer) error) storage.Revision {
	b.t.Helper()
	rev, err := b.Update(context.Background(), commit, fn)
	if err != nil {
		b.t.Fatalf("update: %v", err)
	}
	return rev
}

// refuse runs fn in a transaction that must fail with an error that is target, and leave nothing behind.
func (b *box) refuse(target error, fn func(w storage.Writer) error) error {
	b.t.Helper()
	before := b.head()
	_, err := b.Update(context.Background(), commit, fn)
	if !errors.Is(err, target) {
		b.t.Errorf("update: got error %v, want %v", err, target)
	}
	if after := b.head(); after != before {
		b.t.Errorf("a refused update made revision %d after %d", after, before)
	}
	return err
}

// view reads the newest snapshot.
func (b *box) view(fn func(r storage.Reader)) {
	b.t.Helper()
	b.viewAt(0, fn)
}

// viewAt reads the graph as it was.
func (b *box) viewAt(rev storage.Revision, fn func(r storage.Reader)) {
	b.t.Helper()
	if err := b.View(context.Background(), storage.At{Revision: rev}, func(r storage.Reader) error { fn(r); return nil }); err != nil {
		b.t.Fatalf("view at revision %d: %v", rev, err)
	}
}

// head returns the newest revision.
func (b *box) head() storage.Revision {
	b.t.Helper()
	var rev storage.Revision
	b.view(func(r storage.Reader) { rev = r.Revision() })
	return rev
}

var commit = storage.Commit{Author: "storagetest", Reason: "the law"}
