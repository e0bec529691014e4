package badger

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

func wantError(t *testing.T, err, target error, says ...string) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got error %v, want %v", err, target)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("the error does not say %q: %v", s, err)
		}
	}
}

// filled returns a directory with a closed store of several tables.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	for i := range 2 {
		s := openAt(t, dir, tiny)
		update(t, s, graph(2+i, 200))
		closed(t, s)
	}
	return dir
}

// files returns names, sizes and contents, so that a test can tell that nothing has changed.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

func tablesOf(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(found) == 0 {
		t.Fatalf("the store has no tables: %v", err)
	}
	return found
}

func TestOpenRefuses(t *testing.T) {
	rewrite := func(name string, edit func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			b, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, edit(b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	table := func(edit func(t *testing.T, path string)) func(*testing.T, string) {
		return func(t *testing.T, dir string) { edit(t, tablesOf(t, dir)[0]) }
	}
	for _, c := range []struct {
		name   string
		damage func(*testing.T, string)
		want   error
		says   []string
	}{
		{"a newer format", rewrite(markerFile, func(b []byte) []byte { return []byte(strings.Replace(string(b), "format: 2", "format: 7", 1)) }), storage.ErrNewer, []string{"format 7", "up to 2"}},
		{"another engine", rewrite(markerFile, func(b []byte) []byte {
			return []byte(strings.Replace(string(b), "engine: badger", "engine: other", 1))
		}), storage.ErrCorrupt, []string{markerFile}},
		{"an empty marker", rewrite(markerFile, func([]byte) []byte { return nil }), storage.ErrCorrupt, []string{markerFile}},
		{"no marker", remove(markerFile), storage.ErrCorrupt, []string{markerFile, "missing"}},
		{"no MANIFEST", remove("MANIFEST"), storage.ErrCorrupt, []string{"MANIFEST"}},
		{"an empty MANIFEST", rewrite("MANIFEST", func([]byte) []byte { return nil }), storage.ErrCorrupt, []string{"MANIFEST"}},
		{"a zeroed MANIFEST", rewrite("MANIFEST", func(b []byte) []byte { return make([]byte, len(b)) }), storage.ErrCorrupt, []string{"MANIFEST"}},
		{"a MANIFEST that is cut short", rewrite("MANIFEST", func(b []byte) []byte { return b[:len(b)-3] }), storage.ErrCorrupt, nil},
		{"a MANIFEST of nothing", rewrite("MANIFEST", func(b []byte) []byte { return b[:8] }), storage.ErrCorrupt, []string{".sst"}},
		{"a flipped bit in the MANIFEST", rewrite("MANIFEST", func(b []byte) []byte { b[len(b)-2] ^= 4; return b }), storage.ErrCorrupt, []string{"MANIFEST"}},
		{"a table is gone", table(func(t *testing.T, path string) { remove(filepath.Base(path))(t, filepath.Dir(path)) }), storage.ErrCorrupt, []string{".sst"}},
		{"a table is empty", table(func(t *testing.T, path string) {
			rewrite(filepath.Base(path), func([]byte) []byte { return nil })(t, filepath.Dir(path))
		}), storage.ErrCorrupt, []string{".sst"}},
		{"a table is cut short", table(func(t *testing.T, path string) {
			rewrite(filepath.Base(path), func(b []byte) []byte { return b[:len(b)/2] })(t, filepath.Dir(path))
		}), storage.ErrCorrupt, []string{".sst"}},
		{"a flipped bit in a table", table(func(t *testing.T, path string) {
			rewrite(filepath.Base(path), func(b []byte) []byte { b[len(b)/3] ^= 1; return b })(t, filepath.Dir(path))
		}), storage.ErrCorrupt, []string{".sst"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filled(t)
			c.damage(t, dir)
			before := files(t, dir)
			for range 2 {
				s, err := Open(dir, tiny)
				if err == nil {
					closed(t, s)
					t.Fatal("it opens")
				}
				wantError(t, err, c.want, append(c.says, dir)...)
				plainWords(t, err)
				now := files(t, dir)
				for name, content := range before {
					if now[name] != content {
						t.Errorf("the refused store's file %s was changed", name)
					}
				}
				if len(now) != len(before) {
					t.Errorf("the refused store had %d files, and has %d", len(before), len(now))
				}
			}
		})
	}
}

// editMarker changes what the marker of a store says.
func editMarker(t *testing.T, dir string, edit func(*marker)) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, markerFile))
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseMarker(string(b))
	if err != nil {
		t.Fatal(err)
	}
	edit(&m)
	if err := writeMarker(dir, m); err != nil {
		t.Fatal(err)
	}
}

