package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stemma-kg/stemma"
	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/web"
)

// A server is what runs between listening and the last answer.
type server struct {
	endpoint *endpoint.Endpoint
	health   *health
	metrics  *metrics
	gate     *access
	store    storage.Store
	log      *slog.Logger

	certificate  *certificate // nil: it speaks plain HTTP
	drain, grace time.Duration
	patience     patience
	writeTimeout time.Duration
	sideLocal    bool           // only this machine can reach the address of the metrics
	running      sync.WaitGroup // requests
}

// patience is how long a server waits for clients.
type patience struct {
	header, body, idle time.Duration
	side               time.Duration // for an answer on the address of the metrics to be taken
}

var defaultPatience = patience{header: 5 * time.Second, body: 15 * time.Second, idle: time.Minute, side: 30 * time.Second}

// A route is something that is served. Its pattern is in auth.Table, which says who may use it.
type route struct {
	pattern string
	label   string // in metrics, never a path: a stranger can't make new ones
	handler http.Handler
}

// public returns what is served on the public address.
func (s *server) public(withMetrics bool) []route {
	routes := []route{
		{graphqlRoute, "graphql", streaming(s.endpoint)},
		{"/schema.graphqls", "schema", http.HandlerFunc(serveSchema)},
		{"/livez", "livez", http.HandlerFunc(serveAlive)},
		{"/readyz", "readyz", s.health},
		{"/backup", "backup", streaming(http.HandlerFunc(s.serveBackup))},
		{"/audit", "audit", streaming(http.HandlerFunc(s.serveAudit))},
		{"/", "pages", web.Handler()},
	}
	if withMetrics {
		routes = append(routes, route{"/metrics", "metrics", onLoopbackNames(s.metrics.handler())})
	}
	return routes
}

// graphqlRoute asks the gate by itself, in the endpoint, so that it can refuse as GraphQL does.
const graphqlRoute = "/graphql"

// mount puts routes behind the gate, and behind what holds for every answer.
func (s *server) mount(gate *access, routes []route) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		h := r.handler
		if r.pattern != graphqlRoute {
			h = byGet(gate.guard(r.pattern, h))
		}
		mux.Handle(r.pattern, s.metrics.count(r.label, s.tracked(h)))
	}
	return gate.received(secured(mux))
}

func (s *server) tracked(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.running.Add(1)
		defer s.running.Done()
		h.ServeHTTP(w, r)
	})
}

// streaming takes the server's deadlines off what has its own.
func streaming(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.ContentLength == 0 { // a body is still waited for when all is answered
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // an event stream outlives any
		}
		h.ServeHTTP(w, r)
	})
}

// secured says on every answer what a browser may do with it, which is nothing. Pages bring policies of their own.
func secured(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		if visiting(r.Context()).secure {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.ServeHTTP(w, r)
	})
}

// byGet serves those who ask by GET.
func byGet(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "ask by GET", http.StatusMethodNotAllowed)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func serveSchema(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(stemma.Schema)))
	_, _ = io.WriteString(w, stemma.Schema) // the client has left if this fails
}

