package kg

import (
	"fmt"
)

// A Modality says how a statement is put forward.
type Modality string

// The modalities.
const (
	Asserted   Modality = "ASSERTED"
	Reported   Modality = "REPORTED"
	Opinion    Modality = "OPINION"
	Hypothesis Modality = "HYPOTHESIS"
	Forecast   Modality = "FORECAST"
	Normative  Modality = "NORMATIVE"
)

// A Polarity says whether a statement affirms or denies.
type Polarity string

// The polarities.
const (
	Affirmed Polarity = "AFFIRMED"
	Negated  Polarity = "NEGATED"
)

// A Confidence is how sure the reader is of the reading, not of the truth of what is said.
type Confidence string

// The confidences.
const (
	HighConfidence   Confidence = "HIGH"
	MediumConfidence Confidence = "MEDIUM"
	LowConfidence    Confidence = "LOW"
)

// A StatementKind says what a statement is about.
type StatementKind string

// The kinds of statements.
const (
	KindAccess            StatementKind = "ACCESS"
	KindAdverseEvent      StatementKind = "ADVERSE_EVENT"
	KindBackground        StatementKind = "BACKGROUND"
	KindBiomarker         StatementKind = "BIOMARKER"
	KindCaseReport        StatementKind = "CASE_REPORT"
	KindCellSource        StatementKind = "CELL_SOURCE"
	KindClinicalFeature   StatementKind = "CLINICAL_FEATURE"
	KindDefinition        StatementKind = "DEFINITION"
	KindEligibility       StatementKind = "ELIGIBILITY"
	KindEpidemiology      StatementKind = "EPIDEMIOLOGY"
	KindEvaluation        StatementKind = "EVALUATION"
	KindEvent             StatementKind = "EVENT"
	KindGuideline         StatementKind = "GUIDELINE"
	KindIdentity          StatementKind = "IDENTITY"
	KindIntervention      StatementKind = "INTERVENTION"
	KindMechanism         StatementKind = "MECHANISM"
	KindOpinion           StatementKind = "OPINION"
	KindOutcome           StatementKind = "OUTCOME"
	KindProvenance        StatementKind = "PROVENANCE"
	KindReference         StatementKind = "REFERENCE"
	KindRegistryStatistic StatementKind = "REGISTRY_STATISTIC"
	KindStudyDesign       StatementKind = "STUDY_DESIGN"
	KindTaxonomy          StatementKind = "TAXONOMY"
)

// StatementKinds returns all kinds.
func StatementKinds() []StatementKind {
	return []StatementKind{KindAccess, KindAdverseEvent, KindBackground, KindBiomarker, KindCaseReport, KindCellSource, KindClinicalFeature,
		KindDefinition, KindEligibility, KindEpidemiology, KindEvaluation, KindEvent, KindGuideline, KindIdentity, KindIntervention,
		KindMechanism, KindOpinion, KindOutcome, KindProvenance, KindReference, KindRegistryStatistic, KindStudyDesign, KindTaxonomy}
}

// A DatePrecision says what an as-of date bounds.
type DatePrecision string

// The precisions.
const (
	ExactDate    DatePrecision = "EXACT"
	NotLaterThan DatePrecision = "NOT_LATER_THAN"
	NotBefore    DatePrecision = "NOT_BEFORE"
)

// An AsOf is the date as of which a statement holds, by its source.
type AsOf struct {
	Date      Date          `cbor:"1,keyasint" json:"date" yaml:"date"`
	Precision DatePrecision `cbor:"2,keyasint,omitempty" json:"precision,omitempty" yaml:"precision,omitempty"`
}

// A Detail is one particular of a statement that has no field of its own: a topic, a price, a registry's scope.
// Name is a path in lower camel case ("scope.region"); what it holds is in one of the other fields.
type Detail struct {
	Name     string        `cbor:"1,keyasint" json:"name" yaml:"name"`
	Values   []string      `cbor:"2,keyasint,omitempty" json:"values,omitempty" yaml:"values,omitempty"`
	Quantity *Quantity     `cbor:"3,keyasint,omitempty" json:"quantity,omitempty" yaml:"quantity,omitempty"`
	Nodes    []ID          `cbor:"4,keyasint,omitempty" json:"nodes,omitempty" yaml:"nodes,omitempty"`
	Silence  AbsenceReason `cbor:"5,keyasint,omitempty" json:"silence,omitempty" yaml:"silence,omitempty"`
}

