package kg

import "fmt"

// A Phase is the phase of a trial, as ClinicalTrials.gov writes it.
type Phase string

// The phases.
const (
	EarlyPhase1 Phase = "EARLY_PHASE1"
	Phase1      Phase = "PHASE1"
	Phase1And2  Phase = "PHASE1_PHASE2"
	Phase2      Phase = "PHASE2"
	Phase2And3  Phase = "PHASE2_PHASE3"
	Phase3      Phase = "PHASE3"
	Phase4      Phase = "PHASE4"
	PhaseNA     Phase = "NA"
)

// A Status is the overall status of a trial as of its source's date.
type Status string

// The statuses. All but ONGOING are those of ClinicalTrials.gov; a source that only says that a trial runs is ONGOING.
const (
	NotYetRecruiting      Status = "NOT_YET_RECRUITING"
	Recruiting            Status = "RECRUITING"
	EnrollingByInvitation Status = "ENROLLING_BY_INVITATION"
	ActiveNotRecruiting   Status = "ACTIVE_NOT_RECRUITING"
	Ongoing               Status = "ONGOING"
	CompletedStatus       Status = "COMPLETED"
	Suspended             Status = "SUSPENDED"
	Terminated            Status = "TERMINATED"
	Withdrawn             Status = "WITHDRAWN"
	UnknownStatus         Status = "UNKNOWN"
)

// A Design says what kind of study a [Trial] is, in the words of its source.
type Design string

// The designs.
const (
	RandomizedTrial Design = "RANDOMIZED_TRIAL"
	ClinicalTrial   Design = "CLINICAL_TRIAL" // called a trial, and no more said
	SingleArmTrial  Design = "SINGLE_ARM_TRIAL"
	DoseEscalation  Design = "DOSE_ESCALATION"
	CaseSeries      Design = "CASE_SERIES"
	CaseReport      Design = "CASE_REPORT"
	Programme       Design = "PROGRAMME" // treatment at one centre over years, reported in sum
	AggregateUse    Design = "AGGREGATE_USE"
	Observational   Design = "OBSERVATIONAL"
	ExpandedAccess  Design = "EXPANDED_ACCESS"
)

// An Allocation says how participants came to their arms.
type Allocation string

// The allocations.
const (
	Randomized    Allocation = "RANDOMIZED"
	NonRandomized Allocation = "NON_RANDOMIZED"
	AllocationNA  Allocation = "NA"
)

// A Masking says who did not know which arm a participant was in.
type Masking string

// The maskings.
const (
	OpenLabel Masking = "NONE"
	Single    Masking = "SINGLE"
	Double    Masking = "DOUBLE"
	Triple    Masking = "TRIPLE"
	Quadruple Masking = "QUADRUPLE"
)

// A Trial is any clinical study: randomised trial, single arm, series, programme, case report.
type Trial struct {
	Head
	Title             string       `cbor:"50,keyasint,omitempty" json:"title,omitempty" yaml:"title,omitempty"`
	Acronym           string       `cbor:"51,keyasint,omitempty" json:"acronym,omitempty" yaml:"acronym,omitempty"`
	Design            Design       `cbor:"52,keyasint,omitempty" json:"design,omitempty" yaml:"design,omitempty"`
	Phase             Phase        `cbor:"53,keyasint,omitempty" json:"phase,omitempty" yaml:"phase,omitempty"`
	Status            Status       `cbor:"54,keyasint,omitempty" json:"status,omitempty" yaml:"status,omitempty"`
	StatusAsOf        Date         `cbor:"55,keyasint,omitempty" json:"statusAsOf,omitempty" yaml:"statusAsOf,omitempty"`
	Allocation        Allocation   `cbor:"56,keyasint,omitempty" json:"allocation,omitempty" yaml:"allocation,omitempty"`
	Masking           Masking      `cbor:"57,keyasint,omitempty" json:"masking,omitempty" yaml:"masking,omitempty"`
	Enrollment        *Quantity    `cbor:"58,keyasint,omitempty" json:"enrollment,omitempty" yaml:"enrollment,omitempty"`
	Countries         []string     `cbor:"59,keyasint,omitempty" json:"countries,omitempty" yaml:"countries,omitempty"` // ISO 3166-1 alpha-2
	CountriesComplete *bool        `cbor:"60,keyasint,omitempty" json:"countriesComplete,omitempty" yaml:"countriesComplete,omitempty"`
	Localities        []string     `cbor:"61,keyasint,omitempty" json:"localities,omitempty" yaml:"localities,omitempty"`
	Dates             []DatedEvent `cbor:"62,keyasint,omitempty" json:"dates,omitempty" yaml:"dates,omitempty"`
	FollowUp          *Quantity    `cbor:"63,keyasint,omitempty" json:"followUp,omitempty" yaml:"followUp,omitempty"`
	Assessments       []Quantity   `cbor:"64,keyasint,omitempty" json:"assessments,omitempty" yaml:"assessments,omitempty"` // when participants were seen
	AssessmentEvery   *Quantity    `cbor:"65,keyasint,omitempty" json:"assessmentEvery,omitempty" yaml:"assessmentEvery,omitempty"`
	AssessmentCount   *Quantity    `cbor:"66,keyasint,omitempty" json:"assessmentCount,omitempty" yaml:"assessmentCount,omitempty"`
	WhyStopped        string       `cbor:"67,keyasint,omitempty" json:"whyStopped,omitempty" yaml:"whyStopped,omitempty"`
}

// Category returns [CategoryTrial].
func (*Trial) Category() Category { return CategoryTrial }

// dated are the roles of the date that a trial is ordered by, the first that is known.
var dated = []DateRole{Started, Conducted, Completed, FirstPosted, AsOfRole}

