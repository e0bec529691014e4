package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clients is how many ask at once, each on a connection of its own that stays open.
const clients = 8

// A client posts on one connection. It does little, as it shares the machine with the server.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	path string
	out  bytes.Buffer
}

func dial(s server, path string) (*client, error) {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), path: path}, nil
}

// post sends a body and copies the answer into w.
func (c *client) post(body []byte, w io.Writer) error {
	c.out.Reset()
	fmt.Fprintf(&c.out, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", c.path, len(body))
	c.out.Write(body)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", r.Status)
	}
	_, err = io.Copy(w, r.Body)
	return err
}

// A contender is one way of answering.
type contender struct {
	name   string
	server server
	path   string
}

// A result is what a contender reached.
type result struct {
	perSecond, p50, p99 float64 // requests; milliseconds
	cpu                 float64 // milliseconds of the server for one request
	allocs, kib         float64 // for one request
	resident, anonymous float64 // MiB, after the load; anonymous is without mapped files
}

// measure asks b.N questions, from all clients at once, and reports what it saw.
func (c contender) measure(b *testing.B, bodies [][]byte) result {
	conns := make([]*client, clients)
	for i := range conns {
		var err error
		if conns[i], err = dial(c.server, c.path); err != nil {
			b.Fatal(err)
		}
		defer conns[i].conn.Close()
	}
	var next atomic.Int64
	var group sync.WaitGroup
	took := make([][]time.Duration, clients)
	failed := make([]error, clients)
	before := c.server.usage(b)
	b.ResetTimer()
	begin := time.Now()
	for i, conn := range conns {
		group.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= int64(b.N) || failed[i] != nil {
					return
				}
				start := time.Now()
				failed[i] = conn.post(bodies[scattered(n, len(bodies))], io.Discard)
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	group.Wait()
	elapsed := time.Since(begin)
	b.StopTimer()
	after := c.server.usage(b)
	for _, err := range failed {
		if err != nil {
			b.Fatalf("%s: %v", c.name, err)
		}
	}
	all := slices.Concat(took...)
	n := float64(b.N)
	r := result{
		perSecond: n / elapsed.Seconds(), p50: percentile(all, 50), p99: percentile(all, 99),
		cpu:    1000 * (after.CPUSeconds - before.CPUSeconds) / n,
		allocs: float64(after.Allocs-before.Allocs) / n, kib: float64(after.AllocBytes-before.AllocBytes) / n / 1024,
		resident: float64(after.ResidentBytes) / (1 << 20), anonymous: float64(after.AnonymousBytes) / (1 << 20),
	}
	b.ReportMetric(0, "ns/op") // of eight at once it says little
	b.ReportMetric(r.perSecond, "req/s")
	b.ReportMetric(r.p50, "p50-ms")
	b.ReportMetric(r.p99, "p99-ms")
	b.ReportMetric(r.cpu, "cpu-ms/req")
	b.ReportMetric(r.allocs, "allocs/req")
	b.ReportMetric(r.kib, "KiB/req")
	b.ReportMetric(r.resident, "rss-MiB")
	b.ReportMetric(r.anonymous, "anon-MiB")
	return r
}

// scattered visits all bodies, far from one after the other, in the same order every time.
func scattered(n int64, of int) int { return int(uint64(n) * 2_654_435_761 % uint64(of)) }

// percentile returns milliseconds.
func percentile(d []time.Duration, p int) float64 {
	slices.Sort(d)
	return d[min(len(d)-1, len(d)*p/100)].Seconds() * 1000
}
