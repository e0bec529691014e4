package graph

import (
	"context"
	"fmt"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// This file has the filters of the API, one struct for each input type of the schema; plan.go has what they are made of.

// A CommonFilter is what all filters share.
type CommonFilter struct {
	ID         *TermFilter
	Label      *StringFilter
	Name       *StringFilter
	Source     *TermFilter
	Absent     []string
	Present    []string
	Statements *StatementListFilter // tested by who embeds this, after what costs less
}

func (f *CommonFilter) compile(ctx context.Context, p *plan, categories ...kg.Category) error {
	return inOrder(
		func() error { return p.identity(ctx, "id", f.ID, categories...) },
		func() error {
			return p.text("label", f.Label, func(n kg.Node) []string { return []string{n.Base().Label} })
		},
		func() error { return p.text("name", f.Name, names) },
		func() error {
			if f.Source == nil {
				return nil
			}
			sub := &plan{}
			if err := sub.identity(ctx, "source", f.Source, kg.CategoryReference); err != nil {
				return err
			}
			p.test(func(ctx context.Context, n kg.Node) (bool, error) {
				for _, from := range n.Base().Provenance {
					source, err := stored[kg.Node](ctx, from.Source)
					if err != nil || source == nil {
						return false, err
					}
					if ok, err := sub.match(ctx, source); err != nil || ok {
						return ok, err
					}
				}
				return false, nil
			})
			return nil
		},
		func() error {
			for _, field := range f.Absent {
				if slices.Contains(f.Present, field) {
					return badInput("absent, present: %q can't be both", field)
				}
			}
			return nil
		},
		func() error { return p.absence("absent", f.Absent, true, categories) },
		func() error { return p.absence("present", f.Present, false, categories) },
	)
}

func names(n kg.Node) []string {
	h := n.Base()
	out := []string{h.Label}
	for _, l := range h.Labels {
		out = append(out, l.Text)
	}
	return out
}

// absence tests that all fields are empty, or that none is. A field that no category here has is refused.
func (p *plan) absence(argument string, fields []string, empty bool, categories []kg.Category) error {
	if fields == nil {
		return nil
	}
	if len(categories) == 0 {
		categories = kg.Categories()
	}
	for _, f := range fields {
		known := slices.ContainsFunc(categories, func(c kg.Category) bool { return slices.Contains(kg.MayBeAbsent(c), f) })
		if !known {
			return badInput("%s: %v has no field %q that may be empty", argument, categories, f)
		}
	}
	p.test(func(_ context.Context, n kg.Node) (bool, error) {
		absent := kg.Absences(n)
		for _, f := range fields {
			is := slices.ContainsFunc(absent, func(s kg.Silence) bool { return s.Field == f })
			has := slices.Contains(kg.MayBeAbsent(n.Category()), f)
			if !has || is != empty {
				return false, nil
			}
		}
		return true, nil
	})
	return nil
}

// inOrder runs the steps until one fails.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// to is one hop by these predicates, from is one hop back.
func to(ps ...kg.Predicate) storage.Hop   { return storage.Hop{Predicates: ps} }
func from(ps ...kg.Predicate) storage.Hop { return storage.Hop{Predicates: ps, Reverse: true} }

// relation adds a test on a neighbour when the filter asks for one. Categories narrow the neighbours where the predicate allows several.
func relation[F any, C interface {
	*F
	compiler
}](ctx context.Context, p *plan, field string, f C, hop storage.Hop, categories ...kg.Category) error {
	if f == nil {
		return nil
	}
	sub, err := f.compile(ctx)
	if err != nil {
		return fmt.Errorf("%s.%w", field, err)
	}
	if len(categories) > 0 {
		if err := oneOf(sub, "category", categories, kg.Node.Category); err != nil {
			return err
		}
	}
	p.related(sub, hop)
	return nil
}

// A ListFilterOf tests a list of neighbours.
type ListFilterOf[F compiler] struct{ Some, None, Every F }

// neighbourhood adds a test on a list of neighbours when the filter asks for one.
func neighbourhood[F any, C interface {
	*F
	compiler
}](ctx context.Context, p *plan, f *ListFilterOf[C], hop storage.Hop) error {
	if f == nil {
		return nil
	}
	l := &listPlan{}
	for _, part := range []struct {
		f  C
		to **plan
	}{{f.Some, &l.some}, {f.None, &l.none}, {f.Every, &l.every}} {
		if part.f != nil {
			sub, err := part.f.compile(ctx)
			if err != nil {
				return err
			}
			*part.to = sub
		}
	}
	p.list(l, hop)
	return nil
}

// The list filters.
type (
	TrialListFilter        = ListFilterOf[*TrialFilter]
	InterventionListFilter = ListFilterOf[*InterventionFilter]
	ArmListFilter          = ListFilterOf[*ArmFilter]
	OutcomeListFilter      = ListFilterOf[*OutcomeFilter]
	ReferenceListFilter    = ListFilterOf[*ReferenceFilter]
	StatementListFilter    = ListFilterOf[*StatementFilter]
)

// A NodeFilter says which nodes of any category.
type NodeFilter struct {
	And, Or []*NodeFilter
	Not     *NodeFilter
	CommonFilter
	Category []kg.Category
}

func (f *NodeFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, f.Category...) },
		func() error { return oneOf(p, "category", f.Category, kg.Node.Category) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A DiseaseFilter says which diseases.
type DiseaseFilter struct {
	And, Or []*DiseaseFilter
	Not     *DiseaseFilter
	CommonFilter
	Trials *TrialListFilter
}

func (f *DiseaseFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryDisease) },
		func() error { return neighbourhood(ctx, p, f.Trials, from(kg.Investigates)) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A ConceptFilter says which concepts.
type ConceptFilter struct {
	And, Or []*ConceptFilter
	Not     *ConceptFilter
	CommonFilter
	Scheme []kg.ConceptScheme
}

func (f *ConceptFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryConcept) },
		func() error {
			return indexed(p, "scheme", f.Scheme, func(c *kg.Concept) kg.ConceptScheme { return c.Scheme })
		},
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A MeasureFilter says which measures.
type MeasureFilter struct {
	And, Or []*MeasureFilter
	Not     *MeasureFilter
	CommonFilter
	Biomarker *bool
	Benefit   []kg.BenefitDirection
}

