package torture

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// A report gathers what came of all trials.
type report struct {
	mu       sync.Mutex
	outcomes map[string]map[string]int // kind → outcome → trials
	counts   map[string]map[string]int // kind → what → how many, over all trials
	worst    map[string]map[string]worst
	failed   []failure
	skipped  map[string]string
	notes    []string
	written  error // whether the report could be
}

type worst struct {
	value time.Duration
	seed  int64
}

type failure struct {
	kind, test string
	seed       int64
	what       []string
}

var theReport = &report{
	outcomes: map[string]map[string]int{}, counts: map[string]map[string]int{}, worst: map[string]map[string]worst{}, skipped: map[string]string{},
}

// add takes what came of a trial, and writes the report anew: long runs may be cut short.
func (r *report) add(t *trial) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.written = r.write() }()
	if t.Failed() {
		t.outcome = "FAILED"
		test, _, _ := strings.Cut(t.Name(), "/"+fmt.Sprint(t.seed))
		r.failed = append(r.failed, failure{t.kind, test, t.seed, t.failures})
	}
	if r.outcomes[t.kind] == nil {
		r.outcomes[t.kind] = map[string]int{}
	}
	r.outcomes[t.kind][t.outcome]++
}

// count adds to a number of the kind.
func (t *trial) count(what string, n int) {
	theReport.mu.Lock()
	defer theReport.mu.Unlock()
	if theReport.counts[t.kind] == nil {
		theReport.counts[t.kind] = map[string]int{}
	}
	theReport.counts[t.kind][what] += n
}

// took notes how long something was, of which the longest is shown.
func (t *trial) took(what string, d time.Duration) {
	theReport.mu.Lock()
	defer theReport.mu.Unlock()
	if theReport.worst[t.kind] == nil {
		theReport.worst[t.kind] = map[string]worst{}
	}
	if w, ok := theReport.worst[t.kind][what]; !ok || d > w.value {
		theReport.worst[t.kind][what] = worst{d, t.seed}
	}
}

func (r *report) skip(kind, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped[kind] = why
	r.written = r.write()
}

func (r *report) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// write writes the report where it was asked for. The caller has the lock.
func (r *report) write() error {
	path := os.Getenv("STEMMA_TORTURE_REPORT")
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	r.print(f)
	return f.Close()
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "# Torture\n\nFirst seed %d. ", settings.seed)
	if len(r.failed) == 0 {
		fmt.Fprint(w, "No promise was broken.\n")
	} else {
		fmt.Fprintf(w, "**%d trials broke a promise.**\n", len(r.failed))
	}
	fmt.Fprint(w, "\n| trials | how many, and what came of them | numbers | the longest |\n|---|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(r.outcomes)) {
		total, came := 0, []string{}
		for _, o := range slices.Sorted(maps.Keys(r.outcomes[kind])) {
			total += r.outcomes[kind][o]
			came = append(came, fmt.Sprintf("%d %s", r.outcomes[kind][o], o))
		}
		var numbers, longest []string
		for _, c := range slices.Sorted(maps.Keys(r.counts[kind])) {
			numbers = append(numbers, fmt.Sprintf("%d %s", r.counts[kind][c], c))
		}
		for _, m := range slices.Sorted(maps.Keys(r.worst[kind])) {
			longest = append(longest, fmt.Sprintf("%s %s (seed %d)", m, r.worst[kind][m].value.Round(time.Millisecond), r.worst[kind][m].seed))
		}
		fmt.Fprintf(w, "| %s | %d: %s | %s | %s |\n", kind, total, strings.Join(came, ", "), strings.Join(numbers, ", "), strings.Join(longest, ", "))
	}
	for _, kind := range slices.Sorted(maps.Keys(r.skipped)) {
		fmt.Fprintf(w, "| %s | SKIPPED: %s | | |\n", kind, r.skipped[kind])
	}
	for _, n := range r.notes {
		fmt.Fprintf(w, "\n%s\n", n)
	}
	if len(r.failed) == 0 {
		return
	}
	fmt.Fprint(w, "\n## What failed\n")
	for _, f := range r.failed {
		fmt.Fprintf(w, "\n- %s: `STEMMA_TORTURE_SEED=%d STEMMA_TORTURE_ROUNDS=1 go test ./torture -run '^%s$'`\n", f.kind, f.seed, strings.ReplaceAll(f.test, "/", "$/^"))
		for _, what := range f.what[:min(len(f.what), 5)] {
			fmt.Fprintf(w, "  - %.1000s\n", strings.ReplaceAll(what, "\n", "\n    "))
		}
	}
}
