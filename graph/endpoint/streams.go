package endpoint

import (
	"context"
	"errors"
	"sync"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// errClosing is why streams end when the server does.
var errClosing = errors.New("the server is shutting down")

// streams counts the open websockets and event streams.
type streams struct {
	closing context.Context
	close   context.CancelFunc

	mu   sync.Mutex
	n    int
	by   map[string]int // client
	idle chan struct{}  // closed when there are none, if someone waits for that
}

func newStreams() *streams {
	s := &streams{by: map[string]int{}}
	s.closing, s.close = context.WithCancel(context.Background())
	return s
}

// openStream counts a websocket or event stream in, and returns a context that also ends with the endpoint.
// When it returns no error, done must be called once, after the last goroutine of the stream has ended.
func (e *Endpoint) openStream(ctx context.Context, client string) (_ context.Context, done func(), _ *gqlerror.Error) {
	s := e.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	share := max(1, e.limits.MaxStreams/4)
	switch {
	case s.closing.Err() != nil:
		return nil, nil, Errorf(CodeUnavailable, "the server is shutting down: try again shortly")
	case s.n >= e.limits.MaxStreams:
		return nil, nil, Errorf(CodeUnavailable, "all %d streams are in use: try again shortly", e.limits.MaxStreams)
	case s.by[client] >= share:
		return nil, nil, Errorf(CodeUnavailable, "you have %d streams open, as many as one client may: close some, or run several operations on one websocket", share)
	}
	s.n++
	s.by[client]++
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.closing, func() { cancel(errClosing) })
	return ctx, func() {
		stop()
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.by[client]--; s.by[client] == 0 {
			delete(s.by, client)
		}
		if s.n--; s.n == 0 && s.idle != nil {
			close(s.idle)
			s.idle = nil
		}
	}, nil
}

// Shutdown ends all websockets and event streams, which http.Server.Shutdown would leave or wait for, and lets no
// new ones in. Queries go on. It returns when they have ended, or with ctx's error.
func (e *Endpoint) Shutdown(ctx context.Context) error {
	s := e.streams
	s.close()
	s.mu.Lock()
	if s.n == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
