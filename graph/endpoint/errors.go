package endpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The codes in `extensions.code`. A resolver's error may have others.
const (
	CodeBadRequest        = "BAD_REQUEST"               // the request is not a GraphQL request
	CodeParseFailed       = "GRAPHQL_PARSE_FAILED"      // the document is not GraphQL
	CodeValidationFailed  = "GRAPHQL_VALIDATION_FAILED" // the document does not fit the schema
	CodeBadUserInput      = "BAD_USER_INPUT"            // a variable or an argument is of the wrong kind
	CodeTooManyTokens     = "TOO_MANY_TOKENS"
	CodeTooDeep           = "QUERY_TOO_DEEP"
	CodeTooCostly         = "QUERY_TOO_COSTLY"
	CodeTooManyAliases    = "TOO_MANY_ALIASES"
	CodeTooManyRootFields = "TOO_MANY_ROOT_FIELDS"
	CodeTooManyDirectives = "TOO_MANY_DIRECTIVES"
	CodeTooManyOperations = "TOO_MANY_OPERATIONS"
	CodeTooLarge          = "REQUEST_TOO_LARGE"
	CodePersistedNotFound = "PERSISTED_QUERY_NOT_FOUND"
	CodeNotTrusted        = "DOCUMENT_NOT_TRUSTED" // only listed documents are answered here
	CodeUnauthenticated   = "UNAUTHENTICATED"
	CodeForbidden         = "FORBIDDEN"
	CodeTimeout           = "TIMEOUT"
	CodeCancelled         = "CANCELLED" // the client left
	CodeRateLimited       = "RATE_LIMITED"
	CodeUnavailable       = "UNAVAILABLE"
	CodeInternal          = "INTERNAL"
)

// maxMessage is the length in bytes to which a message is cut; what a client sent may be quoted in it.
const maxMessage = 400

// Errorf makes an error that is shown to the client as it is, with the code in its extensions.
func Errorf(code, format string, args ...any) *gqlerror.Error {
	return &gqlerror.Error{
		Message:    cut(fmt.Sprintf(format, args...), maxMessage),
		Extensions: map[string]any{"code": code},
	}
}

// Code returns the code of an error that Errorf or a resolver made, "" if it has none.
func Code(err error) string {
	var ge *gqlerror.Error
	if !errors.As(err, &ge) || ge == nil {
		return ""
	}
	code, _ := ge.Extensions["code"].(string)
	return code
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + " …"
}

// refusal is an error as the whole answer.
func refusal(errs ...*gqlerror.Error) *graphql.Response {
	return &graphql.Response{Errors: errs}
}

// internal logs what happened and returns what may be shown of it: an id.
func (e *Endpoint) internal(ctx context.Context, what string, cause any, attrs ...slog.Attr) *gqlerror.Error {
	id := e.newID()
	attrs = append(attrs, slog.String("error_id", id), slog.Any("cause", cause))
	e.log.LogAttrs(ctx, slog.LevelError, what, attrs...)
	return Errorf(CodeInternal, "internal error; it is in the server's log as %s", id)
}

// recovered is gqlgen's RecoverFunc: a panic becomes an error with an id.
func (e *Endpoint) recovered(ctx context.Context, cause any) error {
	return e.internal(ctx, "panic in a resolver", cause, slog.String("stack", string(debug.Stack())))
}

// A presenter turns the errors of one response into what is shown, and stops adding when there are enough.
type presenter struct {
	e *Endpoint
	n atomic.Int64
}

// present is gqlgen's ErrorPresenterFunc. Its nil means: leave this error out.
func (p *presenter) present(ctx context.Context, err error) *gqlerror.Error {
	if p.n.Add(1) > int64(p.e.limits.MaxErrors) {
		return nil
	}
	var shown gqlerror.Error
	var ge *gqlerror.Error
	if errors.As(err, &ge) {
		shown = *ge // a resolver may share one error value between requests
	} else {
		shown = gqlerror.Error{Message: err.Error(), Err: err}
	}
	if shown.Path == nil {
		shown.Path = graphql.GetPath(ctx)
	}
	if Code(&shown) != "" {
		shown.Message = cut(shown.Message, maxMessage)
		return &shown
	}

	as := p.e.present(ctx, err)
	switch {
	case as != nil:
	case errors.Is(err, context.DeadlineExceeded):
		as = p.e.tooSlow()
	case errors.Is(err, context.Canceled):
		as = Errorf(CodeCancelled, "the operation was cancelled")
	case inArgument(ctx, shown.Path):
		as = Errorf(CodeBadUserInput, "%s", shown.Message)
	default:
		as = p.e.internal(ctx, "resolver failed", err, slog.String("path", shown.Path.String()))
	}
	shown.Message, shown.Extensions = cut(as.Message, maxMessage), as.Extensions
	return &shown
}

// omitted returns how many errors were left out.
func (p *presenter) omitted() int {
	return int(max(0, p.n.Load()-int64(p.e.limits.MaxErrors)))
}

// inArgument tells whether gqlgen was reading an argument when it met the error, which is then placed below the
// field that it belongs to: the client's value is at fault, and the message speaks of it.
func inArgument(ctx context.Context, at ast.Path) bool {
	field := graphql.GetFieldContext(ctx)
	return field != nil && len(at) > len(field.Path())
}

func (e *Endpoint) tooSlow() *gqlerror.Error {
	return Errorf(CodeTimeout, "the operation took longer than %v and was stopped: ask for smaller pages, fewer fields, or less depth", e.limits.Timeout)
}

// statusOf returns the HTTP status of an answer without data. legacy says that the answer is application/json,
// where a mistake in the document or its variables is no mistake of HTTP.
func statusOf(errs gqlerror.List, legacy bool) int {
	code := ""
	if len(errs) > 0 {
		code = Code(errs[0])
	}
	switch code {
	case CodeBadRequest:
		return http.StatusBadRequest
	case CodeUnauthenticated:
		return http.StatusUnauthorized
	case CodeForbidden:
		return http.StatusForbidden
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case CodeRateLimited:
		return http.StatusTooManyRequests
	case CodeUnavailable:
		return http.StatusServiceUnavailable
	case CodeTimeout:
		return http.StatusGatewayTimeout
	case CodeInternal:
		return http.StatusInternalServerError
	}
	if legacy {
		return http.StatusOK
	}
	return http.StatusBadRequest
}
