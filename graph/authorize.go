package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// authorized asks, before an operation runs, whether who asks may use each of its root fields. If one is refused, nothing of the
// operation runs. A subscription is asked about again at each event: a token may be revoked while it is open.
type authorized struct {
	graphql.ExecutableSchema
	authorize func(ctx context.Context, field string) error
}

// Exec is called by the endpoint.
func (a authorized) Exec(ctx context.Context) graphql.ResponseHandler {
	if refused := a.check(ctx); refused != nil {
		return graphql.OneShot(refused)
	}
	next := a.ExecutableSchema.Exec(ctx)
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Subscription {
		return next
	}
	return func(ctx context.Context) *graphql.Response {
		event := next(ctx)
		if event == nil {
			return nil
		}
		if refused := a.check(ctx); refused != nil {
			return refused
		}
		return event
	}
}

// check returns the refusal of an operation, or nil.
func (a authorized) check(ctx context.Context) *graphql.Response {
	op := graphql.GetOperationContext(ctx)
	root := a.root(op.Operation.Operation)
	for _, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{root}) {
		if err := a.authorize(ctx, root+"."+field.Name); err != nil {
			graphql.AddError(ctx, err)
			return &graphql.Response{}
		}
	}
	return nil
}

// root returns the name of the type that an operation begins at.
func (a authorized) root(kind ast.Operation) string {
	switch s := a.Schema(); {
	case kind == ast.Mutation && s.Mutation != nil:
		return s.Mutation.Name
	case kind == ast.Subscription && s.Subscription != nil:
		return s.Subscription.Name
	default:
		return s.Query.Name
	}
}
