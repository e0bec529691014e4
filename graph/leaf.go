package graph

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/stemma-kg/stemma/kg"
)

// This file has the tests on single values: texts, numbers, dates.

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
	if math.IsInf(low, -1) && math.IsInf(high, 1) && f.Ne == nil {
		return nil // nothing is asked
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
	if *f == (DateFilter{}) {
		return nil // nothing is asked
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
