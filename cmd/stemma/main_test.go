package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stemma": main})
}

// TestScripts runs testdata/script through the real program. `serving LOG` waits for the server whose standard error LOG is, and
// puts its address into $URL.
func TestScripts(t *testing.T) {
	shared := os.Getenv("STEMMA_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	sources, err := filepath.Abs(filepath.Join(shared, "sources"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SOURCES", sources)
			e.Setenv("HOME", e.WorkDir)
			old, err := os.ReadFile("testdata/old/format1.backup.gz")
			if err == nil {
				err = os.WriteFile(filepath.Join(e.WorkDir, "old.gz"), old, 0o600)
			}
			return err
		},
		Condition: func(c string) (bool, error) {
			switch c {
			case "root":
				return os.Geteuid() == 0, nil
			case "sources":
				_, err := os.Stat(sources)
				return err == nil, nil
			}
			return false, errors.New("unknown condition " + c)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serving": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: serving LOG")
				}
				ts.Setenv("URL", await(ts, args[0], servingAt)[1])
			},
			// await FILE REGEXP waits until a file says something.
			"await": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: await FILE REGEXP")
				}
				await(ts, args[0], regexp.MustCompile(args[1]))
			},
			// damage FILE turns round the bits of one byte in the middle of a file.
			"damage": func(ts *testscript.TestScript, neg bool, args []string) {
				files, err := filepath.Glob(ts.MkAbs(args[0]))
				if err != nil || len(files) == 0 {
					ts.Fatalf("no file %s: %v", args[0], err)
				}
				b, err := os.ReadFile(files[0])
				ts.Check(err)
				b[len(b)/2] ^= 0xff
				ts.Check(os.WriteFile(files[0], b, 0o600))
			},
			// status N COMMAND… runs a command, and wants it to end with status N.
			"status": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: status N COMMAND…")
				}
				err := ts.Exec(args[1], args[2:]...)
				got := "0"
				var exit interface{ ExitCode() int }
				if errors.As(err, &exit) {
					got = string(rune('0' + exit.ExitCode()))
				}
				if got != args[0] {
					ts.Fatalf("status %s, want %s (%v)", got, args[0], err)
				}
			},
		},
	})
}

// await returns what the pattern finds in a file, as soon as it does.
func await(ts *testscript.TestScript, file string, pattern *regexp.Regexp) []string {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(ts.MkAbs(file))
		if m := pattern.FindStringSubmatch(string(b)); err == nil && m != nil {
			return m
		}
	}
	ts.Fatalf("%s does not say %s: %s", file, pattern, ts.ReadFile(file))
	return nil
}

var servingAt = regexp.MustCompile(`"graphql":"(https?://[^"]+)/graphql"`)

// A running server is one that a test has started by the command line.
type running struct {
	url   string
	stop  context.CancelFunc
	ended chan int
	log   *buffer
}

// A buffer may be written to and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs `stemma serve` with a free port, and waits until it serves.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &running{stop: stop, ended: make(chan int, 1), log: new(buffer)}
	go func() {
		args := append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)
		s.ended <- run(ctx, args, &host{stdin: strings.NewReader(""), stdout: io.Discard, stderr: s.log, now: time.Now, random: randomReader})
	}()
	t.Cleanup(func() { s.end(t) })
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := servingAt.FindStringSubmatch(s.log.String()); m != nil {
			s.url = m[1]
			return s
		}
		select {
		case status := <-s.ended:
			s.ended <- status
			t.Fatalf("the server ended with %d: %s", status, s.log)
		default:
		}
	}
	t.Fatalf("the server did not begin: %s", s.log)
	return nil
}

// end stops the server, and wants it to end well.
func (s *running) end(t *testing.T) {
	t.Helper()
	s.stop()
	select {
	case status := <-s.ended:
		if status != statusGood {
			t.Errorf("the server ended with %d: %s", status, s.log)
		}
		s.ended <- status
	case <-time.After(time.Minute):
		t.Errorf("the server does not end: %s", s.log)
	}
}

// command runs another command, and returns what it printed and its status.
func command(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &host{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now, random: randomReader})
	return out.String(), errs.String(), status
}

// token makes a token.
func token(t *testing.T, file, name, role string) string {
	t.Helper()
	out, errs, status := command(t, "token", "create", "--tokens", file, "--name", name, "--role", role)
	if status != statusGood {
		t.Fatal(errs)
	}
	return strings.TrimSpace(out)
}

// do sends a request, and returns the answer with its body read.
func (s *running) do(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func (s *running) get(t *testing.T, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return s.do(t, r)
}

// ask sends a GraphQL document, with a token unless it is "", and returns the status, the data and the code of the first error.
func (s *running) ask(t *testing.T, secret, document string) (status int, data, code, message string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	resp, text := s.do(t, r)
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(answer.Errors) > 0 {
		code, message = answer.Errors[0].Extensions.Code, answer.Errors[0].Message
	}
	return resp.StatusCode, string(answer.Data), code, message
}
