package graph

import (
	"context"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A Connection is a page of a list of nodes (Relay). What costs more than the page itself (the total, whether anything lies on
// its far side) is computed when it is asked for.
type Connection[T kg.Node] struct {
	Edges    []*NodeEdgeOf[T]
	PageInfo *PageInfo
	total    func(context.Context) (int, error)
}

// Nodes returns the nodes without their edges.
func (c *Connection[T]) Nodes() []T {
	out := make([]T, len(c.Edges))
	for i, e := range c.Edges {
		out[i] = e.Node
	}
	return out
}

// TotalCount returns how many nodes the list has in all.
func (c *Connection[T]) TotalCount(ctx context.Context) (int, error) { return c.total(ctx) }

// PageInfo says where a page lies in its list.
type PageInfo struct {
	StartCursor string
	EndCursor   string
	next, prev  func(context.Context) (bool, error)
}

// HasNextPage tells whether items follow the page.
func (p *PageInfo) HasNextPage(ctx context.Context) (bool, error) { return p.next(ctx) }

// HasPreviousPage tells whether items come before the page.
func (p *PageInfo) HasPreviousPage(ctx context.Context) (bool, error) { return p.prev(ctx) }

// A NodeEdgeOf is a node in a list, with what says that it belongs there.
type NodeEdgeOf[T kg.Node] struct {
	Cursor    string
	Node      T
	Predicate kg.Predicate
	edges     func() ([]kg.Edge, error) // nil in lists at the root
}

// Evidence returns every source's statement of the edge; at the root, the node's own provenance.
func (e *NodeEdgeOf[T]) Evidence() ([]*Evidence, error) {
	if e.edges == nil {
		from := e.Node.Base().Provenance
		out := make([]*Evidence, len(from))
		for i := range from {
			out[i] = &Evidence{Provenance: from[i]}
		}
		return out, nil
	}
	edges, err := e.edges()
	if err != nil {
		return nil, err
	}
	out := make([]*Evidence, len(edges))
	for i, e := range edges {
		out[i] = &Evidence{Predicate: e.Predicate, Role: e.Role, Position: e.Position, Provenance: e.Provenance}
		if e.Remark != "" {
			out[i].Provenance.Remark = e.Remark
		}
	}
	return out, nil
}

// Roles returns the distinct roles over all sources, in the order of the evidence.
func (e *NodeEdgeOf[T]) Roles() ([]kg.Role, error) {
	roles := []kg.Role{}
	if e.edges == nil {
		return roles, nil
	}
	edges, err := e.edges()
	for _, e := range edges {
		if e.Role != "" && !slices.Contains(roles, e.Role) {
			roles = append(roles, e.Role)
		}
	}
	return roles, err
}

// Evidence is one source's statement of an edge.
type Evidence struct {
	Predicate kg.Predicate
	Role      kg.Role
	Position  *int
	kg.Provenance
}

// An item is a node on its way into a list.
type item struct {
	node      kg.Node
	cursor    string
	predicate kg.Predicate
	edges     func() ([]kg.Edge, error)
}

// A pager reads windows of one ordered list.
type pager func(context.Context, storage.Window) (storage.Page[item], error)

// scan lists a category, in its default order or by a term.
func scan(r storage.Reader, find storage.Find) pager {
	return func(ctx context.Context, w storage.Window) (storage.Page[item], error) {
		find := find
		find.Window = w
		got, err := r.Scan(ctx, find)
		page := storage.Page[item]{Cursors: got.Cursors, HasNext: got.HasNext, HasPrev: got.HasPrev, Total: got.Total}
		for i, n := range got.Items {
			page.Items = append(page.Items, item{node: n, cursor: got.Cursors[i]})
		}
		return page, err
	}
}

// neighbors lists what is one hop away from a node, in the default order.
func neighbors(r storage.Reader, id kg.ID, hop storage.Hop) pager {
	return func(ctx context.Context, w storage.Window) (storage.Page[item], error) {
		hop := hop
		hop.Window = w
		got, err := r.Neighbors(ctx, []kg.ID{id}, hop)
		if err != nil {
			return storage.Page[item]{}, err
		}
		p := got[0]
		page := storage.Page[item]{Items: make([]item, len(p.Items)), Cursors: p.Cursors, HasNext: p.HasNext, HasPrev: p.HasPrev, Total: p.Total}
		for i, n := range p.Items {
			page.Items[i] = item{n.Node, p.Cursors[i], n.Predicate, n.Edges}
		}
		return page, nil
	}
}

// connection reads the page that args ask for, of what pager lists and p lets through.
func connection[T kg.Node](ctx context.Context, list pager, p *plan, args PageArgs) (*Connection[T], error) {
	w, err := args.window()
	if err != nil {
		return nil, err
	}
	var page storage.Page[item]
	if p.everything() {
		page, err = list(ctx, w)
	} else {
		page, err = filtered(ctx, list, p, w)
	}
	if err != nil {
		return nil, err
	}
	c := &Connection[T]{Edges: make([]*NodeEdgeOf[T], 0, len(page.Items)), PageInfo: new(PageInfo)}
	for _, it := range page.Items {
		n, ok := it.node.(T)
		if !ok {
			continue // a category that the predicate allows and this list does not show
		}
		c.Edges = append(c.Edges, &NodeEdgeOf[T]{it.cursor, n, it.predicate, it.edges})
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = c.Edges[0].Cursor, c.Edges[n-1].Cursor
	}
	// One side of the page is known from reading it. The other side is looked at when it is asked for, one item beyond the page.
	beyond := func(known bool, w storage.Window) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			if known || w.After == "" && w.Before == "" {
				return known, nil
			}
			w.Limit = 1
			if p.everything() {
				page, err := list(ctx, w)
				return len(page.Items) > 0, err
			}
			page, err := filtered(ctx, list, p, w)
			return len(page.Items) > 0, err
		}
	}
	first, last := c.PageInfo.StartCursor, c.PageInfo.EndCursor
	if first == "" {
		first, last = w.After, w.Before // an empty page lies between its own cursors
	}
	c.PageInfo.next = beyond(page.HasNext, storage.Window{After: last})
	c.PageInfo.prev = beyond(page.HasPrev, storage.Window{Before: first, Backward: true})
	c.total = func(ctx context.Context) (int, error) {
		if p.everything() {
			page, err := list(ctx, storage.Window{Count: true})
			return int(page.Total), err
		}
		n := 0
		err := each(ctx, list, storage.Window{}, func(it item) (bool, error) {
			ok, err := p.match(ctx, it.node)
			if ok {
				n++
			}
			return true, err
		})
		return n, err
	}
	return c, nil
}

