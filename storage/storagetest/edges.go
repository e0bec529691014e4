package storagetest

import (
	"errors"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// small is a graph of two diseases, a trial and two sources.
func small(w storage.Writer) error {
	return w.PutNodes(bg, Reference(Source), Reference("source:other"), Disease("condition:ms", "Multiple sclerosis"),
		Disease("condition:spms", "SPMS"), Trial("NCT:NCT00000001", "Trial one", "2016"), Trial("NCT:NCT00000002", "Trial two", "2018"),
		Agent("agent:acme", "Acme"))
}

var edgeLaws = []law{
	{"edges/are-seen-from-both-ends", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		edge := Edge("NCT:NCT00000001", kg.Investigates, "condition:ms")
		edge.Remark = "as the record says"
		edge.Provenance.Selectors = []kg.Selector{{Start: ptr(10), End: ptr(20), SHA256: ""}, {Pointer: "/a/b"}}
		edge.Provenance.Claims = []kg.ID{"claim:one"}
		b.update(func(w storage.Writer) error { return errors.Join(small(w), w.PutEdges(bg, edge)) })
		b.view(func(r storage.Reader) {
			for _, reverse := range []bool{false, true} {
				near, end := edge.Subject, edge.Object
				if reverse {
					near, end = end, near
				}
				list := b.neighbors(r, near, reverse, kg.Investigates)
				if len(list) != 1 {
					t.Fatalf("neighbors of %s, reverse %v: got %d, want 1", near, reverse, len(list))
				}
				b.wants(r, end, list[0].Node)
				is(b, "predicate", list[0].Predicate, kg.Investigates)
				got := b.edges(list[0])
				if len(got) != 1 || storedEdge(got[0]) != storedEdge(edge) {
					t.Errorf("reverse %v:\n got %+v\nwant %+v", reverse, got, edge)
				}
				same(b, "the other way", far(b.neighbors(r, near, !reverse, kg.Investigates)), nil)
				same(b, "another predicate", far(b.neighbors(r, near, reverse, kg.DocumentedBy)), nil)
			}
		})
	}},
	{"edges/of-several-sources-and-roles-are-one-neighbour", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		edges := []kg.Edge{
			EdgeFrom(Source, "NCT:NCT00000001", kg.Involves, kg.Sponsor, "agent:acme"),
			EdgeFrom("source:other", "NCT:NCT00000001", kg.Involves, kg.Sponsor, "agent:acme"),
			EdgeFrom(Source, "NCT:NCT00000001", kg.Involves, kg.Site, "agent:acme"),
			EdgeFrom(Source, "NCT:NCT00000001", kg.Involves, "", "agent:acme"),
		}
		b.update(func(w storage.Writer) error { return errors.Join(small(w), w.PutEdges(bg, edges...)) })
		seen := func(r storage.Reader, want ...kg.Edge) {
			t.Helper()
			for _, list := range [][]storage.Neighbor{b.neighbors(r, "NCT:NCT00000001", false, kg.Involves), b.neighbors(r, "agent:acme", true, kg.Involves)} {
				if len(list) != 1 {
					t.Fatalf("got %d neighbours, want 1", len(list))
				}
				got := map[string]bool{}
				for _, e := range b.edges(list[0]) {
					got[storedEdge(e)] = true
				}
				for _, e := range want {
					if !got[storedEdge(e)] {
						t.Errorf("edge %s is missing", edgeName(e.Key()))
					}
				}
				is(b, "edges", len(b.edges(list[0])), len(want))
			}
		}
		b.view(func(r storage.Reader) { seen(r, edges...) })
		b.update(func(w storage.Writer) error { return w.DeleteEdges(bg, edges[0].Key(), edges[3].Key()) })
		b.view(func(r storage.Reader) { seen(r, edges[1], edges[2]) })
		b.update(func(w storage.Writer) error { return w.DeleteEdges(bg, edges[1].Key()) })
		b.view(func(r storage.Reader) { seen(r, edges[2]) })
		b.update(func(w storage.Writer) error { return w.DeleteEdges(bg, edges[2].Key(), edges[2].Key()) })
		b.view(func(r storage.Reader) {
			same(b, "out", b.out(r, "NCT:NCT00000001", kg.Involves), nil)
			same(b, "in", b.in(r, "agent:acme", kg.Involves), nil)
		})
	}},
	{"edges/keep-role-and-position-and-are-replaced-by-key", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		first := EdgeFrom(Source, "intervention:regimen", kg.Includes, kg.Conditioning, "intervention:step")
		first.Position, first.Remark = ptr(1), "first"
		b.update(func(w storage.Writer) error {
			return errors.Join(small(w), w.PutNodes(bg, Intervention("intervention:regimen", "Regimen"), Intervention("intervention:step", "Step")), w.PutEdges(bg, first))
		})
		again := first
		again.Position, again.Remark = ptr(2), ""
		again.Provenance.KnowledgeLevel = kg.Observation
		b.update(func(w storage.Writer) error { return w.PutEdges(bg, again) })
		b.view(func(r storage.Reader) {
			for _, list := range [][]storage.Neighbor{b.neighbors(r, first.Subject, false, kg.Includes), b.neighbors(r, first.Object, true, kg.Includes)} {
				if got := b.edges(list[0]); len(got) != 1 || storedEdge(got[0]) != storedEdge(again) {
					t.Errorf("got %+v, want %+v", got, again)
				}
			}
		})
	}},
	{"edges/both-ends-and-the-source-exist-under-canonical-ids", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			return errors.Join(small(w), w.PutNodes(bg, alias(Disease("condition:nmo", "NMO"), "condition:devic")))
		})
		for _, edge := range []kg.Edge{
			Edge("NCT:NCT00000009", kg.Investigates, "condition:ms"),
			Edge("NCT:NCT00000001", kg.Investigates, "condition:none"),
			Edge("NCT:NCT00000001", kg.Investigates, "condition:devic"), // an alias is no end
			EdgeFrom("source:none", "NCT:NCT00000001", kg.Investigates, "", "condition:ms"),
		} {
			b.refuse(storage.ErrNoNode, func(w storage.Writer) error { return w.PutEdges(bg, edge) })
		}
		b.refuse(storage.ErrNoNode, func(w storage.Writer) error { // an end that this update deletes
			return errors.Join(w.DeleteNodes(bg, "condition:ms"), w.PutEdges(bg, Edge("NCT:NCT00000001", kg.Investigates, "condition:ms")))
		})
	}},
	{"edges/fit-their-predicate", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		for field, edge := range map[string]kg.Edge{
			"predicate":         Edge("condition:ms", kg.Investigates, "NCT:NCT00000001"),
			"role":              EdgeFrom(Source, "NCT:NCT00000001", kg.Investigates, kg.Sponsor, "condition:ms"),
			"object":            Edge("condition:ms", kg.SubtypeOf, "condition:ms"),
			"provenance.source": EdgeFrom("", "NCT:NCT00000001", kg.Investigates, "", "condition:ms"),
		} {
			wantInvalid(b, field, func(w storage.Writer) error { return w.PutEdges(bg, edge) })
		}
		wantInvalid(b, "predicate", func(w storage.Writer) error { return w.PutEdges(bg, Edge("NCT:NCT00000001", "TREATS", "condition:ms")) })
	}},
	{"edges/follow-the-rank-of-the-far-node", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			return errors.Join(small(w), w.PutNodes(bg, Disease("condition:b", "B"), Disease("condition:d", "D"), Disease("condition:f", "F")), w.PutEdges(bg,
				Edge("condition:b", kg.SubtypeOf, "condition:ms"), Edge("condition:d", kg.SubtypeOf, "condition:ms"), Edge("condition:f", kg.SubtypeOf, "condition:ms"),
				Edge("condition:spms", kg.StageOf, "condition:d"), Edge("condition:spms", kg.StageOf, "condition:b"), Edge("condition:spms", kg.StageOf, "condition:f")))
		})
		for label, want := range map[string][]kg.ID{
			"A": {"condition:d", "condition:b", "condition:f"},
			"C": {"condition:b", "condition:d", "condition:f"},
			"Z": {"condition:b", "condition:f", "condition:d"},
			"B": {"condition:b", "condition:d", "condition:f"}, // a tie is broken by id
		} {
			b.update(func(w storage.Writer) error {
				if err := w.PutNodes(bg, Disease("condition:d", label)); err != nil {
					return err
				}
				same(b, "in the update, called "+label, b.in(w, "condition:ms", kg.SubtypeOf), want)
				return nil
			})
			b.view(func(r storage.Reader) {
				same(b, "into the hub, called "+label, b.in(r, "condition:ms", kg.SubtypeOf), want)
				same(b, "out of the hub, called "+label, b.out(r, "condition:spms", kg.StageOf), want)
				same(b, "out of the node itself", b.out(r, "condition:d", kg.SubtypeOf), []kg.ID{"condition:ms"})
			})
		}
	}},
}

