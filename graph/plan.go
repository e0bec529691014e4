package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

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
	for _, t := range p.tests {
		if ok, err := t(ctx, n); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
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

// related adds a test that at least one node one hop away matches sub.
func (p *plan) related(sub *plan, hop storage.Hop) {
	if sub == nil {
		return
	}
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

// combine adds and, or, not.
func combine[F compiler](ctx context.Context, p *plan, and, or []F, not F, hasNot bool) error {
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
			p.seeks = append(p.seeks, s.seeks...)
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
func (p *plan) identity(ctx context.Context, field string, f *TermFilter) error {
	if f == nil {
		return nil
	}
	resolve := func(name kg.ID) (kg.ID, error) {
		n, err := existing(ctx, field, name)
		if err != nil {
			return "", err
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

// A StringFilter tests a text, without regard to case, diacritics and hyphens.
type StringFilter struct {
	Eq, Ne, Contains, StartsWith *string
	In                           []string
}

// text adds the tests of a string filter; one of the values must pass all of them.
func (p *plan) text(field string, f *StringFilter, values func(kg.Node) []string) error {
	if f == nil {
		return nil
	}
	if f.In != nil && len(f.In) == 0 {
		return badInput("%s.in: [] can never match: name a value or leave it out", field)
	}
	fold := kg.FoldText
	var tests []func(string) bool
	add := func(s *string, t func(value, want string) bool) {
		if s != nil {
			want := fold(*s)
			tests = append(tests, func(v string) bool { return t(v, want) })
		}
	}
	add(f.Eq, func(v, w string) bool { return v == w })
	add(f.Ne, func(v, w string) bool { return v != w })
	add(f.Contains, strings.Contains)
	add(f.StartsWith, strings.HasPrefix)
	if f.In != nil {
		want := map[string]bool{}
		for _, s := range f.In {
			want[fold(s)] = true
		}
		tests = append(tests, func(v string) bool { return want[v] })
	}
	if f.Eq != nil && f.Ne != nil && fold(*f.Eq) == fold(*f.Ne) {
		return badInput("%s: asks for %q and excludes it", field, *f.Eq)
	}
	if len(tests) == 0 {
		return nil
	}
	p.test(func(_ context.Context, n kg.Node) (bool, error) {
		return slices.ContainsFunc(values(n), func(v string) bool {
			v = fold(v)
			for _, t := range tests {
				if !t(v) {
					return false
				}
			}
			return true
		}), nil
	})
	return nil
}

// A FloatFilter tests a number that may be only a bound or a range.
type FloatFilter struct {
	Eq, Ne, Lt, Lte, Gt, Gte *float64
	Certainty                *Certainty
}

// number adds the tests of a float filter. What holds no number never matches.
func (p *plan) number(field string, f *FloatFilter, value func(kg.Node) *kg.Quantity) error {
	if f == nil {
		return nil
	}
	// The numbers asked for, as one closed interval.
	low, high := math.Inf(-1), math.Inf(1)
	narrow := func(lo, hi float64) { low, high = max(low, lo), min(high, hi) }
	if f.Eq != nil {
		narrow(*f.Eq, *f.Eq)
	}
	if f.Gte != nil {
		narrow(*f.Gte, math.Inf(1))
	}
	if f.Gt != nil {
		narrow(math.Nextafter(*f.Gt, math.Inf(1)), math.Inf(1))
	}
	if f.Lte != nil {
		narrow(math.Inf(-1), *f.Lte)
	}
	if f.Lt != nil {
		narrow(math.Inf(-1), math.Nextafter(*f.Lt, math.Inf(-1)))
	}
	if low > high || f.Ne != nil && low == high && *f.Ne == low {
		return badInput("%s: no number passes all of these tests: they exclude each other", field)
	}
	possible := f.Certainty != nil && *f.Certainty == Possible
	p.test(func(_ context.Context, n kg.Node) (bool, error) {
		lo, hi, ok := value(n).Interval()
		if !ok {
			return false, nil
		}
		if f.Ne != nil {
			excluded := lo <= *f.Ne && *f.Ne <= hi
			if possible {
				excluded = lo == hi && lo == *f.Ne
			}
			if excluded {
				return false, nil
			}
		}
		if possible {
			return lo <= high && hi >= low, nil
		}
		return lo >= low && hi <= high, nil
	})
	return nil
}

// A DateFilter tests the earliest day that a date allows.
type DateFilter struct{ On, Before, From *kg.Date }

func (p *plan) date(field string, f *DateFilter, value func(kg.Node) string) error {
	if f == nil {
		return nil
	}
	for name, d := range map[string]*kg.Date{"on": f.On, "before": f.Before, "from": f.From} {
		if d != nil && (!d.Valid() || d.Sortable() == "") {
			return badInput("%s.%s: %q is not a date with a year: write 2016, 2016-08 or 2016-08-18", field, name, *d)
		}
	}
	if f.Before != nil && f.From != nil && f.Before.Sortable() <= f.From.Sortable() {
		return badInput("%s: no day is from %s and before %s: they exclude each other", field, *f.From, *f.Before)
	}
	p.test(func(_ context.Context, n kg.Node) (bool, error) {
		day := value(n)
		return day != "" &&
			(f.On == nil || strings.HasPrefix(day, string(*f.On))) &&
			(f.Before == nil || day < f.Before.Sortable()) &&
			(f.From == nil || day >= f.From.Sortable()), nil
	})
	return nil
}

// list reads a list at the root under a filter and an order.
func list[T kg.Node](ctx context.Context, c kg.Category, args PageArgs, f compiler, filtered bool, order *Order) (*Connection[T], error) {
	var p *plan
	if filtered {
		var err error
		if p, err = f.compile(ctx); err != nil {
			return nil, err
		}
	}
	from, covered, err := p.source(ctx, c, order)
	if err != nil {
		return nil, err
	}
	if covered {
		p = nil
	}
	return connection[T](ctx, from, p, args)
}

// source chooses where the candidates are read from: the nodes that the filter names, the neighbours of those that it names, or
// the whole category. Covered means that whatever is read matches.
func (p *plan) source(ctx context.Context, c kg.Category, order *Order) (from pager, covered bool, err error) {
	r := reader(ctx)
	whole := scan(r, storage.Find{Category: c, Term: order.term(), Descending: order.descending()})
	if p == nil {
		return whole, p == nil, nil
	}
	if p.known && len(p.ids) <= maxSorted {
		nodes, err := r.Nodes(ctx, p.ids...)
		if err != nil {
			return nil, false, err
		}
		if err := spend(ctx, len(nodes)); err != nil {
			return nil, false, err
		}
		var items []item
		for _, n := range nodes {
			if n != nil && n.Category() == c {
				items = append(items, item{node: n})
			}
		}
		return sorted(items, order), len(p.tests) == 1, nil
	}
	for _, s := range p.seeks {
		covered := s.only && len(p.tests) == 1
		if len(s.near) == 1 && order.term() == "" && !order.descending() {
			return neighborsOf(r, s.near[0], s.hop), covered, nil
		}
		items, err := gather(ctx, s, c)
		if errors.Is(err, errTooMany) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		return sorted(items, order), covered, nil
	}
	return whole, p == nil, nil
}

// neighborsOf lists far nodes as if they stood at the root: without the edge that led to them.
func neighborsOf(r storage.Reader, id kg.ID, hop storage.Hop) pager {
	from := neighbors(r, id, hop)
	return func(ctx context.Context, w storage.Window) (storage.Page[item], error) {
		page, err := from(ctx, w)
		for i := range page.Items {
			page.Items[i].predicate, page.Items[i].edges = "", nil
		}
		return page, err
	}
}

var errTooMany = fmt.Errorf("more than %d candidates", maxSorted)

// gather reads all far nodes of a seek, each once.
func gather(ctx context.Context, s seek, c kg.Category) ([]item, error) {
	seen := map[kg.ID]bool{}
	var items []item
	for _, near := range s.near {
		err := each(ctx, neighbors(reader(ctx), near, s.hop), storage.Window{}, func(it item) (bool, error) {
			if id := it.node.Base().ID; !seen[id] && it.node.Category() == c {
				seen[id] = true
				items = append(items, item{node: it.node})
			}
			if len(items) > maxSorted {
				return false, errTooMany
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return items, nil
}

// connect reads a list one hop from a node, under a filter and an order.
func connect[T kg.Node](ctx context.Context, from kg.Node, hop storage.Hop, args PageArgs, f compiler, filtered bool, order *Order) (*Connection[T], error) {
	var p *plan
	if filtered {
		var err error
		if p, err = f.compile(ctx); err != nil {
			return nil, err
		}
	}
	near := neighbors(reader(ctx), from.Base().ID, hop)
	if order.term() != "" || order.descending() {
		var items []item
		err := each(ctx, near, storage.Window{}, func(it item) (bool, error) {
			items = append(items, it)
			if len(items) > maxSorted {
				return false, badInput("orderBy: this list has more than %d nodes: take it in its default order, or list them at the root with a filter", maxSorted)
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
		near = sorted(items, order)
	}
	return connection[T](ctx, near, p, args)
}