func (f *MeasureFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryMeasure) },
		func() error { return is(p, f.Biomarker, func(m *kg.Measure) bool { return m.Biomarker }) },
		func() error {
			return oneOf(p, "benefit", f.Benefit, func(m *kg.Measure) kg.BenefitDirection { return m.Benefit })
		},
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// is adds a test of a yes or no.
func is[N kg.Node](p *plan, want *bool, value func(N) bool) error {
	if want != nil {
		on(p, func(n N) bool { return value(n) == *want })
	}
	return nil
}

// A CellSourceFilter says which cell sources.
type CellSourceFilter struct {
	And, Or []*CellSourceFilter
	Not     *CellSourceFilter
	CommonFilter
	Donor         []kg.Donor
	Trials        *TrialListFilter
	Interventions *InterventionListFilter
}

func (f *CellSourceFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryCellSource) },
		func() error { return indexed(p, "donor", f.Donor, func(c *kg.CellSource) kg.Donor { return c.Donor }) },
		func() error { return neighbourhood(ctx, p, f.Trials, from(kg.Tests)) },
		func() error { return neighbourhood(ctx, p, f.Interventions, from(kg.Uses)) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// An InterventionFilter says which interventions.
type InterventionFilter struct {
	And, Or []*InterventionFilter
	Not     *InterventionFilter
	CommonFilter
	Type       []kg.InterventionType
	Route      []kg.Route
	CellSource *CellSourceFilter
}

func (f *InterventionFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryIntervention) },
		func() error {
			return indexed(p, "type", f.Type, func(i *kg.Intervention) kg.InterventionType { return i.Type })
		},
		func() error {
			return indexedAny(p, "route", f.Route, func(i *kg.Intervention) []kg.Route { return i.Routes })
		},
		func() error { return relation(ctx, p, "cellSource", f.CellSource, to(kg.Uses)) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A TrialFilter says which trials.
type TrialFilter struct {
	And, Or []*TrialFilter
	Not     *TrialFilter
	CommonFilter
	Phase        []kg.Phase
	Status       []kg.Status
	Design       []kg.Design
	Allocation   []kg.Allocation
	Country      []string
	Enrollment   *FloatFilter
	Date         *DateFilter
	Disease      *DiseaseFilter
	CellSource   *CellSourceFilter
	Intervention *InterventionFilter
	Arms         *ArmListFilter
	Outcomes     *OutcomeListFilter
	References   *ReferenceListFilter
}

func (f *TrialFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryTrial) },
		func() error { return indexed(p, "phase", f.Phase, func(t *kg.Trial) kg.Phase { return t.Phase }) },
		func() error { return indexed(p, "status", f.Status, func(t *kg.Trial) kg.Status { return t.Status }) },
		func() error { return indexed(p, "design", f.Design, func(t *kg.Trial) kg.Design { return t.Design }) },
		func() error {
			return indexed(p, "allocation", f.Allocation, func(t *kg.Trial) kg.Allocation { return t.Allocation })
		},
		func() error { return countries(f.Country) },
		func() error {
			return indexedAny(p, "country", f.Country, func(t *kg.Trial) []string { return t.Countries })
		},
		func() error {
			return p.number("enrollment", f.Enrollment, func(n kg.Node) *kg.Quantity { return n.(*kg.Trial).Enrollment })
		},
		func() error { return p.date("date", f.Date, func(n kg.Node) string { return n.(*kg.Trial).Day() }) },
		func() error { return relation(ctx, p, "disease", f.Disease, to(kg.Investigates)) },
		func() error { return relation(ctx, p, "cellSource", f.CellSource, to(kg.Tests)) },
		func() error { return given(ctx, p, f.Intervention) },
		func() error { return neighbourhood(ctx, p, f.Arms, to(kg.HasArm)) },
		func() error { return neighbourhood(ctx, p, f.Outcomes, to(kg.Reports)) },
		func() error { return neighbourhood(ctx, p, f.References, to(kg.DocumentedBy)) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// given tests what a trial gives, itself or in an arm of it.
func given(ctx context.Context, p *plan, f *InterventionFilter) error {
	if f == nil {
		return nil
	}
	sub, err := f.compile(ctx)
	if err != nil {
		return fmt.Errorf("intervention.%w", err)
	}
	arm := &plan{}
	arm.related(sub, to(kg.Receives))
	p.test(func(ctx context.Context, n kg.Node) (bool, error) {
		if ok, err := some(ctx, n, to(kg.Evaluates), sub); err != nil || ok {
			return ok, err
		}
		return some(ctx, n, to(kg.HasArm), arm)
	})
	return nil
}

// An ArmFilter says which arms.
type ArmFilter struct {
	And, Or []*ArmFilter
	Not     *ArmFilter
	CommonFilter
	N            *FloatFilter
	Role         []kg.Role
	Intervention *InterventionFilter
	Trial        *TrialFilter
}

func (f *ArmFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryArm) },
		func() error { return p.number("n", f.N, func(n kg.Node) *kg.Quantity { return n.(*kg.Arm).N }) },
		func() error {
			for _, r := range f.Role {
				if !slices.Contains(kg.ArmRoles(), r) {
					return badInput("role: an arm is never %s: want %v", r, kg.ArmRoles())
				}
			}
			return oneOf(p, "role", f.Role, func(a *kg.Arm) kg.Role { return a.Role })
		},
		func() error { return relation(ctx, p, "intervention", f.Intervention, to(kg.Receives)) },
		func() error { return relation(ctx, p, "trial", f.Trial, from(kg.HasArm)) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A SayingFilter is what the filters of statements share.
type SayingFilter struct {
	Kind       []kg.StatementKind
	Text       *StringFilter
	Modality   []kg.Modality
	Polarity   []kg.Polarity
	Confidence []kg.Confidence
	Flag       []string
	Reference  *ReferenceFilter
	SaidBy     *AgentFilter
	About      *NodeFilter
	Disputed   *bool
}

func (f *SayingFilter) compile(ctx context.Context, p *plan) error {
	type s = kg.Statement
	return inOrder(
		func() error { return indexed(p, "kind", f.Kind, func(n s) kg.StatementKind { return n.Said().Kind }) },
		func() error {
			return p.text("text", f.Text, func(n kg.Node) []string { return []string{n.(kg.Statement).Said().Text} })
		},
		func() error {
			return oneOf(p, "modality", f.Modality, func(n s) kg.Modality { return n.Said().Modality })
		},
		func() error {
			return oneOf(p, "polarity", f.Polarity, func(n s) kg.Polarity { return n.Said().Polarity })
		},
		func() error {
			return oneOf(p, "confidence", f.Confidence, func(n s) kg.Confidence { return n.Said().Confidence })
		},
		func() error { return used(ctx, "flag", f.Flag, kg.CategoryOutcome, kg.CategoryClaim) },
		func() error { return anyOf(p, "flag", f.Flag, func(n s) []string { return n.Said().Flags }) },
		func() error { return relation(ctx, p, "reference", f.Reference, to(kg.StatedIn)) },
		func() error { return relation(ctx, p, "saidBy", f.SaidBy, to(kg.SaidBy)) },
		func() error { return relation(ctx, p, "about", f.About, to(kg.AboutThing)) },
		func() error {
			if f.Disputed != nil {
				p.test(func(ctx context.Context, n kg.Node) (bool, error) {
					found, err := some(ctx, n, from(kg.Disputes), nil)
					return found == *f.Disputed, err
				})
			}
			return nil
		},
	)
}

// A StatementFilter says which statements.
type StatementFilter struct {
	And, Or []*StatementFilter
	Not     *StatementFilter
	CommonFilter
	Category []kg.Category
	SayingFilter
}

func (f *StatementFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryOutcome, kg.CategoryClaim) },
		func() error { return oneOf(p, "category", f.Category, kg.Node.Category) },
		func() error { return f.SayingFilter.compile(ctx, p) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// An OutcomeFilter says which outcomes.
type OutcomeFilter struct {
	And, Or []*OutcomeFilter
	Not     *OutcomeFilter
	CommonFilter
	SayingFilter
	Role                    []kg.OutcomeRank
	Measure                 *MeasureFilter
	Event                   *ConceptFilter
	Trial                   *TrialFilter
	Direction               []kg.Direction
	Interpretation          []kg.Interpretation
	Statistics              []kg.StatisticsReported
	SignificanceClaimed     *bool
	Seriousness             []kg.Seriousness
	Relatedness             []kg.Relatedness
	Rate, NAffected, NTotal *FloatFilter
}

func (f *OutcomeFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	type o = *kg.Outcome
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryOutcome) },
		func() error { return f.SayingFilter.compile(ctx, p) },
		func() error { return oneOf(p, "role", f.Role, func(n o) kg.OutcomeRank { return n.Role }) },
		func() error {
			return indexed(p, "direction", f.Direction, func(n o) kg.Direction { return n.Direction })
		},
		func() error {
			return indexed(p, "interpretation", f.Interpretation, func(n o) kg.Interpretation { return n.Interpretation })
		},
		func() error {
			return indexed(p, "statistics", f.Statistics, func(n o) kg.StatisticsReported { return n.Statistics })
		},
		func() error {
			if want := f.SignificanceClaimed; want != nil {
				on(p, func(n o) bool { return n.SignificanceClaimed != nil && *n.SignificanceClaimed == *want })
			}
			return nil
		},
		func() error {
			return oneOf(p, "seriousness", f.Seriousness, func(n o) kg.Seriousness { return n.Seriousness })
		},
		func() error {
			return oneOf(p, "relatedness", f.Relatedness, func(n o) kg.Relatedness { return n.Relatedness })
		},
		func() error { return p.number("rate", f.Rate, func(n kg.Node) *kg.Quantity { return n.(o).Rate }) },
		func() error {
			return p.number("nAffected", f.NAffected, func(n kg.Node) *kg.Quantity { return n.(o).NAffected })
		},
		func() error {
			return p.number("nTotal", f.NTotal, func(n kg.Node) *kg.Quantity { return n.(o).NTotal })
		},
		func() error { return relation(ctx, p, "measure", f.Measure, to(kg.Measures), kg.CategoryMeasure) },
		func() error { return relation(ctx, p, "event", f.Event, to(kg.Measures), kg.CategoryConcept) },
		func() error { return relation(ctx, p, "trial", f.Trial, from(kg.Reports)) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A ClaimFilter says which claims.
type ClaimFilter struct {
	And, Or []*ClaimFilter
	Not     *ClaimFilter
	CommonFilter
	SayingFilter
	Criterion  []kg.Criterion
	Topic      []string
	Conclusion []string
}

func (f *ClaimFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryClaim) },
		func() error { return f.SayingFilter.compile(ctx, p) },
		func() error {
			return indexed(p, "criterion", f.Criterion, func(c *kg.Claim) kg.Criterion { return c.Criterion })
		},
		func() error { return used(ctx, "topic", f.Topic, kg.CategoryClaim) },
		func() error { return used(ctx, "conclusion", f.Conclusion, kg.CategoryClaim) },
		func() error { return indexed(p, "topic", f.Topic, func(c *kg.Claim) string { return c.Topic }) },
		func() error {
			return indexed(p, "conclusion", f.Conclusion, func(c *kg.Claim) string { return c.Conclusion })
		},
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A ConflictFilter says which conflicts.
type ConflictFilter struct {
	And, Or []*ConflictFilter
	Not     *ConflictFilter
	CommonFilter
	Type     []kg.ConflictType
	Disputes *StatementListFilter
}

