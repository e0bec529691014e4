package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A lister reads one window of one list: what is true of pages is true of scans and of neighbours.
type lister struct {
	name string
	page func(r storage.Reader, w storage.Window) (storage.Page[string], error)
}

func scanner(find storage.Find) lister {
	return lister{fmt.Sprintf("scan %s by %q, descending %v", find.Category, find.Term, find.Descending), func(r storage.Reader, w storage.Window) (storage.Page[string], error) {
		find.Window = w
		p, err := r.Scan(bg, find)
		return named(p, func(n kg.Node) string { return string(n.Base().ID) }), err
	}}
}

func hopper(id kg.ID, reverse bool, predicates ...kg.Predicate) lister {
	return lister{fmt.Sprintf("neighbors of %s by %v, reverse %v", id, predicates, reverse), func(r storage.Reader, w storage.Window) (storage.Page[string], error) {
		pages, err := r.Neighbors(bg, []kg.ID{id}, storage.Hop{Predicates: predicates, Reverse: reverse, Window: w})
		if err != nil {
			return storage.Page[string]{}, err
		}
		if len(pages) != 1 {
			return storage.Page[string]{}, fmt.Errorf("got %d pages for one id", len(pages))
		}
		return named(pages[0], func(n storage.Neighbor) string { return string(n.Predicate) + " " + string(n.Node.Base().ID) }), nil
	}}
}

func named[T any](p storage.Page[T], name func(T) string) storage.Page[string] {
	out := storage.Page[string]{Cursors: p.Cursors, HasNext: p.HasNext, HasPrev: p.HasPrev, Total: p.Total}
	for _, it := range p.Items {
		out.Items = append(out.Items, name(it))
	}
	return out
}

// crowd is a hub with neighbours by two predicates, many of which tie in rank.
func crowd(w storage.Writer) error {
	if err := errors.Join(small(w), w.PutNodes(bg, Disease("condition:hub", "Hub"))); err != nil {
		return err
	}
	for i := range 9 {
		id := kg.ID(fmt.Sprintf("condition:n%02d", (i*5)%9))
		d := Disease(id, "Label "+string(rune('A'+i%4)))
		d.Labels = []kg.Label{{Text: "Other " + string(rune('A'+i%3)), Language: "en", Role: kg.Synonym, Origin: kg.FromCurator}}
		if err := w.PutNodes(bg, d); err != nil {
			return err
		}
		var err error
		if i%3 != 0 {
			err = w.PutEdges(bg, Edge(id, kg.SubtypeOf, "condition:hub"), EdgeFrom("source:other", id, kg.SubtypeOf, "", "condition:hub"), Edge("condition:hub", kg.IsA, id))
		}
		if i%2 == 0 {
			err = errors.Join(err, w.PutEdges(bg, Edge(id, kg.StageOf, "condition:hub"), Edge("condition:hub", kg.Causes, id)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func crowdLists() []lister {
	return []lister{
		scanner(storage.Find{Category: kg.CategoryDisease}),
		scanner(storage.Find{Category: kg.CategoryDisease, Descending: true}),
		scanner(storage.Find{Category: kg.CategoryDisease, Term: "name"}),
		scanner(storage.Find{Category: kg.CategoryDisease, Term: "name", Descending: true}),
		scanner(storage.Find{Category: kg.CategoryDisease, Term: "label", From: "label b", To: "label d"}),
		scanner(storage.Find{Category: kg.CategoryDisease, Term: "label", Equal: ptr("label a")}),
		scanner(storage.Find{Category: kg.CategoryTrial, Term: "phase"}),
		hopper("condition:hub", true, kg.SubtypeOf),
		hopper("condition:hub", true, kg.StageOf, kg.SubtypeOf),
		hopper("condition:hub", false, kg.IsA, kg.Causes),
		hopper("condition:hub", false, kg.Causes),
		hopper("condition:none", false, kg.Causes),
	}
}

var neighborPageLaws = []law{
	{"pages/resume-at-every-cut-for-every-size", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(crowd)
		b.view(func(r storage.Reader) {
			for _, l := range crowdLists() {
				cutEverywhere(b, r, l)
			}
		})
	}},
	{"pages/are-the-same-inside-an-update", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error { // all of it pending
			if err := crowd(w); err != nil {
				return err
			}
			for _, l := range crowdLists() {
				cutEverywhere(b, w, l)
			}
			return nil
		})
		b.update(func(w storage.Writer) error { // half of it pending: some gone, some new, some moved
			err := errors.Join(w.DeleteNodes(bg, "condition:n03"), w.PutNodes(bg, Disease("condition:n04", "Aaa"), Disease("condition:n05", "Zzz"), Disease("condition:new", "Label B")),
				w.PutEdges(bg, Edge("condition:new", kg.SubtypeOf, "condition:hub"), Edge("condition:hub", kg.IsA, "condition:new")),
				w.DeleteEdges(bg, kg.EdgeKey{Subject: "condition:n02", Predicate: kg.SubtypeOf, Object: "condition:hub", Source: Source}))
			for _, l := range crowdLists() {
				cutEverywhere(b, w, l)
			}
			return err
		})
	}},
	{"pages/merge-predicates-in-one-order", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(crowd)
		b.view(func(r storage.Reader) {
			for _, order := range [][]kg.Predicate{{kg.SubtypeOf, kg.StageOf}, {kg.StageOf, kg.SubtypeOf}, {kg.StageOf, kg.SubtypeOf, kg.StageOf}} {
				merged := b.neighbors(r, "condition:hub", true, order...)
				parts := len(b.neighbors(r, "condition:hub", true, kg.SubtypeOf)) + len(b.neighbors(r, "condition:hub", true, kg.StageOf))
				is(b, fmt.Sprintf("neighbours by %v", order), len(merged), parts)
				if !slices.IsSortedFunc(merged, byRank) {
					t.Errorf("neighbours by %v are not in the order of rank and id: %v", order, far(merged))
				}
			}
			same(b, "no predicate", b.in(r, "condition:hub"), nil)
		})
	}},
	{"pages/of-several-nodes-are-in-the-order-asked", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(crowd)
		b.view(func(r storage.Reader) {
			asked := []kg.ID{"condition:n02", "condition:none", "condition:hub", "condition:n02", "condition:n01"}
			hop := storage.Hop{Predicates: []kg.Predicate{kg.SubtypeOf, kg.StageOf, kg.IsA}, Window: storage.Window{Limit: 3, Count: true}}
			pages, err := r.Neighbors(bg, asked, hop)
			if err != nil || len(pages) != len(asked) {
				t.Fatalf("got %d pages and error %v for %d ids", len(pages), err, len(asked))
			}
			for i, id := range asked {
				alone, err := r.Neighbors(bg, []kg.ID{id}, hop)
				if err != nil {
					t.Fatal(err)
				}
				same(b, "page of "+string(id), far(pages[i].Items), far(alone[0].Items))
				same(b, "cursors of "+string(id), pages[i].Cursors, alone[0].Cursors)
				is(b, "total of "+string(id), pages[i].Total, alone[0].Total)
				is(b, "more of "+string(id), pages[i].HasNext, alone[0].HasNext)
			}
			if none, err := r.Neighbors(bg, nil, hop); err != nil || len(none) != 0 {
				t.Errorf("no ids: got %v, %v", none, err)
			}
		})
	}},
}

