package badger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

var repairOptions = RepairOptions{MinFreeBytes: -1}

// storied makes a store with a history: every kind of change, in several tables; and what a kill leaves of it after some more commits, which are
// in a log. It returns both directories.
func storied(t *testing.T) (shut, killed string) {
	t.Helper()
	shut = filepath.Join(t.TempDir(), "store")
	other := kg.ID("source:other")
	for i, change := range []func(w storage.Writer) error{
		graph(3, 60),
		func(w storage.Writer) error { // another rank, another source, edges between diseases
			d := storagetest.Disease("condition:d1", "A disease that moves to the front")
			d.Aliases = []kg.ID{"alias:d1"}
			return errors.Join(w.PutNodes(bg, d, storagetest.Reference(other)),
				w.PutEdges(bg, storagetest.EdgeFrom(other, trialID(1), kg.Investigates, "", "condition:d1"), storagetest.EdgeFrom(other, "condition:d0", kg.SubtypeOf, "", "condition:d1")))
		},
		func(w storage.Writer) error { // deletions; an alias goes to another node
			d0, d2 := storagetest.Disease("condition:d0", "Disease 0"), storagetest.Disease("condition:d2", "Disease 2")
			d0.Aliases, d2.Aliases = []kg.ID{"alias:d2"}, []kg.ID{"alias:d0"}
			bare := storagetest.Disease("condition:d0", "Disease 0")
			return errors.Join(w.DeleteNodes(bg, trialID(3), trialID(4)), w.PutNodes(bg, bare), w.PutNodes(bg, d2), w.PutNodes(bg, d0),
				w.DeleteEdges(bg, kg.EdgeKey{Subject: trialID(7), Predicate: kg.Investigates, Object: "condition:d1", Source: storagetest.Source}))
		},
		func(w storage.Writer) error { // one comes back, some change
			for i := range 20 {
				if err := w.PutNodes(bg, storagetest.Trial(trialID(2*i), fmt.Sprintf("Trial %d, renamed", 2*i), "2001")); err != nil {
					return err
				}
			}
			return w.PutEdges(bg, storagetest.Edge(trialID(4), kg.Investigates, "condition:d2"))
		},
	} {
		s := openAt(t, shut, tiny)
		update(t, s, change)
		if i == 1 {
			if _, err := s.Release(bg, storage.Commit{Author: "ann", Token: "t1"}, "second"); err != nil {
				t.Fatal(err)
			}
		}
		closed(t, s)
	}
	live := filepath.Join(t.TempDir(), "live")
	copyStore(t, shut, live)
	s := openAt(t, live, tiny)
	for i := range 6 {
		update(t, s, func(w storage.Writer) error {
			n := storagetest.Trial(trialID(30+i), fmt.Sprintf("Trial %d, in the log", 30+i), "2002")
			return errors.Join(w.PutNodes(bg, n, storagetest.Trial(trialID(100+i), "New", "2003")), w.PutEdges(bg, storagetest.EdgeFrom(other, trialID(100+i), kg.Investigates, "", "condition:d0")),
				w.DeleteNodes(bg, trialID(50+i)))
		})
	}
	killed = snapshot(t, live)
	closed(t, s)
	return shut, killed
}

// A state is a graph as its readers see it: nodes and edges, encoded, by name.
type state map[string]string

