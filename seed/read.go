package seed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/stemma-kg/stemma/kg"
)

// A loader turns files into a graph and collects everything that is wrong on the way.
type loader struct {
	errs       []error
	nodes      []kg.Node
	edges      []kg.Edge
	statements []*statement
	places     map[kg.ID]origin      // of statements
	categories map[kg.ID]kg.Category // of all nodes
	wheres     map[kg.ID]where
	said       map[kg.ID][]kg.ID // by thing: the statements that speak of it
}

// An origin is the document and the place that a statement was read off.
type origin struct {
	source   kg.ID
	selector kg.Selector
}

// A where is an entry of a file, for errors.
type where struct {
	file string
	node ast.Node
}

// fail records that a field of the entry is wrong.
func (l *loader) fail(w where, id kg.ID, field string, err error) {
	line := 0
	if w.node != nil {
		line = lineOf(w.node)
		if n := lineOfKey(w.node, field); n > 0 {
			line = n
		}
	}
	var le *lineError
	var ye yaml.Error
	msg := err.Error()
	switch {
	case errors.As(err, &le):
		line = le.line
	case errors.As(err, &ye):
		msg = ye.GetMessage()
		if t := ye.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
	}
	s := fmt.Sprintf("%s:%d: ", w.file, line)
	if id != "" {
		s += string(id) + ": "
	}
	if field != "" {
		s += field + ": "
	}
	l.errs = append(l.errs, errors.New(s+msg))
}

// lineOfKey returns the line of the innermost key of a dotted field that stands in the entry, 0 when none does.
func lineOfKey(n ast.Node, field string) int {
	best := 0
	for _, key := range strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		ast.Walk(finder(func(v ast.Node) bool {
			if m, ok := v.(*ast.MappingValueNode); ok && m.Key.GetToken().Value == key {
				best = m.Key.GetToken().Position.Line
				return false
			}
			return true
		}), n)
	}
	return best
}

type finder func(ast.Node) bool

// Visit implements [ast.Visitor].
func (f finder) Visit(n ast.Node) ast.Visitor {
	if f(n) {
		return f
	}
	return nil
}

// A page is a file: its header and the nodes of its entries.
type page struct {
	file     string
	source   kg.ID
	language string
	recorded time.Time
	entries  []ast.Node
}

func isStatements(file string) bool { return strings.HasPrefix(file, "statements/") }

// parse reads a file down to its entries. It returns nil when the file is no seed file at all.
func (l *loader) parse(file string, b []byte) *page {
	w := where{file: file}
	f, err := parser.ParseBytes(b, 0)
	if err != nil {
		l.fail(w, "", "", err)
		return nil
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		l.fail(w, "", "", errors.New("want one YAML document"))
		return nil
	}
	body, ok := f.Docs[0].Body.(ast.MapNode)
	if !ok {
		l.fail(where{file, f.Docs[0].Body}, "", "", errors.New("want a mapping"))
		return nil
	}
	want := "statements"
	if !isStatements(file) {
		want = strings.TrimSuffix(file, ".yaml")
	}
	p := &page{file: file, recorded: recordedByDefault}
	for it := body.MapRange(); it.Next(); {
		w.node = it.KeyValue()
		key := it.Key().GetToken().Value
		if key == want {
			seq, ok := it.Value().(*ast.SequenceNode)
			if !ok {
				l.fail(w, "", key, errors.New("want a list"))
				return nil
			}
			p.entries = seq.Values
			continue
		}
		if key != "recorded" && (key != "source" && key != "language" || !isStatements(file)) {
			l.fail(w, "", key, fmt.Errorf("unknown key: want %s", want))
			continue
		}
		s, err := scalar(it.Value())
		if err != nil {
			l.fail(w, "", key, err)
			continue
		}
		switch key {
		case "recorded":
			if p.recorded, err = time.Parse(time.DateOnly, s); err != nil {
				l.fail(w, "", key, err)
			}
		case "source":
			p.source = kg.ID(s)
		case "language":
			p.language = s
		}
	}
	if isStatements(file) && (p.source == "" || p.language == "") {
		l.fail(where{file: file}, "", "source", errors.New("source and language are required"))
	}
	return p
}

// recorded returns the date of an entry, or of its page.
func (l *loader) recorded(p *page, w where, id kg.ID, own string) time.Time {
	if own == "" {
		return p.recorded
	}
	t, err := time.Parse(time.DateOnly, own)
	if err != nil {
		l.fail(w, id, "recorded", err)
	}
	return t
}

