package badger

import (
	"fmt"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/maypok86/otter/v2"

	"github.com/stemma-kg/stemma/kg"
)

// A nodeVersion names one state of a node, which never changes: so a cache of them needs no invalidation.
type nodeVersion struct {
	key     kg.Key
	version uint64
}

// A cachedNode is a decoded node with what it weighs in memory.
type cachedNode struct {
	node   kg.Node
	weight uint32
}

// decodedWeight is how many bytes of memory a stored byte becomes when it is decoded, and what a node takes besides: measured on
// a generated graph with the runtime's heap profile.
const (
	decodedWeight   = 3
	decodedConstant = 600
)

func newCache(bytes int64) (*otter.Cache[nodeVersion, cachedNode], error) {
	return otter.New(&otter.Options[nodeVersion, cachedNode]{
		MaximumWeight: uint64(bytes),
		Weigher:       func(_ nodeVersion, n cachedNode) uint32 { return n.weight },
	})
}

// decode returns the node that an item holds.
func (s *Store) decode(k kg.Key, item *badgerdb.Item) (kg.Node, error) {
	at := nodeVersion{k, item.Version()}
	if c, ok := s.cache.GetIfPresent(at); ok {
		return c.node, nil
	}
	var c cachedNode
	err := payloadOf(item, func(p []byte) error {
		n, err := kg.Decode(p)
		if err != nil {
			return corrupt(item.Key(), "%v", err)
		}
		c = cachedNode{node: n, weight: uint32(decodedConstant + decodedWeight*len(p))}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.cache.Set(at, c)
	return c.node, nil
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

// maxPayload bounds one value in bytes. Badger panics on values above its log file size.
const maxPayload = 8 << 20
