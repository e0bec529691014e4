package kg_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/stemma-kg/stemma/kg"
)

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

func TestASelectorOfNothingIsNone(t *testing.T) {
	if s := new(Outcome).Selector(); s != nil {
		t.Errorf("an empty outcome stands at %+v", s)
	}
	if s := new(Claim).Selector(); s != nil {
		t.Errorf("an empty claim stands at %+v", s)
	}
	if s := rich()["outcome"].(*Outcome).Selector(); s == nil || *s.Start != 0 || *s.Line != 3 {
		t.Errorf("the outcome stands at %+v", s)
	}
}
