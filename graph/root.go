package graph

import (
	"context"

	"github.com/stemma-kg/stemma/kg"
)

// This file has the lists at the root.

func (queryResolver) Disease(ctx context.Context, id kg.ID) (*kg.Disease, error) {
	return get[*kg.Disease](ctx, id)
}

func (queryResolver) Diseases(ctx context.Context, first *int, after *string, last *int, before *string, filter *DiseaseFilter, orderBy *DiseaseOrder) (*DiseaseConnection, error) {
	return list[*kg.Disease](ctx, kg.CategoryDisease, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Concept(ctx context.Context, id kg.ID) (*kg.Concept, error) {
	return get[*kg.Concept](ctx, id)
}

func (queryResolver) Concepts(ctx context.Context, first *int, after *string, last *int, before *string, filter *ConceptFilter, orderBy *ConceptOrder) (*ConceptConnection, error) {
	return list[*kg.Concept](ctx, kg.CategoryConcept, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Measure(ctx context.Context, id kg.ID) (*kg.Measure, error) {
	return get[*kg.Measure](ctx, id)
}

func (queryResolver) Measures(ctx context.Context, first *int, after *string, last *int, before *string, filter *MeasureFilter, orderBy *MeasureOrder) (*MeasureConnection, error) {
	return list[*kg.Measure](ctx, kg.CategoryMeasure, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) CellSource(ctx context.Context, id kg.ID) (*kg.CellSource, error) {
	return get[*kg.CellSource](ctx, id)
}

func (queryResolver) CellSources(ctx context.Context, first *int, after *string, last *int, before *string, filter *CellSourceFilter, orderBy *CellSourceOrder) (*CellSourceConnection, error) {
	return list[*kg.CellSource](ctx, kg.CategoryCellSource, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Intervention(ctx context.Context, id kg.ID) (*kg.Intervention, error) {
	return get[*kg.Intervention](ctx, id)
}

func (queryResolver) Interventions(ctx context.Context, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return list[*kg.Intervention](ctx, kg.CategoryIntervention, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Trial(ctx context.Context, id kg.ID) (*kg.Trial, error) {
	return get[*kg.Trial](ctx, id)
}

func (queryResolver) Trials(ctx context.Context, first *int, after *string, last *int, before *string, filter *TrialFilter, orderBy *TrialOrder) (*TrialConnection, error) {
	return list[*kg.Trial](ctx, kg.CategoryTrial, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Arm(ctx context.Context, id kg.ID) (*kg.Arm, error) {
	return get[*kg.Arm](ctx, id)
}

func (queryResolver) Arms(ctx context.Context, first *int, after *string, last *int, before *string, filter *ArmFilter, orderBy *ArmOrder) (*ArmConnection, error) {
	return list[*kg.Arm](ctx, kg.CategoryArm, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Outcome(ctx context.Context, id kg.ID) (*kg.Outcome, error) {
	return get[*kg.Outcome](ctx, id)
}

func (queryResolver) Outcomes(ctx context.Context, first *int, after *string, last *int, before *string, filter *OutcomeFilter, orderBy *OutcomeOrder) (*OutcomeConnection, error) {
	return list[*kg.Outcome](ctx, kg.CategoryOutcome, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Claim(ctx context.Context, id kg.ID) (*kg.Claim, error) {
	return get[*kg.Claim](ctx, id)
}

func (queryResolver) Claims(ctx context.Context, first *int, after *string, last *int, before *string, filter *ClaimFilter, orderBy *ClaimOrder) (*ClaimConnection, error) {
	return list[*kg.Claim](ctx, kg.CategoryClaim, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Conflict(ctx context.Context, id kg.ID) (*kg.Conflict, error) {
	return get[*kg.Conflict](ctx, id)
}

func (queryResolver) Conflicts(ctx context.Context, first *int, after *string, last *int, before *string, filter *ConflictFilter, orderBy *ConflictOrder) (*ConflictConnection, error) {
	return list[*kg.Conflict](ctx, kg.CategoryConflict, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Reference(ctx context.Context, id kg.ID) (*kg.Reference, error) {
	return get[*kg.Reference](ctx, id)
}

func (queryResolver) References(ctx context.Context, first *int, after *string, last *int, before *string, filter *ReferenceFilter, orderBy *ReferenceOrder) (*ReferenceConnection, error) {
	return list[*kg.Reference](ctx, kg.CategoryReference, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (queryResolver) Agent(ctx context.Context, id kg.ID) (*kg.Agent, error) {
	return get[*kg.Agent](ctx, id)
}

func (queryResolver) Agents(ctx context.Context, first *int, after *string, last *int, before *string, filter *AgentFilter, orderBy *AgentOrder) (*AgentConnection, error) {
	return list[*kg.Agent](ctx, kg.CategoryAgent, PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}
