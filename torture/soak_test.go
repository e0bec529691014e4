package torture

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Under a mixed load of questions, writes, backups and subscriptions that are dropped without a word, memory and goroutines stay
// what they are: the medians of the last fifth are compared with those of the second.
func TestSoak(t *testing.T) {
	trials(t, "soak", 1, 1, func(t *trial) {
		dir := t.TempDir()
		p := newPlace(t, dir)
		copySeeded(t, p.data)
		l := newLedger()
		s := p.start(t)
		ctx, stop := context.WithTimeout(t.Context(), settings.soak)
		defer stop()
		var all sync.WaitGroup
		var counts [5]atomic.Int64
		var failed atomic.Pointer[error]
		again := func(n int, pause time.Duration, fn func(r *rand.Rand) error) {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(t.seed), uint64(n)))
				for ctx.Err() == nil {
					if err := fn(r); err != nil && ctx.Err() == nil {
						failed.Store(&err)
						return
					}
					counts[n].Add(1)
					select {
					case <-ctx.Done():
					case <-time.After(pause):
					}
				}
			})
		}
		for range 2 {
			again(0, 20*time.Millisecond, func(r *rand.Rand) error {
				documents := []string{studies, names, `{ diseases(first: 5) { nodes { id statements(first: 10) { totalCount } } } }`, `{ meta { revision } claims(first: 50) { nodes { id text } } }`}
				a, err := s.ask("", "query "+documents[r.IntN(len(documents))], nil)
				if err == nil && a.code() != "UNAVAILABLE" {
					err = a.err()
				}
				return err
			})
		}
		again(1, 20*time.Millisecond, func(r *rand.Rand) error {
			w := write{id: fmt.Sprintf("agent:soak-%d", r.IntN(100)), tag: fmt.Sprintf("soak-%d", counts[1].Load())}
			if !l.send(s, p.write, w, 0) {
				return l.last
			}
			return nil
		})
		again(2, 10*time.Millisecond, func(*rand.Rand) error { return dropWebsocket(ctx, s) })
		again(3, 10*time.Millisecond, func(*rand.Rand) error { return dropEvents(ctx, s) })
		again(4, max(settings.soak/50, 500*time.Millisecond), func(*rand.Rand) error {
			file := filepath.Join(dir, "backup")
			if r := command(t, "backup", "--url", s.url, "--token", p.admin, file); r.status != 0 {
				return fmt.Errorf("backup: %s", r.stderr)
			}
			return os.Remove(file)
		})
		metrics := []string{"go_goroutines", "go_memstats_heap_inuse_bytes", "process_resident_memory_bytes", "process_open_fds"}
		samples := map[string][]float64{}
		for ctx.Err() == nil {
			for _, m := range metrics {
				samples[m] = append(samples[m], s.metric(m))
			}
			time.Sleep(max(settings.soak/1000, 50*time.Millisecond))
		}
		all.Wait()
		if err := failed.Load(); err != nil {
			t.fails("%v: %s", *err, panicIn(s.log.String()))
		}
		for i, what := range []string{"questions", "writes", "websockets dropped", "event streams dropped", "backups"} {
			t.count(what, int(counts[i].Load()))
			if counts[i].Load() == 0 {
				t.fails("there were no %s", what)
			}
		}
		lines := []string{}
		for _, m := range metrics {
			n := len(samples[m]) / 5
			if n == 0 || slices.Contains(samples[m], -1) {
				t.stop("%s: %d samples", m, len(samples[m]))
			}
			early, late := median(samples[m][n:2*n]), median(samples[m][4*n:])
			lines = append(lines, fmt.Sprintf("%s %.4g, then %.4g", m, early, late))
			slack := 24.0 // of goroutines and files
			if strings.HasSuffix(m, "bytes") {
				slack = 48 << 20 // history grows, and with it what is kept of it: a log, tables' indexes, the cache
			}
			if late > early*1.25+slack {
				t.fails("GROWS: %s from %.4g to %.4g", m, early, late)
			}
		}
		t.Log(strings.Join(lines, "; "))
		theReport.note("Soak of %s, medians of the second and the last fifth: %s.", settings.soak, strings.Join(lines, "; "))
		l.holds(t, s, seedRevision)
		s.stop(t)
		checked(t, p.data)
	})
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

const subscription = `subscription { changes(since: 0) { revision { revision } } }`

// dropWebsocket subscribes, reads one event, and is gone.
func dropWebsocket(ctx context.Context, s *server) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, strings.Replace(s.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return err
	}
	defer socket.CloseNow()
	for _, text := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"` + subscription + `"}}`} {
		if err := socket.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return err
		}
		if _, got, err := socket.Read(ctx); err != nil || !strings.Contains(string(got), `"type"`) {
			return fmt.Errorf("%s: %w", got, err)
		}
	}
	return nil
}

// dropEvents does so with server-sent events.
func dropEvents(ctx context.Context, s *server) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/graphql?query="+url.QueryEscape(subscription), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"revision"`) {
			return nil
		}
	}
	return fmt.Errorf("no event: %s: %w", resp.Status, lines.Err())
}
