package main

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Metrics and profiles have an address of their own, which is this machine's or needs tokens.
func TestSideAddress(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	admin := token(t, tokens, "root", "admin")
	if errs, status := startAndStop(t, "--ephemeral", "--metrics-addr", "0.0.0.0:0"); status != statusError || !strings.Contains(errs, "--metrics-addr") || !strings.Contains(errs, "--tokens") {
		t.Errorf("metrics for everyone: status %d, %s", status, errs)
	}
	if errs, status := startAndStop(t, "--ephemeral", "--metrics-addr", "nowhere"); status != statusError || !strings.Contains(errs, `--metrics-addr "nowhere"`) {
		t.Errorf("status %d, %s", status, errs)
	}
	free := start(t, "--ephemeral", "--metrics-addr", "127.0.0.1:0")
	kept := start(t, "--ephemeral", "--metrics-addr", "127.0.0.1:0", "--tokens", tokens)
	one := start(t, "--ephemeral", "--tokens", tokens)
	beside := func(s *running) *running {
		return &running{url: strings.TrimSuffix(metricsAt(t, s), "/metrics")}
	}
	for _, c := range []struct {
		name         string
		server       *running
		path, secret string
		host         string
		want         int
	}{
		{"profiles, no tokens, this machine", beside(free), "/debug/pprof/", "", "", 200},
		{"one profile", beside(free), "/debug/pprof/heap", "", "", 200},
		{"the command line", beside(free), "/debug/pprof/cmdline", "", "", 200},
		{"by another name", beside(free), "/debug/pprof/heap", "", "evil.example", 403},
		{"metrics by another name", beside(free), "/metrics", "", "evil.example", 403},
		{"nothing else is there", beside(free), "/graphql?query=%7B__typename%7D", "", "", 404},
		{"profiles where there are tokens", beside(kept), "/debug/pprof/", "", "", 401},
		{"one profile", beside(kept), "/debug/pprof/heap", "", "", 401},
		{"one profile, for an admin", beside(kept), "/debug/pprof/heap", admin, "", 200},
		{"for an admin by another name", beside(kept), "/debug/pprof/heap", admin, "evil.example", 403},
		{"never on the public address", free, "/debug/pprof/", "", "", 404},
		{"never on the public address, with an address for metrics or without", one, "/debug/pprof/heap", admin, "", 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.server.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		if c.secret != "" {
			r.Header.Set("Authorization", "Bearer "+c.secret)
		}
		if resp, body := c.server.do(t, r); resp.StatusCode != c.want {
			t.Errorf("%s: %s: %d %.100s, want %d", c.name, c.path, resp.StatusCode, body, c.want)
		}
	}
	if resp, _ := free.get(t, "/metrics"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("metrics are on the public address too: %d", resp.StatusCode)
	}
}

// A profile takes longer than other answers may.
func TestProfileIsNotCut(t *testing.T) {
	short := patience{header: 200 * time.Millisecond, body: 100 * time.Millisecond, idle: time.Minute, side: 300 * time.Millisecond}
	_, at := runBuilt(t, buildWith(t, short, "--ephemeral", "--metrics-addr", "127.0.0.1:0"), listenAnywhere(t))
	r := &running{url: "http://" + at}
	resp, body := r.get(t, "/debug/pprof/profile?seconds=1")
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(body, "\x1f\x8b") {
		t.Errorf("%d %.200q", resp.StatusCode, body)
	}
}

func listenAnywhere(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// runBuilt runs a built server until the test ends, and returns its addresses.
func runBuilt(t *testing.T, s *server, public net.Listener) (publicAt, sideAt string) {
	t.Helper()
	side := listenAnywhere(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, public, side) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return public.Addr().String(), side.Addr().String()
}
