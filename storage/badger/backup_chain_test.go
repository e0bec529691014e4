package badger

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// A full backup and its increments make the store that a full backup of the end makes, to the last byte.
func TestIncrements(t *testing.T) {
	s := lived(t) // revisions 1 to 3, and burnt timestamps between
	full := s.saved(t, 0)
	named(t, s, "third") // after its revision was backed up, and at its timestamp
	empty := s.saved(t, 3)
	update(t, s, func(w storage.Writer) error {
		return errors.Join(w.DeleteNodes(bg, trialID(5)), w.PutNodes(bg, storagetest.Trial(trialID(2000), "A trial", "2021")))
	})
	monday := s.saved(t, 3)
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(2000), trialID(6)) })
	named(t, s, "fifth")
	tuesday, both := s.saved(t, 4), s.saved(t, 3)
	nothing := s.saved(t, 5)
	want := s.all(t)
	for _, chain := range [][]string{
		{full, monday, tuesday},
		{full, both},                         // a differential
		{full, empty, monday, both, nothing}, // that overlap
		{full, s.saved(t, 1), nothing},
		{s.saved(t, 0), nothing, nothing},
	} {
		infos, err := VerifyBackup(bg, chain, nil)
		if err != nil || len(infos) != len(chain) || infos[len(infos)-1].Revision != 5 {
			t.Errorf("%+v, %v", infos, err)
		}
		r := restored(t, RestoreOptions{}, chain...)
		if r.all(t) != want {
			t.Errorf("%d files make another store", len(chain))
		}
		if got := auditOf(t, r); got != auditOf(t, s) {
			t.Errorf("the audit log is another: %s", got)
		}
		if got := releasesOf(t, r); got != "1=first 3=third 5=fifth" {
			t.Errorf("the releases are %s", got)
		}
	}
	if r := restored(t, RestoreOptions{}, full, empty); releasesOf(t, r) != "1=first 3=third" {
		t.Errorf("a release that was made after the full backup is lost: %s", releasesOf(t, r))
	}
	if infos, err := VerifyBackup(bg, []string{monday, tuesday}, nil); err != nil || infos[0].Since != 3 || infos[1].Since != 4 {
		t.Errorf("increments alone: %+v, %v", infos, err)
	}
	if len(s.bytesOf(t, 3))*10 > len(want) {
		t.Error("an increment is as large as a full backup")
	}
}

// What does not belong together is refused, with what is missing.
func TestChainsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	change := func(s *Store, i int) {
		update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(i)) })
	}
	update(t, s, graph(1, 10))
	first := s.saved(t, 0)
	change(s, 1)
	full, one := s.saved(t, 0), s.saved(t, 1)
	change(s, 2)
	two := s.saved(t, 2)
	change(s, 3)
	three := s.saved(t, 3)
	closed(t, s)
	// Another history begins where the first backup ends.
	fork := restored(t, RestoreOptions{}, first)
	change(fork, 1)
	forked := fork.saved(t, 1)
	change(fork, 2)
	change(fork, 3)
	change(fork, 4)
	late := fork.saved(t, 3)
	// In one more, a crash has used up timestamps: nothing of it stands where the same of another stands.
	burnt := t.TempDir()
	crashed := openAt(t, burnt, tiny)
	update(t, crashed, graph(2, 10))
	closed(t, crashed)
	killed(t, burnt, 1)
	crashed = checked(t, burnt)
	change(crashed, 1)
	change(crashed, 2)
	other := checked(t, t.TempDir())
	update(t, other, graph(1, 10))
	change(other, 1)
	change(other, 2)
	for _, c := range []struct {
		name  string
		chain []string
		says  string
	}{
		{"a gap", []string{full, three}, "an increment from 2 to 3 is missing"},
		{"no full backup", []string{two, three}, "continues revision 2"},
		{"wrong order", []string{full, three, two}, "from 2 to 3 is missing"},
		{"wrong order, overlapping", []string{save(t, fork.bytesOf(t, 0)), one}, "from the oldest to the newest"},
		{"the full backup last", []string{one, full}, "is a full backup, and stands behind"},
		{"two full ones", []string{first, full}, "is a full backup"},
		{"an increment of another store", []string{full, other.saved(t, 2)}, "two stores"},
		{"of another store, at other timestamps", []string{full, crashed.saved(t, 2)}, "two stores"},
		{"one that overlaps", []string{full, other.saved(t, 1)}, "two stores"},
		{"an increment of another history", []string{full, late}, "from 2 to 3 is missing"},
		{"of another history, at the same revision", []string{full, two, late}, "two histories"},
		{"of another history, overlapping", []string{full, forked}, "two histories"},
		{"of another history, later", []string{first, one, fork.saved(t, 1)}, "two histories"},
	} {
		t.Run(c.name, func(t *testing.T) {
			refused(t, RestoreOptions{}, ErrChain, c.says, c.chain...)
		})
	}
}

