package endpoint

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// Options say how an Endpoint behaves. The zero value serves everyone on the same origin, within DefaultLimits.
type Options struct {
	Limits Limits

	// Authenticate says who asks: it returns a context derived from the request's, or an error, which is shown
	// if it has a code (see Errorf) and is UNAUTHENTICATED otherwise. A websocket is authenticated when it
	// opens, and again if its connection_init carries a member "authorization": the request then has
	// that value as its Authorization header. nil lets everyone in.
	Authenticate func(*http.Request) (context.Context, error)

	// Client names who a request counts for: slots and streams are shared fairly between clients, and the rate limit is
	// one client's. ctx is what Authenticate returned, or the request's own if it refused. Names are compared, never
	// shown; a token's id and an address must not look alike. nil is the address that the connection came from (see
	// ClientAddr), which behind a proxy is the proxy's.
	Client func(ctx context.Context, r *http.Request) string

	// RateExempt says whose requests the rate limit does not count; nil: nobody's.
	RateExempt func(*http.Request) bool

	// Around runs around each response. For a query or a mutation next runs the whole operation, so a snapshot
	// opened before it and closed after it serves all of its fields, unless they are still running: gqlgen waits for
	// all. For a subscription next waits for the next event and resolves it (nil means it ended); don't
	// hold a snapshot over it. Around may add to the response's Extensions, or return another response without
	// calling next: one with Errors and no Data is a refusal. It returns nil only if next did.
	Around func(ctx context.Context, op *graphql.OperationContext, next func(context.Context) *graphql.Response) *graphql.Response

	// Present turns a resolver's error into one that may be shown (see Errorf), or returns nil if it does not know
	// the error, which is then shown as an id and logged. Errors that have a code already don't come here.
	Present func(ctx context.Context, err error) *gqlerror.Error

	// ListSize says how many items the list of a field has when its arguments don't; 0 is not known. See cost.go.
	ListSize func(parent *ast.Definition, field *ast.FieldDefinition) int

	// AllowedOrigins are other origins whose pages may read and write, such as https://example.org; their browsers
	// may send credentials. "*" lets every page in, without credentials. Empty is the endpoint's own origin only.
	AllowedOrigins []string

	// AllowedHosts are the names, without port, under which the endpoint answers, against DNS rebinding. Empty is all.
	AllowedHosts []string

	// Trusted, if not nil, are the only documents that are answered. Clients send their id or their text.
	Trusted *TrustedDocuments

	DisableIntrospection bool
	DisableSuggestions   bool // no "did you mean"

	Logger  *slog.Logger                             // of faults; nil is slog.Default()
	Observe func(ctx context.Context, o Observation) // is told of each operation when it ends
	NewID   func() string                            // for errors; nil is random
	Now     func() time.Time                         // for the rate limit; nil is time.Now
}

// An Observation says how one operation went.
type Observation struct {
	Name      string        // as the client calls it; "" if it has none or could not be read. Any text: no metric label
	Kind      ast.Operation // query, mutation or subscription; "" if it was refused before that was known
	Transport string        // http, sse or websocket
	Code      string        // of the first error; "" if there was none
	Cost      int           // by estimate, in nodes
	Duration  time.Duration // since the request was read
}

// An Endpoint is an http.Handler. Close its streams with Shutdown.
type Endpoint struct {
	es          graphql.ExecutableSchema
	schema      *ast.Schema
	connections map[string]bool
	limits      Limits
	gates       gates
	rate        *rate
	cache       *cache
	rules       []core.Rule
	plainRules  []core.Rule          // without suggestions
	trusted     map[string]*prepared // by id and by the SHA-256 of the text; nil: every document is answered

	authenticate    func(*http.Request) (context.Context, error)
	client          func(context.Context, *http.Request) string
	rateExempt      func(*http.Request) bool
	around          func(context.Context, *graphql.OperationContext, func(context.Context) *graphql.Response) *graphql.Response
	present         func(context.Context, error) *gqlerror.Error
	listSize        func(*ast.Definition, *ast.FieldDefinition) int
	observe         func(context.Context, Observation)
	newID           func() string
	log             *slog.Logger
	noIntrospection bool

	origins   []string
	anyOrigin bool
	hosts     []string
	crossSite *http.CrossOriginProtection

	streams *streams
}

