package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stemma-kg/stemma/storage"
)

// A life is what a store goes through in these tests, with what it has acknowledged so far.
type life struct {
	dir      string
	revision storage.Revision
	releases int
	steps    []string
}

// live makes a store, writes to it, leaves it as a crash does, opens it again, writes, and closes it. It ends at the first error.
func (l *life) live(t *testing.T) error {
	t.Helper()
	write := func(s *Store, fn func(storage.Writer) error) error {
		rev, err := s.Update(bg, me, fn)
		if err == nil {
			l.revision = rev
		}
		return err
	}
	first := func(s *Store) error {
		err := write(s, graph(2, 20))
		if err == nil {
			_, err = s.Release(bg, me, "a name")
		}
		if err != nil {
			return err
		}
		l.releases++
		return write(s, graph(3, 1500)) // several transactions
	}
	second := func(s *Store) error {
		return errors.Join(write(s, graph(4, 30)), write(s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(7)) }))
	}
	for i, use := range []func(*Store) error{first, second} {
		s, err := Open(l.dir, tiny)
		if err != nil {
			return err
		}
		if err = use(s); i == 0 {
			crashed := l.dir + "-crashed"
			snapshotStore(t, l.dir, crashed)
			l.dir = crashed
			was := failpoint
			failpoint = nil // what becomes of the other directory is of no interest
			if cerr := s.Close(); err == nil && cerr != nil {
				t.Fatal(cerr)
			}
			failpoint = was
		} else {
			err = errors.Join(err, s.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// holds proves that a store opens with all that was acknowledged, whole, and takes writes.
func (l *life) holds(t *testing.T, dir, what string) {
	t.Helper()
	s, err := Open(dir, tiny)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if got := revision(t, s); got < l.revision || got > l.revision+1 {
		t.Errorf("%s: the store is at revision %d, and %d was acknowledged", what, got, l.revision)
	}
	if got, err := s.Releases(bg); err != nil || len(got) < l.releases {
		t.Errorf("%s: %d names, %v; %d were acknowledged", what, len(got), err, l.releases)
	}
	if n := s.problems(t); n != 0 {
		t.Errorf("%s: %d problems", what, n)
	}
	update(t, s, graph(5, 25))
	if n := s.problems(t); n != 0 {
		t.Errorf("%s: %d problems after another commit", what, n)
	}
	closed(t, s)
}

// everyStep is which steps the tests take: every seventh, each in the long form of the tests.
func everyStep() int {
	if os.Getenv("STEMMA_TORTURE") == "long" {
		return 1
	}
	return 7
}

// A crash may come before each step: the directory, as it is then, opens with all that was acknowledged.
func TestACrashBeforeEachStep(t *testing.T) {
	every := everyStep()
	l := &life{dir: filepath.Join(t.TempDir(), "store")}
	type moment struct {
		life
		dir string
	}
	var moments []moment
	copies := t.TempDir()
	fails(t, func(step, path string) error {
		l.steps = append(l.steps, step+" "+filepath.Base(path))
		if n := len(l.steps); n%every == 0 {
			if _, err := os.Stat(l.dir); err == nil {
				m := moment{*l, filepath.Join(copies, fmt.Sprint(n))}
				snapshotStore(t, l.dir, m.dir)
				moments = append(moments, m)
			}
		}
		return nil
	})
	if err := l.live(t); err != nil {
		t.Fatal(err)
	}
	failpoint = nil
	t.Logf("%d steps", len(l.steps))
	if len(l.steps) < 40 {
		t.Fatalf("only %d steps: %v", len(l.steps), l.steps)
	}
	for _, m := range moments {
		m.holds(t, m.dir, fmt.Sprintf("before step %d (%s)", len(m.steps), m.steps[len(m.steps)-1]))
		if err := os.RemoveAll(m.dir); err != nil {
			t.Fatal(err)
		}
	}
}

// Each step may fail: the error is told, and nothing that was acknowledged is lost.
func TestEachStepFails(t *testing.T) {
	every := everyStep()
	for k := 1; ; k += every {
		l := &life{dir: filepath.Join(t.TempDir(), "store")}
		failed := ""
		fails(t, func(step, path string) error {
			l.steps = append(l.steps, step)
			if len(l.steps) != k {
				return nil
			}
			failed = step + " " + filepath.Base(path)
			return &os.PathError{Op: step, Path: path, Err: syscall.EIO}
		})
		err := l.live(t)
		failpoint = nil
		if failed == "" {
			if err != nil || k < 40 {
				t.Errorf("no step failed, of %d: %v", k, err)
			}
			return
		}
		what := fmt.Sprintf("step %d failed (%s)", k, failed)
		if err == nil && !strings.HasPrefix(failed, "remove") {
			t.Errorf("%s, and nobody is told", what)
		}
		if err != nil && !strings.Contains(err.Error(), syscall.EIO.Error()) {
			t.Errorf("%s, and the error does not say so: %v", what, err)
		}
		l.holds(t, l.dir, what)
	}
}

// snapshotStore copies a directory as a crash would leave it: what is mapped into memory is in the files. It begins again while Badger makes and
// removes files in the background.
func snapshotStore(t *testing.T, from, to string) {
	t.Helper()
	was := failpoint
	failpoint = nil
	defer func() { failpoint = was }()
	state := func() string {
		names, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := os.ReadFile(filepath.Join(from, "MANIFEST"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return fmt.Sprint(names, string(manifest))
	}
	for range 100 {
		before := state()
		err := errors.Join(os.RemoveAll(to), copyTree(from, to))
		if err == nil && state() == before {
			return
		}
	}
	t.Fatal("the directory is never at rest")
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		}
		return copyLog(path, target)
	})
}