// What a crash leaves is told from what damage leaves: a table that is not listed and holds nothing of its own goes, and one that
// alone holds commits is kept.
func TestUnlistedTables(t *testing.T) {
	crashed := func(t *testing.T) string {
		dir := filled(t)
		editMarker(t, dir, func(m *marker) { m.State = stateOpen })
		return dir
	}
	t.Run("of a crash", func(t *testing.T) {
		dir := crashed(t)
		b, err := os.ReadFile(tablesOf(t, dir)[0])
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "000099.sst"), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		s := checked(t, dir)
		if got := countTrials(t, s, 0); got != 200 {
			t.Errorf("%d trials are there, want 200", got)
		}
		if left, err := filepath.Glob(filepath.Join(dir, orphanDir, "*")); err != nil || len(left) > 0 {
			t.Errorf("%v are kept (%v)", left, err)
		}
	})
	t.Run("of a MANIFEST that lost its tail", func(t *testing.T) {
		dir := crashed(t)
		if err := os.Truncate(filepath.Join(dir, "MANIFEST"), 8); err != nil {
			t.Fatal(err)
		}
		tables := len(tablesOf(t, dir))
		for range 2 {
			_, err := Open(dir, tiny)
			wantError(t, err, storage.ErrCorrupt, dir)
			if left := tablesOf(t, filepath.Join(dir, orphanDir)); len(left) != tables {
				t.Errorf("%d of %d tables are kept", len(left), tables)
			}
		}
	})
}

