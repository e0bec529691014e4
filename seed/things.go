package seed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/stemma-kg/stemma/kg"
)

// A table is one file of things.
type table struct {
	file string
	read func(*loader, *page)
}

// tables are the files of things, in the order in which their nodes come.
var tables = []table{
	{"references.yaml", readThings(func() *kg.Reference { return new(kg.Reference) }, referenceFields.set)},
	{"agents.yaml", readThings(func() *kg.Agent { return new(kg.Agent) }, agentFields.set)},
	{"diseases.yaml", readThings(func() *kg.Disease { return new(kg.Disease) }, diseaseFields.set)},
	{"concepts.yaml", readThings(func() *kg.Concept { return new(kg.Concept) }, conceptFields.set)},
	{"measures.yaml", readThings(func() *kg.Measure { return new(kg.Measure) }, measureFields.set)},
	{"cell-sources.yaml", readThings(func() *kg.CellSource { return &kg.CellSource{Donor: kg.DonorNotStated} }, cellSourceFields.set)},
	{"interventions.yaml", readThings(func() *kg.Intervention { return new(kg.Intervention) }, interventionFields.set)},
	{"trials.yaml", readThings(func() *kg.Trial { return new(kg.Trial) }, trialFields.set)},
	{"arms.yaml", readThings(func() *kg.Arm { return new(kg.Arm) }, armFields.set)},
	{"conflicts.yaml", (*loader).readConflicts},
}

// A thing is an entry of a file of things. F has the fields of its category: written on the entry itself they are the
// curator's, written under facts they are those of the statements that the fact names.
type thing[F any] struct {
	ID       kg.ID                   `yaml:"id"`
	Label    string                  `yaml:"label"`
	LabelIn  kg.ID                   `yaml:"labelIn"` // the document that uses the label
	Names    []name                  `yaml:"names"`
	Aliases  []kg.ID                 `yaml:"aliases"`
	Xrefs    []xref                  `yaml:"xrefs"`
	Remarks  []string                `yaml:"remarks"`
	Recorded string                  `yaml:"recorded"`
	Edges    map[kg.Predicate][]link `yaml:"edges"`
	Facts    []fact[F]               `yaml:"facts"`
	Fields   F                       `yaml:",inline"`
}

// An xref is an identifier elsewhere. It is verified unless it says that it is not.
type xref struct {
	ID         kg.ID    `yaml:"id"`
	Match      kg.Match `yaml:"match"` // default EXACT
	In         kg.ID    `yaml:"in"`    // the reference that states the mapping
	Label      string   `yaml:"label"`
	Remark     string   `yaml:"remark"`
	Unverified bool     `yaml:"unverified"`
}

// A fact is fields with where they stand.
type fact[F any] struct {
	From   list              `yaml:"from"`
	Level  kg.KnowledgeLevel `yaml:"level"`
	Remark string            `yaml:"remark"`
	Fields F                 `yaml:",inline"`
}

// A sink notes which fields were written, and which of them are silent.
type sink struct {
	fields   []string
	silences []kg.Silence
}

// note records a field and tells whether it has a value.
func (s *sink) note(field string, q silence) bool {
	s.fields = append(s.fields, field)
	if q.reason != "" {
		s.silences = append(s.silences, kg.Silence{Field: field, Reason: q.reason, Remark: q.remark})
	}
	return q.reason == ""
}

func word[T ~string](s *sink, field string, dst *T, v text) {
	if v.written() && s.note(field, v.silence) {
		*dst = T(v.value)
	}
}

func words[T ~string](s *sink, field string, dst *[]T, v list) {
	if v.written() && s.note(field, v.silence) {
		for _, w := range v.values {
			*dst = append(*dst, T(w))
		}
	}
}

// number sets a quantity; unit is what a bare number counts.
func number(s *sink, field string, dst **kg.Quantity, v quantity, unit string) {
	if v.written() && s.note(field, v.silence) {
		q := *v.value
		if q.Unit == "" {
			q.Unit = unit
		}
		*dst = &q
	}
}

func given[T any](s *sink, field string, dst **T, v maybe[T]) {
	if v.written() && s.note(field, v.silence) {
		*dst = v.value
	}
}

func flag(s *sink, field string, dst **bool, v *bool) {
	if v != nil && s.note(field, silence{}) {
		*dst = v
	}
}

// silent notes a field that has no value in the seed's categories, such as a trial's comparator.
func silent(s *sink, field string, v text) error {
	if !v.written() {
		return nil
	}
	if v.reason == "" {
		return fmt.Errorf("only NOT_STATED and the like can stand here")
	}
	s.note(field, v.silence)
	return nil
}

