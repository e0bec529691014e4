package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A server is a process of the program that serves.
type server struct {
	url    string // when it serves
	log    *journal
	cmd    *exec.Cmd
	begun  time.Time
	ended  chan struct{} // closed when the process is gone
	client *http.Client
}

// A journal is what a process writes to standard error.
type journal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	serving chan string // the address, once
	found   bool
}

var servingAt = regexp.MustCompile(`"graphql":"(http://[^"]+)/graphql"`)

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(p)
	if !j.found {
		if m := servingAt.FindSubmatch(j.text.Bytes()); m != nil {
			j.found = true
			j.serving <- string(m[1])
		}
	}
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// tail is the end of a long text.
func tail(s string) string {
	if len(s) > 3000 {
		return "…" + s[len(s)-3000:]
	}
	return s
}

// environment is that of the program: without our variables, of which it would complain.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "STEMMA_") })
}

// launch starts `stemma serve`, and does not wait for it. Its process is gone when the test ends.
func launch(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{
		log: &journal{serving: make(chan string, 1)}, ended: make(chan struct{}), begun: time.Now(),
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	s.cmd = exec.Command(program, append([]string{"serve", "--addr", "127.0.0.1:0", "--log-format", "json"}, args...)...)
	s.cmd.Stderr, s.cmd.Env = s.log, environment()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is asked of the process's state
		close(s.ended)
	}()
	t.Cleanup(s.kill)
	return s
}

// await waits until the server serves. It fails when the process ends first, or after a minute.
func (s *server) await() error {
	select {
	case s.url = <-s.log.serving:
		return nil
	case <-s.ended:
		return fmt.Errorf("the server ended with status %d: %s", s.status(), tail(s.log.String()))
	case <-time.After(time.Minute):
		s.kill()
		return fmt.Errorf("the server neither serves nor ends within a minute: %s", tail(s.log.String()))
	}
}

// start starts a server, and fails the trial when it does not serve.
func start(t *trial, args ...string) *server {
	t.Helper()
	s := launch(t, args...)
	t.must(s.await())
	t.took("start", time.Since(s.begun))
	return s
}

// status is the exit status of a process that ended, -1 for one that a signal ended.
func (s *server) status() int { return s.cmd.ProcessState.ExitCode() }

// kill ends the process at once. It is gone when kill returns.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
	s.client.CloseIdleConnections()
}

// signal asks the process to stop.
func (s *server) signal() { _ = s.cmd.Process.Signal(syscall.SIGTERM) }

// alive tells whether the process runs.
func (s *server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// stop ends the server as an operator does, and wants it to end well.
func (s *server) stop(t *trial) {
	t.Helper()
	begun := time.Now()
	s.signal()
	select {
	case <-s.ended:
		t.took("stop", time.Since(begun))
		if s.status() != 0 {
			t.fails("the server ended with status %d: %s", s.status(), tail(s.log.String()))
		}
	case <-time.After(time.Minute):
		s.kill()
		t.fails("the server does not end within a minute of SIGTERM: %s", tail(s.log.String()))
	}
}

// get returns the status and the body of a path, status 0 when there is no answer.
func (s *server) get(path string) (int, string) {
	resp, err := s.client.Get(s.url + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// A result is what a command printed, and its exit status; -1 when it was killed because it took too long.
type result struct {
	stdout, stderr string
	status         int
}

// command runs another command of the program, for at most a minute.
func command(t *trial, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &errs, environment()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.stop("run stemma %v: %v", args, err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// checked wants `stemma check` to find nothing.
func checked(t *trial, data string) {
	t.Helper()
	if r := command(t, "check", "--data", data); r.status != 0 || !strings.Contains(r.stdout, " 0 problems") {
		t.fails("stemma check: status %d: %s%s", r.status, tail(r.stdout), tail(r.stderr))
	}
}

// A token is for writing unless the role says otherwise.
func newToken(t *trial, file, role string) string {
	t.Helper()
	r := command(t, "token", "create", "--tokens", file, "--name", "torturer", "--role", role)
	if r.status != 0 {
		t.stop("stemma token create: %s", r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// seeded is a directory that the program has filled with its evidence and closed. Trials copy it: that is quicker than to seed.
var seeded = sync.OnceValues(func() (string, error) {
	data := filepath.Join(scratch, "seeded")
	s := &server{log: &journal{serving: make(chan string, 1)}, ended: make(chan struct{}), client: http.DefaultClient}
	s.cmd = exec.Command(program, "serve", "--addr", "127.0.0.1:0", "--log-format", "json", "--data", data)
	s.cmd.Stderr, s.cmd.Env = s.log, environment()
	if err := s.cmd.Start(); err != nil {
		return "", err
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	err := s.await()
	s.signal()
	<-s.ended
	return data, err
})

// copySeeded copies the seeded directory to a new one.
func copySeeded(t *trial, to string) {
	t.Helper()
	from, err := seeded()
	t.must(err)
	copyDir(t, from, to)
}

// copyDir copies a directory, with the holes in its files.
func copyDir(t *trial, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-r", "--sparse=always", from, to).CombinedOutput(); err != nil {
		t.stop("copy %s: %v: %s", from, err, out)
	}
}
