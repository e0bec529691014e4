package kg_test

import (
	"slices"
	"strings"
	"testing"

	. "github.com/stemma-kg/stemma/kg"
)

func TestPredicates(t *testing.T) {
	codes, names := map[byte]Predicate{}, map[string]Predicate{}
	used := map[Category]bool{}
	for _, p := range Predicates() {
		if other, twice := codes[p.Code()]; twice || p.Code() == 0 {
			t.Errorf("%s has the code %d of %s", p, p.Code(), other)
		}
		codes[p.Code()] = p
		if back, ok := PredicateOf(p.Code()); !ok || back != p {
			t.Errorf("code %d stands for %s, not for %s", p.Code(), back, p)
		}
		for _, name := range []string{string(p), p.Inverse()} {
			if other, twice := names[name]; twice || name == "" || name != strings.ToUpper(name) {
				t.Errorf("%s has the name %q, which %q has or which is no name", p, name, other)
			}
			names[name] = p
		}
		if p.Sense() == "" || len(p.Domain()) == 0 || len(p.Range()) == 0 {
			t.Errorf("%s lacks a sense, a domain or a range", p)
		}
		roles := slices.Clone(p.Roles())
		slices.Sort(roles)
		if len(slices.Compact(roles)) != len(p.Roles()) || slices.Contains(roles, "") {
			t.Errorf("%s has a role twice, or an empty one", p)
		}
		fits := false
		for _, s := range Categories() {
			for _, o := range Categories() {
				err := p.Fits(s, o)
				fits = fits || err == nil
				if err == nil && (!slices.Contains(p.Domain(), s) || !slices.Contains(p.Range(), o)) {
					t.Errorf("%s joins %s and %s against its table", p, s, o)
				}
				if err == nil {
					used[s], used[o] = true, true
				}
			}
		}
		if !fits {
			t.Errorf("%s joins nothing", p)
		}
	}
	for _, c := range Categories() {
		if !used[c] {
			t.Errorf("no predicate has %s at an end", c)
		}
	}
	if names["TREATS"] != "" {
		t.Error("there is a predicate TREATS: that a therapy works is a claim, never an edge")
	}
	if err := Predicate("TREATS").Fits(CategoryIntervention, CategoryDisease); err == nil {
		t.Error("an unknown predicate fits")
	}
	if _, ok := PredicateOf(0); ok || Predicate("TREATS").Code() != 0 {
		t.Error("an unknown predicate has a code")
	}
	if err := IsA.Fits(CategoryDisease, CategoryMeasure); err == nil {
		t.Error("a disease is a kind of a measure")
	}
}

func TestCategories(t *testing.T) {
	codes := map[byte]bool{0: true}
	for _, c := range Categories() {
		if codes[c.Code()] {
			t.Errorf("%s has a code that another has", c)
		}
		codes[c.Code()] = true
		if back, ok := CategoryOf(c.Code()); !ok || back != c {
			t.Errorf("code %d stands for %s, not for %s", c.Code(), back, c)
		}
		if n := New(c); n == nil || n.Category() != c {
			t.Errorf("New(%s) = %v", c, n)
		}
		if err := New(c).Validate(); err == nil {
			t.Errorf("an empty %s is valid", c)
		}
		_, _ = New(c).Rank(), New(c).Terms()
	}
	if New("Entity") != nil || Category("Entity").Code() != 0 {
		t.Error("an unknown category is known")
	}
}
