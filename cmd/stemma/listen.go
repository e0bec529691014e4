package main

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
)

// A limited listener keeps at most so many connections open. Who comes when all are taken waits in the system's queue.
type limited struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	close  sync.Once
	full   atomic.Bool
	log    *slog.Logger
}

func limit(l net.Listener, n int, log *slog.Logger) *limited {
	return &limited{Listener: l, places: make(chan struct{}, n), closed: make(chan struct{}), log: log}
}

// open returns how many connections are open.
func (l *limited) open() int { return len(l.places) }

// Accept is net.Listener's.
func (l *limited) Accept() (net.Conn, error) {
	if len(l.places) < cap(l.places)*9/10 {
		l.full.Store(false)
	}
	select {
	case l.places <- struct{}{}:
	default:
		if !l.full.Swap(true) {
			l.log.Warn("all connections are in use; new ones wait: --max-connections is too small, or somebody keeps them", "limit", cap(l.places))
		}
		select {
		case l.places <- struct{}{}:
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &seat{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Close is net.Listener's.
func (l *limited) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// A seat is a connection that others wait for.
type seat struct {
	net.Conn
	leave func()
}

// Close is net.Conn's.
func (s *seat) Close() error {
	defer s.leave()
	return s.Conn.Close()
}

// CloseWrite lets the HTTP server end an answer whose request it has not read, without a reset that would take the answer with it.
func (s *seat) CloseWrite() error {
	c, ok := s.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return c.CloseWrite()
}
