package kg

import (
	"fmt"
	"math"
	"strconv"
)

// A Comparator says how a printed number bounds the true one.
type Comparator string

// The comparators. An empty comparator is Exact.
const (
	Exact        Comparator = "EQUAL"
	Less         Comparator = "LESS"
	LessEqual    Comparator = "LESS_OR_EQUAL"
	Greater      Comparator = "GREATER"
	GreaterEqual Comparator = "GREATER_OR_EQUAL"
	About        Comparator = "ABOUT"
)

// Symbol is the comparator as it is printed before a number, "" for Exact.
func (c Comparator) Symbol() string {
	switch c {
	case Less:
		return "<"
	case LessEqual:
		return "≤"
	case Greater:
		return ">"
	case GreaterEqual:
		return "≥"
	case About:
		return "~"
	}
	return ""
}

// A Quantity is a number as a source gives it: a value or a range, perhaps only a bound, with its unit.
// ">8000" is {Value: 8000, Comparator: Greater}; "5–10 %" is {Low: 5, High: 10, Unit: "%"}.
type Quantity struct {
	Value      *float64   `cbor:"1,keyasint,omitempty" json:"value,omitempty" yaml:"value,omitempty"`
	Low        *float64   `cbor:"2,keyasint,omitempty" json:"low,omitempty" yaml:"low,omitempty"`
	High       *float64   `cbor:"3,keyasint,omitempty" json:"high,omitempty" yaml:"high,omitempty"`
	Comparator Comparator `cbor:"4,keyasint,omitempty" json:"comparator,omitempty" yaml:"comparator,omitempty"`
	Unit       string     `cbor:"5,keyasint,omitempty" json:"unit,omitempty" yaml:"unit,omitempty"`       // UCUM, or ISO 4217 in brackets for money
	Printed    string     `cbor:"6,keyasint,omitempty" json:"printed,omitempty" yaml:"printed,omitempty"` // the source's own characters, where they matter
	Derived    bool       `cbor:"7,keyasint,omitempty" json:"derived,omitempty" yaml:"derived,omitempty"` // computed by a reader, not printed in the source
}

// Count is an exact whole number with a UCUM annotation as its unit.
func Count(n int, unit string) *Quantity {
	v := float64(n)
	return &Quantity{Value: &v, Comparator: Exact, Unit: unit}
}

// Interval returns the closed interval of numbers that the quantity allows, ±Inf where it is open. What is
// only ABOUT a number is taken at that number. Ok is false when the quantity holds no number at all.
func (q *Quantity) Interval() (low, high float64, ok bool) {
	if q == nil {
		return 0, 0, false
	}
	switch {
	case q.Low != nil && q.High != nil:
		return *q.Low, *q.High, true
	case q.Low != nil:
		return *q.Low, math.Inf(1), true
	case q.High != nil:
		return math.Inf(-1), *q.High, true
	case q.Value == nil:
		return 0, 0, false
	}
	switch v := *q.Value; q.Comparator {
	case Less:
		return math.Inf(-1), math.Nextafter(v, math.Inf(-1)), true
	case LessEqual:
		return math.Inf(-1), v, true
	case Greater:
		return math.Nextafter(v, math.Inf(1)), math.Inf(1), true
	case GreaterEqual:
		return v, math.Inf(1), true
	default:
		return v, v, true
	}
}

// String prints the quantity for a reader: ">8000 {patients}", "5–10 %".
func (q *Quantity) String() string {
	if q == nil {
		return ""
	}
	n := func(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }
	var s string
	switch {
	case q.Value != nil:
		s = q.Comparator.Symbol() + n(q.Value)
	case q.Low != nil && q.High != nil:
		s = q.Comparator.Symbol() + n(q.Low) + "–" + n(q.High)
	case q.Low != nil:
		s = "≥" + n(q.Low)
	case q.High != nil:
		s = "≤" + n(q.High)
	default:
		return q.Printed // with its unit, as the source has it
	}
	if q.Unit != "" && q.Unit != "1" {
		s += " " + q.Unit
	}
	return s
}

func (q *Quantity) validate(v *validator, field string) {
	if q == nil {
		return
	}
	if q.Value == nil && q.Low == nil && q.High == nil && q.Printed == "" {
		v.fail(field, "a quantity needs a value, a range or the printed text")
	}
	for _, f := range []struct {
		name string
		n    *float64
	}{{".value", q.Value}, {".low", q.Low}, {".high", q.High}} {
		if f.n != nil && (math.IsNaN(*f.n) || math.IsInf(*f.n, 0)) {
			v.fail(field+f.name, "is not a finite number")
		}
	}
	if q.Low != nil && q.High != nil && *q.Low > *q.High {
		v.fail(field, fmt.Sprintf("low %v is above high %v", *q.Low, *q.High))
	}
	if q.Value != nil && (q.Low != nil || q.High != nil) {
		v.fail(field, "has both a value and a range: keep what the source prints")
	}
	v.oneOf(field+".comparator", string(q.Comparator), "", string(Exact), string(Less), string(LessEqual), string(Greater), string(GreaterEqual), string(About))
	v.text(field+".unit", q.Unit, 64)
	v.text(field+".printed", q.Printed, 256)
}

// validateCount refuses what can't be a number of people.
func (q *Quantity) validateCount(v *validator, field string) {
	if q == nil {
		return
	}
	for _, n := range []*float64{q.Value, q.Low, q.High} {
		if n != nil && *n < 0 {
			v.fail(field, fmt.Sprintf("%v is no number of people", *n))
		}
	}
}

// sortable is the quantity's lowest number as a key that sorts as the numbers do; what holds no number sorts last.
func (q *Quantity) sortable() string {
	low, high, ok := q.Interval()
	if !ok {
		return "\xff"
	}
	if math.IsInf(low, -1) {
		low = high
	}
	bits := math.Float64bits(low)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return fmt.Sprintf("%016x", bits)
}

// Text is String, under the name that the API gives it.
func (q *Quantity) Text() string { return q.String() }
