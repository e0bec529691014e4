package audit_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/audit"
	"github.com/stemma-kg/stemma/storage"
)

// A journal is what was logged.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func keep(path string, s storage.Auditor) (*audit.File, *journal) {
	j := new(journal)
	return audit.Keep(path, s, slog.New(slog.NewTextHandler(j, nil)), time.Now), j
}

// until waits for what a file does within a second or so.
func until(t *testing.T, what string, j *journal, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s: %s", what, j)
		}
	}
}

// holds wants a file to be the whole log.
func holds(t *testing.T, path string, s storage.Auditor) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(linesOf(t, s), ""); string(b) != want {
		t.Errorf("the file has\n%s\nand the store\n%s", b, want)
	}
}

func aside(t *testing.T, path string) []string {
	t.Helper()
	files, err := audit.Odd(path)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A file is brought up to date at the start, while it is kept and at the end.
func TestKeep(t *testing.T) {
	s := aStore(t, 300)
	path := filepath.Join(t.TempDir(), "[d]", audit.FileName)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, j := keep(path, s)
	if f.Row() != 300 || !f.OK() {
		t.Errorf("at the start: row %d, %v: %s", f.Row(), f.OK(), j)
	}
	holds(t, path, s)
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	write(t, s, 1)
	if _, err := s.Release(bg, storage.Commit{Author: "ann"}, "another"); err != nil {
		t.Fatal(err)
	}
	until(t, "kept up", j, func() bool { return f.Row() == 302 })
	holds(t, path, s)
	write(t, s, 1)
	f.Close()
	holds(t, path, s)
	f, j = keep(path, s)
	f.Close()
	holds(t, path, s)
	if j.String() != "" {
		t.Errorf("it complains: %s", j)
	}
}

// Whatever a crash leaves of the last rows, they are completed from the store, and nobody is alarmed.
func TestCutShort(t *testing.T) {
	s := aStore(t, 3)
	text := strings.Join(linesOf(t, s), "")
	last := len(linesOf(t, s)[2])
	for cut := 0; cut <= last; cut += 1 + cut%9*2 { // some of them: each takes three syncs
		for _, tail := range []string{"", "\x00\x00\x00"} {
			path := filepath.Join(t.TempDir(), audit.FileName)
			if err := os.WriteFile(path, []byte(text[:len(text)-cut]+tail), 0o600); err != nil {
				t.Fatal(err)
			}
			f, j := keep(path, s)
			f.Close()
			holds(t, path, s)
			if !f.OK() || f.Row() != 3 || strings.Contains(j.String(), "ERROR") {
				t.Fatalf("%d bytes less, then %q: row %d, %v: %s", cut, tail, f.Row(), f.OK(), j)
			}
		}
	}
}

// A file that is not the store's is kept as evidence, and is an alarm until somebody has taken it away.
func TestOdd(t *testing.T) {
	s := aStore(t, 5)
	lines := linesOf(t, s)
	for name, text := range map[string]string{
		"changed":       strings.Replace(strings.Join(lines, ""), `"author":"ann"`, `"author":"bob"`, 1),
		"rewritten":     strings.Join(change(t, lines, 0, true), ""),
		"taken out":     lines[0] + lines[2],
		"put in":        strings.Join(lines, "") + lines[0],
		"another thing": "Dear reader",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), audit.FileName)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, j := keep(path, s)
			odd := aside(t, path)
			if len(odd) != 1 || f.OK() || f.Row() != 5 || !strings.Contains(j.String(), "level=ERROR") || !strings.Contains(j.String(), odd[0]) {
				t.Fatalf("aside is %s, row %d, %v: %s", odd, f.Row(), f.OK(), j)
			}
			if b, err := os.ReadFile(odd[0]); err != nil || string(b) != text {
				t.Errorf("%v: it was changed: %s", err, b)
			}
			holds(t, path, s)
			f.Close()
			if f, _ = keep(path, s); f.OK() {
				t.Error("a restart silences the alarm")
			}
			if err := os.Remove(odd[0]); err != nil {
				t.Fatal(err)
			}
			f.Close()
			if !f.OK() {
				t.Error("it was taken away, and the alarm goes on")
			}
		})
	}
}

// Who moves, cuts, replaces or lengthens the file while it is kept does not stop it.
func TestMeddled(t *testing.T) {
	s := aStore(t, 3)
	text := strings.Join(linesOf(t, s), "")
	for name, c := range map[string]struct {
		meddle func(path string) error
		alarm  bool
	}{
		"removed":    {os.Remove, false},
		"moved":      {func(path string) error { return os.Rename(path, path+".1") }, false},
		"cut":        {func(path string) error { return os.Truncate(path, 100) }, false},
		"lengthened": {func(path string) error { return os.WriteFile(path, []byte(text+"x"), 0o600) }, true},
		"a directory": {func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), audit.FileName)
			f, j := keep(path, s)
			if err := c.meddle(path); err != nil {
				t.Fatal(err)
			}
			until(t, "noticed", j, func() bool { return strings.Contains(j.String(), "somebody else") })
			f.Close()
			holds(t, path, s)
			if f.OK() == c.alarm || len(aside(t, path)) > 0 != c.alarm {
				t.Errorf("%v, aside is %s: %s", f.OK(), aside(t, path), j)
			}
		})
	}
}

// unreadable is a store whose log can't be read.
type unreadable struct{ storage.Auditor }

func (unreadable) Audit(context.Context, uint64, int) ([][]byte, error) {
	return nil, storage.ErrCorrupt
}

// A store whose log can't be read says nothing about the file, which is left alone.
func TestStoreIsDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), audit.FileName)
	if err := os.WriteFile(path, []byte("Dear reader"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, j := keep(path, unreadable{})
	f.Close()
	if b, err := os.ReadFile(path); err != nil || string(b) != "Dear reader" || f.OK() || strings.Count(j.String(), "ERROR") != 1 {
		t.Errorf("%s, %v, %v: %s", b, err, f.OK(), j)
	}
}

// slow is a store that doesn't answer until it is told to, or its caller gives up.
type slow struct {
	storage.Auditor
	answer chan struct{}
}

func (s slow) Audit(ctx context.Context, after uint64, limit int) ([][]byte, error) {
	select {
	case <-s.answer:
		return s.Auditor.Audit(ctx, after, limit)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A log that takes long to read holds up neither the start nor the end.
func TestLong(t *testing.T) {
	t.Run("at the start", func(t *testing.T) {
		t.Parallel()
		s := slow{aStore(t, 3), make(chan struct{})}
		path := filepath.Join(t.TempDir(), audit.FileName)
		f, j := keep(path, s)
		if f.OK() {
			t.Error("what was not looked at is said to be good")
		}
		close(s.answer)
		until(t, "up to date", j, func() bool { return f.OK() && f.Row() == 3 })
		f.Close()
		holds(t, path, s)
	})
	t.Run("at the end", func(t *testing.T) {
		t.Parallel()
		f, _ := keep(filepath.Join(t.TempDir(), audit.FileName), slow{aStore(t, 3), make(chan struct{})})
		f.Close()
		if f.OK() {
			t.Error("what was not looked at is said to be good")
		}
	})
}
