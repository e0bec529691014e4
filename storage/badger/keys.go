package badger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// The first byte of a key names its table. Every key of the store is one of these:
//
//	table  key                                                            value
//	m      "head"                                                         the newest revision (head)
//	n      uuid                                                           the node: kg.Encode
//	a      name                                                           the canonical id that the name stands for
//	d      uuid                                                           how many neighbours: (way, count) …
//	e      uuid(near) way rank(far)* id(far)                              the edges between the two: kg.EncodeEdges
//	t      category term* value* rank* id                                 nothing; term and value are "" in the default order
//	k      category                                                       how many nodes
//	u      uuid                                                           how many nodes and edges name it as their source
//	r      revision                                                       who committed, when, why (commitRecord)
//	c      revision chunk                                                 what the commit changed: []changeRecord
//	l      revision                                                       the name of a release
//	h      row                                                            a line of the audit log (storage.AuditRow)
//
// A uuid is the 16 bytes of kg.Key. A way is two bytes, direction and predicate. Category is one byte, revisions and rows are
// eight and chunks four, big-endian. What is marked * is escaped and ended so that keys sort as the strings do. Each edge is kept
// twice, from subject and from object, so that a prefix is the list of a node's neighbours in their default order.
const (
	tableMeta     = 'm'
	tableNode     = 'n'
	tableName     = 'a'
	tableDegree   = 'd'
	tableEdge     = 'e'
	tableTerm     = 't'
	tableCount    = 'k'
	tableUse      = 'u'
	tableRevision = 'r'
	tableChange   = 'c'
	tableRelease  = 'l'
	tableAudit    = 'h'
)

// tables are all of them, in the order that Check goes through.
var tables = []byte{tableMeta, tableNode, tableName, tableDegree, tableEdge, tableTerm, tableCount, tableUse, tableRevision, tableChange, tableRelease, tableAudit}

var headKey = []byte("mhead")

// A way is the direction and the predicate of a hop.
type way struct {
	direction byte
	predicate byte // kg.Predicate.Code
}

// The directions.
const (
	forward byte = '>' // from subject to object
	reverse byte = '<'
)

func wayOf(p kg.Predicate, backward bool) way {
	if backward {
		return way{reverse, p.Code()}
	}
	return way{forward, p.Code()}
}

// mirror is the same edge as seen from the other end.
func (w way) mirror() way {
	if w.direction == forward {
		return way{reverse, w.predicate}
	}
	return way{forward, w.predicate}
}

// appendEscaped appends s so that encoded strings sort as the strings do, whatever follows: a zero byte is written 00 FF and
// the end 00 01.
func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if b = append(b, s[i]); s[i] == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 1)
}

