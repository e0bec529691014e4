package badger

import (
	"bytes"
	"context"
	"runtime/debug"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// Scan returns a page of the nodes that find describes. It reads no more than the page, and one entry.
func (r *reader) Scan(ctx context.Context, find storage.Find) (page storage.Page[kg.Node], err error) {
	if err := r.enter(ctx); err != nil {
		return page, err
	}
	defer r.leave()
	defer r.store.guard(&err, debug.SetPanicOnFault(true))
	list, lo, hi := findRange(find)
	if err := narrow(find, list, &lo, &hi); err != nil {
		return page, err
	}
	tails, ids, err := r.entries(find, list, lo, hi)
	if err != nil {
		return page, err
	}
	tails, page.HasNext, page.HasPrev = cut(tails, find.Window)
	ids, _, _ = cut(ids, find.Window)
	if find.Window.Count {
		if page.Total, err = r.countFound(ctx, find); err != nil {
			return page, err
		}
	}
	if len(ids) == 0 {
		return page, nil
	}
	name := findName(find)
	page.Items = make([]kg.Node, len(ids))
	page.Cursors = make([]string, len(ids))
	for i, tail := range tails {
		page.Cursors[i] = name.cursor(tail)
	}
	return page, r.far(ctx, ids, func(i int, n kg.Node) { page.Items[i] = n })
}

// entries reads up to Limit+1 index entries in the direction of reading.
func (r *reader) entries(find storage.Find, list, lo, hi []byte) (tails [][]byte, ids []kg.ID, err error) {
	if err := r.store.sound(lo, hi); err != nil {
		return nil, nil, err
	}
	limit := max(find.Limit, 0) + 1
	sc := r.scanner(list, find.Descending != find.Backward)
	defer sc.close()
	for sc.start(list, lo, hi); sc.valid() && len(ids) < limit; sc.advance() {
		tail := sc.key()[len(list):]
		_, rest, ok := cutEscaped(tail) // the value
		if ok {
			_, rest, ok = cutEscaped(rest) // the rank
		}
		if !ok || len(rest) == 0 {
			return nil, nil, corrupt(sc.key(), "the key is malformed")
		}
		tails = append(tails, bytes.Clone(tail))
		ids = append(ids, kg.ID(rest))
	}
	return tails, ids, nil
}

// findRange returns the list of a find and the range within it, whatever the window.
func findRange(find storage.Find) (list, lo, hi []byte) {
	list = termList(find.Category, find.Term)
	lo, hi = list, end(list)
	if find.Term == "" {
		return list, lo, hi
	}
	bound := func(value string) []byte { return appendEscaped(slices.Clip(list), value) }
	if find.Equal != nil {
		lo = bound(*find.Equal)
		return list, lo, end(lo)
	}
	if find.From != "" {
		lo = bound(find.From)
	}
	if find.To != "" {
		hi = bound(find.To)
	}
	return list, lo, hi
}

// narrow cuts the range down to the window's cursors.
func narrow(find storage.Find, list []byte, lo, hi *[]byte) error {
	name := findName(find)
	from, to := find.After, find.Before
	if find.Descending {
		from, to = to, from
	}
	if from != "" {
		tail, err := name.place(from)
		if err != nil {
			return err
		}
		if k := append(slices.Concat(list, tail), 0); bytes.Compare(k, *lo) > 0 {
			*lo = k
		}
	}
	if to != "" {
		tail, err := name.place(to)
		if err != nil {
			return err
		}
		if k := slices.Concat(list, tail); bytes.Compare(k, *hi) < 0 {
			*hi = k
		}
	}
	return nil
}

// Count returns how many nodes find describes, whatever its page.
func (r *reader) Count(ctx context.Context, find storage.Find) (_ int64, err error) {
	if err := r.enter(ctx); err != nil {
		return 0, err
	}
	defer r.leave()
	defer r.store.guard(&err, debug.SetPanicOnFault(true))
	return r.countFound(ctx, find)
}

func (r *reader) countFound(ctx context.Context, find storage.Find) (int64, error) {
	if find.Term == "" {
		n, err := r.count(find.Category)
		return int64(n), err
	}
	list, lo, hi := findRange(find)
	if err := r.store.sound(lo, hi); err != nil {
		return 0, err
	}
	sc := r.scanner(list, false)
	defer sc.close()
	var n int64
	for sc.start(list, lo, hi); sc.valid(); sc.advance() {
		if n++; n&0xfff == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	return n, nil
}
