package bench

import (
	"testing"
	"time"

	"github.com/stemma-kg/stemma/bench/internal/synth"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
	"github.com/stemma-kg/stemma/storage/memory"
)

// BenchmarkLoad is the way of an import without its reading: validation, indexes, both ends of every edge, counters, the feed of
// changes and, for Badger, the disk. One commit holds 2,000 trials with their edges.
func BenchmarkLoad(b *testing.B) {
	for _, size := range []synth.Size{synth.S, synth.M} {
		b.Run("badger/"+size.Name, func(b *testing.B) {
			load(b, size, func() storage.Store {
				s, err := badger.Open(b.TempDir(), badger.Options{})
				if err != nil {
					b.Fatal(err)
				}
				return s
			})
		})
	}
	b.Run("memory/S", func(b *testing.B) {
		load(b, synth.S, func() storage.Store { return memory.Open() })
	})
}

func load(b *testing.B, size synth.Size, open func() storage.Store) {
	if testing.Short() && size != synth.S {
		b.Skip("-short: loading M takes up to a minute")
	}
	g := synth.New(size)
	var records int
	var busy time.Duration
	b.ReportAllocs()
	for b.Loop() {
		s := open()
		start := time.Now()
		done, err := g.Load(b.Context(), s)
		if err != nil {
			b.Fatal(err)
		}
		busy += time.Since(start)
		records += done.Nodes + done.Edges
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(records)/busy.Seconds(), "records/s")
}
