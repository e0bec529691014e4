package torture

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Files change under a running server: every answer is what it was, or an error that names the damage; the process lives; and the
// next start says what is wrong.

var liveDamages = []damage{
	{"emptied", func(t *trial, path string) string { t.must(os.Truncate(path, 0)); return "" }},
	{"cut short", func(t *trial, path string) string {
		at := t.random.Int64N(max(1, used(t, path)))
		t.must(os.Truncate(path, at))
		return fmt.Sprintf("to %d bytes", at)
	}},
	{"a byte flipped", func(t *trial, path string) string { return flip(t, path, 0) }},
	{"a byte flipped near the end", func(t *trial, path string) string { return flip(t, path, 0.99) }},
	{"200 bytes flipped", func(t *trial, path string) string {
		for range 200 {
			flip(t, path, 0)
		}
		return ""
	}},
	{"all zeroed", func(t *trial, path string) string {
		overwrite(t, path, 0, make([]byte, used(t, path)))
		return ""
	}},
	{"deleted", func(t *trial, path string) string { t.must(os.Remove(path)); return "" }},
}

// scrubOften are the flags that make the scrub find damage within scrubTime.
var scrubOften = []string{"--scrub-mib-per-second", "1000"}

const scrubTime = 20 * time.Second

func TestDamagedWhileServing(t *testing.T) {
	trials(t, "damaged while serving", 1, 80, func(t *trial) {
		sp := closedStore(t)
		p := newPlace(t, t.TempDir())
		copyDir(t, sp.data, p.data)
		s := start(t, append([]string{"--data", p.data, "--tokens", p.tokens, "--node-cache-mib", "1"}, scrubOften...)...)
		var files []string
		for _, e := range entries(t, p.data) {
			if ext := filepath.Ext(e.Name()); ext == ".sst" || ext == ".mem" || e.Name() == "MANIFEST" || e.Name() == "ACKNOWLEDGED" || e.Name() == "STEMMA" {
				files = append(files, e.Name())
			}
		}
		pair := int(t.seed*stride) % (len(files) * len(liveDamages))
		file, d := files[pair%len(files)], liveDamages[pair/len(files)]
		if t.random.IntN(2) == 0 { // the pages are in memory, or not yet
			sp.was.compare(t, s)
		}
		how := d.do(t, filepath.Join(p.data, file))
		what := fmt.Sprintf("%s %s %s while it was served", file, d.name, how)
		t.Log(what)
		defer func() {
			if len(t.failures) > 0 {
				t.failures = append([]string{what}, t.failures...)
			}
		}()
		named, wrong, gone := sp.was.look(t, s)
		if len(wrong) > 0 && !gone { // until the scrub has found it, what is behind a damaged block seems never to have been
			t.count("answers cut short before the scrub", len(wrong))
			within(scrubTime, func() bool { return strings.Contains(s.log.String(), "the store is damaged") })
			named, gone = sp.was.compare(t, s)
		}
		if gone {
			return
		}
		// Writes are acknowledged or refused, and what is acknowledged counts below.
		l := newLedger()
		for i := range 20 {
			l.send(s, p.write, write{tag: fmt.Sprintf("live%d", i), id: fmt.Sprintf("agent:live%d", i)}, 20_000)
		}
		if !s.alive() {
			t.stop("the server died: %s", panicIn(s.log.String()))
		}
		if t.Failed() {
			return
		}
		t.outcome = "intact"
		if named > 0 {
			t.outcome = "named errors"
		}
		s.signal()
		select {
		case <-s.ended:
		case <-time.After(time.Minute):
			t.stop("HANG: it does not stop")
		}
		if died(s.log.String()) {
			t.stop("PANIC at the end: %s", panicIn(s.log.String()))
		}
		t.outcome += ", then " + afterDamage(t, p, file, l, sp.was)
	})
}

// afterDamage starts a server again: it refuses, or has what was acknowledged, and what it had before with or without named errors.
func afterDamage(t *trial, p place, file string, l *ledger, was *memory) string {
	t.Helper()
	again := launch(t, "--data", p.data)
	err := again.await()
	switch {
	case err != nil && (again.status() != 2 || died(again.log.String())):
		t.fails("PANIC or HANG at the next start: status %d: %s", again.status(), panicIn(again.log.String()))
		return "died"
	case err != nil:
		isClear(t, again.log.String(), file)
		return "refused"
	}
	past := was.before() // the newest revision is another by now
	named, gone := past.compare(t, again)
	if gone {
		return "died"
	}
	outcome := "named errors"
	if named == 0 {
		outcome = "intact"
		commits := again.commits(t)
		for _, w := range l.acked {
			if w.revision > len(commits) || commits[w.revision-1].Reason != w.tag {
				t.fails("LOST: revision %d was acknowledged while the file was damaged", w.revision)
			}
		}
	}
	again.stop(t)
	return outcome
}