// cutEscaped returns the string that b begins with and what follows it.
func cutEscaped(b []byte) (s, rest []byte, ok bool) {
	i := bytes.IndexByte(b, 0)
	if i >= 0 && i+1 < len(b) && b[i+1] == 1 {
		return b[:i], b[i+2:], true // the usual case needs no copy
	}
	var out []byte
	for i := 0; i+1 < len(b); i++ {
		switch {
		case b[i] != 0:
			out = append(out, b[i])
		case b[i+1] == 1:
			return out, b[i+2:], true
		case b[i+1] == 0xff:
			out = append(out, 0)
			i++
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

func keyed(table byte, k kg.Key) []byte {
	b := make([]byte, 17)
	b[0] = table
	copy(b[1:], k[:])
	return b
}

func nodeKey(id kg.ID) []byte { return keyed(tableNode, id.Key()) }

func nameKey(name kg.ID) []byte { return append([]byte{tableName}, name...) }

func countKey(c kg.Category) []byte { return []byte{tableCount, c.Code()} }

// edgeList is the prefix of all neighbours of a node by one way.
func edgeList(near kg.Key, w way) []byte {
	b := make([]byte, edgeListLength, 128)
	b[0] = tableEdge
	copy(b[1:], near[:])
	b[17], b[18] = w.direction, w.predicate
	return b
}

const edgeListLength = 1 + 16 + 2

func edgeKey(near kg.Key, w way, rank string, far kg.ID) []byte {
	return append(appendEscaped(edgeList(near, w), rank), far...)
}

// cutEdgeKey takes an edge key apart.
func cutEdgeKey(key []byte) (near kg.Key, w way, rank string, far kg.ID, ok bool) {
	if len(key) < edgeListLength {
		return near, w, "", "", false
	}
	copy(near[:], key[1:17])
	r, id, ok := cutEscaped(key[edgeListLength:])
	return near, way{key[17], key[18]}, string(r), kg.ID(id), ok && len(id) > 0
}

// termList is the prefix of all nodes of a category that have a term; the default order is the term "".
func termList(c kg.Category, term string) []byte {
	return appendEscaped(append(make([]byte, 0, 160), tableTerm, c.Code()), term)
}

func termKey(c kg.Category, term, value, rank string, id kg.ID) []byte {
	return append(appendEscaped(appendEscaped(termList(c, term), value), rank), id...)
}

// cutTermKey takes an index key apart.
func cutTermKey(key []byte) (category byte, term, value, rank string, id kg.ID, ok bool) {
	if len(key) < 2 {
		return 0, "", "", "", "", false
	}
	var parts [3]string
	rest := key[2:]
	for i := range parts {
		var s []byte
		if s, rest, ok = cutEscaped(rest); !ok {
			return 0, "", "", "", "", false
		}
		parts[i] = string(s)
	}
	return key[1], parts[0], parts[1], parts[2], kg.ID(rest), len(rest) > 0
}

// listLength returns the length of the prefix that names the list which the key is an item of, 0 when it is of none.
func listLength(key []byte) int {
	switch key[0] {
	case tableEdge:
		return edgeListLength
	case tableTerm:
		if _, rest, ok := cutEscaped(key[2:]); ok {
			return len(key) - len(rest)
		}
	}
	return 0
}

func revisionKey(table byte, rev storage.Revision) []byte {
	return binary.BigEndian.AppendUint64([]byte{table}, uint64(rev))
}

func auditKey(row uint64) []byte { return binary.BigEndian.AppendUint64([]byte{tableAudit}, row) }

func changeKey(rev storage.Revision, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(revisionKey(tableChange, rev), chunk)
}

// end returns the first key behind all that begin with prefix.
func end(prefix []byte) []byte {
	b := bytes.Clone(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return b[:i+1]
		}
	}
	return bytes.Repeat([]byte{0xff}, len(prefix)+1)
}

// describe names a key for a reader of an error.
func describe(key []byte) string {
	if len(key) == 0 {
		return "the empty key"
	}
	rest := key[1:]
	uuid := func() string {
		if len(rest) != 16 {
			return fmt.Sprintf("%x", rest)
		}
		return kg.Key(rest).UUID()
	}
	revision := func() string {
		if len(rest) < 8 {
			return fmt.Sprintf("%x", rest)
		}
		return strconv.FormatUint(binary.BigEndian.Uint64(rest), 10)
	}
	category := func(code byte) string {
		if c, ok := kg.CategoryOf(code); ok {
			return string(c)
		}
		return fmt.Sprintf("category %d", code)
	}
	switch key[0] {
	case tableMeta:
		return "record " + string(rest)
	case tableNode:
		return "node " + uuid()
	case tableName:
		return "name " + string(rest)
	case tableDegree:
		return "degree of " + uuid()
	case tableUse:
		return "uses of source " + uuid()
	case tableCount:
		if len(rest) == 1 {
			return "count of " + category(rest[0])
		}
	case tableRevision:
		return "revision " + revision()
	case tableChange:
		return "changes of revision " + revision()
	case tableRelease:
		return "release of revision " + revision()
	case tableAudit:
		return "audit row " + revision()
	case tableEdge:
		if near, w, rank, far, ok := cutEdgeKey(key); ok {
			p, _ := kg.PredicateOf(w.predicate)
			return fmt.Sprintf("edge %s %c %s %s (rank %q)", near.UUID(), w.direction, p, far, rank)
		}
	case tableTerm:
		if c, term, value, _, id, ok := cutTermKey(key); ok {
			return fmt.Sprintf("index %s %s %q of %s", category(c), term, value, id)
		}
	}
	return fmt.Sprintf("key %x", key)
}
