package graph_test

import (
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/kg"
)

func fold(s string) string { return kg.Fold(s) }

// Whatever can't be meant is an error that names what, where and what to do; nothing is silently empty.
func TestBadInput(t *testing.T) {
	s := serve(t)
	for _, c := range []struct{ name, query, code, says string }{
		{"malformed id", `{ disease(id: "not a curie") { id } }`, "BAD_USER_INPUT", "blank"},
		{"no prefix", `{ node(id: "MS") { id } }`, "BAD_USER_INPUT", "MONDO:0019100"},
		{"wrong local part", `{ node(id: "MONDO:12") { id } }`, "BAD_USER_INPUT", "MONDO:0019100"},
		{"empty id", `{ node(id: "") { id } }`, "BAD_USER_INPUT", "empty"},
		{"long id", `{ node(id: "x:` + strings.Repeat("a", 600) + `") { id } }`, "BAD_USER_INPUT", "limit"},
		{"one bad of several", `{ nodes(ids: ["condition:ms", "?"]) { id } }`, "BAD_USER_INPUT", "ids[1]"},
		{"garbage cursor", `{ diseases(after: "garbage") { nodes { id } } }`, "BAD_CURSOR", "cursor"},
		{"empty cursor", `{ diseases(after: "") { nodes { id } } }`, "BAD_USER_INPUT", "leave it out"},
		{"negative page", `{ diseases(first: -1) { nodes { id } } }`, "BAD_USER_INPUT", "negative"},
		{"huge page", `{ diseases(first: 501) { nodes { id } } }`, "BAD_USER_INPUT", "at most 500"},
		{"first and last", `{ diseases(first: 1, last: 1) { nodes { id } } }`, "BAD_USER_INPUT", "exclude"},
		{"unknown id in a filter", `{ trials(filter: {disease: {id: {eq: "condition:nope"}}}) { nodes { id } } }`, "NOT_FOUND", "condition:nope"},
		{"contradiction of numbers", `{ trials(filter: {enrollment: {gt: 5, lt: 3}}) { nodes { id } } }`, "BAD_USER_INPUT", "exclude"},
		{"contradiction of ids", `{ trials(filter: {id: {eq: "study:mist", ne: "study:mist"}}) { nodes { id } } }`, "BAD_USER_INPUT", "excludes"},
		{"contradiction of sets", `{ trials(filter: {id: {eq: "study:mist", in: ["study:astims"]}}) { nodes { id } } }`, "BAD_USER_INPUT", "exclude"},
		{"contradiction of dates", `{ references(filter: {published: {before: "2010", from: "2012"}}) { nodes { id } } }`, "BAD_USER_INPUT", "exclude"},
		{"date without a year", `{ references(filter: {published: {on: "XXXX-10-21"}}) { nodes { id } } }`, "BAD_USER_INPUT", "year"},
		{"empty list of values", `{ trials(filter: {phase: []}) { nodes { id } } }`, "BAD_USER_INPUT", "never match"},
		{"empty or", `{ trials(filter: {or: []}) { nodes { id } } }`, "BAD_USER_INPUT", "never match"},
		{"empty term", `{ mapIds(terms: [""]) { term } }`, "BAD_USER_INPUT", "terms[0]"},
		{"a country in lower case", `{ trials(filter: {country: ["gb"]}) { nodes { id } } }`, "BAD_USER_INPUT", "GB"},
		{"no country", `{ agents(filter: {country: ["ZZ"]}) { nodes { id } } }`, "BAD_USER_INPUT", "ZZ"},
		{"a flag that nothing has", `{ claims(filter: {flag: ["garbled"]}) { nodes { id } } }`, "NOT_FOUND", "garbled"},
		{"a topic that nothing has", `{ claims(filter: {topic: ["NOPE"]}) { nodes { id } } }`, "NOT_FOUND", "NOPE"},
		{"a role that no arm has", `{ arms(filter: {role: [PUBLISHER]}) { nodes { id } } }`, "BAD_USER_INPUT", "PUBLISHER"},
		{"an id of another type", `{ trials(filter: {disease: {id: {eq: "study:mist"}}}) { nodes { id } } }`, "BAD_USER_INPUT", "Trial"},
		{"descendants of another type", `{ diseases(filter: {id: {selfOrDescendantsOf: "study:mist"}}) { nodes { id } } }`, "BAD_USER_INPUT", "Trial"},
		{"absent and present", `{ trials(filter: {absent: ["phase"], present: ["phase"]}) { nodes { id } } }`, "BAD_USER_INPUT", "phase"},
		{"too many filters", `{ claims(filter: {or: [` + strings.Repeat(`{text: {contains: "z"}} `, 201) + `]}) { totalCount } }`, "BAD_USER_INPUT", "200"},
		{"unknown field in absent", `{ trials(filter: {absent: ["nope"]}) { nodes { id } } }`, "BAD_USER_INPUT", "nope"},
		{"unknown enum value", `{ trials(filter: {phase: [PHASE9]}) { nodes { id } } }`, "GRAPHQL_VALIDATION_FAILED", "PHASE9"},
		{"no such revision", `query @asOf(revision: 99) { meta { revision } }`, "UNKNOWN_REVISION", "99"},
		{"revision zero", `query @asOf(revision: 0) { meta { revision } }`, "BAD_USER_INPUT", "count from 1"},
		{"no such release", `query @asOf(release: "nope") { meta { revision } }`, "UNKNOWN_REVISION", "nope"},
		{"before everything", `query @asOf(date: "1990-01-01T00:00:00Z") { meta { revision } }`, "UNKNOWN_REVISION", "1990"},
		{"two ways of asOf", `query @asOf(revision: 1, release: "seed-1") { meta { revision } }`, "BAD_USER_INPUT", "exactly one"},
		{"asOf without a way", `query @asOf { meta { revision } }`, "BAD_USER_INPUT", "exactly one"},
		{"too many ids", `{ nodes(ids: [` + strings.Repeat(`"condition:ms",`, 501) + `]) { id } }`, "BAD_USER_INPUT", "500"},
		{"too deep", `{ disease(id: "condition:ms") ` + strings.Repeat(`{ trials { nodes { diseases { nodes `, 8) + `{ id }` + strings.Repeat(` } } } }`, 8) + ` }`, "QUERY_TOO_DEEP", "depth"},
		{"too costly", `{ trials(first: 500) { nodes { outcomes(first: 500) { nodes { about(first: 500) { nodes { id } } } } } } }`, "QUERY_TOO_COSTLY", "200000"},
		{"fragment cycle", `{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }`, "GRAPHQL_VALIDATION_FAILED", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.as("", c.query, nil)
			if len(a.Errors) == 0 {
				t.Fatalf("no error: %v", a.Data)
			}
			e := a.Errors[0]
			if e.Extensions["code"] != c.code || !strings.Contains(strings.ToLower(e.Message), strings.ToLower(c.says)) {
				t.Errorf("%v: %s", e.Extensions["code"], e.Message)
			}
		})
	}
}