var deleteLaws = []law{
	{"delete/nodes-take-their-edges-with-them", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			return errors.Join(small(w), w.PutEdges(bg,
				Edge("NCT:NCT00000001", kg.Investigates, "condition:spms"), Edge("NCT:NCT00000002", kg.Investigates, "condition:spms"),
				Edge("condition:spms", kg.StageOf, "condition:ms"), Edge("NCT:NCT00000001", kg.Investigates, "condition:ms"),
				EdgeFrom("source:other", "condition:spms", kg.StageOf, "", "condition:ms")))
		})
		before := b.head()
		b.update(func(w storage.Writer) error { return w.DeleteNodes(bg, "condition:spms") })
		b.view(func(r storage.Reader) {
			same(b, "trial one", b.out(r, "NCT:NCT00000001", kg.Investigates), []kg.ID{"condition:ms"})
			same(b, "trial two", b.out(r, "NCT:NCT00000002", kg.Investigates), nil)
			same(b, "stages", b.in(r, "condition:ms", kg.StageOf), nil)
			same(b, "the deleted node", b.out(r, "condition:spms", kg.StageOf), nil)
			same(b, "the deleted node, back", b.in(r, "condition:spms", kg.Investigates), nil)
		})
		b.viewAt(before, func(r storage.Reader) {
			same(b, "as it was", b.in(r, "condition:spms", kg.Investigates), []kg.ID{"NCT:NCT00000002", "NCT:NCT00000001"})
		})
		// The node comes back without the edges that it had.
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Disease("condition:spms", "SPMS")) })
		b.view(func(r storage.Reader) { same(b, "after its return", b.in(r, "condition:spms", kg.Investigates), nil) })
	}},
	{"delete/a-source-in-use-stays", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		used := Disease("condition:used", "Used")
		used.Provenance = append(used.Provenance, Provenance("source:other"))
		b.update(func(w storage.Writer) error { return errors.Join(small(w), w.PutNodes(bg, used)) })
		b.refuse(storage.ErrInUse, func(w storage.Writer) error { return w.DeleteNodes(bg, "source:other") })
		b.refuse(storage.ErrInUse, func(w storage.Writer) error {
			return errors.Join(w.PutNodes(bg, Reference("source:new")), w.PutNodes(bg, sourced(Agent("agent:new", "New"), "source:new")), w.DeleteNodes(bg, "source:new"))
		})
		b.update(func(w storage.Writer) error { return w.DeleteNodes(bg, used.ID, "source:other") })
		b.view(func(r storage.Reader) { b.wants(r, "source:other", nil) })
	}},
	{"delete/a-source-of-edges-stays", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		edge := EdgeFrom("source:other", "NCT:NCT00000001", kg.Investigates, "", "condition:ms")
		b.update(func(w storage.Writer) error { return errors.Join(small(w), w.PutEdges(bg, edge)) })
		b.refuse(storage.ErrInUse, func(w storage.Writer) error { return w.DeleteNodes(bg, "source:other") })
		b.update(func(w storage.Writer) error {
			return errors.Join(w.DeleteEdges(bg, edge.Key()), w.DeleteNodes(bg, "source:other"))
		})
		b.view(func(r storage.Reader) { b.wants(r, "source:other", nil) })
	}},
	{"delete/what-is-missing-is-no-error", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(small)
		before := b.head()
		rev := b.update(func(w storage.Writer) error {
			edge := Edge("NCT:NCT00000001", kg.Investigates, "condition:ms")
			gone := Edge("NCT:NCT00000009", kg.Investigates, "condition:none")
			return errors.Join(w.DeleteNodes(bg, "condition:none"), w.DeleteEdges(bg, edge.Key(), gone.Key()), w.DeleteNodes(bg), w.DeleteEdges(bg), w.PutNodes(bg), w.PutEdges(bg))
		})
		is(b, "revision", rev, before)
	}},
}

func sourced(n kg.Node, source kg.ID) kg.Node {
	n.Base().Provenance = []kg.Provenance{Provenance(source)}
	return n
}
