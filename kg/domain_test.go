package kg_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/stemma-kg/stemma/kg"
)

func TestParseID(t *testing.T) {
	for _, test := range []struct{ want, spellings string }{
		{"MONDO:0019100", "MONDO:0019100 mondo:0019100 Mondo:MONDO:0019100 MONDO:MONDO_0019100"},
		{"DOID:8869", "DOID:8869 doid:8869 DO:8869 DOID:DOID:8869"},
		{"MESH:D009103", "MESH:D009103 mesh:d009103 MSH:D009103"},
		{"ICD10CM:G35", "ICD10CM:G35 icd-10-cm:g35 ICD10-CM:G35"},
		{"ICD10:I70-I79", "ICD10:I70-I79 icd-10:i70-i79"},
		{"Orphanet:536", "Orphanet:536 ORPHA:536 ordo:Orphanet_536"},
		{"NCIT:C3243", "NCIT:C3243 nci:c3243"},
		{"OMIM:PS126200", "OMIM:PS126200 mim:ps126200"},
		{"CL:0000134", "CL:0000134 cl:CL_0000134"},
		{"NCT:NCT00273364", "NCT:NCT00273364 nct:00273364 clinicaltrials:nct00273364 ClinicalTrials.gov:NCT00273364 NCT00273364 nct00273364"},
		{"EudraCT:2007-000064-24", "EudraCT:2007-000064-24 EUDRACT:2007-000064-24 euctr:2007-000064-24"},
		{"CTIS:2022-500014-26-00", "CTIS:2022-500014-26-00 ctis:2022-500014-26-00"},
		{"ISRCTN:ISRCTN88667898", "ISRCTN:ISRCTN88667898 isrctn:88667898 ISRCTN88667898"},
		{"ChiCTR:ChiCTR2000029757", "ChiCTR:ChiCTR2000029757 chictr:2000029757 ChiCTR2000029757"},
		{"jRCT:jRCT2080220001", "jRCT:jRCT2080220001 JRCT:jRCT2080220001 jRCT2080220001"},
		{"IRCT:IRCT20080901001165N43", "IRCT:IRCT20080901001165N43 irct20080901001165n43"},
		{"PMID:28961381", "PMID:28961381 pubmed:28961381 pmid:28961381"},
		{"PMC:PMC6090512", "PMC:PMC6090512 pmcid:6090512 PMC6090512 PMC:pmc6090512"},
		{"DOI:10.1111/cns.12759", "DOI:10.1111/cns.12759 doi:10.1111/CNS.12759 10.1111/cns.12759 https://doi.org/10.1111/cns.12759 http://dx.doi.org/10.1111/CNS.12759"},
		{"DOI:10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-#", "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-#"},
		{"ISSN:0028-387X", "ISSN:0028-387X issn:0028-387x"},
		{"ORCID:0000-0002-1825-0097", "ORCID:0000-0002-1825-0097"},
		{"condition:angiitis-cli", "condition:angiitis-cli"},
		{"condition:视神经脊髓炎", "condition:视神经脊髓炎"},
		{"Condition:X", "Condition:X"}, // an unknown prefix is kept as written
		{"claim:a:b:c", "claim:a:b:c"},
	} {
		for _, s := range strings.Fields(test.spellings) {
			got, err := ParseID(s)
			if err != nil || string(got) != test.want {
				t.Errorf("ParseID(%q) = %q, %v, want %q", s, got, err, test.want)
			}
		}
		if again, err := ParseID(test.want); err != nil || string(again) != test.want {
			t.Errorf("ParseID(%q) is not stable: %q, %v", test.want, again, err)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	for s, part := range map[string]string{
		"":                  "empty",
		"nothing":           "not a CURIE",
		":local":            "not a CURIE",
		"prefix:":           "not a CURIE",
		"1abc:x":            "not a CURIE",
		"疾病:a":              "not a CURIE",
		"with blank:x":      "blank",
		"condition:a b":     "blank",
		"condition:a\tb":    "control",
		"condition:a\x00":   "control",
		"condition:a\x7f":   "control",
		"condition:\xff":    "UTF-8",
		"condition:\ufffd":  "control",
		"MONDO:19100":       "MONDO:0019100",
		"MONDO:00191000":    "MONDO:0019100",
		"NCT:NCT0027336":    "NCT:NCT00273364",
		"NCT:XYZ00273364":   "NCT",
		"PMID:0":            "PMID",
		"PMID:abc":          "PMID",
		"PMID:28961381.0":   "PMID",
		"DOI:11.1111/x":     "DOI",
		"DOI:10.1111":       "DOI",
		"https://doi.org/":  "",
		"MESH:9103":         "MESH",
		"MONDO:0019100\n":   "control",
		"ISSN:0028-38781":   "ISSN",
		"EudraCT:2007-64-2": "EudraCT",
		"condition:" + strings.Repeat("z", MaxIDLength): "limit",
	} {
		id, err := ParseID(s)
		if err == nil {
			t.Errorf("ParseID(%q) = %q, want an error", s, id)
		} else if !strings.Contains(err.Error(), part) {
			t.Errorf("ParseID(%q): %v: want it to speak of %q", s, err, part)
		}
	}
}

func TestKeysNeverChange(t *testing.T) {
	// UUIDv5 in the namespace UUIDv5(DNS, "stemma-kg.org"): stores on disk have these.
	for id, want := range map[ID]string{
		"MONDO:0019100":    "a6d5f958-06cc-5fc2-9c19-60f4e8a109df",
		"condition:nmosd":  "e00d9b19-a8c8-5139-a801-957d31452384",
		"condition:视神经脊髓炎": "11ef9d9b-f9bb-5455-a6d9-4fd2c888de01",
	} {
		if got := id.Key().UUID(); got != want {
			t.Errorf("key of %s is %s, want %s", id, got, want)
		}
	}
	if ID("MONDO:0019100").Prefix() != "MONDO" || ID("MONDO:0019100").Local() != "0019100" || ID("a:b:c").Local() != "b:c" || ID("bare").Prefix() != "" || ID("bare").Local() != "bare" {
		t.Error("prefix and local part")
	}
}

func TestMustIDPanicsOnlyOnMalformedOnes(t *testing.T) {
	if MustID("mondo:0019100") != "MONDO:0019100" {
		t.Error("MustID does not parse")
	}
	defer func() {
		if recover() == nil {
			t.Error("a malformed id did not panic")
		}
	}()
	MustID("malformed")
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"MONDO:0019100", "nct00273364", "https://doi.org/10.1111/CNS.12759", "condition:视", "PMC:pmc1", "DOI:10.1000/İ", "Orphanet:Orphanet_536", "a:b", "NCT:nctnct00273364"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			if id != "" {
				t.Errorf("ParseID(%q) = %q beside %v", s, id, err)
			}
			return
		}
		if again, err := ParseID(string(id)); err != nil || again != id {
			t.Errorf("ParseID(%q) = %q, and that parses as %q, %v", s, id, again, err)
		}
		if id.Prefix() == "" || id.Local() == "" || !utf8.ValidString(string(id)) {
			t.Errorf("ParseID(%q) = %q", s, id)
		}
	})
}

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

