package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

var lifeLaws = []law{
	{"close/whatever-is-called-later-is-refused", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		b.close()
		for _, c := range storeCalls(b.Store) {
			fails(b, c.name, c.do(bg), storage.ErrClosed)
		}
		n := 0
		for _, err := range b.Changes(bg, 0) {
			fails(b, "Changes", err, storage.ErrClosed)
			if n++; n > 1 {
				t.Fatal("a feed of a closed store goes on")
			}
		}
		is(b, "errors of the feed", n, 1)
	}},
	{"close/a-view-that-runs-keeps-its-snapshot", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(crowd)
		want := snapshot(b, 0)
		closed := make(chan struct{})
		b.view(func(r storage.Reader) {
			go func() { b.close(); close(closed) }()
			// Whether Close waits for this view or not: until it ends, the view reads.
			for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
				got, err := paint(r, everything())
				if err != nil {
					t.Errorf("a view while the store is closed: %v", err)
					return
				}
				compare(b, "a view while the store is closed", got, want)
			}
		})
		wait(t, closed, "Close")
		fails(b, "a view after it", b.View(bg, storage.At{}, func(storage.Reader) error { return nil }), storage.ErrClosed)
	}},
	{"close/ends-the-feeds", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		got, done := make(chan storage.Revision, 1), make(chan struct{})
		go func() {
			defer close(done)
			for c, err := range b.Changes(bg, 0) {
				if err != nil {
					if !errors.Is(err, storage.ErrClosed) {
						t.Errorf("the feed of a store that is closed: %v", err)
					}
					return
				}
				got <- c.Revision
			}
		}()
		wait(t, got, "the first change")
		b.close()
		wait(t, done, "the end of the feed")
	}},
	{"reopen/all-is-as-it-was", true, func(t *testing.T, e Engine) {
		b := open(t, e)
		rnd := rand.New(rand.NewPCG(7, 8))
		b.update(crowd)
		was := map[storage.Revision]picture{}
		for round := range 3 {
			for range 5 {
				was[b.head()] = snapshotOf(b, 0, wandered())
				b.update(func(w storage.Writer) error { return wander(rnd, w) })
			}
			head, now := b.head(), snapshotOf(b, 0, wandered())
			told := take(b, 0, int(head))
			infos, err := b.Revisions(bg, 0, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			b.reopen()
			b.check()
			is(b, fmt.Sprintf("head after closing %d times", round+1), b.head(), head)
			compare(b, "the newest", snapshotOf(b, 0, wandered()), now)
			for rev := storage.Revision(1); rev < head; rev++ {
				compare(b, fmt.Sprintf("as of revision %d", rev), snapshotOf(b, rev, wandered()), was[rev])
			}
			for i, c := range take(b, 0, int(head)) {
				same(b, fmt.Sprintf("commit %d", i+1), tell(c), tell(told[i]))
				is(b, "what is known of it", fmt.Sprint(c.RevisionInfo), fmt.Sprint(infos[i]))
			}
		}
	}},
	{"reopen/an-empty-store-is-empty", true, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.reopen()
		is(b, "revision", b.head(), 0)
		is(b, "the first revision", b.update(small), 1)
		b.reopen()
		is(b, "revision", b.head(), 1)
	}},
	{"reopen/what-was-rolled-back-stays-away", true, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		want := snapshot(b, 0)
		_, _ = b.Update(bg, commit, func(w storage.Writer) error { _ = busy(w); return errFn })
		b.reopen()
		compare(b, "after reopening", snapshot(b, 0), want)
	}},
}

// hard are labels that make ranks which an engine's keys may stumble over.
var hard = []string{
	"a", "aa", "a a", "a b", "A", "å", "ÿ", "ÿÿ", "\u00ff\u00fe", "\U0010ffff", "\U0010ffff\U0010ffff", "\uffff", "\u0001", "\u007f", "a\u0001", "a\u0001b",
	"视神经脊髓炎", "视神经", "病", "狼疮性肾炎（LN）", "/", "//", "%00", "\\x00", "\"quoted\"", "<b>bold</b>", "emoji 🧬", "0", "00", "-1", "~",
}

