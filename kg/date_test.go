package kg_test

import (
	"slices"
	"strings"
	"testing"

	. "github.com/stemma-kg/stemma/kg"
)

func TestDates(t *testing.T) {
	for d, sortable := range map[Date]string{
		"2016": "2016-01-01", "2016-08": "2016-08-01", "2016-08-18": "2016-08-18", "2016-02-29": "2016-02-29", "2016?": "2016-01-01", "2016-08~": "2016-08-01", "2016%": "2016-01-01",
		"XXXX-10-21": "", "201X": "", "2016-XX": "2016-01-01", "2016-XX-18": "2016-01-18", "2016-08-XX": "2016-08-01",
		"2009-05/2011-12": "2009-05-01", "2005/..": "2005-01-01", "../2005": "", "2005/": "2005-01-01", "/2005": "", "0000": "0000-01-01",
	} {
		if !d.Valid() {
			t.Errorf("%q is refused", d)
		}
		if got := d.Sortable(); got != sortable {
			t.Errorf("%q sorts as %q, want %q", d, got, sortable)
		}
	}
	for _, d := range []Date{"", "16", "2016-8", "2016-13", "2016-00", "2016-02-30", "2015-02-29", "2016-08-32", "2016-08-18T00:00", "August 2016", "2016/2017/2018", " 2016", "2016 ", "2016-08-18??", "-2016", "20160818", "二〇一六"} {
		if d.Valid() {
			t.Errorf("%q is taken", d)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2016", "2016-08-18", "XXXX-10-21", "2009-05/2011-12", "../2005", "2005/..", "/", "2016?", "20"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := Date(s)
		sortable := d.Sortable()
		if !d.Valid() {
			return
		}
		if sortable != "" && (!Date(sortable).Valid() || len(sortable) != len("2016-08-18")) {
			t.Errorf("%q sorts as %q, which is no day", d, sortable)
		}
		tr := &Trial{Dates: []DatedEvent{{Role: Started, Date: d}}}
		if rank := tr.Rank(); strings.ContainsRune(rank, 0) {
			t.Errorf("%q has the rank %q", d, rank)
		}
	})
}

func TestNewestFirstAndUnknownLast(t *testing.T) {
	rank := func(dates ...DatedEvent) string { return (&Trial{Head: Head{Label: "a"}, Dates: dates}).Rank() }
	order := []string{
		rank(DatedEvent{Role: Started, Date: "2020-02"}),
		rank(DatedEvent{Role: Started, Date: "2020-01-31"}),
		rank(DatedEvent{Role: Completed, Date: "2025"}, DatedEvent{Role: Started, Date: "2019"}), // the start counts, not the end
		rank(DatedEvent{Role: Started, Date: "201X"}, DatedEvent{Role: Completed, Date: "2018"}), // unless it is not known
		rank(DatedEvent{Role: FirstPosted, Date: "1999"}),
		rank(DatedEvent{Role: Started, Date: "XXXX-10-21"}),
	}
	if !slices.IsSorted(order) {
		t.Errorf("ranks are not in order: %q", order)
	}
	if a, b := rank(), rank(DatedEvent{Role: Published, Date: "2020"}); a != b {
		t.Errorf("the date of a publication orders a trial: %q, %q", a, b)
	}
}
