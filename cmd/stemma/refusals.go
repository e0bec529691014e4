package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

// A denial says why somebody may not, to them and to the metrics.
type denial struct {
	reason string
	shown  *gqlerror.Error
	cause  error // for the log, nil where what is shown says all
}

// The reasons of denials.
const (
	missing    = "missing"    // a token is needed, and there was none
	malformed  = "malformed"  // it can't be a token
	unknown    = "unknown"    // it is none of this server's, or was revoked
	role       = "role"       // its role does not allow it
	readOnly   = "read_only"  // the server has no tokens, so nobody may
	unlisted   = "unlisted"   // the table has no such use, so nobody may
	unreadable = "unreadable" // tokens can't be checked
)

func deny(reason, code, format string, args ...any) *denial {
	return &denial{reason: reason, shown: endpoint.Errorf(code, format, args...)}
}

func unauthenticated(reason, format string, args ...any) *denial {
	return deny(reason, endpoint.CodeUnauthenticated, format, args...)
}

func (d *denial) Error() string { return d.shown.Message }

// Unwrap returns the error as a client is shown it.
func (d *denial) Unwrap() error { return d.shown }

// refuse answers a request to a route that is not GraphQL's.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusForbidden
	switch endpoint.Code(err) {
	case endpoint.CodeUnauthenticated:
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer realm="Stemma"`)
	case endpoint.CodeUnavailable:
		status = http.StatusServiceUnavailable
	}
	http.Error(w, err.Error(), status)
}

// refusals count and log who was not let in.
type refusals struct {
	counter *prometheus.CounterVec

	mu      sync.Mutex
	second  time.Time
	logged  int // in this second
	omitted int
}

// loggedPerSecond bounds what a stranger can write into the log.
const loggedPerSecond = 5

func newRefusals() *refusals {
	return &refusals{counter: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "stemma_auth_refused_total", Help: "Requests and root fields that were refused to who asked, by reason.",
	}, []string{"reason"})}
}

// note takes down one refusal.
func (n *refusals) note(ctx context.Context, log *slog.Logger, use string, d *denial) {
	n.counter.WithLabelValues(d.reason).Inc()
	omitted, ok := n.take(time.Now())
	if !ok {
		return
	}
	v := visiting(ctx)
	attrs := []slog.Attr{slog.String("use", use), slog.String("reason", d.reason), slog.String("address", v.address.String())}
	if v.token.Role != "" {
		attrs = append(attrs, slog.String("token", v.token.ID()), slog.String("name", v.token.Name))
	}
	if omitted > 0 {
		attrs = append(attrs, slog.Int("omitted", omitted))
	}
	if d.cause != nil {
		log.LogAttrs(ctx, slog.LevelError, "tokens can't be checked, so none is accepted", append(attrs, slog.Any("error", d.cause))...)
		return
	}
	log.LogAttrs(ctx, slog.LevelInfo, "refused", attrs...)
}

// take says whether one more may be logged now, and how many were left out before it.
func (n *refusals) take(now time.Time) (omitted int, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if second := now.Truncate(time.Second); !second.Equal(n.second) {
		n.second, n.logged = second, 0
	}
	if n.logged >= loggedPerSecond {
		n.omitted++
		return 0, false
	}
	n.logged++
	omitted, n.omitted = n.omitted, 0
	return omitted, true
}
