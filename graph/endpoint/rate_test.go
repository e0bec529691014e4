package endpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

// A clock stands still until it is turned.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time        { return time.Unix(0, c.at.Load()) }
func (c *clock) turn(by time.Duration) { c.at.Add(int64(by)) }

func TestRateLimit(t *testing.T) {
	var c clock
	at, _ := serve(t, endpoint.Options{
		Limits: endpoint.Limits{RatePerSecond: 10, RateBurst: 40},
		Now:    c.now, Client: byHeader,
		RateExempt: func(r *http.Request) bool { return r.Header.Get("X-Client") == "operator" },
		Authenticate: func(r *http.Request) (context.Context, error) {
			if r.Header.Get("Authorization") != "" {
				return nil, endpoint.Errorf(endpoint.CodeUnauthenticated, "no")
			}
			return r.Context(), nil
		},
	})
	const (
		small  = `{"query":"{hello}"}`                          // 1
		middle = `{"query":"{people(first:10){nodes{name}}}"}`  // 12
		large  = `{"query":"{people(first:100){nodes{name}}}"}` // 111
	)
	post := func(client, body string, header ...string) reply {
		t.Helper()
		return do(t, request(t, "POST", at, body, append(header, "X-Client", client)...))
	}
	want := func(name string, got reply, status, wait int) {
		t.Helper()
		if got.status != status {
			t.Errorf("%s: %d, want %d: %s", name, got.status, status, got.body)
		}
		if status != 429 {
			return
		}
		if got.code() != "RATE_LIMITED" || got.header.Get("Retry-After") != fmt.Sprint(wait) || !strings.Contains(got.body, fmt.Sprintf("in %d s", wait)) ||
			!strings.Contains(got.body, "10 nodes a second") || got.Errors[0].Extensions["limit"] != 10.0 {
			t.Errorf("%s: Retry-After %s, want %d: %s", name, got.header.Get("Retry-After"), wait, got.body)
		}
	}

	for i := range 3 {
		want(fmt.Sprint("the burst ", i), post("a", middle), 200, 0)
	}
	want("4 are left, of which asking takes one", post("a", middle), 429, 1) // 3 are left, and it lacks 8
	want("what costs little", post("a", small), 200, 0)
	for range 2 {
		want("what costs little", post("a", small), 200, 0)
	}
	want("nothing is left", post("a", small), 429, 1)
	want("another client", post("b", small), 200, 0)
	want("who is exempt", post("operator", large), 200, 0)
	c.turn(500 * time.Millisecond)
	want("five more", post("a", small), 200, 0)

	c.turn(time.Hour)
	want("more than a full bucket, once", post("a", large), 200, 0)
	want("it is 71 below zero", post("a", small), 429, 8)
	c.turn(time.Hour)
	for _, q := range []string{`{"query":"{"}`, `{"query":"{nope}"}`, `{`, `{"query":"{people(first:9000000){nodes{name}}}"}`} {
		for range 10 {
			if got := post("c", q); got.status != 400 {
				t.Errorf("%s: %d", q, got.status)
			}
		}
	}
	want("after forty that were refused", post("c", small), 429, 1)
	for range 40 {
		want("a wrong token", post("d", small, "Authorization", "Bearer x"), 401, 0)
	}
	want("after forty wrong tokens", post("d", small, "Authorization", "Bearer x"), 429, 1)
	got := post("e", "["+strings.Repeat(small+",", 9)+large+"]")
	if strings.Count(got.body, "hello") < 9 {
		t.Errorf("a batch: %s", got.body)
	}
	if got := post("f", "["+strings.Repeat(middle+",", 4)+small+"]"); strings.Count(got.body, "RATE_LIMITED") != 1 {
		t.Errorf("operations of a batch count: %s", got.body)
	}
}

// Operations on a websocket count as others do.
func TestRateLimitOnAWebsocket(t *testing.T) {
	var c clock
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{RatePerSecond: 1, RateBurst: 3}, Now: c.now})
	conn := dial(t, at, nil)
	receive(t, conn)
	for _, id := range []string{"1", "2"} {
		send(t, conn, subscribe(id, "{hello}"))
		for _, want := range []string{"next", "complete"} {
			if m := receive(t, conn); m.Type != want {
				t.Fatalf("%+v", m)
			}
		}
	}
	send(t, conn, subscribe("3", "{hello}"))
	if m := receive(t, conn); m.Type != "error" || m.ID != "3" || !strings.Contains(fmt.Sprint(m.Payload), "RATE_LIMITED") {
		t.Errorf("%+v", m)
	}
	if _, resp, err := websocket.Dial(t.Context(), at, nil); err == nil || resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "1" {
		t.Errorf("another websocket: %v", err)
	}
	c.turn(time.Second)
	send(t, conn, subscribe("4", "{hello}"))
	if m := receive(t, conn); m.Type != "next" || m.ID != "4" {
		t.Errorf("%+v", m)
	}
}
