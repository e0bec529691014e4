package endpoint_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

// long tells whether the long forms were asked for (make torture).
var long = os.Getenv("STEMMA_TORTURE") == "long"

// A crowd of two hundred on one address asks for as much as it may, again and again. A small question beside it is answered soon, and
// memory does not grow without bound.
func TestSmallBesideHeavy(t *testing.T) {
	const (
		clients = 200
		heavy   = `{"query":"{people(first:25){nodes{friends(first:25){nodes{friends(first:25){nodes{name}}}}}}}"}` // some 18,000 nodes
		small   = `{"query":"{node(id:1){id ...on Person{name}}}"}`
	)
	lasting, soon := 2*time.Second, 10*time.Second // the machine may be busy with other tests
	if long {
		lasting, soon = 30*time.Second, time.Second
	}
	at, _ := serve(t, endpoint.Options{})
	pool := &http.Transport{MaxIdleConnsPerHost: clients + 1}
	defer pool.CloseIdleConnections()
	client := &http.Client{Transport: pool}
	post := func(ctx context.Context, body string) (int, error) {
		resp, err := client.Do(request(t, "POST", at, body).WithContext(ctx))
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}

	before := memory()
	ctx, cancel := context.WithTimeout(t.Context(), lasting+time.Minute)
	defer cancel()
	var crowd sync.WaitGroup
	var answered, refused atomic.Int64
	for range clients {
		crowd.Go(func() {
			for ctx.Err() == nil {
				switch status, err := post(ctx, heavy); {
				case ctx.Err() != nil:
				case err != nil:
					t.Error(err)
					return
				case status == http.StatusOK:
					answered.Add(1)
				case status == http.StatusServiceUnavailable:
					refused.Add(1)
				default:
					t.Errorf("a heavy query: status %d", status)
				}
			}
		})
	}
	var slowest time.Duration
	var most uint64
	n := 0
	for from := time.Now(); ctx.Err() == nil && (time.Since(from) < lasting || answered.Load() == 0); n++ {
		begin := time.Now()
		status, err := post(t.Context(), small)
		if err != nil || status != http.StatusOK {
			t.Errorf("a small question: %d %v", status, err)
		}
		slowest = max(slowest, time.Since(begin))
		most = max(most, memory())
	}
	cancel()
	crowd.Wait()
	t.Logf("%d small questions, the slowest took %v; %d heavy ones answered, %d refused; memory grew by %d MiB", n, slowest, answered.Load(), refused.Load(), (max(most, before)-before)>>20)
	if slowest > soon {
		t.Errorf("a small question took %v", slowest)
	}
	if most > before+500<<20 {
		t.Errorf("memory grew by %d MiB", (most-before)>>20)
	}
	if answered.Load() == 0 {
		t.Error("no heavy query was answered")
	}
}

// A crowd that has long documents validated, each of them new, does not keep a short one of the same client waiting.
func TestShortBesideLong(t *testing.T) {
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{MaxWaiting: 4}})
	var turnedAway atomic.Int64
	var crowd sync.WaitGroup
	var over atomic.Bool
	for i := range 20 {
		crowd.Go(func() {
			for n := 0; !over.Load(); n++ {
				query := fmt.Sprintf("query Q%d_%d($n:Int){%s}", i, n, repeat(95, "p%d:people(first:$n){nodes{best{id}}} "))
				if got := ask(t, at, query, nil); got.status == http.StatusServiceUnavailable {
					turnedAway.Add(1)
				}
			}
		})
	}
	for n := 0; n < 20 || turnedAway.Load() == 0; n++ {
		if got := ask(t, at, fmt.Sprintf("query S%d{hello}", n), nil); got.status != http.StatusOK {
			t.Errorf("a short document: %d %s", got.status, got.body)
			break
		}
	}
	over.Store(true)
	crowd.Wait()
}

// memory returns the bytes that the process has from the system.
func memory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// Clients that subscribe and are gone, in the middle of whatever, leave nothing behind.
func TestDroppedSubscriptions(t *testing.T) {
	n, atOnce := 300, 50
	if long {
		n = 10_000
	}
	at, _ := serve(t, endpoint.Options{})
	const query = "subscription{count(to:1000000,everyMs:1)}"
	socket := func(how int) {
		conn, _, err := websocket.Dial(t.Context(), at, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		_ = wsjson.Write(t.Context(), conn, wsMessage{Type: "connection_init"})
		_ = wsjson.Write(t.Context(), conn, subscribe("1", query))
		for range how { // the acknowledgement, then events
			if _, _, err := conn.Read(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	events := func(how int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := request(t, "POST", at, `{"query":"`+query+`"}`, "Accept", "text/event-stream").WithContext(ctx)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if _, err := io.ReadFull(resp.Body, make([]byte, 40*how)); err != nil {
			t.Error(err)
		}
	}
	socket(2)
	events(2)
	idle := func(limit int, within time.Duration) bool {
		http.DefaultClient.CloseIdleConnections()
		for deadline := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
			if runtime.NumGoroutine() <= limit {
				return true
			}
			if time.Now().After(deadline) {
				return false
			}
		}
	}
	idle(0, 500*time.Millisecond)
	before := runtime.NumGoroutine()
	jobs := make(chan int)
	var crowd sync.WaitGroup
	for range atOnce {
		crowd.Go(func() {
			for i := range jobs {
				if how := i / 2 % 4; i%2 == 0 {
					socket(how)
				} else {
					events(how)
				}
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	crowd.Wait()
	if !idle(before, time.Minute) {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
	}
}

// Variables nested as deep as JSON allows are refused or read, in a short time and with few words.
func TestDeepVariables(t *testing.T) {
	at, _ := serve(t, endpoint.Options{})
	const query = `query($f:PersonFilter){people(filter:$f,first:1){totalCount}}`
	nested := func(depth int, inner string) string {
		return strings.Repeat(`{"and":[`, depth) + inner + strings.Repeat(`]}`, depth)
	}
	for _, c := range []struct {
		name, variables, code string
	}{
		{"some", nested(10, `{"name":"x"}`), ""},
		{"wrong in the depth", nested(3000, `{"nope":1}`), "BAD_USER_INPUT"},
		{"null in the depth", nested(3000, `null`), "BAD_USER_INPUT"},
		{"deeper than JSON may be", nested(20_000, `{}`), "BAD_REQUEST"},
		{"lists", strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), "BAD_USER_INPUT"},
		{"open lists", strings.Repeat("[", 40_000), "BAD_REQUEST"},
	} {
		got := do(t, request(t, "POST", at, `{"query":"`+query+`","variables":{"f":`+c.variables+`}}`))
		if got.code() != c.code {
			t.Errorf("%s: %d %q: %.500s", c.name, got.status, got.code(), got.body)
		}
		if len(got.body) > 4<<10 {
			t.Errorf("%s: %d bytes", c.name, len(got.body))
		}
	}
}
