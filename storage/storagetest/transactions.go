package storagetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

var errFn = errors.New("the function's own error")

var transactionLaws = []law{
	{"update/reads-its-own-writes", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		b.update(func(w storage.Writer) error {
			ms := alias(Disease("condition:ms", "A new name"), "condition:multiple-sclerosis")
			edge := Edge("NCT:NCT00000001", kg.Investigates, "condition:ms")
			if err := errors.Join(w.PutNodes(bg, ms, Disease("condition:new", "Brand new")), w.PutEdges(bg, edge, Edge("condition:new", kg.SubtypeOf, "condition:ms"))); err != nil {
				return err
			}
			b.wants(w, "condition:multiple-sclerosis", ms)
			same(b, "diseases", b.scan(w, storage.Find{Category: kg.CategoryDisease}), []kg.ID{"condition:ms", "condition:new", "condition:spms"})
			same(b, "new name", b.scan(w, byTerm(kg.CategoryDisease, "name", "a new name")), []kg.ID{"condition:ms"})
			same(b, "old name", b.scan(w, byTerm(kg.CategoryDisease, "name", "multiple sclerosis")), nil)
			same(b, "trials of ms", b.in(w, "condition:ms", kg.Investigates), []kg.ID{"NCT:NCT00000001"})
			if err := errors.Join(w.DeleteNodes(bg, "condition:spms"), w.DeleteEdges(bg, edge.Key())); err != nil {
				return err
			}
			b.wants(w, "condition:spms", nil)
			same(b, "diseases, one deleted", b.scan(w, storage.Find{Category: kg.CategoryDisease}), []kg.ID{"condition:ms", "condition:new"})
			same(b, "trials of ms, edge deleted", b.in(w, "condition:ms", kg.Investigates), nil)
			same(b, "subtypes", b.in(w, "condition:ms", kg.SubtypeOf), []kg.ID{"condition:new"})
			if err := w.DeleteNodes(bg, "condition:ms"); err != nil {
				return err
			}
			same(b, "what the new one is a subtype of", b.out(w, "condition:new", kg.SubtypeOf), nil)
			b.wants(w, "condition:multiple-sclerosis", nil)
			return nil
		})
	}},
	{"update/an-error-rolls-back", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		before := snapshot(b, 0)
		b.refuse(errFn, func(w storage.Writer) error { return errors.Join(busy(w), errFn) })
		compare(b, "after a rolled back update", snapshot(b, 0), before)
	}},
	{"update/an-ignored-error-of-a-write-rolls-back", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		before := snapshot(b, 0)
		for target, write := range map[error]func(w storage.Writer) error{
			storage.ErrTaken: func(w storage.Writer) error {
				return w.PutNodes(bg, alias(Disease("condition:x", "X"), "condition:ms"))
			},
			storage.ErrNoNode: func(w storage.Writer) error {
				return w.PutEdges(bg, Edge("condition:none", kg.SubtypeOf, "condition:ms"))
			},
			storage.ErrInUse: func(w storage.Writer) error { return w.DeleteNodes(bg, Source) },
		} {
			b.refuse(target, func(w storage.Writer) error {
				if err := busy(w); err != nil {
					return err
				}
				fails(b, "the write itself", write(w), target)
				_ = w.PutNodes(bg, Disease("condition:after", "After the failed write"))
				return nil
			})
			compare(b, fmt.Sprintf("after an ignored %q", target), snapshot(b, 0), before)
		}
		wantInvalid(b, "label", func(w storage.Writer) error { _ = w.PutNodes(bg, Disease("condition:x", "")); return busy(w) })
		compare(b, "after an ignored invalid node", snapshot(b, 0), before)
	}},
	{"update/a-panic-leaves-nothing-behind", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		before := snapshot(b, 0)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic of an update was swallowed")
				}
			}()
			_, _ = b.Update(bg, commit, func(w storage.Writer) error { _ = busy(w); panic("in the update") })
		}()
		compare(b, "after a panic", snapshot(b, 0), before)
		b.update(busy) // and the next writer gets its turn
	}},
	{"update/what-changes-nothing-makes-no-revision", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		edge := Edge("NCT:NCT00000001", kg.Investigates, "condition:ms")
		first := b.update(func(w storage.Writer) error { return errors.Join(small(w), w.PutEdges(bg, edge)) })
		is(b, "the first revision", first, 1)
		for name, fn := range map[string]func(w storage.Writer) error{
			"nothing":        func(storage.Writer) error { return nil },
			"the same again": func(w storage.Writer) error { return errors.Join(small(w), w.PutEdges(bg, edge)) },
			"put and deleted": func(w storage.Writer) error {
				return errors.Join(w.PutNodes(bg, Disease("condition:x", "X")), w.DeleteNodes(bg, "condition:x"))
			},
			"deleted and put": func(w storage.Writer) error {
				return errors.Join(w.DeleteNodes(bg, "agent:acme"), w.PutNodes(bg, Agent("agent:acme", "Acme")))
			},
			"changed and changed back": func(w storage.Writer) error {
				return errors.Join(w.PutNodes(bg, Agent("agent:acme", "Acme Inc")), w.PutNodes(bg, Agent("agent:acme", "Acme")))
			},
			"an edge deleted and put": func(w storage.Writer) error { return errors.Join(w.DeleteEdges(bg, edge.Key()), w.PutEdges(bg, edge)) },
			"a node and its edge return": func(w storage.Writer) error {
				return errors.Join(w.DeleteNodes(bg, "condition:ms"), small(w), w.PutEdges(bg, edge))
			},
		} {
			is(b, "revision after "+name, b.update(fn), first)
			is(b, "head after "+name, b.head(), first)
		}
		infos, err := b.Revisions(bg, 0, 0, 100)
		if err != nil || len(infos) != 1 {
			t.Errorf("revisions: got %d, %v, want one", len(infos), err)
		}
	}},
	{"update/revisions-count-without-gaps", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		is(b, "the empty graph", b.head(), 0)
		for i := range 20 {
			want := storage.Revision(i + 1)
			is(b, "revision", b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), counter(i)) }), want)
			_, _ = b.Update(bg, commit, func(w storage.Writer) error { _ = busy(w); return errFn })
			is(b, "head", b.head(), want)
		}
	}},
	{"update/increments-of-many-writers-are-not-lost", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Reference(Source), counter(0)) })
		const writers, each = 8, 10
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[storage.Revision]bool{}
		for range writers {
			wg.Go(func() {
				for range each {
					rev, err := b.Update(bg, commit, func(w storage.Writer) error {
						nodes, err := w.Nodes(bg, counterID)
						if err != nil {
							return err
						}
						time.Sleep(time.Millisecond) // for another writer to come in between, where the engine lets it
						return w.PutNodes(bg, counter(count(nodes[0])+1))
					})
					mu.Lock()
					if err != nil {
						t.Errorf("update: %v", err)
					}
					if seen[rev] {
						t.Errorf("revision %d was handed out twice", rev)
					}
					seen[rev] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		b.view(func(r storage.Reader) { is(b, "the sum", count(b.get(r, counterID)), writers*each) })
		is(b, "revisions", b.head(), writers*each+1)
	}},
	{"view/keeps-its-snapshot-while-others-write", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error { return errors.Join(small(w), w.PutNodes(bg, counter(1))) })
		var wg sync.WaitGroup
		stop := make(chan struct{})
		wg.Go(func() {
			for i := 2; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := b.Update(bg, commit, func(w storage.Writer) error { return twins(w, i) }); err != nil {
					t.Errorf("update: %v", err)
					return
				}
			}
		})
		for range 3 {
			wg.Go(func() {
				for range 20 {
					err := b.View(bg, storage.At{}, func(r storage.Reader) error { return agree(r, 5) })
					if err != nil {
						t.Errorf("view: %v", err)
						return
					}
				}
			})
		}
		b.view(func(r storage.Reader) { // one view read by many
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() {
					if err := agree(r, 20); err != nil {
						t.Errorf("one view, many readers: %v", err)
					}
				})
			}
			readers.Wait()
		})
		close(stop)
		wg.Wait()
	}},
	{"view/returns-the-error-of-its-function", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		fails(b, "view", b.View(bg, storage.At{}, func(storage.Reader) error { return errFn }), errFn)
		b.update(small)
		fails(b, "a revision to come", b.View(bg, storage.At{Revision: 2}, func(storage.Reader) error { t.Error("the function was called"); return nil }), storage.ErrNoRevision)
	}},
}