// A store comes back as it was after each of its revisions, and goes on from there.
func TestRestoreOfARevision(t *testing.T) {
	s := lived(t)
	full := s.saved(t, 0)
	named(t, s, "third")
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(5)) })
	chain := []string{full, s.saved(t, 3)}
	log := strings.Split(auditOf(t, s), "\n")
	for rev, want := range map[storage.Revision]struct {
		releases string
		rows     int
	}{1: {"1=first", 2}, 2: {"1=first", 3}, 3: {"1=first 3=third", 5}, 4: {"1=first 3=third", 6}} {
		r := restored(t, RestoreOptions{Revision: rev}, chain...)
		if got := revision(t, r); got != rev {
			t.Errorf("it is of revision %d, want %d", got, rev)
		}
		for at := storage.Revision(1); at <= rev; at++ {
			if storagetest.Dump(t, r, at) != storagetest.Dump(t, s, at) {
				t.Errorf("restored to revision %d, revision %d is another", rev, at)
			}
		}
		if got := releasesOf(t, r); got != want.releases {
			t.Errorf("revision %d: the releases are %s, want %s", rev, got, want.releases)
		}
		if got := auditOf(t, r); got != strings.Join(log[:want.rows], "\n") {
			t.Errorf("revision %d: the audit log is %s", rev, got)
		}
		if next := update(t, r, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(9)) }); next != rev+1 {
			t.Errorf("it goes on at revision %d, want %d", next, rev+1)
		}
		again := restored(t, RestoreOptions{}, r.saved(t, 0))
		if again.all(t) != r.all(t) {
			t.Error("a backup of it makes another store")
		}
	}
	refused(t, RestoreOptions{Revision: 5}, storage.ErrNoRevision, "end at revision 4", chain...)
	refused(t, RestoreOptions{Revision: math.MaxUint64}, storage.ErrNoRevision, "end at revision 4", chain...)
}

