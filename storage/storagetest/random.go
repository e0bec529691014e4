package storagetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/memory"
)

// A step is one write, to be done to two stores.
type step struct {
	name string
	do   func(w storage.Writer) error
}

var (
	randomDiseases = []kg.ID{"condition:a", "condition:aa", "condition:a-b", "condition:视"}
	randomTrials   = []kg.ID{"NCT:NCT00000001", "study:x", "study:x:y"}
	randomSources  = []kg.ID{Source, "source:two", "source:three"}
	randomAgents   = []kg.ID{"agent:one", "agent:two"}
	randomAliases  = []kg.ID{"alias:one", "alias:two", "MONDO:0000001", "condition:a", "study:x"}
	randomLabels   = []string{"A", "a", "a b", "B", "ÿ", "\U0010ffff", "视神经脊髓炎", "A very long label that goes on and on until it is cut for the order of it, as labels are"}
	randomDates    = []kg.Date{"", "2016", "2016-08", "2020-02-29", "XXXX-10-21"}
)

// steps draws one write. Most are good; some are refused, and then both stores must refuse them alike.
func steps() *rapid.Generator[step] {
	pick := func(t *rapid.T, what string, from ...[]kg.ID) kg.ID {
		var all []kg.ID
		for _, f := range from {
			all = append(all, f...)
		}
		return rapid.SampledFrom(all).Draw(t, what)
	}
	return rapid.Custom(func(t *rapid.T) step {
		switch rapid.SampledFrom([]string{"node", "node", "node", "edge", "edge", "edge", "delete node", "delete edge"}).Draw(t, "step") {
		case "node":
			n := randomNode(t)
			return step{fmt.Sprintf("put %s %s %q %v", n.Category(), n.Base().ID, n.Base().Label, n.Base().Names()), func(w storage.Writer) error { return w.PutNodes(bg, n) }}
		case "edge":
			e := randomEdge(t)
			return step{"put edge " + edgeName(e.Key()), func(w storage.Writer) error { return w.PutEdges(bg, e) }}
		case "delete edge":
			e := randomEdge(t)
			return step{"delete edge " + edgeName(e.Key()), func(w storage.Writer) error { return w.DeleteEdges(bg, e.Key()) }}
		default:
			id := pick(t, "id", randomDiseases, randomTrials, randomAgents, randomSources)
			return step{"delete " + string(id), func(w storage.Writer) error { return w.DeleteNodes(bg, id) }}
		}
	})
}

func randomNode(t *rapid.T) kg.Node {
	label := rapid.SampledFrom(randomLabels).Draw(t, "label")
	var n kg.Node
	switch rapid.SampledFrom([]kg.Category{kg.CategoryDisease, kg.CategoryDisease, kg.CategoryTrial, kg.CategoryTrial, kg.CategoryAgent, kg.CategoryReference}).Draw(t, "category") {
	case kg.CategoryDisease:
		n = Disease(rapid.SampledFrom(randomDiseases).Draw(t, "id"), label)
	case kg.CategoryTrial:
		tr := Trial(rapid.SampledFrom(randomTrials).Draw(t, "id"), label, rapid.SampledFrom(randomDates).Draw(t, "date"))
		tr.Countries = rapid.SliceOfN(rapid.SampledFrom([]string{"DE", "CN", "US"}), 0, 3).Draw(t, "countries")
		tr.Status = rapid.SampledFrom([]kg.Status{"", kg.Recruiting, kg.CompletedStatus}).Draw(t, "status")
		n = tr
	case kg.CategoryAgent:
		return Agent(rapid.SampledFrom(randomAgents).Draw(t, "id"), label)
	default:
		r := Reference(rapid.SampledFrom(randomSources).Draw(t, "id"))
		r.Label = label
		return r
	}
	n.Base().Aliases = rapid.SliceOfN(rapid.SampledFrom(randomAliases), 0, 2).Draw(t, "aliases")
	n.Base().Provenance[0].Source = rapid.SampledFrom(randomSources).Draw(t, "source")
	return n
}

