package badger

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// benchNodes is how many trials the benchmarks' graph has; each has five edges. STEMMA_BENCH_NODES sets another number, such as 200000
// for the size that the project's targets are about.
func benchNodes(b *testing.B) int {
	if s := os.Getenv("STEMMA_BENCH_NODES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 20_000
}

// benchGraph fills a store once for all benchmarks, in commits of a document's size.
func benchGraph(b *testing.B) (*Store, int) {
	n := benchNodes(b)
	s := openAt(b, b.TempDir(), Options{})
	b.Cleanup(func() { closed(b, s) })
	const batch = 2000
	agents := n / 20
	for from := 0; from < agents; from += batch {
		update(b, s, func(w storage.Writer) error {
			if err := w.PutNodes(bg, storagetest.Reference(storagetest.Source)); err != nil {
				return err
			}
			for i := from; i < min(from+batch, agents); i++ {
				if err := w.PutNodes(bg, storagetest.Agent(agentID(i), fmt.Sprintf("Agent %d of many", i)), storagetest.Disease(diseaseID(i), fmt.Sprintf("Disease %d of many", i))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < n; from += batch {
		update(b, s, func(w storage.Writer) error {
			for i := from; i < min(from+batch, n); i++ {
				t := storagetest.Trial(trialID(i), fmt.Sprintf("A trial of something in somebody, number %d", i), kg.Date(fmt.Sprint(1990+i%30)))
				edges := []kg.Edge{storagetest.Edge(t.ID, kg.Investigates, diseaseID(i%agents)), storagetest.Edge(t.ID, kg.Investigates, diseaseID(rnd.IntN(agents)))}
				for range 3 {
					edges = append(edges, storagetest.EdgeFrom(storagetest.Source, t.ID, kg.Involves, kg.Site, agentID(rnd.IntN(agents))))
				}
				if err := w.PutNodes(bg, t); err != nil {
					return err
				}
				if err := w.PutEdges(bg, edges...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return s, n
}

func agentID(i int) kg.ID   { return kg.ID(fmt.Sprintf("agent:a%06d", i)) }
func diseaseID(i int) kg.ID { return kg.ID(fmt.Sprintf("condition:d%06d", i)) }

func BenchmarkStore(b *testing.B) {
	s, n := benchGraph(b)
	view := func(b *testing.B, fn func(r storage.Reader) error) {
		b.Helper()
		if err := s.View(bg, storage.At{}, fn); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("point", func(b *testing.B) {
		rnd := rand.New(rand.NewPCG(3, 4))
		b.ReportAllocs()
		for b.Loop() {
			view(b, func(r storage.Reader) error { _, err := r.Nodes(bg, trialID(rnd.IntN(n))); return err })
		}
	})
	b.Run("point-hot", func(b *testing.B) {
		rnd := rand.New(rand.NewPCG(3, 4))
		b.ReportAllocs()
		for b.Loop() {
			view(b, func(r storage.Reader) error { _, err := r.Nodes(bg, trialID(rnd.IntN(100))); return err })
		}
	})
	hop := func(b *testing.B, diseases int) {
		rnd := rand.New(rand.NewPCG(5, 6))
		b.ReportAllocs()
		for b.Loop() {
			view(b, func(r storage.Reader) error {
				p, err := r.Neighbors(bg, []kg.ID{diseaseID(rnd.IntN(diseases))}, storage.Hop{Predicates: []kg.Predicate{kg.Investigates}, Reverse: true, Window: storage.Window{Limit: 20, Count: true}})
				if err == nil && len(p[0].Items) < 15 {
					err = fmt.Errorf("%d neighbours", len(p[0].Items))
				}
				return err
			})
		}
	}
	b.Run("hop-of-20", func(b *testing.B) { hop(b, n/20) })
	b.Run("hop-of-20-hot", func(b *testing.B) { hop(b, 20) })
	b.Run("hop-of-20-with-evidence", func(b *testing.B) {
		rnd := rand.New(rand.NewPCG(5, 6))
		b.ReportAllocs()
		for b.Loop() {
			view(b, func(r storage.Reader) error {
				p, err := r.Neighbors(bg, []kg.ID{diseaseID(rnd.IntN(n / 20))}, storage.Hop{Predicates: []kg.Predicate{kg.Investigates}, Reverse: true, Window: storage.Window{Limit: 20}})
				if err != nil {
					return err
				}
				for _, i := range p[0].Items {
					if _, err := i.Edges(); err != nil {
						return err
					}
				}
				return nil
			})
		}
	})
	b.Run("scan-of-25", func(b *testing.B) {
		b.ReportAllocs()
		after := ""
		for b.Loop() {
			view(b, func(r storage.Reader) error {
				p, err := r.Scan(bg, storage.Find{Category: kg.CategoryTrial, Window: storage.Window{After: after, Limit: 25, Count: true}})
				if after = ""; err == nil && p.HasNext {
					after = p.Cursors[24]
				}
				return err
			})
		}
	})
}

// BenchmarkCommit sets a durable commit of one node beside what Badger alone takes, with the same settings, for one transaction of as many entries
// with as many bytes: the difference is the acknowledged mark, the indexes, the feed and the audit log.
func BenchmarkCommit(b *testing.B) {
	s := openAt(b, b.TempDir(), Options{})
	b.Cleanup(func() { closed(b, s) })
	update(b, s, graph(2, 1000))
	node := func(i int) kg.Node {
		return storagetest.Trial(trialID(i%1000), fmt.Sprintf("A trial that has changed for the %dth time", i), "2024")
	}
	b.Run("stemma", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			update(b, s, func(w storage.Writer) error { return w.PutNodes(bg, node(i)) })
		}
	})
	var like []entry
	update(b, s, func(w storage.Writer) error { return w.PutNodes(bg, node(1<<20)) })
	txn, h := s.latest()
	it := txn.NewIterator(badgerdb.IteratorOptions{AllVersions: true, SinceTs: h.last() - 1})
	for it.Rewind(); it.Valid(); it.Next() {
		v, err := it.Item().ValueCopy(nil)
		if err != nil {
			b.Fatal(err)
		}
		like = append(like, entry{it.Item().KeyCopy(nil), v})
	}
	it.Close()
	txn.Discard()
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("badger-alone/writers=%d", writers), func(b *testing.B) {
			db, err := badgerdb.OpenManaged(Options{}.withDefaults().badgerOptions(b.TempDir()))
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					b.Fatal(err)
				}
			}()
			var ts atomic.Uint64
			b.ReportMetric(float64(len(like)), "entries")
			b.SetParallelism((writers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			write := func() {
				n := ts.Add(1)
				txn := db.NewTransactionAt(n, true)
				for _, e := range like {
					if err := txn.Set(e.key, e.value); err != nil {
						b.Fatal(err)
					}
				}
				if err := txn.CommitAt(n, nil); err != nil {
					b.Fatal(err)
				}
			}
			if writers == 1 {
				for b.Loop() {
					write()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					write()
				}
			})
		})
	}
	b.Run("stemma/writers=16", func(b *testing.B) {
		var n atomic.Int64
		b.SetParallelism((16 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := int(n.Add(1)) + 1<<21
				if _, err := s.Update(bg, me, func(w storage.Writer) error { return w.PutNodes(bg, node(i)) }); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkAudit is what the audit log adds to a commit: a digest of what it writes, and a row that is sealed. BenchmarkStore/durable-commit
// is the commit of one node.
func BenchmarkAudit(b *testing.B) {
	for _, entries := range []int{10, 1000} {
		b.Run(fmt.Sprintf("entries-%d", entries), func(b *testing.B) {
			var wrote []entry
			for i := range entries {
				key := nodeKey(trialID(i))
				wrote = append(wrote, entry{key, seal(key, make([]byte, 200))})
			}
			s := new(Store)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.nextRow(storage.AuditRow{Action: storage.AuditCommit, Content: contentOf(wrote)}, me); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoad is the whole way of a document: validation, indexes, mirrors, counters, feed, and the disk.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		_, n := benchGraph(b)
		b.ReportMetric(float64(n)*6/b.Elapsed().Seconds()*float64(b.N), "records/s")
	}
}
