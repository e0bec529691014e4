package graph

import (
	"context"

	"github.com/stemma-kg/stemma/kg"
)

// This file has the lists of the things that evidence is about: one line each, naming the hop.

type diseaseResolver struct{}

func (diseaseResolver) Statements(ctx context.Context, n *kg.Disease, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (diseaseResolver) Broader(ctx context.Context, n *kg.Disease, first *int, after *string, last *int, before *string, filter *DiseaseFilter, orderBy *DiseaseOrder) (*DiseaseConnection, error) {
	return connect[*kg.Disease](ctx, n, to(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (diseaseResolver) Narrower(ctx context.Context, n *kg.Disease, first *int, after *string, last *int, before *string, filter *DiseaseFilter, orderBy *DiseaseOrder) (*DiseaseConnection, error) {
	return connect[*kg.Disease](ctx, n, from(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (diseaseResolver) Causes(ctx context.Context, n *kg.Disease, first *int, after *string, last *int, before *string, filter *NodeFilter) (*NodeConnection, error) {
	return connect[kg.Node](ctx, n, to(kg.Causes), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (diseaseResolver) CausedBy(ctx context.Context, n *kg.Disease, first *int, after *string, last *int, before *string, filter *NodeFilter) (*NodeConnection, error) {
	return connect[kg.Node](ctx, n, from(kg.Causes), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (diseaseResolver) Trials(ctx context.Context, n *kg.Disease, first *int, after *string, last *int, before *string, filter *TrialFilter, orderBy *TrialOrder) (*TrialConnection, error) {
	return connect[*kg.Trial](ctx, n, from(kg.Investigates), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

type conceptResolver struct{}

func (conceptResolver) Statements(ctx context.Context, n *kg.Concept, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (conceptResolver) Broader(ctx context.Context, n *kg.Concept, first *int, after *string, last *int, before *string, filter *ConceptFilter, orderBy *ConceptOrder) (*ConceptConnection, error) {
	return connect[*kg.Concept](ctx, n, to(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (conceptResolver) Narrower(ctx context.Context, n *kg.Concept, first *int, after *string, last *int, before *string, filter *ConceptFilter, orderBy *ConceptOrder) (*ConceptConnection, error) {
	return connect[*kg.Concept](ctx, n, from(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (conceptResolver) Causes(ctx context.Context, n *kg.Concept, first *int, after *string, last *int, before *string, filter *NodeFilter) (*NodeConnection, error) {
	return connect[kg.Node](ctx, n, to(kg.Causes), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (conceptResolver) CausedBy(ctx context.Context, n *kg.Concept, first *int, after *string, last *int, before *string, filter *NodeFilter) (*NodeConnection, error) {
	return connect[kg.Node](ctx, n, from(kg.Causes), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (conceptResolver) Outcomes(ctx context.Context, n *kg.Concept, first *int, after *string, last *int, before *string, filter *OutcomeFilter, orderBy *OutcomeOrder) (*OutcomeConnection, error) {
	return connect[*kg.Outcome](ctx, n, from(kg.Measures), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

type measureResolver struct{}

func (measureResolver) Statements(ctx context.Context, n *kg.Measure, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (measureResolver) Broader(ctx context.Context, n *kg.Measure, first *int, after *string, last *int, before *string, filter *MeasureFilter, orderBy *MeasureOrder) (*MeasureConnection, error) {
	return connect[*kg.Measure](ctx, n, to(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (measureResolver) Narrower(ctx context.Context, n *kg.Measure, first *int, after *string, last *int, before *string, filter *MeasureFilter, orderBy *MeasureOrder) (*MeasureConnection, error) {
	return connect[*kg.Measure](ctx, n, from(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (measureResolver) Outcomes(ctx context.Context, n *kg.Measure, first *int, after *string, last *int, before *string, filter *OutcomeFilter, orderBy *OutcomeOrder) (*OutcomeConnection, error) {
	return connect[*kg.Outcome](ctx, n, from(kg.Measures), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

type cellSourceResolver struct{}

func (cellSourceResolver) Statements(ctx context.Context, n *kg.CellSource, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (cellSourceResolver) Broader(ctx context.Context, n *kg.CellSource, first *int, after *string, last *int, before *string, filter *CellSourceFilter, orderBy *CellSourceOrder) (*CellSourceConnection, error) {
	return connect[*kg.CellSource](ctx, n, to(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (cellSourceResolver) Narrower(ctx context.Context, n *kg.CellSource, first *int, after *string, last *int, before *string, filter *CellSourceFilter, orderBy *CellSourceOrder) (*CellSourceConnection, error) {
	return connect[*kg.CellSource](ctx, n, from(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (cellSourceResolver) Interventions(ctx context.Context, n *kg.CellSource, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return connect[*kg.Intervention](ctx, n, from(kg.Uses), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (cellSourceResolver) Trials(ctx context.Context, n *kg.CellSource, first *int, after *string, last *int, before *string, filter *TrialFilter, orderBy *TrialOrder) (*TrialConnection, error) {
	return connect[*kg.Trial](ctx, n, from(kg.Tests), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

type interventionResolver struct{}

func (interventionResolver) Statements(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (interventionResolver) Broader(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return connect[*kg.Intervention](ctx, n, to(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (interventionResolver) Narrower(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return connect[*kg.Intervention](ctx, n, from(broader...), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (interventionResolver) CellSources(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *CellSourceFilter, orderBy *CellSourceOrder) (*CellSourceConnection, error) {
	return connect[*kg.CellSource](ctx, n, to(kg.Uses), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (interventionResolver) Steps(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return connect[*kg.Intervention](ctx, n, to(kg.Includes), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (interventionResolver) StepOf(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *InterventionFilter, orderBy *InterventionOrder) (*InterventionConnection, error) {
	return connect[*kg.Intervention](ctx, n, from(kg.Includes), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (interventionResolver) Arms(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *ArmFilter, orderBy *ArmOrder) (*ArmConnection, error) {
	return connect[*kg.Arm](ctx, n, from(kg.Receives), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (interventionResolver) Trials(ctx context.Context, n *kg.Intervention, first *int, after *string, last *int, before *string, filter *TrialFilter, orderBy *TrialOrder) (*TrialConnection, error) {
	return connect[*kg.Trial](ctx, n, from(kg.Evaluates), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

type conflictResolver struct{}

func (conflictResolver) Statements(ctx context.Context, n *kg.Conflict, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (conflictResolver) Disputes(ctx context.Context, n *kg.Conflict, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, to(kg.Disputes), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

type agentResolver struct{}

func (agentResolver) Statements(ctx context.Context, n *kg.Agent, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (agentResolver) Says(ctx context.Context, n *kg.Agent, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.SaidBy), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (agentResolver) Trials(ctx context.Context, n *kg.Agent, first *int, after *string, last *int, before *string, filter *TrialFilter, orderBy *TrialOrder) (*TrialConnection, error) {
	return connect[*kg.Trial](ctx, n, from(kg.Involves), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (agentResolver) References(ctx context.Context, n *kg.Agent, first *int, after *string, last *int, before *string, filter *ReferenceFilter, orderBy *ReferenceOrder) (*ReferenceConnection, error) {
	return connect[*kg.Reference](ctx, n, from(kg.Involves), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (agentResolver) Bodies(ctx context.Context, n *kg.Agent, first *int, after *string, last *int, before *string, filter *AgentFilter, orderBy *AgentOrder) (*AgentConnection, error) {
	return connect[*kg.Agent](ctx, n, to(kg.Involves), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (agentResolver) Members(ctx context.Context, n *kg.Agent, first *int, after *string, last *int, before *string, filter *AgentFilter, orderBy *AgentOrder) (*AgentConnection, error) {
	return connect[*kg.Agent](ctx, n, from(kg.Involves), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}
