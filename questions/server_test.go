package questions

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A server is a stemma of its own, built from the source, with a data directory that was empty.
type server struct {
	graphql string
	logFile string
}

// startTime bounds how long a server may take until it is ready, and until it is gone. It is no measurement: a machine may be busy.
const startTime = time.Minute

func start(t *testing.T) *server {
	t.Helper()
	lookAtSources(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "stemma")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/stemma").CombinedOutput(); err != nil {
		t.Fatalf("build cmd/stemma: %v\n%s", err, out)
	}
	s := &server{logFile: filepath.Join(dir, "log")}
	log, err := os.Create(s.logFile)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command := exec.Command(program, "serve", "--addr", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--log-format", "json")
	command.Env = plain(os.Environ())
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		if err := command.Process.Signal(os.Interrupt); err != nil {
			_ = command.Process.Kill() // there are no interrupts on Windows
		}
		select {
		case err := <-ended:
			if err != nil && runtime.GOOS != "windows" {
				t.Errorf("the server ended with %v\n%s", err, s.log())
			}
		case <-time.After(startTime):
			_ = command.Process.Kill()
			<-ended
			t.Errorf("the server did not stop\n%s", s.log())
		}
	})
	for deadline := time.Now().Add(startTime); ; time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server ended before it was ready: %v\n%s", err, s.log())
		default:
		}
		if s.ready(t.Context()) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready after %v\n%s", startTime, s.log())
		}
	}
}

// lookAtSources has go test see what the server is built from, so that it does not take the result of an older server from its cache.
func lookAtSources(t *testing.T) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := d.Name(); {
		case d.IsDir() && (name == "node_modules" || strings.HasPrefix(name, ".") && name != ".."):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		seen++
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) { // somebody's editor may have put it away
			return err
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Fatalf("looked at %d files: %v", seen, err)
	}
}

// plain is an environment without the settings of whoever runs the tests.
func plain(environment []string) []string {
	var out []string
	for _, e := range environment {
		if !strings.HasPrefix(e, "STEMMA_") {
			out = append(out, e)
		}
	}
	return out
}

// ready finds out from the log where the server listens, and asks it.
func (s *server) ready(ctx context.Context) bool {
	if s.graphql == "" {
		for line := range strings.Lines(s.log()) {
			var record struct{ GraphQL string }
			if json.Unmarshal([]byte(line), &record) == nil && record.GraphQL != "" {
				s.graphql = record.GraphQL
			}
		}
		if s.graphql == "" {
			return false
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.graphql, "/graphql")+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (s *server) log() string {
	text, err := os.ReadFile(s.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