// What nobody has is null, and no error.
func TestUnknownIsNull(t *testing.T) {
	s := serve(t)
	d := s.ask(`{ node(id: "MONDO:9999999") { id } trial(id: "condition:ms") { id } nodes(ids: ["condition:ms", "condition:nope"]) { id } mapIds(terms: ["CLI", "nobody"]) { matches { by } } }`, nil)
	if d["node"] != nil || d["trial"] != nil || at(d, "nodes.0.id") != "condition:ms" || at(d, "nodes.1") != nil || len(at(d, "mapIds.1.matches").([]any)) != 0 {
		t.Errorf("%v", d)
	}
}

// A filter that asks nothing lets everything through.
func TestEmptyFilters(t *testing.T) {
	s := serve(t)
	for _, f := range []string{"{}", "{enrollment: {}}", "{enrollment: {gte: null}}", "{date: {}}", "{id: {}}", "{label: {}}", "{outcomes: {}}"} {
		if got := s.ask(`{ trials(filter: `+f+`) { totalCount } }`, nil); at(got, "trials.totalCount") != 11.0 {
			t.Errorf("%s: %v", f, got)
		}
	}
}

// A filter that would look at too much ends with advice, and takes nothing down.
func TestBudget(t *testing.T) {
	s := serve(t)
	small := serveStore(t, s.store, graph.Options{Budget: 100})
	a := small.as("", `{ claims(filter: {text: {contains: "no claim says this"}}) { totalCount nodes { id } } }`, nil)
	if len(a.Errors) == 0 || a.Errors[0].Extensions["code"] != "BUDGET_EXCEEDED" {
		t.Errorf("%+v", a)
	}
	if got := small.ask(`{ claims(first: 100) { totalCount } }`, nil); at(got, "claims.totalCount") != 245.0 {
		t.Errorf("an unfiltered total costs nothing: %v", got)
	}
}
