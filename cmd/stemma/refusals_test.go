package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Who is refused is counted by reason, and logged with what helps to find them, never with a token.
func TestRefusalsAreCounted(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	reader := token(t, tokens, "ann", "read")
	stranger := token(t, filepath.Join(t.TempDir(), "tokens"), "eve", "admin")
	s := start(t, "--ephemeral", "--tokens", tokens)
	s.ask(t, "", mutation)
	s.ask(t, reader, mutation)
	s.ask(t, stranger, someQuestion)
	s.ask(t, "nonsense", someQuestion)
	s.get(t, "/backup")
	s.get(t, "/backup", bearer(reader)...)
	s.ask(t, reader, someQuestion)
	if err := os.WriteFile(tokens, []byte("broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, code, _ := s.ask(t, reader, someQuestion); status != 503 || code != "UNAVAILABLE" {
		t.Errorf("tokens can't be read: %d %s", status, code)
	}
	_, text := s.get(t, "/metrics")
	for _, want := range []string{`"missing"} 2`, `"role"} 2`, `"unknown"} 1`, `"malformed"} 1`, `"unreadable"} 1`} {
		if !strings.Contains(text, `stemma_auth_refused_total{reason=`+want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	log := s.log.String()
	for _, want := range []string{`"level":"INFO","msg":"refused","use":"Mutation.putAgent","reason":"missing","address":"127.0.0.1"`, `"reason":"role","address":"127.0.0.1","token":"`, `"name":"ann"`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in %s", want, log)
		}
	}
	for _, never := range []string{reader, stranger, "nonsense"} {
		if strings.Contains(log, never) {
			t.Error("a token is in the log")
		}
	}
}

// Strangers can't fill the log, and what is left out is counted in it.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	n := newRefusals()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	logged := 0
	for i := range 1000 {
		if omitted, ok := n.take(noon.Add(time.Duration(i) * time.Millisecond / 2)); ok {
			logged++
			if omitted != 0 {
				t.Errorf("%d were left out before number %d", omitted, i)
			}
		}
	}
	if logged != loggedPerSecond {
		t.Errorf("%d of 1000 in half a second were logged, want %d", logged, loggedPerSecond)
	}
	if omitted, ok := n.take(noon.Add(time.Second)); !ok || omitted != 1000-loggedPerSecond {
		t.Errorf("a second later: %t, %d left out", ok, omitted)
	}
}
