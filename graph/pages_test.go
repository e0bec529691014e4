package graph_test

import (
	"fmt"
	"slices"
	"sort"
	"testing"
)

// Every list at the root can be walked in both directions, in pages of any size, and gives each node once, in one order.
func TestPagesCoverEveryRoot(t *testing.T) {
	s := serve(t)
	for _, root := range []string{"diseases", "concepts", "measures", "cellSources", "interventions", "trials", "arms", "outcomes", "claims", "conflicts", "references", "agents"} {
		all := s.ask(fmt.Sprintf(`{ l: %s(first: 500) { totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage } } }`, root), nil)
		want := texts(at(all, "l.nodes"), "id")
		if float64(len(want)) != at(all, "l.totalCount") || at(all, "l.pageInfo.hasNextPage") != false || at(all, "l.pageInfo.hasPreviousPage") != false {
			t.Errorf("%s: %d of %v, %v", root, len(want), at(all, "l.totalCount"), at(all, "l.pageInfo"))
		}
		if u := slices.Compact(slices.Sorted(slices.Values(want))); len(u) != len(want) {
			t.Errorf("%s: a node comes twice", root)
		}
		for _, size := range []int{1, 7, 100} {
			if size == 1 && len(want) > 50 {
				continue
			}
			var forward, backward []string
			var cursor any
			for more := true; more; {
				p := s.ask(fmt.Sprintf(`query($c: String) { l: %s(first: %d, after: $c) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`, root, size), map[string]any{"c": cursor})
				forward = append(forward, texts(at(p, "l.edges"), "node.id")...)
				more, _ = at(p, "l.pageInfo.hasNextPage").(bool)
				cursor = at(p, "l.pageInfo.endCursor")
			}
			cursor = nil
			for more := true; more; {
				p := s.ask(fmt.Sprintf(`query($c: String) { l: %s(last: %d, before: $c) { nodes { id } pageInfo { hasPreviousPage startCursor } } }`, root, size), map[string]any{"c": cursor})
				backward = append(texts(at(p, "l.nodes"), "id"), backward...)
				more, _ = at(p, "l.pageInfo.hasPreviousPage").(bool)
				cursor = at(p, "l.pageInfo.startCursor")
			}
			if !slices.Equal(forward, want) {
				t.Errorf("%s by %d forward:\n got %v\nwant %v", root, size, forward, want)
			}
			if !slices.Equal(backward, want) {
				t.Errorf("%s by %d backward:\n got %v\nwant %v", root, size, backward, want)
			}
		}
	}
}

