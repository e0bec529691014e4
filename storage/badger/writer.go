package badger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A writer is a reader that sees its own writes.
type writer struct {
	reader
	overlay *overlay
	failed  error // of the first write that failed: the update can't be committed any more

	nodes   map[kg.Key]kg.Node // of the node entries in the overlay; nil for a deleted one
	ids     map[kg.ID]bool     // of those nodes
	ranks   map[kg.ID]string   // of nodes that were asked for: computing one folds a label
	pairs   map[pair]*pairEdges
	degrees map[kg.Key]*degreeChange
	counts  map[kg.Category]*countChange
	usesOf  map[kg.ID]*useChange
}

// A pair is two nodes and the predicate that joins them: what one entry of an edge list stands for.
type pair struct {
	subject   kg.ID
	predicate kg.Predicate
	object    kg.ID
}

// pairEdges are the stored edges of a pair, in the snapshot and now; nil stands for none.
type pairEdges struct{ base, now []byte }

type degreeChange struct {
	base []byte
	now  degrees
}

type countChange struct{ base, now uint64 }

type useChange struct{ base, now uses }

func newWriter(r *reader) *writer {
	w := &writer{
		reader:  reader{store: r.store, txn: r.txn, head: r.head, revision: r.revision},
		overlay: newOverlay(),
		nodes:   map[kg.Key]kg.Node{},
		ids:     map[kg.ID]bool{},
		ranks:   map[kg.ID]string{},
		pairs:   map[pair]*pairEdges{},
		degrees: map[kg.Key]*degreeChange{},
		counts:  map[kg.Category]*countChange{},
		usesOf:  map[kg.ID]*useChange{},
	}
	w.reader.writer = w
	return w
}

// write runs one write, and keeps the error of the first that failed.
func (w *writer) write(ctx context.Context, fn func() error) (err error) {
	if w.failed != nil {
		return w.failed
	}
	if err := w.enter(ctx); err != nil {
		if !errors.Is(err, errOver) {
			w.failed = err
		}
		return err
	}
	defer w.leave()
	defer func() { w.failed = err }()
	defer w.store.guard(&err, debug.SetPanicOnFault(true))
	return fn()
}

