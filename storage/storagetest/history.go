package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// wander commits a random change to a graph that begins as crowd, and returns what it did.
func wander(rnd *rand.Rand, w storage.Writer) error {
	disease := func() kg.ID { return kg.ID(fmt.Sprintf("condition:n%02d", rnd.IntN(9))) }
	for range 1 + rnd.IntN(4) {
		var err error
		switch rnd.IntN(6) {
		case 0:
			err = w.DeleteNodes(bg, disease())
		case 1, 2:
			n := Disease(disease(), "Label "+string(rune('A'+rnd.IntN(6))))
			if rnd.IntN(2) == 0 {
				n.Aliases = []kg.ID{"alias:" + n.ID}
			}
			err = w.PutNodes(bg, n)
		case 3, 4:
			s, o := disease(), kg.ID("condition:hub")
			if rnd.IntN(3) == 0 {
				o = disease()
			}
			var there []kg.Node
			if there, err = w.Nodes(bg, s, o); err == nil && there[0] != nil && there[1] != nil && s != o {
				edge := EdgeFrom([]kg.ID{Source, "source:other"}[rnd.IntN(2)], s, []kg.Predicate{kg.SubtypeOf, kg.StageOf, kg.Causes}[rnd.IntN(3)], "", o)
				edge.Remark = fmt.Sprint(rnd.IntN(3))
				err = w.PutEdges(bg, edge)
			}
		case 5:
			err = w.DeleteEdges(bg, kg.EdgeKey{Subject: disease(), Predicate: kg.SubtypeOf, Object: "condition:hub", Source: Source})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wandered is the universe of a graph that wanders.
func wandered() universe {
	u := everything()
	for i := range 9 {
		id := kg.ID(fmt.Sprintf("condition:n%02d", i))
		u.names = append(u.names, id, "alias:"+id)
	}
	return u
}

var historyLaws = []law{
	{"history/every-read-as-of-every-revision-is-what-it-was", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		rnd := rand.New(rand.NewPCG(1, 2))
		b.update(crowd)
		was := map[storage.Revision]picture{}
		for range 25 {
			was[b.head()] = snapshotOf(b, 0, wandered())
			b.update(func(w storage.Writer) error { return wander(rnd, w) })
		}
		for rev := storage.Revision(1); rev < b.head(); rev++ {
			compare(b, fmt.Sprintf("as of revision %d", rev), snapshotOf(b, rev, wandered()), was[rev])
		}
	}},
	{"history/pages-of-the-past-are-cut-like-those-of-today", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		first := b.update(crowd)
		lists := crowdLists()
		var was []storage.Page[string]
		b.view(func(r storage.Reader) {
			for _, l := range lists {
				page, err := l.page(r, all)
				if err != nil {
					t.Fatal(err)
				}
				was = append(was, page)
			}
		})
		b.update(func(w storage.Writer) error {
			return errors.Join(w.DeleteNodes(bg, "condition:n01", "condition:n02", "condition:n06"), w.PutNodes(bg, Disease("condition:n04", "Zzz"), Disease("condition:between", "Label B")))
		})
		b.viewAt(first, func(r storage.Reader) {
			for i, l := range lists {
				page, err := l.page(r, all)
				if err != nil {
					t.Fatal(err)
				}
				same(b, l.name+" as it was", page.Items, was[i].Items)
				for _, size := range []int{1, 2, 5} {
					for _, backward := range []bool{false, true} {
						items, err := walk(r, l, size, backward)
						if err != nil {
							t.Fatalf("%s: %v", l.name, err)
						}
						same(b, fmt.Sprintf("%s as it was, by %d, backward %v", l.name, size, backward), items, was[i].Items)
					}
				}
			}
		})
	}},
	{"history/of-a-node-lists-its-versions", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			return errors.Join(small(w), w.PutNodes(bg, Disease("condition:one", "One")))
		})
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Disease("condition:one", "Two")) })
		b.update(func(w storage.Writer) error {
			return w.PutEdges(bg, Edge("condition:one", kg.SubtypeOf, "condition:ms"))
		}) // no change of the node
		b.update(func(w storage.Writer) error { return w.DeleteNodes(bg, "condition:one") })
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Disease("condition:two", "Another")) })
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Disease("condition:one", "Back")) })
		versions := []storage.Version{{Revision: 6}, {Revision: 4, Deleted: true}, {Revision: 2}, {Revision: 1}}
		for rev, want := range map[storage.Revision][]storage.Version{0: versions, 6: versions, 5: versions[1:], 4: versions[1:], 3: versions[2:], 2: versions[2:], 1: versions[3:]} {
			b.viewAt(rev, func(r storage.Reader) {
				got, err := r.History(bg, "condition:one")
				if err != nil {
					t.Fatal(err)
				}
				same(b, fmt.Sprintf("history as of %d", rev), got, want)
				if got, err := r.History(bg, "condition:none"); err != nil || len(got) != 0 {
					t.Errorf("history of nothing: %v, %v", got, err)
				}
			})
		}
	}},
}