func randomEdge(t *rapid.T) kg.Edge {
	source := rapid.SampledFrom(randomSources).Draw(t, "source")
	disease := func() kg.ID { return rapid.SampledFrom(randomDiseases).Draw(t, "disease") }
	trial := func() kg.ID { return rapid.SampledFrom(randomTrials).Draw(t, "trial") }
	var e kg.Edge
	switch p := rapid.SampledFrom([]kg.Predicate{kg.Investigates, kg.Involves, kg.SubtypeOf, kg.Causes, kg.DocumentedBy}).Draw(t, "predicate"); p {
	case kg.Investigates:
		e = EdgeFrom(source, trial(), p, "", disease())
	case kg.Involves:
		e = EdgeFrom(source, trial(), p, rapid.SampledFrom([]kg.Role{"", kg.Sponsor, kg.Site}).Draw(t, "role"), rapid.SampledFrom(randomAgents).Draw(t, "agent"))
	case kg.DocumentedBy:
		e = EdgeFrom(source, trial(), p, "", rapid.SampledFrom(randomSources).Draw(t, "reference"))
	default:
		e = EdgeFrom(source, disease(), p, "", disease())
	}
	e.Remark = rapid.SampledFrom([]string{"", "a remark"}).Draw(t, "remark")
	return e
}

func randomUniverse() universe {
	u := universe{terms: everything().terms}
	for _, from := range [][]kg.ID{randomDiseases, randomTrials, randomAgents, randomSources, randomAliases} {
		u.names = append(u.names, from...)
	}
	return u
}

var randomLaws = []law{
	{"random/is-what-the-reference-engine-is", false, func(t *testing.T, e Engine) {
		dirs := t.TempDir()
		fewer(t, 40)
		rapid.Check(t, func(rt *rapid.T) {
			dir, err := os.MkdirTemp(dirs, "")
			if err != nil {
				rt.Fatal(err)
			}
			tested, reference := e.Open(t, dir), memory.Open()
			closed := false
			defer func() {
				if !closed {
					_ = tested.Close()
				}
			}()
			commits := rapid.SliceOfN(rapid.SliceOfN(steps(), 1, 6), 1, 10).Draw(rt, "commits")
			for i, steps := range append([][]step{{{"the sources", func(w storage.Writer) error {
				return errors.Join(w.PutNodes(bg, Reference(Source), Reference("source:two"), Disease("condition:a", "A"), Trial("study:x", "X", "")))
			}}}}, commits...) {
				got, gotErr := play(tested, steps)
				want, wantErr := play(reference, steps)
				if class(gotErr) != class(wantErr) || got != want {
					rt.Fatalf("commit %d: got revision %d and error %v, want %d and %v", i, got, gotErr, want, wantErr)
				}
				if d := disagree(tested, reference, 0); d != "" {
					rt.Fatalf("after commit %d: %s", i, d)
				}
			}
			if !e.Volatile && rapid.Bool().Draw(rt, "reopen") {
				if err := tested.Close(); err != nil {
					rt.Fatalf("close: %v", err)
				}
				tested = e.Open(t, dir)
			}
			head := revisionOf(reference)
			for _, rev := range rapid.SliceOfN(rapid.Uint64Range(1, uint64(head)), 1, 4).Draw(rt, "older revisions") {
				if d := disagree(tested, reference, storage.Revision(rev)); d != "" {
					rt.Fatalf("as of revision %d: %s", rev, d)
				}
			}
			if d := disagreeInChanges(tested, reference, int(head)); d != "" {
				rt.Fatal(d)
			}
			randomPages(rt, tested, reference)
			if c, ok := storage.As[storage.Checker](tested); ok {
				if _, err := c.Check(bg, func(p storage.Problem) { rt.Errorf("check: %s", p) }); err != nil {
					rt.Errorf("check: %v", err)
				}
			}
			closed = true
			if err := tested.Close(); err != nil {
				rt.Errorf("close: %v", err)
			}
		})
	}},
}

