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

func look(t *testing.T) *view {
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
