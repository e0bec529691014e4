//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/seed"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
)

// A process is the program, started by a shell that has run a line first.
type process struct {
	*running
	cmd *exec.Cmd
}

// launch starts `stemma serve` with a free port, and waits until it serves.
func launch(t *testing.T, first string, args ...string) *process {
	t.Helper()
	p := &process{running: &running{log: new(buffer), ended: make(chan int, 1)}}
	p.cmd = exec.Command("sh", append([]string{"-c", first + `; exec stemma serve --addr 127.0.0.1:0 "$@"`, "sh"}, args...)...)
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its status says it
		p.ended <- p.cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it may have ended
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := servingAt.FindStringSubmatch(p.log.String()); m != nil {
			p.url = m[1]
			return p
		}
		select {
		case status := <-p.ended:
			t.Fatalf("the server ended with %d: %s", status, p.log)
		default:
		}
	}
	t.Fatalf("the server did not begin: %s", p.log)
	return nil
}

// terminate sends SIGTERM, and returns how long the process took to end, and its status.
func (p *process) terminate(t *testing.T) (time.Duration, int) {
	t.Helper()
	begun := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case status := <-p.ended:
		return time.Since(begun), status
	case <-time.After(time.Minute):
		t.Fatalf("the server does not end: %s", p.log)
		return 0, 0
	}
}

// Whatever the program makes is its user's alone, also for a user whose files are everyone's.
func TestFilesAreTheirUsersAlone(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	stemma := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("sh", append([]string{"-c", `umask 0; exec stemma "$@"`, "sh"}, args...)...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v: %s", args, err, &errs)
		}
		return strings.TrimSpace(string(out))
	}
	admin := stemma("token", "create", "--role", "admin", "--tokens", at("tokens"))
	s := launch(t, "umask 0", "--data", at("deep/data"), "--tokens", at("tokens"))
	if _, _, code, message := s.ask(t, admin, mutation); code != "" {
		t.Fatal(message)
	}
	stemma("backup", "--url", s.url, "--token", admin, at("backup"))
	if _, status := s.terminate(t); status != statusGood {
		t.Fatalf("status %d: %s", status, s.log)
	}
	stemma("backup", "--data", at("deep/data"), at("backup2"))
	stemma("restore", at("backup"), at("restored"))
	stemma("check", "--data", at("restored"))
	seen := 0
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		seen++
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := fi.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if seen < 12 {
		t.Errorf("only %d files were seen", seen)
	}
}

// SIGTERM ends a server in ten seconds, with streams open, with a client that takes none of its answer, and while a backup runs
// that nobody reads.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, tokens := filepath.Join(dir, "data"), filepath.Join(dir, "tokens")
	admin := token(t, tokens, "root", "admin")
	fillStore(t, data)
	s := launch(t, "true", "--data", data, "--tokens", tokens)
	host := strings.TrimPrefix(s.url, "http://")

	conn, _, err := websocket.Dial(t.Context(), "ws://"+host+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for _, text := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"` + subscription + `"}}`} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// These take nothing of their answers but the first line: the windows of both sides are small, so that the server has to wait.
	const question = `{"query":"{ agents(first: 500) { nodes { label } } }"}`
	for _, request := range []string{
		"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{\"query\":\"" + subscription + "\"}",
		"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" + question,
		"GET /backup HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + admin + "\r\n\r\n",
		"GET /backup HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + admin + "\r\n\r\n",
	} {
		if _, body, _ := strings.Cut(request, "\r\n\r\n"); body != "" {
			request = fmt.Sprintf(request, len(body))
		}
		line, err := slowReader(t, host, request)
		if err != nil || !strings.Contains(line, "200 OK") {
			t.Fatalf("%.20s: %q, %v", request, line, err)
		}
	}
	// One whose request never ends, and one that never asks.
	for _, text := range []string{"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", ""} {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
	}
	// The two streams, the three whose answers are not taken, and the one whose request does not end, beside the one that asks.
	await := time.Now().Add(30 * time.Second)
	for text := ""; !strings.Contains(text, "stemma_http_requests_in_flight 7\n"); _, text = s.get(t, "/metrics") {
		if time.Now().After(await) {
			t.Fatalf("not all requests run: %s", text)
		}
	}
	took, status := s.terminate(t)
	if status != statusGood || took > 10*time.Second || !strings.Contains(s.log.String(), `"msg":"stopped"`) {
		t.Errorf("it took %v to end, with status %d: %s", took, status, s.log)
	}
	t.Logf("it took %v to end", took)
	if out, errs, status := command(t, "check", "--data", data); status != statusGood || strings.Contains(errs, "not closed cleanly") {
		t.Errorf("check: %d %s %s", status, out, errs)
	}
}

// fillStore makes a store whose answers and backups are larger than what the system keeps for a client that does not read.
func fillStore(t *testing.T, dir string) {
	t.Helper()
	s, err := badger.Open(dir, badger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seed.Apply(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	random := make([]byte, 7<<10)
	for part := range 6 {
		if _, err := s.Update(t.Context(), storage.Commit{Author: "test", Reason: "a test"}, func(w storage.Writer) error {
			for i := range 100 {
				_, _ = rand.Read(random) // never fails
				id := kg.ID(fmt.Sprintf("agent:large-%d-%d", part, i))
				err := w.PutNodes(t.Context(), &kg.Agent{Type: "ORGANISATION", Head: kg.Head{
					ID: id, Label: hex.EncodeToString(random),
					Provenance: []kg.Provenance{{Source: "source:stemma-seed", KnowledgeLevel: kg.KnowledgeAssertion, AgentType: kg.ManualAgent, RecordedAt: time.Now().UTC().Truncate(time.Second)}},
				}})
				if err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// slowReader sends a request and reads the first line of the answer, and never more.
func slowReader(t *testing.T, host, request string) (string, error) {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var set error
		err := c.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		return errors.Join(err, set)
	}}
	c, err := d.DialContext(t.Context(), "tcp", host)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, request); err != nil {
		return "", err
	}
	return bufio.NewReaderSize(c, 16).ReadString('\n')
}

// A crowd that takes all connections is waited for, not died of: descriptors are left for the store, and who waits is answered
// as soon as others leave.
func TestCrowd(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	writer := token(t, tokens, "bob", "write")
	s := launch(t, "ulimit -n 120", "--data", filepath.Join(t.TempDir(), "data"), "--tokens", tokens)
	if !strings.Contains(s.log.String(), "--max-connections") && !strings.Contains(s.log.String(), `"takes":60`) {
		t.Errorf("no word of the lower limit: %s", s.log)
	}
	host := strings.TrimPrefix(s.url, "http://")
	crowd := make([]net.Conn, 200)
	for i := range crowd {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		crowd[i] = c
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(s.log.String(), "all connections are in use"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not say that all connections are in use: %s", s.log)
		}
	}
	for _, c := range crowd {
		c.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, body := s.do(t, r); resp.StatusCode != http.StatusOK {
		t.Errorf("after the crowd: %d %s", resp.StatusCode, body)
	}
	if _, _, code, message := s.ask(t, writer, mutation); code != "" {
		t.Errorf("a write after the crowd: %s", message)
	}
	if strings.Contains(s.log.String(), "too many open files") {
		t.Errorf("descriptors ran out: %s", s.log)
	}
	if _, status := s.terminate(t); status != statusGood {
		t.Errorf("status %d: %s", status, s.log)
	}
}
