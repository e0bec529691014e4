package endpoint_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

type wsMessage struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Payload any    `json:"payload,omitempty"`
}

// dial opens a websocket and initialises it, without a payload if that is nil.
func dial(t *testing.T, at string, payload any) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), at, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	send(t, conn, wsMessage{Type: "connection_init", Payload: payload})
	return conn
}

func send(t *testing.T, conn *websocket.Conn, m wsMessage) {
	t.Helper()
	if err := wsjson.Write(t.Context(), conn, m); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, conn *websocket.Conn) wsMessage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var m wsMessage
	if err := wsjson.Read(ctx, conn, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// closeCode reads until the connection is closed.
func closeCode(t *testing.T, conn *websocket.Conn) websocket.StatusCode {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func subscribe(id, query string) wsMessage {
	return wsMessage{ID: id, Type: "subscribe", Payload: map[string]any{"query": query}}
}

func TestWebsocketAuthentication(t *testing.T) {
	type who struct{}
	at, _ := serve(t, endpoint.Options{
		Authenticate: func(r *http.Request) (context.Context, error) {
			switch r.Header.Get("Authorization") {
			case "":
				return r.Context(), nil
			case "Bearer good":
				return context.WithValue(r.Context(), who{}, "ann"), nil
			}
			return nil, errors.New("unknown token")
		},
		Observe: func(ctx context.Context, o endpoint.Observation) {
			if o.Name == "Mine" && ctx.Value(who{}) != "ann" {
				t.Errorf("the operation is not ann's: %+v", o)
			}
		},
	})
	conn := dial(t, at, map[string]any{"Authorization": "Bearer good"})
	if m := receive(t, conn); m.Type != "connection_ack" {
		t.Fatalf("%+v", m)
	}
	send(t, conn, subscribe("1", "query Mine{hello}"))
	if m := receive(t, conn); m.Type != "next" {
		t.Errorf("%+v", m)
	}
	if m := receive(t, conn); m.Type != "complete" {
		t.Errorf("%+v", m)
	}
	if code := closeCode(t, dial(t, at, map[string]any{"authorization": "Bearer bad"})); code != 4403 {
		t.Errorf("close code %d", code)
	}
	if m := receive(t, dial(t, at, map[string]any{"other": 1})); m.Type != "connection_ack" {
		t.Errorf("nobody: %+v", m)
	}
	_, resp, err := websocket.Dial(t.Context(), at, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer bad"}}})
	if err == nil || resp.StatusCode != 401 {
		t.Errorf("a bad token in the upgrade: %v", err)
	}
}

func TestWebsocketLimits(t *testing.T) {
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{MaxOperations: 2, MaxStreams: 1}})
	conn := dial(t, at, nil)
	receive(t, conn)
	const forever = "subscription{count(to:9,everyMs:60000)}"
	send(t, conn, subscribe("1", forever))
	send(t, conn, subscribe("2", forever))
	send(t, conn, subscribe("3", forever))
	if m := receive(t, conn); m.Type != "error" || m.ID != "3" || !strings.Contains(fmt.Sprint(m.Payload), "TOO_MANY_OPERATIONS") {
		t.Errorf("%+v", m)
	}
	send(t, conn, wsMessage{ID: "1", Type: "complete"})
	send(t, conn, subscribe("4", "{hello}"))
	if m := receive(t, conn); m.Type != "next" || m.ID != "4" {
		t.Errorf("%+v", m)
	}
	if _, resp, err := websocket.Dial(t.Context(), at, nil); err == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a second stream: %v", err)
	}
	if got := do(t, request(t, "POST", at, `{"query":"subscription{count(to:1)}"}`, "Accept", "text/event-stream")); got.status != 503 {
		t.Errorf("an event stream: %d", got.status)
	}
}