// A time chooses the newest revision of then, with the name that it had then.
func TestRestoreOfATime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	o := tiny
	o.Now = func() time.Time { now = now.Add(time.Minute); return now }
	s := openAt(t, t.TempDir(), o)
	t.Cleanup(func() { closed(t, s) })
	update(t, s, graph(1, 10)) // 3:01
	named(t, s, "first")       // 3:02
	change := func(i int) { update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(i)) }) }
	change(1)             // 3:03
	change(2)             // 3:04
	named(t, s, "latest") // 3:05
	file := s.saved(t, 0)
	at := func(text string) time.Time {
		t.Helper()
		when, err := time.Parse(time.RFC3339Nano, "2026-01-02T"+text+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for text, want := range map[string]struct {
		rev      storage.Revision
		releases string
		rows     int
	}{
		"03:01:00":           {1, "", 1},
		"03:01:59.999":       {1, "", 1},
		"03:02:00":           {1, "1=first", 2},
		"03:02:59.999999999": {1, "1=first", 2},
		"03:03:00":           {2, "1=first", 3},
		"03:04:30":           {3, "1=first", 4},
		"03:05:00":           {3, "1=first 3=latest", 5},
		"23:00:00":           {3, "1=first 3=latest", 5},
	} {
		r := restored(t, RestoreOptions{Before: at(text)}, file)
		if got, rows := fmt.Sprint(revision(t, r), " ", releasesOf(t, r)), strings.Count(auditOf(t, r), "\n")+1; got != fmt.Sprint(want.rev, " ", want.releases) || rows != want.rows {
			t.Errorf("%s: %s and %d rows, want %+v", text, got, rows, want)
		}
		if !strings.Contains(want.releases, fmt.Sprint(want.rev, "=")) {
			named(t, r, "mine")
		}
	}
	refused(t, RestoreOptions{Before: at("03:00:59")}, storage.ErrNoRevision, "at or before 2026-01-02T03:00:59Z", file)
}

// A release that comes while a backup is written has the timestamp of a revision that is in it, and is still not of its moment.
func TestReleaseInTheMidstOfABackup(t *testing.T) {
	s := checked(t, t.TempDir())
	update(t, s, graph(2, 1000))
	row := auditOf(t, s)
	var b bytes.Buffer
	begun := false
	_, err := s.Backup(bg, writerFunc(func(p []byte) (int, error) {
		if !begun { // the names and edges are written, releases and rows are still to come
			begun = true
			named(t, s, "meanwhile")
		}
		return b.Write(p)
	}), 0)
	if err != nil {
		t.Fatal(err)
	}
	full := save(t, b.Bytes())
	r := restored(t, RestoreOptions{}, full)
	if releasesOf(t, r) != "" || auditOf(t, r) != row {
		t.Errorf("the backup has the release %q and the audit log %s", releasesOf(t, r), auditOf(t, r))
	}
	if r := restored(t, RestoreOptions{}, full, s.saved(t, 1)); releasesOf(t, r) != "1=meanwhile" {
		t.Errorf("the increment after it has the releases %q", releasesOf(t, r))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A backup is of one moment, also beside releases and commits; and increments that are taken all the while miss nothing.
func TestBackupBesideWriters(t *testing.T) {
	s := checked(t, t.TempDir())
	update(t, s, graph(2, 300))
	stop, done := make(chan struct{}), make(chan error, 2)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			_, err := s.Update(bg, me, func(w storage.Writer) error {
				return errors.Join(w.DeleteNodes(bg, trialID(i%300)), w.PutNodes(bg, storagetest.Trial(trialID(1000+i), "More", "2022")),
					w.PutEdges(bg, storagetest.Edge(trialID(1000+i), kg.Investigates, "condition:d1")))
			})
			if err != nil {
				done <- err
				return
			}
		}
	}()
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := s.Release(bg, me, fmt.Sprint("release ", i)); err != nil && !errors.Is(err, storage.ErrTaken) {
				done <- err
				return
			}
		}
	}()
	var chain []string
	var since storage.Revision
	for range 6 {
		var b bytes.Buffer
		rev, err := s.Backup(bg, &b, since)
		if err != nil {
			t.Fatal(err)
		}
		chain, since = append(chain, save(t, b.Bytes())), rev
	}
	close(stop)
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= len(chain); n += 5 {
		r := restored(t, RestoreOptions{}, chain[:n]...)
		rev := revision(t, r)
		if n == len(chain) && rev != since {
			t.Errorf("it is of revision %d, want %d", rev, since)
		}
		if storagetest.Dump(t, r, rev) != storagetest.Dump(t, s, rev) {
			t.Errorf("the store that %d backups make is not what it was at revision %d", n, rev)
		}
		if !strings.HasPrefix(auditOf(t, s), auditOf(t, r)) {
			t.Error("the audit log is another")
		}
	}
	for _, path := range chain {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}
