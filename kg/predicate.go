package kg

import (
	"fmt"
	"slices"
)

// A Predicate names what an edge says of its subject and object.
type Predicate string

// The predicates. Their domains, ranges and roles stand in one table below.
const (
	IsA          Predicate = "IS_A"
	StageOf      Predicate = "STAGE_OF"
	SubtypeOf    Predicate = "SUBTYPE_OF"
	Causes       Predicate = "CAUSES"
	Investigates Predicate = "INVESTIGATES"
	HasArm       Predicate = "HAS_ARM"
	SubgroupOf   Predicate = "SUBGROUP_OF"
	Receives     Predicate = "RECEIVES"
	Evaluates    Predicate = "EVALUATES"
	Uses         Predicate = "USES"
	Includes     Predicate = "INCLUDES"
	Tests        Predicate = "TESTS"
	Reports      Predicate = "REPORTS"
	ObservedIn   Predicate = "OBSERVED_IN"
	Measures     Predicate = "MEASURES"
	AboutThing   Predicate = "ABOUT"
	StatedIn     Predicate = "STATED_IN"
	BasedOn      Predicate = "BASED_ON"
	SaidBy       Predicate = "SAID_BY"
	DocumentedBy Predicate = "DOCUMENTED_BY"
	RefersTo     Predicate = "REFERS_TO"
	Linked       Predicate = "LINKED"
	Disputes     Predicate = "DISPUTES"
	Involves     Predicate = "INVOLVES"
)

// A Role says how an edge's object takes part, where the predicate leaves room for it.
type Role string

// The roles, by predicate.
const (
	Population        Role = "POPULATION" // ABOUT: the parts of a PICO question
	InterventionRole  Role = "INTERVENTION"
	ComparatorRole    Role = "COMPARATOR"
	OutcomeRole       Role = "OUTCOME"
	SubjectRole       Role = "SUBJECT"     // ABOUT: none of the PICO parts
	Cites             Role = "CITES"       // REFERS_TO
	Republishes       Role = "REPUBLISHES" //
	Translates        Role = "TRANSLATES"
	Summarises        Role = "SUMMARISES"
	ProbablyIs        Role = "PROBABLY_IS"  // REFERS_TO, DOCUMENTED_BY: a probable identity, never a merge
	PrimaryReport     Role = "PRIMARY"      // DOCUMENTED_BY
	RegistryRecord    Role = "REGISTRY"     // DOCUMENTED_BY
	Contradicts       Role = "CONTRADICTS"  // LINKED
	Overstates        Role = "OVERSTATES"   //
	Qualifies         Role = "QUALIFIES"    //
	Supports          Role = "SUPPORTS"     //
	Incomparable      Role = "INCOMPARABLE" //
	Supersedes        Role = "SUPERSEDES"   //
	Tension           Role = "TENSION"      // pulls the other way, without being proven to contradict
	Sponsor           Role = "SPONSOR"      // INVOLVES
	Collaborator      Role = "COLLABORATOR" //
	Site              Role = "SITE"         //
	Author            Role = "AUTHOR"       //
	Publisher         Role = "PUBLISHER"    //
	Upstream          Role = "UPSTREAM"     // whom a document names as its own source
	Employer          Role = "EMPLOYER"
	Membership        Role = "MEMBERSHIP"
	Parent            Role = "PARENT" // the body that another body belongs to
	Participant       Role = "PARTICIPANT"
	ArmOfInterest     Role = "ARM" // OBSERVED_IN
	ArmComparator     Role = "COMPARATOR_ARM"
	Experimental      Role = "EXPERIMENTAL" // RECEIVES
	ActiveComparator  Role = "ACTIVE_COMPARATOR"
	PlaceboComparator Role = "PLACEBO_COMPARATOR"
	Background        Role = "BACKGROUND"
	Conditioning      Role = "CONDITIONING" // INCLUDES, USES: what a step of a regimen is for
	Collection        Role = "COLLECTION"
	Infusion          Role = "INFUSION"
)

// A predicateRow fixes one predicate for good.
type predicateRow struct {
	predicate Predicate
	code      byte // of the stored form: never reused, never changed
	inverse   string
	domain    []Category
	rang      []Category
	roles     []Role // empty: the predicate takes no role
	ordered   bool   // the position of an edge carries meaning: steps of a regimen
	same      bool   // subject and object are of one category
	sense     string
}

var (
	statements = []Category{CategoryOutcome, CategoryClaim}
	hierarchy  = []Category{CategoryDisease, CategoryConcept, CategoryCellSource, CategoryIntervention, CategoryMeasure}
	ailments   = []Category{CategoryDisease, CategoryConcept}
)

