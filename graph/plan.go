package graph

import (
	"context"
	"slices"
	"sync"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A plan is a filter made ready: names resolved once, contradictions refused, tests in order of cost. It also knows where to look, so that
// a filter by identity or by one neighbour does not read the whole category.
type plan struct {
	tests []test
	ids   []kg.ID // when bounded: the only nodes that can match
	known bool    // ids is a bound
	seeks []seek
	terms []storage.Find // index terms that whatever matches has

	// Filters nest, and come back to the same nodes: what a test on neighbours found is remembered for as long as the plan lives.
	deep  bool
	found sync.Map // kg.ID → bool
}

type test func(context.Context, kg.Node) (bool, error)

// A seek says that whatever matches is one hop from one of these nodes.
type seek struct {
	near []kg.ID
	hop  storage.Hop
	only bool // being there is all that the filter asks
}

func (p *plan) everything() bool { return p == nil || len(p.tests) == 0 }

func (p *plan) match(ctx context.Context, n kg.Node) (bool, error) {
	if p == nil {
		return true, nil
	}
	if p.deep {
		if ok, known := p.found.Load(n.Base().ID); known {
			return ok.(bool), nil
		}
	}
	matches := true
	for _, t := range p.tests {
		ok, err := t(ctx, n)
		if err != nil {
			return false, err
		}
		if matches = ok; !ok {
			break
		}
	}
	if p.deep {
		p.found.Store(n.Base().ID, matches)
	}
	return matches, nil
}

func (p *plan) test(t test) { p.tests = append(p.tests, t) }

// on adds a test of a typed node.
func on[N kg.Node](p *plan, t func(N) bool) {
	p.test(func(_ context.Context, n kg.Node) (bool, error) {
		typed, ok := n.(N)
		return ok && t(typed), nil
	})
}

// oneOf adds a test that a value is among those wanted. Nil asks nothing; an empty list can never match and is refused.
func oneOf[N kg.Node, V comparable](p *plan, field string, want []V, value func(N) V) error {
	if want == nil {
		return nil
	}
	if len(want) == 0 {
		return badInput("%s: [] can never match: name a value or leave it out", field)
	}
	on(p, func(n N) bool { return slices.Contains(want, value(n)) })
	return nil
}

// anyOf is oneOf for fields with several values.
func anyOf[N kg.Node, V comparable](p *plan, field string, want []V, values func(N) []V) error {
	if want == nil {
		return nil
	}
	if len(want) == 0 {
		return badInput("%s: [] can never match: name a value or leave it out", field)
	}
	on(p, func(n N) bool {
		return slices.ContainsFunc(values(n), func(v V) bool { return slices.Contains(want, v) })
	})
	return nil
}

// indexed is oneOf for a field that nodes are indexed by under the same name: a single value says where to look.
func indexed[N kg.Node, V ~string](p *plan, field string, want []V, value func(N) V) error {
	p.lookUnder(field, strs(want))
	return oneOf(p, field, want, value)
}

// indexedAny is indexed for fields with several values.
func indexedAny[N kg.Node, V ~string](p *plan, field string, want []V, values func(N) []V) error {
	p.lookUnder(field, strs(want))
	return anyOf(p, field, want, values)
}

func (p *plan) lookUnder(term string, want []string) {
	if len(want) == 1 && want[0] != "" {
		p.terms = append(p.terms, storage.Find{Term: term, Equal: &want[0]})
	}
}

func strs[V ~string](in []V) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

// related adds a test that at least one node one hop away matches sub.
func (p *plan) related(sub *plan, hop storage.Hop) {
	if sub == nil {
		return
	}
	p.deep = true
	if sub.known {
		back := hop
		back.Reverse = !hop.Reverse
		p.seeks = append(p.seeks, seek{sub.ids, back, len(p.tests) == 0 && len(sub.tests) == 1})
	}
	p.test(func(ctx context.Context, n kg.Node) (bool, error) { return some(ctx, n, hop, sub) })
}

// list adds tests on all neighbours.
func (p *plan) list(l *listPlan, hop storage.Hop) {
	if l == nil {
		return
	}
	p.related(l.some, hop)
	p.deep = true
	if l.none != nil {
		p.test(func(ctx context.Context, n kg.Node) (bool, error) {
			found, err := some(ctx, n, hop, l.none)
			return !found, err
		})
	}
	if l.every != nil {
		other := &plan{}
		other.test(func(ctx context.Context, n kg.Node) (bool, error) {
			ok, err := l.every.match(ctx, n)
			return !ok, err
		})
		p.test(func(ctx context.Context, n kg.Node) (bool, error) {
			found, err := some(ctx, n, hop, other)
			return !found, err
		})
	}
}

type listPlan struct{ some, none, every *plan }

func some(ctx context.Context, n kg.Node, hop storage.Hop, sub *plan) (bool, error) {
	found := false
	err := each(ctx, neighbors(reader(ctx), n.Base().ID, hop), storage.Window{}, func(it item) (bool, error) {
		ok, err := sub.match(ctx, it.node)
		found = found || ok
		return !ok, err
	})
	return found, err
}

// A compiler makes a filter into a plan; nil for a nil filter.
type compiler interface {
	compile(context.Context) (*plan, error)
}

// maxFilters bounds the filters of one operation, nested ones too: each of them may be tried on every node.
const maxFilters = 200

// combine adds and, or, not.
func combine[F compiler](ctx context.Context, p *plan, and, or []F, not F, hasNot bool) error {
	if n := current(ctx).filters.Add(1); n > maxFilters {
		return badInput("filter: this operation has more than %d filters: use in and lists of values in place of or", maxFilters)
	}
	all := func(fs []F) ([]*plan, error) {
		out := make([]*plan, len(fs))
		for i, f := range fs {
			sub, err := f.compile(ctx)
			if err != nil {
				return nil, err
			}
			out[i] = sub
		}
		return out, nil
	}
	if and != nil {
		subs, err := all(and)
		if err != nil {
			return err
		}
		for _, s := range subs {
			p.tests = append(p.tests, s.tests...)
			p.deep = p.deep || s.deep
			p.seeks = append(p.seeks, s.seeks...)
			p.terms = append(p.terms, s.terms...)
			if s.known {
				p.bound(s.ids)
			}
		}
	}
	if or != nil {
		if len(or) == 0 {
			return badInput("or: [] can never match: name an alternative or leave it out")
		}
		subs, err := all(or)
		if err != nil {
			return err
		}
		p.test(func(ctx context.Context, n kg.Node) (bool, error) {
			for _, s := range subs {
				if ok, err := s.match(ctx, n); err != nil || ok {
					return ok, err
				}
			}
			return false, nil
		})
		union, known := []kg.ID{}, true
		for _, s := range subs {
			known = known && s.known
			union = append(union, s.ids...)
		}
		if known {
			p.bound(union)
		}
	}
	if hasNot {
		sub, err := not.compile(ctx)
		if err != nil {
			return err
		}
		p.test(func(ctx context.Context, n kg.Node) (bool, error) {
			ok, err := sub.match(ctx, n)
			return !ok, err
		})
	}
	return nil
}

// bound narrows the nodes that can match to these.
func (p *plan) bound(ids []kg.ID) {
	if p.known {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id kg.ID) bool { return !slices.Contains(p.ids, id) })
	}
	p.ids, p.known = ids, true
}

