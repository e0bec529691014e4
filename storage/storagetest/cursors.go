package storagetest

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

var cursorLaws = []law{
	{"cursors/stay-valid-when-their-item-is-gone", false, func(t *testing.T, e Engine) {
		for _, list := range []lister{
			scanner(storage.Find{Category: kg.CategoryDisease}),
			scanner(storage.Find{Category: kg.CategoryDisease, Descending: true}),
			scanner(storage.Find{Category: kg.CategoryDisease, Term: "label"}),
			hopper("condition:hub", true, kg.StageOf, kg.SubtypeOf),
			hopper("condition:hub", true, kg.SubtypeOf),
		} {
			b := open(t, e)
			b.update(crowd)
			var before storage.Page[string]
			b.view(func(r storage.Reader) {
				var err error
				if before, err = list.page(r, all); err != nil {
					t.Fatal(err)
				}
			})
			b.update(func(w storage.Writer) error {
				return w.DeleteNodes(bg, "condition:n02", "condition:n04", "condition:n05", "condition:n08")
			})
			b.view(func(r storage.Reader) {
				now, err := list.page(r, all)
				if err != nil {
					t.Fatal(err)
				}
				place := map[string]int{} // of what is still where it was
				for i, c := range now.Cursors {
					place[c] = i + 1
				}
				next := 0 // how many of today's items stand at or before the cursor
				for i, c := range before.Cursors {
					if at, there := place[c]; there {
						next = at
					}
					rest, err := list.page(r, storage.Window{Limit: 100, After: c})
					if err != nil {
						t.Fatalf("%s: after %s, which may be gone: %v", list.name, before.Items[i], err)
					}
					same(b, list.name+": after "+before.Items[i], rest.Items, now.Items[next:])
				}
			})
		}
	}},
	{"cursors/are-good-in-another-snapshot", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		first := b.update(crowd)
		b.update(func(w storage.Writer) error { return w.DeleteNodes(bg, "condition:n01") })
		list := scanner(storage.Find{Category: kg.CategoryDisease})
		var page storage.Page[string]
		b.viewAt(first, func(r storage.Reader) { page, _ = list.page(r, storage.Window{Limit: 4}) })
		b.view(func(r storage.Reader) {
			rest, err := list.page(r, storage.Window{Limit: 100, After: page.Cursors[3]})
			if err != nil {
				t.Fatal(err)
			}
			whole, _ := list.page(r, all)
			same(b, "the last of the rest", rest.Items[len(rest.Items)-1:], whole.Items[len(whole.Items)-1:])
		})
	}},
	{"cursors/garbage-is-refused", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(crowd)
		b.view(func(r storage.Reader) {
			for _, list := range crowdLists()[:10] {
				whole, err := list.page(r, all)
				if err != nil || len(whole.Cursors) == 0 {
					if list.name == crowdLists()[6].name {
						continue
					}
					t.Fatalf("%s: %d cursors, %v", list.name, len(whole.Cursors), err)
				}
				good := whole.Cursors[0]
				for _, c := range []string{"x", " ", "garbage", "😀", "\xff\x00", good[:len(good)/3], "!" + good, base64.StdEncoding.EncodeToString([]byte("cursor:1")), string(make([]byte, 5000))} {
					_, err := list.page(r, storage.Window{Limit: 3, After: c})
					fails(b, list.name+": after "+c[:min(len(c), 40)], err, storage.ErrBadCursor)
					_, err = list.page(r, storage.Window{Limit: 3, Before: c, Backward: true})
					fails(b, list.name+": before "+c[:min(len(c), 40)], err, storage.ErrBadCursor)
				}
			}
		})
	}},
	{"cursors/of-another-list-are-refused", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			return errors.Join(crowd(w), w.PutEdges(bg, Edge("condition:spms", kg.SubtypeOf, "condition:ms")), w.PutNodes(bg, Concept("concept:one", "One")))
		})
		lists := []lister{
			scanner(storage.Find{Category: kg.CategoryDisease}),
			scanner(storage.Find{Category: kg.CategoryTrial}),
			scanner(storage.Find{Category: kg.CategoryConcept}),
			scanner(storage.Find{Category: kg.CategoryDisease, Term: "label"}),
			scanner(storage.Find{Category: kg.CategoryDisease, Term: "name"}),
			scanner(storage.Find{Category: kg.CategoryConcept, Term: "label"}),
			hopper("condition:hub", true, kg.SubtypeOf),
			hopper("condition:hub", false, kg.IsA),
			hopper("condition:ms", true, kg.SubtypeOf),
		}
		b.view(func(r storage.Reader) {
			for i, from := range lists {
				page, err := from.page(r, all)
				if err != nil || len(page.Cursors) == 0 {
					t.Fatalf("%s: %d cursors, %v", from.name, len(page.Cursors), err)
				}
				for j, to := range lists {
					if i == j {
						continue
					}
					_, err := to.page(r, storage.Window{Limit: 3, After: page.Cursors[0]})
					fails(b, to.name+": a cursor of "+from.name, err, storage.ErrBadCursor)
					_, err = to.page(r, storage.Window{Limit: 3, Before: page.Cursors[0]})
					fails(b, to.name+": before a cursor of "+from.name, err, storage.ErrBadCursor)
				}
			}
		})
	}},
}
