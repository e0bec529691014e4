package main

import (
	"bufio"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stemma-kg/stemma/audit"
	"github.com/stemma-kg/stemma/storage"
)

// keepAudit keeps the file of the audit log beside a store, and tells Prometheus how it is. It returns what ends that.
func keepAudit(dir string, store storage.Store, m *metrics, log *slog.Logger, now func() time.Time) (end func()) {
	auditor, ok := storage.As[storage.Auditor](store)
	if !ok {
		return func() {}
	}
	file := audit.Keep(filepath.Join(dir, audit.FileName), auditor, log, now)
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "stemma_audit_row", Help: "The newest row of the audit log that is in its file.",
		}, func() float64 { return float64(file.Row()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "stemma_audit_ok", Help: "1 when the file of the audit log is as the store has it, and none that was not lies beside it.",
		}, func() float64 {
			if file.OK() {
				return 1
			}
			return 0
		}))
	return file.Close
}

// maxAuditRows is how many rows one answer has at most. Who wants more asks again, after the last of them.
const maxAuditRows = 10_000

// serveAudit writes the lines of the audit log after the row that the client names, the oldest first.
func (s *server) serveAudit(w http.ResponseWriter, r *http.Request) {
	after := uint64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			http.Error(w, "after: want the number of a row", http.StatusBadRequest)
			return
		}
	}
	auditor, ok := storage.As[storage.Auditor](s.store)
	if !ok {
		http.Error(w, "this server keeps nothing, and no audit log either", http.StatusNotImplemented)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out := bufio.NewWriterSize(&paced{w: w, rc: http.NewResponseController(w)}, 1<<16)
	if err := writeAudit(out, audit.Stored(r.Context(), auditor, after)); err != nil {
		s.log.ErrorContext(r.Context(), "an answer with the audit log was cut short", "token", visiting(r.Context()).token.Name, "error", err)
		panic(http.ErrAbortHandler) // the connection breaks, so that nobody takes a part for the whole
	}
}

func writeAudit(out *bufio.Writer, rows iter.Seq2[audit.Row, error]) error {
	n := 0
	for row, err := range rows {
		if err == nil {
			_, err = fmt.Fprintf(out, "%s\n", row.Line)
		}
		if err != nil {
			return err
		}
		if n++; n == maxAuditRows {
			break
		}
	}
	return out.Flush()
}
