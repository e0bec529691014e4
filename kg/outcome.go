package kg

import "fmt"

// A Direction is the way in which a value moved. Whether that is good is an [Interpretation].
type Direction string

// The directions.
const (
	Increased Direction = "INCREASED"
	Decreased Direction = "DECREASED"
	NoChange  Direction = "NO_CHANGE"
)

// An Interpretation is what a movement means for the patient, by the source.
type Interpretation string

// The interpretations.
const (
	Beneficial Interpretation = "BENEFICIAL"
	Harmful    Interpretation = "HARMFUL"
	Neutral    Interpretation = "NEUTRAL"
)

// An OutcomeRank says what a trial planned the outcome for.
type OutcomeRank string

// The ranks.
const (
	PrimaryOutcome   OutcomeRank = "PRIMARY"
	SecondaryOutcome OutcomeRank = "SECONDARY"
	OtherOutcome     OutcomeRank = "OTHER"
)

// A Quantifier is a count that a source gives in words.
type Quantifier string

// The quantifiers.
const (
	All          Quantifier = "ALL"
	Most         Quantifier = "MOST"
	Many         Quantifier = "MANY"
	Some         Quantifier = "SOME"
	ThePatients  Quantifier = "THE_PATIENTS"
	NoneAffected Quantifier = "NONE"
)

// A Seriousness says how bad an adverse event was.
type Seriousness string

// The seriousness of events. ANY is the source's own "any".
const (
	Serious         Seriousness = "SERIOUS"
	NonSerious      Seriousness = "NON_SERIOUS"
	LifeThreatening Seriousness = "LIFE_THREATENING"
	Fatal           Seriousness = "FATAL"
	AnySeriousness  Seriousness = "ANY"
)

// A Relatedness says whether the treatment is held to have caused an adverse event.
type Relatedness string

// The relatedness of events.
const (
	Related         Relatedness = "RELATED"
	PossiblyRelated Relatedness = "POSSIBLY_RELATED"
	NotRelated      Relatedness = "NOT_RELATED"
)

// A ChangeType says what a change is a number of.
type ChangeType string

// The types of changes.
const (
	AbsoluteChange ChangeType = "ABSOLUTE"
	PercentChange  ChangeType = "PERCENT"
	RatioChange    ChangeType = "RATIO"
)

// An Aggregate says which number stands for a group.
type Aggregate string

// The aggregates.
const (
	Mean          Aggregate = "MEAN"
	Median        Aggregate = "MEDIAN"
	CountOf       Aggregate = "COUNT"
	GeometricMean Aggregate = "GEOMETRIC_MEAN"
	LeastSquares  Aggregate = "LEAST_SQUARES_MEAN"
)

// A StatisticsReported says whether a source gives any statistics for a result.
type StatisticsReported string

// The values of StatisticsReported.
const (
	NoStatistics   StatisticsReported = "NONE_REPORTED"
	SomeStatistics StatisticsReported = "REPORTED"
)

// An Anchor is the moment that a time point counts from.
type Anchor string

// The anchors.
const (
	AtTreatment     Anchor = "TREATMENT"
	AtFirstDose     Anchor = "FIRST_DOSE"
	AtFollowUp      Anchor = "FOLLOW_UP"
	BeforeAfter     Anchor = "BEFORE_AFTER"
	AtRandomisation Anchor = "RANDOMISATION"
	AtEnrollment    Anchor = "ENROLLMENT"
)

// A TimePoint is when a result was measured.
type TimePoint struct {
	After    *Quantity `cbor:"1,keyasint,omitempty" json:"after,omitempty" yaml:"after,omitempty"`
	Anchor   Anchor    `cbor:"2,keyasint,omitempty" json:"anchor,omitempty" yaml:"anchor,omitempty"`
	Printed  string    `cbor:"3,keyasint,omitempty" json:"printed,omitempty" yaml:"printed,omitempty"`
	Inferred bool      `cbor:"4,keyasint,omitempty" json:"inferred,omitempty" yaml:"inferred,omitempty"` // read off the study's follow-up, not said of the result
}

// A Dispersion is the spread around an aggregate.
type Dispersion struct {
	Type  string   `cbor:"1,keyasint" json:"type" yaml:"type"` // SD, SE, IQR, RANGE, CI95
	Value *float64 `cbor:"2,keyasint,omitempty" json:"value,omitempty" yaml:"value,omitempty"`
	Low   *float64 `cbor:"3,keyasint,omitempty" json:"low,omitempty" yaml:"low,omitempty"`
	High  *float64 `cbor:"4,keyasint,omitempty" json:"high,omitempty" yaml:"high,omitempty"`
}

