package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// serveAlive says that the process answers, which is all that it proves.
func serveAlive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // the client has left if this fails
}

// health says whether the server should be sent requests.
type health struct {
	store    storage.Store
	writes   bool // it takes some, so that a store that can't be written to is not all of what the server is for
	stopping atomic.Bool
}

// check returns what is wrong, in words that may be shown to anyone.
func (h *health) check(ctx context.Context) error {
	if h.stopping.Load() {
		return errors.New("stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := h.store.View(ctx, storage.At{}, func(r storage.Reader) error {
		_, err := r.Nodes(ctx, "source:stemma-seed") // there or not: the store is read
		return err
	}); err != nil {
		return errors.New("the store does not answer")
	}
	gauge, ok := storage.As[storage.Gauge](h.store)
	if !ok || !h.writes {
		return nil
	}
	err := gauge.Writable()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrFull):
		return errors.New("it answers queries, and takes no writes: the device of the store is full")
	case errors.Is(err, storage.ErrCorrupt):
		return errors.New("it takes no writes, and may not answer all queries: a file of the store is damaged")
	}
	return errors.New("it answers queries, and takes no writes: the store can only be read")
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.check(r.Context()); err != nil {
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	serveAlive(w, r)
}
