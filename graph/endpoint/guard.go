package endpoint

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	// maxName is the length in bytes of the longest name in a document. Suggestions compare names letter by
	// letter, so a long one costs a multiple of its length.
	maxName = 128
	// maxIntrospectionDepth replaces MaxDepth below __schema and __type: the usual introspection query follows
	// nine levels of ofType, which is one object each and no danger.
	maxIntrospectionDepth = 25
)

// A guard walks a parsed document once, whatever its fragments spread, and
//
//   - refuses what is over a limit, and fragments that spread themselves;
//   - merges repeated fields, as execution would do it, because gqlparser's rule on overlapping fields compares
//     each with each;
//   - reports fields of one selection set that can't be merged, which that rule would also find, in quadratic time;
//   - removes @defer, which needs a transport of several parts and may be ignored by the specification.
//
// It needs no schema. What it leaves in place means the same as what was there.
type guard struct {
	limits        *Limits
	introspection bool // allowed

	aliases, directives int
	fragments           map[string]*fragment
	conflicts           gqlerror.List
}

// A fragment is what the guard remembers of a fragment definition.
type fragment struct {
	def   *ast.FragmentDefinition
	state int // 0 not met yet, 1 being walked, 2 known
	shape shape
}

// A shape measures a selection set.
type shape struct {
	depth int // of nested fields
	width int // fields on its own level, fragments followed
}

// check walks doc, changes it as described above, and returns why it is refused, or nothing.
func (g *guard) check(doc *ast.QueryDocument) gqlerror.List {
	g.fragments = make(map[string]*fragment, len(doc.Fragments))
	var twins []*fragment // of a name that is taken; a validation error, but validation walks them first
	for _, def := range doc.Fragments {
		f := &fragment{def: def}
		if g.fragments[def.Name] == nil {
			g.fragments[def.Name] = f
		} else {
			twins = append(twins, f)
		}
	}
	for _, op := range doc.Operations {
		if err := g.operation(op); err != nil {
			return gqlerror.List{err}
		}
	}
	for _, def := range doc.Fragments {
		if _, err := g.fragment(g.fragments[def.Name], def.Position); err != nil {
			return gqlerror.List{err}
		}
	}
	for _, f := range twins {
		if _, err := g.fragment(f, f.def.Position); err != nil {
			return gqlerror.List{err}
		}
	}
	return g.conflicts
}

func (g *guard) operation(op *ast.OperationDefinition) *gqlerror.Error {
	if err := g.names(op.Position, op.Name); err != nil {
		return err
	}
	if err := g.countDirectives(&op.Directives, op.Position); err != nil {
		return err
	}
	for _, v := range op.VariableDefinitions {
		if err := g.names(v.Position, v.Variable, v.Type.Name()); err != nil {
			return err
		}
		if err := g.value(v.DefaultValue); err != nil {
			return err
		}
		if err := g.countDirectives(&v.Directives, v.Position); err != nil {
			return err
		}
	}
	s, err := g.set(&op.SelectionSet, 0)
	switch {
	case err != nil:
		return err
	case s.depth > g.limits.MaxDepth:
		return over(op.Position, CodeTooDeep, "fields nested %d deep", s.depth, g.limits.MaxDepth, "ask for less depth, and for the rest by id in a second query")
	case s.width > g.limits.MaxRootFields:
		return over(op.Position, CodeTooManyRootFields, "%d root fields", s.width, g.limits.MaxRootFields, "split the operation, or use nodes(ids:)")
	}
	return nil
}

func (g *guard) fragment(f *fragment, at *ast.Position) (shape, *gqlerror.Error) {
	switch f.state {
	case 2:
		return f.shape, nil
	case 1:
		err := Errorf(CodeValidationFailed, "fragment %q spreads itself: take the spread that closes the circle out", f.def.Name)
		return shape{}, located(err, at)
	}
	f.state = 1
	if err := g.names(f.def.Position, f.def.Name, f.def.TypeCondition); err != nil {
		return shape{}, err
	}
	if err := g.countDirectives(&f.def.Directives, f.def.Position); err != nil {
		return shape{}, err
	}
	s, err := g.set(&f.def.SelectionSet, 0)
	f.shape, f.state = s, 2
	return s, err
}