// readThings returns the reader of a file of things: empty makes a node, set fills its fields.
func readThings[N kg.Node, F any](empty func() N, set func(F, N, *sink) error) func(*loader, *page) {
	return func(l *loader, p *page) {
		for _, entry := range p.entries {
			w := where{p.file, entry}
			var t thing[F]
			if err := yaml.NodeToValue(entry, &t, yaml.Strict()); err != nil {
				l.fail(w, t.ID, "", err)
				continue
			}
			n := empty()
			h := n.Base()
			recorded := l.recorded(p, w, t.ID, t.Recorded)
			h.ID, h.Label, h.Aliases, h.Remarks = t.ID, t.Label, t.Aliases, t.Remarks
			h.Labels = t.labels()
			h.Xrefs = xrefs(t.Xrefs)
			own := new(sink)
			if err := set(t.Fields, n, own); err != nil {
				l.fail(w, t.ID, "", err)
			}
			seen := own.fields
			if len(own.fields) > 0 {
				prov := l.provenance(w, t.ID, []kg.ID{Curation}, recorded)
				prov[0].Fields = own.fields
				h.Provenance = append(h.Provenance, prov...)
			}
			h.Silences = append(h.Silences, own.silences...)
			for _, f := range t.Facts {
				s := new(sink)
				if err := set(f.Fields, n, s); err != nil {
					l.fail(w, t.ID, "facts", err)
				}
				for _, field := range s.fields {
					if slices.Contains(seen, field) {
						l.fail(w, t.ID, field, errors.New("is given twice"))
					}
				}
				if len(f.From.values) == 0 || len(s.fields) == 0 {
					l.fail(w, t.ID, "facts", errors.New("a fact needs a from and a field"))
				}
				seen = append(seen, s.fields...)
				h.Silences = append(h.Silences, s.silences...)
				prov := l.provenance(w, t.ID, f.From.ids(), recorded)
				for i := range prov {
					prov[i].Fields, prov[i].Remark = s.fields, f.Remark
					if f.Level != "" {
						prov[i].KnowledgeLevel = f.Level
					}
				}
				h.Provenance = append(h.Provenance, prov...)
			}
			l.add(n, w)
			for predicate := range t.Edges {
				if predicate.Code() == 0 {
					l.fail(w, t.ID, string(predicate), errors.New("there is no such predicate"))
				}
			}
			for _, predicate := range kg.Predicates() {
				for _, k := range t.Edges[predicate] {
					e := kg.Edge{Subject: t.ID, Predicate: predicate, Object: k.To, Role: k.Role, Position: k.Position, Remark: k.Remark}
					l.connect(w, e, k.From.ids(), k.Level, recorded)
				}
			}
		}
	}
}

// labels returns the label and the names.
func (t *thing[F]) labels() []kg.Label {
	origin := func(in kg.ID) kg.LabelOrigin {
		if in == "" {
			return kg.FromCurator
		}
		return kg.FromDocument
	}
	out := []kg.Label{{Text: t.Label, Language: "en", Role: kg.Preferred, Origin: origin(t.LabelIn), Source: t.LabelIn}}
	for _, n := range t.Names {
		if n.Language == "" {
			n.Language = "en"
		}
		if n.Role == "" {
			n.Role = kg.Synonym
		}
		out = append(out, kg.Label{Text: n.Text, Language: n.Language, Role: n.Role, Origin: origin(n.In), Source: n.In})
	}
	return out
}

func xrefs(in []xref) []kg.Xref {
	var out []kg.Xref
	for _, x := range in {
		if x.Match == "" {
			x.Match = kg.ExactMatch
		}
		out = append(out, kg.Xref{ID: x.ID, Match: x.Match, Verified: !x.Unverified, Source: x.In, Label: x.Label, Remark: x.Remark})
	}
	return out
}

// A conflictEntry is an entry of conflicts.yaml.
type conflictEntry struct {
	ID          kg.ID           `yaml:"id"`
	Label       string          `yaml:"label"`
	Type        kg.ConflictType `yaml:"type"`
	Explanation string          `yaml:"explanation"`
	Handling    string          `yaml:"handling"`
	Statements  []kg.ID         `yaml:"statements"`
	Links       []judgement     `yaml:"links"`
	Xrefs       []xref          `yaml:"xrefs"`
	Recorded    string          `yaml:"recorded"`
}

// A judgement is a reader's: one statement against another.
type judgement struct {
	Statement kg.ID   `yaml:"statement"`
	Role      kg.Role `yaml:"role"`
	Other     kg.ID   `yaml:"other"`
	Remark    string  `yaml:"remark"`
}

// readConflicts reads conflicts.yaml: the conflicts, what they dispute, and how their statements stand to each other.
func (l *loader) readConflicts(p *page) {
	for _, entry := range p.entries {
		w := where{p.file, entry}
		var c conflictEntry
		if err := yaml.NodeToValue(entry, &c, yaml.Strict()); err != nil {
			l.fail(w, c.ID, "", err)
			continue
		}
		recorded := l.recorded(p, w, c.ID, c.Recorded)
		n := &kg.Conflict{Type: c.Type, Explanation: c.Explanation, Handling: c.Handling}
		n.ID, n.Label, n.Xrefs = c.ID, c.Label, xrefs(c.Xrefs)
		n.Provenance = l.provenance(w, c.ID, []kg.ID{Curation}, recorded)
		n.Provenance[0].Claims = c.Statements
		l.add(n, w)
		judged := func(e kg.Edge, claims ...kg.ID) {
			e.Provenance = l.provenance(w, c.ID, []kg.ID{Curation}, recorded)[0]
			e.Provenance.Claims = claims
			l.edges = append(l.edges, e)
		}
		for _, s := range c.Statements {
			judged(kg.Edge{Subject: c.ID, Predicate: kg.Disputes, Object: s}, s)
		}
		for _, j := range c.Links {
			remark := string(c.ID)
			if j.Remark != "" {
				remark += ": " + j.Remark
			}
			judged(kg.Edge{Subject: j.Statement, Predicate: kg.Linked, Object: j.Other, Role: j.Role, Remark: remark}, j.Statement, j.Other)
		}
	}
}

// isThing tells whether s looks like a local id, so that a misspelt one is not taken for a word.
func isThing(s string) bool {
	p, _, ok := strings.Cut(s, ":")
	return ok && slices.Contains([]string{"condition", "mechanism", "measure", "cells", "intervention", "study", "group", "source", "agent", "claim", "conflict"}, p)
}