func (f *ConflictFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryConflict) },
		func() error {
			return indexed(p, "type", f.Type, func(c *kg.Conflict) kg.ConflictType { return c.Type })
		},
		func() error { return neighbourhood(ctx, p, f.Disputes, to(kg.Disputes)) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// A ReferenceFilter says which references.
type ReferenceFilter struct {
	And, Or []*ReferenceFilter
	Not     *ReferenceFilter
	CommonFilter
	Type      []kg.ReferenceType
	Title     *StringFilter
	Published *DateFilter
	Retracted *bool
}

func (f *ReferenceFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryReference) },
		func() error {
			return indexed(p, "type", f.Type, func(r *kg.Reference) kg.ReferenceType { return r.Type })
		},
		func() error {
			return p.text("title", f.Title, func(n kg.Node) []string { return []string{n.(*kg.Reference).Title} })
		},
		func() error {
			return p.date("published", f.Published, func(n kg.Node) string { return n.(*kg.Reference).Published().Sortable() })
		},
		func() error { return is(p, f.Retracted, func(r *kg.Reference) bool { return r.Retraction != nil }) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}

// countries refuses what is no country's code: a filter never is silently empty.
func countries(codes []string) error {
	for _, c := range codes {
		if !kg.IsCountry(c) {
			return badInput("country: %q is not an ISO 3166-1 alpha-2 code such as GB", c)
		}
	}
	return nil
}

