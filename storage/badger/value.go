package badger

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// Every value begins with an envelope: a magic byte and the CRC-32C of key and payload. Badger itself may hand out a damaged value
// as an empty one without an error; with the envelope, damage has a name.
const (
	envelopeMagic  = 0xe5
	envelopeLength = 1 + crc32.Size
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, payload)
}

// seal puts a payload into its envelope.
func seal(key, payload []byte) []byte {
	b := make([]byte, envelopeLength, envelopeLength+len(payload))
	b[0] = envelopeMagic
	binary.BigEndian.PutUint32(b[1:], checksum(key, payload))
	return append(b, payload...)
}

// unseal takes the payload out, or says what is wrong with the value of the key.
func unseal(key, value []byte) ([]byte, error) {
	switch {
	case len(value) < envelopeLength:
		return nil, corrupt(key, "its value has %d bytes, too few for the envelope", len(value))
	case value[0] != envelopeMagic:
		return nil, corrupt(key, "its value begins with %#x, not with the envelope's %#x", value[0], envelopeMagic)
	case binary.BigEndian.Uint32(value[1:]) != checksum(key, value[envelopeLength:]):
		return nil, corrupt(key, "the checksum of its value is wrong")
	}
	return value[envelopeLength:], nil
}

// corrupt is an error about the value of a key.
func corrupt(key []byte, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s; restore a backup, or run `stemma check` for a list of all damage", storage.ErrCorrupt, describe(key), fmt.Sprintf(format, args...))
}

var (
	records = func() cbor.EncMode {
		m, err := cbor.CoreDetEncOptions().EncMode()
		if err != nil {
			panic(err)
		}
		return m
	}()
	recordReader = func() cbor.DecMode {
		m, err := cbor.DecOptions{MaxArrayElements: 1 << 24}.DecMode()
		if err != nil {
			panic(err)
		}
		return m
	}()
)

// A span is a closed interval of timestamps.
type span struct {
	_           struct{} `cbor:",toarray"`
	First, Last uint64
}

// A head is the newest revision. It is written in the last transaction of every commit: a commit is there when the head has moved.
//
// Badger's timestamps count commits as revisions do, but a commit that a crash cut short, and its undoing, have used up timestamps
// without making a revision: those are Burnt, and the two numbers differ by how many of them came before.
type head struct {
	Revision storage.Revision `cbor:"1,keyasint"`
	Time     int64            `cbor:"2,keyasint"` // of the commit, nanoseconds since 1970
	Burnt    []span           `cbor:"3,keyasint,omitempty"`
	Entries  uint64           `cbor:"4,keyasint,omitempty"` // how many were written with it, itself counted
	Total    uint64           `cbor:"5,keyasint,omitempty"` // how many were written with this and all heads before, what was undone too; 0 before format 2
	Row      uint64           `cbor:"6,keyasint,omitempty"` // of the audit log, when it was written
}

// ownCount tells whether an entry is left out of the numbers of entries in a head. A release is written at the timestamp of a
// commit without being a part of it, and rows of the audit log count themselves.
func ownCount(key []byte) bool { return key[0] == tableRelease || key[0] == tableAudit }

// isRecord tells whether an entry is about a commit, not of what it wrote.
func isRecord(key []byte) bool {
	switch key[0] {
	case tableMeta, tableRevision, tableRelease, tableAudit:
		return true
	}
	return false
}

// timestamp returns Badger's timestamp of a revision.
func (h *head) timestamp(rev storage.Revision) uint64 {
	ts := uint64(rev)
	for _, b := range h.Burnt {
		if ts < b.First {
			break
		}
		ts += b.Last - b.First + 1
	}
	return ts
}

// revision is the inverse of timestamp; ok is false for a timestamp that is no revision's.
func (h *head) revision(ts uint64) (rev storage.Revision, ok bool) {
	n := ts
	for _, b := range h.Burnt {
		if ts < b.First {
			break
		}
		if ts <= b.Last {
			return 0, false
		}
		n -= b.Last - b.First + 1
	}
	return storage.Revision(n), n > 0
}

// last returns the highest timestamp that may be on disk while no commit is under way.
func (h *head) last() uint64 {
	ts := h.timestamp(h.Revision)
	if n := len(h.Burnt); n > 0 {
		ts = max(ts, h.Burnt[n-1].Last)
	}
	return ts
}