// set reduces a selection set and measures it. nesting counts selection sets around it in the same definition,
// those of inline fragments too.
func (g *guard) set(set *ast.SelectionSet, nesting int) (shape, *gqlerror.Error) {
	var s shape
	if len(*set) == 0 {
		return s, nil
	}
	if limit := 2*max(g.limits.MaxDepth, maxIntrospectionDepth) + 1; nesting > limit {
		return s, over((*set)[0].GetPosition(), CodeTooDeep, "selections nested %d deep", nesting, limit, "use fewer inline fragments within each other")
	}
	r := reducer{guard: g, kept: make(ast.SelectionSet, 0, len(*set))}
	if err := r.add(*set, nesting); err != nil {
		return s, err
	}
	*set = r.kept
	for _, sel := range r.kept {
		inner, err := g.selection(sel, nesting)
		if err != nil {
			return s, err
		}
		s.depth = max(s.depth, inner.depth)
		s.width += inner.width
	}
	s.width = min(s.width, unlimited)
	return s, nil
}

// selection measures one selection of a reduced set.
func (g *guard) selection(sel ast.Selection, nesting int) (shape, *gqlerror.Error) {
	switch sel := sel.(type) {
	case *ast.Field:
		inner, err := g.set(&sel.SelectionSet, nesting+1)
		if err != nil {
			return shape{}, err
		}
		if sel.Name == "__schema" || sel.Name == "__type" {
			if !g.introspection {
				err := Errorf(CodeValidationFailed, "this server does not answer introspection; its schema is published with it")
				return shape{}, located(err, sel.Position)
			}
			if inner.depth > maxIntrospectionDepth {
				return shape{}, over(sel.Position, CodeTooDeep, "introspection nested %d deep", inner.depth, maxIntrospectionDepth, "follow ofType less far")
			}
			inner.depth = 0
		}
		return shape{depth: inner.depth + 1, width: 1}, nil
	case *ast.InlineFragment:
		return g.set(&sel.SelectionSet, nesting+1)
	case *ast.FragmentSpread:
		if f := g.fragments[sel.Name]; f != nil {
			return g.fragment(f, sel.Position)
		}
	}
	return shape{}, nil
}

// A reducer builds a selection set without repetitions.
type reducer struct {
	*guard
	kept   ast.SelectionSet
	fields map[string]*ast.Field // by response key; fields with directives are never merged
	spread map[string]bool
}

// few is the number of selections up to which looking through them beats a map.
const few = 8

func (r *reducer) add(list ast.SelectionSet, nesting int) *gqlerror.Error {
	for _, sel := range list {
		switch sel := sel.(type) {
		case *ast.Field:
			if err := r.field(sel); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			if err := r.names(sel.Position, sel.Name); err != nil {
				return err
			}
			if err := r.countDirectives(&sel.Directives, sel.Position); err != nil {
				return err
			}
			if len(sel.Directives) == 0 {
				if r.spread[sel.Name] {
					continue
				}
				if r.spread == nil {
					r.spread = map[string]bool{}
				}
				r.spread[sel.Name] = true
			}
			r.kept = append(r.kept, sel)
		case *ast.InlineFragment:
			if err := r.names(sel.Position, sel.TypeCondition); err != nil {
				return err
			}
			if err := r.countDirectives(&sel.Directives, sel.Position); err != nil {
				return err
			}
			if sel.TypeCondition == "" && len(sel.Directives) == 0 {
				if err := r.add(sel.SelectionSet, nesting+1); err != nil {
					return err
				}
				continue
			}
			r.kept = append(r.kept, sel)
		}
	}
	return nil
}

func (r *reducer) field(f *ast.Field) *gqlerror.Error {
	if err := r.names(f.Position, f.Name, f.Alias); err != nil {
		return err
	}
	if f.Alias != f.Name {
		if r.aliases++; r.aliases > r.limits.MaxAliases {
			return over(f.Position, CodeTooManyAliases, "%d or more aliases", r.aliases, r.limits.MaxAliases, "split the document, or use nodes(ids:)")
		}
	}
	if err := r.countDirectives(&f.Directives, f.Position); err != nil {
		return err
	}
	for _, a := range f.Arguments {
		if err := r.names(a.Position, a.Name); err != nil {
			return err
		}
		if err := r.value(a.Value); err != nil {
			return err
		}
	}
	if len(f.Directives) > 0 {
		r.kept = append(r.kept, f)
		return nil
	}
	first := r.first(f)
	if first == nil {
		r.kept = append(r.kept, f)
		if r.fields != nil {
			r.fields[responseKey(f)] = f
		}
		return nil
	}
	if first.Name != f.Name || !sameArguments(first.Arguments, f.Arguments) {
		if len(r.conflicts) < r.limits.MaxErrors {
			err := Errorf(CodeValidationFailed, "Fields %q conflict: they are different fields or have differing arguments. Use different aliases to fetch both.", f.Alias)
			r.conflicts = append(r.conflicts, located(err, f.Position))
		}
		return nil
	}
	first.SelectionSet = append(first.SelectionSet, f.SelectionSet...)
	return nil
}

