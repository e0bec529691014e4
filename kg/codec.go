package kg

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// The stored form of nodes and edges is deterministic CBOR (RFC 8949, core deterministic encoding) with small integer
// keys and times in whole seconds: docs/decisions/002-codec.md has the measurements behind the choice. One byte in front of a node names its category.

var (
	encoder = func() cbor.EncMode {
		o := cbor.CoreDetEncOptions()
		o.Time = cbor.TimeUnix
		o.TimeTag = cbor.EncTagNone
		m, err := o.EncMode()
		if err != nil {
			panic(err)
		}
		return m
	}()
	decoder = func() cbor.DecMode {
		m, err := cbor.DecOptions{
			DupMapKey: cbor.DupMapKeyEnforcedAPF,
			UTF8:      cbor.UTF8RejectInvalid,
		}.DecMode()
		if err != nil {
			panic(err)
		}
		return m
	}()
)

// Encode returns the stored form of n: equal nodes have equal bytes.
func Encode(n Node) ([]byte, error) {
	code := n.Category().Code()
	if code == 0 {
		return nil, fmt.Errorf("%T is no node of this graph", n)
	}
	body, err := encoder.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", n.Base().ID, err)
	}
	return append([]byte{code}, body...), nil
}

// Decode is the inverse of [Encode].
func Decode(b []byte) (Node, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("stored node is empty")
	}
	c, ok := CategoryOf(b[0])
	if !ok {
		return nil, fmt.Errorf("stored node has the unknown category byte %d", b[0])
	}
	n := New(c)
	if err := decoder.Unmarshal(b[1:], n); err != nil {
		return nil, fmt.Errorf("stored %s: %w", c, err)
	}
	utc(n)
	return n, nil
}

// EncodeEdges returns the stored form of all edges that join the same two nodes by the same predicate.
func EncodeEdges(edges []Edge) ([]byte, error) { return encoder.Marshal(edges) }

// DecodeEdges is the inverse of [EncodeEdges]. Subject, predicate and object are the caller's: they stand in the key.
func DecodeEdges(b []byte, subject ID, predicate Predicate, object ID) ([]Edge, error) {
	var edges []Edge
	if err := decoder.Unmarshal(b, &edges); err != nil {
		return nil, fmt.Errorf("stored edges %s %s %s: %w", subject, predicate, object, err)
	}
	for i := range edges {
		e := &edges[i]
		e.Subject, e.Predicate, e.Object = subject, predicate, object
		e.Provenance.RecordedAt = e.Provenance.RecordedAt.UTC().Truncate(time.Second)
	}
	return edges, nil
}

func utc(n Node) {
	p := n.Base().Provenance
	for i := range p {
		p[i].RecordedAt = p[i].RecordedAt.UTC().Truncate(time.Second)
	}
}
