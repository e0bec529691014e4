package badger

import (
	"bytes"
	"cmp"
	"context"
	"runtime/debug"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A link is one entry of a list of neighbours.
type link struct {
	tail  []byte // rank* id of the far node, as in the key
	id    kg.ID
	way   way
	edges []byte // stored
}

func compareLinks(a, b link) int {
	return cmp.Or(bytes.Compare(a.tail, b.tail), cmp.Compare(a.way.predicate, b.way.predicate))
}

// Neighbors returns a page of the nodes one hop away, for each id. It reads no more than the page, and one entry.
func (r *reader) Neighbors(ctx context.Context, ids []kg.ID, hop storage.Hop) (_ []storage.Page[storage.Neighbor], err error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.leave()
	defer r.store.guard(&err, debug.SetPanicOnFault(true))
	ways := hopWays(hop)
	out := make([]storage.Page[storage.Neighbor], len(ids))
	var far []kg.ID
	var seats []*storage.Neighbor // of far, where its node goes
	sc := r.edgeScanner(hop.Backward)
	defer sc.close()
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		near, name := id.Key(), hopName(id, ways)
		links, err := r.links(sc, near, ways, name, hop.Window)
		if err != nil {
			return nil, err
		}
		page := &out[i]
		links, page.HasNext, page.HasPrev = cut(links, hop.Window)
		if hop.Count {
			d, err := r.degrees(near)
			if err != nil {
				return nil, err
			}
			for _, w := range ways {
				page.Total += int64(d[w])
			}
		}
		if len(links) == 0 {
			continue
		}
		page.Items = make([]storage.Neighbor, len(links))
		page.Cursors = make([]string, len(links))
		for j, l := range links {
			page.Cursors[j] = name.cursor(append(l.tail, l.way.predicate))
			page.Items[j] = l.neighbor(id)
			far = append(far, l.id)
			seats = append(seats, &page.Items[j])
		}
	}
	err = r.far(ctx, far, func(i int, n kg.Node) { seats[i].Node = n })
	if err != nil {
		return nil, err
	}
	return out, nil
}

// hopWays returns the ways of a hop, each once, in the order of their codes. A predicate that is none leads nowhere.
func hopWays(hop storage.Hop) []way {
	ways := make([]way, 0, len(hop.Predicates))
	for _, p := range hop.Predicates {
		if w := wayOf(p, hop.Reverse); w.predicate != 0 {
			ways = append(ways, w)
		}
	}
	slices.SortFunc(ways, func(a, b way) int { return cmp.Compare(a.predicate, b.predicate) })
	return slices.Compact(ways)
}

// links reads up to Limit+1 entries of a node's neighbours from where the window begins, or ends when it is taken backward.
func (r *reader) links(sc *scanner, near kg.Key, ways []way, name listName, w storage.Window) ([]link, error) {
	var from, to []byte
	var err error
	if w.After != "" {
		if from, err = name.place(w.After); err != nil {
			return nil, err
		}
	}
	if w.Before != "" {
		if to, err = name.place(w.Before); err != nil {
			return nil, err
		}
	}
	limit := max(w.Limit, 0) + 1
	var links []link
	for _, way := range ways {
		list := edgeList(near, way)
		lo, hi := list, end(list)
		if from != nil {
			// A place ends with its predicate: the same node by a later one comes after it.
			tail, predicate := from[:len(from)-1], from[len(from)-1]
			if lo = slices.Concat(list, tail); way.predicate <= predicate {
				lo = append(lo, 0)
			}
		}
		if to != nil {
			tail, predicate := to[:len(to)-1], to[len(to)-1]
			if hi = slices.Concat(list, tail); way.predicate < predicate {
				hi = append(hi, 0)
			}
		}
		if err := r.store.sound(lo, hi); err != nil {
			return nil, err
		}
		n := 0
		for sc.start(list, lo, hi); sc.valid() && n < limit; sc.advance() {
			l, err := linkOf(sc, way)
			if err != nil {
				return nil, err
			}
			links = append(links, l)
			n++
		}
	}
	if len(ways) > 1 {
		slices.SortFunc(links, compareLinks)
		if w.Backward {
			slices.Reverse(links)
		}
	}
	return links[:min(len(links), limit)], nil
}

// linkOf copies the entry that the scanner stands on.
func linkOf(sc *scanner, w way) (link, error) {
	tail := sc.key()[edgeListLength:]
	_, id, ok := cutEscaped(tail)
	if !ok || len(id) == 0 {
		return link{}, corrupt(sc.key(), "the key is malformed")
	}
	l := link{way: w, id: kg.ID(id)}
	err := sc.payload(func(p []byte) error {
		b := make([]byte, len(tail)+len(p)+1) // one byte for the cursor to grow into
		n := copy(b, tail)
		l.tail, l.edges = b[:n:n+1], b[n+1:]
		copy(l.edges, p)
		return nil
	})
	return l, err
}

func (l link) neighbor(near kg.ID) storage.Neighbor {
	p, _ := kg.PredicateOf(l.way.predicate)
	subject, object := near, l.id
	if l.way.direction == reverse {
		subject, object = object, subject
	}
	return storage.Neighbor{Predicate: p, Edges: func() ([]kg.Edge, error) { return kg.DecodeEdges(l.edges, subject, p, object) }}
}