// first returns the field kept under the same response key, or nil.
func (r *reducer) first(f *ast.Field) *ast.Field {
	if r.fields != nil {
		return r.fields[responseKey(f)]
	}
	for _, sel := range r.kept {
		if k, ok := sel.(*ast.Field); ok && len(k.Directives) == 0 && k.Alias == f.Alias && (k.SelectionSet == nil) == (f.SelectionSet == nil) {
			return k
		}
	}
	if len(r.kept) >= few {
		r.fields = make(map[string]*ast.Field, cap(r.kept))
		for _, sel := range r.kept {
			if k, ok := sel.(*ast.Field); ok && len(k.Directives) == 0 {
				r.fields[responseKey(k)] = k
			}
		}
	}
	return nil
}

// responseKey tells fields apart that may be merged. A field with selections and one without are kept apart,
// so that validation still sees that one of them is wrong.
func responseKey(f *ast.Field) string {
	if f.SelectionSet == nil {
		return f.Alias
	}
	return f.Alias + "{"
}

func (g *guard) countDirectives(list *ast.DirectiveList, at *ast.Position) *gqlerror.Error {
	if len(*list) == 0 {
		return nil
	}
	if g.directives += len(*list); g.directives > g.limits.MaxDirectives {
		return over(at, CodeTooManyDirectives, "%d or more directives", g.directives, g.limits.MaxDirectives, "leave directives out, or split the document")
	}
	for _, d := range *list {
		if err := g.names(d.Position, d.Name); err != nil {
			return err
		}
		for _, a := range d.Arguments {
			if err := g.names(a.Position, a.Name); err != nil {
				return err
			}
			if err := g.value(a.Value); err != nil {
				return err
			}
		}
	}
	*list = slices.DeleteFunc(*list, func(d *ast.Directive) bool { return d.Name == "defer" })
	return nil
}

// value looks at the names in a literal. The parser bounds how deep it is.
func (g *guard) value(v *ast.Value) *gqlerror.Error {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case ast.Variable, ast.EnumValue:
		return g.names(v.Position, v.Raw)
	case ast.ListValue, ast.ObjectValue:
		for _, c := range v.Children {
			if err := g.names(c.Position, c.Name); err != nil {
				return err
			}
			if err := g.value(c.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *guard) names(at *ast.Position, names ...string) *gqlerror.Error {
	for _, n := range names {
		if len(n) > maxName {
			return located(Errorf(CodeValidationFailed, "a name of %d letters: names have at most %d", len(n), maxName), at)
		}
	}
	return nil
}

// sameArguments tells whether two argument lists say the same, in whatever order.
func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) > 1 {
		byName := func(x, y *ast.Argument) int { return strings.Compare(x.Name, y.Name) }
		a, b = slices.SortedStableFunc(slices.Values(a), byName), slices.SortedStableFunc(slices.Values(b), byName)
	}
	return slices.EqualFunc(a, b, func(x, y *ast.Argument) bool { return x.Name == y.Name && sameValue(x.Value, y.Value) })
}

func sameValue(a, b *ast.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	x, y := a.Children, b.Children
	if a.Kind == ast.ObjectValue && len(x) > 1 {
		byName := func(x, y *ast.ChildValue) int { return strings.Compare(x.Name, y.Name) }
		x, y = slices.SortedStableFunc(slices.Values(x), byName), slices.SortedStableFunc(slices.Values(y), byName)
	}
	return slices.EqualFunc(x, y, func(x, y *ast.ChildValue) bool { return x.Name == y.Name && sameValue(x.Value, y.Value) })
}

// over is the refusal of what exceeds a limit: what, how much, the limit, and how to ask for less.
func over(at *ast.Position, code, what string, value, limit int, advice string) *gqlerror.Error {
	err := Errorf(code, what+", and at most %d are allowed: "+advice, value, limit)
	err.Extensions["value"], err.Extensions["limit"] = value, limit
	return located(err, at)
}

func located(err *gqlerror.Error, at *ast.Position) *gqlerror.Error {
	if at != nil && at.Line > 0 {
		err.Locations = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
	}
	return err
}