// onLoopbackNames refuses requests that came by another name: through a proxy, or by a name that a stranger points here. What is
// shown to anyone on this machine a page on the web could read else.
func onLoopbackNames(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.Trim(host, "[]")
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this is shown to this machine only, under a loopback name; --metrics-addr gives metrics an address of their own", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// serveBackup writes the store, while it goes on serving others.
func (s *server) serveBackup(w http.ResponseWriter, r *http.Request) {
	snapshotter, ok := storage.As[storage.Snapshotter](s.store)
	if !ok {
		http.Error(w, "this server keeps nothing, so there is nothing to back up", http.StatusNotImplemented)
		return
	}
	since, err := sinceOf(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, by := r.Context(), visiting(r.Context()).token.Name
	w.Header().Set("Content-Type", "application/octet-stream")
	rev, err := snapshotter.Backup(ctx, &paced{w: w, rc: http.NewResponseController(w)}, since)
	if errors.Is(err, storage.ErrNoRevision) { // nothing was written
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	if err != nil {
		s.log.ErrorContext(ctx, "a backup was cut short", "token", by, "error", err)
		panic(http.ErrAbortHandler) // the connection breaks, so that nobody takes half a backup for a whole one
	}
	s.log.InfoContext(ctx, "backed up", "token", by, "since", since, "revision", rev)
}

// sinceOf reads the query of /backup. What it does not know is refused: who asks for less should not get everything.
func sinceOf(query url.Values) (storage.Revision, error) {
	for name, values := range query {
		if name != "since" || len(values) != 1 {
			return 0, fmt.Errorf("%q: a backup is asked for as /backup or /backup?since=REVISION", name)
		}
	}
	text := query.Get("since")
	if text == "" {
		text = "0"
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("since=%q: write the number of a revision", query.Get("since"))
	}
	return storage.Revision(n), nil
}

// paced writes with a deadline for each piece, not for the whole.
type paced struct {
	w  io.Writer
	rc *http.ResponseController
}

func (p *paced) Write(b []byte) (int, error) {
	_ = p.rc.SetWriteDeadline(time.Now().Add(30 * time.Second))
	return p.w.Write(b)
}

func (s *server) httpServer(h http.Handler, writeTimeout time.Duration) *http.Server {
	return &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // what clients do wrong
		ReadHeaderTimeout: s.patience.header, ReadTimeout: s.patience.header + s.patience.body, WriteTimeout: writeTimeout, IdleTimeout: s.patience.idle,
		MaxHeaderBytes: 32 << 10,
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: 100, SendPingTimeout: s.patience.idle / 2, WriteByteTimeout: s.patience.idle / 2},
	}
}

// run serves until ctx is done, then ends what runs, and returns when nothing does. metrics is nil where they have no address of
// their own.
func (s *server) run(ctx context.Context, public, metrics net.Listener) error {
	main := s.httpServer(s.mount(s.gate, s.public(s.gate.local && metrics == nil)), s.writeTimeout)
	side := s.httpServer(s.mount(s.gate.beside(s.sideLocal), s.side()), s.patience.side)
	if s.certificate != nil {
		go s.certificate.watch(ctx)
	}
	failed := make(chan error, 2)
	serve := func(srv *http.Server, l net.Listener, secure bool) {
		var err error
		if secure {
			srv.TLSConfig = s.certificate.config()
			err = srv.ServeTLS(l, "", "")
		} else {
			err = srv.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
		}
	}
	go serve(main, public, s.certificate != nil)
	if metrics != nil {
		go serve(side, metrics, s.certificate != nil && !s.sideLocal)
		defer side.Close()
	}
	select {
	case err := <-failed:
		return errors.Join(err, main.Close())
	case <-ctx.Done():
	}
	s.stop(main)
	return nil
}

// stop ends a server. What has begun is finished, if it is within the grace.
func (s *server) stop(main *http.Server) {
	s.health.stopping.Store(true)
	s.log.Info("stopping; a second signal ends the process at once", "drain", s.drain, "grace", s.grace)
	time.Sleep(s.drain)
	ctx, cancel := context.WithTimeout(context.Background(), s.grace)
	defer cancel()
	streams := make(chan error, 1)
	go func() { streams <- s.endpoint.Shutdown(ctx) }()
	if err := errors.Join(main.Shutdown(ctx), <-streams); err != nil {
		s.log.Warn("not everything was finished in time; the rest is cut off", "error", err)
	}
	if err := main.Close(); err != nil {
		s.log.Debug("close connections", "error", err)
	}
	// Operations that were cut off see it at their next look at the store, which has to outlive them.
	ended := make(chan struct{})
	go func() { s.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Second):
		s.log.Warn("some requests don't end")
	}
}
