package badger

import (
	"bytes"
	"errors"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4/y"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// allTrials reads every trial of filled, one by one and as a list.
func allTrials(s *Store) (found int, err error) {
	err = s.View(bg, storage.At{}, func(r storage.Reader) error {
		for i := range 200 {
			n, err := r.Nodes(bg, trialID(i))
			if err != nil {
				return err
			}
			if n[0] != nil {
				found++
			}
		}
		_, err := r.Scan(bg, storage.Find{Category: kg.CategoryTrial, Window: storage.Window{Limit: 500}})
		return err
	})
	return found, err
}

// A table that was too much to read at the start is read before anyone is told what is in it, or is not.
func TestUnreadTables(t *testing.T) {
	dir := filled(t)
	s := openAt(t, dir, unread)
	if found, err := allTrials(s); err != nil || found != 200 {
		t.Errorf("%d trials, %v", found, err)
	}
	s.scrubbing.Wait()
	if left := s.suspects.list.Load(); left != nil {
		t.Errorf("%d tables are still suspected", len(*left))
	}
	closed(t, s)

	path := tablesOf(t, dir)[0]
	flip(t, path, 3)
	_, err := Open(dir, unread) // the head is in the table
	wantError(t, err, storage.ErrCorrupt, filepath.Base(path))
	flip(t, path, 3)

	s = openAt(t, dir, tiny)
	defer closed(t, s)
	flip(t, path, 3)
	for _, info := range s.db.Tables() { // as in a store that is too large
		s.replaceSuspects(func(list []*suspect) []*suspect {
			return append(list, &suspect{id: info.ID, left: y.ParseKey(info.Left), right: y.ParseKey(info.Right)})
		})
	}
	_, err = allTrials(s)
	wantError(t, err, storage.ErrCorrupt, filepath.Base(path))
	_, err = s.Update(bg, me, graph(2, 4))
	wantError(t, err, storage.ErrCorrupt, filepath.Base(path))
	_, err = s.Backup(bg, new(strings.Builder), 0)
	wantError(t, err, storage.ErrCorrupt, filepath.Base(path))
	if _, err := os.Stat(filepath.Join(dir, damagedDir, filepath.Base(path))); err != nil {
		t.Errorf("the damaged table is not kept: %v", err)
	}
}

// A bit that flips while the store is open is found by the scrub, before anyone takes what is behind it for absent.
func TestScrub(t *testing.T) {
	dir := filled(t)
	o := tiny
	o.ScrubBytesPerSecond, o.ScrubEvery = 1<<30, time.Millisecond
	s := openAt(t, dir, o)
	defer closed(t, s)
	wait(t, func() bool { return s.Scrub().Passes > 1 })
	if n := s.Scrub(); n.Damaged != 0 || n.Bytes == 0 || n.Last.IsZero() {
		t.Errorf("%+v", n)
	}
	path := tablesOf(t, dir)[0]
	flip(t, path, 2)
	wait(t, func() bool { return s.Scrub().Damaged > 0 })
	_, err := allTrials(s)
	wantError(t, err, storage.ErrCorrupt, filepath.Base(path))
	_, err = s.Update(bg, me, graph(2, 4))
	wantError(t, err, storage.ErrCorrupt, filepath.Base(path))
}

// A table that is cut short under the store's feet is an error, not the end of the process.
func TestTableCutShortWhileOpen(t *testing.T) {
	dir := filled(t)
	s := openAt(t, dir, tiny)
	defer closed(t, s)
	for _, path := range tablesOf(t, dir) {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	_, err := allTrials(s)
	wantError(t, err, storage.ErrCorrupt, "can't be read")
	wantError(t, s.Writable(), storage.ErrCorrupt)
}

// A table that is overwritten under the store's feet, its index too, is an error as well: Badger takes what it finds there on trust.
func TestTableOverwrittenWhileOpen(t *testing.T) {
	log.SetOutput(Assertions(os.Stderr)) // as cmd/stemma does
	defer log.SetOutput(os.Stderr)
	for _, with := range []byte{0, 0xff, 0x5a} {
		dir := filled(t)
		o := tiny
		o.ScrubBytesPerSecond = 1 << 30
		s := openAt(t, dir, o)
		time.Sleep(10 * time.Millisecond) // the scrub has seen the files as they were
		for _, path := range tablesOf(t, dir) {
			fi, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt(bytes.Repeat([]byte{with}, int(fi.Size())), 0)
			}
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
		_, err := allTrials(s)
		_, herr := history(s, trialID(3))
		wait(t, func() bool { return s.damage() != nil })
		t.Logf("%#x: %v; %v", with, err, herr)
		_, err = allTrials(s)
		wantError(t, err, storage.ErrCorrupt)
		closed(t, s)
	}
}

func history(s *Store, id kg.ID) (h []storage.Version, err error) {
	err = s.View(bg, storage.At{}, func(r storage.Reader) error {
		h, err = r.History(bg, id)
		return err
	})
	return h, err
}

// A log that is cut short, or gone, is noticed before anything is written to its pages.
func TestLogCutShortWhileOpen(t *testing.T) {
	for _, damage := range []func(string) error{os.Remove, func(path string) error { return os.Truncate(path, 0) }} {
		dir := filled(t)
		s := openAt(t, dir, tiny)
		update(t, s, graph(5, 10))
		logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
		if err != nil || len(logs) != 1 {
			t.Fatal(logs, err)
		}
		if err := damage(logs[0]); err != nil {
			t.Fatal(err)
		}
		_, err = s.Update(bg, me, graph(7, 10))
		wantError(t, err, storage.ErrCorrupt, filepath.Base(logs[0]))
		if found, err := allTrials(s); err != nil || found != 200 {
			t.Errorf("%d trials, %v", found, err)
		}
		wantError(t, s.Writable(), storage.ErrCorrupt)
	}
}

// unread opens a store without reading its tables.
var unread = func() Options { o := tiny; o.verifyFor = -1; return o }()

// flip changes one bit of a file, a part of it from its beginning.
func flip(t *testing.T, path string, part int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	at := fi.Size() / int64(part)
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}

func wait(t *testing.T, until func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !until(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happens")
		}
	}
}

// Badger's file of encryption keys holds none: a damaged one is put aside, and the store opens.
func TestDamagedKeyRegistry(t *testing.T) {
	dir := filled(t)
	path := filepath.Join(dir, "KEYREGISTRY")
	if err := os.Truncate(path, 20); err != nil {
		t.Fatal(err)
	}
	o := tiny
	o.ReadOnly = true
	_, err := Open(dir, o)
	wantError(t, err, ErrMends, "KEYREGISTRY")
	s := openAt(t, dir, tiny)
	if found, err := allTrials(s); err != nil || found != 200 {
		t.Errorf("%d trials, %v", found, err)
	}
	closed(t, s)
	if _, err := os.Stat(path + ".damaged"); err != nil {
		t.Error(err)
	}
}

// A value log whose header is damaged holds nothing that could be lost: it is deleted, and the store opens.
func TestDamagedValueLog(t *testing.T) {
	dir := filled(t)
	logs, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	for _, damage := range [][]byte{nil, []byte("twenty bytes of rubbish!")[:20], {1, 2, 3}} {
		if err := os.WriteFile(logs[0], damage, 0o600); err != nil {
			t.Fatal(err)
		}
		s := openAt(t, dir, tiny)
		if found, err := allTrials(s); err != nil || found != 200 {
			t.Errorf("%q: %d trials, %v", damage, found, err)
		}
		closed(t, s)
	}
}

// A MANIFEST that is cut short, or gone, is noticed before more is written that could not be found again.
func TestManifestCutShortWhileOpen(t *testing.T) {
	for _, damage := range []func(string) error{os.Remove, func(path string) error { return os.Truncate(path, 20) }} {
		dir := filled(t)
		s := openAt(t, dir, tiny)
		update(t, s, graph(5, 10))
		if err := damage(filepath.Join(dir, "MANIFEST")); err != nil {
			t.Fatal(err)
		}
		_, err := s.Update(bg, me, graph(7, 10))
		wantError(t, err, storage.ErrCorrupt, "MANIFEST")
		if _, err := s.Backup(bg, new(strings.Builder), 0); err != nil {
			t.Error(err)
		}
	}
}