// Clients that ask for a flood and read nothing.
func TestSlowReadersAreDropped(t *testing.T) {
	ended := make(chan endpoint.Observation, 2)
	limits := endpoint.Limits{WriteTimeout: 200 * time.Millisecond, PingInterval: 100 * time.Millisecond}
	at, _ := serve(t, endpoint.Options{Limits: limits, Observe: func(_ context.Context, o endpoint.Observation) { ended <- o }})

	conn := dial(t, at, nil)
	receive(t, conn)
	send(t, conn, subscribe("1", "subscription Flood{flood(bytes:1000000)}"))
	waitFor(t, ended, "websocket")

	raw, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	const body = `{"query":"subscription Flood{flood(bytes:1000000)}"}`
	fmt.Fprintf(raw, "POST / HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	waitFor(t, ended, "sse")
}

// A websocket on which nothing happens, and whose other side answers no pings, is closed.
func TestDeadWebsocketIsClosed(t *testing.T) {
	ended := make(chan endpoint.Observation, 1)
	limits := endpoint.Limits{WriteTimeout: 100 * time.Millisecond, PingInterval: 50 * time.Millisecond}
	at, _ := serve(t, endpoint.Options{Limits: limits, Observe: func(_ context.Context, o endpoint.Observation) { ended <- o }})
	conn := dial(t, at, nil)
	receive(t, conn)
	send(t, conn, subscribe("1", "subscription Flood{count(to:1,everyMs:600000)}"))
	waitFor(t, ended, "websocket") // nobody reads, so nobody answers
}

func waitFor(t *testing.T, ended chan endpoint.Observation, transport string) {
	t.Helper()
	select {
	case o := <-ended:
		if o.Transport != transport || o.Name != "Flood" || o.Kind != "subscription" {
			t.Errorf("%+v", o)
		}
	case <-time.After(15 * time.Second):
		t.Errorf("%s: the operation goes on for a client that does not read", transport)
	}
}

func TestShutdownEndsStreams(t *testing.T) {
	at, e := serve(t, endpoint.Options{})
	conn := dial(t, at, nil)
	receive(t, conn)
	send(t, conn, subscribe("1", "subscription{count(to:9,everyMs:60000)}"))

	resp, err := http.DefaultClient.Do(request(t, "POST", at, `{"query":"subscription{count(to:9,everyMs:60000)}"}`, "Accept", "text/event-stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	closed := make(chan websocket.StatusCode)
	go func() {
		_, _, err := conn.Read(context.WithoutCancel(t.Context()))
		closed <- websocket.CloseStatus(err)
	}()
	if err := e.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code := <-closed; code != websocket.StatusGoingAway {
		t.Errorf("close code %d", code)
	}
	text, _ := io.ReadAll(resp.Body)
	if strings.Contains(string(text), "complete") {
		t.Errorf("the stream is said to be complete, so the client would not come back: %s", text)
	}
	if got := do(t, request(t, "POST", at, `{"query":"{hello}"}`, "Accept", "text/event-stream")); got.status != 503 {
		t.Errorf("a stream after shutdown: %d", got.status)
	}
	if got := ask(t, at, "{hello}", nil); got.status != 200 {
		t.Errorf("a query after shutdown: %d", got.status)
	}
}

func TestEventStreamLives(t *testing.T) {
	ended := make(chan endpoint.Observation, 1)
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{PingInterval: 20 * time.Millisecond}, Observe: func(_ context.Context, o endpoint.Observation) { ended <- o }})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// What urql sends: it takes several kinds, and a subscription gets the one that streams.
	r := request(t, "POST", at, `{"query":"subscription Flood{count(to:9,everyMs:60000)}"}`, "Accept", "application/graphql-response+json, application/json, text/event-stream, multipart/mixed")
	resp, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if ct := resp.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/event-stream") {
		t.Fatalf("content type %s", ct)
	}
	lines := bufio.NewScanner(resp.Body)
	for beats := 0; beats < 3 && lines.Scan(); {
		if lines.Text() == ":" {
			beats++
		} else if lines.Text() != "" {
			t.Fatalf("line %q", lines.Text())
		}
	}
	cancel()
	waitFor(t, ended, "sse")
}

// revocable lets in those with the token "good", until that is revoked.
type revocable struct{ revoked atomic.Bool }

func (v *revocable) authenticate(r *http.Request) (context.Context, error) {
	if r.Header.Get("Authorization") != "Bearer good" || v.revoked.Load() {
		return nil, endpoint.Errorf(endpoint.CodeUnauthenticated, "the token was revoked")
	}
	return r.Context(), nil
}

// A token that is revoked while a stream is open ends it, though nothing is asked on it.
func TestRevokedWhileStreaming(t *testing.T) {
	const forever = "subscription{count(to:9,everyMs:60000)}"
	bearer := http.Header{"Authorization": {"Bearer good"}}
	t.Run("websocket", func(t *testing.T) {
		var v revocable
		at, _ := serve(t, endpoint.Options{Authenticate: v.authenticate, Limits: endpoint.Limits{PingInterval: 20 * time.Millisecond}})
		conn, _, err := websocket.Dial(t.Context(), at, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: bearer})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		send(t, conn, wsMessage{Type: "connection_init"})
		receive(t, conn)
		send(t, conn, subscribe("1", forever))
		send(t, conn, subscribe("2", "{hello}"))
		if m := receive(t, conn); m.Type != "next" || m.ID != "2" {
			t.Errorf("%+v", m)
		}
		v.revoked.Store(true)
		if code := closeCode(t, conn); code != 4403 {
			t.Errorf("close code %d", code)
		}
	})
	t.Run("next operation", func(t *testing.T) {
		var v revocable
		at, _ := serve(t, endpoint.Options{
			Authenticate: func(r *http.Request) (context.Context, error) {
				if r.Header.Get("Authorization") == "" {
					return r.Context(), nil // it is in connection_init
				}
				return v.authenticate(r)
			},
			Limits: endpoint.Limits{PingInterval: time.Hour},
		})
		conn := dial(t, at, map[string]any{"Authorization": "Bearer good"})
		receive(t, conn)
		v.revoked.Store(true)
		send(t, conn, subscribe("1", "{hello}"))
		if code := closeCode(t, conn); code != 4403 {
			t.Errorf("close code %d", code)
		}
	})
	t.Run("events", func(t *testing.T) {
		var v revocable
		ended := make(chan endpoint.Observation, 1)
		at, _ := serve(t, endpoint.Options{
			Authenticate: v.authenticate, Limits: endpoint.Limits{PingInterval: 20 * time.Millisecond},
			Observe: func(_ context.Context, o endpoint.Observation) { ended <- o },
		})
		resp, err := http.DefaultClient.Do(request(t, "POST", at, `{"query":"`+forever+`"}`, "Accept", "text/event-stream", "Authorization", "Bearer good"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		v.revoked.Store(true)
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		at1, at2 := strings.Index(string(text), "event: next\ndata: {\"errors\""), strings.Index(string(text), "event: complete")
		if at1 < 0 || at2 < at1 || !strings.Contains(string(text), "UNAUTHENTICATED") {
			t.Errorf("%s", text)
		}
		if o := <-ended; o.Code != "UNAUTHENTICATED" {
			t.Errorf("%+v", o)
		}
	})
}
