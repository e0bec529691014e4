package seed_test

import (
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/seed"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/memory"
)

func open(t *testing.T) storage.Store {
	t.Helper()
	s := memory.Open()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func read(t *testing.T, s storage.Store, fn func(storage.Reader) error) {
	t.Helper()
	if err := s.View(t.Context(), storage.At{}, fn); err != nil {
		t.Fatal(err)
	}
}

func TestApplyOnce(t *testing.T) {
	s := open(t)
	first, err := seed.Apply(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := seed.Apply(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if first != 1 || again != 1 {
		t.Fatalf("seeded at %d, then %d: want revision 1 both times", first, again)
	}
	g := load(t)
	read(t, s, func(r storage.Reader) error {
		for _, n := range g.Nodes {
			for _, name := range n.Base().Names() {
				got, err := r.Nodes(t.Context(), name)
				if err != nil {
					return err
				}
				if got[0] == nil || got[0].Base().ID != n.Base().ID {
					t.Errorf("%s does not lead to %s", name, n.Base().ID)
				}
			}
		}
		return nil
	})
	releases, ok := storage.As[storage.Releaser](s)
	if !ok {
		t.Fatal("the memory store can't name revisions")
	}
	list, err := releases.Releases(t.Context())
	if err != nil || len(list) != 1 || list[0].Release != seed.Version || list[0].Revision != 1 {
		t.Fatalf("releases %v, %v: want %s at 1", list, err, seed.Version)
	}
}

func TestApplyKeepsWhatCuratorsDid(t *testing.T) {
	ctx := t.Context()
	s := open(t)
	if _, err := seed.Apply(ctx, s); err != nil {
		t.Fatal(err)
	}
	const changed, deleted, marker = "condition:cli", "claim:d1-views", seed.Marker
	_, err := s.Update(ctx, storage.Commit{Author: "a curator", Reason: "test"}, func(w storage.Writer) error {
		nodes, err := w.Nodes(ctx, changed, marker, "condition:pad")
		if err != nil {
			return err
		}
		cli := *nodes[0].(*kg.Disease)
		cli.Label = "chronic limb-threatening ischaemia"
		stale := *nodes[1].(*kg.Reference)
		stale.Version = "seed-0" // as if an older seed had been applied
		if err := w.PutNodes(ctx, &cli, &stale); err != nil {
			return err
		}
		return w.DeleteNodes(ctx, deleted)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seed.Apply(ctx, s); err != nil {
		t.Fatal(err)
	}
	read(t, s, func(r storage.Reader) error {
		got, err := r.Nodes(ctx, changed, deleted, marker)
		if err != nil {
			return err
		}
		if got[0].Base().Label != "chronic limb-threatening ischaemia" {
			t.Errorf("the curator's label was overwritten by %q", got[0].Base().Label)
		}
		if got[1] != nil {
			t.Error("what the curator deleted came back")
		}
		if v := got[2].(*kg.Reference).Version; v == "seed-0" {
			t.Error("the marker was not brought up to date")
		}
		return nil
	})
	if rev, err := seed.Apply(ctx, s); err != nil || rev != 3 {
		t.Errorf("revision %d, %v: want 3, unchanged", rev, err)
	}
}
