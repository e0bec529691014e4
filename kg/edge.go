package kg

import (
	"slices"
)

// An EdgeKey is the identity of an edge: who says what of what, by which predicate, and in which role.
type EdgeKey struct {
	Subject   ID
	Predicate Predicate
	Role      Role
	Object    ID
	Source    ID
}

// An Edge is one source's statement that subject and object stand in a relation.
type Edge struct {
	Subject    ID         `cbor:"-" json:"subject" yaml:"subject"`
	Predicate  Predicate  `cbor:"-" json:"predicate" yaml:"predicate"`
	Object     ID         `cbor:"-" json:"object" yaml:"object"`
	Role       Role       `cbor:"1,keyasint,omitempty" json:"role,omitempty" yaml:"role,omitempty"`
	Position   *int       `cbor:"2,keyasint,omitempty" json:"position,omitempty" yaml:"position,omitempty"` // of a step, from 1
	Remark     string     `cbor:"3,keyasint,omitempty" json:"remark,omitempty" yaml:"remark,omitempty"`
	Provenance Provenance `cbor:"4,keyasint" json:"provenance" yaml:"provenance"`
}

// Key returns the edge's identity.
func (e *Edge) Key() EdgeKey {
	return EdgeKey{e.Subject, e.Predicate, e.Role, e.Object, e.Provenance.Source}
}

// Validate returns an [InvalidError] naming every field that is wrong. Whether the categories of subject and object fit is
// for [Predicate.Fits], which a store asks when it knows both ends.
func (e *Edge) Validate() error {
	v := &validator{id: e.Subject}
	v.identifier("subject", e.Subject)
	v.identifier("object", e.Object)
	r := e.Predicate.row()
	if r == nil {
		v.oneOf("predicate", string(e.Predicate), strs(Predicates()...)...)
		return v.err()
	}
	if e.Subject == e.Object {
		v.fail("object", "is the subject itself")
	}
	if e.Role != "" && !slices.Contains(r.roles, e.Role) {
		if len(r.roles) == 0 {
			v.fail("role", string(e.Predicate)+" takes no role")
		} else {
			v.oneOf("role", string(e.Role), strs(r.roles...)...)
		}
	}
	if e.Position != nil && (!r.ordered || *e.Position < 1) {
		v.fail("position", "positions count from 1, and only steps have one")
	}
	v.text("remark", e.Remark, maxText)
	e.Provenance.validate(v, "provenance")
	return v.err()
}