func TestFold(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "  ": "", "Multiple Sclerosis": "multiple sclerosis", "multiple-sclerosis": "multiple sclerosis", "multiple – \t sclerosis": "multiple sclerosis",
		"Sjögren": "sjogren", "SJÖGREN": "sjogren", "São Paulo": "sao paulo", "ＣＬＩ": "cli", "ﬁbrosis": "fibrosis", "视神经脊髓炎": "视神经脊髓炎", "IL_1": "il 1",
		strings.Repeat("a", 70): strings.Repeat("a", 64), strings.Repeat("病", 30): strings.Repeat("病", 21),
	} {
		if got := Fold(s); got != want {
			t.Errorf("Fold(%q) = %q, want %q", s, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Sjögren – syndrome")
	f.Add("İstanbul")
	f.Fuzz(func(t *testing.T, s string) {
		got := Fold(s)
		if len(got) > 64 || utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Fold(%q) = %q", s, got)
		}
		if again := Fold(got); utf8.ValidString(s) && again != got {
			t.Errorf("Fold(%q) = %q, and that folds to %q", s, got, again)
		}
	})
}

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

func TestPredicates(t *testing.T) {
	codes, names := map[byte]Predicate{}, map[string]Predicate{}
	used := map[Category]bool{}
	for _, p := range Predicates() {
		if other, twice := codes[p.Code()]; twice || p.Code() == 0 {
			t.Errorf("%s has the code %d of %s", p, p.Code(), other)
		}
		codes[p.Code()] = p
		if back, ok := PredicateOf(p.Code()); !ok || back != p {
			t.Errorf("code %d stands for %s, not for %s", p.Code(), back, p)
		}
		for _, name := range []string{string(p), p.Inverse()} {
			if other, twice := names[name]; twice || name == "" || name != strings.ToUpper(name) {
				t.Errorf("%s has the name %q, which %q has or which is no name", p, name, other)
			}
			names[name] = p
		}
		if p.Sense() == "" || len(p.Domain()) == 0 || len(p.Range()) == 0 {
			t.Errorf("%s lacks a sense, a domain or a range", p)
		}
		roles := slices.Clone(p.Roles())
		slices.Sort(roles)
		if len(slices.Compact(roles)) != len(p.Roles()) || slices.Contains(roles, "") {
			t.Errorf("%s has a role twice, or an empty one", p)
		}
		fits := false
		for _, s := range Categories() {
			for _, o := range Categories() {
				err := p.Fits(s, o)
				fits = fits || err == nil
				if err == nil && (!slices.Contains(p.Domain(), s) || !slices.Contains(p.Range(), o)) {
					t.Errorf("%s joins %s and %s against its table", p, s, o)
				}
				if err == nil {
					used[s], used[o] = true, true
				}
			}
		}
		if !fits {
			t.Errorf("%s joins nothing", p)
		}
	}
	for _, c := range Categories() {
		if !used[c] {
			t.Errorf("no predicate has %s at an end", c)
		}
	}
	if names["TREATS"] != "" {
		t.Error("there is a predicate TREATS: that a therapy works is a claim, never an edge")
	}
	if err := Predicate("TREATS").Fits(CategoryIntervention, CategoryDisease); err == nil {
		t.Error("an unknown predicate fits")
	}
	if _, ok := PredicateOf(0); ok || Predicate("TREATS").Code() != 0 {
		t.Error("an unknown predicate has a code")
	}
	if err := IsA.Fits(CategoryDisease, CategoryMeasure); err == nil {
		t.Error("a disease is a kind of a measure")
	}
}

func TestCategories(t *testing.T) {
	codes := map[byte]bool{0: true}
	for _, c := range Categories() {
		if codes[c.Code()] {
			t.Errorf("%s has a code that another has", c)
		}
		codes[c.Code()] = true
		if back, ok := CategoryOf(c.Code()); !ok || back != c {
			t.Errorf("code %d stands for %s, not for %s", c.Code(), back, c)
		}
		if n := New(c); n == nil || n.Category() != c {
			t.Errorf("New(%s) = %v", c, n)
		}
		if err := New(c).Validate(); err == nil {
			t.Errorf("an empty %s is valid", c)
		}
		_, _ = New(c).Rank(), New(c).Terms()
	}
	if New("Entity") != nil || Category("Entity").Code() != 0 {
		t.Error("an unknown category is known")
	}
}

func TestAbsences(t *testing.T) {
	tr := &Trial{Phase: Phase2, Enrollment: Count(8, "{patients}")}
	tr.Silences = []Silence{{Field: "masking", Reason: NotStated, Remark: "not a word"}, {Field: "allocation", Reason: NotApplicable}}
	got := map[string]AbsenceReason{}
	for _, s := range Absences(tr) {
		if _, twice := got[s.Field]; twice {
			t.Errorf("%s is absent twice", s.Field)
		}
		got[s.Field] = s.Reason
	}
	for field, want := range map[string]AbsenceReason{"masking": NotStated, "allocation": NotApplicable, "title": NotExtracted, "status": NotExtracted, "registryId": NotExtracted, "phase": "", "enrollment": ""} {
		if got[field] != want {
			t.Errorf("%s is absent as %q, want %q", field, got[field], want)
		}
	}
	tr.ID = "NCT:NCT00000001"
	for _, s := range Absences(tr) {
		if s.Field == "registryId" {
			t.Error("a trial with an NCT number has no registry id")
		}
	}
}

func TestNames(t *testing.T) {
	h := Head{ID: "a:a", Aliases: []ID{"a:b"}, Xrefs: []Xref{{ID: "a:c", Match: ExactMatch, Verified: true}, {ID: "a:d", Match: ExactMatch}, {ID: "a:e", Match: BroaderMatch, Verified: true}}}
	if got := h.Names(); !slices.Equal(got, []ID{"a:a", "a:b", "a:c"}) {
		t.Errorf("names: %v", got)
	}
}

func fieldsOf(err error) []string {
	var invalid InvalidError
	if !errors.As(err, &invalid) {
		return nil
	}
	var out []string
	for _, f := range invalid {
		out = append(out, f.Field)
	}
	return out
}
