package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// subprotocol is the only one spoken: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
const subprotocol = "graphql-transport-ws"

// The close codes of the protocol.
const (
	closeInvalidMessage    websocket.StatusCode = 4400
	closeUnauthorized      websocket.StatusCode = 4401
	closeForbidden         websocket.StatusCode = 4403
	closeNoSubprotocol     websocket.StatusCode = 4406
	closeInitTimeout       websocket.StatusCode = 4408
	closeSubscriberExists  websocket.StatusCode = 4409
	closeTooManyInitialise websocket.StatusCode = 4429
)

func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// serveWebsocket upgrades the connection and serves it until it ends.
func (e *Endpoint) serveWebsocket(w http.ResponseWriter, r *http.Request) {
	if !e.originAllowed(r.Header.Get("Origin"), r.Host) {
		e.fail(w, r, http.StatusForbidden, Errorf(CodeForbidden, "a page of another origin may not open a websocket here; the server's operator can allow its origin"))
		return
	}
	_, payer, err := e.admit(r)
	if err != nil {
		e.fail(w, r, 0, err)
		return
	}
	// Who asks is found out anew for each operation, so the stream goes on without it.
	ctx, done, err := e.openStream(r.Context(), payer.client)
	if err != nil {
		e.fail(w, r, 0, err)
		return
	}
	defer done()
	conn, cause := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // the origin has been checked above, by our list
	})
	if cause != nil {
		return // Accept has answered
	}
	if conn.Subprotocol() == "" {
		_ = conn.Close(closeNoSubprotocol, "Subprotocol not acceptable")
		return
	}
	conn.SetReadLimit(e.limits.MaxBodyBytes)
	s := &session{e: e, conn: conn, asks: r, running: map[string]context.CancelFunc{}}
	s.serve(ctx)
}

// A session is one websocket.
type session struct {
	e    *Endpoint
	conn *websocket.Conn

	ready bool // connection_init was acknowledged; only the reader looks

	mu      sync.Mutex
	asks    *http.Request // the upgrade, with what connection_init brought; it is authenticated again and again
	begun   bool          // connection_init has come
	running map[string]context.CancelFunc
	work    sync.WaitGroup
}

// A message is what is sent: an id unless it concerns the connection, a type, and a payload if the type has one.
type message struct {
	ID, Type string
	Payload  json.RawMessage
}

// A closure is why a connection must be closed.
type closure struct {
	code   websocket.StatusCode
	reason string
}

func (c *closure) Error() string { return c.reason }

// serve reads until the connection ends, then ends what it started.
func (s *session) serve(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.asks = s.asks.WithContext(ctx) // so that operations end with it
	s.work.Go(func() { s.ping(ctx, cancel) })
	// Reading must not end with ctx: the library would cut the connection before a close frame is out.
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), errClosing) {
			_ = s.conn.Close(websocket.StatusGoingAway, "the server is shutting down")
		} else {
			_ = s.conn.CloseNow()
		}
	})
	init := time.AfterFunc(s.e.limits.InitTimeout, func() {
		s.mu.Lock()
		late := !s.begun
		s.mu.Unlock()
		if late {
			_ = s.conn.Close(closeInitTimeout, "Connection initialisation timeout")
		}
	})
	err := s.read(ctx)
	init.Stop()
	stop()
	var c *closure
	if errors.As(err, &c) {
		_ = s.conn.Close(c.code, cut(c.reason, 110)) // a close frame has 123 bytes for the reason
	}
	cancel(err)
	_ = s.conn.CloseNow() // before waiting: an operation may be blocked in a write
	s.work.Wait()
}

// who authenticates the client, once more: what let it in may have been revoked since.
func (s *session) who() (context.Context, *http.Request, error) {
	s.mu.Lock()
	asks := s.asks
	s.mu.Unlock()
	ctx, err := s.e.identify(asks)
	if err != nil {
		return nil, nil, &closure{closeForbidden, "Forbidden"}
	}
	return ctx, asks, nil
}

// ping finds out whether the other side still lives, and may still be here.
func (s *session) ping(ctx context.Context, cancel context.CancelCauseFunc) {
	t := time.NewTicker(s.e.limits.PingInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if _, _, err := s.who(); err != nil {
				_ = s.conn.Close(closeForbidden, "Forbidden")
				return
			}
			wait, done := context.WithTimeout(ctx, s.e.limits.WriteTimeout)
			err := s.conn.Ping(wait)
			done()
			if err != nil {
				cancel(err)
				return
			}
		}
	}
}

