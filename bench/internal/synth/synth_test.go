package synth_test

import (
	"reflect"
	"testing"

	"github.com/stemma-kg/stemma/bench/internal/synth"
	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/memory"
)

func TestGraphHasItsSizeAndShape(t *testing.T) {
	g := synth.New(synth.S)
	store := memory.Open()
	defer store.Close()
	done, err := g.Load(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	if done.Nodes != 10_000 || done.Nodes != g.Nodes() {
		t.Errorf("%d nodes, want 10,000", done.Nodes)
	}
	if done.Edges < 39_000 || done.Edges > 41_000 {
		t.Errorf("%d edges, want about 40,000", done.Edges)
	}
	err = store.View(t.Context(), storage.At{}, func(r storage.Reader) error {
		hop := storage.Hop{Predicates: []kg.Predicate{kg.Investigates}, Reverse: true, Window: storage.Window{Count: true}}
		pages, err := r.Neighbors(t.Context(), []kg.ID{synth.DiseaseID(0), synth.DiseaseID(9), synth.DiseaseID(synth.S.Diseases - 1)}, hop)
		if err != nil {
			return err
		}
		if first, tenth, last := pages[0].Total, pages[1].Total, pages[2].Total; first < 4*tenth || tenth < 10*last {
			t.Errorf("trials of the first, tenth and last disease: %d, %d, %d; want them to fall as ranks do", first, tenth, last)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGraphIsTheSameEveryTime(t *testing.T) {
	a, b := synth.New(synth.M), synth.New(synth.M)
	for _, i := range []int{0, 77, synth.M.Trials - 1} {
		ta, ea := a.Trial(i)
		tb, eb := b.Trial(i)
		if !reflect.DeepEqual(ta, tb) || !reflect.DeepEqual(ea, eb) {
			t.Errorf("trial %d differs from itself", i)
		}
	}
	other, _ := synth.New(synth.S).Trial(0)
	if same, _ := a.Trial(0); same.Title == other.Title {
		t.Error("the graphs of two sizes have the same trial")
	}
}