const counterID kg.ID = "measure:counter"

// counter is a node that holds a number; count reads it.
func counter(n int) kg.Node {
	return &kg.Measure{Head: head(counterID, "Counter"), Unit: fmt.Sprint(n)}
}

func count(n kg.Node) int {
	var i int
	_, _ = fmt.Sscan(n.(*kg.Measure).Unit, &i)
	return i
}

// busy writes a little of everything over the graph of small.
func busy(w storage.Writer) error {
	return errors.Join(
		w.PutNodes(bg, alias(Disease("condition:ms", "MS, renamed"), "condition:alias"), Disease("condition:busy", "Busy")),
		w.PutEdges(bg, Edge("NCT:NCT00000002", kg.Investigates, "condition:busy"), Edge("condition:busy", kg.SubtypeOf, "condition:ms")),
		w.DeleteNodes(bg, "condition:spms"),
	)
}

// twins moves the counter and a crowd of things that must agree with it.
func twins(w storage.Writer, n int) error {
	label := fmt.Sprintf("state %06d", n)
	err := errors.Join(w.PutNodes(bg, counter(n), Disease("condition:ms", label), Disease("condition:spms", label)))
	edge := Edge("condition:spms", kg.StageOf, "condition:ms")
	if n%2 == 0 {
		return errors.Join(err, w.PutEdges(bg, edge))
	}
	return errors.Join(err, w.DeleteEdges(bg, edge.Key()))
}

// agree reads a few times, by every way of reading, and returns an error when two reads of one view see two states.
func agree(r storage.Reader, times int) error {
	var first string
	for range times {
		runtime.Gosched()
		nodes, err := r.Nodes(bg, counterID, "condition:ms", "condition:spms")
		if err != nil {
			return err
		}
		pages, err := r.Neighbors(bg, []kg.ID{"condition:spms"}, storage.Hop{Predicates: []kg.Predicate{kg.StageOf}, Window: all})
		if err != nil {
			return err
		}
		scan, err := r.Scan(bg, storage.Find{Category: kg.CategoryDisease, Term: "label", Window: all})
		if err != nil {
			return err
		}
		history, err := r.History(bg, counterID)
		if err != nil {
			return err
		}
		state := fmt.Sprintf("revision %d, counter %d, %s, %s, %d neighbours, %d versions", r.Revision(), count(nodes[0]), nodes[1].Base().Label, nodes[2].Base().Label, len(pages[0].Items), len(history))
		for _, n := range scan.Items {
			state += ", " + n.Base().Label
		}
		if n := count(nodes[0]); n > 1 {
			if want := fmt.Sprintf("state %06d", n); nodes[1].Base().Label != want || nodes[2].Base().Label != want || len(pages[0].Items) != (n+1)%2 {
				return fmt.Errorf("a view saw half of a commit: %s", state)
			}
		}
		if first == "" {
			first = state
		}
		if state != first {
			return fmt.Errorf("a view saw two states:\n%s\n%s", first, state)
		}
	}
	return nil
}
