package endpoint

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// The cost of an operation is how many nodes it may visit, by estimate, rounded up:
//
//   - an object counts as one, ten leaf values as one;
//   - a connection is multiplied by its argument first or last, by the schema's default without them;
//   - the wrappers of a connection, edges and pageInfo, count nothing by themselves;
//   - a list that is not paged is multiplied by what Options.ListSize says, and by at least as many as the
//     longest list among its arguments (so nodes(ids:) costs its ids).
//
// A field that @skip or @include leaves out counts all the same, and one that several fragments repeat counts each time.
const (
	leafUnits = 1
	nodeUnits = 10 * leafUnits

	defaultPage = 25 // items in a connection whose schema names no default
	defaultList = 10 // items in a list that is not paged
)

// A price is what a selection set costs, in units: some of it once, some for each item of the connection that
// the set is part of. Keeping the two apart makes a fragment's price independent of where it is spread.
type price struct{ once, each int64 }

// A pricer adds up one operation, walking each fragment once.
type pricer struct {
	e         *Endpoint
	variables map[string]any
	fragments map[*ast.FragmentDefinition]price
	dynamic   bool // the price depends on variables
}

// cost estimates op with coerced variables. dynamic says whether other variables may make it another.
func (e *Endpoint) cost(op *ast.OperationDefinition, variables map[string]any) (nodes int, dynamic bool) {
	p := pricer{e: e, variables: variables, fragments: map[*ast.FragmentDefinition]price{}}
	units := p.set(op.SelectionSet).once
	return int((units + nodeUnits - 1) / nodeUnits), p.dynamic
}

func (p *pricer) set(set ast.SelectionSet) price {
	var sum price
	for _, sel := range set {
		var q price
		switch sel := sel.(type) {
		case *ast.Field:
			q = p.field(sel)
		case *ast.InlineFragment:
			q = p.set(sel.SelectionSet)
		case *ast.FragmentSpread:
			if sel.Definition == nil {
				continue
			}
			var known bool
			if q, known = p.fragments[sel.Definition]; !known {
				q = p.set(sel.Definition.SelectionSet)
				p.fragments[sel.Definition] = q
			}
		}
		sum.once, sum.each = plus(sum.once, q.once), plus(sum.each, q.each)
	}
	return sum
}

func (p *pricer) field(f *ast.Field) price {
	def := f.Definition
	if def == nil || len(f.SelectionSet) == 0 {
		if def != nil && def.Type.Elem != nil {
			return price{once: times(p.listSize(f), leafUnits)}
		}
		return price{once: leafUnits}
	}
	inner := p.set(f.SelectionSet)
	paged := p.e.connections[def.Type.Name()] || hasPageArguments(def)
	inConnection := f.ObjectDefinition != nil && p.e.connections[f.ObjectDefinition.Name]

	switch {
	case inConnection && f.Name == "edges":
		return price{each: inner.once}
	case inConnection && f.Name == "nodes":
		return price{each: plus(nodeUnits, inner.once)}
	case inConnection && f.Name == "pageInfo":
		return price{}
	case paged && def.Type.Elem == nil:
		return price{once: plus(plus(nodeUnits, inner.once), times(p.pageSize(f), inner.each))}
	case paged:
		return price{once: times(p.pageSize(f), plus(nodeUnits, inner.once))}
	case def.Type.Elem != nil:
		return price{once: times(p.listSize(f), plus(nodeUnits, inner.once))}
	default:
		return price{once: plus(nodeUnits, inner.once)}
	}
}

func hasPageArguments(def *ast.FieldDefinition) bool {
	return def.Arguments.ForName("first") != nil || def.Arguments.ForName("last") != nil
}

// pageSize is the larger of first and last as asked for, else the schema's default.
func (p *pricer) pageSize(f *ast.Field) int64 {
	size, asked := int64(0), false
	for _, name := range []string{"first", "last"} {
		if a := f.Arguments.ForName(name); a != nil {
			if n, ok := p.number(a.Value); ok {
				size, asked = max(size, n), true
			}
		}
	}
	if asked {
		return size
	}
	if n := p.e.listSize(f.ObjectDefinition, f.Definition); n > 0 {
		return int64(n)
	}
	for _, name := range []string{"first", "last"} {
		if d := f.Definition.Arguments.ForName(name); d != nil && d.DefaultValue != nil {
			if n, err := strconv.ParseInt(d.DefaultValue.Raw, 10, 64); err == nil {
				return n
			}
		}
	}
	return defaultPage
}

// number reads an integer argument, and is false for null and for what is not there.
func (p *pricer) number(v *ast.Value) (int64, bool) {
	raw := v.Raw
	if v.Kind == ast.Variable {
		p.dynamic = true
		given, ok := p.variables[v.Raw]
		if !ok || given == nil {
			return 0, false
		}
		if n, isNumber := given.(json.Number); isNumber {
			raw = n.String()
		} else {
			raw = fmt.Sprint(given)
		}
	} else if v.Kind != ast.IntValue {
		return 0, false
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return unlimited, true // out of range, or no integer: validation will say so, if it has not yet
	}
	return min(max(n, 0), unlimited), true
}

func (p *pricer) listSize(f *ast.Field) int64 {
	size := int64(p.e.listSize(f.ObjectDefinition, f.Definition))
	if size <= 0 {
		size = defaultList
	}
	for _, a := range f.Arguments {
		switch {
		case a.Value == nil:
		case a.Value.Kind == ast.ListValue:
			size = max(size, int64(len(a.Value.Children)))
		case a.Value.Kind == ast.Variable:
			p.dynamic = true
			if list, ok := p.variables[a.Value.Raw].([]any); ok {
				size = max(size, int64(len(list)))
			}
		}
	}
	return size
}

// plus and times stop at a number that is over every limit in place of overflowing.
func plus(a, b int64) int64 { return min(a+b, unlimited*nodeUnits) }

func times(a, b int64) int64 {
	if a > 0 && b > unlimited*nodeUnits/a {
		return unlimited * nodeUnits
	}
	return a * b
}

// connectionTypes are the types of a schema that page through others.
func connectionTypes(schema *ast.Schema) map[string]bool {
	found := map[string]bool{}
	for name, def := range schema.Types {
		if def.Fields.ForName("pageInfo") != nil && (def.Fields.ForName("edges") != nil || def.Fields.ForName("nodes") != nil) {
			found[name] = true
		}
	}
	return found
}

// defaultListSize is the ListSize of a schema whose lists nobody has sized: introspection's are small.
func defaultListSize(parent *ast.Definition, _ *ast.FieldDefinition) int {
	if parent != nil && strings.HasPrefix(parent.Name, "__") {
		return 5
	}
	return 0
}
