package endpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

// byHeader is an Options.Client for tests, whose clients say who they are.
func byHeader(_ context.Context, r *http.Request) string { return r.Header.Get("X-Client") }

// dear costs so much that it runs in one of the slots that are few.
const dear = `{people(first:500){nodes{name best{best{best{best{name}}}}}}}`

// A crowd is a server whose dear operations tell that they run, and go on until they are let.
type crowd struct {
	at      string
	t       *testing.T
	running chan string // clients, as their operations begin
	end     chan struct{}
	refused chan *http.Response
	busy    chan struct{} // of each operation that got no slot, when the server is done with it
	wait    sync.WaitGroup
}

func newCrowd(t *testing.T, limits endpoint.Limits) *crowd {
	type clientKey struct{}
	c := &crowd{t: t, running: make(chan string, 1000), end: make(chan struct{}), refused: make(chan *http.Response, 1000), busy: make(chan struct{}, 1000)}
	c.at, _ = serve(t, endpoint.Options{
		Limits: limits,
		Client: byHeader,
		Observe: func(_ context.Context, o endpoint.Observation) {
			if o.Code == "UNAVAILABLE" {
				c.busy <- struct{}{}
			}
		},
		Authenticate: func(r *http.Request) (context.Context, error) {
			return context.WithValue(r.Context(), clientKey{}, r.Header.Get("X-Client")), nil
		},
		Around: func(ctx context.Context, op *graphql.OperationContext, next func(context.Context) *graphql.Response) *graphql.Response {
			name, _ := ctx.Value(clientKey{}).(string)
			if name == "" || op.RawQuery != dear {
				return next(ctx)
			}
			c.running <- name
			select {
			case <-c.end:
			case <-ctx.Done():
			}
			return &graphql.Response{Data: []byte("{}")}
		},
	})
	if got := ask(t, c.at, dear, nil); got.status != 200 { // now it is compiled, and only waits to run
		t.Fatal(got.body)
	}
	return c
}

// ask sends n dear operations of a client at once, which leaves when ctx ends.
func (c *crowd) ask(ctx context.Context, client string, n int) {
	for range n {
		c.wait.Go(func() {
			resp, err := http.DefaultClient.Do(request(c.t, "POST", c.at, `{"query":"`+dear+`"}`, "X-Client", client).WithContext(ctx))
			if err != nil {
				if ctx.Err() == nil {
					c.t.Error(err)
				}
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode != 200 {
				c.refused <- resp
			}
		})
	}
}

// finish lets all run to their end.
func (c *crowd) finish() {
	close(c.end)
	c.wait.Wait()
}

// next returns who begins to run, in a short time.
func (c *crowd) next() string {
	c.t.Helper()
	select {
	case who := <-c.running:
		return who
	case <-time.After(20 * time.Second):
		c.t.Fatal("nothing begins to run")
		return ""
	}
}

// turnedAway waits for n refusals, which come without any wait.
func (c *crowd) turnedAway(n int) {
	c.t.Helper()
	for range n {
		select {
		case got := <-c.refused:
			if got.StatusCode != 503 || got.Header.Get("Retry-After") == "" {
				c.t.Errorf("%d %v", got.StatusCode, got.Header)
			}
		case <-time.After(20 * time.Second):
			c.t.Fatal("more wait than may")
		}
	}
}

// Clients take turns, however many each has waiting, and only so many of each wait.
func TestTurns(t *testing.T) {
	c := newCrowd(t, endpoint.Limits{MaxConcurrent: 1, MaxWaiting: 40, QueueWait: time.Hour, Timeout: time.Hour})
	defer c.finish()
	c.ask(t.Context(), "a", 1)
	if who := c.next(); who != "a" {
		t.Fatal(who)
	}
	for _, who := range []string{"a", "b", "c", "d"} {
		c.ask(t.Context(), who, 13)
		c.turnedAway(3) // so ten wait
	}
	c.ask(t.Context(), "e", 1)
	c.turnedAway(1) // forty wait, which are all that may
	if got := ask(t, c.at, "{hello}", nil); got.status != 200 {
		t.Errorf("a small question: %d %s", got.status, got.body)
	}
	for range 10 {
		for _, want := range []string{"b", "c", "d", "a"} {
			c.end <- struct{}{}
			if who := c.next(); who != want {
				t.Fatalf("the turn is %s's, and %s runs", want, who)
			}
		}
	}
	c.end <- struct{}{}
	c.ask(t.Context(), "e", 1)
	if who := c.next(); who != "e" {
		t.Errorf("%s runs", who)
	}
}

// One client leaves places for others even when nobody else is there yet.
func TestNoClientHoldsAllSlots(t *testing.T) {
	c := newCrowd(t, endpoint.Limits{MaxConcurrent: 4, MaxWaiting: 4, QueueWait: time.Hour, Timeout: time.Hour})
	defer c.finish()
	c.ask(t.Context(), "a", 200)
	c.turnedAway(196)
	for range 3 {
		c.next()
	}
	c.ask(t.Context(), "b", 1)
	if who := c.next(); who != "b" {
		t.Errorf("%s runs", who)
	}
}

// A client that leaves while it waits leaves no place behind that nobody gets.
func TestLeavingWhileWaiting(t *testing.T) {
	c := newCrowd(t, endpoint.Limits{MaxConcurrent: 1, MaxWaiting: 4, QueueWait: time.Hour, Timeout: time.Hour})
	defer c.finish()
	c.ask(t.Context(), "a", 1)
	c.next()
	ctx, leave := context.WithCancel(t.Context())
	c.ask(ctx, "b", 2)
	c.turnedAway(1) // so the other one waits
	<-c.busy
	leave()
	<-c.busy // the server has seen it
	c.end <- struct{}{}
	c.ask(t.Context(), "c", 1)
	if who := c.next(); who != "c" {
		t.Errorf("%s runs", who)
	}
}

func TestNoClientHoldsAllStreams(t *testing.T) {
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{MaxStreams: 8}, Client: byHeader})
	open := func(client string) (*websocket.Conn, *http.Response, error) {
		return websocket.Dial(t.Context(), at, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"X-Client": {client}}})
	}
	var first *websocket.Conn
	for range 2 {
		conn, _, err := open("a")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		first = conn
	}
	if conn, resp, err := open("a"); err == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a third of one client: %v, %v", err, conn)
	}
	got := do(t, request(t, "POST", at, `{"query":"subscription{count(to:1)}"}`, "Accept", "text/event-stream", "X-Client", "a"))
	if got.status != 503 || !strings.Contains(got.body, "one client") {
		t.Errorf("an event stream of the same: %d %s", got.status, got.body)
	}
	got = do(t, request(t, "POST", at, `{"query":"subscription{count(to:1)}"}`, "Accept", "text/event-stream", "X-Client", "b"))
	if got.status != 200 || !strings.Contains(got.body, "complete") {
		t.Errorf("another client: %d %s", got.status, got.body)
	}
	if err := first.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if conn, _, err := open("a"); err == nil {
			_ = conn.CloseNow()
			break
		} else if time.Now().After(deadline) {
			t.Fatal(fmt.Errorf("after one was closed: %w", err))
		}
	}
}
