package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stemma-kg/stemma"
	"github.com/stemma-kg/stemma/auth"
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

	drain, grace time.Duration
	writeTimeout time.Duration
	public       http.Handler
	running      sync.WaitGroup // requests
}

// routes returns everything that is served on the public address.
func (s *server) routes(withMetrics bool) http.Handler {
	mux := http.NewServeMux()
	// Labels of metrics are these names, never paths: a stranger can't make new ones.
	handle := func(pattern, name string, h http.Handler) { mux.Handle(pattern, s.metrics.count(name, s.tracked(h))) }
	handle("/graphql", "graphql", streaming(s.endpoint))
	handle("/schema.graphqls", "schema", plain(http.HandlerFunc(serveSchema)))
	handle("/livez", "livez", plain(http.HandlerFunc(serveAlive)))
	handle("/readyz", "readyz", plain(s.health))
	handle("/backup", "backup", plain(streaming(http.HandlerFunc(s.serveBackup))))
	handle("/audit", "audit", plain(streaming(s.forAdmin("the audit log", s.serveAudit))))
	if withMetrics {
		handle("/metrics", "metrics", plain(onLoopbackNames(s.metrics.handler())))
	}
	handle("/", "pages", framed(web.Handler()))
	return mux
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
		if r.Method == http.MethodGet {
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // an event stream outlives any
		}
		h.ServeHTTP(w, r)
	})
}

// framed keeps pages out of other sites' frames and windows. The pages bring their own Content-Security-Policy.
func framed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		h.ServeHTTP(w, r)
	})
}

// plain serves text to programs, by GET alone, which no browser should take for anything else.
func plain(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		head.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			head.Set("Allow", "GET, HEAD")
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

// onLoopbackNames refuses requests that came by another name: through a proxy, or by a name that a stranger points here.
func onLoopbackNames(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.Trim(host, "[]")
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "metrics are shown to this machine only; --metrics-addr gives them an address of their own", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// serveBackup writes the store to those with the role admin, while it goes on serving others.
func (s *server) serveBackup(w http.ResponseWriter, r *http.Request) {
	ctx, err := s.gate.authenticate(r)
	if err == nil && who(ctx).Role == "" {
		err = errors.New("a backup needs a token with the role admin")
	}
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="backup"`)
		http.Error(w, strings.TrimPrefix(err.Error(), "input: "), http.StatusUnauthorized)
		return
	}
	if t := who(ctx); !t.Role.Allows(auth.Admin) {
		http.Error(w, fmt.Sprintf("the token of %s has the role %s, and a backup needs admin: `stemma token create --role admin`", t.Name, t.Role), http.StatusForbidden)
		return
	}
	snapshotter, ok := storage.As[storage.Snapshotter](s.store)
	if !ok {
		http.Error(w, "this server keeps nothing, so there is nothing to back up", http.StatusNotImplemented)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	rev, err := snapshotter.Backup(r.Context(), &paced{w: w, rc: http.NewResponseController(w)})
	if err != nil {
		s.log.ErrorContext(r.Context(), "a backup was cut short", "token", who(ctx).Name, "error", err)
		panic(http.ErrAbortHandler) // the connection breaks, so that nobody takes half a backup for a whole one
	}
	s.log.InfoContext(r.Context(), "backed up", "token", who(ctx).Name, "revision", rev)
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

// run serves until ctx is done, then ends what runs, and returns when nothing does.
func (s *server) run(ctx context.Context, public, metrics net.Listener) error {
	errorLog := slog.NewLogLogger(s.log.Handler(), slog.LevelDebug) // what clients do wrong
	main := &http.Server{
		Handler: s.public, ErrorLog: errorLog,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: s.writeTimeout, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
	}
	failed := make(chan error, 2)
	serve := func(srv *http.Server, l net.Listener) {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
		}
	}
	go serve(main, public)
	if metrics != nil {
		side := http.NewServeMux()
		side.Handle("/metrics", plain(s.metrics.handler()))
		srv := &http.Server{Handler: side, ErrorLog: errorLog, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10}
		go serve(srv, metrics)
		defer srv.Close()
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
	case <-time.After(2 * time.Second):
		s.log.Warn("some requests don't end")
	}
}

// handler serves the metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}