var predicates = []predicateRow{
	{IsA, 1, "HAS_KIND", hierarchy, hierarchy, nil, false, true, "the subject is a kind of the object"},
	{StageOf, 2, "HAS_STAGE", []Category{CategoryDisease}, []Category{CategoryDisease}, nil, false, true, "the subject is a stage in the course of the object"},
	{SubtypeOf, 3, "HAS_SUBTYPE", hierarchy, hierarchy, nil, false, true, "the subject is a clinical or product subtype of the object"},
	{Causes, 4, "CAUSED_BY", ailments, ailments, nil, false, false, "a source states that the subject is a cause of the object"},
	{Investigates, 5, "INVESTIGATED_BY", []Category{CategoryTrial}, []Category{CategoryDisease}, nil, false, false, "the trial studies people with the disease"},
	{HasArm, 6, "ARM_OF", []Category{CategoryTrial}, []Category{CategoryArm}, nil, false, false, "the arm, subgroup or population belongs to the trial"},
	{SubgroupOf, 7, "HAS_SUBGROUP", []Category{CategoryArm}, []Category{CategoryArm}, nil, false, true, "all members of the subject are members of the object"},
	{Receives, 8, "RECEIVED_BY", []Category{CategoryArm}, []Category{CategoryIntervention}, []Role{Experimental, ActiveComparator, PlaceboComparator, Background}, false, false, "the arm is given the intervention"},
	{Evaluates, 9, "EVALUATED_BY", []Category{CategoryTrial}, []Category{CategoryIntervention}, []Role{Experimental, ActiveComparator, PlaceboComparator, Background}, false, false, "the trial gives the intervention, whichever the arm"},
	{Uses, 10, "USED_BY", []Category{CategoryIntervention}, []Category{CategoryCellSource}, []Role{Collection, Infusion}, true, false, "the intervention gives or collects these cells"},
	{Includes, 11, "STEP_OF", []Category{CategoryIntervention}, []Category{CategoryIntervention}, []Role{Conditioning, Collection, Infusion, Background}, true, true, "the object is a step of the subject"},
	{Tests, 12, "TESTED_IN", []Category{CategoryTrial}, []Category{CategoryCellSource}, nil, false, false, "the trial gives these cells, read off its interventions"},
	{Reports, 13, "REPORTED_FOR", []Category{CategoryTrial}, []Category{CategoryOutcome}, nil, false, false, "the outcome is a result of the trial"},
	{ObservedIn, 14, "OBSERVES", []Category{CategoryOutcome}, []Category{CategoryArm}, []Role{ArmOfInterest, ArmComparator}, false, false, "the outcome was observed in the arm, or compared with it"},
	{Measures, 15, "MEASURED_BY", []Category{CategoryOutcome}, []Category{CategoryMeasure, CategoryConcept}, nil, false, false, "the outcome is a value of the measure, or a count of the event"},
	{AboutThing, 16, "SUBJECT_OF", statements, Categories(), []Role{Population, InterventionRole, ComparatorRole, OutcomeRole, SubjectRole}, false, false, "the statement is about the object"},
	{StatedIn, 17, "STATES", statements, []Category{CategoryReference}, nil, false, false, "the statement stands in the reference"},
	{BasedOn, 18, "BASIS_OF", statements, []Category{CategoryReference}, nil, false, false, "the statement names the reference as its evidence"},
	{SaidBy, 19, "SAYS", statements, []Category{CategoryAgent}, nil, false, false, "the reference attributes the statement to the agent"},
	{DocumentedBy, 20, "DOCUMENTS", []Category{CategoryTrial}, []Category{CategoryReference}, []Role{PrimaryReport, RegistryRecord, ProbablyIs, Summarises}, false, false, "the reference reports on the trial"},
	{RefersTo, 21, "REFERRED_TO_BY", []Category{CategoryReference}, []Category{CategoryReference}, []Role{Cites, Republishes, Translates, Summarises, ProbablyIs}, false, true, "the subject cites, copies, translates, sums up or probably is the object"},
	{Linked, 22, "LINKED_FROM", statements, statements, []Role{Contradicts, Overstates, Qualifies, Supports, Incomparable, Supersedes, Tension}, false, false, "a reader's judgement of the subject against the object"},
	{Disputes, 23, "DISPUTED_IN", []Category{CategoryConflict}, statements, nil, false, false, "the conflict is about the statement"},
	{Involves, 24, "INVOLVED_IN", []Category{CategoryTrial, CategoryReference, CategoryAgent}, []Category{CategoryAgent}, []Role{Sponsor, Collaborator, Site, Author, Publisher, Upstream, Employer, Membership, Parent, Participant}, false, false, "the agent takes part in the trial, the reference or the body"},
}

// Predicates returns all predicates in the order of the table.
func Predicates() []Predicate {
	out := make([]Predicate, len(predicates))
	for i := range predicates {
		out[i] = predicates[i].predicate
	}
	return out
}

func (p Predicate) row() *predicateRow {
	for i := range predicates {
		if predicates[i].predicate == p {
			return &predicates[i]
		}
	}
	return nil
}

// Code returns the byte that stands for the predicate in stored keys, 0 when there is no such predicate.
func (p Predicate) Code() byte {
	if r := p.row(); r != nil {
		return r.code
	}
	return 0
}

// PredicateOf returns the predicate that a stored byte stands for.
func PredicateOf(code byte) (Predicate, bool) {
	for i := range predicates {
		if predicates[i].code == code {
			return predicates[i].predicate, true
		}
	}
	return "", false
}

// Domain returns the categories that a subject may have.
func (p Predicate) Domain() []Category { return p.row().domain }

// Range returns the categories that an object may have.
func (p Predicate) Range() []Category { return p.row().rang }

// Roles returns the roles that an edge may carry, none when the predicate takes no role.
func (p Predicate) Roles() []Role { return p.row().roles }

// Inverse names the predicate as read from object to subject.
func (p Predicate) Inverse() string { return p.row().inverse }

// Sense says in a clause what the predicate means.
func (p Predicate) Sense() string { return p.row().sense }

// Fits returns an error that names the mismatch when an edge from one category to the other can't carry the predicate.
func (p Predicate) Fits(subject, object Category) error {
	r := p.row()
	switch {
	case r == nil:
		return fmt.Errorf("there is no predicate %s", quote(string(p)))
	case !slices.Contains(r.domain, subject):
		return fmt.Errorf("%s goes from %v, not from %s", p, r.domain, subject)
	case !slices.Contains(r.rang, object):
		return fmt.Errorf("%s goes to %v, not to %s", p, r.rang, object)
	case r.same && subject != object && !(slices.Contains(ailments, subject) && slices.Contains(ailments, object)):
		return fmt.Errorf("%s joins nodes of one category, not %s and %s", p, subject, object)
	}
	return nil
}
