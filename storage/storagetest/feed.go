package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// patience bounds how long the law waits for what must come. Nothing is asserted about how fast it comes.
const patience = 30 * time.Second

// take reads n changes after rev, and ends the feed.
func take(b *box, rev storage.Revision, n int) []storage.Change {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(bg, patience)
	defer cancel()
	var out []storage.Change
	if n == 0 {
		return out
	}
	for c, err := range b.Changes(ctx, rev) {
		if err != nil {
			b.t.Fatalf("changes after %d: %v", rev, err)
		}
		if out = append(out, c); len(out) == n {
			return out
		}
	}
	b.t.Fatalf("changes after %d: got %d of %d", rev, len(out), n)
	return nil
}

// tell prints what a commit changed, sorted: the order within a commit is the engine's.
func tell(c storage.Change) []string {
	var out []string
	for _, ch := range c.Changed {
		if ch.Edge != nil {
			out = append(out, fmt.Sprintf("%s edge %s", ch.Op, edgeName(*ch.Edge)))
		} else {
			out = append(out, fmt.Sprintf("%s %s %s", ch.Op, ch.Category, ch.Node))
		}
	}
	slices.Sort(out)
	return out
}

var feedLaws = []law{
	{"changes/list-what-changed-once-with-the-right-op", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		b.update(func(w storage.Writer) error {
			return errors.Join(
				small(w), // as it is: no change
				w.PutNodes(bg, Disease("condition:x", "X"), Disease("condition:x", "X again")),
				w.PutEdges(bg, Edge("condition:x", kg.SubtypeOf, "condition:ms"), EdgeFrom("source:other", "condition:x", kg.SubtypeOf, "", "condition:ms"), Edge("condition:spms", kg.StageOf, "condition:ms")),
				w.PutNodes(bg, Disease("condition:fleeting", "Fleeting")), w.PutEdges(bg, Edge("condition:fleeting", kg.SubtypeOf, "condition:ms")), w.DeleteNodes(bg, "condition:fleeting"),
				w.DeleteNodes(bg, "agent:acme"))
		})
		b.update(func(w storage.Writer) error { return w.DeleteNodes(bg, "condition:ms") })
		changes := take(b, 0, 3)
		same(b, "the first commit", tell(changes[0]), []string{"PUT Agent agent:acme", "PUT Disease condition:ms", "PUT Disease condition:spms",
			"PUT Reference source:law", "PUT Reference source:other", "PUT Trial NCT:NCT00000001", "PUT Trial NCT:NCT00000002"})
		same(b, "the second commit", tell(changes[1]), []string{"DELETE Agent agent:acme", "PUT Disease condition:x", "PUT edge condition:spms STAGE_OF condition:ms  source:law",
			"PUT edge condition:x SUBTYPE_OF condition:ms  source:law", "PUT edge condition:x SUBTYPE_OF condition:ms  source:other"})
		same(b, "the third commit", tell(changes[2]), []string{"DELETE Disease condition:ms", "DELETE edge condition:spms STAGE_OF condition:ms  source:law",
			"DELETE edge condition:x SUBTYPE_OF condition:ms  source:law", "DELETE edge condition:x SUBTYPE_OF condition:ms  source:other"})
		infos, err := b.Revisions(bg, 0, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range changes {
			is(b, "what is known of the commit", fmt.Sprint(c.RevisionInfo), fmt.Sprint(infos[i]))
			is(b, "nodes and edges", c.Nodes+c.Edges, len(c.Changed))
		}
	}},
	{"changes/resume-from-any-revision", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		rnd := rand.New(rand.NewPCG(3, 4))
		b.update(crowd)
		for range 12 {
			b.update(func(w storage.Writer) error { return wander(rnd, w) })
		}
		head := int(b.head())
		whole := take(b, 0, head)
		for rev := range head {
			for i, c := range take(b, storage.Revision(rev), head-rev) {
				is(b, "revision", c.Revision, storage.Revision(rev+i+1))
				same(b, fmt.Sprintf("commit %d, read after %d", c.Revision, rev), tell(c), tell(whole[rev+i]))
			}
		}
	}},
	{"changes/agree-with-the-snapshots", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		rnd := rand.New(rand.NewPCG(5, 6))
		b.update(crowd)
		for range 12 {
			b.update(func(w storage.Writer) error { return wander(rnd, w) })
		}
		for _, c := range take(b, 1, int(b.head())-1) {
			read := func(rev storage.Revision, id kg.ID) (n kg.Node) {
				b.viewAt(rev, func(r storage.Reader) { n = b.get(r, id) })
				return n
			}
			for _, ch := range c.Changed {
				if ch.Edge != nil {
					continue
				}
				before, after := read(c.Revision-1, ch.Node), read(c.Revision, ch.Node)
				if (after == nil) != (ch.Op == storage.Delete) || stored(before) == stored(after) {
					t.Errorf("revision %d, %s of %s: the node was there %v and is there %v, or did not change", c.Revision, ch.Op, ch.Node, before != nil, after != nil)
				}
			}
		}
	}},
	{"changes/wait-and-wake-up-for-every-reader", false, func(t *testing.T, e Engine) {
		leaks := goleak.IgnoreCurrent()
		b := open(t, e)
		opened := goleak.IgnoreCurrent() // the engine's own goroutines
		b.update(small)
		ctx, cancel := context.WithTimeout(bg, patience)
		defer cancel()
		const readers, commits = 5, 20
		var wg sync.WaitGroup
		for range readers {
			wg.Go(func() {
				next := storage.Revision(1)
				for c, err := range b.Changes(ctx, 1) {
					if err != nil {
						t.Errorf("changes: %v", err)
						return
					}
					if next++; c.Revision != next {
						t.Errorf("got revision %d after %d", c.Revision, next-1)
					}
					if c.Revision == commits+1 {
						return
					}
				}
				t.Errorf("the feed ended after revision %d", next)
			})
		}
		for i := range commits {
			b.update(func(w storage.Writer) error { return w.PutNodes(bg, counter(i)) })
		}
		wg.Wait()
		if err := goleak.Find(opened, leaks); err != nil {
			t.Errorf("after the feeds have ended: %v", err)
		}
	}},
	{"changes/end-with-the-context-without-an-error", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		opened := goleak.IgnoreCurrent()
		b.update(small)
		for _, rev := range []storage.Revision{0, 1} {
			ctx, cancel := context.WithCancel(bg)
			got := make(chan storage.Revision, 10)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for c, err := range b.Changes(ctx, rev) {
					if err != nil {
						t.Errorf("changes: %v", err)
					}
					got <- c.Revision
				}
			}()
			if rev == 0 {
				wait(t, got, "the first change")
			}
			cancel()
			wait(t, done, "the end of the feed")
		}
		b.update(busy)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, counter(1)) })
		midway, cancel := context.WithCancel(bg)
		n := 0
		for _, err := range b.Changes(midway, 0) { // with more to tell than was heard
			if n++; err != nil {
				t.Errorf("changes: %v", err)
			}
			cancel()
		}
		is(b, "changes heard up to the cancel", n, 1)
		cancelled, cancel := context.WithCancel(bg)
		cancel()
		for range b.Changes(cancelled, 0) {
			t.Error("a feed of a cancelled context yields")
		}
		if err := goleak.Find(opened); err != nil {
			t.Errorf("after the feeds have ended: %v", err)
		}
	}},
	{"changes/a-view-taken-at-a-change-sees-it", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), counter(0)) })
		ctx, cancel := context.WithTimeout(bg, patience)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := 1; i <= 20; i++ {
				if _, err := b.Update(bg, commit, func(w storage.Writer) error { return w.PutNodes(bg, counter(i)) }); err != nil {
					t.Errorf("update: %v", err)
				}
			}
		})
		for c, err := range b.Changes(ctx, 1) {
			if err != nil {
				t.Fatal(err)
			}
			b.viewAt(c.Revision, func(r storage.Reader) { is(b, "the counter", count(b.get(r, counterID)), int(c.Revision)-1) })
			if c.Revision == 21 {
				break
			}
		}
		wg.Wait()
	}},
}

// wait waits for a channel, and fails the test when nothing comes.
func wait[T any](t *testing.T, c <-chan T, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
}
