package graph

import (
	"context"

	"github.com/stemma-kg/stemma/kg"
)

// This file has the lists of outcomes and claims: one line each, naming the hop.

type outcomeResolver struct{}

func (outcomeResolver) Statements(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (outcomeResolver) SaidBy(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *AgentFilter, orderBy *AgentOrder) (*AgentConnection, error) {
	return connect[*kg.Agent](ctx, n, to(kg.SaidBy), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (outcomeResolver) About(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *NodeFilter) (*NodeConnection, error) {
	return connect[kg.Node](ctx, n, to(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (outcomeResolver) BasedOn(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *ReferenceFilter, orderBy *ReferenceOrder) (*ReferenceConnection, error) {
	return connect[*kg.Reference](ctx, n, to(kg.BasedOn), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (outcomeResolver) Conflicts(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *ConflictFilter, orderBy *ConflictOrder) (*ConflictConnection, error) {
	return connect[*kg.Conflict](ctx, n, from(kg.Disputes), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (outcomeResolver) Links(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, to(kg.Linked), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (outcomeResolver) LinkedFrom(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.Linked), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (outcomeResolver) Arms(ctx context.Context, n *kg.Outcome, first *int, after *string, last *int, before *string, filter *ArmFilter, orderBy *ArmOrder) (*ArmConnection, error) {
	return connect[*kg.Arm](ctx, n, to(kg.ObservedIn), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (outcomeResolver) Reference(ctx context.Context, n *kg.Outcome) (*kg.Reference, error) {
	return stored[*kg.Reference](ctx, n.Provenance[0].Source)
}

func (outcomeResolver) Trial(ctx context.Context, n *kg.Outcome) (*kg.Trial, error) {
	return first[*kg.Trial](ctx, n, from(kg.Reports))
}

func (outcomeResolver) Measure(ctx context.Context, n *kg.Outcome) (*kg.Measure, error) {
	return first[*kg.Measure](ctx, n, to(kg.Measures))
}

func (outcomeResolver) Event(ctx context.Context, n *kg.Outcome) (*kg.Concept, error) {
	return first[*kg.Concept](ctx, n, to(kg.Measures))
}

type claimResolver struct{}

func (claimResolver) Statements(ctx context.Context, n *kg.Claim, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (claimResolver) SaidBy(ctx context.Context, n *kg.Claim, first *int, after *string, last *int, before *string, filter *AgentFilter, orderBy *AgentOrder) (*AgentConnection, error) {
	return connect[*kg.Agent](ctx, n, to(kg.SaidBy), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (claimResolver) About(ctx context.Context, n *kg.Claim, first *int, after *string, last *int, before *string, filter *NodeFilter) (*NodeConnection, error) {
	return connect[kg.Node](ctx, n, to(kg.AboutThing), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (claimResolver) BasedOn(ctx context.Context, n *kg.Claim, first *int, after *string, last *int, before *string, filter *ReferenceFilter, orderBy *ReferenceOrder) (*ReferenceConnection, error) {
	return connect[*kg.Reference](ctx, n, to(kg.BasedOn), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (claimResolver) Conflicts(ctx context.Context, n *kg.Claim, first *int, after *string, last *int, before *string, filter *ConflictFilter, orderBy *ConflictOrder) (*ConflictConnection, error) {
	return connect[*kg.Conflict](ctx, n, from(kg.Disputes), PageArgs{first, after, last, before}, filter, filter != nil, orderBy)
}

func (claimResolver) Links(ctx context.Context, n *kg.Claim, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, to(kg.Linked), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (claimResolver) LinkedFrom(ctx context.Context, n *kg.Claim, first *int, after *string, last *int, before *string, filter *StatementFilter) (*StatementConnection, error) {
	return connect[kg.Statement](ctx, n, from(kg.Linked), PageArgs{first, after, last, before}, filter, filter != nil, nil)
}

func (claimResolver) Reference(ctx context.Context, n *kg.Claim) (*kg.Reference, error) {
	return stored[*kg.Reference](ctx, n.Provenance[0].Source)
}