// states returns all of a store's history, by revision.
func states(t *testing.T, s *Store) []state {
	t.Helper()
	out := []state{{}}
	for rev := storage.Revision(1); rev <= revision(t, s); rev++ {
		now := state{}
		err := s.View(bg, storage.At{Revision: rev}, func(r storage.Reader) error {
			for _, c := range kg.Categories() {
				p, err := r.Scan(bg, storage.Find{Category: c, Window: storage.Window{Limit: 1000}})
				if err != nil {
					return err
				}
				for _, n := range p.Items {
					b, err := kg.Encode(n)
					if err != nil {
						return err
					}
					id := n.Base().ID
					now["node "+string(id)] = string(b)
					for _, name := range n.Base().Aliases {
						got, err := r.Nodes(bg, name)
						if err != nil || got[0] == nil || got[0].Base().ID != id {
							t.Errorf("revision %d: %s is not found as %s", rev, id, name)
						}
					}
					ps, err := r.Neighbors(bg, []kg.ID{id}, storage.Hop{Predicates: []kg.Predicate{kg.Investigates, kg.SubtypeOf}, Window: storage.Window{Limit: 1000}})
					if err != nil {
						return err
					}
					for _, far := range ps[0].Items {
						edges, err := far.Edges()
						if err != nil {
							return err
						}
						for _, e := range edges {
							b, err := json.Marshal(e)
							if err != nil {
								return err
							}
							now[fmt.Sprintf("edge %v", e.Key())] = string(b)
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, now)
	}
	return out
}

// lists tells whether the report says of a fact that it is lost as of a revision. Vague is true where it only says that something of the
// revision is.
func (r *RepairReport) lists(fact string, rev storage.Revision) (named, vague bool) {
	for _, l := range r.Lost {
		if l.Revision > rev || l.Until > 0 && l.Until <= rev {
			continue
		}
		switch l.What {
		case LostNode:
			named = named || fact == "node "+string(l.ID)
		case LostEdge:
			named = named || fact == fmt.Sprintf("edge %v", *l.Edge)
		case LostRevision, LostChanges:
			vague = true
		}
	}
	return named, vague
}

// honest proves a repair: what is missing is in the list, and nothing that is wrong is there.
func honest(t *testing.T, was, is []state, r RepairReport) {
	t.Helper()
	for rev := 1; rev < len(is); rev++ {
		then := was[min(rev, len(was)-1)]
		for fact, value := range is[rev] {
			if then[fact] == value || strings.Contains(value, lostLabel) {
				continue
			}
			stale := false
			for _, earlier := range was[:min(rev, len(was))] {
				stale = stale || earlier[fact] == value
			}
			if _, vague := r.lists(fact, storage.Revision(rev)); !stale || !vague {
				t.Errorf("revision %d: %s is wrong, and the list does not say so", rev, fact)
			}
		}
		if rev >= len(was) {
			continue
		}
		for fact, value := range then {
			if is[rev][fact] == value {
				continue
			}
			if named, vague := r.lists(fact, storage.Revision(rev)); !named && !vague {
				t.Errorf("revision %d: %s is lost, and the list does not say so", rev, fact)
			}
		}
	}
	if _, left := r.lists("", storage.Revision(len(is))); len(is) < len(was) && !left {
		t.Errorf("the newest revision is %d, and was %d", len(is)-1, len(was)-1)
	}
}

// An injury damages a store in place.
type injury struct {
	name   string
	damage func(t *testing.T, dir string)
	exact  int  // the revision up to which all must be as it was; -1 not to ask
	often  bool // one of many: without a dry run
}

func flipAt(name string, at func(b []byte) int) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		edit(t, filepath.Join(dir, name), func(b []byte) []byte { b[at(b)] ^= 0xff; return b })
	}
}

func edit(t *testing.T, path string, edit func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, edit(b), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func without(names ...string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		for _, name := range names {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func used(b []byte) int { return len(bytes.TrimRight(b, "\x00")) }

func TestRepair(t *testing.T) {
	shut, killed := storied(t)
	tables := tablesOf(t, killed)
	last := filepath.Base(tables[len(tables)-1])
	logs, err := filepath.Glob(filepath.Join(killed, "*.mem"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("the killed store has the logs %v (%v)", logs, err)
	}
	log := filepath.Base(logs[0])
	both := func(do ...func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for _, f := range do {
				f(t, dir)
			}
		}
	}
	whole := []injury{ // of a store that was closed
		{"no marker", without(markerFile), 4, false},
		{"a damaged marker", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, markerFile), func([]byte) []byte { return nil })
		}, 4, false},
		{"no MANIFEST", without("MANIFEST"), 4, false},
		{"a zeroed MANIFEST", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "MANIFEST"), func(b []byte) []byte { return make([]byte, len(b)) })
		}, 4, false},
		{"no marker and no MANIFEST", without(markerFile, "MANIFEST"), 4, false},
		{"no marker, no mark", without(markerFile, markFile), 4, false},
		{"a flipped index", flipAt(last, func(b []byte) int { return len(b) - 30 }), 4, false},
		{"the first table gone", without(filepath.Base(tables[0])), -1, false},
		{"the last table gone", without(last), 3, false},
		{"the second table cut short", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, filepath.Base(tables[1])), func(b []byte) []byte { return b[:len(b)/2] })
		}, -1, false},
		{"two tables", both(flipAt(filepath.Base(tables[0]), func(b []byte) int { return len(b) / 3 }), flipAt(last, func(b []byte) int { return len(b) / 3 })), -1, false},
	}
	crashed := []injury{
		{"the end of the log", flipAt(log, func(b []byte) int { return used(b) - 40 }), -1, false},
		{"the middle of the log", flipAt(log, func(b []byte) int { return used(b) / 2 }), -1, false},
		{"a zeroed log", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, log), func(b []byte) []byte { return make([]byte, len(b)) })
		}, 4, false},
		{"no log", without(log), 4, false},
		{"no mark", without(markFile), 10, false},
		{"no mark, and the end of the log", both(without(markFile), flipAt(log, func(b []byte) int { return used(b) - 40 })), -1, false},
		{"the log and a table", both(flipAt(log, func(b []byte) int { return used(b) / 3 }), flipAt(filepath.Base(tables[0]), func(b []byte) int { return 2 * len(b) / 3 })), -1, false},
		{"no MANIFEST, and the middle of the log", both(without("MANIFEST"), flipAt(log, func(b []byte) int { return used(b) / 2 })), -1, false},
	}
	parts := 3
	if !testing.Short() {
		parts = 6
		for seed := range 8 { // several at once, anywhere
			crashed = append(crashed, injury{fmt.Sprintf("seed %d", seed), func(t *testing.T, dir string) {
				r := rand.New(rand.NewPCG(uint64(seed), 1))
				for range 2 + r.IntN(3) {
					names := append(tablesOf(t, dir), filepath.Join(dir, log), filepath.Join(dir, "MANIFEST"), filepath.Join(dir, markFile), filepath.Join(dir, markerFile))
					edit(t, names[r.IntN(len(names))], func(b []byte) []byte {
						if n := used(b); n > 0 {
							from := r.IntN(n)
							clear(b[from:min(n, from+1+r.IntN(2000))])
						}
						return b
					})
				}
			}, -1, true})
		}
	}
	for i := range parts { // one after the other
		part := func(n int) int { return (2*i + 1) * n / (2*parts + 1) }
		whole = append(whole, injury{fmt.Sprintf("the first table, part %d", i), flipAt(filepath.Base(tables[0]), func(b []byte) int { return part(len(b)) }), -1, true})
		crashed = append(crashed, injury{fmt.Sprintf("the log, part %d", i), flipAt(log, func(b []byte) int { return logHeaderLength + part(used(b)-logHeaderLength) }), -1, true})
	}
	for _, c := range []struct {
		name     string
		dir      string
		injuries []injury
	}{{"closed", shut, whole}, {"killed", killed, crashed}} {
		s := openAt(t, snapshot(t, c.dir), tiny)
		was := states(t, s)
		closed(t, s)
		for _, in := range c.injuries {
			t.Run(c.name+"/"+in.name, func(t *testing.T) {
				dir := snapshot(t, c.dir)
				in.damage(t, dir)
				before := files(t, dir)
				var announced []Loss
				if !in.often {
					announced = dryRun(t, dir).Lost
				}
				o := repairOptions
				o.AcceptLoss = true
				r, err := Repair(bg, dir, o)
				if err != nil || !r.Repaired {
					t.Fatalf("%+v, %v", r, err)
				}
				if !in.often && fmt.Sprint(r.Lost) != fmt.Sprint(announced) {
					t.Errorf("lost: %v\nannounced: %v", r.Lost, announced)
				}
				if now := files(t, r.Kept); !maps.Equal(now, before) {
					t.Error("the damaged store is not kept as it was")
				}
				if in.exact >= 0 && int(r.Exact) != in.exact {
					t.Errorf("all is as it was up to revision %d, want %d", r.Exact, in.exact)
				}
				repaired := checked(t, dir)
				honest(t, was, states(t, repaired), r)
				if err := read(repaired.bytesOf(t, 0)); err != nil {
					t.Errorf("a backup of it is refused: %v", err)
				}
				if t.Failed() {
					for _, d := range r.Damage {
						t.Log("damaged: ", d)
					}
					for _, l := range r.Lost {
						t.Log("lost: ", l)
					}
				}
			})
		}
	}
}

// dryRun repairs without accepting any loss, which changes nothing.
func dryRun(t *testing.T, dir string) RepairReport {
	t.Helper()
	before := files(t, dir)
	r, err := Repair(bg, dir, repairOptions)
	if err != nil || len(r.Damage) == 0 || r.Repaired {
		t.Fatalf("%+v, %v", r, err)
	}
	if now := files(t, dir); !maps.Equal(now, before) {
		t.Error("a dry run changed the store")
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 1 {
		t.Errorf("a dry run left %v (%v)", left, err)
	}
	return r
}
