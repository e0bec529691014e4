package badger

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// The child of the crash tests works in crashDir and kills itself after crashAfter transactions of a commit, or of an undoing.
const (
	crashDir   = "STEMMA_CRASH_DIR"
	crashAfter = "STEMMA_CRASH_AFTER"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Println(crash(dir))
		os.Exit(1) // it should have been killed
	}
	os.Exit(m.Run())
}

// crash opens the store and makes a commit of many transactions; it is killed on the way.
func crash(dir string) error {
	after, err := strconv.Atoi(os.Getenv(crashAfter))
	if err != nil {
		return err
	}
	failpoint = eachTransaction(func(n int) {
		if n == after {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	s, err := Open(dir, tiny)
	if err != nil {
		return err
	}
	_, err = s.Update(bg, me, half)
	return err
}

// eachTransaction makes a failpoint of fn, which is told how many transactions of a commit, or an undoing, are done.
func eachTransaction(fn func(n int)) func(string, string) error {
	n := 0
	return func(step, _ string) error {
		switch step {
		case "begin":
			n = 0
		case "committed":
			n++
			fn(n)
		}
		return nil
	}
}

// fails sets the failpoint until the test ends.
func fails(t *testing.T, fn func(step, path string) error) {
	t.Helper()
	failpoint = fn
	t.Cleanup(func() { failpoint = nil })
}

// half is a commit of several transactions that changes, deletes and adds.
func half(w storage.Writer) error {
	for i := range 8000 {
		t := storagetest.Trial(trialID(i), fmt.Sprintf("Trial %d, never seen", i), "2025")
		if err := errors.Join(w.PutNodes(bg, t), w.PutEdges(bg, storagetest.Edge(t.ID, kg.Investigates, "condition:d1"))); err != nil {
			return err
		}
	}
	return w.DeleteNodes(bg, "condition:d0")
}

// killed runs the child until it has killed itself.
func killed(t *testing.T, dir string, after int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashAfter+"="+strconv.Itoa(after))
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was to be killed in mid-commit: %v: %s", err, out)
	}
}

// A commit that takes several transactions and is cut short leaves no trace: not in the newest revision, not in an earlier one, not in
// histories, not in the feed; and the next revision is the one it would have been.
func TestKilledInMidCommit(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	update(t, s, graph(2, 1000))
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(7)) })
	closed(t, s)

	killed(t, dir, 2) // in mid-commit
	killed(t, dir, 1) // in mid-undoing of that
	o := tiny
	o.ReadOnly = true
	_, err := Open(dir, o) // can't bring in what the log holds
	wantError(t, err, storage.ErrReadOnly, dir, "once for writing")
	killed(t, dir, 4) // after another undoing, in a second commit

	s = checked(t, dir)
	if got := revision(t, s); got != 2 {
		t.Errorf("the head is revision %d, want 2", got)
	}
	same := func(at storage.Revision, trials int64) {
		t.Helper()
		if got := countTrials(t, s, at); got != trials {
			t.Errorf("revision %d has %d trials, want %d", at, got, trials)
		}
	}
	same(1, 1000)
	same(2, 999)
	err = s.View(bg, storage.At{}, func(r storage.Reader) error {
		h, err := r.History(bg, trialID(7))
		if err != nil || fmt.Sprint(h) != "[{2 true} {1 false}]" {
			t.Errorf("the history of a deleted node is %v (%v)", h, err)
		}
		if h, err = r.History(bg, trialID(2000)); err != nil || len(h) != 0 {
			t.Errorf("a node that never was has the history %v (%v)", h, err)
		}
		n, err := r.Nodes(bg, trialID(1), "alias:d0")
		if err == nil && (n[0].Base().Label != "Trial 1" || n[1] == nil) {
			t.Errorf("nodes are not as they were: %v", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if got := update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(8)) }); got != 3 {
		t.Errorf("the next revision is %d, want 3", got)
	}
	same(3, 998)
	same(2, 999)
	next := storage.Revision(1)
	for c, err := range s.Changes(bg, 0) {
		if err != nil || c.Revision != next {
			t.Fatalf("the feed has revision %d (%v), want %d", c.Revision, err, next)
		}
		if next++; next > 3 {
			break
		}
	}
}

