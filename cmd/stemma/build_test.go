package main

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/storage/memory"
)

// build makes the server that a command line asks for, and does not start it.
func build(t *testing.T, args ...string) *server {
	t.Helper()
	return buildWith(t, defaultPatience, args...)
}

func buildWith(t *testing.T, p patience, args ...string) *server {
	t.Helper()
	k, err := newParser(&host{stdout: io.Discard, stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := k.Parse(append([]string{"serve"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	c, ok := parsed.Selected().Target.Addr().Interface().(*serveCommand)
	if !ok {
		t.Fatalf("%T is no serve", parsed.Selected().Target.Interface())
	}
	if c.patience != defaultPatience {
		t.Fatalf("a server waits %v, want %v", c.patience, defaultPatience)
	}
	c.patience = p
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	gate, err := c.gate(log)
	if err != nil {
		t.Fatal(err)
	}
	store := memory.Open()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := newServer(c, store, gate, log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