// A TermFilter tests identity.
type TermFilter struct {
	Eq, Ne              *kg.ID
	In                  []kg.ID
	SelfOrDescendantsOf *kg.ID
}

// identity resolves a term filter: every name in it must mean something.
func (p *plan) identity(ctx context.Context, field string, f *TermFilter, categories ...kg.Category) error {
	if f == nil {
		return nil
	}
	resolve := func(name kg.ID) (kg.ID, error) {
		n, err := existing(ctx, field, name)
		if err != nil {
			return "", err
		}
		if len(categories) > 0 && !slices.Contains(categories, n.Category()) {
			return "", badInput("%s: %s is of type %s, and can't be here: want %v", field, name, n.Category(), categories)
		}
		return n.Base().ID, nil
	}
	var allowed map[kg.ID]bool
	allow := func(ids ...kg.ID) {
		next := map[kg.ID]bool{}
		for _, id := range ids {
			if allowed == nil || allowed[id] {
				next[id] = true
			}
		}
		allowed = next
	}
	if f.Eq != nil {
		id, err := resolve(*f.Eq)
		if err != nil {
			return err
		}
		allow(id)
	}
	if f.In != nil {
		ids := make([]kg.ID, len(f.In))
		for i, name := range f.In {
			var err error
			if ids[i], err = resolve(name); err != nil {
				return err
			}
		}
		allow(ids...)
	}
	if f.SelfOrDescendantsOf != nil {
		id, err := resolve(*f.SelfOrDescendantsOf)
		if err != nil {
			return err
		}
		ids, err := descendants(ctx, id)
		if err != nil {
			return err
		}
		allow(ids...)
	}
	if allowed != nil {
		if len(allowed) == 0 {
			return badInput("%s: no node is all of these: the tests exclude each other", field)
		}
		ids := make([]kg.ID, 0, len(allowed))
		for id := range allowed {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		p.bound(ids)
		p.test(func(_ context.Context, n kg.Node) (bool, error) { return allowed[n.Base().ID], nil })
	}
	if f.Ne != nil {
		id, err := resolve(*f.Ne)
		if err != nil {
			return err
		}
		if len(allowed) == 1 && allowed[id] {
			return badInput("%s: asks for %s and excludes it", field, id)
		}
		p.test(func(_ context.Context, n kg.Node) (bool, error) { return n.Base().ID != id, nil })
	}
	return nil
}

// Broader are the predicates that lead from the narrower to the broader.
var broader = []kg.Predicate{kg.IsA, kg.StageOf, kg.SubtypeOf}

// descendants returns the node and all its kinds, stages and subtypes at any depth.
func descendants(ctx context.Context, root kg.ID) ([]kg.ID, error) {
	seen := map[kg.ID]bool{root: true}
	out := []kg.ID{root}
	for i := 0; i < len(out); i++ {
		err := each(ctx, neighbors(reader(ctx), out[i], storage.Hop{Predicates: broader, Reverse: true}), storage.Window{}, func(it item) (bool, error) {
			if id := it.node.Base().ID; !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
