package graph

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// The sizes of pages.
const (
	DefaultPage = 25
	MaxPage     = 500
)

// PageArgs are the arguments of every list.
type PageArgs struct {
	First  *int
	After  *string
	Last   *int
	Before *string
}

func (a PageArgs) window() (storage.Window, error) {
	w := storage.Window{Limit: DefaultPage}
	size := func(name string, n int) error {
		switch {
		case n < 0:
			return badInput("%s: %d is negative: ask for 0 to %d", name, n, MaxPage)
		case n > MaxPage:
			return badInput("%s: %d is more than a page may hold: ask for at most %d, then for what comes after its endCursor", name, n, MaxPage)
		}
		w.Limit = n
		return nil
	}
	switch {
	case a.First != nil && a.Last != nil:
		return w, badInput("first and last exclude each other: give one")
	case a.First != nil:
		if err := size("first", *a.First); err != nil {
			return w, err
		}
	case a.Last != nil:
		w.Backward = true
		if err := size("last", *a.Last); err != nil {
			return w, err
		}
	}
	if a.After != nil {
		if *a.After == "" {
			return w, badInput("after: \"\" is not a cursor: leave it out to start at the beginning")
		}
		w.After = *a.After
	}
	if a.Before != nil {
		if *a.Before == "" {
			return w, badInput("before: \"\" is not a cursor: leave it out to end at the end")
		}
		w.Before = *a.Before
	}
	return w, nil
}

// An OrderField says by what a list is ordered.
type OrderField string

// The order fields; a list's schema says which of them it takes.
const (
	ByDefault    OrderField = "DEFAULT"
	ByLabel      OrderField = "LABEL"
	ByEnrollment OrderField = "ENROLLMENT"
	ByPlace      OrderField = "PLACE"
)

// An OrderDirection says which way an order runs.
type OrderDirection string

// The directions.
const (
	Ascending  OrderDirection = "ASC"
	Descending OrderDirection = "DESC"
)

// An Order is an order of a list.
type Order struct {
	Field     OrderField
	Direction OrderDirection
}

// term is the index term that holds the order, "" for the default order.
func (o *Order) term() string {
	if o == nil || o.Field == ByDefault {
		return ""
	}
	return strings.ToLower(string(o.Field))
}

func (o *Order) descending() bool { return o != nil && o.Direction == Descending }

// maxSorted bounds the items that are sorted in memory: lists that no index has in the order asked for.
const maxSorted = 20_000

// sorted lists items in memory, by a term of theirs or by rank, ties by id.
func sorted(items []item, order *Order) pager {
	type keyed struct {
		key string
		item
	}
	all := make([]keyed, len(items))
	for i, it := range items {
		key := it.node.Rank()
		if name := order.term(); name != "" {
			key = "\xff"
			for _, t := range it.node.Terms() {
				if t.Name == name {
					key = t.Value
					break
				}
			}
		}
		all[i] = keyed{key, it}
		all[i].cursor = sealCursor(key, it.node.Base().ID)
	}
	cmp := func(aKey string, aID kg.ID, bKey string, bID kg.ID) int {
		c := strings.Compare(aKey, bKey)
		if c == 0 {
			c = strings.Compare(string(aID), string(bID))
		}
		if order.descending() {
			c = -c
		}
		return c
	}
	slices.SortFunc(all, func(a, b keyed) int { return cmp(a.key, a.node.Base().ID, b.key, b.node.Base().ID) })
	return func(_ context.Context, w storage.Window) (storage.Page[item], error) {
		lo, hi := 0, len(all)
		for _, edge := range []struct {
			cursor string
			set    func(at int, found bool)
		}{
			{w.After, func(at int, found bool) {
				lo = at
				if found {
					lo++
				}
			}},
			{w.Before, func(at int, _ bool) { hi = at }},
		} {
			if edge.cursor == "" {
				continue
			}
			key, id, err := openCursor(edge.cursor)
			if err != nil {
				return storage.Page[item]{}, err
			}
			edge.set(slices.BinarySearchFunc(all, struct{}{}, func(k keyed, _ struct{}) int { return cmp(k.key, k.node.Base().ID, key, id) }))
		}
		page := storage.Page[item]{Total: int64(len(all))}
		if lo >= hi {
			return page, nil
		}
		from, to := lo, hi
		if w.Backward {
			from = max(lo, hi-w.Limit)
		} else {
			to = min(hi, lo+w.Limit)
		}
		page.HasPrev, page.HasNext = from > lo, to < hi
		for _, k := range all[from:to] {
			page.Items = append(page.Items, k.item)
			page.Cursors = append(page.Cursors, k.cursor)
		}
		return page, nil
	}
}

// Cursors of sorted lists hold the key, the id and a checksum, so that a cursor of another list or a garbled one is told apart from a place.
func sealCursor(key string, id kg.ID) string {
	b := append([]byte(key), 0)
	b = append(b, id...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return "s" + base64.RawURLEncoding.EncodeToString(b)
}

func openCursor(s string) (string, kg.ID, error) {
	if b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(s, "s")); err == nil && s[0] == 's' && len(b) > 4 {
		body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
		if key, id, ok := strings.Cut(string(body), "\x00"); ok && crc32.ChecksumIEEE(body) == sum {
			return key, kg.ID(id), nil
		}
	}
	return "", "", fmt.Errorf("%w: %q", storage.ErrBadCursor, s)
}
