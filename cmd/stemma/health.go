package main

import (
	"context"
	"fmt"
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
	store      storage.Store
	dir        string // of the store, "" without one
	wantsSpace bool   // it takes writes, which need space on the device
	stopping   atomic.Bool
}

// minFree is what the device must have left: the store refuses commits below 64 MiB.
const minFree = 64 << 20

// check returns what is wrong, in words that may be shown to anyone.
func (h *health) check(ctx context.Context) error {
	if h.stopping.Load() {
		return fmt.Errorf("stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := h.store.View(ctx, storage.At{}, func(r storage.Reader) error {
		_, err := r.Nodes(ctx, "source:stemma-seed") // there or not: the store is read
		return err
	}); err != nil {
		return fmt.Errorf("the store does not answer")
	}
	if h.dir == "" || !h.wantsSpace {
		return nil
	}
	if free, ok := freeBytes(h.dir); ok && free < minFree {
		return fmt.Errorf("%d MiB are free where the store is, and writes need %d", free>>20, minFree>>20)
	}
	return nil
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.check(r.Context()); err != nil {
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	serveAlive(w, r)
}