var identifierLaws = []law{
	{"identifiers/are-kept-to-the-byte", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		names := []kg.ID{
			"condition:a", "condition:aa", "condition:a-", "condition:A", "condition:a:b", "condition:a/b", "condition:a%00", "condition:a\\", "Condition:a", "c:a",
			"condition:视神经脊髓炎", "condition:视神经", "condition:ÿ", "condition:ÿÿ", "condition:\U0010ffff", "condition:\U0010ffff\U0010ffff", "condition:é", "condition:e\u0301",
			"DOI:10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-2", "DOI:10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-#",
			"DOI:10.1000/a", "DOI:10.1000/a.b", "DOI:10.1000/ab", "condition:#;?&=+*'\"`$|{}[]^~",
			kg.ID("condition:" + strings.Repeat("长", 167) + "x"), kg.ID("condition:" + strings.Repeat("长", 167)), kg.ID("condition:" + strings.Repeat("z", 502)), kg.ID("condition:" + strings.Repeat("z", 501)),
		}
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, Reference(Source), Disease("condition:hub", "Hub"))
		})
		for _, id := range []kg.ID{"疾病:a", "condition:with blank", "condition:tab\t", "condition:\x00", "condition:bad\xff", kg.ID("condition:" + strings.Repeat("z", 503)), "condition:", "condition"} {
			wantInvalid(b, "id", func(w storage.Writer) error { return w.PutNodes(bg, Disease(id, "Refused")) })
		}
		want := map[kg.ID]kg.Node{}
		b.update(func(w storage.Writer) error {
			for i, id := range names {
				n := alias(Disease(id, hard[i%3]), kg.ID(fmt.Sprintf("alias:%d", i)), kg.ID(fmt.Sprintf("alias:%d:%d", i, i)))
				want[id] = n
				if err := errors.Join(w.PutNodes(bg, n), w.PutEdges(bg, Edge(id, kg.SubtypeOf, "condition:hub"), Edge("condition:hub", kg.IsA, id))); err != nil {
					return err
				}
			}
			return nil
		})
		b.view(func(r storage.Reader) {
			for id, n := range want {
				b.wants(r, id, n)
				for _, a := range n.Base().Aliases {
					b.wants(r, a, n)
				}
				b.wants(r, id+"-", want[id+"-"])
				same(b, "out of "+string(id), b.out(r, id, kg.SubtypeOf), []kg.ID{"condition:hub"})
				same(b, "into "+string(id), b.in(r, id, kg.IsA), []kg.ID{"condition:hub"})
			}
			wantOrder(b, r, len(want))
			for _, l := range []lister{scanner(storage.Find{Category: kg.CategoryDisease}), hopper("condition:hub", true, kg.SubtypeOf), hopper("condition:hub", false, kg.IsA)} {
				whole, err := l.page(r, all)
				if err != nil {
					t.Fatal(err)
				}
				items, err := walk(r, l, 1, false)
				if err != nil {
					t.Fatal(err)
				}
				same(b, l.name+", one at a time", items, whole.Items)
			}
		})
		// Deleting one leaves those whose ids begin alike.
		b.update(func(w storage.Writer) error {
			return w.DeleteNodes(bg, "condition:a", "DOI:10.1000/a", "condition:视神经")
		})
		b.view(func(r storage.Reader) {
			for id, n := range want {
				if id == "condition:a" || id == "DOI:10.1000/a" || id == "condition:视神经" {
					n = nil
				}
				b.wants(r, id, n)
			}
			wantOrder(b, r, len(want)-3)
		})
	}},
	{"identifiers/any-label-has-its-place", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			if err := w.PutNodes(bg, Reference(Source), Disease("condition:hub", "Hub")); err != nil {
				return err
			}
			for i, label := range hard {
				id := kg.ID(fmt.Sprintf("condition:h%02d", i))
				d, tr := Disease(id, label), Trial(kg.ID(fmt.Sprintf("study:h%02d", i)), label, []kg.Date{"", "2016", "XXXX-10-21"}[i%3])
				if err := errors.Join(w.PutNodes(bg, d, tr), w.PutEdges(bg, Edge(id, kg.SubtypeOf, "condition:hub"), Edge("condition:hub", kg.IsA, id))); err != nil {
					return fmt.Errorf("label %q: %w", label, err)
				}
			}
			return nil
		})
		b.view(func(r storage.Reader) {
			wantOrder(b, r, len(hard))
			for i, label := range hard {
				found := b.scan(r, byTerm(kg.CategoryDisease, "label", kg.Fold(label)))
				there := false
				for _, id := range found {
					there = there || id == kg.ID(fmt.Sprintf("condition:h%02d", i))
					is(b, "label of "+string(id), kg.Fold(b.get(r, id).Base().Label), kg.Fold(label))
				}
				if kg.Fold(label) != "" && !there {
					t.Errorf("label %q is not found by itself", label)
				}
			}
			for _, l := range []lister{
				scanner(storage.Find{Category: kg.CategoryDisease, Term: "name"}), scanner(storage.Find{Category: kg.CategoryTrial}), scanner(storage.Find{Category: kg.CategoryTrial, Descending: true}),
				hopper("condition:hub", true, kg.SubtypeOf),
			} {
				whole, err := l.page(r, all)
				if err != nil {
					t.Fatal(err)
				}
				for _, backward := range []bool{false, true} {
					items, err := walk(r, l, 1, backward)
					if err != nil {
						t.Fatal(err)
					}
					same(b, l.name+", one at a time", items, whole.Items)
				}
			}
		})
	}},
}
