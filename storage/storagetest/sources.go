package storagetest

import (
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A fact hangs on a source that is in the graph: nothing is known from nowhere.
var sourceLaws = []law{
	{"sources/are-references-that-are-there", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, Reference(Source), Disease("condition:ms", "MS"), Trial("study:one", "One", "2020"), Agent("agent:acme", "Acme"))
		})
		for what, source := range map[string]kg.ID{"a source that is not there": "source:nowhere", "a source that is no reference": "agent:acme"} {
			t.Run(what, func(t *testing.T) {
				put := func(edit func(h *kg.Head)) func(storage.Writer) error {
					return func(w storage.Writer) error {
						n := Disease("condition:two", "Two")
						edit(&n.Head)
						return w.PutNodes(bg, n)
					}
				}
				wantInvalid(b, "provenance[1].source", put(func(h *kg.Head) { h.Provenance = append(h.Provenance, Provenance(source)) }))
				wantInvalid(b, "labels[0].source", put(func(h *kg.Head) { h.Labels = []kg.Label{document("Zwei", source)} }))
				wantInvalid(b, "xrefs[0].source", put(func(h *kg.Head) { h.Xrefs = []kg.Xref{{ID: "MONDO:0000002", Match: kg.ExactMatch, Source: source}} }))
			})
		}
		wantInvalid(b, "provenance.source", func(w storage.Writer) error {
			return w.PutEdges(bg, EdgeFrom("agent:acme", "study:one", kg.Investigates, "", "condition:ms"))
		})
		wantInvalid(b, "provenance[0].source", func(w storage.Writer) error { // only a reference may be its own source
			n := Disease("condition:self", "Self")
			n.Provenance[0].Source = n.ID
			return w.PutNodes(bg, n)
		})
		wantInvalid(b, "provenance[0].source", func(w storage.Writer) error { // nor does it stay one by changing what it is
			if err := w.DeleteNodes(bg, "condition:ms", "study:one", "agent:acme", Source); err != nil {
				return err
			}
			n := Disease(Source, "No reference any more")
			n.Provenance[0].Source = n.ID
			return w.PutNodes(bg, n)
		})
	}},
	{"sources/may-come-later-in-the-update", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		n := Disease("condition:ms", "MS")
		n.Labels = []kg.Label{document("Multiple Sklerose", "source:label")}
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, n, Reference("source:label"), Reference(Source)) })
		b.view(func(r storage.Reader) { b.wants(r, "condition:ms", n) })
	}},
	{"sources/of-labels-and-mappings-stay", false, func(t *testing.T, e Engine) {
		b := open(t, e)
		n := Disease("condition:ms", "MS")
		n.Labels = []kg.Label{document("Multiple Sklerose", "source:label")}
		n.Xrefs = []kg.Xref{{ID: "MONDO:0000001", Match: kg.BroaderMatch, Source: "source:xref"}}
		b.update(func(w storage.Writer) error {
			return w.PutNodes(bg, Reference(Source), Reference("source:label"), Reference("source:xref"), n)
		})
		for _, source := range []kg.ID{"source:label", "source:xref"} {
			b.refuse(storage.ErrInUse, func(w storage.Writer) error { return w.DeleteNodes(bg, source) })
		}
		b.update(func(w storage.Writer) error { return w.PutNodes(bg, Disease("condition:ms", "MS")) })
		b.update(func(w storage.Writer) error { return w.DeleteNodes(bg, "source:label", "source:xref") })
	}},
}

func document(text string, source kg.ID) kg.Label {
	return kg.Label{Text: text, Language: "de", Role: kg.Synonym, Origin: kg.FromDocument, Source: source}
}