// Any bit of any file of a closed store may flip: the store is refused, or says on reading and checking what is wrong, or nothing
// is lost; it never panics.
func TestFlippedBits(t *testing.T) {
	if testing.Short() {
		t.Skip("opens a store some hundred times")
	}
	origin := filled(t)
	whole := files(t, origin)
	for name, content := range whole {
		if len(content) == 0 || strings.HasSuffix(name, ".vlog") || name == "DISCARD" { // no value is in the one, and the other only guides garbage collection
			continue
		}
		step := max(1, len(content)/25)
		for at := step / 2; at < len(content); at += step {
			dir := filepath.Join(t.TempDir(), "store")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for n, c := range whole {
				b := []byte(c)
				if n == name {
					b[at] ^= 1 << (at % 8)
				}
				if err := os.WriteFile(filepath.Join(dir, n), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			o := tiny
			if at/step%2 == 1 {
				o.verifyFor = -1 // as in a store that is too large to be read whole when it is opened
			}
			s, err := Open(dir, o)
			if err != nil {
				plainWords(t, err)
				if !errors.Is(err, storage.ErrCorrupt) && !errors.Is(err, storage.ErrForeign) && !errors.Is(err, storage.ErrNewer) {
					t.Errorf("%s, byte %d: an error of no kind: %v", name, at, err)
				}
				continue
			}
			if s.problems(t) == 0 && (revision(t, s) != 2 || countTrials(t, s, 0) != 200) {
				t.Errorf("%s, byte %d: something is lost, and nobody says so", name, at)
			}
			if err := s.Close(); err != nil {
				t.Errorf("%s, byte %d: %v", name, at, err)
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestOpenForeignDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "thesis.doc")
	if err := os.WriteFile(path, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, tiny)
	wantError(t, err, storage.ErrForeign, dir, "thesis.doc")
	if got := files(t, dir); len(got) != 1 || got["thesis.doc"] != "years of work" {
		t.Errorf("the directory has changed: %v", got)
	}
	_, err = Open(path, tiny)
	wantError(t, err, storage.ErrForeign, path)
}

func TestOpenLocked(t *testing.T) {
	dir := t.TempDir()
	s := checked(t, dir)
	update(t, s, graph(1, 1))
	_, err := Open(dir, tiny)
	wantError(t, err, storage.ErrLocked, dir, "process "+strconv.Itoa(os.Getpid()))
	o := tiny
	o.ReadOnly = true
	_, err = Open(dir, o)
	wantError(t, err, storage.ErrLocked, dir)
}

func TestOpenReadOnly(t *testing.T) {
	o := tiny
	o.ReadOnly = true
	dir := filled(t)
	before := files(t, dir)
	s := openAt(t, dir, o)
	if n := s.problems(t); n != 0 {
		t.Errorf("%d problems", n)
	}
	second := openAt(t, dir, o) // readers share
	closed(t, second)
	_, err := s.Update(bg, me, graph(1, 1))
	wantError(t, err, storage.ErrReadOnly)
	_, err = s.Release(bg, storage.Commit{Author: "test"}, "r")
	wantError(t, err, storage.ErrReadOnly)
	closed(t, s)
	for name, content := range files(t, dir) {
		if before[name] != content {
			t.Errorf("the file %s was changed by reading", name)
		}
	}
	_, err = Open(filepath.Join(dir, "nothing"), o)
	wantError(t, err, fs.ErrNotExist)
	if _, err := os.Stat(filepath.Join(dir, "nothing")); err == nil {
		t.Error("opening for reading made a directory")
	}
}

// unwritableDir is where the child of TestOpenUnwritable tries to open a store.
const unwritableDir = "STEMMA_UNWRITABLE_DIR"

func TestOpenUnwritable(t *testing.T) {
	if dir := os.Getenv(unwritableDir); dir != "" {
		_, err := Open(dir, tiny)
		wantError(t, err, storage.ErrReadOnly, dir, "writable")
		_, err = Open(filepath.Join(dir, "new"), tiny)
		wantError(t, err, storage.ErrReadOnly, dir)
		return
	}
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	closed(t, openAt(t, store, tiny))
	if err := os.Chmod(store, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(store, 0o755) })
	// Modes do not stop root: the child is nobody, and its program is where nobody can reach it.
	program := filepath.Join(dir, "program")
	in, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(out, in)
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestOpenUnwritable$")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), unwritableDir+"="+store)
	if os.Getuid() == 0 {
		for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for name := range files(t, store) {
			if err := os.Chmod(filepath.Join(store, name), 0o444); err != nil {
				t.Fatal(err)
			}
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as another user: %v: %s", err, b)
	}
}

// A full device refuses commits with a plain error; reading goes on.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	update(t, s, graph(1, 10))
	closed(t, s)
	o := tiny
	o.MinFreeBytes = 1 << 60
	s = openAt(t, dir, o)
	_, err := s.Update(bg, me, graph(2, 20))
	wantError(t, err, storage.ErrFull, dir)
	_, err = s.Release(bg, storage.Commit{Author: "test"}, "full")
	wantError(t, err, storage.ErrFull)
	if n := countTrials(t, s, 0); n != 10 {
		t.Errorf("%d trials can be read, want 10", n)
	}
	closed(t, s)
	s = checked(t, dir)
	if rev := update(t, s, graph(2, 20)); rev != 2 {
		t.Errorf("with room again, the revision is %d, want 2", rev)
	}
}

// A node that is too large for the engine is refused before anything is written.
func TestTooLarge(t *testing.T) {
	s := checked(t, t.TempDir())
	update(t, s, graph(1, 1))
	_, err := s.Update(bg, me, func(w storage.Writer) error {
		n, err := w.Nodes(bg, "condition:d0")
		if err != nil {
			return err
		}
		d := *n[0].(*kg.Disease)
		for range 600 {
			d.Remarks = append(d.Remarks, strings.Repeat("x", 16<<10))
		}
		return w.PutNodes(bg, &d)
	})
	var invalid kg.InvalidError
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "limit") {
		t.Errorf("got %v, want an InvalidError that names the limit", err)
	}
}
