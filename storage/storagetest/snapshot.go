package storagetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A picture is all that can be read of one revision, one line for each read.
type picture []string

// universe is what a picture asks about: names that are there at some revision or at none, and terms.
type universe struct {
	names []kg.ID
	terms map[kg.Category][]string
}

// everything is the universe of the law's own graphs.
func everything() universe {
	u := universe{terms: map[kg.Category][]string{}}
	for _, n := range []string{"condition:ms", "condition:spms", "condition:hub", "condition:busy", "condition:alias", "condition:new", "condition:a", "condition:b",
		"NCT:NCT00000001", "NCT:NCT00000002", "agent:acme", string(Source), "source:other", string(counterID), "MONDO:0000001"} {
		u.names = append(u.names, kg.ID(n))
	}
	for _, c := range kg.Categories() {
		u.terms[c] = []string{"", "label", "name", "source"}
	}
	u.terms[kg.CategoryTrial] = append(u.terms[kg.CategoryTrial], "status", "country", "enrollment")
	return u
}

// paint reads all that the universe knows to ask.
func paint(r storage.Reader, u universe) (picture, error) {
	p := picture{fmt.Sprintf("revision %d", r.Revision())}
	nodes, err := r.Nodes(bg, u.names...)
	if err != nil {
		return nil, err
	}
	var there []kg.ID
	for i, n := range nodes {
		p = append(p, fmt.Sprintf("node %s: %s", u.names[i], stored(n)))
		if n != nil {
			there = append(there, n.Base().ID)
		}
	}
	hops := []storage.Hop{{Predicates: kg.Predicates(), Window: all}, {Predicates: kg.Predicates(), Reverse: true, Window: all}}
	for _, q := range []kg.Predicate{kg.SubtypeOf, kg.Investigates} {
		hops = append(hops, storage.Hop{Predicates: []kg.Predicate{q}, Window: all}, storage.Hop{Predicates: []kg.Predicate{q}, Reverse: true, Window: all})
	}
	for _, hop := range hops {
		asked := slices.Concat(there, u.names)
		pages, err := r.Neighbors(bg, asked, hop)
		if err != nil {
			return nil, err
		}
		for i, page := range pages {
			if p, err = p.neighbors(fmt.Sprintf("%s by %d predicates, reverse %v", asked[i], len(hop.Predicates), hop.Reverse), page); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range kg.Categories() {
		for _, term := range u.terms[c] {
			find := storage.Find{Category: c, Term: term, Window: all}
			page, err := r.Scan(bg, find)
			if err != nil {
				return nil, err
			}
			n, err := r.Count(bg, find)
			if err != nil {
				return nil, err
			}
			p = append(p, fmt.Sprintf("scan %s by %q: %v of %d, count %d", c, term, ids(page.Items), page.Total, n))
		}
	}
	for _, id := range u.names {
		h, err := r.History(bg, id)
		if err != nil {
			return nil, err
		}
		p = append(p, fmt.Sprintf("history of %s: %v", id, h))
	}
	return p, nil
}

func (p picture) neighbors(of string, page storage.Page[storage.Neighbor]) (picture, error) {
	p = append(p, fmt.Sprintf("neighbors of %s: %d", of, page.Total))
	for _, n := range page.Items {
		edges, err := n.Edges()
		if err != nil {
			return nil, err
		}
		lines := make([]string, len(edges))
		for i := range edges {
			lines[i] = storedEdge(edges[i])
		}
		slices.Sort(lines)
		p = append(p, fmt.Sprintf("neighbor of %s: %s %s: %s", of, n.Predicate, stored(n.Node), strings.Join(lines, "; ")))
	}
	return p, nil
}

// snapshot paints the graph as of a revision, 0 for the newest.
func snapshot(b *box, rev storage.Revision) picture {
	b.t.Helper()
	return snapshotOf(b, rev, everything())
}

func snapshotOf(b *box, rev storage.Revision, u universe) picture {
	b.t.Helper()
	var p picture
	b.viewAt(rev, func(r storage.Reader) {
		var err error
		if p, err = paint(r, u); err != nil {
			b.t.Fatalf("read revision %d: %v", rev, err)
		}
	})
	return p
}

// compare fails the test, with the first lines that differ, unless got is want.
func compare(b *box, what string, got, want picture) {
	b.t.Helper()
	if d := differ(got, want); d != "" {
		b.t.Errorf("%s: %s", what, d)
	}
}

// differ says where two pictures differ, "" when they do not.
func differ(got, want picture) string {
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			return fmt.Sprintf("read %d differs:\n got %.600q\nwant %.600q", i, g, w)
		}
	}
	return ""
}
