package torture

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A place is where a trial has its store and tokens.
type place struct {
	data, tokens, write, admin string
}

// newPlace makes a place in a directory; the store in it is not made.
func newPlace(t *trial, dir string) place {
	t.Helper()
	p := place{data: filepath.Join(dir, "data"), tokens: filepath.Join(t.TempDir(), "tokens")}
	p.write, p.admin = newToken(t, p.tokens, "write"), newToken(t, p.tokens, "admin")
	return p
}

// start starts a server there.
func (p place) start(t *trial) *server {
	t.Helper()
	return start(t, "--data", p.data, "--tokens", p.tokens)
}

// seedRevision is that of a directory that holds the program's evidence and nothing else.
const seedRevision = 1

// proven wants a store that was left by a crash to come back with everything, to be closed, and to pass its own check.
func (p place) proven(t *trial, l *ledger) {
	t.Helper()
	s := p.start(t)
	l.holds(t, s, seedRevision)
	s.stop(t)
	checked(t, p.data)
}

func TestKilledWhileWriting(t *testing.T) {
	trials(t, "killed while writing", 1, 60, func(t *trial) {
		p := newPlace(t, t.TempDir())
		copySeeded(t, p.data)
		l := newLedger()
		for round := range 3 {
			s := p.start(t)
			padding := 0
			if t.random.IntN(3) == 0 {
				padding = 50_000 // fills a log, so that tables are written while it dies
			}
			run := l.write(s, p.write, t.seed+int64(round), 4, padding)
			time.Sleep(t.between(20*time.Millisecond, 1500*time.Millisecond))
			s.kill()
			run.writers.Wait()
			t.count("kills", 1)
			if l.len() == 0 && round == 2 {
				t.Log("nothing was acknowledged before the kills")
			}
		}
		p.proven(t, l)
	})
}

// Killed while it starts, which is while it brings in what the log holds, and again.
func TestKilledWhileStarting(t *testing.T) {
	trials(t, "killed while starting", 1, 40, func(t *trial) {
		p := newPlace(t, t.TempDir())
		copySeeded(t, p.data)
		l := newLedger()
		s := p.start(t)
		startup := time.Since(s.begun)
		run := l.write(s, p.write, t.seed, 4, 20_000)
		time.Sleep(t.between(300*time.Millisecond, time.Second))
		s.kill()
		run.writers.Wait()
		for range 4 {
			s := launch(t, "--data", p.data, "--tokens", p.tokens)
			time.Sleep(t.between(0, 2*startup))
			s.kill()
			t.count("kills", 1)
		}
		p.proven(t, l)
	})
}

// Killed while it fills a new directory: the next start has all of the evidence.
func TestKilledWhileSeeding(t *testing.T) {
	trials(t, "killed while seeding", 1, 40, func(t *trial) {
		from, err := seeded()
		t.must(err)
		want := censusOf(t, from)
		p := newPlace(t, t.TempDir())
		for range 3 {
			s := launch(t, "--data", p.data, "--tokens", p.tokens)
			time.Sleep(t.between(0, 700*time.Millisecond))
			s.kill()
			t.count("kills", 1)
		}
		if got := censusOf(t, p.data); got != want {
			t.fails("the store has %s, want %s", got, want)
		}
		checked(t, p.data)
	})
}

// censusOf starts a server, and returns how many nodes of which category it has at which revision.
func censusOf(t *trial, data string) string {
	t.Helper()
	s := start(t, "--data", data)
	defer s.stop(t)
	a, err := s.ask("", `{ meta { revision counts { category count } } }`, nil)
	t.must(err)
	t.must(a.err())
	return string(a.Data)
}

// Killed while a backup is taken of it: the backup has no file, or is whole.
func TestKilledDuringBackup(t *testing.T) {
	trials(t, "killed during a backup", 1, 30, func(t *trial) {
		dir := t.TempDir()
		p := newPlace(t, dir)
		copySeeded(t, p.data)
		l := newLedger()
		s := p.start(t)
		run := l.write(s, p.write, t.seed, 2, 20_000)
		time.Sleep(t.between(50*time.Millisecond, 500*time.Millisecond))
		file, ended := filepath.Join(dir, "backup"), make(chan result, 1)
		go func() { ended <- command(t, "backup", "--url", s.url, "--token", p.admin, file) }()
		time.Sleep(t.between(0, 250*time.Millisecond))
		s.kill()
		run.writers.Wait()
		t.count("kills", 1)
		r := <-ended
		if r.status == 0 {
			restored := filepath.Join(dir, "restored")
			if r := command(t, "restore", file, restored); r.status != 0 {
				t.fails("a backup that was said to be whole: status %d: %s", r.status, r.stderr)
			}
			checked(t, restored)
			t.count("backups whole", 1)
		} else {
			if r.status != 2 || r.stderr == "" {
				t.fails("the backup ended with status %d: %s", r.status, r.stderr)
			}
			nothingNew(t, dir, "data")
		}
		p.proven(t, l)
	})
}

// nothingNew wants a directory to hold nothing but what is named.
func nothingNew(t *trial, dir string, named ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	t.must(err)
	known := map[string]bool{}
	for _, n := range named {
		known[n] = true
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.fails("%s is left in %s", e.Name(), dir)
		}
	}
}

// Killed while it stops, under load.
func TestKilledWhileStopping(t *testing.T) {
	trials(t, "killed while stopping", 0, 40, func(t *trial) {
		p := newPlace(t, t.TempDir())
		copySeeded(t, p.data)
		l := newLedger()
		for round := range 2 {
			s := p.start(t)
			run := l.write(s, p.write, t.seed+int64(round), 4, 20_000)
			time.Sleep(t.between(50*time.Millisecond, 700*time.Millisecond))
			s.signal()
			time.Sleep(t.between(0, 200*time.Millisecond))
			s.kill()
			close(run.done)
			run.writers.Wait()
			t.count("kills", 1)
		}
		p.proven(t, l)
	})
}
