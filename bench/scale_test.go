package bench

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/bench/internal/synth"
)

// BenchmarkScale asks the linked-evidence query of a graph of 10,000 nodes and of one of 1,000,000, in turn, so that whatever else the
// machine does weighs on both. Filling the large graph takes a quarter of an hour, 6 GB of memory and 4 GB of disk: with STEMMA_BENCH_DIR it is done once.
func BenchmarkScale(b *testing.B) {
	if testing.Short() {
		b.Skip("-short: it needs a store of a million nodes; run it with STEMMA_BENCH_DIR=DIR, which keeps that store")
	}
	for _, mode := range []struct{ name, server string }{
		{"nodes-in-cache", "stemma"},
		{"nodes-on-disk", "stemma without a cache"}, // as are nodes of a large graph that nobody has asked for lately
	} {
		b.Run(mode.name, func(b *testing.B) { scale(b, mode.name, mode.server) })
	}
}

func scale(b *testing.B, mode, kind string) {
	sizes := []synth.Size{synth.S, synth.L}
	conns := make([]*client, len(sizes))
	for i, size := range sizes {
		var err error
		if conns[i], err = dial(start(b, kind, filled(b, size)), "/graphql"); err != nil {
			b.Fatal(err)
		}
		defer conns[i].conn.Close()
	}
	for _, q := range []question{plain, withEvidence} {
		bodies := q.bodies(busy)
		// Each question once, to have what is asked in the caches, ours and the system's.
		for _, body := range bodies {
			for _, c := range conns {
				if err := c.post(body, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		}
		var p50 [2]float64
		b.Run(q.name, func(b *testing.B) {
			took := make([][]time.Duration, len(sizes))
			b.ResetTimer()
			for n := range int64(b.N) {
				for i, c := range conns {
					start := time.Now()
					if err := c.post(bodies[scattered(n, len(bodies))], io.Discard); err != nil {
						b.Fatal(err)
					}
					took[i] = append(took[i], time.Since(start))
				}
			}
			b.StopTimer()
			b.ReportMetric(0, "ns/op")
			for i, size := range sizes {
				p50[i] = percentile(took[i], 50)
				b.ReportMetric(p50[i], size.Name+"-p50-ms")
				b.ReportMetric(percentile(took[i], 99), size.Name+"-p99-ms")
			}
			b.ReportMetric(p50[1]/p50[0], "L/S")
		})
		if p50[0] > 0 {
			fmt.Printf("%s, %s: p50 on 1,000,000 nodes is %.2f times that on 10,000\n", mode, q.name, p50[1]/p50[0])
		}
	}
}
