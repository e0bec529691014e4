package badger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// snapshot copies the files of an open store, which are what a kill would leave of it.
func snapshot(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store")
	copyStore(t, from, to)
	return to
}

func copyStore(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err == nil {
		err = os.Mkdir(to, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := copyLog(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

const commitsOfOneLog = 12

func commits(t *testing.T, s *Store, n int) {
	t.Helper()
	for range n {
		i := int(revision(t, s))
		update(t, s, func(w storage.Writer) error {
			if i == 0 {
				if err := w.PutNodes(bg, storagetest.Reference(storagetest.Source)); err != nil {
					return err
				}
			}
			return w.PutNodes(bg, storagetest.Trial(trialID(i), fmt.Sprintf("Trial %d", i), "2024"))
		})
	}
}

// oneLog returns what a kill leaves of a store whose commits are all in one log.
func oneLog(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "store")
	s := openAt(t, dir, tiny)
	commits(t, s, commitsOfOneLog)
	killed := snapshot(t, dir)
	closed(t, s)
	return killed
}

// twoLogs returns what a kill leaves when a full log was not yet made into a table and the next has commits too.
func twoLogs(t *testing.T) string {
	dir := oneLog(t)
	later := filepath.Join(t.TempDir(), "later")
	copyStore(t, dir, later)
	s := openAt(t, later, tiny)
	commits(t, s, commitsOfOneLog)
	logs, err := filepath.Glob(filepath.Join(later, "*.mem"))
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	for from, to := range map[string]string{logs[0]: "00002.mem", filepath.Join(later, markFile): markFile} {
		if err := copyLog(from, filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, s)
	return dir
}

// plainWords fails the test when an error speaks of Badger's inside.
func plainWords(t *testing.T, err error) {
	t.Helper()
	for _, s := range []string{"runtime error", "Recovering", "goroutine", "panic", "slice bounds", "memtable", "fid", "\n"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("the error says %q: %v", s, err)
		}
	}
}

// After a kill, a damaged log is never opened with less than was acknowledged; what is left of it is kept.
func TestDamagedLogOfACrash(t *testing.T) {
	used := func(b []byte) int { return len(bytes.TrimRight(b, "\x00")) }
	damages := []struct {
		name string
		edit func(b []byte) []byte // nil to remove
	}{
		{"none", func(b []byte) []byte { return b }},
		{"a flipped byte in the header", func(b []byte) []byte { b[3] ^= 0xff; return b }},
		{"a flipped byte in the first record", func(b []byte) []byte { b[30] ^= 0xff; return b }},
		{"a flipped length", func(b []byte) []byte { b[22] ^= 0xff; return b }},
		{"a flipped byte in the middle", func(b []byte) []byte { b[used(b)/2] ^= 0xff; return b }},
		{"a flipped byte in the last record", func(b []byte) []byte { b[used(b)-50] ^= 0xff; return b }},
		{"cut in the middle", func(b []byte) []byte { return b[:used(b)/2] }},
		{"cut in the header", func(b []byte) []byte { return b[:10] }},
		{"cut to nothing", func(b []byte) []byte { return nil }},
		{"zeroed from the middle", func(b []byte) []byte { clear(b[used(b)/2:]); return b }},
		{"a zeroed end", func(b []byte) []byte { clear(b[used(b)-300:]); return b }},
		{"zeroed", func(b []byte) []byte { clear(b); return b }},
		{"removed", nil},
	}
	for _, state := range []struct {
		name         string
		make         func(*testing.T) string
		logs         []string
		acknowledged storage.Revision
	}{
		{"one log", oneLog, []string{"00001.mem"}, commitsOfOneLog},
		{"two logs", twoLogs, []string{"00001.mem", "00002.mem"}, 2 * commitsOfOneLog},
	} {
		whole := state.make(t)
		for _, log := range state.logs {
			for _, d := range damages {
				t.Run(state.name+"/"+log+"/"+d.name, func(t *testing.T) {
					dir := snapshot(t, whole)
					path := filepath.Join(dir, log)
					good, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					var bad []byte
					if d.edit == nil {
						err = os.Remove(path)
					} else {
						bad = d.edit(bytes.Clone(good))
						err = os.WriteFile(path, bad, 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
					for range 2 {
						s, err := Open(dir, tiny)
						if d.name == "none" {
							if err != nil {
								t.Fatal(err)
							}
							opensWhole(t, s, state.acknowledged)
							return
						}
						if err == nil {
							t.Errorf("it opens at revision %d of %d", revision(t, s), state.acknowledged)
							closed(t, s)
							return
						}
						wantError(t, err, storage.ErrCorrupt, dir, "backup")
						plainWords(t, err)
						now, err := os.ReadFile(path)
						if len(bad) > 0 && (err != nil || !bytes.Equal(now, bad)) {
							t.Errorf("the log is not as it was found: %d bytes of %d (%v)", len(now), len(bad), err)
						}
						if kept, err := os.ReadFile(filepath.Join(dir, keptDir, log)); len(bad) > 0 && (err != nil || !bytes.Equal(kept, bad)) {
							t.Errorf("the copy of the log is not as it was found: %d bytes of %d (%v)", len(kept), len(bad), err)
						}
					}
					// With the right file in its place, the store is whole again.
					if err := os.WriteFile(path, good, 0o600); err != nil {
						t.Fatal(err)
					}
					opensWhole(t, openAt(t, dir, tiny), state.acknowledged)
					for _, name := range []string{logsDir, keptDir} {
						if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
							t.Errorf("%s is kept of a store that is whole", name)
						}
					}
				})
			}
		}
	}
}

// opensWhole proves that the store has all commits, and closes it.
func opensWhole(t *testing.T, s *Store, acknowledged storage.Revision) {
	t.Helper()
	if got := revision(t, s); got != acknowledged {
		t.Errorf("the head is revision %d, want %d", got, acknowledged)
	}
	if got := countTrials(t, s, 0); got != int64(acknowledged) {
		t.Errorf("%d trials are there, want %d", got, acknowledged)
	}
	storagetest.CheckStore(t, s)
	closed(t, s)
}

// A kill while a crashed store is opened leaves the logs that were kept aside: they count, not what Badger has made of the logs.
func TestKilledWhileOpening(t *testing.T) {
	dir := oneLog(t)
	if err := os.Mkdir(filepath.Join(dir, logsDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "00001.mem"), filepath.Join(dir, logsDir, "00001.mem")); err != nil {
		t.Fatal(err)
	}
	opensWhole(t, openAt(t, dir, tiny), commitsOfOneLog)
}

// The name of a revision is acknowledged too.
func TestLostRelease(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := openAt(t, dir, tiny)
	commits(t, s, 3)
	if _, err := s.Release(bg, storage.Commit{Author: "test"}, "first"); err != nil {
		t.Fatal(err)
	}
	killed := snapshot(t, dir)
	closed(t, s)
	path := filepath.Join(killed, "00001.mem")
	b, err := os.ReadFile(path)
	if err == nil {
		b[bytes.LastIndex(b, []byte("first"))] ^= 1
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(killed, tiny)
	wantError(t, err, storage.ErrCorrupt, "1 named revisions", killed)
}

func TestDamagedMark(t *testing.T) {
	edit := func(at ...int) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range at {
				b[i] ^= 1
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		damage  func(t *testing.T, path string)
		refused bool // after a crash; a closed store does without
	}{
		{"one slot is torn", edit(25), false},
		{"the other slot is torn", edit(slotStride + 25), false},
		{"both are", edit(25, slotStride+25), true},
		{"it is gone", remove, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := oneLog(t)
			c.damage(t, filepath.Join(dir, markFile))
			s, err := Open(dir, tiny)
			if c.refused {
				wantError(t, err, storage.ErrCorrupt, dir, markFile, "nothing was changed")
			} else if err != nil {
				t.Fatal(err)
			} else {
				opensWhole(t, s, commitsOfOneLog)
			}
			dir = filled(t)
			c.damage(t, filepath.Join(dir, markFile))
			closed(t, openAt(t, dir, tiny))
			if _, a, err := readMark(dir); err != nil || a.revision != 2 {
				t.Errorf("the mark of a closed store was not made anew: %v %v", a, err)
			}
		})
	}
}

// A store of a program that kept no mark gets one.
func TestStoreWithoutAMark(t *testing.T) {
	dir := oneLog(t)
	if err := os.Remove(filepath.Join(dir, markFile)); err != nil {
		t.Fatal(err)
	}
	editMarker(t, dir, func(m *marker) { m.Mark = false })
	s := openAt(t, dir, tiny)
	if _, a, err := readMark(dir); err != nil || a.revision != commitsOfOneLog {
		t.Errorf("the mark says %v (%v)", a, err)
	}
	opensWhole(t, s, commitsOfOneLog)
}

// A mark that can't be written fails the commit.
func TestUnwritableMark(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	commits(t, s, 2)
	if err := s.mark.file.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Update(bg, me, graph(1, 3))
	if !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), markFile) {
		t.Errorf("got %v, want an error that names %s", err, markFile)
	}
	if got := revision(t, s); got != 2 {
		t.Errorf("the head is revision %d, want 2", got)
	}
	_, err = s.Update(bg, me, graph(1, 3))
	wantError(t, err, storage.ErrReadOnly)
	closed(t, s)
}

// Badger takes a log its size before it removes it: a crash between the two leaves an empty one, whatever its number. It is not missed unless it held
// what nothing else does, and then it is named.
func TestEmptiedLogOfACrash(t *testing.T) {
	dir := oneLog(t)
	if err := os.WriteFile(filepath.Join(dir, "00000.mem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := checked(t, dir)
	if got := revision(t, s); got != commitsOfOneLog {
		t.Errorf("the store is at revision %d, want %d", got, commitsOfOneLog)
	}

	dir = twoLogs(t)
	if err := os.Truncate(filepath.Join(dir, "00001.mem"), 0); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "00002.mem"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := Open(dir, tiny)
		wantError(t, err, storage.ErrCorrupt, "00001.mem is empty")
		for name, want := range map[string][]byte{"00001.mem": nil, "00002.mem": before} {
			if now, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(now, want) {
				t.Errorf("%s was changed (%v)", name, err)
			}
		}
	}
}
