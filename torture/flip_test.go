package torture

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A specimen is a store to damage: a directory with every kind of file, and what it answers when it is whole.
type specimen struct {
	data   string
	files  []string // names of its files
	ledger *ledger
	was    *memory
}

// The specimens are made once: one closed cleanly, one killed with a live log, one killed while a log becomes a table and the next is written.
var closedStore, killedStore, twoLogsStore = once(closedSpecimen), once(killedSpecimen), once(twoLogsSpecimen)

func once(make func(*trial) *specimen) func(*trial) *specimen {
	var o sync.Once
	var s *specimen
	return func(t *trial) *specimen {
		o.Do(func() { s = make(t) })
		if s == nil {
			t.stop("the store to damage could not be made")
		}
		return s
	}
}

// fill writes one after the other: new nodes, versions of them, retractions, nodes with edges, and some that are as large as
// nodes may be.
func fill(t *trial, s *server, l *ledger, secret string, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		w := write{tag: fmt.Sprintf("f%d", i), id: fmt.Sprintf("agent:f%d", i%23)}
		padding := 0
		switch {
		case i%11 == 7:
			w.retracts = true
			w.id = fmt.Sprintf("agent:f%d", (i-2)%23)
		case i%5 == 0:
			w.id, w.claim = fmt.Sprintf("claim:f%d", i%17), true
		case i%29 == 13:
			padding = 900_000
		}
		if !l.send(s, secret, w, padding) {
			t.stop("write %s: %v", w.tag, l.last)
		}
	}
}

func closedSpecimen(t *trial) *specimen {
	dir := filepath.Join(scratch, "closed")
	t.must(os.Mkdir(dir, 0o700))
	p := newPlace(t, dir)
	copySeeded(t, p.data)
	l := newLedger()
	for i := range 2 { // two openings leave two tables
		s := start(t, "--data", p.data, "--tokens", p.tokens, "--max-body-bytes", "8000000")
		fill(t, s, l, p.write, 40*i, 40)
		if a, err := s.ask(p.write, fmt.Sprintf(`mutation { nameRelease(input: {name: "release-%d"}) { __typename } }`, i), nil); err != nil || a.err() != nil {
			t.stop("name a release: %v %v", err, a.err())
		}
		s.stop(t)
	}
	return remembered(t, p.data, l)
}

func killedSpecimen(t *trial) *specimen {
	closed := closedStore(t)
	dir := filepath.Join(scratch, "killed")
	t.must(os.Mkdir(dir, 0o700))
	p := newPlace(t, dir)
	copyDir(t, closed.data, p.data)
	l := newLedger()
	l.acked = append(l.acked, closed.ledger.acked...)
	s := start(t, "--data", p.data, "--tokens", p.tokens, "--max-body-bytes", "8000000")
	fill(t, s, l, p.write, 80, 60)
	if a, err := s.ask(p.write, `mutation { nameRelease(input: {name: "before-the-crash"}) { __typename } }`, nil); err != nil || a.err() != nil {
		t.stop("name a release: %v %v", err, a.err())
	}
	fill(t, s, l, p.write, 140, 30)
	s.kill()
	return remembered(t, p.data, l)
}

func twoLogsSpecimen(t *trial) *specimen {
	closed := closedStore(t)
	dir := filepath.Join(scratch, "two-logs")
	t.must(os.Mkdir(dir, 0o700))
	for range 20 {
		p := newPlace(t, t.TempDir())
		copyDir(t, closed.data, p.data)
		l := newLedger()
		l.acked = append(l.acked, closed.ledger.acked...)
		s := p.start(t)
		run := l.write(s, p.write, t.seed, 4, 300_000)
		two := within(20*time.Second, func() bool { return logs(t, p.data) > 1 })
		run.stop() // what nobody heard of may be lost with a byte of it, so the last commit must be an acknowledged one
		s.kill()
		if two && logs(t, p.data) > 1 {
			t.must(os.Rename(p.data, filepath.Join(dir, "data")))
			return remembered(t, filepath.Join(dir, "data"), l)
		}
	}
	t.Log("no kill left two logs")
	return nil
}

// logs is how many logs hold more than a megabyte.
func logs(t *trial, data string) (n int) {
	paths, err := filepath.Glob(filepath.Join(data, "*.mem"))
	t.must(err)
	for _, path := range paths {
		if f, err := os.Open(path); err == nil {
			some := make([]byte, 4096)
			if _, err := f.ReadAt(some, 1<<20); err == nil && bytes.Count(some, []byte{0}) < 4000 {
				n++
			}
			f.Close()
		}
	}
	return n
}

// remembered asks a copy of a whole store everything.
func remembered(t *trial, data string, l *ledger) *specimen {
	t.Helper()
	sp := &specimen{data: data, ledger: l}
	defer func() { t.Log("the store to damage has", sp.files) }()
	for _, e := range entries(t, data) {
		if e.Type().IsRegular() && e.Name() != "LOCK" { // which holds the number of the process
			sp.files = append(sp.files, e.Name())
		}
	}
	whole := filepath.Join(t.TempDir(), "whole")
	copyDir(t, data, whole)
	s := start(t, "--data", whole)
	l.holds(t, s, seedRevision)
	var ids []string
	for i := range 23 {
		ids = append(ids, fmt.Sprintf("agent:f%d", i))
	}
	for i := range 17 {
		ids = append(ids, fmt.Sprintf("claim:f%d", i))
	}
	sp.was = remember(t, s, append(ids, "condition:cli"))
	s.stop(t)
	if t.Failed() {
		return nil
	}
	return sp
}