// New makes an Endpoint in front of es. It fails if an option makes no sense.
func New(es graphql.ExecutableSchema, o Options) (*Endpoint, error) {
	limits := o.Limits.withDefaults()
	e := &Endpoint{
		es:           es,
		schema:       es.Schema(),
		connections:  connectionTypes(es.Schema()),
		limits:       limits,
		gates:        newGates(limits),
		streams:      newStreams(),
		cache:        newCache(limits.CacheEntries, limits.CacheBytes),
		rules:        validationRules(!o.DisableSuggestions),
		plainRules:   validationRules(false),
		authenticate: o.Authenticate,
		client:       o.Client,
		rateExempt:   o.RateExempt,
		around:       o.Around,
		present:      o.Present,
		listSize:     o.ListSize,
		observe:      o.Observe,
		newID:        o.NewID,
		log:          o.Logger,
		crossSite:    http.NewCrossOriginProtection(),

		noIntrospection: o.DisableIntrospection,
	}
	if e.authenticate == nil {
		e.authenticate = func(r *http.Request) (context.Context, error) { return r.Context(), nil }
	}
	if e.client == nil {
		e.client = func(_ context.Context, r *http.Request) string { return ClientAddr(r.RemoteAddr) }
	}
	if e.rateExempt == nil {
		e.rateExempt = func(*http.Request) bool { return false }
	}
	if e.around == nil {
		e.around = func(ctx context.Context, _ *graphql.OperationContext, next func(context.Context) *graphql.Response) *graphql.Response {
			return next(ctx)
		}
	}
	if e.present == nil {
		e.present = func(context.Context, error) *gqlerror.Error { return nil }
	}
	if e.listSize == nil {
		e.listSize = defaultListSize
	}
	if e.observe == nil {
		e.observe = func(context.Context, Observation) {}
	}
	if e.newID == nil {
		e.newID = randomID
	}
	if e.log == nil {
		e.log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	e.rate = newRate(limits, o.Now)
	for _, origin := range o.AllowedOrigins {
		if origin == "*" {
			e.anyOrigin = true
			continue
		}
		if err := e.crossSite.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("allowed origin %q: write it as scheme://host or scheme://host:port: %w", origin, err)
		}
		e.origins = append(e.origins, origin)
	}
	for _, h := range o.AllowedHosts {
		e.hosts = append(e.hosts, strings.ToLower(h))
	}
	if o.Trusted != nil {
		var err error
		if e.trusted, err = e.trust(o.Trusted); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func randomID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// ServeHTTP answers one request, or serves one websocket or event stream until it ends.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept, Accept-Encoding, Origin")
	e.allowOrigin(w, r)

	if !e.hostAllowed(r.Host) {
		e.fail(w, r, http.StatusMisdirectedRequest, Errorf(CodeForbidden, "this server does not answer under that host name; its operator can allow it"))
		return
	}
	switch {
	case r.Method == http.MethodOptions:
		e.preflight(w, r)
	case isUpgrade(r):
		e.serveWebsocket(w, r)
	case r.Method == http.MethodGet, r.Method == http.MethodPost:
		e.serveHTTP(w, r)
	default:
		h.Set("Allow", "GET, POST, OPTIONS")
		e.fail(w, r, http.StatusMethodNotAllowed, Errorf(CodeBadRequest, "GraphQL is asked by POST, or by GET for queries"))
	}
}

func (e *Endpoint) hostAllowed(host string) bool {
	if len(e.hosts) == 0 {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return slices.Contains(e.hosts, strings.ToLower(strings.Trim(host, "[]")))
}

// originAllowed tells whether a page of that origin may talk to the endpoint under that host.
func (e *Endpoint) originAllowed(origin, host string) bool {
	if origin == "" || e.anyOrigin || slices.Contains(e.origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// allowOrigin tells a browser which pages may read the answer.
func (e *Endpoint) allowOrigin(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	switch {
	case origin == "":
	case slices.Contains(e.origins, origin):
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	case e.anyOrigin:
		w.Header().Set("Access-Control-Allow-Origin", "*")
	default:
		return
	}
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
}

func (e *Endpoint) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Allow", "GET, POST, OPTIONS")
	if h.Get("Access-Control-Allow-Origin") != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// admit finds out who asks: the context of what it asks for, the client that pays for it, and the rate at which it does. It
// takes one node for that, also from one that is refused.
func (e *Endpoint) admit(r *http.Request) (ctx context.Context, p payer, err *gqlerror.Error) {
	ctx, err = e.identify(r)
	known := ctx
	if err != nil {
		known = r.Context()
	}
	p = e.payer(known, r)
	if over := p.rate.spend(p.client, 1); over != nil {
		return nil, p, over
	}
	return ctx, p, err
}

// A payer is who an operation counts for.
type payer struct {
	client string
	rate   *rate // nil: it is exempt
}

func (e *Endpoint) payer(ctx context.Context, r *http.Request) payer {
	p := payer{client: e.client(ctx, r), rate: e.rate}
	if e.rate != nil && e.rateExempt(r) {
		p.rate = nil
	}
	return p
}

// identify asks Authenticate, and gives its errors a code.
func (e *Endpoint) identify(r *http.Request) (context.Context, *gqlerror.Error) {
	ctx, err := e.authenticate(r)
	if err == nil {
		return ctx, nil
	}
	var ge *gqlerror.Error
	if errors.As(err, &ge) && Code(ge) != "" {
		return nil, ge
	}
	e.log.LogAttrs(r.Context(), slog.LevelInfo, "not authenticated", slog.Any("cause", err))
	return nil, Errorf(CodeUnauthenticated, "the token is not valid here: send `Authorization: Bearer …` with a token of this server, or none to read what is public")
}
