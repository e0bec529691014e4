package storagetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// trials puts trials that differ in what they are found by.
func trials(w storage.Writer) error {
	put := []kg.Node{Reference(Source)}
	for _, t := range []struct {
		id        kg.ID
		label     string
		date      kg.Date
		status    kg.Status
		n         int
		countries []string
	}{
		{"NCT:NCT00000001", "One", "2016-08", kg.Recruiting, 9, []string{"DE", "CN"}},
		{"NCT:NCT00000002", "Two", "2020", kg.CompletedStatus, 100, []string{"CN"}},
		{"NCT:NCT00000003", "Three", "", kg.Recruiting, 1500, nil},
		{"NCT:NCT00000004", "Four", "2016-08-01", kg.Terminated, 20, []string{"US", "CN", "US"}},
		{"study:undated-a", "Same", "", kg.CompletedStatus, 20, nil},
		{"study:undated", "Same", "XXXX-10-21", kg.CompletedStatus, 0, nil},
		{"study:undated-", "Same", "", kg.CompletedStatus, 3, nil},
	} {
		n := Trial(t.id, t.label, t.date)
		n.Status, n.Countries = t.status, t.countries
		if t.n > 0 {
			n.Enrollment = kg.Count(t.n, "{patients}")
		}
		put = append(put, n)
	}
	return errors.Join(w.PutNodes(bg, put...), w.PutNodes(bg, Disease("condition:one", "One")))
}

