package graph

import (
	"context"

	"github.com/stemma-kg/stemma/kg"
)

// This file has the lists of trials, arms and references: one line each, naming the hop.

type trialResolver struct{}

func (trialResolver) Statements(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (trialResolver) Diseases(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *DiseaseFilter, orderBy *DiseaseOrder) (*DiseaseConnection, error) {
	return connect[*kg.Disease](ctx, n, to(kg.Investigates), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (trialResolver) Arms(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *ArmFilter, orderBy *ArmOrder) (*ArmConnection, error) {
	return connect[*kg.Arm](ctx, n, to(kg.HasArm), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (trialResolver) Interventions(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return connect[*kg.Intervention](ctx, n, to(kg.Evaluates), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (trialResolver) CellSources(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *CellSourceFilter, orderBy *CellSourceOrder) (*CellSourceConnection, error) {
	return connect[*kg.CellSource](ctx, n, to(kg.Tests), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (trialResolver) Outcomes(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *OutcomeFilter, orderBy *OutcomeOrder) (*OutcomeConnection, error) {
	return connect[*kg.Outcome](ctx, n, to(kg.Reports), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (trialResolver) References(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *ReferenceFilter, orderBy *ReferenceOrder) (*ReferenceConnection, error) {
	return connect[*kg.Reference](ctx, n, to(kg.DocumentedBy), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (trialResolver) Agents(ctx context.Context, n *kg.Trial, first *int, after *string, last *int, before *string, filter *AgentFilter, orderBy *AgentOrder) (*AgentConnection, error) {
	return connect[*kg.Agent](ctx, n, to(kg.Involves), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

type armResolver struct{}

func (armResolver) Statements(ctx context.Context, n *kg.Arm, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (armResolver) Interventions(ctx context.Context, n *kg.Arm, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return connect[*kg.Intervention](ctx, n, to(kg.Receives), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (armResolver) SubgroupOf(ctx context.Context, n *kg.Arm, first *int, after *string, last *int, before *string, filter *ArmFilter, orderBy *ArmOrder) (*ArmConnection, error) {
	return connect[*kg.Arm](ctx, n, to(kg.SubgroupOf), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (armResolver) Subgroups(ctx context.Context, n *kg.Arm, first *int, after *string, last *int, before *string, filter *ArmFilter, orderBy *ArmOrder) (*ArmConnection, error) {
	return connect[*kg.Arm](ctx, n, from(kg.SubgroupOf), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (armResolver) Outcomes(ctx context.Context, n *kg.Arm, first *int, after *string, last *int, before *string, filter *OutcomeFilter, orderBy *OutcomeOrder) (*OutcomeConnection, error) {
	return connect[*kg.Outcome](ctx, n, from(kg.ObservedIn), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (armResolver) Trial(ctx context.Context, n *kg.Arm) (*kg.Trial, error) {
	return first[*kg.Trial](ctx, n, from(kg.HasArm))
}

type referenceResolver struct{}

func (referenceResolver) Statements(ctx context.Context, n *kg.Reference, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (referenceResolver) States(ctx context.Context, n *kg.Reference, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.StatedIn), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (referenceResolver) BasisOf(ctx context.Context, n *kg.Reference, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.BasedOn), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (referenceResolver) RefersTo(ctx context.Context, n *kg.Reference, first *int, after *string, last *int, before *string, filter *ReferenceFilter, orderBy *ReferenceOrder) (*ReferenceConnection, error) {
	return connect[*kg.Reference](ctx, n, to(kg.RefersTo), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (referenceResolver) ReferredToBy(ctx context.Context, n *kg.Reference, first *int, after *string, last *int, before *string, filter *ReferenceFilter, orderBy *ReferenceOrder) (*ReferenceConnection, error) {
	return connect[*kg.Reference](ctx, n, from(kg.RefersTo), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (referenceResolver) Trials(ctx context.Context, n *kg.Reference, first *int, after *string, last *int, before *string, filter *TrialFilter, orderBy *TrialOrder) (*TrialConnection, error) {
	return connect[*kg.Trial](ctx, n, from(kg.DocumentedBy), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (referenceResolver) Agents(ctx context.Context, n *kg.Reference, first *int, after *string, last *int, before *string, filter *AgentFilter, orderBy *AgentOrder) (*AgentConnection, error) {
	return connect[*kg.Agent](ctx, n, to(kg.Involves), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}
