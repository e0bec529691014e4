package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// A request is what a client asks for, by whatever transport.
type request struct {
	query         string
	documentID    string
	operationName string
	variables     map[string]any
	extensions    map[string]any

	payer     payer
	paid      bool // the first node of its cost
	header    http.Header
	transport string
	received  time.Time
}

// A prepared document is parsed, guarded, valid, and never changed again.
type prepared struct {
	text  string
	doc   *ast.QueryDocument
	costs map[*ast.OperationDefinition]int // of those whose cost does not depend on variables
}

// An operation is ready to run.
type operation struct {
	*graphql.OperationContext
	cost   int
	client string // whose slot it takes
}

func (o *operation) kind() ast.Operation { return o.Operation.Operation }

// prepare makes an operation of a request, or says why not. It does not run anything.
func (e *Endpoint) prepare(ctx context.Context, rq *request) (*operation, gqlerror.List) {
	if !rq.paid {
		if err := rq.payer.rate.spend(rq.payer.client, 1); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	start := time.Now()
	p, errs := e.document(ctx, rq)
	if len(errs) > 0 {
		return nil, errs
	}
	op, err := choose(p.doc, rq.operationName)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	variables, err := e.coerce(ctx, op, rq.variables)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	cost, known := p.costs[op]
	if !known {
		cost, _ = e.cost(op, variables)
	}
	if cost > e.limits.MaxCost {
		return nil, gqlerror.List{tooCostly(cost, e.limits.MaxCost, op.Position)}
	}
	if err := rq.payer.rate.spend(rq.payer.client, cost-1); err != nil {
		return nil, gqlerror.List{err}
	}
	made := &operation{
		OperationContext: &graphql.OperationContext{
			RawQuery:               p.text,
			Variables:              variables,
			OperationName:          rq.operationName,
			Doc:                    p.doc,
			Extensions:             rq.extensions,
			Headers:                rq.header,
			Operation:              op,
			DisableIntrospection:   e.noIntrospection,
			RecoverFunc:            e.recovered,
			ResolverMiddleware:     passField,
			RootResolverMiddleware: passRoot,
			Stats: graphql.Stats{
				OperationStart: rq.received,
				Parsing:        graphql.TraceTiming{Start: start, End: time.Now()},
			},
		},
		cost:   cost,
		client: rq.payer.client,
	}
	// The specification's rule, which gqlparser applies to names: aliases of one field, and directives, get past it.
	if op.Operation == ast.Subscription && len(graphql.CollectFields(made.OperationContext, op.SelectionSet, []string{e.schema.Subscription.Name})) != 1 {
		err := Errorf(CodeValidationFailed, "a subscription has one root field: ask for each other one by an operation of its own")
		err.Locations = []gqlerror.Location{{Line: op.Position.Line, Column: op.Position.Column}}
		return nil, gqlerror.List{err}
	}
	return made, nil
}

func passField(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) }

func passRoot(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) }

func tooCostly(cost, limit int, at *ast.Position) *gqlerror.Error {
	return over(at, CodeTooCostly, "an estimated cost of %d nodes", cost, limit, "ask for smaller pages (first:), fewer connections within each other, or split the query")
}

