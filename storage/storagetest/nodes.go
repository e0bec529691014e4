package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

var bg = context.Background()

var nodeLaws = []law{
	{"nodes/are-read-as-put-in-the-order-asked", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		one, two := Disease("condition:one", "One"), Trial("NCT:NCT00000001", "A trial", "2016-08")
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), one, two) })
		b.view(func(r storage.Reader) {
			nodes, err := r.Nodes(bg, two.ID, "condition:none", one.ID, two.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(b, "nodes", ids(nodes), []kg.ID{two.ID, "", one.ID, two.ID})
			b.wants(r, one.ID, one)
			b.wants(r, two.ID, two)
			if none, err := r.Nodes(bg); err != nil || len(none) != 0 {
				t.Errorf("no ids: got %v, %v", none, err)
			}
		})
	}},
	{"nodes/every-category-is-kept", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		one := oneOfEach()
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, one...) })
		b.view(func(r storage.Reader) {
			for _, n := range one {
				b.wants(r, n.Base().ID, n)
				same(b, string(n.Category()), b.scan(r, storage.Find{Category: n.Category()}), []kg.ID{n.Base().ID})
			}
		})
	}},
	{"nodes/are-replaced-whole", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		old := Trial("NCT:NCT00000001", "Old", "2016")
		old.Remarks, old.Countries = []string{"a remark"}, []string{"DE"}
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), old) })
		now := Trial("NCT:NCT00000001", "New", "")
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, now) })
		b.view(func(r storage.Reader) {
			b.wants(r, now.ID, now)
			same(b, "trials", b.scan(r, storage.Find{Category: kg.CategoryTrial}), []kg.ID{now.ID})
		})
	}},
	{"nodes/the-last-of-several-puts-counts", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		last := Disease("condition:one", "Last")
		b.update(func(w storage.Writer) error {
			return errors.Join(w.PutNodes(bg, Reference(Source), Disease("condition:one", "First"), Disease("condition:one", "Second")), w.PutNodes(bg, last))
		})
		b.view(func(r storage.Reader) {
			b.wants(r, last.ID, last)
			same(b, "first label", b.scan(r, byTerm(kg.CategoryDisease, "label", "first")), nil)
			same(b, "last label", b.scan(r, byTerm(kg.CategoryDisease, "label", "last")), []kg.ID{last.ID})
		})
	}},
	{"nodes/belong-to-the-store-once-put", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		n := Disease("condition:one", "One")
		n.Remarks = []string{"as it was"}
		edge := EdgeFrom(Source, "condition:one", kg.SubtypeOf, "", "condition:two")
		edge.Provenance.Selectors = []kg.Selector{{Line: ptr(7)}}
		b.update(func(w storage.Writer) error {
			err := errors.Join(w.PutNodes(bg, Reference(Source), n, Disease("condition:two", "Two")), w.PutEdges(bg, edge))
			n.Label, n.Remarks[0] = "changed in the update", "changed"
			*edge.Provenance.Selectors[0].Line = 8
			return err
		})
		n.Label = "changed after the update"
		b.view(func(r storage.Reader) {
			want := Disease("condition:one", "One")
			want.Remarks = []string{"as it was"}
			b.wants(r, "condition:one", want)
			is(b, "the edge's line", *b.edges(b.neighbors(r, "condition:one", false, kg.SubtypeOf)[0])[0].Provenance.Selectors[0].Line, 7)
		})
	}},
	{"nodes/are-deleted-and-can-come-back", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		n := alias(Disease("condition:one", "One"), "condition:other-name")
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), n) })
		b.update(func(w storage.Writer) error { return w.DeleteNodes(bg, "condition:one", "condition:never-was") })
		b.view(func(r storage.Reader) {
			b.wants(r, "condition:one", nil)
			b.wants(r, "condition:other-name", nil)
			same(b, "diseases", b.scan(r, storage.Find{Category: kg.CategoryDisease}), nil)
			same(b, "by name", b.scan(r, byTerm(kg.CategoryDisease, "name", "one")), nil)
		})
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, n) })
		b.view(func(r storage.Reader) {
			b.wants(r, "condition:other-name", n)
			same(b, "by name", b.scan(r, byTerm(kg.CategoryDisease, "name", "one")), []kg.ID{"condition:one"})
		})
	}},
	{"nodes/invalid-ones-are-refused-by-field", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source)) })
		unlabelled := Disease("condition:one", "")
		unsourced := Disease("condition:one", "One")
		unsourced.Provenance = nil
		for field, n := range map[string]kg.Node{
			"label":            unlabelled,
			"provenance":       unsourced,
			"id":               Disease("", "One"),
			"aliases[0]":       alias(Disease("condition:one", "One"), "no curie"),
			"countries[0]":     &kg.Trial{Head: head("NCT:NCT00000001", "T"), Countries: []string{"Germany"}},
			"enrollment.value": &kg.Trial{Head: head("NCT:NCT00000001", "T"), Enrollment: &kg.Quantity{Value: ptr(nan)}},
		} {
			wantInvalid(b, field, func(w storage.Writer) error { return w.PutNodes(bg, Disease("condition:two", "Two"), n) })
		}
		b.view(func(r storage.Reader) {
			b.wants(r, "condition:one", nil)
			b.wants(r, "condition:two", nil)
		})
	}},
	{"nodes/keep-their-category", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		n := Disease("condition:one", "One")
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), n) })
		wantInvalid(b, "category", func(w storage.Writer) error { return w.PutNodes(bg, Concept("condition:one", "One")) })
		b.view(func(r storage.Reader) { b.wants(r, n.ID, n) })
	}},
}