// used refuses values of an open vocabulary that nothing in the graph has.
func used(ctx context.Context, field string, values []string, categories ...kg.Category) error {
	for _, v := range values {
		found := false
		for _, c := range categories {
			page, err := reader(ctx).Scan(ctx, storage.Find{Category: c, Term: field, Equal: &v, Window: storage.Window{Limit: 1}})
			if err != nil {
				return err
			}
			found = found || len(page.Items) > 0
		}
		if !found {
			return &Error{Code: NotFound, Message: fmt.Sprintf("%s: nothing in this graph has %q", field, v)}
		}
	}
	return nil
}

// An AgentFilter says which agents.
type AgentFilter struct {
	And, Or []*AgentFilter
	Not     *AgentFilter
	CommonFilter
	Type    []kg.AgentKind
	Country []string
}

func (f *AgentFilter) compile(ctx context.Context) (*plan, error) {
	p := &plan{}
	return p, inOrder(
		func() error { return f.CommonFilter.compile(ctx, p, kg.CategoryAgent) },
		func() error { return indexed(p, "type", f.Type, func(a *kg.Agent) kg.AgentKind { return a.Type }) },
		func() error { return countries(f.Country) },
		func() error { return oneOf(p, "country", f.Country, func(a *kg.Agent) string { return a.Country }) },
		func() error { return neighbourhood(ctx, p, f.Statements, from(kg.AboutThing)) },
		func() error { return combine(ctx, p, f.And, f.Or, f.Not, f.Not != nil) },
	)
}
