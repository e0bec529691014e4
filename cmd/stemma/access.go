package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/stemma-kg/stemma/auth"
	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/graph/endpoint"
)

// access says who may do what on a server. What a use needs is in auth.Table; who has that is said here.
type access struct {
	local      bool // only this machine can reach the server
	publicRead bool
	tokensFile string
	keeper     *auth.Keeper // nil: there is no token file, and nobody writes
	proxies    []network    // whose word on the addresses of others counts
	log        *slog.Logger
	refusals   *refusals
	own        bool // who is on this machine may do everything: on the address of metrics and profiles, where nobody has a token
}

// beside returns the gate of the address of metrics and profiles. What anyone may read of the graph says nothing about them.
func (a *access) beside(local bool) *access {
	return &access{
		local: local, tokensFile: a.tokensFile, keeper: a.keeper, proxies: a.proxies, log: a.log, refusals: a.refusals,
		own: local && a.keeper == nil,
	}
}

// howToWrite turns writes on, from nothing.
const howToWrite = "`stemma token create --role write --tokens FILE`, then `stemma serve --tokens FILE`"

// identify finds out who asks. A token that is no good is refused, never ignored.
func (a *access) identify(r *http.Request) (context.Context, *denial) {
	secret, err := auth.Bearer(r.Header)
	if err != nil {
		return nil, unauthenticated(malformed, "%v", err)
	}
	if secret == "" {
		return r.Context(), nil
	}
	if a.keeper == nil {
		return nil, unauthenticated(unknown, "this server has no tokens, so none is valid here: send no Authorization header to read; to write, its operator gives it --tokens FILE")
	}
	t, err := a.keeper.Token(secret)
	if err != nil {
		return nil, explain(err)
	}
	v := visiting(r.Context())
	v.token = t
	return context.WithValue(r.Context(), visitorKey{}, v), nil
}

// enter lets a request in to a route, or says why not.
func (a *access) enter(r *http.Request, use string) (context.Context, error) {
	ctx, d := a.identify(r)
	if d != nil {
		a.refusals.note(r.Context(), a.log, use, d)
		return nil, d
	}
	return ctx, a.authorize(ctx, use)
}

// authorize says whether who asks may use a route, or a root field of GraphQL. It counts and logs a no.
func (a *access) authorize(ctx context.Context, use string) error {
	if d := a.may(ctx, use); d != nil {
		a.refusals.note(ctx, a.log, use, d)
		return d
	}
	return nil
}

// guard lets requests through to a route that the table lets use it.
func (a *access) guard(route string, h http.Handler) http.Handler {
	if needs, _ := auth.Needs(route); needs == auth.Public {
		return h // and a wrong token there is nobody's business
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := a.enter(r, route)
		if err != nil {
			refuse(w, err)
			return
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// may holds a use against the table.
func (a *access) may(ctx context.Context, use string) *denial {
	needs, listed := auth.Needs(use)
	if !listed {
		return deny(unlisted, endpoint.CodeForbidden, "%s may be used by nobody: the server's table of who may do what lacks it", use)
	}
	return a.has(ctx, needs, use)
}

// has says whether who asks has a role, which the use needs.
func (a *access) has(ctx context.Context, needs auth.Role, use string) *denial {
	v := visiting(ctx)
	if v.token.Role != "" {
		// A websocket may have been open for days: its token counts as it is now.
		t, err := a.keeper.Again(v.token)
		if err != nil {
			return explain(err)
		}
		if !t.Role.Allows(needs) {
			return deny(role, endpoint.CodeForbidden, "the token of %s has the role %s, and %s needs %s: have one made by `stemma token create --role %s`", t.Name, t.Role, use, needs, needs)
		}
		return nil
	}
	switch {
	case a.own && v.local:
		return nil
	case needs == auth.Read && (v.local || a.publicRead):
		return nil
	case needs == auth.Read:
		return unauthenticated(missing, "this server answers only to those with a token: send `Authorization: Bearer …`")
	case needs == auth.Write && a.keeper == nil:
		return deny(readOnly, string(graph.ReadOnly), "this server takes no writes; its operator turns them on: %s", howToWrite)
	}
	return unauthenticated(missing, "%s needs a token: send `Authorization: Bearer …` with one that `stemma token create --role %s` made", use, needs)
}

// explain says why a token was not accepted.
func explain(err error) *denial {
	var broken *auth.UnreadableError
	if errors.As(err, &broken) {
		d := deny(unreadable, endpoint.CodeUnavailable, "tokens can't be checked now; the server's log says why")
		d.cause = broken.Err
		return d
	}
	if errors.Is(err, auth.ErrMalformed) {
		return unauthenticated(malformed, "%v", err)
	}
	return unauthenticated(unknown, "%v", err)
}

// writer says whether who asks may write, and in whose name.
func (a *access) writer(ctx context.Context) graph.Writer {
	w := graph.Writer{Name: visiting(ctx).token.Name}
	if err := a.has(ctx, auth.Write, "writing"); err != nil {
		w.Code, w.Why = graph.Code(endpoint.Code(err)), err.shown.Message
		return w
	}
	w.Writable = true
	v := visiting(ctx)
	w.Token = v.token.ID()
	if v.address.IsValid() {
		w.From = v.address.String()
	}
	return w
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
	case a.publicRead:
		return "anyone who can reach this machine"
	case a.local && len(a.proxies) == 0:
		return "anyone on this machine"
	case a.local && a.keeper == nil:
		return "anyone on this machine, and nobody through a proxy"
	case a.local:
		return fmt.Sprintf("anyone on this machine, through a proxy those with a token in %s", a.tokensFile)
	}
	return fmt.Sprintf("those with a token in %s", a.tokensFile)
}
