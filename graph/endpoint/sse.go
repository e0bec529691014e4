package endpoint

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// serveEvents answers one operation as a stream of server-sent events: `next` for each response, `complete` at
// the end, which is the distinct connections mode of the GraphQL over SSE protocol. Without an operation it
// streams the errors, which are why there is none. A client that may no longer be here is told so by a last response.
func (e *Endpoint) serveEvents(ctx context.Context, w http.ResponseWriter, r *http.Request, rq *request, op *operation, errs gqlerror.List) {
	rq.transport = "sse"
	ctx, done, err := e.openStream(ctx, rq.payer.client)
	if err != nil {
		e.observed(r.Context(), rq, op, gqlerror.List{err})
		e.fail(w, r, 0, err)
		return
	}
	defer done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	h := w.Header()
	h.Set("Content-Type", mediaEvents+"; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // a proxy that collects events would hold them back
	w.WriteHeader(http.StatusOK)
	s := &eventStream{w: w, rc: http.NewResponseController(w), timeout: e.limits.WriteTimeout}
	if s.comment() != nil { // so that the client knows at once that it is connected
		return
	}

	var beats sync.WaitGroup
	beats.Go(func() {
		cancel(s.beat(ctx, e.limits.PingInterval, func() *gqlerror.Error { _, err := e.identify(r); return err }))
	})
	defer beats.Wait()
	defer cancel(nil)

	var seen gqlerror.List
	emit := func(resp *graphql.Response) error {
		if seen == nil {
			seen = resp.Errors
		}
		return s.next(resp)
	}
	ended := false
	switch {
	case op == nil:
		ended = emit(refusal(errs...)) == nil
	case op.kind() == ast.Subscription:
		ended = e.subscribe(ctx, op, emit)
	default:
		resp, release := e.run(ctx, op)
		ended = emit(resp) == nil
		release()
	}
	var refused *gqlerror.Error
	if !ended && errors.As(context.Cause(ctx), &refused) {
		seen = gqlerror.List{refused}
		ended = s.next(refusal(refused)) == nil
	}
	if ended {
		_ = s.complete() // the client has left if this fails
	}
	e.observed(ctx, rq, op, seen)
}

// An eventStream writes events, one at a time.
type eventStream struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
}

func (s *eventStream) next(resp *graphql.Response) error {
	b := bytes.NewBufferString("event: next\ndata: ")
	encode(b, resp) // JSON has no line breaks of its own, and gqlgen writes none
	b.WriteString("\n\n")
	return s.write(b.Bytes())
}

func (s *eventStream) complete() error { return s.write([]byte("event: complete\ndata:\n\n")) }

func (s *eventStream) comment() error { return s.write([]byte(":\n\n")) }

// beat sends a comment now and then, which tells proxies that the stream lives and us when the client does not, and asks
// whether the client may still be here. It returns why the stream should end, or ctx's error.
func (s *eventStream) beat(ctx context.Context, every time.Duration, refused func() *gqlerror.Error) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			if err := refused(); err != nil {
				return err
			}
			if err := s.comment(); err != nil {
				return err
			}
		}
	}
}

// write sends text whole, or fails if the client does not take it in time.
func (s *eventStream) write(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.rc.SetWriteDeadline(time.Now().Add(s.timeout)) // not every ResponseWriter has one
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.rc.Flush()
}