var nameLaws = []law{
	{"names/every-name-resolves", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		n := alias(Disease("condition:nmosd", "NMOSD"), "condition:devic", "condition:nmo")
		xref(n, "MONDO:0019100", kg.ExactMatch, true)
		xref(n, "DOID:8869", kg.ExactMatch, false)
		xref(n, "MESH:D009471", kg.BroaderMatch, true)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), n) })
		b.view(func(r storage.Reader) {
			for _, name := range []kg.ID{"condition:nmosd", "condition:devic", "condition:nmo", "MONDO:0019100"} {
				b.wants(r, name, n)
			}
			b.wants(r, "DOID:8869", nil)    // exact, and not verified
			b.wants(r, "MESH:D009471", nil) // verified, and broader
		})
	}},
	{"names/stale-ones-are-gone", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		old := xref(alias(Disease("condition:one", "Old name"), "condition:a", "condition:b"), "MONDO:0000001", kg.ExactMatch, true)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), old) })
		now := xref(alias(Disease("condition:one", "New name"), "condition:b"), "MONDO:0000001", kg.RelatedMatch, true)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, now) })
		b.view(func(r storage.Reader) {
			b.wants(r, "condition:one", now)
			b.wants(r, "condition:b", now)
			b.wants(r, "condition:a", nil)
			b.wants(r, "MONDO:0000001", nil)
			same(b, "old name", b.scan(r, byTerm(kg.CategoryDisease, "name", "old name")), nil)
			same(b, "old label", b.scan(r, byTerm(kg.CategoryDisease, "label", "old name")), nil)
			same(b, "new name", b.scan(r, byTerm(kg.CategoryDisease, "name", "new name")), []kg.ID{"condition:one"})
			same(b, "all names", b.scan(r, storage.Find{Category: kg.CategoryDisease, Term: "name"}), []kg.ID{"condition:one"})
		})
		// What one node no longer has, another may take.
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, alias(Disease("condition:two", "Two"), "condition:a", "MONDO:0000001"))
		})
		b.view(func(r storage.Reader) { is(b, "MONDO:0000001", b.get(r, "MONDO:0000001").Base().ID, "condition:two") })
	}},
	{"names/belong-to-one-node", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		one := xref(alias(Disease("condition:one", "One"), "condition:a"), "MONDO:0000001", kg.ExactMatch, true)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), one) })
		for name, n := range map[kg.ID]kg.Node{
			"condition:one": alias(Disease("condition:two", "Two"), "condition:one"),                              // an id, as an alias
			"condition:a":   Disease("condition:a", "A"),                                                          // an alias, as an id
			"MONDO:0000001": xref(Concept("concept:two", "Two"), "MONDO:0000001", kg.ExactMatch, true),            // of any category
			"Orphanet:1":    nil,                                                                                  // free
			"MONDO:0000002": xref(alias(Disease("condition:two", "Two")), "MONDO:0000001", kg.BroaderMatch, true), // a broader match takes no name
		} {
			if n == nil || name == "MONDO:0000002" {
				continue
			}
			err := b.refuse(storage.ErrTaken, func(w storage.Writer) error { return w.PutNodes(bg, n) })
			var taken *storage.TakenError
			if !errors.As(err, &taken) {
				t.Errorf("%s: got %v, want a TakenError", name, err)
				continue
			}
			is(b, "taken", *taken, storage.TakenError{Name: name, Owner: "condition:one", For: n.Base().ID})
		}
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, xref(Disease("condition:two", "Two"), "MONDO:0000001", kg.BroaderMatch, true))
		})
		b.refuse(storage.ErrTaken, func(w storage.Writer) error { // within one update
			return w.PutNodes(bg, Disease("condition:three", "Three"), alias(Disease("condition:four", "Four"), "condition:three"))
		})
		b.view(func(r storage.Reader) { b.wants(r, "condition:a", one) })
	}},
	{"names/move-within-one-update", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, Reference(Source), alias(Disease("condition:one", "One"), "condition:a"), alias(Disease("condition:two", "Two"), "condition:b"))
		})
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, Disease("condition:one", "One"), alias(Disease("condition:two", "Two"), "condition:a"), alias(Disease("condition:one", "One"), "condition:b"))
		})
		b.update(func(w storage.Writer) error { // a merge: one goes, the other takes its id as a name
			return errors.Join(w.DeleteNodes(bg, "condition:one"), w.PutNodes(bg, alias(Disease("condition:two", "Two"), "condition:one")))
		})
		b.view(func(r storage.Reader) {
			is(b, "the merged id", b.get(r, "condition:one").Base().ID, "condition:two")
			b.wants(r, "condition:a", nil)
			b.wants(r, "condition:b", nil)
			same(b, "diseases", b.scan(r, storage.Find{Category: kg.CategoryDisease}), []kg.ID{"condition:two"})
		})
	}},
	{"names/said-twice-are-one", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		n := xref(alias(Disease("condition:one", "One"), "condition:a", "condition:a", "condition:one"), "condition:a", kg.ExactMatch, true)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), n) })
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, alias(Disease("condition:one", "One"), "condition:a"))
		})
		b.view(func(r storage.Reader) { is(b, "condition:a", b.get(r, "condition:a").Base().ID, "condition:one") })
	}},
}

// wantInvalid runs an update that must be refused with a [kg.InvalidError] that names the field.
func wantInvalid(b *box, field string, fn func(w storage.Writer) error) {
	b.t.Helper()
	before := b.head()
	_, err := b.Update(bg, commit, fn)
	var invalid kg.InvalidError
	if !errors.As(err, &invalid) {
		b.t.Errorf("%s: got error %v, want a kg.InvalidError", field, err)
		return
	}
	found := false
	for _, f := range invalid {
		found = found || f.Field == field
	}
	if !found {
		b.t.Errorf("the error does not name %s: %v", field, invalid)
	}
	is(b, "revision after a refused update", b.head(), before)
}