// document finds or makes the prepared document that a request means.
func (e *Endpoint) document(ctx context.Context, rq *request) (*prepared, gqlerror.List) {
	id, err := e.documentID(rq)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	if id == "" && rq.query == "" {
		return nil, gqlerror.List{Errorf(CodeBadRequest, "there is no query: send it as `query`, or its SHA-256 as `documentId` or in `extensions.persistedQuery`")}
	}
	if e.trusted != nil {
		p, err := e.trustedDocument(id, rq.query)
		if err != nil {
			return nil, gqlerror.List{err}
		}
		return p, nil
	}
	hash, isHash := hashID(id)
	if rq.query != "" {
		wanted := hash
		if hash = hashOf(rq.query); isHash && wanted != hash {
			return nil, gqlerror.List{Errorf(CodeBadRequest, "the id that came with the query is not its SHA-256")}
		}
	}
	if p := e.cache.get(hash); p != nil {
		return p, nil
	}
	if rq.query == "" {
		// Clients look for these very words to know that they should send the query.
		err := Errorf(CodePersistedNotFound, "PersistedQueryNotFound")
		return nil, gqlerror.List{err}
	}
	// Only this takes time that can be felt, so only this has slots. Another may have made it while we waited.
	slot := e.gates.forText(len(rq.query))
	if !slot.enter(ctx, rq.payer.client, e.limits.QueueWait) {
		return nil, gqlerror.List{errBusy()}
	}
	defer slot.leave(rq.payer.client)
	if p := e.cache.get(hash); p != nil {
		return p, nil
	}
	p, errs := e.compile(ctx, rq.query)
	if len(errs) > 0 {
		return nil, errs
	}
	e.cache.put(hash, p)
	return p, nil
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// documentID returns the id of the document that a request names, "" if it names none.
func (e *Endpoint) documentID(rq *request) (string, *gqlerror.Error) {
	raw := rq.extensions["persistedQuery"]
	if raw == nil {
		return rq.documentID, nil
	}
	m, ok := raw.(map[string]any)
	if !ok {
		return "", Errorf(CodeBadRequest, "extensions.persistedQuery must be an object with version and sha256Hash")
	}
	id, _ := m["sha256Hash"].(string)
	// The manifests of trusted documents may have ids that are no hashes, and clients send them here.
	if _, ok := hashID(id); !ok && (id == "" || e.trusted == nil) {
		return "", Errorf(CodeBadRequest, "extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits")
	}
	if rq.documentID != "" && normalID(rq.documentID) != normalID(id) {
		return "", Errorf(CodeBadRequest, "documentId and extensions.persistedQuery name two documents: send one of them")
	}
	return id, nil
}

// compile parses, guards and validates a document.
func (e *Endpoint) compile(ctx context.Context, text string) (p *prepared, errs gqlerror.List) {
	defer func() {
		if cause := recover(); cause != nil {
			err := e.internal(ctx, "panic while validating", cause, slog.String("stack", string(debug.Stack())))
			p, errs = nil, gqlerror.List{err}
		}
	}()
	tokens := e.limits.MaxTokens
	if tokens >= unlimited {
		tokens = 0
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, tokens)
	if err != nil {
		return nil, gqlerror.List{parseError(err, tokens)}
	}
	if len(doc.Operations) == 0 {
		return nil, gqlerror.List{Errorf(CodeValidationFailed, "the document has no operation")}
	}
	g := guard{limits: &e.limits, introspection: !e.noIntrospection}
	if errs := g.check(doc); len(errs) > 0 {
		return nil, errs
	}
	if errs := e.validate(doc, len(text)); len(errs) > 0 {
		return nil, errs
	}
	p = &prepared{text: text, doc: doc, costs: make(map[*ast.OperationDefinition]int, len(doc.Operations))}
	for _, op := range doc.Operations {
		if cost, dynamic := e.cost(op, nil); !dynamic {
			p.costs[op] = cost
		}
	}
	return p, nil
}

func parseError(err error, limit int) *gqlerror.Error {
	if strings.Contains(err.Error(), "exceeded token limit") {
		err := Errorf(CodeTooManyTokens, "the document has more than %d tokens: split it, or send values as variables", limit)
		err.Extensions["limit"] = limit
		return err
	}
	var ge *gqlerror.Error
	if !errors.As(err, &ge) {
		return Errorf(CodeParseFailed, "%s", err.Error())
	}
	shown := Errorf(CodeParseFailed, "Syntax error: %s", ge.Message)
	shown.Locations = ge.Locations
	return shown
}

// maxSuggesting is the longest document whose mistakes get suggestions: they compare what was written with
// every name that may have been meant.
const maxSuggesting = 8 << 10

// enough ends a validation that has found as many mistakes as are shown.
type enough struct{}

// validate applies the rules of the specification. It ends at the first MaxErrors mistakes.
func (e *Endpoint) validate(doc *ast.QueryDocument, length int) (errs gqlerror.List) {
	list := e.rules
	if length > maxSuggesting {
		list = e.plainRules
	}
	var events core.Events
	for _, rule := range list {
		rule.RuleFunc(&events, func(options ...core.ErrorOption) {
			err := &gqlerror.Error{Rule: rule.Name}
			for _, o := range options {
				o(err)
			}
			err.Message = cut(err.Message, maxMessage)
			err.Extensions = map[string]any{"code": CodeValidationFailed}
			if errs = append(errs, err); len(errs) >= e.limits.MaxErrors {
				panic(enough{})
			}
		})
	}
	defer func() {
		if cause := recover(); cause != nil {
			if _, ok := cause.(enough); !ok {
				panic(cause)
			}
		}
	}()
	core.Walk(e.schema, doc, &events)
	return errs
}

// validationRules are the specification's, in a fixed order, with "did you mean" or without.
func validationRules(suggest bool) []core.Rule {
	set := rules.NewDefaultRules()
	if !suggest {
		for name, plain := range map[string]core.Rule{
			"FieldsOnCorrectType": rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
			"KnownArgumentNames":  rules.KnownArgumentNamesRuleWithoutSuggestions,
			"KnownTypeNames":      rules.KnownTypeNamesRuleWithoutSuggestions,
			"ValuesOfCorrectType": rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
			"ScalarLeafs":         rules.ScalarLeafsRuleWithoutSuggestions,
		} {
			set.ReplaceRule(name, plain.RuleFunc)
		}
	}
	var list []core.Rule
	for name, f := range set.GetInner() {
		list = append(list, core.Rule{Name: name, RuleFunc: f})
	}
	slices.SortFunc(list, func(a, b core.Rule) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// choose returns the operation of that name, or the only one.
func choose(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, *gqlerror.Error) {
	if name == "" {
		if len(doc.Operations) == 1 {
			return doc.Operations[0], nil
		}
		return nil, Errorf(CodeBadUserInput, "the document has %d operations: say which one in operationName", len(doc.Operations))
	}
	for _, op := range doc.Operations {
		if op.Name == name {
			return op, nil
		}
	}
	return nil, Errorf(CodeBadUserInput, "the document has no operation named %q", cut(name, maxName))
}

// coerce reads the variables that op declares.
func (e *Endpoint) coerce(ctx context.Context, op *ast.OperationDefinition, given map[string]any) (values map[string]any, err *gqlerror.Error) {
	defer func() {
		if cause := recover(); cause != nil {
			values, err = nil, e.internal(ctx, "panic while reading variables", cause, slog.String("stack", string(debug.Stack())))
		}
	}()
	values, cause := validator.VariableValues(e.schema, op, given)
	if cause == nil {
		return values, nil
	}
	var ge *gqlerror.Error
	if !errors.As(cause, &ge) {
		return nil, Errorf(CodeBadUserInput, "%s", cause.Error())
	}
	// gqlparser's path begins with the word "variable"; a path in an answer means a place in the data.
	where := ge.Path.String()
	if rest, ok := strings.CutPrefix(where, "variable."); ok {
		where = "$" + rest
	}
	return nil, Errorf(CodeBadUserInput, "variable %s: %s", cut(where, 2*maxName), ge.Message)
}
