package badger

import (
	"bytes"
	"slices"
)

// An overlay holds what an update has written and not committed, in front of its snapshot. It is not Badger's own transaction,
// which has a size: an update has none.
type overlay struct {
	entries map[string]*pending
	lists   map[string]*pendingList // by the prefix that names the list, for the tables that are scanned
}

// A pending entry has the value that the snapshot has and the one that it shall have; nil stands for none.
type pending struct {
	base, now []byte
}

func (p *pending) changed() bool {
	return (p.base == nil) != (p.now == nil) || !bytes.Equal(p.base, p.now)
}

// A pendingList has the keys of one list: most of them sorted, the latest ones not yet.
type pendingList struct {
	sorted, added []string
}

func (l *pendingList) keys() []string {
	if len(l.added) > 0 {
		l.sorted = append(l.sorted, l.added...)
		slices.Sort(l.sorted)
		l.added = nil
	}
	return l.sorted
}

func newOverlay() *overlay {
	return &overlay{entries: map[string]*pending{}, lists: map[string]*pendingList{}}
}

// set gives a key the payload now, nil to delete it. Base is the payload before; it counts when the key is first touched.
func (o *overlay) set(key, base, now []byte) {
	if p, ok := o.entries[string(key)]; ok {
		p.now = now
		return
	}
	k := string(key)
	o.entries[k] = &pending{base: base, now: now}
	if n := listLength(key); n > 0 {
		l := o.lists[k[:n]]
		if l == nil {
			l = new(pendingList)
			o.lists[k[:n]] = l
		}
		l.added = append(l.added, k)
	}
}

// list returns the keys of a list that were touched, in order.
func (o *overlay) list(prefix []byte) []string {
	if l := o.lists[string(prefix)]; l != nil {
		return l.keys()
	}
	return nil
}

// changes returns the keys whose value is another than before, in order.
func (o *overlay) changes() []string {
	var keys []string
	for k, p := range o.entries {
		if p.changed() {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
