package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A Code tells a program what went wrong, in extensions.code of an error.
type Code string

// The codes of errors that resolvers return. The endpoint adds its own for what never reaches a resolver.
const (
	BadUserInput    Code = "BAD_USER_INPUT"   // an argument can't be meant: change the query
	NotFound        Code = "NOT_FOUND"        // a name that must exist does not
	BadCursor       Code = "BAD_CURSOR"       // a cursor of another list, or a garbled one
	BudgetExceeded  Code = "BUDGET_EXCEEDED"  // the operation would look at too many nodes
	Invalid         Code = "INVALID"          // what is to be written breaks a rule of the domain
	Conflicting     Code = "CONFLICT"         // what is to be written collides with what is there
	Forbidden       Code = "FORBIDDEN"        // the role does not allow it
	Unauthenticated Code = "UNAUTHENTICATED"  // there is no valid token
	ReadOnly        Code = "READ_ONLY"        // this server takes no writes
	StorageFull     Code = "STORAGE_FULL"     // no space is left for writes
	Corrupt         Code = "STORE_CORRUPT"    // a record is damaged
	Unavailable     Code = "UNAVAILABLE"      // shutting down
	Timeout         Code = "TIMEOUT"          // the deadline passed
	NoRevision      Code = "UNKNOWN_REVISION" // asked as of a state that is not there
)

// An Error is what a client is told: a code for programs, a sentence for people, and which argument it is about.
type Error struct {
	Code    Code
	Message string
	Fields  kg.InvalidError // what is wrong with what was to be written, field by field
	cause   error
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause, which clients are not shown.
func (e *Error) Unwrap() error { return e.cause }

// Extensions returns what goes into the extensions of the GraphQL error.
func (e *Error) Extensions() map[string]any {
	x := map[string]any{"code": string(e.Code)}
	if len(e.Fields) > 0 {
		fields := make([]map[string]any, len(e.Fields))
		for i, f := range e.Fields {
			fields[i] = map[string]any{"id": string(f.ID), "field": f.Field, "reason": f.Reason}
		}
		x["fields"] = fields
	}
	return x
}

func badInput(format string, args ...any) error {
	return &Error{Code: BadUserInput, Message: fmt.Sprintf(format, args...)}
}

// Explain turns an error of the store or the domain into what a client is told. It returns nil for an error that it does not know:
// those are internal, and clients see no more than that.
func Explain(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var invalid kg.InvalidError
	if errors.As(err, &invalid) {
		return &Error{Code: Invalid, Message: invalid.Error(), Fields: invalid, cause: err}
	}
	var field *kg.FieldError
	if errors.As(err, &field) {
		return &Error{Code: Invalid, Message: field.Error(), Fields: kg.InvalidError{field}, cause: err}
	}
	for _, row := range []struct {
		is     error
		code   Code
		advice string
	}{
		{storage.ErrBadCursor, BadCursor, ": pass a cursor of this list, in the same order, as a page gave it"},
		{storage.ErrNoRevision, NoRevision, ": meta { revision } has the newest"},
		{storage.ErrNoNode, NotFound, ""},
		{storage.ErrTaken, Conflicting, ""},
		{storage.ErrInUse, Conflicting, ""},
	} {
		if errors.Is(err, row.is) {
			return &Error{Code: row.code, Message: err.Error() + row.advice, cause: err}
		}
	}
	switch { // what the store says of its place is for the log
	case errors.Is(err, storage.ErrFull):
		return &Error{Code: StorageFull, Message: "nothing was written, as the server's disk is full: reading goes on, and writing when there is space", cause: err}
	case errors.Is(err, storage.ErrReadOnly):
		return &Error{Code: ReadOnly, Message: "nothing was written, as the server's store can only be read now; its operator sees why in the log", cause: err}
	case errors.Is(err, storage.ErrCorrupt):
		return &Error{Code: Corrupt, Message: "a file of the server's store is damaged; its operator sees in the log which, and what to do", cause: err}
	case errors.Is(err, storage.ErrClosed):
		return &Error{Code: Unavailable, Message: "the server is shutting down: try again", cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: Timeout, Message: "the operation took too long and was stopped: ask for less at a time", cause: err}
	case errors.Is(err, context.Canceled):
		return &Error{Code: Unavailable, Message: "the operation was cancelled", cause: err}
	}
	return nil
}