// Day returns the earliest day that the trial's date allows, by start, else by when it was conducted, completed or first posted; "" when
// none is known.
func (t *Trial) Day() string { return firstDay(t.Dates, dated...) }

// Rank puts the newest trials first, by [Trial.Day]; unknown dates come last.
func (t *Trial) Rank() string { return newest(t.Dates, dated...) + " " + Fold(t.Label) }

// Terms returns what a trial is found by.
func (t *Trial) Terms() []Term {
	out := t.labelTerms()
	for _, f := range []Term{{"phase", string(t.Phase)}, {"status", string(t.Status)}, {"design", string(t.Design)}, {"allocation", string(t.Allocation)}} {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	for _, c := range t.Countries {
		out = append(out, Term{"country", c})
	}
	return append(out, Term{"enrollment", t.Enrollment.sortable()})
}

// Validate checks every field.
func (t *Trial) Validate() error {
	v := new(validator)
	t.validate(v, t)
	v.text("title", t.Title, maxText)
	v.oneOf("design", string(t.Design), "", string(RandomizedTrial), string(ClinicalTrial), string(SingleArmTrial), string(DoseEscalation), string(CaseSeries),
		string(CaseReport), string(Programme), string(AggregateUse), string(Observational), string(ExpandedAccess))
	v.oneOf("phase", string(t.Phase), "", string(EarlyPhase1), string(Phase1), string(Phase1And2), string(Phase2), string(Phase2And3), string(Phase3), string(Phase4), string(PhaseNA))
	v.oneOf("status", string(t.Status), "", string(NotYetRecruiting), string(Recruiting), string(EnrollingByInvitation), string(ActiveNotRecruiting), string(Ongoing),
		string(CompletedStatus), string(Suspended), string(Terminated), string(Withdrawn), string(UnknownStatus))
	if t.StatusAsOf != "" && !t.StatusAsOf.Valid() {
		v.fail("statusAsOf", "is not an EDTF date: "+quote(string(t.StatusAsOf)))
	}
	v.oneOf("allocation", string(t.Allocation), "", string(Randomized), string(NonRandomized), string(AllocationNA))
	v.oneOf("masking", string(t.Masking), "", string(OpenLabel), string(Single), string(Double), string(Triple), string(Quadruple))
	t.Enrollment.validate(v, "enrollment")
	t.Enrollment.validateCount(v, "enrollment")
	for i, c := range t.Countries {
		v.country(fmt.Sprintf("countries[%d]", i), c)
	}
	if t.CountriesComplete != nil && len(t.Countries) == 0 {
		v.fail("countriesComplete", "there is no list of countries")
	}
	for i, d := range t.Dates {
		d.validate(v, fmt.Sprintf("dates[%d]", i))
	}
	t.FollowUp.validate(v, "followUp")
	t.AssessmentEvery.validate(v, "assessmentEvery")
	t.AssessmentCount.validate(v, "assessmentCount")
	for i := range t.Assessments {
		t.Assessments[i].validate(v, fmt.Sprintf("assessments[%d]", i))
	}
	v.text("whyStopped", t.WhyStopped, maxText)
	return v.err()
}

func (t *Trial) facts() []fact {
	return []fact{
		{"title", t.Title == ""}, {"acronym", t.Acronym == ""}, {"design", t.Design == ""}, {"phase", t.Phase == ""}, {"status", t.Status == ""},
		{"allocation", t.Allocation == ""}, {"masking", t.Masking == ""}, {"enrollment", t.Enrollment == nil}, {"countries", len(t.Countries) == 0},
		{"dates", len(t.Dates) == 0}, {"followUp", t.FollowUp == nil}, {"assessments", len(t.Assessments) == 0}, {"whyStopped", t.WhyStopped == ""},
		{"registryId", !t.registered()}, {"arms", true}, {"comparator", true},
	}
}

// registered tells whether a registry's number is among the trial's own names.
func (t *Trial) registered() bool {
	for _, id := range t.Names() {
		switch id.Prefix() {
		case "NCT", "EudraCT", "CTIS", "ISRCTN", "ChiCTR", "jRCT", "IRCT":
			return true
		}
	}
	return false
}

// An Arm is an arm, a subgroup or the whole population of a trial.
type Arm struct {
	Head
	Role        Role      `cbor:"50,keyasint,omitempty" json:"role,omitempty" yaml:"role,omitempty"`
	N           *Quantity `cbor:"51,keyasint,omitempty" json:"n,omitempty" yaml:"n,omitempty"`
	Description string    `cbor:"52,keyasint,omitempty" json:"description,omitempty" yaml:"description,omitempty"`
}

// ArmRoles returns the roles that an arm may have.
func ArmRoles() []Role {
	return []Role{Experimental, ActiveComparator, PlaceboComparator, Background, Population}
}

// Category returns [CategoryArm].
func (*Arm) Category() Category { return CategoryArm }

// Rank orders arms A to Z.
func (a *Arm) Rank() string { return Fold(a.Label) }

// Terms returns what an arm is found by.
func (a *Arm) Terms() []Term { return a.labelTerms() }

// Validate checks every field.
func (a *Arm) Validate() error {
	v := new(validator)
	a.validate(v, a)
	v.oneOf("role", string(a.Role), append(strs(ArmRoles()...), "")...)
	a.N.validate(v, "n")
	a.N.validateCount(v, "n")
	v.text("description", a.Description, maxText)
	return v.err()
}

func (a *Arm) facts() []fact {
	return []fact{{"role", a.Role == ""}, {"n", a.N == nil}, {"description", a.Description == ""}}
}
