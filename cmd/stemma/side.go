package main

import (
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// side returns what is served on the address of the metrics. Profiles are served nowhere else.
func (s *server) side() []route {
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/", pprof.Index)
	profiles.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("/debug/pprof/trace", pprof.Trace)
	routes := []route{
		{"/metrics", "metrics", s.metrics.handler()},
		{"/debug/pprof/", "profiles", streaming(profiles)}, // pprof moves the deadline for writing by itself
	}
	if s.sideLocal {
		for i := range routes {
			routes[i].handler = onLoopbackNames(routes[i].handler)
		}
	}
	return routes
}

// handler serves the metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}
