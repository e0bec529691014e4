package badger

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// A repair that is stopped at any step, by an error or a kill, has lost nothing, and can be run again.
func TestRepairIsCutShort(t *testing.T) {
	origin := filled(t)
	flipAt(filepath.Base(tablesOf(t, origin)[0]), func(b []byte) int { return len(b) / 2 })(t, origin)
	before := files(t, origin)
	o := repairOptions
	o.AcceptLoss = true
	stop := errors.New("stopped")
	stride := 1
	if testing.Short() {
		stride = 9
	}
	renamed := false
	for n, ended := 1, false; !ended; n += stride {
		if renamed {
			stride = 1
		}
		dir := snapshot(t, origin)
		steps, at := 0, ""
		failpoint = func(step, path string) error {
			if steps++; steps < n {
				return nil
			}
			if steps == n {
				at = step + " " + strings.TrimPrefix(path, filepath.Dir(dir))
				renamed = renamed || step == "rename" && path == dir+repairedSuffix
			}
			return stop // as for ever after a kill
		}
		_, err := Repair(bg, dir, o)
		failpoint = nil
		if ended = steps < n; !ended && err == nil {
			t.Errorf("stopped at step %d, %s: no error", n, at)
		}
		if _, there := os.Stat(dir); there == nil && !ended && !maps.Equal(files(t, dir), before) {
			// only the last step of all can fail behind the replacement
			if found, _ := filepath.Glob(dir + damagedSuffix + "*"); len(found) != 1 {
				t.Errorf("stopped at step %d, %s: the damaged store was changed", n, at)
			}
		}
		if _, err := Repair(bg, dir, o); err != nil {
			t.Errorf("again, after step %d, %s: %v", n, at, err)
			continue
		}
		s := openAt(t, dir, tiny)
		if got := s.problems(t); got != 0 || revision(t, s) < 2 {
			t.Errorf("after step %d, %s: %d problems, revision %d", n, at, got, revision(t, s))
		}
		closed(t, s)
		found, err := filepath.Glob(dir + damagedSuffix + "*")
		if err != nil || len(found) != 1 || !maps.Equal(files(t, found[0]), before) {
			t.Errorf("after step %d, %s: the damaged store is not kept as it was: %v (%v)", n, at, found, err)
		}
	}
}

// The process may also be killed: then what it was making is left, and the next run begins anew.
func TestRepairIsKilled(t *testing.T) {
	origin := filled(t)
	flipAt(filepath.Base(tablesOf(t, origin)[0]), func(b []byte) int { return len(b) / 2 })(t, origin)
	before := files(t, origin)
	dir := snapshot(t, origin)
	for _, left := range []string{repairingSuffix, repairedSuffix} {
		if err := os.Mkdir(dir+left, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir+left, "half"), []byte("a table"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := repairOptions
	o.AcceptLoss = true
	r, err := Repair(bg, dir, o)
	if err != nil || !r.Repaired || !maps.Equal(files(t, r.Kept), before) {
		t.Fatalf("%+v, %v", r, err)
	}
	checked(t, dir)
}

// What others name as their source is kept by its id: they would be lost with it.
func TestRepairKeepsSources(t *testing.T) {
	dir := t.TempDir() + "/store"
	s := openAt(t, dir, tiny)
	update(t, s, graph(1, 5))
	key := nodeKey(storagetest.Source)
	s.put(t, key, []byte{1, 2, 3, 4, 5, 6, 7}, 1)
	closed(t, s)
	o := repairOptions
	o.AcceptLoss = true
	r, err := Repair(bg, dir, o)
	if err != nil || !r.Repaired {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(r.Lost) != 2 || r.Lost[0].ID != storagetest.Source || !strings.Contains(r.Lost[0].Note, "stands in its place") || r.Lost[1].What != LostAudit {
		t.Errorf("lost: %v", r.Lost)
	}
	s = checked(t, dir)
	err = s.View(bg, storage.At{}, func(v storage.Reader) error {
		n, err := v.Nodes(bg, storagetest.Source, trialID(1))
		if err == nil && (n[0] == nil || n[0].Base().Label != lostLabel || n[1] == nil) {
			t.Errorf("got %v", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	infos, err := s.Revisions(bg, 0, 0, 10)
	if err != nil || len(infos) != 2 || infos[0].Author != me.Author || infos[1].Author != repairAuthor || !strings.Contains(infos[1].Reason, "1 node") {
		t.Errorf("revisions: %v (%v)", infos, err)
	}
}

// A node whose newest state is lost is not shown in an older one, whether the feed says that it changed or the index alone; the list has the older one.
func TestRepairShowsNothingOutdated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := openAt(t, dir, tiny)
	update(t, s, graph(1, 3))
	update(t, s, func(w storage.Writer) error { return w.PutNodes(bg, storagetest.Trial(trialID(1), "Renamed", "2001")) })
	crashed := snapshot(t, dir)
	closed(t, s)
	newest := func(key []byte) func([]byte) int { return func(b []byte) int { return bytes.LastIndex(b, key) } }
	for name, keys := range map[string][][]byte{
		"the feed says so":  {nodeKey(trialID(1))},
		"the index says so": {nodeKey(trialID(1)), changeKey(2, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := snapshot(t, crashed)
			for _, key := range keys {
				flipAt("00001.mem", newest(key))(t, dir)
			}
			o := repairOptions
			o.AcceptLoss = true
			r, err := Repair(bg, dir, o)
			if err != nil || !r.Repaired {
				t.Fatalf("%+v, %v", r, err)
			}
			if named, _ := r.lists("node "+string(trialID(1)), 2); !named || r.Exact != 1 {
				t.Errorf("up to %d all is said to be as it was; lost: %v", r.Exact, r.Lost)
			}
			for _, l := range r.Lost {
				if l.What == LostNode && (l.Last == nil || l.Last.Base().Label != "Trial 1") {
					t.Errorf("the last state that can be read is %v", l.Last)
				}
			}
			s := checked(t, dir)
			for rev, want := range map[storage.Revision]int64{1: 3, 2: 2, 0: 2} {
				if got := countTrials(t, s, rev); got != want {
					t.Errorf("revision %d has %d trials, want %d", rev, got, want)
				}
			}
		})
	}
}
