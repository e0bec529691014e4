package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
)

// metrics are what Prometheus is told. No label has a value that a client can choose.
type metrics struct {
	registry   *prometheus.Registry
	operations *prometheus.CounterVec
	durations  *prometheus.HistogramVec
	costs      prometheus.Histogram
	requests   *prometheus.CounterVec
	inFlight   prometheus.Gauge
}

func newMetrics(store storage.Store, gate *access) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stemma_operations_total", Help: "GraphQL operations that have ended, by kind (none: refused before it was known), transport, and the code of the first error (ok: none).",
		}, []string{"kind", "transport", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "stemma_operation_duration_seconds", Help: "From reading a query or mutation to having its answer, by kind and code.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"kind", "code"}),
		costs: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "stemma_operation_cost_nodes", Help: "Nodes that operations may visit, by the estimate that the limit is held against.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 9),
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stemma_http_requests_total", Help: "HTTP requests that have ended, by route and status.",
		}, []string{"route", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "stemma_http_requests_in_flight", Help: "HTTP requests that run, open streams among them.",
		}),
	}
	m.registry.MustRegister(gate.refusals.counter, m.operations, m.durations, m.costs, m.requests, m.inFlight, newStoreCollector(store),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// tell shows a number that is known elsewhere.
func (m *metrics) tell(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (m *metrics) observe(o endpoint.Observation) {
	kind, code := string(o.Kind), o.Code
	if kind == "" {
		kind = "none"
	}
	if code == "" {
		code = "ok"
	}
	m.operations.WithLabelValues(kind, o.Transport, code).Inc()
	if kind == "subscription" {
		return // it lasts as long as its client likes
	}
	m.durations.WithLabelValues(kind, code).Observe(o.Duration.Seconds())
	if o.Kind != "" {
		m.costs.Observe(float64(o.Cost))
	}
}

// count counts the requests of a route.
func (m *metrics) count(route string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.inFlight.Inc()
		defer m.inFlight.Dec()
		s := &statusWriter{ResponseWriter: w}
		defer func() { m.requests.WithLabelValues(route, s.label()).Inc() }()
		h.ServeHTTP(s, r)
	})
}

// A statusWriter remembers the status. Unwrap lets http.ResponseController reach deadlines, flushing and hijacking.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) label() string {
	if w.status == 0 {
		return "none"
	}
	return strconv.Itoa(w.status)
}

// A storeCollector reads the store when it is asked.
type storeCollector struct {
	store    storage.Store
	revision *prometheus.Desc
	nodes    *prometheus.Desc
	up       *prometheus.Desc
	writable *prometheus.Desc
	passes   *prometheus.Desc
	scrubbed *prometheus.Desc
	damaged  *prometheus.Desc
}

func newStoreCollector(s storage.Store) *storeCollector {
	return &storeCollector{s,
		prometheus.NewDesc("stemma_store_revision", "The newest revision.", nil, nil),
		prometheus.NewDesc("stemma_store_nodes", "Nodes of each category.", []string{"category"}, nil),
		prometheus.NewDesc("stemma_store_up", "1 when the store answers.", nil, nil),
		prometheus.NewDesc("stemma_store_writable", "1 when the store can be written to: its device has room, and no file is damaged.", nil, nil),
		prometheus.NewDesc("stemma_store_scrub_passes_total", "How often all files of the store have been read again.", nil, nil),
		prometheus.NewDesc("stemma_store_scrub_bytes_total", "Bytes read for that.", nil, nil),
		prometheus.NewDesc("stemma_store_damaged_files", "Files that were found damaged since the start.", nil, nil),
	}
}

func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.revision, c.nodes, c.up, c.writable, c.passes, c.scrubbed, c.damaged} {
		ch <- d
	}
}

func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	up := 1.0
	if err := c.store.View(ctx, storage.At{}, func(r storage.Reader) error {
		ch <- prometheus.MustNewConstMetric(c.revision, prometheus.GaugeValue, float64(r.Revision()))
		for _, category := range kg.Categories() {
			n, err := r.Count(ctx, storage.Find{Category: category})
			if err != nil {
				return err
			}
			ch <- prometheus.MustNewConstMetric(c.nodes, prometheus.GaugeValue, float64(n), string(category))
		}
		return nil
	}); err != nil {
		up = 0
	}
	ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, up)
	if g, ok := storage.As[storage.Gauge](c.store); ok {
		writable := 0.0
		if g.Writable() == nil {
			writable = 1
		}
		ch <- prometheus.MustNewConstMetric(c.writable, prometheus.GaugeValue, writable)
	}
	if s, ok := storage.As[*badger.Store](c.store); ok {
		n := s.Scrub()
		ch <- prometheus.MustNewConstMetric(c.passes, prometheus.CounterValue, float64(n.Passes))
		ch <- prometheus.MustNewConstMetric(c.scrubbed, prometheus.CounterValue, float64(n.Bytes))
		ch <- prometheus.MustNewConstMetric(c.damaged, prometheus.GaugeValue, float64(n.Damaged))
	}
}
