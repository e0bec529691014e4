package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Who is slow to ask, or asks nothing, is closed.
func TestSlowClients(t *testing.T) {
	const header, body, idle = 300 * time.Millisecond, 500 * time.Millisecond, 400 * time.Millisecond
	s := buildWith(t, patience{header: header, body: body, idle: idle, side: time.Second}, "--ephemeral", "--metrics-addr", "127.0.0.1:0")
	at, _ := runBuilt(t, s, limit(listenAnywhere(t), 4096, s.log))

	const clients = 200
	var closed atomic.Int64
	var wait sync.WaitGroup
	for i := range clients {
		wait.Go(func() {
			c, err := net.Dial("tcp", at)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			begin, drip := "", "a"
			switch i % 5 {
			case 0: // its header never ends
				begin = "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
			case 1: // its body never ends
				begin = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
			case 4: // nor does this one, which nobody wants
				begin = "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{"
			case 2: // it has asked, and asks no more
				begin, drip = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", ""
			case 3: // it never says anything
				drip = ""
			}
			stop := time.Now().Add(10 * time.Second)
			go func() {
				_, err := io.WriteString(c, begin)
				for err == nil && drip != "" && time.Now().Before(stop) {
					time.Sleep(20 * time.Millisecond)
					_, err = io.WriteString(c, drip)
				}
			}()
			_ = c.SetReadDeadline(stop)
			if _, err := io.Copy(io.Discard, c); !isTimeout(err) {
				closed.Add(1)
			}
		})
	}
	wait.Wait()
	if got := closed.Load(); got < clients*9/10 {
		t.Errorf("%d of %d slow clients were closed", got, clients)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// When all connections are taken others wait, and are answered when one is free.
func TestMaxConnections(t *testing.T) {
	if errs, status := startAndStop(t, "--ephemeral", "--max-connections", "0"); status != statusError || !strings.Contains(errs, "--max-connections=0") {
		t.Errorf("status %d, %s", status, errs)
	}
	s := start(t, "--ephemeral", "--max-connections", "2", "--metrics-addr", "127.0.0.1:0")
	host := strings.TrimPrefix(s.url, "http://")
	var taken [2]net.Conn
	for i := range taken {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		taken[i] = c
	}
	answered := make(chan error, 1)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		resp, err := client.Get(s.url + "/livez")
		if err == nil {
			resp.Body.Close()
		}
		answered <- err
	}()
	side := &running{url: strings.TrimSuffix(metricsAt(t, s), "/metrics")}
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(s.log.String(), "all connections are in use"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not say that all connections are in use: %s", s.log)
		}
	}
	if _, text := side.get(t, "/metrics"); !strings.Contains(text, "stemma_connections_open 2\n") {
		t.Error("the metrics don't say that two connections are open")
	}
	select {
	case err := <-answered:
		t.Fatalf("a third was answered, %v", err)
	default:
	}
	taken[0].Close()
	select {
	case err := <-answered:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the third was never answered")
	}
}

// A breathless listener fails as one does when no descriptor is left.
type breathless struct {
	net.Listener
	failures atomic.Int64
}

func (l *breathless) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

// The server outlives having no descriptors left.
func TestNoDescriptors(t *testing.T) {
	s := build(t, "--ephemeral", "--metrics-addr", "127.0.0.1:0")
	l := &breathless{Listener: listenAnywhere(t)}
	l.failures.Store(6) // more than the places that a failure could take
	at, _ := runBuilt(t, s, limit(l, 2, s.log))
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Get("http://" + at + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
}