// A Statement is what a source says: an [Outcome] or a [Claim].
type Statement interface {
	Node
	Said() *Saying
}

// A Saying is what all statements share.
type Saying struct {
	Kind       StatementKind `cbor:"20,keyasint" json:"kind" yaml:"kind"`
	Text       string        `cbor:"21,keyasint" json:"text" yaml:"text"`                                       // a paraphrase of ours, never the source's sentence
	Language   string        `cbor:"22,keyasint,omitempty" json:"language,omitempty" yaml:"language,omitempty"` // of the span in the source, BCP 47
	Modality   Modality      `cbor:"23,keyasint" json:"modality" yaml:"modality"`
	Polarity   Polarity      `cbor:"24,keyasint" json:"polarity" yaml:"polarity"`
	Confidence Confidence    `cbor:"25,keyasint" json:"confidence" yaml:"confidence"`
	Flags      []string      `cbor:"26,keyasint,omitempty" json:"flags,omitempty" yaml:"flags,omitempty"`
	AsOf       *AsOf         `cbor:"27,keyasint,omitempty" json:"asOf,omitempty" yaml:"asOf,omitempty"`
	Note       string        `cbor:"28,keyasint,omitempty" json:"note,omitempty" yaml:"note,omitempty"` // what the reader adds
	Details    []Detail      `cbor:"29,keyasint,omitempty" json:"details,omitempty" yaml:"details,omitempty"`
}

// Said returns the saying itself.
func (s *Saying) Said() *Saying { return s }

func (s *Saying) validate(v *validator) {
	v.oneOf("kind", string(s.Kind), strs(StatementKinds()...)...)
	v.required("text", s.Text)
	v.oneOf("modality", string(s.Modality), strs(Asserted, Reported, Opinion, Hypothesis, Forecast, Normative)...)
	v.oneOf("polarity", string(s.Polarity), strs(Affirmed, Negated)...)
	v.oneOf("confidence", string(s.Confidence), strs(HighConfidence, MediumConfidence, LowConfidence)...)
	if s.AsOf != nil {
		if !s.AsOf.Date.Valid() {
			v.fail("asOf.date", "is not an EDTF date: "+quote(string(s.AsOf.Date)))
		}
		v.oneOf("asOf.precision", string(s.AsOf.Precision), "", string(ExactDate), string(NotLaterThan), string(NotBefore))
	}
	v.text("note", s.Note, maxText)
	for i, d := range s.Details {
		f := fmt.Sprintf("details[%d]", i)
		v.required(f+".name", d.Name)
		d.Quantity.validate(v, f+".quantity")
		for j, n := range d.Nodes {
			v.identifier(fmt.Sprintf("%s.nodes[%d]", f, j), n)
		}
		if d.Silence != "" {
			v.oneOf(f+".silence", string(d.Silence), strs(NotStated, NotApplicable, NotExtracted)...)
		}
	}
}

// place orders statements as a reader meets them: by source, then by where in it.
func place(h *Head) string {
	if len(h.Provenance) == 0 {
		return "\xff"
	}
	p := h.Provenance[0]
	at := 0
	if len(p.Selectors) > 0 {
		switch s := p.Selectors[0]; {
		case s.Start != nil:
			at = *s.Start
		case s.Line != nil:
			at = *s.Line
		}
	}
	return truncate(string(p.Source), maxRank-12) + fmt.Sprintf(" %010d", at)
}

func (s *Saying) terms(h *Head) []Term {
	out := append(h.labelTerms(), Term{"kind", string(s.Kind)}, Term{"place", place(h)})
	for _, f := range s.Flags {
		out = append(out, Term{"flag", f})
	}
	return out
}

// Selector returns the place where the outcome stands in its source.
func (o *Outcome) Selector() *Selector { return o.firstSelector() }

// Selector returns the place where the claim stands in its source.
func (c *Claim) Selector() *Selector { return c.firstSelector() }

// firstSelector returns nil, not a fault, for a node that has no provenance yet.
func (h *Head) firstSelector() *Selector {
	if len(h.Provenance) == 0 {
		return nil
	}
	return h.Provenance[0].Selector()
}