// fewer lowers rapid's number of runs, unless whoever runs the test has set it: each run is a store and its disk.
func fewer(t *testing.T, checks int) {
	f := flag.Lookup("rapid.checks")
	if f == nil || f.Value.String() != f.DefValue {
		return
	}
	if testing.Short() {
		checks /= 4
	}
	if err := f.Value.Set(fmt.Sprint(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
}

func play(s storage.Store, steps []step) (storage.Revision, error) {
	return s.Update(bg, commit, func(w storage.Writer) error {
		for _, st := range steps {
			if err := st.do(w); err != nil {
				return fmt.Errorf("%s: %w", st.name, err)
			}
		}
		return nil
	})
}

// class is what a caller can tell of an error.
func class(err error) string {
	var invalid kg.InvalidError
	var taken *storage.TakenError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &invalid):
		return "invalid " + invalid[0].Field
	case errors.As(err, &taken):
		return "taken, for " + string(taken.For) // where several names are taken, an engine may tell of any
	case errors.Is(err, storage.ErrNoNode):
		return "no node"
	case errors.Is(err, storage.ErrInUse):
		return "in use"
	}
	return "unexpected: " + err.Error()
}

func revisionOf(s storage.Store) (rev storage.Revision) {
	_ = s.View(bg, storage.At{}, func(r storage.Reader) error { rev = r.Revision(); return nil })
	return rev
}

// disagree says how two stores differ at a revision, "" when they do not.
func disagree(tested, reference storage.Store, rev storage.Revision) string {
	pictures := make([]picture, 2)
	for i, s := range []storage.Store{tested, reference} {
		if err := s.View(bg, storage.At{Revision: rev}, func(r storage.Reader) (err error) { pictures[i], err = paint(r, randomUniverse()); return err }); err != nil {
			return err.Error()
		}
	}
	return differ(pictures[0], pictures[1])
}

func disagreeInChanges(tested, reference storage.Store, n int) string {
	ctx, cancel := context.WithTimeout(bg, patience)
	defer cancel()
	told := make([]picture, 2)
	for i, s := range []storage.Store{tested, reference} {
		for c, err := range s.Changes(ctx, 0) {
			if err != nil {
				return err.Error()
			}
			told[i] = append(told[i], fmt.Sprintf("commit %d, %d nodes, %d edges: %v", c.Revision, c.Nodes, c.Edges, tell(c)))
			if len(told[i]) == n {
				break
			}
		}
	}
	return differ(told[0], told[1])
}

// randomPages reads a random list of both stores by pages of a random size.
func randomPages(rt *rapid.T, tested, reference storage.Store) {
	lists := []lister{
		scanner(storage.Find{Category: kg.CategoryTrial, Descending: rapid.Bool().Draw(rt, "descending")}),
		scanner(storage.Find{Category: kg.CategoryDisease, Term: "name", From: rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "from"), To: rapid.SampledFrom([]string{"", "a b", "c"}).Draw(rt, "to"),
			Descending: rapid.Bool().Draw(rt, "descending")}),
		scanner(storage.Find{Category: kg.CategoryTrial, Term: "country", Equal: ptr("CN")}),
		hopper(rapid.SampledFrom(randomDiseases).Draw(rt, "near"), rapid.Bool().Draw(rt, "reverse"), kg.SubtypeOf, kg.Causes, kg.Investigates),
		hopper(rapid.SampledFrom(randomTrials).Draw(rt, "near"), false, kg.Investigates, kg.Involves, kg.DocumentedBy),
	}
	size, backward := rapid.IntRange(1, 4).Draw(rt, "size"), rapid.Bool().Draw(rt, "backward")
	for _, l := range lists {
		pages := make([][]string, 2)
		for i, s := range []storage.Store{tested, reference} {
			if err := s.View(bg, storage.At{}, func(r storage.Reader) (err error) { pages[i], err = walk(r, l, size, backward); return err }); err != nil {
				rt.Fatalf("%s: %v", l.name, err)
			}
		}
		if d := differ(pages[0], pages[1]); d != "" {
			rt.Fatalf("%s by pages of %d, backward %v: %s", l.name, size, backward, d)
		}
	}
}
