package badger

import (
	"context"
	"fmt"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

var (
	bg = context.Background()
	me = storage.Commit{Author: "test", Reason: "a test"}
)

// tiny keeps the tests' stores small and lets them write to any device.
var tiny = Options{MemTableBytes: 8 << 20, NodeCacheBytes: 1 << 20, MinFreeBytes: -1}

func openAt(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checked opens a store that is proven and closed when the test ends.
func checked(t testing.TB, dir string) *Store {
	t.Helper()
	s := openAt(t, dir, tiny)
	t.Cleanup(func() {
		storagetest.CheckStore(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func closed(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func update(t testing.TB, s *Store, fn func(storage.Writer) error) storage.Revision {
	t.Helper()
	rev, err := s.Update(bg, me, fn)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func trialID(i int) kg.ID { return kg.ID(fmt.Sprintf("study:t%06d", i)) }

// graph puts diseases, each with trials that other diseases share, all from one source.
func graph(diseases, trials int) func(storage.Writer) error {
	return func(w storage.Writer) error {
		if err := w.PutNodes(bg, storagetest.Reference(storagetest.Source)); err != nil {
			return err
		}
		for i := range diseases {
			d := storagetest.Disease(kg.ID(fmt.Sprintf("condition:d%d", i)), fmt.Sprintf("Disease %d", i))
			d.Aliases = []kg.ID{kg.ID(fmt.Sprintf("alias:d%d", i))}
			if err := w.PutNodes(bg, d); err != nil {
				return err
			}
		}
		for i := range trials {
			t := storagetest.Trial(trialID(i), fmt.Sprintf("Trial %d", i), kg.Date(fmt.Sprint(1990+i%30)))
			if err := w.PutNodes(bg, t); err != nil {
				return err
			}
			if err := w.PutEdges(bg, storagetest.Edge(t.ID, kg.Investigates, kg.ID(fmt.Sprintf("condition:d%d", i%diseases)))); err != nil {
				return err
			}
		}
		return nil
	}
}

// head returns the newest revision.
func revision(t testing.TB, s *Store) storage.Revision {
	t.Helper()
	var rev storage.Revision
	if err := s.View(bg, storage.At{}, func(r storage.Reader) error { rev = r.Revision(); return nil }); err != nil {
		t.Fatal(err)
	}
	return rev
}

// count returns how many trials a revision has.
func countTrials(t testing.TB, s *Store, at storage.Revision) int64 {
	t.Helper()
	var n int64
	err := s.View(bg, storage.At{Revision: at}, func(r storage.Reader) (err error) {
		n, err = r.Count(bg, storage.Find{Category: kg.CategoryTrial})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
