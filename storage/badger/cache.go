package badger

import (
	"fmt"
	"sync"
	"sync/atomic"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/maypok86/otter/v2"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A nodeCache holds decoded nodes as they are at the head. An entry says from which timestamp on the node is as it is; so it
// serves every snapshot from there to the head, and a snapshot before it goes to the disk. Commits take out what they change.
type nodeCache struct {
	nodes *otter.Cache[kg.ID, cachedNode]

	// moving is held shared while a node is put in that was read at the head, and whole while the head moves: so nobody puts in
	// what has just been changed.
	moving sync.RWMutex
}

// A cachedNode is a decoded node with its timestamp and what it weighs in memory.
type cachedNode struct {
	node    kg.Node
	version uint64
	weight  uint32
}

// decodedWeight is how many bytes of memory a stored byte becomes when it is decoded, decodedConstant what a node takes besides.
// Both were read off heap profiles of a generated graph.
const (
	decodedWeight   = 3
	decodedConstant = 600
)

func newCache(bytes int64) (*nodeCache, error) {
	nodes, err := otter.New(&otter.Options[kg.ID, cachedNode]{
		MaximumWeight: uint64(bytes),
		Weigher:       func(_ kg.ID, n cachedNode) uint32 { return n.weight },
	})
	return &nodeCache{nodes: nodes}, err
}

// cached returns the node with a canonical id when the cache knows it at the reader's snapshot.
func (r *reader) cached(id kg.ID) (kg.Node, bool) {
	if r.writer != nil && r.writer.ids[id] {
		return nil, false // the update has its own
	}
	c, ok := r.store.cache.nodes.GetIfPresent(id)
	if !ok || c.version > r.txn.ReadTs() {
		return nil, false
	}
	return c.node, true
}

// decode returns the node that an item of the snapshot holds.
func (r *reader) decode(item *badgerdb.Item) (kg.Node, error) {
	c := cachedNode{version: item.Version()}
	err := payloadOf(item, func(p []byte) (err error) {
		if c.node, err = kg.Decode(p); err != nil {
			return corrupt(item.Key(), "%v", err)
		}
		c.weight = uint32(decodedConstant + decodedWeight*len(p))
		return nil
	})
	if err != nil {
		return nil, err
	}
	cache := r.store.cache
	cache.moving.RLock()
	defer cache.moving.RUnlock()
	if h := r.store.head.Load(); h != nil && h.Revision == r.revision {
		cache.nodes.Set(c.node.Base().ID, c)
	}
	return c.node, nil
}

// move makes h the head, and forgets the nodes that it changed.
func (c *nodeCache) move(newest *atomic.Pointer[head], h *head, changed []storage.Changed) {
	c.moving.Lock()
	defer c.moving.Unlock()
	for _, ch := range changed {
		if ch.Edge != nil {
			break // nodes come first
		}
		c.nodes.Invalidate(ch.Node)
	}
	newest.Store(h)
}

// storedForm returns the stored form of a node, and a node of the store's own that was made from it.
func storedForm(n kg.Node) ([]byte, kg.Node, error) {
	b, err := kg.Encode(n)
	if err != nil {
		return nil, nil, err
	}
	if len(b) > maxPayload {
		return nil, nil, kg.InvalidError{{ID: n.Base().ID, Field: "id", Reason: fmt.Sprintf("the node takes %d bytes: the limit is %d", len(b), maxPayload)}}
	}
	own, err := kg.Decode(b)
	return b, own, err
}

// maxPayload bounds one value in bytes, so that none goes to Badger's value log: the logs that are kept aside after a crash are all logs.
const maxPayload = valueThreshold - 1024

// valueThreshold is from how many bytes on Badger would keep a value in a file of its own.
const valueThreshold = 1 << 20