// filtered reads windows until enough items match.
func filtered(ctx context.Context, list pager, p *plan, w storage.Window) (storage.Page[item], error) {
	var page storage.Page[item]
	more := false
	if w.Limit > 0 {
		err := each(ctx, list, w, func(it item) (bool, error) {
			ok, err := p.match(ctx, it.node)
			if err != nil || !ok {
				return err == nil, err
			}
			if len(page.Items) == w.Limit {
				more = true
				return false, nil
			}
			page.Items = append(page.Items, it)
			return true, nil
		})
		if err != nil {
			return page, err
		}
	}
	if w.Backward {
		slices.Reverse(page.Items)
		page.HasPrev = more
	} else {
		page.HasNext = more
	}
	return page, nil
}

// Nodes read at once on behalf of a filter: few at first, for a test that the first neighbour passes, more as it goes on.
const (
	firstChunk = 16
	lastChunk  = 512
)

// each calls fn with every item of the window, ignoring its limit, in the direction of the window, until fn says stop. It takes from the
// budget of the operation, so that a filter over everything ends.
func each(ctx context.Context, list pager, w storage.Window, fn func(item) (bool, error)) error {
	w.Limit, w.Count = firstChunk, false
	for ; ; w.Limit = min(2*w.Limit, lastChunk) {
		page, err := list(ctx, w)
		if err != nil {
			return err
		}
		if err := spend(ctx, len(page.Items)); err != nil {
			return err
		}
		if w.Backward {
			slices.Reverse(page.Items)
		}
		for _, it := range page.Items {
			if more, err := fn(it); err != nil || !more {
				return err
			}
		}
		n := len(page.Items)
		if n == 0 || !w.Backward && !page.HasNext || w.Backward && !page.HasPrev {
			return nil
		}
		if w.Backward {
			w.Before = page.Items[n-1].cursor
		} else {
			w.After = page.Items[n-1].cursor
		}
	}
}