// read handles messages until there are no more. A *closure says how to end.
func (s *session) read(ctx context.Context) error {
	for {
		kind, text, err := s.conn.Read(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			return &closure{closeInvalidMessage, "Invalid message: text is expected, not binary"}
		}
		var m struct {
			ID      *string         `json:"id"`
			Type    *string         `json:"type"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := s.e.decode(text, &m); err != nil || m.Type == nil {
			return &closure{closeInvalidMessage, "Invalid message: a JSON object with a type is expected"}
		}
		switch *m.Type {
		case "connection_init":
			err = s.initialise(ctx, m.Payload)
		case "ping":
			if !isObject(m.Payload) {
				return &closure{closeInvalidMessage, "Invalid message: the payload of a ping is an object"}
			}
			err = s.write(ctx, message{Type: "pong", Payload: m.Payload})
		case "pong":
		case "subscribe":
			err = s.subscribe(m.ID, m.Payload)
		case "complete":
			if m.ID == nil || *m.ID == "" {
				return &closure{closeInvalidMessage, "Invalid message: complete needs an id"}
			}
			s.forget(*m.ID)
		default:
			err = &closure{closeInvalidMessage, "Invalid message: unknown type"}
		}
		if err != nil {
			return err
		}
	}
}

// isObject tells whether an optional payload is one that the protocol allows.
func isObject(payload json.RawMessage) bool {
	p := bytes.TrimSpace(payload)
	return len(p) == 0 || p[0] == '{' || string(p) == "null"
}

func (s *session) initialise(ctx context.Context, payload json.RawMessage) error {
	s.mu.Lock()
	twice := s.begun
	s.begun = true
	s.mu.Unlock()
	if twice {
		return &closure{closeTooManyInitialise, "Too many initialisation requests"}
	}
	if !isObject(payload) {
		return &closure{closeInvalidMessage, "Invalid message: the payload of connection_init is an object"}
	}
	var params map[string]any
	if len(payload) > 0 {
		if err := s.e.decode(payload, &params); err != nil {
			return &closure{closeInvalidMessage, "Invalid message: the payload of connection_init is an object"}
		}
	}
	for name, value := range params {
		token, ok := value.(string)
		if !ok || !strings.EqualFold(name, "authorization") {
			continue
		}
		r := s.asks.Clone(s.asks.Context())
		r.Header.Set("Authorization", token)
		s.mu.Lock()
		s.asks = r
		s.mu.Unlock()
		if _, _, err := s.who(); err != nil {
			return err
		}
	}
	s.ready = true
	return s.write(ctx, message{Type: "connection_ack"})
}

// subscribe begins an operation of any kind.
func (s *session) subscribe(id *string, payload json.RawMessage) error {
	if !s.ready {
		return &closure{closeUnauthorized, "Unauthorized"}
	}
	if id == nil || *id == "" {
		return &closure{closeInvalidMessage, "Invalid message: subscribe needs an id"}
	}
	rq, err := s.e.parseRequest(payload)
	if err != nil {
		return &closure{closeInvalidMessage, "Invalid message: subscribe needs a payload with a query"}
	}
	known, asks, cause := s.who()
	if cause != nil {
		return cause
	}
	rq.payer, rq.header, rq.transport, rq.received = s.e.payer(known, asks), asks.Header, "websocket", time.Now()

	ctx, cancel := context.WithCancel(known)
	s.mu.Lock()
	_, taken := s.running[*id]
	full := len(s.running) >= s.e.limits.MaxOperations
	if !taken && !full {
		s.running[*id] = cancel
	}
	s.mu.Unlock()
	switch {
	case taken:
		cancel()
		return &closure{closeSubscriberExists, "Subscriber for " + *id + " already exists"}
	case full:
		cancel()
		err := Errorf(CodeTooManyOperations, "at most %d operations are open on one websocket: complete some, or open another", s.e.limits.MaxOperations)
		return s.write(known, message{ID: *id, Type: "error", Payload: encoded(gqlerror.List{err})})
	}
	s.work.Go(func() {
		defer cancel()
		s.execute(ctx, *id, rq)
	})
	return nil
}

// execute runs one operation to its end. After the client has completed it nothing more is sent.
func (s *session) execute(ctx context.Context, id string, rq *request) {
	op, errs := s.e.prepare(ctx, rq)
	if len(errs) > 0 {
		s.e.observed(ctx, rq, nil, errs)
		if s.finish(ctx, id) {
			_ = s.write(ctx, message{ID: id, Type: "error", Payload: encoded(errs)})
		}
		return
	}
	var seen gqlerror.List
	emit := func(resp *graphql.Response) error {
		if seen == nil {
			seen = resp.Errors
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if resp.Data == nil && len(resp.Errors) > 0 {
			// The operation could not be executed at all, which ends it with an error message.
			if s.finish(ctx, id) {
				return s.write(ctx, message{ID: id, Type: "error", Payload: encoded(resp.Errors)})
			}
			return nil
		}
		var b bytes.Buffer
		encode(&b, resp)
		return s.write(ctx, message{ID: id, Type: "next", Payload: b.Bytes()})
	}
	ended := false
	if op.kind() == ast.Subscription {
		ended = s.e.subscribe(ctx, op, emit)
	} else {
		resp, release := s.e.run(ctx, op)
		ended = emit(resp) == nil
		release()
	}
	s.e.observed(ctx, rq, op, seen)
	if s.finish(ctx, id) && ended {
		_ = s.write(ctx, message{ID: id, Type: "complete"})
	}
}

// finish takes an operation off the list before its last message, so that its id is free when that arrives.
// It is false if the client has completed it, or another has the id by now.
func (s *session) finish(ctx context.Context, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	_, listed := s.running[id]
	delete(s.running, id)
	return listed
}

// forget cancels an operation that the client has completed. It may have ended already.
func (s *session) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, ok := s.running[id]; ok {
		cancel()
		delete(s.running, id)
	}
}

// write sends a message. A client that does not take it in time is cut off by the library.
func (s *session) write(ctx context.Context, m message) error {
	var b bytes.Buffer
	b.Grow(len(m.Payload) + 64)
	b.WriteString(`{"type":"` + m.Type + `"`)
	if m.ID != "" {
		b.WriteString(`,"id":`)
		writeJSON(&b, m.ID)
	}
	if len(m.Payload) > 0 {
		b.WriteString(`,"payload":`)
		b.Write(m.Payload)
	}
	b.WriteByte('}')
	// An operation that is cancelled while it writes must not take the connection with it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.e.limits.WriteTimeout)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, b.Bytes())
}

func encoded(errs gqlerror.List) json.RawMessage {
	var b bytes.Buffer
	writeJSON(&b, errs)
	return b.Bytes()
}
