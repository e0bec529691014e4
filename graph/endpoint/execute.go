package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func errBusy() *gqlerror.Error {
	return Errorf(CodeUnavailable, "the server is busy: try again in a moment, or ask for less")
}

// run executes a query or a mutation in a slot and under the deadline. release gives the slot back; the answer
// may be large, so it is called when that has been sent.
func (e *Endpoint) run(ctx context.Context, op *operation) (resp *graphql.Response, release func()) {
	slot := e.gates.forCost(op.cost)
	if !slot.enter(ctx, op.client, e.limits.QueueWait) {
		return refusal(errBusy()), func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, e.limits.Timeout)
	defer cancel()

	// Resolvers of fields that need no store don't look at the context, so each field looks at a flag.
	var stopped atomic.Bool
	defer context.AfterFunc(ctx, func() { stopped.Store(true) })()
	op.ResolverMiddleware = func(ctx context.Context, next graphql.Resolver) (any, error) {
		if stopped.Load() {
			return nil, ctx.Err()
		}
		return next(ctx)
	}

	p := &presenter{e: e}
	ctx = graphql.WithOperationContext(ctx, op.OperationContext)
	resp = e.guarded(ctx, func() *graphql.Response {
		return e.around(ctx, op.OperationContext, func(ctx context.Context) *graphql.Response {
			ctx = graphql.WithResponseContext(ctx, p.present, e.recovered)
			return finish(ctx, e.es.Exec(ctx)(ctx), p)
		})
	})
	if resp == nil {
		resp = refusal(e.internal(ctx, "an operation had no response", errors.New("nil response")))
	}
	// What was finished in time counts, above all if it was written.
	if len(resp.Errors) > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		switch {
		case op.kind() != ast.Mutation:
			resp = refusal(e.tooSlow())
		case resp.Data == nil:
			resp = refusal(Errorf(CodeTimeout, "the mutation took longer than %v and was stopped: read before sending it again, it may have been written", e.limits.Timeout))
		}
	}
	if resp.Data != nil {
		extend(resp, "cost", map[string]int{"requested": op.cost, "limit": e.limits.MaxCost})
	}
	return resp, func() { slot.leave(op.client) }
}

// subscribe executes a subscription and gives each response to emit, until it ends by itself (true), emit fails,
// or ctx is done.
func (e *Endpoint) subscribe(ctx context.Context, op *operation, emit func(*graphql.Response) error) bool {
	ctx, cancel := context.WithCancel(ctx) // so that the resolver ends whatever the reason
	defer cancel()
	ctx = graphql.WithOperationContext(ctx, op.OperationContext)

	p := &presenter{e: e}
	opening := graphql.WithResponseContext(ctx, p.present, e.recovered)
	var next graphql.ResponseHandler
	if resp := e.guarded(ctx, func() *graphql.Response {
		next = e.es.Exec(opening)
		if errs := graphql.GetErrors(opening); errs != nil {
			return refusal(errs...)
		}
		return nil
	}); resp != nil {
		return emit(resp) == nil
	}
	for ctx.Err() == nil {
		p := &presenter{e: e}
		resp := e.guarded(ctx, func() *graphql.Response {
			return e.around(ctx, op.OperationContext, func(ctx context.Context) *graphql.Response {
				ctx = graphql.WithResponseContext(ctx, p.present, e.recovered)
				return finish(ctx, next(ctx), p)
			})
		})
		if resp == nil {
			return ctx.Err() == nil
		}
		if emit(resp) != nil {
			return false
		}
		if resp.Data == nil {
			return true // the event could not be resolved at all
		}
	}
	return false
}

// guarded keeps a panic outside of any resolver from ending the process or the connection.
func (e *Endpoint) guarded(ctx context.Context, f func() *graphql.Response) (resp *graphql.Response) {
	defer func() {
		if cause := recover(); cause != nil {
			resp = refusal(e.internal(ctx, "panic while executing", cause, slog.String("stack", string(debug.Stack()))))
		}
	}()
	return f()
}

// finish adds to a response what its resolvers left in the context.
func finish(ctx context.Context, resp *graphql.Response, p *presenter) *graphql.Response {
	if resp == nil {
		return nil
	}
	resp.Errors = append(resp.Errors, graphql.GetErrors(ctx)...)
	resp.Extensions = graphql.GetExtensions(ctx) // never nil, so that Around can add to it
	if n := p.omitted(); n > 0 {
		extend(resp, "errorsOmitted", n)
	}
	return resp
}

func extend(resp *graphql.Response, key string, value any) {
	if resp.Extensions == nil {
		resp.Extensions = map[string]any{}
	}
	resp.Extensions[key] = value
}

// observed reports one operation, which is nil if there was none.
func (e *Endpoint) observed(ctx context.Context, rq *request, op *operation, errs gqlerror.List) {
	o := Observation{Name: rq.operationName, Transport: rq.transport, Duration: time.Since(rq.received)}
	if op != nil {
		o.Name, o.Kind, o.Cost = op.Operation.Name, op.kind(), op.cost
	}
	if len(errs) > 0 {
		if o.Code = Code(errs[0]); o.Code == "" {
			o.Code = CodeInternal
		}
	}
	e.observe(ctx, o)
}

// encode writes a response as JSON: errors first, data as gqlgen wrote it, and no data if there is none.
func encode(b *bytes.Buffer, resp *graphql.Response) {
	b.WriteByte('{')
	member := func(name string) {
		if b.Bytes()[b.Len()-1] != '{' {
			b.WriteByte(',')
		}
		b.WriteString(`"` + name + `":`)
	}
	if len(resp.Errors) > 0 {
		member("errors")
		writeJSON(b, resp.Errors)
	}
	if resp.Data != nil {
		member("data")
		b.Write(resp.Data)
	}
	if len(resp.Extensions) > 0 {
		member("extensions")
		writeJSON(b, resp.Extensions)
	}
	b.WriteByte('}')
}

func writeJSON(b *bytes.Buffer, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("null") // an extension that is no JSON loses its value, not the answer
	}
	b.Write(text)
}