// provenance says where a fact stands: at the places of statements, or in a reference as a whole. One entry per source.
func (l *loader) provenance(w where, id kg.ID, from []kg.ID, recorded time.Time) []kg.Provenance {
	var out []kg.Provenance
	for _, f := range from {
		source := f
		o, isStatement := l.places[f]
		if isStatement {
			source = o.source
		} else if strings.HasPrefix(string(f), "claim:") {
			l.fail(w, id, "from", fmt.Errorf("there is no statement %s", f))
			continue
		}
		i := slices.IndexFunc(out, func(p kg.Provenance) bool { return p.Source == source })
		if i < 0 {
			i = len(out)
			out = append(out, kg.Provenance{Source: source, KnowledgeLevel: kg.KnowledgeAssertion, AgentType: kg.ManualAgent, RecordedAt: recorded})
		}
		if isStatement {
			out[i].Claims = append(out[i].Claims, f)
			out[i].Selectors = append(out[i].Selectors, o.selector)
		}
	}
	return out
}

// add takes a node into the graph.
func (l *loader) add(n kg.Node, w where) {
	id := n.Base().ID
	if first, taken := l.wheres[id]; taken {
		l.fail(w, id, "id", fmt.Errorf("is already in %s, line %d", first.file, lineOf(first.node)))
		return
	}
	l.wheres[id] = w
	l.categories[id] = n.Category()
	l.nodes = append(l.nodes, n)
}

// connect takes an edge into the graph, once for each source that states it.
func (l *loader) connect(w where, e kg.Edge, from []kg.ID, level kg.KnowledgeLevel, recorded time.Time) {
	if len(from) == 0 {
		l.fail(w, e.Subject, string(e.Predicate), fmt.Errorf("%s: say from which statement, or from %s", e.Object, Curation))
		return
	}
	for _, p := range l.provenance(w, e.Subject, from, recorded) {
		if level != "" {
			p.KnowledgeLevel = level
		}
		e.Provenance = p
		l.edges = append(l.edges, e)
	}
}

// addEvidence gives every thing the statements that speak of it as its provenance; what no document speaks of has the
// curation as its source.
func (l *loader) addEvidence() {
	for _, n := range l.nodes {
		h := n.Base()
		if _, ok := n.(kg.Statement); ok {
			continue
		}
		from := slices.Clone(l.said[h.ID])
		slices.SortFunc(from, func(a, b kg.ID) int {
			pa, pb := l.places[a], l.places[b]
			return cmp.Or(cmp.Compare(pa.source, pb.source), cmp.Compare(*pa.selector.Start, *pb.selector.Start), cmp.Compare(a, b))
		})
		whole := l.provenance(l.wheres[h.ID], h.ID, slices.Compact(from), recordedByDefault)
		h.Provenance = append(whole, h.Provenance...)
		if len(h.Provenance) == 0 {
			h.Provenance = l.provenance(l.wheres[h.ID], h.ID, []kg.ID{Curation}, recordedByDefault)
		}
	}
}

// check validates nodes and edges, and that they fit each other.
func (l *loader) check() {
	names := map[kg.ID]kg.ID{}
	reference := func(w where, id kg.ID, field string, source kg.ID) {
		if c, ok := l.categories[source]; !ok || c != kg.CategoryReference {
			l.fail(w, id, field, fmt.Errorf("%s is no reference of the seed", source))
		}
	}
	for _, n := range l.nodes {
		h := n.Base()
		w := l.wheres[h.ID]
		l.invalid(w, n.Validate())
		for _, name := range h.Names() {
			if owner, taken := names[name]; taken && owner != h.ID {
				l.fail(w, h.ID, "xrefs", fmt.Errorf("%s is a name of %s already", name, owner))
			}
			names[name] = h.ID
		}
		for _, p := range h.Provenance {
			reference(w, h.ID, "from", p.Source)
		}
		for _, x := range h.Xrefs {
			reference(w, h.ID, "xrefs", x.Source)
		}
		for _, v := range h.Labels {
			if v.Source != "" {
				reference(w, h.ID, "names", v.Source)
			}
		}
	}
	keys := map[kg.EdgeKey]bool{}
	for i := range l.edges {
		e := &l.edges[i]
		w := l.wheres[e.Subject]
		l.invalid(w, e.Validate())
		field := string(e.Predicate)
		for _, end := range []kg.ID{e.Subject, e.Object} {
			if l.categories[end] == "" {
				l.fail(w, e.Subject, field, fmt.Errorf("there is no %s", end))
			}
		}
		if l.categories[e.Subject] != "" && l.categories[e.Object] != "" {
			if err := e.Predicate.Fits(l.categories[e.Subject], l.categories[e.Object]); err != nil {
				l.fail(w, e.Subject, field, err)
			}
		}
		reference(w, e.Subject, field, e.Provenance.Source)
		if keys[e.Key()] {
			l.fail(w, e.Subject, field, fmt.Errorf("%s stands here twice with the same role and source", e.Object))
		}
		keys[e.Key()] = true
	}
}

func (l *loader) invalid(w where, err error) {
	var list kg.InvalidError
	if errors.As(err, &list) {
		for _, f := range list {
			l.fail(w, f.ID, f.Field, errors.New(f.Reason))
		}
	} else if err != nil {
		l.fail(w, "", "", err)
	}
}