var scanLaws = []law{
	{"scan/a-category-in-the-order-of-rank", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(trials)
		// Newest first; 2016-08 and 2016-08-01 are the same day, and "four" sorts before "one"; the undated come last.
		want := []kg.ID{"NCT:NCT00000002", "NCT:NCT00000004", "NCT:NCT00000001", "study:undated", "study:undated-", "study:undated-a", "NCT:NCT00000003"}
		b.view(func(r storage.Reader) {
			same(b, "trials", b.scan(r, storage.Find{Category: kg.CategoryTrial}), want)
			slices.Reverse(want)
			same(b, "trials, descending", b.scan(r, storage.Find{Category: kg.CategoryTrial, Descending: true}), want)
			same(b, "diseases", b.scan(r, storage.Find{Category: kg.CategoryDisease}), []kg.ID{"condition:one"})
			same(b, "arms", b.scan(r, storage.Find{Category: kg.CategoryArm}), nil)
		})
	}},
	{"scan/a-term-in-the-order-of-its-values", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(trials)
		b.view(func(r storage.Reader) {
			recruiting := byTerm(kg.CategoryTrial, "status", "RECRUITING")
			same(b, "recruiting", b.scan(r, recruiting), []kg.ID{"NCT:NCT00000001", "NCT:NCT00000003"})
			recruiting.Descending = true
			same(b, "recruiting, descending", b.scan(r, recruiting), []kg.ID{"NCT:NCT00000003", "NCT:NCT00000001"})
			completed := byTerm(kg.CategoryTrial, "status", "COMPLETED")
			completed.From, completed.To = "X", "A" // Equal wins
			same(b, "completed", b.scan(r, completed), []kg.ID{"NCT:NCT00000002", "study:undated", "study:undated-", "study:undated-a"})
			same(b, "by enrollment", b.scan(r, storage.Find{Category: kg.CategoryTrial, Term: "enrollment"}),
				[]kg.ID{"study:undated-", "NCT:NCT00000001", "NCT:NCT00000004", "study:undated-a", "NCT:NCT00000002", "NCT:NCT00000003", "study:undated"})
			same(b, "by enrollment, descending", b.scan(r, storage.Find{Category: kg.CategoryTrial, Term: "enrollment", Descending: true}),
				[]kg.ID{"study:undated", "NCT:NCT00000003", "NCT:NCT00000002", "study:undated-a", "NCT:NCT00000004", "NCT:NCT00000001", "study:undated-"})
			same(b, "part of a value", b.scan(r, byTerm(kg.CategoryTrial, "status", "RECRUIT")), nil)
			same(b, "more than a value", b.scan(r, byTerm(kg.CategoryTrial, "status", "RECRUITING ")), nil)
			same(b, "an empty value", b.scan(r, byTerm(kg.CategoryTrial, "status", "")), nil)
			same(b, "another term", b.scan(r, byTerm(kg.CategoryTrial, "phase", "RECRUITING")), nil)
			same(b, "part of a term", b.scan(r, storage.Find{Category: kg.CategoryTrial, Term: "stat"}), nil)
			same(b, "another category", b.scan(r, byTerm(kg.CategoryDisease, "status", "RECRUITING")), nil)
		})
	}},
	{"scan/bounds-hold-from-and-not-to", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(trials)
		b.view(func(r storage.Reader) {
			label := func(from, to string) []kg.ID {
				up := b.scan(r, storage.Find{Category: kg.CategoryTrial, Term: "label", From: from, To: to})
				down := b.scan(r, storage.Find{Category: kg.CategoryTrial, Term: "label", From: from, To: to, Descending: true})
				slices.Reverse(down)
				same(b, "turned round, from "+from+" to "+to, down, up)
				return up
			}
			sames := []kg.ID{"study:undated", "study:undated-", "study:undated-a"}
			same(b, "open", label("", ""), slices.Concat([]kg.ID{"NCT:NCT00000004", "NCT:NCT00000001"}, sames, []kg.ID{"NCT:NCT00000003", "NCT:NCT00000002"}))
			same(b, "from one", label("one", ""), slices.Concat([]kg.ID{"NCT:NCT00000001"}, sames, []kg.ID{"NCT:NCT00000003", "NCT:NCT00000002"}))
			same(b, "to same", label("", "same"), []kg.ID{"NCT:NCT00000004", "NCT:NCT00000001"})
			same(b, "from one to same", label("one", "same"), []kg.ID{"NCT:NCT00000001"})
			same(b, "from on to onf", label("on", "onf"), []kg.ID{"NCT:NCT00000001"})
			same(b, "from one to one", label("one", "one"), nil)
			same(b, "from two to one", label("two", "one"), nil)
			same(b, "after all", label("\xff", ""), nil)
		})
	}},
	{"scan/a-node-stands-at-each-of-its-values-once", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(trials)
		b.view(func(r storage.Reader) {
			same(b, "by country", b.scan(r, storage.Find{Category: kg.CategoryTrial, Term: "country"}),
				[]kg.ID{"NCT:NCT00000002", "NCT:NCT00000004", "NCT:NCT00000001", "NCT:NCT00000001", "NCT:NCT00000004"})
			same(b, "in China", b.scan(r, byTerm(kg.CategoryTrial, "country", "CN")), []kg.ID{"NCT:NCT00000002", "NCT:NCT00000004", "NCT:NCT00000001"})
			same(b, "in the US", b.scan(r, byTerm(kg.CategoryTrial, "country", "US")), []kg.ID{"NCT:NCT00000004"})
		})
	}},
	{"scan/what-a-node-no-longer-has-is-gone", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(trials)
		b.update(func(w storage.Writer) error {
			n := Trial("NCT:NCT00000001", "One", "2021")
			n.Status, n.Countries = kg.Withdrawn, []string{"FR", "CN"}
			return w.PutNodes(bg, n)
		})
		b.view(func(r storage.Reader) {
			same(b, "recruiting", b.scan(r, byTerm(kg.CategoryTrial, "status", "RECRUITING")), []kg.ID{"NCT:NCT00000003"})
			same(b, "withdrawn", b.scan(r, byTerm(kg.CategoryTrial, "status", "WITHDRAWN")), []kg.ID{"NCT:NCT00000001"})
			same(b, "in Germany", b.scan(r, byTerm(kg.CategoryTrial, "country", "DE")), nil)
			same(b, "in China", b.scan(r, byTerm(kg.CategoryTrial, "country", "CN")), []kg.ID{"NCT:NCT00000001", "NCT:NCT00000002", "NCT:NCT00000004"})
			is(b, "the newest", b.scan(r, storage.Find{Category: kg.CategoryTrial})[0], "NCT:NCT00000001")
		})
	}},
}

var scanPageLaws = []law{
	{"scan/counts-follow-puts-and-deletes", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		count := func(r storage.Reader, c kg.Category) int64 {
			n, err := r.Count(bg, storage.Find{Category: c})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		b.view(func(r storage.Reader) { is(b, "none", count(r, kg.CategoryTrial), 0) })
		b.update(trials)
		b.update(func(w storage.Writer) error {
			if err := errors.Join(w.DeleteNodes(bg, "study:undated", "study:undated"), w.PutNodes(bg, Trial("study:new", "New", ""), Trial("study:new", "New again", "")), w.DeleteNodes(bg, "study:undated-a")); err != nil {
				return err
			}
			is(b, "in the update", count(w, kg.CategoryTrial), 6)
			return nil
		})
		b.view(func(r storage.Reader) {
			is(b, "trials", count(r, kg.CategoryTrial), 6)
			is(b, "diseases", count(r, kg.CategoryDisease), 1)
			n, err := r.Count(bg, storage.Find{Category: kg.CategoryTrial, Window: storage.Window{Limit: 2, After: "whatever"}})
			if err != nil || n != 6 {
				t.Errorf("a count with a page: got %d, %v", n, err)
			}
		})
	}},
}
