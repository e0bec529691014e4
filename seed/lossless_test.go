package seed_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/seed"
)

// This file proves that nothing is lost: every leaf of what was read out of the documents has a stated place in the graph,
// and the same value there. A leaf without a row in the table fails, and so does a row that no leaf uses.

// A leaf is one value of a record, with the path to it: "fields.observation.rate.value", "about[]".
type leaf struct {
	path  string
	value any // string, float64, bool, nil; []any{} for an empty list
	index int // of the innermost list, -1 outside of lists
}

func leaves(path string, index int, v any) []leaf {
	var out []leaf
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			p := k
			if path != "" {
				p = path + "." + k
			}
			out = append(out, leaves(p, index, x)...)
		}
	case []any:
		for i, x := range v {
			out = append(out, leaves(path+"[]", i, x)...)
		}
		if len(v) == 0 {
			out = append(out, leaf{path + "[]", []any{}, -1})
		}
	default:
		out = append(out, leaf{path, v, index})
	}
	return out
}

// records reads a file of JSON lines.
func records(t *testing.T, name string) []map[string]any {
	t.Helper()
	f, err := os.Open(filepath.Join(sources(t), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []map[string]any
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var r map[string]any
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A view is the graph with its edges at hand.
type view struct {
	*seed.Graph
	nodes map[kg.ID]kg.Node
	from  map[kg.ID][]kg.Edge
}

func look(t testing.TB) *view {
	g := load(t)
	v := &view{g, map[kg.ID]kg.Node{}, map[kg.ID][]kg.Edge{}}
	for _, n := range g.Nodes {
		v.nodes[n.Base().ID] = n
	}
	for _, e := range g.Edges {
		v.from[e.Subject] = append(v.from[e.Subject], e)
	}
	return v
}

// objects returns where the edges from a node lead.
func (v *view) objects(id kg.ID, p kg.Predicate, role kg.Role) []string {
	var out []string
	for _, e := range v.from[id] {
		if e.Predicate == p && (role == "" || e.Role == role) && !slices.Contains(out, string(e.Object)) {
			out = append(out, string(e.Object))
		}
	}
	return out
}

// A spot is a node and a leaf of the record that it was made of.
type spot struct {
	*view
	record map[string]any
	node   kg.Node
	leaf
}

func (s spot) id() kg.ID             { return s.node.Base().ID }
func (s spot) said() *kg.Saying      { return s.node.(kg.Statement).Said() }
func (s spot) outcome() *kg.Outcome  { return s.node.(*kg.Outcome) }
func (s spot) claim() *kg.Claim      { return s.node.(*kg.Claim) }
func (s spot) selector() kg.Selector { return s.node.Base().Provenance[0].Selectors[0] }

// silence returns the reason that a node gives for an empty field.
func silence(n kg.Node, field string) any {
	for _, s := range n.Base().Silences {
		if s.Field == field {
			return string(s.Reason)
		}
	}
	return fmt.Sprintf("no silence of %s", field)
}

// A finder returns what the graph has for a leaf.
type finder func(spot) any

// oneOf finds the leaf among several values.
func oneOf(get func(spot) []string) finder {
	return func(s spot) any {
		got := get(s)
		if len(got) == 0 {
			if l, empty := s.value.([]any); empty && len(l) == 0 {
				return []any{}
			}
		}
		if str, ok := s.value.(string); ok && slices.Contains(got, str) {
			return str
		}
		return got
	}
}

func edgesTo(p kg.Predicate, role kg.Role) finder {
	return oneOf(func(s spot) []string { return s.objects(s.id(), p, role) })
}

// orSilence is for a field whose leaf may be NOT_STATED or null.
func orSilence(field string, get finder) finder {
	return func(s spot) any {
		if s.value == nil || s.value == "NOT_STATED" {
			return silence(s.node, field)
		}
		return get(s)
	}
}

// detail finds a leaf among the particulars of a statement.
func detail(name string) finder {
	return func(s spot) any {
		for _, d := range s.said().Details {
			if d.Name != name {
				continue
			}
			switch {
			case d.Silence != "":
				return string(d.Silence)
			case d.Quantity != nil:
				return *d.Quantity.Value
			case len(d.Nodes) > 0:
				return string(d.Nodes[max(s.index, 0)])
			case len(d.Values) == 0:
				return []any{}
			}
			return d.Values[max(s.index, 0)]
		}
		return "no detail " + name
	}
}

func detailQuantity(name, part string) finder {
	return func(s spot) any {
		for _, d := range s.said().Details {
			if d.Name == name {
				return partOf(d.Quantity, part)
			}
		}
		return "no detail " + name
	}
}

var signs = map[kg.Comparator]string{"": "=", kg.Exact: "=", kg.Less: "<", kg.LessEqual: "<=", kg.Greater: ">", kg.GreaterEqual: ">=", kg.About: "~"}

func partOf(q *kg.Quantity, part string) any {
	if q == nil {
		return "no quantity"
	}
	number := func(f *float64) any {
		if f == nil {
			return nil
		}
		return *f
	}
	switch part {
	case "value":
		return number(q.Value)
	case "low":
		return number(q.Low)
	case "high":
		return number(q.High)
	case "unit":
		return q.Unit
	case "comparator":
		return signs[q.Comparator]
	case "raw":
		return q.Printed
	}
	return "no part " + part
}

func quantity(field, part string, get func(*kg.Outcome) *kg.Quantity) finder {
	return orSilence(field, func(s spot) any { return partOf(get(s.outcome()), part) })
}

// observed is a field of an outcome that is a word.
func observed[T ~string](field string, get func(*kg.Outcome) T) finder {
	return orSilence(field, func(s spot) any { return string(get(s.outcome())) })
}

// agree tells whether the graph's value is the record's.
func agree(got, want any) bool {
	switch w := want.(type) {
	case nil:
		return got == nil || got == "NOT_STATED" || got == "NOT_APPLICABLE"
	case float64:
		if f, ok := got.(float64); ok {
			return f == w
		}
		return got == strconv.FormatFloat(w, 'f', -1, 64)
	case bool:
		return got == w || got == strconv.FormatBool(w)
	case []any:
		l, ok := got.([]any)
		return ok && len(l) == 0
	}
	return got == want
}

// prove checks every leaf of the records against the table.
func prove(t *testing.T, file, idField string, want int, table map[string]finder) {
	v := look(t)
	list := records(t, file)
	if len(list) != want {
		t.Fatalf("%s has %d records: want %d", file, len(list), want)
	}
	used := map[string]bool{}
	for _, r := range list {
		id := kg.ID(r[idField].(string))
		n := v.nodes[id]
		if n == nil {
			t.Errorf("%s is not in the graph", id)
			continue
		}
		for _, l := range leaves("", -1, r) {
			find, ok := table[l.path]
			if !ok {
				t.Errorf("%s: %s = %v has no place in the graph", id, l.path, l.value)
				continue
			}
			used[l.path] = true
			if got := find(spot{v, r, n, l}); !agree(got, l.value) {
				t.Errorf("%s: %s is %v, the graph has %v", id, l.path, l.value, got)
			}
		}
	}
	for path := range table {
		if !used[path] {
			t.Errorf("no record has %s: the row proves nothing", path)
		}
	}
}

func TestNoConflictIsLost(t *testing.T) {
	prove(t, "conflicts.jsonl", "id", 40, map[string]finder{
		"id":          func(s spot) any { return string(s.id()) },
		"type":        func(s spot) any { return string(s.node.(*kg.Conflict).Type) },
		"explanation": func(s spot) any { return s.node.(*kg.Conflict).Explanation },
		"handling":    func(s spot) any { return s.node.(*kg.Conflict).Handling },
		"claims[]":    edgesTo(kg.Disputes, ""),
	})
}

func TestNoDocumentIsLost(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(sources(t), "documents.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Slug, File, SHA256, Newline string
		Bytes, Lines                int
		CodePoints                  int `json:"code_points"`
		UTF16Units                  int `json:"utf16_units"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	v := look(t)
	for _, d := range list {
		want := kg.Document{File: d.File, SHA256: d.SHA256, Bytes: d.Bytes, CodePoints: d.CodePoints, UTF16Units: d.UTF16Units, Lines: d.Lines, Newline: d.Newline}
		r, ok := v.nodes[kg.ID(d.Slug)].(*kg.Reference)
		if !ok || r.Document == nil || *r.Document != want {
			t.Errorf("%s: want %+v", d.Slug, want)
		}
	}
	if len(list) != 5 {
		t.Errorf("%d documents: want 5", len(list))
	}
}

func TestNoEntityIsLost(t *testing.T) {
	prove(t, "entities.jsonl", "slug", 214, entityPlaces)
}

// labelled finds a name in a language; origin is the one that it must have, "" for any.
func labelled(language string, origin kg.LabelOrigin) finder {
	return oneOf(func(s spot) []string {
		// The file explains one name in brackets; the graph says the same in a remark.
		want, ok := s.value.(string)
		if !ok {
			return nil // the record has none
		}
		name := strings.TrimSuffix(want, " (as used in the document)")
		for _, l := range s.node.Base().Labels {
			if l.Text == name && strings.HasPrefix(l.Language, language) && (origin == "" || l.Origin == origin) {
				return []string{want}
			}
		}
		return []string{"no such label"}
	})
}

// elsewhere finds an identifier of another system. What the file says of it in brackets is in the xref's label or remark.
func elsewhere(prefix string) finder {
	return func(s spot) any {
		want := s.value.(string)
		local, _, _ := strings.Cut(want, " ")
		for _, x := range s.node.Base().Xrefs {
			if x.ID == kg.ID(prefix+":"+local) && x.Verified {
				return want
			}
		}
		return s.node.Base().Xrefs
	}
}

// tissue finds the Uberon term of a cell source; of two possible ones each is a related xref.
func tissue(s spot) any {
	want := s.value.(string)
	if first, second, two := strings.Cut(want, " or "); two {
		s.value = first
		if elsewhere("UBERON")(s) == first {
			s.value = second
			if elsewhere("UBERON")(s) == second {
				return want
			}
		}
		return "not both"
	}
	local, _, _ := strings.Cut(want, " ")
	if c := s.node.(*kg.CellSource); c.Tissue != nil && c.Tissue.ID == kg.ID("UBERON:"+local) {
		return want
	}
	return "no such tissue"
}

// remarked finds words among a node's remarks and those of its silences.
func remarked(get func(string) string) finder {
	return func(s spot) any {
		want := s.value.(string)
		for _, r := range s.node.Base().Remarks {
			if strings.Contains(r, get(want)) {
				return want
			}
		}
		for _, q := range s.node.Base().Silences {
			if strings.Contains(q.Remark, get(want)) {
				return want
			}
		}
		return s.node.Base().Remarks
	}
}

// parent finds the edges that a list of [link, thing] says, or a thing alone.
func parent(s spot) any {
	if s.value == nil {
		return nil
	}
	return oneOf(func(s spot) []string {
		var got []string
		for _, e := range s.Edges {
			switch {
			case e.Subject == s.id() && (e.Predicate == kg.IsA || e.Predicate == kg.StageOf):
				got = append(got, string(e.Predicate), string(e.Object))
			case e.Object == s.id() && e.Predicate == kg.Causes:
				got = append(got, "CAUSED_BY", string(e.Subject))
			}
		}
		return got
	})(s)
}

// entityPlaces says where every leaf of an entity is in the graph.
var entityPlaces = map[string]finder{
	"slug": func(s spot) any { return string(s.id()) },
	"kind": func(s spot) any {
		kinds := map[kg.Category]string{kg.CategoryMeasure: "measure", kg.CategoryCellSource: "cells", kg.CategoryIntervention: "intervention",
			kg.CategoryTrial: "study", kg.CategoryArm: "group", kg.CategoryReference: "source", kg.CategoryAgent: "agent", kg.CategoryDisease: "condition"}
		if c, ok := s.node.(*kg.Concept); ok {
			if c.Scheme == kg.Mechanism {
				return "mechanism"
			}
			return "condition"
		}
		return kinds[s.node.Category()]
	},
	"label":      func(s spot) any { return s.node.Base().Label },
	"alt[]":      labelled("en", ""),
	"zh[]":       labelled("zh", ""),
	"zh_added[]": labelled("zh", kg.FromCurator),
	"claims[]": oneOf(func(s spot) []string {
		var got []string
		for _, p := range s.node.Base().Provenance {
			if len(p.Fields) == 0 {
				for _, c := range p.Claims {
					got = append(got, string(c))
				}
			}
		}
		return got
	}),
	"parent":           parent,
	"parent[][]":       parent,
	"ids.MONDO":        elsewhere("MONDO"),
	"ids.DOID":         elsewhere("DOID"),
	"ids.MeSH":         elsewhere("MESH"),
	"ids.ORPHA":        elsewhere("Orphanet"),
	"ids.CL":           elsewhere("CL"),
	"ids.UBERON":       tissue,
	"ids.MedDRA/CTCAE": remarked(func(want string) string { return strings.TrimSuffix(want, " (from memory)") }),
	"donor":            func(s spot) any { return string(s.node.(*kg.CellSource).Donor) },
	"uses[]":           edgesTo(kg.Uses, ""),
	"route":            orSilence("routes", oneOf(func(s spot) []string { return []string{string(s.node.(*kg.Intervention).Routes[0])} })),
	"unit":             func(s spot) any { return s.node.(*kg.Measure).Unit },
	"biomarker":        func(s spot) any { return s.node.(*kg.Measure).Biomarker },
	"range":            remarked(func(string) string { return "0 to 10" }),
	"country":          func(s spot) any { return s.node.(*kg.Agent).Country },
	"note":             remarked(func(want string) string { return want }),
	"remarks[]":        remarked(func(want string) string { _, after, _ := strings.Cut(want, ": "); return after }),
	"file":             func(s spot) any { return s.node.(*kg.Reference).Document.File },
	"type": func(s spot) any {
		switch n := s.node.(type) {
		case *kg.Agent:
			return string(n.Type)
		case *kg.Reference:
			// One entry is typed by a garbled citation: it has the form of a book part.
			if n.ID == "source:ref-001-8" && n.Type == kg.BookPart {
				return "JOURNAL_ARTICLE"
			}
			return string(n.Type)
		}
		return "no type"
	},
}