// Filtered lists page like any other, in the middle of the store too.
func TestPagesUnderAFilter(t *testing.T) {
	s := serve(t)
	const filter = `filter: {kind: [ADVERSE_EVENT], confidence: [HIGH]}`
	all := s.ask(`{ outcomes(first: 500, `+filter+`) { totalCount nodes { id } } }`, nil)
	want := texts(at(all, "outcomes.nodes"), "id")
	if len(want) < 5 || float64(len(want)) != at(all, "outcomes.totalCount") {
		t.Fatalf("%d of %v", len(want), at(all, "outcomes.totalCount"))
	}
	var got []string
	var cursor any
	for more := true; more; {
		p := s.ask(`query($c: String) { outcomes(first: 2, after: $c, `+filter+`) { nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }`, map[string]any{"c": cursor})
		if before := at(p, "outcomes.pageInfo.hasPreviousPage"); before != (cursor != nil) {
			t.Errorf("after %v: hasPreviousPage %v", cursor, before)
		}
		got = append(got, texts(at(p, "outcomes.nodes"), "id")...)
		more, _ = at(p, "outcomes.pageInfo.hasNextPage").(bool)
		cursor = at(p, "outcomes.pageInfo.endCursor")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// The default orders mean something: labels A to Z, newest trials and references first.
func TestDefaultOrders(t *testing.T) {
	s := serve(t)
	labels := texts(at(s.ask(`{ agents(first: 500) { nodes { label } } }`, nil), "agents.nodes"), "label")
	folded := slices.Clone(labels)
	sort.SliceStable(folded, func(i, j int) bool { return fold(folded[i]) < fold(folded[j]) })
	if !slices.Equal(labels, folded) {
		t.Errorf("agents are not in order: %v", labels)
	}
	dates := texts(at(s.ask(`{ references(first: 500) { nodes { published } } }`, nil), "references.nodes"), "published")
	last := "9999"
	for i, d := range dates {
		if d == "<nil>" {
			last = ""
			continue
		}
		if d > last+"~" {
			t.Errorf("reference %d of %s comes after %q", i, d, last)
		}
		last = d
	}
	desc := texts(at(s.ask(`{ diseases(first: 500, orderBy: {field: LABEL, direction: DESC}) { nodes { label } } }`, nil), "diseases.nodes"), "label")
	asc := texts(at(s.ask(`{ diseases(first: 500, orderBy: {field: LABEL}) { nodes { label } } }`, nil), "diseases.nodes"), "label")
	slices.Reverse(desc)
	if !slices.Equal(asc, desc) {
		t.Errorf("DESC is not ASC reversed")
	}
}

// A list one hop away can be ordered and paged like one at the root.
func TestOrderOfNeighbours(t *testing.T) {
	s := serve(t)
	var got []string
	var cursor any
	for more := true; more; {
		p := s.ask(`query($c: String) { trial(id: "study:astims") { outcomes(first: 3, after: $c, orderBy: {field: LABEL, direction: DESC}) { edges { node { label } evidence { source } } pageInfo { hasNextPage endCursor } } } }`, map[string]any{"c": cursor})
		got = append(got, texts(at(p, "trial.outcomes.edges"), "node.label")...)
		if at(p, "trial.outcomes.edges.0.evidence.0.source") != "source:doc-003" {
			t.Errorf("no evidence on an edge of a sorted list: %v", p)
		}
		more, _ = at(p, "trial.outcomes.pageInfo.hasNextPage").(bool)
		cursor = at(p, "trial.outcomes.pageInfo.endCursor")
	}
	if len(got) != 10 || !sort.SliceIsSorted(got, func(i, j int) bool { return fold(got[i]) > fold(got[j]) }) {
		t.Errorf("%d: %v", len(got), got)
	}
}

// A filter that an index answers gives what a scan gives, in the same order: each indexed field, each of its values.
func TestIndexedFiltersAgreeWithScans(t *testing.T) {
	s := serve(t)
	n := 0
	for _, c := range []struct{ root, field string }{
		{"concepts", "scheme"}, {"cellSources", "donor"}, {"interventions", "type"}, {"trials", "phase"}, {"trials", "status"}, {"trials", "design"},
		{"trials", "allocation"}, {"outcomes", "kind"}, {"outcomes", "direction"}, {"outcomes", "interpretation"}, {"outcomes", "statistics"},
		{"claims", "kind"}, {"claims", "criterion"}, {"conflicts", "type"}, {"references", "type"}, {"agents", "type"},
	} {
		all := s.ask(fmt.Sprintf(`{ l: %s(first: 500) { nodes { id v: %s } } }`, c.root, c.field), nil)
		want := map[string][]string{}
		for _, node := range at(all, "l.nodes").([]any) {
			if v, ok := at(node, "v").(string); ok {
				want[v] = append(want[v], at(node, "id").(string))
			}
		}
		for v, ids := range want {
			n++
			got := s.ask(fmt.Sprintf(`{ l: %s(first: 500, filter: {%s: [%s]}) { totalCount nodes { id } } }`, c.root, c.field, v), nil)
			if !slices.Equal(texts(at(got, "l.nodes"), "id"), ids) || at(got, "l.totalCount") != float64(len(ids)) {
				t.Errorf("%s %s %s: %v of %v\nwant %v", c.root, c.field, v, texts(at(got, "l.nodes"), "id"), at(got, "l.totalCount"), ids)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d values were tried", n)
	}
}
