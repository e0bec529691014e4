package badger

import (
	"bytes"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A pairKey names two nodes and the predicate that joins them, also when one of the nodes is known by its key alone.
type pairKey struct {
	subject   kg.Key
	predicate byte
	object    kg.Key
}

// told is what is left of one revision: what its entries say of the graph, from whichever of the places where each fact stands.
type told struct {
	revision storage.Revision
	nodes    map[kg.Key][]byte // its nodes, encoded; nil for a deleted one
	pairs    map[pairKey]*toldPair
	indexed  map[kg.ID]indexed // nodes whose index entries it changed, which it does when it changes them
	ids      map[kg.Key]kg.ID  // of all nodes that it speaks of
	changes  []storage.Changed // of the feed
	chunks   uint32            // of the feed that are there
	record   *commitRecord
	row      *storage.AuditRow
	rows     []storage.AuditRow // of releases
	head     *head
	entries  int
}

// A toldPair is what a revision says of the edges of a pair.
type toldPair struct {
	edges []byte     // encoded; nil when no entry holds them
	gone  []goneEdge // entries that it deleted: because the edges are, or because the far node's rank has moved
}

// An indexed node is what the index knows of it.
type indexed struct {
	category kg.Category
	label    string // folded
}

type goneEdge struct {
	far  kg.Key
	rank string
}

// told reads what the salvage has of a revision.
func (s *salvage) told(rev storage.Revision, ts uint64) (*told, error) {
	t := &told{revision: rev, nodes: map[kg.Key][]byte{}, pairs: map[pairKey]*toldPair{}, indexed: map[kg.ID]indexed{}, ids: map[kg.Key]kg.ID{}}
	if ts == 0 {
		return t, nil
	}
	return t, s.each(ts, ts, func(_ uint64, key, value []byte, ok bool) error {
		if !ok {
			return nil
		}
		if !ownCount(key) {
			t.entries++
		}
		t.take(key, value)
		return nil
	})
}

func (t *told) see(id kg.ID) kg.Key {
	k := id.Key()
	t.ids[k] = id
	return k
}

// take notes an entry; value is nil for a deletion.
func (t *told) take(key, value []byte) {
	var payload []byte
	if value != nil {
		payload = value[envelopeLength:]
	}
	switch key[0] {
	case tableNode:
		if len(key) != 17 {
			return
		}
		k := kg.Key(key[1:])
		if value == nil {
			t.nodes[k] = nil
		} else if n, err := kg.Decode(payload); err == nil && bytes.Equal(nodeKey(n.Base().ID), key) {
			t.nodes[t.see(n.Base().ID)] = payload
		}
	case tableEdge:
		near, w, rank, far, ok := cutEdgeKey(key)
		if !ok {
			return
		}
		k := pairKey{near, w.predicate, t.see(far)}
		if w.direction == reverse {
			k.subject, k.object = k.object, k.subject
		}
		p := t.pairs[k]
		if p == nil {
			p = new(toldPair)
			t.pairs[k] = p
		}
		if value == nil {
			p.gone = append(p.gone, goneEdge{far.Key(), rank})
		} else {
			p.edges = payload
		}
	case tableTerm:
		if c, term, label, _, id, ok := cutTermKey(key); ok {
			x := t.indexed[id]
			x.category, _ = kg.CategoryOf(c)
			if term == "label" && value != nil {
				x.label = label
			}
			t.indexed[id] = x
			t.see(id)
		}
	default:
		if value != nil {
			t.note(key, payload)
		}
	}
}

// note takes what the revision says of itself.
func (t *told) note(key, payload []byte) {
	switch key[0] {
	case tableMeta:
		h := new(head)
		if recordReader.Unmarshal(payload, h) == nil {
			t.head = h
		}
	case tableRevision:
		c := new(commitRecord)
		if rev, err := revisionOf(key); err == nil && rev == t.revision && recordReader.Unmarshal(payload, c) == nil {
			t.record = c
		}
	case tableChange:
		var chunk []changeRecord
		if rev, err := revisionOf(key); err != nil || rev != t.revision || recordReader.Unmarshal(payload, &chunk) != nil {
			return
		}
		t.chunks++
		for i := range chunk {
			c := chunk[i].changed()
			if e := c.Edge; e != nil {
				t.see(e.Subject)
				t.see(e.Object)
			} else {
				t.see(c.Node)
			}
			t.changes = append(t.changes, c)
		}
	case tableAudit:
		row, err := storage.ParseAuditRow(payload)
		switch {
		case err != nil || row.Revision != t.revision:
		case row.Action == storage.AuditCommit:
			t.row = &row
		case row.Action == storage.AuditRelease:
			t.rows = append(t.rows, row)
		}
	}
}

// whole tells whether the feed says all that the revision changed.
func (t *told) whole() bool { return t.record != nil && t.chunks == t.record.Chunks }

// complete tells whether all that the revision wrote is there.
func (t *told) complete() bool {
	return t.head != nil && t.head.Entries > 0 && t.head.Entries == uint64(t.entries)
}

// commit returns what is known of the commit, with its time in nanoseconds, 0 for unknown.
func (t *told) commit() (c storage.Commit, time int64) {
	if t.head != nil {
		time = t.head.Time
	}
	if t.record != nil {
		c.Author, c.Reason, time = t.record.Author, t.record.Reason, t.record.Time
	}
	if t.row != nil {
		c = storage.Commit{Author: t.row.Author, Reason: t.row.Reason, Token: t.row.Token, From: t.row.From}
		time = t.row.Time.UnixNano()
	}
	return c, time
}

// changed returns how many nodes and edges the revision changed; ok is false when nothing says so.
func (t *told) changed() (nodes, edges int, ok bool) {
	switch {
	case t.record != nil:
		return t.record.Nodes, t.record.Edges, true
	case t.row != nil:
		return t.row.Nodes, t.row.Edges, true
	}
	return 0, 0, false
}
