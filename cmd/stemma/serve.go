package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/seed"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
	"github.com/stemma-kg/stemma/storage/memory"
)

type serveCommand struct {
	Addr string `help:"Address to listen on. Port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	dataDir
	Ephemeral bool `help:"Keep everything in memory and nothing on disk."`
	NoSeed    bool `help:"Start without the evidence that is in this program."`

	Tokens       string    `help:"File with the tokens that may write (see stemma help token create). Without it nobody may." placeholder:"FILE" group:"Who may do what"`
	PublicRead   bool      `help:"Let anyone read without a token, where --addr is open to other machines. On loopback anyone may." group:"Who may do what"`
	AllowedHost  []string  `help:"Host names that the API answers to, such as the name of a proxy's site; '*' is all. On loopback the default is the loopback names, else all." placeholder:"NAME" group:"Who may do what"`
	TrustedProxy []network `help:"Addresses of proxies, such as 10.1.0.0/16, whose X-Forwarded-For and X-Forwarded-Proto count. Who comes through one is not on this machine." placeholder:"CIDR" group:"Who may do what"`
	CORSOrigin   []string  `name:"cors-origin" help:"Origins whose pages may use the API, such as https://example.org, with credentials; '*' is all, without. The default is none." placeholder:"ORIGIN" group:"Who may do what"`

	TLSCert string `name:"tls-cert" help:"Speak TLS with this certificate, and those between it and its authority, as PEM. The files are read again when they change." placeholder:"FILE" group:"Who may do what"`
	TLSKey  string `name:"tls-key" help:"Its key." placeholder:"FILE" group:"Who may do what"`

	MetricsAddr    string        `help:"Serve Prometheus metrics, and profiles under /debug/pprof/, on an address of their own: on loopback, or for those with a token. Without it metrics are at /metrics on --addr where that is loopback, else nowhere." placeholder:"HOST:PORT" group:"Running"`
	LogLevel       string        `help:"The least that is logged: debug (each operation), info, warn or error." enum:"debug,info,warn,error" default:"info" group:"Running"`
	LogFormat      string        `help:"How: text, json, or auto, which is text on a terminal." enum:"auto,text,json" default:"auto" group:"Running"`
	Drain          time.Duration `help:"After a signal to stop, go on answering so long, with /readyz at 503." default:"0s" group:"Running"`
	Grace          time.Duration `help:"Then let what has begun go on at most so long." default:"7s" group:"Running"`
	MaxConnections int           `help:"Connections that are open at once; who comes then waits." default:"4096" group:"Running"`
	Scrub          int64         `name:"scrub-mib-per-second" help:"Rate at which the files of the store are read again, to find damage early, MiB; 0 for never." default:"8" group:"Running"`
	NodeCache      int64         `name:"node-cache-mib" help:"Memory for decoded nodes, MiB." default:"128" group:"Running"`

	limitFlags

	patience patience // what no flag says
}

// AfterApply decides whether to keep anything. The parser of the command line calls it.
func (c *serveCommand) AfterApply(ctx *kong.Context) error {
	c.patience = defaultPatience
	if !c.Ephemeral || c.Data == "" {
		return nil
	}
	return settle(ctx, "ephemeral", func() { c.Ephemeral = false }, "data", func() { c.Data = "" })
}

// Run serves until ctx is done.
func (c *serveCommand) Run(ctx context.Context, h *host) error {
	text := c.LogFormat == "text" || c.LogFormat == "auto" && isTerminal(h.stderr)
	log, err := newLogger(h.stderr, c.LogLevel, text)
	if err != nil {
		return err
	}
	for _, name := range unknownVariables(os.Environ()) {
		log.Warn("this environment variable is no flag's, and is ignored; stemma help serve shows those that are read", "name", name)
	}
	gate, err := c.gate(log)
	if err != nil {
		return err
	}
	var cert *certificate
	if c.TLSCert != "" || c.TLSKey != "" {
		if cert, err = openCertificate(c.TLSCert, c.TLSKey, log, h.now); err != nil {
			return err
		}
	}
	connections, err := c.connections(log)
	if err != nil {
		return err
	}
	// An address that is taken is found out before anything is made on disk. Whoever connects now waits.
	public, err := c.listen("--addr", c.Addr, connections, log)
	if err != nil {
		return err
	}
	defer public.Close()
	var side net.Listener
	if c.MetricsAddr != "" {
		if side, err = c.listen("--metrics-addr", c.MetricsAddr, sideConnections, log); err != nil {
			return err
		}
		defer side.Close()
	}

	store, where, err := c.open(h, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := store.Close(); err != nil && !errors.Is(err, storage.ErrClosed) {
			log.Error("close the store", "error", err)
		}
	}()
	if !c.NoSeed {
		switch _, err := seed.Apply(ctx, store); {
		case errors.Is(err, storage.ErrFull), errors.Is(err, storage.ErrReadOnly):
			log.Warn("the evidence of this program is not brought in, as nothing can be written", "error", err)
		case err != nil:
			return fmt.Errorf("bring the evidence of this program into %s: %w", where, err)
		}
	}
	s, err := newServer(c, store, gate, log, h.now)
	if err != nil {
		return err
	}
	s.metrics.tell("stemma_connections_open", "Connections to the public address.", func() float64 { return float64(public.open()) })
	if s.certificate = cert; cert != nil {
		s.metrics.tell("stemma_tls_certificate_expiry_timestamp_seconds", "When the certificate, or one above it, expires.", cert.expiry)
	}
	if !c.Ephemeral {
		defer keepAudit(where, store, s.metrics, log, h.now)()
	}
	go debug.FreeOSMemory() // the evidence was read, and idle servers would hold on to what that took
	c.announce(h, log, text, public.Addr(), side, where, s)
	err = s.run(ctx, public, side)
	log.Info("stopped")
	return err
}

// open opens the store that was asked for, and says in words where it is.
func (c *serveCommand) open(h *host, log *slog.Logger) (storage.Store, string, error) {
	if c.Ephemeral {
		return memory.Open(memory.WithClock(h.now)), "memory: nothing is kept", nil
	}
	dir, err := c.dir()
	if err != nil {
		return nil, "", err
	}
	const mib = 1 << 20
	open := func() (*badger.Store, error) {
		return badger.Open(dir, badger.Options{Now: h.now, Logger: log, NodeCacheBytes: c.NodeCache * mib, ScrubBytesPerSecond: c.Scrub * mib})
	}
	s, err := open()
	if err == nil {
		return s, dir, nil
	}
	if errors.Is(err, storage.ErrFull) || errors.Is(err, storage.ErrReadOnly) {
		if s, failed := badger.Open(dir, badger.Options{ReadOnly: true, Logger: log, NodeCacheBytes: c.NodeCache * mib, ScrubBytesPerSecond: c.Scrub * mib}); failed == nil {
			log.Warn("the store can only be read; it is tried again every few seconds", "error", err)
			return recoverLater(s, err, dir, open, 2*time.Second, log), dir, nil
		}
	}
	return nil, "", explainOpen(dir, err)
}

// announce says where everything is: in lines for people, in one record for machines.
func (c *serveCommand) announce(h *host, log *slog.Logger, text bool, addr net.Addr, side net.Listener, where string, s *server) {
	scheme := func(secure bool) string {
		if secure {
			return "https://"
		}
		return "http://"
	}
	gate, base := s.gate, scheme(s.certificate != nil)+reachable(addr)
	at := ""
	switch {
	case side != nil:
		at = scheme(s.certificate != nil && !s.sideLocal) + reachable(side.Addr()) + "/metrics"
	case gate.local:
		at = base + "/metrics"
	}
	if !gate.local && gate.keeper != nil && s.certificate == nil && len(gate.proxies) == 0 {
		log.Warn("tokens and answers can be read on their way: give --tls-cert and --tls-key, or put a proxy that speaks TLS in front, and name it with --trusted-proxy")
	}
	if !text {
		log.Info("serving", "version", programVersion(), "data", where, "graphql", base+"/graphql", "graphiql", base+"/graphiql", "metrics", at, "writes", gate.writes(), "reads", gate.reads())
		return
	}
	h.say("Stemma %s", programVersion())
	h.say("  data      %s", where)
	h.say("  start at  %s/", base)
	h.say("  GraphQL   %s/graphql", base)
	h.say("  GraphiQL  %s/graphiql", base)
	if at != "" {
		h.say("  metrics   %s", at)
	}
	h.say("  reads     %s", gate.reads())
	h.say("  writes    %s", gate.writes())
}

// reachable is the address that a person on this machine can open: an unspecified host is not one.
func reachable(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", fmt.Sprint(t.Port))
	}
	return a.String()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

func newLogger(w io.Writer, level string, text bool) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	o := &slog.HandlerOptions{Level: l}
	if text {
		return slog.New(slog.NewTextHandler(w, o)), nil
	}
	return slog.New(slog.NewJSONHandler(w, o)), nil
}

// newServer puts the endpoint, the pages and what operators look at behind one handler.
func newServer(c *serveCommand, store storage.Store, gate *access, log *slog.Logger, now func() time.Time) (*server, error) {
	m := newMetrics(store, gate)
	limits := c.limits()
	limits.BodyTimeout = c.patience.body
	looks := c.MaxLooks
	if looks < 0 {
		looks = math.MaxInt64
	}
	trusted, err := c.trustedDocuments()
	if err != nil {
		return nil, err
	}
	e, err := graph.New(graph.Options{
		Store: store, Version: programVersion(), Now: now, Log: log, Budget: looks,
		Authenticate: func(r *http.Request) (context.Context, error) { return gate.enter(r, graphqlRoute) },
		Authorize:    gate.authorize, Writer: gate.writer,
		Endpoint: endpoint.Options{
			Limits: limits, Client: gate.client, AllowedOrigins: c.CORSOrigin, AllowedHosts: c.hosts(gate.local),
			Trusted: trusted, RateExempt: c.rateExempt(), DisableIntrospection: c.NoIntrospection, DisableSuggestions: c.NoSuggestions,
			Observe: func(ctx context.Context, o endpoint.Observation) {
				m.observe(o)
				log.LogAttrs(ctx, slog.LevelDebug, "operation", slog.String("name", o.Name), slog.String("client", gate.client(ctx, nil)), slog.String("kind", string(o.Kind)),
					slog.String("transport", o.Transport), slog.String("code", o.Code), slog.Int("cost", o.Cost), slog.Duration("took", o.Duration))
			},
		},
	})
	if err != nil {
		return nil, err
	}
	s := &server{
		endpoint: e, metrics: m, gate: gate, store: store, log: log, drain: c.Drain, grace: c.Grace, patience: c.patience,
		health: &health{store: store, writes: gate.keeper != nil},
	}
	// A request's body, its wait for a slot, its run and its answer have limits of their own; this one is for what they leave open.
	s.writeTimeout = time.Minute
	if c.Timeout > 0 {
		s.writeTimeout += time.Duration(c.Timeout)
	}
	if c.Timeout < 0 {
		s.writeTimeout = 0
	}
	if c.MetricsAddr != "" {
		if s.sideLocal, err = isLoopback("--metrics-addr", c.MetricsAddr); err != nil {
			return nil, err
		}
	}
	return s, nil
}
