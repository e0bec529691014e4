package graph

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/storage"
)

// Options say what a server answers from, and for whom.
type Options struct {
	Store   storage.Store
	Version string           // of the program
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: slog.Default()
	Budget  int64            // nodes that filters, totals and orders of one operation may look at; 0: DefaultBudget

	// Authenticate says who asks; nil lets everyone in, to read.
	Authenticate func(*http.Request) (context.Context, error)
	// Authorize says whether who asks may use a root field, such as "Query.node": nil, or an error that is shown. A nil function lets
	// everyone use all.
	Authorize func(ctx context.Context, field string) error
	// Writer says whether who asks may write, and in whose name; nil lets nobody.
	Writer func(context.Context) Writer

	// Endpoint has the limits, origins and hooks of the transport. What graph fills in itself (Around, Present, Authenticate) is
	// overwritten.
	Endpoint endpoint.Options
}

// New returns the GraphQL endpoint: over HTTP, websockets and server-sent events.
func New(o Options) (*endpoint.Endpoint, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	if o.Writer == nil {
		o.Writer = func(context.Context) Writer {
			return Writer{Code: ReadOnly, Why: "this server takes no writes"}
		}
	}
	ops := &operations{o}
	e := o.Endpoint
	e.Authenticate, e.Around, e.Present = o.Authenticate, ops.around, present
	e.Logger = o.Log
	if e.ListSize == nil {
		e.ListSize = listSize
	}
	es := NewExecutableSchema(Config{Resolvers: &Resolver{Store: o.Store, Version: o.Version, Now: o.Now, Log: o.Log}})
	if o.Authorize != nil {
		es = authorized{es, o.Authorize}
	}
	return endpoint.New(es, e)
}

type operations struct{ Options }

// around gives an operation one snapshot to read from, and tells in the response which revision that was.
func (o *operations) around(ctx context.Context, op *graphql.OperationContext, next func(context.Context) *graphql.Response) *graphql.Response {
	if op.Operation.Operation == ast.Subscription {
		return next(ctx)
	}
	s := &snapshot{writer: o.Writer(ctx)}
	s.budget.Store(o.Budget)
	at, err := o.asOf(ctx, op)
	if err == nil {
		err = s.open(ctx, o.Store, at)
	}
	if err != nil {
		if shown := present(ctx, err); shown != nil {
			return &graphql.Response{Errors: gqlerror.List{shown}}
		}
		o.Log.ErrorContext(ctx, "open a snapshot", "error", err)
		return &graphql.Response{Errors: gqlerror.List{endpoint.Errorf(endpoint.CodeInternal, "internal error")}}
	}
	defer s.close()
	ctx = context.WithValue(ctx, snapshotKey{}, s)
	response := next(ctx)
	if response != nil {
		if response.Extensions == nil {
			response.Extensions = map[string]any{}
		}
		response.Extensions["revision"] = reader(ctx).Revision()
	}
	return response
}

// asOf reads the directive @asOf of an operation.
func (o *operations) asOf(ctx context.Context, op *graphql.OperationContext) (storage.At, error) {
	var at storage.At
	d := op.Operation.Directives.ForName("asOf")
	if d == nil {
		return at, nil
	}
	given := map[string]any{}
	for name, v := range d.ArgumentMap(op.Variables) {
		if v != nil {
			given[name] = v
		}
	}
	if len(given) != 1 {
		return at, badInput("@asOf: give exactly one of revision, release and date, not %d", len(given))
	}
	if v, ok := given["revision"]; ok {
		n, err := strconv.ParseInt(string(number(v)), 10, 64)
		if err != nil || n < 1 {
			return at, badInput("@asOf(revision: %v): revisions count from 1", v)
		}
		at.Revision = storage.Revision(n)
		return at, nil
	}
	if v, ok := given["release"]; ok {
		name, _ := v.(string)
		releaser, ok := storage.As[storage.Releaser](o.Store)
		if !ok {
			return at, badInput("@asOf(release: %q): this store has no releases", name)
		}
		releases, err := releaser.Releases(ctx)
		if err != nil {
			return at, err
		}
		for _, r := range releases {
			if r.Release == name {
				at.Revision = r.Revision
				return at, nil
			}
		}
		return at, &Error{Code: NoRevision, Message: "@asOf(release: " + strconv.Quote(name) + "): there is no such release: meta { releases { release } } lists them"}
	}
	when, _ := given["date"].(string)
	t, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return at, badInput("@asOf(date: %q): want a moment such as 2026-11-22T00:00:00Z", when)
	}
	at.Revision, err = o.Store.RevisionAt(ctx, t)
	if err == nil && at.Revision == 0 {
		err = &Error{Code: NoRevision, Message: "@asOf(date: " + strconv.Quote(when) + "): nothing had been committed then"}
	}
	return at, err
}

func number(v any) json.Number {
	switch n := v.(type) {
	case json.Number:
		return n
	case int64:
		return json.Number(strconv.FormatInt(n, 10))
	case int:
		return json.Number(strconv.Itoa(n))
	case float64:
		return json.Number(strconv.FormatFloat(n, 'f', -1, 64))
	}
	return ""
}

// present turns an error of a resolver into what a client is shown; nil for one that is internal.
func present(_ context.Context, err error) *gqlerror.Error {
	var located *gqlerror.Error
	if errors.As(err, &located) && located.Unwrap() != nil {
		err = located.Unwrap() // without the place in the query, which the response has by itself
	}
	e := Explain(err)
	if e == nil {
		return nil
	}
	return &gqlerror.Error{Message: e.Message, Extensions: e.Extensions()}
}