// An EffectEstimate compares arms, as the source's statistician did.
type EffectEstimate struct {
	Measure         string    `cbor:"1,keyasint" json:"measure" yaml:"measure"` // such as HAZARD_RATIO, RISK_RATIO, ODDS_RATIO, MEAN_DIFFERENCE
	Value           *Quantity `cbor:"2,keyasint,omitempty" json:"value,omitempty" yaml:"value,omitempty"`
	Low             *float64  `cbor:"3,keyasint,omitempty" json:"low,omitempty" yaml:"low,omitempty"`
	High            *float64  `cbor:"4,keyasint,omitempty" json:"high,omitempty" yaml:"high,omitempty"`
	ConfidenceLevel *float64  `cbor:"5,keyasint,omitempty" json:"confidenceLevel,omitempty" yaml:"confidenceLevel,omitempty"` // per cent
	P               *Quantity `cbor:"6,keyasint,omitempty" json:"p,omitempty" yaml:"p,omitempty"`
	Method          string    `cbor:"7,keyasint,omitempty" json:"method,omitempty" yaml:"method,omitempty"`
}

// An Outcome is one measured result, as one source reports it.
type Outcome struct {
	Head
	Saying
	Role                OutcomeRank        `cbor:"50,keyasint,omitempty" json:"role,omitempty" yaml:"role,omitempty"`
	Baseline            *Quantity          `cbor:"51,keyasint,omitempty" json:"baseline,omitempty" yaml:"baseline,omitempty"`
	FollowUp            *Quantity          `cbor:"52,keyasint,omitempty" json:"followUp,omitempty" yaml:"followUp,omitempty"` // the value at the time point
	Change              *Quantity          `cbor:"53,keyasint,omitempty" json:"change,omitempty" yaml:"change,omitempty"`
	ChangeType          ChangeType         `cbor:"54,keyasint,omitempty" json:"changeType,omitempty" yaml:"changeType,omitempty"`
	Rate                *Quantity          `cbor:"55,keyasint,omitempty" json:"rate,omitempty" yaml:"rate,omitempty"`
	NAffected           *Quantity          `cbor:"56,keyasint,omitempty" json:"nAffected,omitempty" yaml:"nAffected,omitempty"`
	NTotal              *Quantity          `cbor:"57,keyasint,omitempty" json:"nTotal,omitempty" yaml:"nTotal,omitempty"`
	Quantifier          Quantifier         `cbor:"58,keyasint,omitempty" json:"quantifier,omitempty" yaml:"quantifier,omitempty"`
	TimePoint           *TimePoint         `cbor:"59,keyasint,omitempty" json:"timePoint,omitempty" yaml:"timePoint,omitempty"`
	Aggregate           Aggregate          `cbor:"60,keyasint,omitempty" json:"aggregate,omitempty" yaml:"aggregate,omitempty"`
	Dispersion          *Dispersion        `cbor:"61,keyasint,omitempty" json:"dispersion,omitempty" yaml:"dispersion,omitempty"`
	Effect              *EffectEstimate    `cbor:"62,keyasint,omitempty" json:"effect,omitempty" yaml:"effect,omitempty"`
	Direction           Direction          `cbor:"63,keyasint,omitempty" json:"direction,omitempty" yaml:"direction,omitempty"`
	Interpretation      Interpretation     `cbor:"64,keyasint,omitempty" json:"interpretation,omitempty" yaml:"interpretation,omitempty"`
	ComparedWith        string             `cbor:"65,keyasint,omitempty" json:"comparedWith,omitempty" yaml:"comparedWith,omitempty"` // BASELINE, where it is not another arm
	SignificanceClaimed *bool              `cbor:"66,keyasint,omitempty" json:"significanceClaimed,omitempty" yaml:"significanceClaimed,omitempty"`
	Statistics          StatisticsReported `cbor:"67,keyasint" json:"statistics" yaml:"statistics"`
	Seriousness         Seriousness        `cbor:"68,keyasint,omitempty" json:"seriousness,omitempty" yaml:"seriousness,omitempty"`
	Relatedness         Relatedness        `cbor:"69,keyasint,omitempty" json:"relatedness,omitempty" yaml:"relatedness,omitempty"`
	Grade               string             `cbor:"70,keyasint,omitempty" json:"grade,omitempty" yaml:"grade,omitempty"`
	Deaths              *Quantity          `cbor:"71,keyasint,omitempty" json:"deaths,omitempty" yaml:"deaths,omitempty"`
}

// Category returns [CategoryOutcome].
func (*Outcome) Category() Category { return CategoryOutcome }

// Rank orders outcomes as a reader meets them, by source and place; primary outcomes of a source come first.
func (o *Outcome) Rank() string {
	lead := "2"
	switch o.Role {
	case PrimaryOutcome:
		lead = "0"
	case SecondaryOutcome:
		lead = "1"
	}
	return lead + " " + place(&o.Head)
}

// Terms returns what an outcome is found by.
func (o *Outcome) Terms() []Term {
	out := o.Saying.terms(&o.Head)
	for _, t := range []Term{{"direction", string(o.Direction)}, {"interpretation", string(o.Interpretation)}, {"statistics", string(o.Statistics)}} {
		if t.Value != "" {
			out = append(out, t)
		}
	}
	return out
}