// A commitRecord is what is kept of a revision besides its changes.
type commitRecord struct {
	Time   int64  `cbor:"1,keyasint"`
	Author string `cbor:"2,keyasint,omitempty"`
	Reason string `cbor:"3,keyasint,omitempty"`
	Nodes  int    `cbor:"4,keyasint,omitempty"`
	Edges  int    `cbor:"5,keyasint,omitempty"`
	Chunks uint32 `cbor:"6,keyasint"`
}

func (c *commitRecord) info(rev storage.Revision) storage.RevisionInfo {
	return storage.RevisionInfo{Revision: rev, Time: time.Unix(0, c.Time).UTC(), Author: c.Author, Reason: c.Reason, Nodes: c.Nodes, Edges: c.Edges}
}

// A changeRecord is the stored form of a [storage.Changed]. Category and Predicate are their stored bytes.
type changeRecord struct {
	_               struct{} `cbor:",toarray"`
	Delete          bool
	Node            kg.ID
	Category        byte
	Subject, Object kg.ID
	Predicate       byte
	Role            kg.Role
	Source          kg.ID
}

func recordOf(c storage.Changed) changeRecord {
	r := changeRecord{Delete: c.Op == storage.Delete, Node: c.Node, Category: c.Category.Code()}
	if e := c.Edge; e != nil {
		r.Subject, r.Object, r.Predicate, r.Role, r.Source = e.Subject, e.Object, e.Predicate.Code(), e.Role, e.Source
	}
	return r
}

func (r *changeRecord) changed() storage.Changed {
	c := storage.Changed{Op: storage.Put, Node: r.Node}
	if r.Delete {
		c.Op = storage.Delete
	}
	c.Category, _ = kg.CategoryOf(r.Category)
	if r.Predicate != 0 {
		p, _ := kg.PredicateOf(r.Predicate)
		c.Edge = &kg.EdgeKey{Subject: r.Subject, Predicate: p, Role: r.Role, Object: r.Object, Source: r.Source}
	}
	return c
}

// degrees say how many distinct nodes each way leads to.
type degrees map[way]uint64

func (d degrees) encode() []byte {
	ways := make([]way, 0, len(d))
	for w, n := range d {
		if n > 0 {
			ways = append(ways, w)
		}
	}
	if len(ways) == 0 {
		return nil
	}
	slices.SortFunc(ways, func(a, b way) int {
		return int(a.direction)<<8 + int(a.predicate) - int(b.direction)<<8 - int(b.predicate)
	})
	var b []byte
	for _, w := range ways {
		b = binary.AppendUvarint(append(b, w.direction, w.predicate), d[w])
	}
	return b
}

func decodeDegrees(b []byte) (degrees, error) {
	d := degrees{}
	for len(b) > 0 {
		if len(b) < 3 {
			return nil, fmt.Errorf("degrees are cut short")
		}
		n, size := binary.Uvarint(b[2:])
		if size <= 0 {
			return nil, fmt.Errorf("degrees hold no number")
		}
		d[way{b[0], b[1]}] = n
		b = b[2+size:]
	}
	return d, nil
}

// uses says how many nodes and edges name a reference as their source.
type uses struct{ nodes, edges uint64 }

func (u uses) encode() []byte {
	if u == (uses{}) {
		return nil
	}
	return binary.AppendUvarint(binary.AppendUvarint(nil, u.nodes), u.edges)
}

func decodeUses(b []byte) (uses, error) {
	var u uses
	var n, m int
	if u.nodes, n = binary.Uvarint(b); n > 0 {
		u.edges, m = binary.Uvarint(b[n:])
	}
	if n <= 0 || m <= 0 || n+m != len(b) {
		return u, fmt.Errorf("is no pair of numbers")
	}
	return u, nil
}

func encodeCount(n uint64) []byte {
	if n == 0 {
		return nil
	}
	return binary.AppendUvarint(nil, n)
}

func decodeCount(b []byte) (uint64, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || size != len(b) {
		return 0, fmt.Errorf("is no number")
	}
	return n, nil
}

// revisionOf returns the revision that a key of the tables r, c and l holds.
func revisionOf(key []byte) (storage.Revision, error) {
	if len(key) < 9 {
		return 0, corrupt(key, "the key is malformed")
	}
	return storage.Revision(binary.BigEndian.Uint64(key[1:])), nil
}
