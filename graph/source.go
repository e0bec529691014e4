package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// This file chooses where a list is read from.

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
		return whole, true, nil
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
	if len(p.terms) > 0 && order.term() == "" && !order.descending() {
		find := p.terms[0] // nodes of one value stand in the default order
		find.Category = c
		return scan(r, find), len(p.tests) == 1, nil
	}
	return whole, false, nil
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