// Validate checks every field.
func (o *Outcome) Validate() error {
	v := new(validator)
	o.Head.validate(v, o)
	o.Saying.validate(v)
	v.oneOf("role", string(o.Role), "", string(PrimaryOutcome), string(SecondaryOutcome), string(OtherOutcome))
	for _, q := range []struct {
		field string
		q     *Quantity
	}{{"baseline", o.Baseline}, {"followUp", o.FollowUp}, {"change", o.Change}, {"rate", o.Rate}, {"nAffected", o.NAffected}, {"nTotal", o.NTotal}, {"deaths", o.Deaths}} {
		q.q.validate(v, q.field)
	}
	for _, n := range []struct {
		field string
		q     *Quantity
	}{{"nAffected", o.NAffected}, {"nTotal", o.NTotal}, {"deaths", o.Deaths}} {
		n.q.validateCount(v, n.field)
	}
	if o.NAffected != nil && o.NTotal != nil && o.NAffected.Value != nil && o.NTotal.Value != nil && *o.NAffected.Value > *o.NTotal.Value {
		v.fail("nAffected", fmt.Sprintf("%v is more than nTotal %v", *o.NAffected.Value, *o.NTotal.Value))
	}
	v.oneOf("changeType", string(o.ChangeType), "", string(AbsoluteChange), string(PercentChange), string(RatioChange))
	v.oneOf("quantifier", string(o.Quantifier), "", string(All), string(Most), string(Many), string(Some), string(ThePatients), string(NoneAffected))
	v.oneOf("aggregate", string(o.Aggregate), "", string(Mean), string(Median), string(CountOf), string(GeometricMean), string(LeastSquares))
	v.oneOf("direction", string(o.Direction), "", string(Increased), string(Decreased), string(NoChange))
	v.oneOf("interpretation", string(o.Interpretation), "", string(Beneficial), string(Harmful), string(Neutral))
	v.oneOf("statistics", string(o.Statistics), strs(NoStatistics, SomeStatistics)...)
	v.oneOf("seriousness", string(o.Seriousness), "", string(Serious), string(NonSerious), string(LifeThreatening), string(Fatal), string(AnySeriousness))
	v.oneOf("relatedness", string(o.Relatedness), "", string(Related), string(PossiblyRelated), string(NotRelated))
	v.oneOf("comparedWith", o.ComparedWith, "", "BASELINE")
	if t := o.TimePoint; t != nil {
		t.After.validate(v, "timePoint.after")
		v.oneOf("timePoint.anchor", string(t.Anchor), "", string(AtTreatment), string(AtFirstDose), string(AtFollowUp), string(BeforeAfter), string(AtRandomisation), string(AtEnrollment))
	}
	if o.Statistics == NoStatistics && (o.Dispersion != nil || o.Effect != nil) {
		v.fail("statistics", "NONE_REPORTED, yet there is a dispersion or an effect")
	}
	if d := o.Dispersion; d != nil {
		v.oneOf("dispersion.type", d.Type, "SD", "SE", "IQR", "RANGE", "CI95")
	}
	if e := o.Effect; e != nil {
		v.required("effect.measure", e.Measure)
		e.Value.validate(v, "effect.value")
		e.P.validate(v, "effect.p")
		if low, high, ok := e.P.Interval(); ok && (low > 1 || high < 0) {
			v.fail("effect.p", e.P.String()+" is no probability")
		}
		if c := e.ConfidenceLevel; c != nil && (*c <= 0 || *c >= 100) {
			v.fail("effect.confidenceLevel", fmt.Sprintf("%v is not between 0 and 100 per cent", *c))
		}
		if e.Low != nil && e.High != nil && *e.Low > *e.High {
			v.fail("effect", "low is above high")
		}
	}
	return v.err()
}

func (o *Outcome) facts() []fact {
	return []fact{
		{"role", o.Role == ""}, {"baseline", o.Baseline == nil}, {"followUp", o.FollowUp == nil}, {"change", o.Change == nil}, {"rate", o.Rate == nil},
		{"nAffected", o.NAffected == nil}, {"nTotal", o.NTotal == nil}, {"timePoint", o.TimePoint == nil}, {"aggregate", o.Aggregate == ""},
		{"dispersion", o.Dispersion == nil}, {"effect", o.Effect == nil}, {"direction", o.Direction == ""}, {"interpretation", o.Interpretation == ""},
		{"significanceClaimed", o.SignificanceClaimed == nil}, {"seriousness", o.Seriousness == ""}, {"relatedness", o.Relatedness == ""},
		{"grade", o.Grade == ""}, {"deaths", o.Deaths == nil}, {"asOf", o.AsOf == nil}, {"arms", true}, {"comparator", true},
	}
}
