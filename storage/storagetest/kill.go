package storagetest

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// childDir, when it is set, makes Run the child that commits until it is killed, in that directory.
const childDir = "STEMMA_STORAGETEST_COMMIT_IN"

func isChild() bool { return os.Getenv(childDir) != "" }

// The commits of the child: every one moves the counter and whatever must agree with it; every bulkEvery-th is large, so that
// a kill is likely to find the engine in the middle of it.
const (
	bulkEvery = 4
	bulkNodes = 600
	bulkBytes = 8 << 10 // of text in each of them
)

func bulkID(i int) kg.ID { return kg.ID(fmt.Sprintf("concept:bulk-%04d", i)) }

// childCommit makes revision rev.
func childCommit(w storage.Writer, rev storage.Revision) error {
	if rev == 1 {
		return errors.Join(small(w), w.PutNodes(bg, counter(1)))
	}
	if err := twins(w, int(rev)); err != nil {
		return err
	}
	if rev%bulkEvery != 0 {
		return nil
	}
	text := strings.Repeat(fmt.Sprintf("revision %08d ", rev), bulkBytes/18)
	for i := range bulkNodes {
		n := Concept(bulkID(i), fmt.Sprintf("Bulk %d of %d", i, rev))
		n.Definition = text
		if err := errors.Join(w.PutNodes(bg, n), w.PutEdges(bg, EdgeFrom(Source, n.ID, kg.Causes, "", "condition:ms"))); err != nil {
			return err
		}
	}
	return nil
}

// commitUntilKilled is the child: it prints each revision that Update has acknowledged.
func commitUntilKilled(t *testing.T, e Engine) {
	s := e.Open(t, os.Getenv(childDir))
	for rev := revisionOf(s) + 1; ; rev++ {
		got, err := s.Update(bg, commit, func(w storage.Writer) error { return childCommit(w, rev) })
		if err != nil || got != rev {
			fmt.Printf("\nfailed revision %d: got %d, %v\n", rev, got, err)
			t.Fatalf("revision %d: got %d, %v", rev, got, err)
		}
		if _, err := fmt.Printf("\nacknowledged %d\n", rev); err != nil {
			return // the parent is gone
		}
	}
}

var killLaws = []law{
	{"kill/what-was-acknowledged-is-there-whole-and-nothing-half", true, func(t *testing.T, e Engine) {
		dir := t.TempDir()
		rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 9))
		rounds := 6
		if testing.Short() {
			rounds = 2
		}
		var last storage.Revision
		for round := range rounds {
			acknowledged := killOne(t, dir, rnd)
			last = max(last, acknowledged)
			if t.Failed() {
				return
			}
			t.Logf("round %d: killed after revision %d was acknowledged", round, last)
			b := &box{t: t, engine: e, dir: dir, Store: e.Open(t, dir)}
			head := b.head()
			if head < last || head > last+1 {
				t.Errorf("the head is revision %d: %d was acknowledged, and one more may have been on its way", head, last)
			}
			b.check()
			for rev := storage.Revision(1); rev <= head; rev++ {
				b.viewAt(rev, func(r storage.Reader) {
					if err := whole(r, rev); err != nil {
						t.Errorf("as of revision %d: %v", rev, err)
					}
				})
			}
			for i, c := range take(b, 0, int(head)) {
				is(b, "revision in the feed", c.Revision, storage.Revision(i+1))
			}
			last = head
			// And the store goes on from there.
			is(b, "the next revision", b.update(func(w storage.Writer) error { return childCommit(w, head+1) }), head+1)
			last++
			b.close()
			if t.Failed() {
				return
			}
		}
	}},
}

// killOne starts a child, kills it after a random number of commits at a random moment, and returns the last revision that
// it has acknowledged.
func killOne(t *testing.T, dir string, rnd *rand.Rand) storage.Revision {
	t.Helper()
	parts := strings.Split(t.Name(), "/") // the child enters by the test that called Run
	parts = parts[:len(parts)-2]
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	cmd := exec.Command(os.Args[0], "-test.run="+strings.Join(parts, "/"), "-test.timeout=5m")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = cmd.Process.Kill() }
	defer kill()
	hang := time.AfterFunc(2*patience, kill)
	defer hang.Stop()

	enough := 1 + rnd.IntN(2*bulkEvery)
	var last storage.Revision
	seen := 0
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); { // to the end: what the child wrote before it died counts
		var rev storage.Revision
		if _, err := fmt.Sscanf(lines.Text(), "acknowledged %d", &rev); err != nil {
			said = append(said, lines.Text())
			continue
		}
		last = rev
		if seen++; seen == enough {
			time.AfterFunc(time.Duration(rnd.IntN(40_000))*time.Microsecond, kill)
		}
	}
	_ = cmd.Wait()
	if seen < enough {
		t.Fatalf("the child ended after %d of %d commits: %s", seen, enough, strings.Join(said, "\n"))
	}
	return last
}

// whole returns an error unless the snapshot is what the commits up to rev have made.
func whole(r storage.Reader, rev storage.Revision) error {
	nodes, err := r.Nodes(bg, counterID)
	if err != nil {
		return err
	}
	if nodes[0] == nil || count(nodes[0]) != int(rev) {
		return fmt.Errorf("the counter is %s", show(nodes[0]))
	}
	if err := agree(r, 1); err != nil {
		return err
	}
	bulk := rev / bulkEvery * bulkEvery
	n, err := r.Count(bg, storage.Find{Category: kg.CategoryConcept})
	if err != nil {
		return err
	}
	pages, err := r.Neighbors(bg, []kg.ID{"condition:ms"}, storage.Hop{Predicates: []kg.Predicate{kg.Causes}, Reverse: true, Window: storage.Window{Count: true}})
	if err != nil {
		return err
	}
	want := int64(bulkNodes)
	if bulk == 0 {
		want = 0
	}
	if n != want || pages[0].Total != want {
		return fmt.Errorf("there are %d concepts with %d edges, want %d", n, pages[0].Total, want)
	}
	if bulk != rev {
		return nil
	}
	all := make([]kg.ID, bulkNodes)
	for i := range all {
		all[i] = bulkID(i)
	}
	if nodes, err = r.Nodes(bg, all...); err != nil {
		return err
	}
	for i, n := range nodes {
		if want := fmt.Sprintf("Bulk %d of %d", i, rev); n == nil || n.Base().Label != want || !strings.HasPrefix(n.(*kg.Concept).Definition, fmt.Sprintf("revision %08d", rev)) {
			return fmt.Errorf("a large commit is there in part: want %s, got %.100s", want, show(n))
		}
	}
	return nil
}