func entries(t *trial, dir string) []os.DirEntry {
	t.Helper()
	all, err := os.ReadDir(dir)
	t.must(err)
	return all
}

func TestDamagedClosedStore(t *testing.T) {
	trials(t, "damaged, closed cleanly", 2, 220, func(t *trial) { damaged(t, closedStore(t)) })
}

func TestDamagedKilledStore(t *testing.T) {
	trials(t, "damaged, killed", 1, 220, func(t *trial) { damaged(t, killedStore(t)) })
}

func TestDamagedStoreWithTwoLogs(t *testing.T) {
	trials(t, "damaged, killed with two logs", 0, 110, func(t *trial) { damaged(t, twoLogsStore(t)) })
}

// stride makes seeds that follow each other visit files and damages far apart, and all of them in the end.
const stride = 37

// damaged does one damage to one file of a copy, which the seed chooses: seeds that follow each other go through all pairs. Then the
// program is started on it three times.
func damaged(t *trial, sp *specimen) {
	data := filepath.Join(t.TempDir(), "data")
	copyDir(t, sp.data, data)
	pair := int(t.seed*stride) % (len(sp.files) * len(damages))
	file, d := sp.files[pair%len(sp.files)], damages[pair/len(sp.files)]
	how := d.do(t, filepath.Join(data, file))
	what := fmt.Sprintf("%s %s %s", file, d.name, how)
	t.Log(what)
	defer func() {
		if len(t.failures) > 0 {
			t.failures = append([]string{what}, t.failures...)
		}
	}()
	steps := []func() string{
		func() string { return serveDamaged(t, data, file, sp.was) },
		func() string { return checkDamaged(t, data, file) },
	}
	first := t.random.IntN(2)
	var came []string
	for i := range 3 { // serve, check, serve; or check, serve, check
		before := contents(t, data)
		outcome := steps[(first+i)%2]()
		if outcome == "refused" {
			kept(t, data, before)
		}
		came = append(came, outcome)
		if t.Failed() {
			return
		}
	}
	t.outcome = came[0]
	for i, outcome := range came[1:] {
		switch was := came[i]; {
		case was == outcome:
		case (first+i)%2 == 0 && outcome == "intact":
			t.fails("check finds nothing where the server's start was: %s", was)
		case outcome == "intact" || was == "intact":
			t.outcome = was + ", then " + outcome // the answers were compared: nothing is lost
		}
	}
}

// serveDamaged starts a server on a damaged store and judges what it does: intact, refused, or named errors.
func serveDamaged(t *trial, data, file string, was *memory) string {
	t.Helper()
	s := launch(t, "--data", data)
	err := s.await()
	log := s.log.String()
	if s.url == "" && s.alive() {
		t.fails("HANG: %v", err)
		return "hung"
	}
	if err != nil {
		if died(log) || s.status() != 2 {
			t.fails("PANIC, or a wrong status %d: %s", s.status(), panicIn(log))
			return "died"
		}
		isClear(t, log, file)
		return "refused"
	}
	t.took("start", time.Since(s.begun))
	named, gone := was.compare(t, s)
	if gone {
		return "died"
	}
	s.stop(t)
	if died(s.log.String()) {
		t.fails("PANIC: %s", panicIn(s.log.String()))
	}
	if named > 0 {
		return "named errors"
	}
	return "intact"
}

// checkDamaged runs `stemma check` on a damaged store and judges what it says.
func checkDamaged(t *trial, data, file string) string {
	t.Helper()
	begun := time.Now()
	r := command(t, "check", "--data", data)
	t.took("check", time.Since(begun))
	switch {
	case r.status == 0 && strings.Contains(r.stdout, " 0 problems"):
		return "intact"
	case died(r.stderr) || r.status < 0:
		t.fails("PANIC or HANG in check: status %d: %s", r.status, panicIn(r.stderr))
		return "died"
	case r.status == 1 && strings.Contains(r.stdout, "problems"):
		return "named errors"
	case r.status == 1, r.status == 2 && file == "STEMMA": // another format, or no store of ours
		isClear(t, r.stderr, file)
		return "refused"
	}
	t.fails("check: status %d: %s%s", r.status, r.stdout, r.stderr)
	return "failed"
}

var (
	namesSomething = regexp.MustCompile(`\b(\d+\.(sst|mem|vlog)|MANIFEST|KEYREGISTRY|DISCARD|ACKNOWLEDGED|STEMMA|revision \d+|named revisions|record|entry|entries|node|edge)\b`)
	saysWhatToDo   = regexp.MustCompile(`restore|repair|stemma check|take a newer|choose|make it`)
)

// isClear wants a refusal to be a sentence for people: it names a file or a record, and what to do.
func isClear(t *trial, log, file string) {
	t.Helper()
	i := strings.LastIndex(log, "stemma: ")
	if i < 0 {
		t.fails("refused without a sentence: %s", tail(log))
		return
	}
	says := log[i:]
	names := namesSomething.MatchString(says) || strings.Contains(says, file)
	if !names || !saysWhatToDo.MatchString(says) || len(says) > 1500 || strings.Contains(says, "goroutine") {
		t.fails("UNCLEAR: %s", says)
	}
	t.Log(strings.TrimSpace(says))
}
