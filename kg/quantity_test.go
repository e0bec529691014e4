package kg_test

import (
	"math"
	"slices"
	"testing"

	. "github.com/stemma-kg/stemma/kg"
)

func TestIntervals(t *testing.T) {
	inf := math.Inf(1)
	for _, test := range []struct {
		name      string
		q         *Quantity
		low, high float64
		ok        bool
		text      string
	}{
		{"nothing", nil, 0, 0, false, ""},
		{"words", &Quantity{Printed: "several"}, 0, 0, false, "several"},
		{"exact", Count(8, "{patients}"), 8, 8, true, "8 {patients}"},
		{"no comparator", &Quantity{Value: ptr(8.), Unit: "1"}, 8, 8, true, "8"},
		{"about", &Quantity{Value: ptr(6.), Comparator: About}, 6, 6, true, "~6"},
		{"more than", &Quantity{Value: ptr(8000.), Comparator: Greater, Unit: "{patients}"}, math.Nextafter(8000, inf), inf, true, ">8000 {patients}"},
		{"at least", &Quantity{Value: ptr(8000.), Comparator: GreaterEqual}, 8000, inf, true, "≥8000"},
		{"less than", &Quantity{Value: ptr(.05), Comparator: Less}, -inf, math.Nextafter(.05, -inf), true, "<0.05"},
		{"at most", &Quantity{Value: ptr(5.), Comparator: LessEqual, Unit: "%"}, -inf, 5, true, "≤5 %"},
		{"a range", &Quantity{Low: ptr(5.), High: ptr(10.), Unit: "%"}, 5, 10, true, "5–10 %"},
		{"about a range", &Quantity{Low: ptr(5.), High: ptr(10.), Comparator: About}, 5, 10, true, "~5–10"},
		{"from", &Quantity{Low: ptr(5.)}, 5, inf, true, "≥5"},
		{"up to", &Quantity{High: ptr(5.)}, -inf, 5, true, "≤5"},
		{"zero", &Quantity{Value: ptr(0.)}, 0, 0, true, "0"},
		{"negative", &Quantity{Value: ptr(-1.02)}, -1.02, -1.02, true, "-1.02"},
	} {
		low, high, ok := test.q.Interval()
		if low != test.low || high != test.high || ok != test.ok {
			t.Errorf("%s: [%v, %v], %v, want [%v, %v], %v", test.name, low, high, ok, test.low, test.high, test.ok)
		}
		if s := test.q.String(); s != test.text {
			t.Errorf("%s: printed %q, want %q", test.name, s, test.text)
		}
	}
}

func TestEnrollmentSortsAsNumbers(t *testing.T) {
	term := func(q *Quantity) string {
		for _, term := range (&Trial{Enrollment: q}).Terms() {
			if term.Name == "enrollment" {
				return term.Value
			}
		}
		t.Fatal("a trial has no term for its enrollment")
		return ""
	}
	order := []string{term(&Quantity{Value: ptr(-2.)}), term(&Quantity{Value: ptr(-1.)}), term(Count(0, "")), term(&Quantity{Value: ptr(.5)}), term(Count(9, "")), term(Count(10, "")),
		term(&Quantity{High: ptr(50.)}), term(Count(100, "")), term(&Quantity{Value: ptr(8000.), Comparator: Greater}), term(nil)}
	if !slices.IsSorted(order) {
		t.Errorf("enrollments are not in order: %q", order)
	}
}
