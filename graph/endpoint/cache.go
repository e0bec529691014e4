package endpoint

import (
	"container/list"
	"sync"
)

// maxCachedText is the length of the longest document that is kept.
const maxCachedText = 64 << 10

// A cache keeps the documents used last, by the SHA-256 of their text, up to a number and a sum of text.
type cache struct {
	mu             sync.Mutex
	entries, bytes int // at most
	size           int // bytes now
	order          *list.List
	byHash         map[string]*list.Element
}

type cached struct {
	hash string
	*prepared
}

func newCache(entries, bytes int) *cache {
	return &cache{entries: entries, bytes: bytes, order: list.New(), byHash: map[string]*list.Element{}}
}

func (c *cache) get(hash string) *prepared {
	c.mu.Lock()
	defer c.mu.Unlock()
	el := c.byHash[hash]
	if el == nil {
		return nil
	}
	c.order.MoveToFront(el)
	return el.Value.(cached).prepared
}

func (c *cache) put(hash string, p *prepared) {
	if len(p.text) > min(c.bytes, maxCachedText) || c.entries <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byHash[hash] != nil {
		return
	}
	c.byHash[hash] = c.order.PushFront(cached{hash, p})
	c.size += len(p.text)
	for c.order.Len() > c.entries || c.size > c.bytes {
		last := c.order.Remove(c.order.Back()).(cached)
		delete(c.byHash, last.hash)
		c.size -= len(last.text)
	}
}
