package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A reader reads one snapshot; within an update, with the update's own writes in front.
type reader struct {
	store    *Store
	txn      *badgerdb.Txn
	head     *head
	revision storage.Revision
	writer   *writer // nil in a view
	up, down spare   // iterators of a view, between its calls

	life sync.RWMutex // held by every call that reads
	over bool         // fn has returned
}

var errOver = errors.New("the reader was used after its View or Update had returned")

// read opens a snapshot of a revision. The caller has it end.
func (s *Store) read(h *head, rev storage.Revision) *reader {
	return &reader{store: s, head: h, revision: rev, txn: s.db.NewTransactionAt(h.timestamp(rev), false)}
}

// end waits for the calls that still run and lets go of the snapshot.
func (r *reader) end() {
	r.life.Lock()
	defer r.life.Unlock()
	r.over = true
	r.up.close()
	r.down.close()
	r.store.discard(r.txn)
}

// enter begins a call; when it returns no error, the call ends with leave. Calls of a view run side by side, those of an update in turn.
func (r *reader) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.writer == nil {
		r.life.RLock()
	} else {
		r.life.Lock()
	}
	if r.over {
		r.leave()
		return errOver
	}
	return nil
}

func (r *reader) leave() {
	if r.writer == nil {
		r.life.RUnlock()
	} else {
		r.life.Unlock()
	}
}

// Revision returns the revision that is read; within an update, the one that it builds on.
func (r *reader) Revision() storage.Revision { return r.revision }

// item returns the snapshot's item of a key, nil when there is none.
func (r *reader) item(key []byte) (*badgerdb.Item, error) {
	if err := r.store.sound(key, key); err != nil {
		return nil, err
	}
	item, err := r.txn.Get(key)
	switch {
	case errors.Is(err, badgerdb.ErrKeyNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", describe(key), err)
	}
	return item, nil
}

// get returns a copy of a key's payload, nil when there is none; what an update wrote comes first.
func (r *reader) get(key []byte) ([]byte, error) {
	if r.writer != nil {
		if p, ok := r.writer.overlay.entries[string(key)]; ok {
			return p.now, nil
		}
	}
	item, err := r.item(key)
	if item == nil || err != nil {
		return nil, err
	}
	var out []byte
	err = payloadOf(item, func(p []byte) error {
		out = append([]byte{}, p...)
		return nil
	})
	return out, err
}

// node returns the node with the canonical id, nil when there is none.
func (r *reader) node(id kg.ID) (kg.Node, error) {
	if n, ok := r.cached(id); ok {
		return n, nil
	}
	return r.nodeAt(id.Key())
}

// nodeAt reads a node past the cache.
func (r *reader) nodeAt(k kg.Key) (kg.Node, error) {
	if r.writer != nil {
		if n, ok := r.writer.nodes[k]; ok {
			return n, nil
		}
	}
	item, err := r.item(keyed(tableNode, k))
	if item == nil || err != nil {
		return nil, err
	}
	return r.decode(item)
}

// resolve returns the node that has the name, nil when there is none.
func (r *reader) resolve(name kg.ID) (kg.Node, error) {
	n, err := r.node(name)
	if n != nil || err != nil {
		return n, err
	}
	id, err := r.get(nameKey(name))
	if id == nil || err != nil {
		return nil, err
	}
	n, err = r.node(kg.ID(id))
	if err == nil && n == nil {
		err = corrupt(nameKey(name), "it stands for %s, which is not there", id)
	}
	return n, err
}

// Nodes returns the nodes with these ids, nil for those that are missing.
func (r *reader) Nodes(ctx context.Context, ids ...kg.ID) (_ []kg.Node, err error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.leave()
	defer r.store.guard(&err, debug.SetPanicOnFault(true))
	out := make([]kg.Node, len(ids))
	for i, id := range ids {
		if i&0x3f == 0x3f && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var err error
		if out[i], err = r.resolve(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// far fills the nodes of a list of canonical ids, which must all be there. What the cache has not, it reads in the order of keys.
func (r *reader) far(ctx context.Context, ids []kg.ID, set func(i int, n kg.Node)) error {
	type place struct {
		key kg.Key
		i   int
	}
	var places []place
	for i, id := range ids {
		if n, ok := r.cached(id); ok {
			set(i, n)
		} else {
			places = append(places, place{id.Key(), i})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return bytes.Compare(a.key[:], b.key[:]) })
	var n kg.Node
	for j, p := range places {
		if j&0x3f == 0x3f && ctx.Err() != nil {
			return ctx.Err()
		}
		if j == 0 || places[j-1].key != p.key {
			var err error
			if n, err = r.nodeAt(p.key); err != nil {
				return err
			}
			if n == nil {
				return corrupt(keyed(tableNode, p.key), "an entry leads to %s, which is not there", ids[p.i])
			}
		}
		set(p.i, n)
	}
	return nil
}

// degrees returns how many neighbours a node has by each way.
func (r *reader) degrees(k kg.Key) (degrees, error) {
	if r.writer != nil {
		if d, ok := r.writer.degrees[k]; ok {
			return d.now, nil
		}
	}
	key := keyed(tableDegree, k)
	b, err := r.get(key)
	if err != nil {
		return nil, err
	}
	d, err := decodeDegrees(b)
	if err != nil {
		return nil, corrupt(key, "%v", err)
	}
	return d, nil
}

// count returns how many nodes of a category there are.
func (r *reader) count(c kg.Category) (uint64, error) {
	key := countKey(c)
	b, err := r.get(key)
	if b == nil || err != nil {
		return 0, err
	}
	n, err := decodeCount(b)
	if err != nil {
		return 0, corrupt(key, "%v", err)
	}
	return n, nil
}

// History returns the revisions at which the node changed, newest first.
func (r *reader) History(ctx context.Context, id kg.ID) (_ []storage.Version, err error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.leave()
	defer r.store.guard(&err, debug.SetPanicOnFault(true))
	if err := r.store.sound(nodeKey(id), nodeKey(id)); err != nil {
		return nil, err
	}
	it := r.txn.NewKeyIterator(nodeKey(id), badgerdb.IteratorOptions{})
	defer it.Close()
	var out []storage.Version
	for it.Rewind(); it.Valid(); it.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		item := it.Item()
		// What a commit wrote that a crash cut short, and its undoing, never were a state of the graph.
		if rev, ok := r.head.revision(item.Version()); ok {
			out = append(out, storage.Version{Revision: rev, Deleted: item.IsDeletedOrExpired()})
		}
	}
	return out, nil
}
