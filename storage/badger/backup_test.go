package badger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// lived returns a store with deletions, history, a release and a commit that a crash cut short.
func lived(t *testing.T) *Store {
	t.Helper()
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	update(t, s, graph(2, 1000))
	if _, err := s.Release(bg, storage.Commit{Author: "test"}, "first"); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	killed(t, dir, 1)
	s = checked(t, dir)
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, "condition:d0", trialID(3)) })
	update(t, s, func(w storage.Writer) error {
		return errors.Join(w.PutNodes(bg, storagetest.Trial(trialID(3), "Trial 3, again", "2020")), w.DeleteEdges(bg, kg.EdgeKey{Subject: trialID(1), Predicate: kg.Investigates, Object: "condition:d1", Source: storagetest.Source}))
	})
	return s
}

// all returns every version of every entry in a form that can be compared.
func (s *Store) all(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Backup(bg, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBackupAndRestore(t *testing.T) {
	s := lived(t)
	backup := s.all(t)
	if info, err := VerifyBackup(bytes.NewReader([]byte(backup))); err != nil || info.Revision != 3 || info.Entries < 1000 {
		t.Errorf("the backup is %+v, %v", info, err)
	}
	// What is committed later is not in it.
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(4)) })

	dir := filepath.Join(t.TempDir(), "deep", "restored")
	info, err := Restore(bg, bytes.NewReader([]byte(backup)), dir)
	if err != nil || info.Revision != 3 {
		t.Fatalf("restore: %+v, %v", info, err)
	}
	r := checked(t, dir)
	if got := r.all(t); got != backup {
		t.Error("the backup of the restored store is another")
	}
	for rev := storage.Revision(1); rev <= 3; rev++ {
		if got, want := countTrials(t, r, rev), countTrials(t, s, rev); got != want {
			t.Errorf("revision %d has %d trials, want %d", rev, got, want)
		}
	}
	err = r.View(bg, storage.At{}, func(r storage.Reader) error {
		h, err := r.History(bg, trialID(3))
		if fmt.Sprint(h) != "[{3 false} {2 true} {1 false}]" {
			t.Errorf("the history is %v", h)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if named, err := r.Releases(bg); err != nil || len(named) != 1 || named[0].Release != "first" || named[0].Revision != 1 {
		t.Errorf("the releases are %v, %v", named, err)
	}
	if rev := update(t, r, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(9)) }); rev != 4 {
		t.Errorf("the restored store goes on at revision %d, want 4", rev)
	}
	_, err = Restore(bg, bytes.NewReader([]byte(backup)), dir)
	wantError(t, err, os.ErrExist, dir)
}

func TestDamagedBackupLeavesNothing(t *testing.T) {
	s := lived(t)
	backup := []byte(s.all(t))
	parent := t.TempDir()
	dir := filepath.Join(parent, "restored")
	refused := func(name string, b []byte) {
		t.Helper()
		if _, err := VerifyBackup(bytes.NewReader(b)); !errors.Is(err, storage.ErrCorrupt) && !errors.Is(err, storage.ErrForeign) && !errors.Is(err, storage.ErrNewer) {
			t.Errorf("%s: VerifyBackup says %v", name, err)
		}
	}
	restored := func(name string, b []byte) {
		t.Helper()
		refused(name, b)
		if _, err := Restore(bg, bytes.NewReader(b), dir); err == nil {
			t.Errorf("%s: it is restored", name)
		}
		if left := files(t, parent); len(left) != 0 {
			t.Errorf("%s: it leaves %v behind", name, left)
		}
	}
	restored("nothing", nil)
	restored("something else", []byte("<html>"))
	restored("cut short", backup[:len(backup)/2])
	restored("no trailer", backup[:len(backup)-trailerLength])
	restored("more follows", append(append([]byte{}, backup...), 'x'))
	flipped := append([]byte{}, backup...)
	flipped[len(backup)-1] ^= 1
	restored("a flipped bit in the trailer", flipped)
	for at := 0; at < len(backup); at += max(1, len(backup)/60) {
		refused(fmt.Sprintf("cut at %d", at), backup[:at])
		b := append([]byte{}, backup...)
		b[at] ^= 1 << (at % 8)
		refused(fmt.Sprintf("a flipped bit at %d", at), b)
	}
}
