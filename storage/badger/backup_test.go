package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	named(t, s, "first")
	closed(t, s)
	killed(t, dir, 1)
	s = checked(t, dir)
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, "condition:d0", trialID(3)) })
	update(t, s, func(w storage.Writer) error {
		return errors.Join(w.PutNodes(bg, storagetest.Trial(trialID(3), "Trial 3, again", "2020")), w.DeleteEdges(bg, kg.EdgeKey{Subject: trialID(1), Predicate: kg.Investigates, Object: "condition:d1", Source: storagetest.Source}))
	})
	return s
}

func named(t testing.TB, s *Store, name string) {
	t.Helper()
	if _, err := s.Release(bg, me, name); err != nil {
		t.Fatal(err)
	}
}

// bytesOf returns a backup.
func (s *Store) bytesOf(t testing.TB, since storage.Revision) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Backup(bg, &b, since); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// all returns every version of every entry in a form that can be compared.
func (s *Store) all(t testing.TB) string { return string(s.bytesOf(t, 0)) }

// saved writes a backup to a new file.
func (s *Store) saved(t testing.TB, since storage.Revision) string {
	return save(t, s.bytesOf(t, since))
}

func save(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// restored makes a store of backups, which is proven and closed when the test ends.
func restored(t testing.TB, o RestoreOptions, backups ...string) *Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "restored")
	if _, err := Restore(bg, backups, dir, o); err != nil {
		t.Fatal(err)
	}
	return checked(t, dir)
}

// refused wants backups not to be restored, and nothing to be left.
func refused(t *testing.T, o RestoreOptions, want error, says string, backups ...string) {
	t.Helper()
	parent := t.TempDir()
	_, err := Restore(bg, backups, filepath.Join(parent, "restored"), o)
	if err == nil {
		t.Error("it is restored")
		return
	}
	wantError(t, err, want, says)
	if left := filesIn(t, parent); len(left) != 0 {
		t.Errorf("it leaves %v behind", left)
	}
}

func filesIn(t testing.TB, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func auditOf(t testing.TB, s *Store) string {
	t.Helper()
	lines, err := s.Audit(bg, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.Join(lines, []byte("\n")))
}

func releasesOf(t testing.TB, s *Store) string {
	t.Helper()
	list, err := s.Releases(bg)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%d=%s", r.Revision, r.Release))
	}
	return strings.Join(out, " ")
}

func TestBackupAndRestore(t *testing.T) {
	s := lived(t)
	backup := s.all(t)
	file := save(t, []byte(backup))
	infos, err := VerifyBackup(bg, []string{file}, nil)
	if err != nil || len(infos) != 1 || infos[0].Revision != 3 || infos[0].Since != 0 || infos[0].Entries < 1000 || infos[0].Time.IsZero() || infos[0].Bytes != int64(len(backup)) || infos[0].Stream != 2 {
		t.Errorf("the backup is %+v, %v", infos, err)
	}
	// What is committed later is not in it.
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(4)) })

	dir := filepath.Join(t.TempDir(), "deep", "restored")
	made, err := Restore(bg, []string{file}, dir, RestoreOptions{})
	if err != nil || made.Revision != 3 || !made.Checked || made.Entries != infos[0].Entries || !made.Time.Equal(infos[0].Time) {
		t.Fatalf("restore: %+v, %v", made, err)
	}
	r := checked(t, dir)
	if got := r.all(t); got != backup {
		t.Error("the backup of the restored store is another")
	}
	for rev := storage.Revision(1); rev <= 3; rev++ {
		if storagetest.Dump(t, r, rev) != storagetest.Dump(t, s, rev) {
			t.Errorf("revision %d is another", rev)
		}
	}
	if got := releasesOf(t, r); got != "1=first" {
		t.Errorf("the releases are %s", got)
	}
	if rev := update(t, r, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(9)) }); rev != 4 {
		t.Errorf("the restored store goes on at revision %d, want 4", rev)
	}
	_, err = Restore(bg, []string{file}, dir, RestoreOptions{})
	wantError(t, err, os.ErrExist, dir)
}

// An empty store can be backed up and restored too.
func TestBackupOfNothing(t *testing.T) {
	s := checked(t, t.TempDir())
	r := restored(t, RestoreOptions{}, s.saved(t, 0))
	if rev := update(t, r, graph(1, 1)); rev != 1 {
		t.Errorf("it goes on at revision %d", rev)
	}
	_, err := s.Backup(bg, new(bytes.Buffer), 1)
	wantError(t, err, storage.ErrNoRevision, "1")
}

// A restore that is cancelled, or finds no space, leaves nothing.
func TestCutRestoreLeavesNothing(t *testing.T) {
	file := lived(t).saved(t, 0)
	cuts := 0
	for n := 0; ; n += 1 + n/2 {
		parent := t.TempDir()
		_, err := Restore(&cancelled{Context: bg, after: n}, []string{file}, filepath.Join(parent, "restored"), RestoreOptions{Check: CheckNever})
		if err == nil {
			break
		}
		cuts++
		wantError(t, err, context.Canceled)
		if left := filesIn(t, parent); len(left) != 0 {
			t.Errorf("%d: it leaves %v behind", n, left)
		}
	}
	if cuts < 3 {
		t.Errorf("it was cut short %d times", cuts)
	}
	refused(t, RestoreOptions{MinFreeBytes: 1 << 60}, storage.ErrFull, "MiB free", file)
}

// A cancelled context is cancelled when it has been asked for some times.
type cancelled struct {
	context.Context
	after int
}

func (c *cancelled) Err() error {
	if c.after--; c.after < 0 {
		return context.Canceled
	}
	return nil
}