var revisionLaws = []law{
	{"revisions/tell-who-when-and-how-much", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		before := time.Now().Add(-time.Second)
		var revs []storage.Revision
		for i, fn := range []func(w storage.Writer) error{
			small,
			func(w storage.Writer) error {
				return w.PutEdges(bg, Edge("condition:spms", kg.StageOf, "condition:ms"), Edge("NCT:NCT00000001", kg.Investigates, "condition:ms"))
			},
			func(w storage.Writer) error { return errors.Join(small(w), w.DeleteNodes(bg, "condition:ms")) },
		} {
			rev, err := b.Update(bg, storage.Commit{Author: fmt.Sprintf("author %d", i), Reason: "因为 reason " + fmt.Sprint(i)}, fn)
			if err != nil {
				t.Fatal(err)
			}
			revs = append(revs, rev)
		}
		same(b, "revisions", revs, []storage.Revision{1, 2, 3})
		infos, err := b.Revisions(bg, 0, 0, 100)
		if err != nil || len(infos) != 3 {
			t.Fatalf("got %d revisions, %v", len(infos), err)
		}
		for i, info := range infos {
			is(b, "revision", info.Revision, storage.Revision(i+1))
			is(b, "author", info.Author, fmt.Sprintf("author %d", i))
			is(b, "reason", info.Reason, "因为 reason "+fmt.Sprint(i))
			is(b, "release", info.Release, "")
			is(b, "zone", info.Time.Location(), time.UTC)
			if info.Time.Before(before) || info.Time.After(time.Now().Add(time.Second)) || i > 0 && info.Time.Before(infos[i-1].Time) {
				t.Errorf("revision %d was committed at %s", info.Revision, info.Time)
			}
		}
		same(b, "nodes", []int{infos[0].Nodes, infos[1].Nodes, infos[2].Nodes}, []int{7, 0, 1})
		same(b, "edges", []int{infos[0].Edges, infos[1].Edges, infos[2].Edges}, []int{0, 2, 2})
	}},
	{"revisions/are-read-by-range", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source)) })
		for i := range 9 {
			b.update(func(w storage.Writer) error { return w.PutNodes(bg, counter(i)) })
		}
		for _, q := range []struct {
			after, upto storage.Revision
			limit       int
			want        []storage.Revision
		}{
			{0, 0, 3, []storage.Revision{1, 2, 3}}, {3, 0, 3, []storage.Revision{4, 5, 6}}, {8, 0, 100, []storage.Revision{9, 10}}, {10, 0, 100, nil},
			{0, 2, 100, []storage.Revision{1, 2}}, {4, 6, 100, []storage.Revision{5, 6}}, {4, 6, 1, []storage.Revision{5}}, {6, 6, 100, nil}, {7, 6, 100, nil},
		} {
			infos, err := b.Revisions(bg, q.after, q.upto, q.limit)
			if err != nil {
				t.Fatal(err)
			}
			var got []storage.Revision
			for _, i := range infos {
				got = append(got, i.Revision)
			}
			same(b, fmt.Sprintf("after %d, up to %d, at most %d", q.after, q.upto, q.limit), got, q.want)
		}
	}},
	{"revisions/are-found-by-time", false, func(t *testing.T, e Engine) {
		if e.OpenAt == nil {
			b := open(t, e)
			b.update(small)
			rev, err := b.RevisionAt(bg, time.Now().Add(time.Hour))
			is(b, "revision in an hour", rev, 1)
			fails(b, "revision in an hour", err, nil)
			return
		}
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("east", 3600))
		now := start
		b := openAt(t, e, func() time.Time { return now })
		for _, step := range []time.Duration{0, time.Hour, 0, -30 * time.Minute, 2 * time.Hour} { // the clock is put back once
			now = now.Add(step)
			b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), counter(int(w.Revision())+1)) })
		}
		infos, err := b.Revisions(bg, 0, 0, 10)
		if err != nil || len(infos) != 5 {
			t.Fatalf("got %d revisions, %v", len(infos), err)
		}
		for i, after := range []time.Duration{0, time.Hour, time.Hour, time.Hour, 150 * time.Minute} {
			if want := start.Add(after); !infos[i].Time.Equal(want) || infos[i].Time.Location() != time.UTC {
				t.Errorf("revision %d was committed at %s, want %s", i+1, infos[i].Time, want.UTC())
			}
		}
		for after, want := range map[time.Duration]storage.Revision{
			-time.Nanosecond: 0, 0: 1, time.Minute: 1, time.Hour - time.Nanosecond: 1, time.Hour: 4, 149 * time.Minute: 4, 150 * time.Minute: 5, 1000 * time.Hour: 5,
		} {
			got, err := b.RevisionAt(bg, start.Add(after))
			if err != nil || got != want {
				t.Errorf("revision %s after the start: got %d, %v, want %d", after, got, err, want)
			}
		}
	}},
	{"revisions/of-an-empty-store", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		infos, err := b.Revisions(bg, 0, 0, 10)
		if err != nil || len(infos) != 0 {
			t.Errorf("revisions: %v, %v", infos, err)
		}
		rev, err := b.RevisionAt(bg, time.Now().Add(time.Hour))
		if err != nil || rev != 0 {
			t.Errorf("revision at: %d, %v", rev, err)
		}
		compare(b, "twice the same", snapshot(b, 0), snapshot(b, 0))
	}},
	{"releases/name-revisions", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		s, ok := storage.As[storage.Releaser](b.Store)
		if !ok {
			t.Fatal("the store is no storage.Releaser")
		}
		must := func(rev storage.Revision, err error) storage.Revision {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return rev
		}
		b.update(small)
		is(b, "first release", must(s.Release(bg, commit, "2026-01")), 1)
		is(b, "the same again", must(s.Release(bg, commit, "2026-01")), 1)
		b.update(busy)
		_, err := s.Release(bg, commit, "2026-01")
		fails(b, "a name that is taken", err, storage.ErrTaken)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, counter(1)) })
		is(b, "second release", must(s.Release(bg, commit, "二月 2026/02")), 3)
		is(b, "revisions", b.head(), 3)
		named := func() []string {
			infos, err := s.Releases(bg)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, i := range infos {
				out = append(out, fmt.Sprint(i.Revision, " ", i.Release, " ", i.Author))
			}
			return out
		}
		want := []string{"1 2026-01 storagetest", "3 二月 2026/02 storagetest"}
		same(b, "releases", named(), want)
		infos, err := b.Revisions(bg, 0, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		same(b, "names among the revisions", []string{infos[0].Release, infos[1].Release, infos[2].Release}, []string{"2026-01", "", "二月 2026/02"})
		if !e.Volatile {
			b.reopen()
			s, _ = storage.As[storage.Releaser](b.Store)
			same(b, "releases after reopening", named(), want)
		}
	}},
}