// PutNodes creates nodes or replaces them whole.
func (w *writer) PutNodes(ctx context.Context, nodes ...kg.Node) error {
	return w.write(ctx, func() error {
		for _, n := range nodes {
			if err := w.putNode(ctx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writer) putNode(ctx context.Context, n kg.Node) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := n.Validate(); err != nil {
		return err
	}
	id := n.Base().ID
	key := id.Key()
	old, err := w.nodeAt(key)
	if err != nil {
		return err
	}
	if old != nil && old.Category() != n.Category() {
		return kg.InvalidError{{ID: id, Field: "category", Reason: fmt.Sprintf("is %s: a node keeps its category while it lives", old.Category())}}
	}
	stored, own, err := storedForm(n)
	if err != nil {
		return err
	}
	before, err := w.get(keyed(tableNode, key))
	if err != nil {
		return err
	}
	if before != nil && bytes.Equal(before, stored) {
		return nil
	}
	if err := w.rename(old, own); err != nil {
		return err
	}
	w.reindex(old, own)
	if err := w.recount(old, own); err != nil {
		return err
	}
	if old != nil {
		if rank := own.Rank(); rank != w.rank(old) {
			if err := w.rerank(ctx, old, rank); err != nil {
				return err
			}
		}
	}
	w.setNode(id, key, before, stored, own)
	return nil
}

func (w *writer) setNode(id kg.ID, key kg.Key, before, now []byte, n kg.Node) {
	w.overlay.set(keyed(tableNode, key), before, now)
	w.nodes[key] = n
	w.ids[id] = true
	delete(w.ranks, id)
}

// rank returns the rank that the entries of n carry.
func (w *writer) rank(n kg.Node) string {
	id := n.Base().ID
	r, ok := w.ranks[id]
	if !ok {
		r = n.Rank()
		w.ranks[id] = r
	}
	return r
}

// rename moves the names from the old state of a node to the new one; either may be nil.
func (w *writer) rename(old, now kg.Node) error {
	had, has := names(old), names(now)
	for name := range has {
		if had[name] {
			continue
		}
		owner, err := w.get(nameKey(name))
		if err != nil {
			return err
		}
		if owner != nil {
			return &storage.TakenError{Name: name, Owner: kg.ID(owner), For: now.Base().ID}
		}
	}
	for name := range has {
		if !had[name] {
			w.overlay.set(nameKey(name), nil, []byte(now.Base().ID))
		}
	}
	for name := range had {
		if !has[name] {
			w.overlay.set(nameKey(name), []byte(old.Base().ID), nil)
		}
	}
	return nil
}

func names(n kg.Node) map[kg.ID]bool {
	out := map[kg.ID]bool{}
	if n != nil {
		for _, name := range n.Base().Names() {
			out[name] = true
		}
	}
	return out
}

// reindex replaces the index entries of the old state by those of the new one; either may be nil.
func (w *writer) reindex(old, now kg.Node) {
	had, has := indexKeys(old), indexKeys(now)
	present := []byte{}
	for k := range had {
		if !has[k] {
			w.overlay.set([]byte(k), present, nil)
		}
	}
	for k := range has {
		if !had[k] {
			w.overlay.set([]byte(k), nil, present)
		}
	}
}

// indexKeys returns every index entry that a node has: its place in the default order, and one for each value of each term.
func indexKeys(n kg.Node) map[string]bool {
	out := map[string]bool{}
	if n == nil {
		return out
	}
	c, rank, id := n.Category(), n.Rank(), n.Base().ID
	out[string(termKey(c, "", "", rank, id))] = true
	for _, t := range n.Terms() {
		out[string(termKey(c, t.Name, t.Value, rank, id))] = true
	}
	return out
}

// recount keeps the number of nodes of the category, and of the sources that they name.
func (w *writer) recount(old, now kg.Node) error {
	if (old == nil) != (now == nil) {
		n, step := now, uint64(1)
		if now == nil {
			n, step = old, ^uint64(0)
		}
		c := w.counts[n.Category()]
		if c == nil {
			base, err := w.count(n.Category())
			if err != nil {
				return err
			}
			c = &countChange{base, base}
			w.counts[n.Category()] = c
		}
		c.now += step
		w.overlay.set(countKey(n.Category()), encodeCount(c.base), encodeCount(c.now))
	}
	had, has := sources(old), sources(now)
	for id := range has {
		if !had[id] {
			if err := w.use(id, 1, 0); err != nil {
				return err
			}
		}
	}
	for id := range had {
		if !has[id] {
			if err := w.use(id, -1, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func sources(n kg.Node) map[kg.ID]bool {
	out := map[kg.ID]bool{}
	if n != nil {
		for _, f := range n.Base().Sources() {
			out[f.Source] = true
		}
	}
	return out
}

// use counts nodes and edges that name a source. The entry is written when all are counted, by [writer.tally].
func (w *writer) use(source kg.ID, nodes, edges int) error {
	u, err := w.usesNow(source)
	if err != nil {
		return err
	}
	u.now.nodes += uint64(nodes)
	u.now.edges += uint64(edges)
	return nil
}

// tally writes what the update counted, once, however often it did: a load touches the counters of a source with every edge.
func (w *writer) tally() {
	for k, d := range w.degrees {
		w.overlay.set(keyed(tableDegree, k), d.base, d.now.encode())
	}
	for source, u := range w.usesOf {
		w.overlay.set(keyed(tableUse, source.Key()), u.base.encode(), u.now.encode())
	}
}

// getOf is get for a key that can only be on disk when all of these nodes are: the disk is not asked about a node that the update made.
func (w *writer) getOf(key []byte, nodes ...kg.Key) ([]byte, error) {
	if p, ok := w.overlay.entries[string(key)]; ok {
		return p.now, nil
	}
	for _, k := range nodes {
		if p, ok := w.overlay.entries[string(keyed(tableNode, k))]; ok && p.base == nil {
			return nil, nil
		}
	}
	return w.get(key)
}

func (w *writer) usesNow(source kg.ID) (*useChange, error) {
	u := w.usesOf[source]
	if u == nil {
		base, err := w.uses(source)
		if err != nil {
			return nil, err
		}
		u = &useChange{base, base}
		w.usesOf[source] = u
	}
	return u, nil
}

// uses returns how many nodes and edges name a source.
func (r *reader) uses(source kg.ID) (uses, error) {
	key := keyed(tableUse, source.Key())
	b, err := r.get(key)
	if b == nil || err != nil {
		return uses{}, err
	}
	u, err := decodeUses(b)
	if err != nil {
		return u, corrupt(key, "%v", err)
	}
	return u, nil
}

// DeleteNodes removes nodes and their edges.
func (w *writer) DeleteNodes(ctx context.Context, ids ...kg.ID) error {
	return w.write(ctx, func() error {
		var gone []kg.ID
		for _, id := range ids {
			there, err := w.deleteNode(ctx, id)
			if err != nil {
				return err
			}
			if there {
				gone = append(gone, id)
			}
		}
		for _, id := range gone {
			u, err := w.usesNow(id)
			if err != nil {
				return err
			}
			if u.now != (uses{}) {
				return fmt.Errorf("delete %s: %w: it is the source of %d nodes and %d edges", id, storage.ErrInUse, u.now.nodes, u.now.edges)
			}
		}
		return nil
	})
}

// deleteNode removes a node with all that hangs on it; there is false when it is missing.
func (w *writer) deleteNode(ctx context.Context, id kg.ID) (there bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	key := id.Key()
	n, err := w.nodeAt(key)
	if n == nil || err != nil {
		return false, err
	}
	if err := w.deleteEdgesOf(ctx, n); err != nil {
		return false, err
	}
	if err := w.rename(n, nil); err != nil {
		return false, err
	}
	w.reindex(n, nil)
	if err := w.recount(n, nil); err != nil {
		return false, err
	}
	before, err := w.get(keyed(tableNode, key))
	if err != nil {
		return false, err
	}
	w.setNode(id, key, before, nil, nil)
	return true, nil
}

// sourced refuses nodes that the update put and that name a source which is no Reference at its end: within an update, sources may
// come after what names them.
func (w *writer) sourced() error {
	seen := map[kg.ID]kg.Node{}
	for id := range w.ids {
		n := w.nodes[id.Key()]
		if n == nil {
			continue
		}
		var wrong kg.InvalidError
		for _, f := range n.Base().Sources() {
			source, known := seen[f.Source]
			if !known {
				var err error
				if source, err = w.node(f.Source); err != nil {
					return err
				}
				seen[f.Source] = source
			}
			if e := f.Refuse(id, source); e != nil {
				wrong = append(wrong, e)
			}
		}
		if len(wrong) > 0 {
			return wrong
		}
	}
	return nil
}

// changed lists what the update changed: nodes by id, then edges by key.
func (w *writer) changed() ([]storage.Changed, error) {
	var out []storage.Changed
	for id := range w.ids {
		switch p := w.overlay.entries[string(nodeKey(id))]; {
		case !p.changed():
		case p.now == nil:
			c, _ := kg.CategoryOf(p.base[0])
			out = append(out, storage.Changed{Op: storage.Delete, Node: id, Category: c})
		default:
			c, _ := kg.CategoryOf(p.now[0])
			out = append(out, storage.Changed{Op: storage.Put, Node: id, Category: c})
		}
	}
	slices.SortFunc(out, func(a, b storage.Changed) int { return cmp.Compare(a.Node, b.Node) })
	nodes := len(out)
	for p, edges := range w.pairs {
		if bytes.Equal(edges.base, edges.now) {
			continue
		}
		diff, err := p.changed(edges)
		if err != nil {
			return nil, err
		}
		out = append(out, diff...)
	}
	slices.SortFunc(out[nodes:], func(a, b storage.Changed) int { return compareKeys(a.Edge, b.Edge) })
	return out, nil
}

func compareKeys(a, b *kg.EdgeKey) int {
	return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Predicate.Code(), b.Predicate.Code()), cmp.Compare(a.Object, b.Object),
		cmp.Compare(a.Role, b.Role), cmp.Compare(a.Source, b.Source))
}