// A commit of any size is one: readers see all of it or nothing.
func TestLargeCommitIsAtomic(t *testing.T) {
	trials := 40_000 // some 320,000 entries
	if testing.Short() {
		trials = 8_000
	}
	dir := t.TempDir()
	transactions := 0
	s := openAt(t, dir, tiny)
	failpoint = eachTransaction(func(n int) {
		transactions = n
		if got := revision(t, s); got != 0 {
			t.Errorf("after %d transactions, readers see revision %d", n, got)
		}
		if got := countTrials(t, s, 0); got != 0 {
			t.Errorf("after %d transactions, readers see %d trials", n, got)
		}
	})
	update(t, s, graph(5, trials))
	failpoint = nil
	if transactions < 2 {
		t.Errorf("the commit took %d transactions: the test needs a larger one", transactions)
	}
	closed(t, s)
	s = checked(t, dir)
	if got := countTrials(t, s, 1); got != int64(trials) {
		t.Errorf("%d trials are there, want %d", got, trials)
	}
}

// The entries at a node's neighbours carry its rank: they move with it.
func TestHubChangesItsRank(t *testing.T) {
	const n = 3000
	s := checked(t, t.TempDir())
	update(t, s, graph(2, n))
	hub := storagetest.Disease("condition:d0", "Zebra")
	rename := func(label string) func(storage.Writer) error {
		return func(w storage.Writer) error {
			hub.Label = label
			return w.PutNodes(bg, hub)
		}
	}
	update(t, s, func(w storage.Writer) error { // gives every trial two diseases
		for i := range n {
			if err := w.PutEdges(bg, storagetest.Edge(trialID(i), kg.Investigates, "condition:d0"), storagetest.Edge(trialID(i), kg.Investigates, "condition:d1")); err != nil {
				return err
			}
		}
		return rename("Zebra")(w)
	})
	first := func(at storage.Revision) kg.ID {
		var id kg.ID
		err := s.View(bg, storage.At{Revision: at}, func(r storage.Reader) error {
			p, err := r.Neighbors(bg, []kg.ID{trialID(5)}, storage.Hop{Predicates: []kg.Predicate{kg.Investigates}, Window: storage.Window{Limit: 1}})
			if err == nil {
				id = p[0].Items[0].Node.Base().ID
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	update(t, s, rename("Aardvark"))
	for at, want := range map[storage.Revision]kg.ID{2: "condition:d1", 3: "condition:d0", 0: "condition:d0"} {
		if got := first(at); got != want {
			t.Errorf("at revision %d, %s comes first, want %s", at, got, want)
		}
	}
	// There and back in one update is no change.
	rev := update(t, s, func(w storage.Writer) error { return errors.Join(rename("Zebra")(w), rename("Aardvark")(w)) })
	if rev != 3 {
		t.Errorf("a change that was taken back made revision %d", rev)
	}
}

// Values of every size that is let in come back whole, and none is so large that Badger keeps it in its value log, which has no copy aside.
func TestLargeValues(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	sizes := []int{1, 40, 62, 63} // remarks of 16 KiB: up to the limit
	large := func(i, n int) *kg.Disease {
		d := storagetest.Disease(kg.ID(fmt.Sprintf("condition:large%d", i)), "Large")
		for range n {
			d.Remarks = append(d.Remarks, strings.Repeat("x", 16<<10))
		}
		return d
	}
	update(t, s, func(w storage.Writer) error {
		if err := w.PutNodes(bg, storagetest.Reference(storagetest.Source)); err != nil {
			return err
		}
		for i, n := range sizes {
			if err := w.PutNodes(bg, large(i, n)); err != nil {
				return err
			}
		}
		return nil
	})
	_, err := s.Update(bg, me, func(w storage.Writer) error { return w.PutNodes(bg, large(9, 64)) })
	var invalid kg.InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("a node of more than 1 MiB: %v", err)
	}
	closed(t, s)
	logs, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	for _, path := range logs {
		if fi, err := os.Stat(path); err != nil || fi.Size() > 20 { // its header
			t.Errorf("%s holds values: %v, %v", path, fi.Size(), err)
		}
	}
	s = checked(t, dir)
	for _, s := range []*Store{s, restored(t, RestoreOptions{}, s.saved(t, 0))} {
		err := s.View(bg, storage.At{}, func(r storage.Reader) error {
			for i, n := range sizes {
				got, err := r.Nodes(bg, kg.ID(fmt.Sprintf("condition:large%d", i)))
				if err != nil {
					return err
				}
				if len(got[0].Base().Remarks) != n {
					t.Errorf("node %d has %d remarks, want %d", i, len(got[0].Base().Remarks), n)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A crash may come between making a log and giving it its size, and then the file is there and empty.
func TestKilledWhileALogIsMade(t *testing.T) {
	for _, name := range []string{"00099.mem", "000099.vlog"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openAt(t, dir, tiny)
			update(t, s, graph(2, 1000))
			update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(7)) })
			closed(t, s)
			killed(t, dir, 2)
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s = checked(t, dir)
			err := s.View(bg, storage.At{}, func(r storage.Reader) error {
				if r.Revision() != 2 {
					t.Errorf("the newest revision is %d, want 2", r.Revision())
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