// byRank compares neighbours in the one order that there is: by rank, and by id where ranks tie.
func byRank(x, y storage.Neighbor) int {
	return slices.Compare([]string{x.Node.Rank(), string(x.Node.Base().ID)}, []string{y.Node.Rank(), string(y.Node.Base().ID)})
}

// cutEverywhere proves a list's pages against the whole of it: every window between two cursors, of every size, both ways.
func cutEverywhere(b *box, r storage.Reader, l lister) {
	b.t.Helper()
	whole, err := l.page(r, all)
	if err != nil {
		b.t.Errorf("%s: %v", l.name, err)
		return
	}
	n := len(whole.Items)
	is(b, l.name+": total", int(whole.Total), n)
	is(b, l.name+": cursors", len(whole.Cursors), n)
	is(b, l.name+": more before or after the whole", whole.HasNext || whole.HasPrev, false)
	seen := map[string]bool{}
	for i, c := range whole.Cursors {
		if c == "" || seen[c] {
			b.t.Errorf("%s: cursor %q of %s is empty or another's", l.name, c, whole.Items[i])
		}
		seen[c] = true
	}
	for after := -1; after < n; after++ {
		for before := 0; before <= n; before++ {
			for _, limit := range []int{0, 1, 2, 3, 7, n, n + 1} {
				for _, backward := range []bool{false, true} {
					w := storage.Window{Limit: limit, Backward: backward, Count: (after+before)%2 == 0}
					if after >= 0 {
						w.After = whole.Cursors[after]
					}
					if before < n {
						w.Before = whole.Cursors[before]
					}
					span := whole.Items[min(after+1, n):max(before, min(after+1, n))]
					want := storage.Page[string]{Items: span}
					if len(span) > limit {
						if backward {
							want.Items, want.HasPrev = span[len(span)-limit:], true
						} else {
							want.Items, want.HasNext = span[:limit], true
						}
					}
					if w.Count {
						want.Total = int64(n)
					}
					got, err := l.page(r, w)
					switch {
					case err != nil:
						b.t.Errorf("%s: after %d, before %d, %+v: %v", l.name, after, before, w, err)
					case !slices.Equal(got.Items, want.Items) || got.Total != want.Total || len(got.Cursors) != len(got.Items):
						b.t.Errorf("%s: after %d, before %d, limit %d, backward %v:\n got %v of %d with %d cursors\nwant %v of %d", l.name, after, before, limit, backward,
							got.Items, got.Total, len(got.Cursors), want.Items, want.Total)
					case limit > 0 && (got.HasNext != want.HasNext || got.HasPrev != want.HasPrev):
						b.t.Errorf("%s: after %d, before %d, limit %d, backward %v: next %v and previous %v, want %v and %v", l.name, after, before, limit, backward,
							got.HasNext, got.HasPrev, want.HasNext, want.HasPrev)
					}
					for i, c := range got.Cursors {
						if at := slices.Index(whole.Cursors, c); at < 0 || whole.Items[at] != got.Items[i] {
							b.t.Errorf("%s: the cursor of %s is another one within a page", l.name, got.Items[i])
						}
					}
					if b.t.Failed() {
						return
					}
				}
			}
		}
	}
}

// walk reads a list page by page.
func walk(r storage.Reader, l lister, size int, backward bool) ([]string, error) {
	var out []string
	w := storage.Window{Limit: size, Backward: backward}
	for range 1000 { // far more pages than any list of the law has
		p, err := l.page(r, w)
		if err != nil {
			return nil, err
		}
		if backward {
			out = slices.Concat(p.Items, out)
		} else {
			out = append(out, p.Items...)
		}
		if more := p.HasNext || p.HasPrev; !more {
			return out, nil
		}
		if len(p.Cursors) == 0 {
			return nil, fmt.Errorf("an empty page says that there is more")
		}
		if backward {
			w.Before = p.Cursors[0]
		} else {
			w.After = p.Cursors[len(p.Cursors)-1]
		}
	}
	return nil, fmt.Errorf("the pages do not come to an end")
}
