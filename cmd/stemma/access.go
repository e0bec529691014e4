package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/stemma-kg/stemma/auth"
	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/graph/endpoint"
)

// access says who may do what on a server.
type access struct {
	local      bool // only this machine can reach the server
	publicRead bool
	tokensFile string
	keeper     *auth.Keeper // nil: there is no token file, and nobody writes
	log        *slog.Logger
}

type (
	whoKey  struct{}
	fromKey struct{}
)

// who returns the token of a request, the zero Token when it has none.
func who(ctx context.Context) auth.Token {
	t, _ := ctx.Value(whoKey{}).(auth.Token)
	return t
}

// from returns the network address that a request came from.
func from(ctx context.Context) string {
	addr, _ := ctx.Value(fromKey{}).(string)
	return addr
}

func unauthenticated(format string, args ...any) error {
	return endpoint.Errorf(endpoint.CodeUnauthenticated, format, args...)
}

// authenticate finds out who asks. A token that is no good is refused, never ignored.
func (a *access) authenticate(r *http.Request) (context.Context, error) {
	secret, err := auth.Bearer(r.Header)
	if err != nil {
		return nil, unauthenticated("%v", err)
	}
	if secret == "" {
		if !a.local && !a.publicRead {
			return nil, unauthenticated("this server answers only to those with a token: send `Authorization: Bearer …`")
		}
		return r.Context(), nil
	}
	if a.keeper == nil {
		return nil, unauthenticated("this server has no tokens, so none is valid here: send no Authorization header to read; to write, its operator gives it --tokens FILE")
	}
	t, err := a.keeper.Token(secret)
	if err != nil {
		return nil, a.explain(r.Context(), err)
	}
	addr, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		addr = r.RemoteAddr
	}
	return context.WithValue(context.WithValue(r.Context(), whoKey{}, t), fromKey{}, addr), nil
}

// explain says why a token was not accepted.
func (a *access) explain(ctx context.Context, err error) *gqlerror.Error {
	var unreadable *auth.UnreadableError
	if errors.As(err, &unreadable) {
		a.log.ErrorContext(ctx, "tokens can't be checked, so none is accepted", "error", unreadable.Err)
		return endpoint.Errorf(endpoint.CodeUnavailable, "tokens can't be checked now; the server's log says why")
	}
	return endpoint.Errorf(endpoint.CodeUnauthenticated, "%v", err)
}

// howToWrite turns writes on, from nothing.
const howToWrite = "`stemma token create --role write --tokens FILE`, then `stemma serve --tokens FILE`"

// writer says whether who asks may write.
func (a *access) writer(ctx context.Context) graph.Writer {
	t := who(ctx)
	switch {
	case a.keeper == nil:
		return graph.Writer{Code: graph.ReadOnly, Why: "this server takes no writes; its operator turns them on: " + howToWrite}
	case t.Role == "":
		return graph.Writer{Code: graph.Unauthenticated, Why: "writing needs a token: send `Authorization: Bearer …` with one that `stemma token create --role write` made"}
	}
	// A websocket may have been open for days: its token counts as it is now.
	t, err := a.keeper.Again(t)
	if err != nil {
		e := a.explain(ctx, err)
		return graph.Writer{Code: graph.Code(endpoint.Code(e)), Why: e.Message}
	}
	if !t.Role.Allows(auth.Write) {
		return graph.Writer{Name: t.Name, Code: graph.Forbidden, Why: fmt.Sprintf("the token of %s has the role %s, and writing needs %s: have one made by `stemma token create --role write`", t.Name, t.Role, auth.Write)}
	}
	return graph.Writer{Name: t.Name, Writable: true, Token: t.ID(), From: from(ctx)}
}

// writes says in words whether anyone may write.
func (a *access) writes() string {
	if a.keeper == nil {
		return "off; to turn them on: " + howToWrite
	}
	switch n := a.keeper.Good(auth.Write); n {
	case 0:
		return fmt.Sprintf("off: no token in %s may write", a.tokensFile)
	case 1:
		return fmt.Sprintf("on, for 1 token in %s", a.tokensFile)
	default:
		return fmt.Sprintf("on, for %d tokens in %s", n, a.tokensFile)
	}
}

// reads says in words who may read.
func (a *access) reads() string {
	switch {
	case a.local:
		return "anyone on this machine"
	case a.publicRead:
		return "anyone who can reach this machine"
	}
	return fmt.Sprintf("those with a token in %s", a.tokensFile)
}
