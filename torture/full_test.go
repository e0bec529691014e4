package torture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Writes end with STORAGE_FULL, reads go on, and writes too when there is room, without a restart.
func TestFullByItsOwnWrites(t *testing.T) {
	for _, fs := range []string{"tmpfs", "ext4"} {
		t.Run(fs, func(t *testing.T) {
			kind := "device full by the server's writes, " + fs
			needsDevices(t, kind, fs)
			trials(t, kind, onlyFor(fs, "tmpfs"), 6, func(t *trial) {
				d := newDevice(t, fs, 180+t.random.IntN(100))
				p := newPlace(t, d.dir)
				copySeeded(t, p.data)
				d.ballast(t, "ballast", d.free(t)-64<<20-t.random.Int64N(30<<20)-4<<20)
				l := newLedger()
				s := p.start(t)
				run := l.write(s, p.write, t.seed, 4, 150_000)
				if !within(time.Minute, func() bool { return l.refusals("STORAGE_FULL") > 20 || !s.alive() }) {
					t.fails("no write was refused; refusals %v, last %v", l.codes, l.last)
				}
				reads(t, s)
				ready(t, s, false)
				acked := l.len()
				t.must(os.Remove(filepath.Join(d.dir, "ballast")))
				goesOn(t, s, l, acked)
				run.stop()
				onlyFull(t, l)
				ready(t, s, true)
				afterwards(t, p, s, l)
			})
		})
	}
}

// Another process takes the last byte while writers write: Badger writes into mapped files.
func TestFullByAnother(t *testing.T) {
	for _, fs := range []string{"tmpfs", "ext4"} {
		t.Run(fs, func(t *testing.T) {
			kind := "device full by another process, " + fs
			needsDevices(t, kind, fs)
			trials(t, kind, onlyFor(fs, "ext4"), 12, func(t *trial) {
				d := newDevice(t, fs, 180+t.random.IntN(100))
				p := newPlace(t, d.dir)
				copySeeded(t, p.data)
				l := newLedger()
				s := p.start(t)
				padding := []int{0, 20_000, 150_000}[t.random.IntN(3)]
				run := l.write(s, p.write, t.seed, 4, padding)
				time.Sleep(t.between(50*time.Millisecond, 800*time.Millisecond))
				empty := d.fill(t, "filler")
				for end := time.Now().Add(t.between(300*time.Millisecond, 2*time.Second)); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
					d.fill(t, "filler") // also what the server lets go of
				}
				full := d.free(t)
				reads(t, s)
				ready(t, s, false)
				acked := l.len()
				empty()
				t.Logf("padding %d, %d bytes were free, %d writes acknowledged, refusals %v", padding, full, acked, l.codes)
				goesOn(t, s, l, acked)
				run.stop()
				t.Logf("refusals %v, last %v", l.codes, l.last)
				onlyFull(t, l)
				afterwards(t, p, s, l)
			})
		})
	}
}

// Started where no byte is free: it serves, or says what to do; and when there is room everything is there.
func TestStartedOnAFullDevice(t *testing.T) {
	for _, c := range []struct {
		name string
		of   func(*trial) *specimen
	}{{"closed", closedStore}, {"killed", killedStore}} {
		t.Run(c.name, func(t *testing.T) {
			kind := "started on a full device, " + c.name
			needsDevices(t, kind, "ext4")
			trials(t, kind, 1, 8, func(t *trial) {
				fs := []string{"tmpfs", "ext4"}[t.random.IntN(2)]
				sp := c.of(t)
				d := newDevice(t, fs, 200)
				p := newPlace(t, d.dir)
				copyDir(t, sp.data, p.data)
				empty := d.fill(t, "filler")
				before := contents(t, p.data)
				for range 2 {
					s := launch(t, "--data", p.data, "--tokens", p.tokens)
					if err := s.await(); err == nil {
						t.outcome = "served"
						sp.was.compare(t, s)
						if l := newLedger(); !l.send(s, p.write, write{tag: "full", id: "agent:full"}, 0) || l.refusals("STORAGE_FULL") != 1 {
							t.fails("a write to a full device: %v %v", l.codes, l.last)
						}
						ready(t, s, false)
						empty()
						l := newLedger()
						for end := time.Now().Add(20 * time.Second); !l.send(s, p.write, write{tag: "again", id: "agent:again"}, 0) || l.len() == 0; time.Sleep(100 * time.Millisecond) {
							if time.Now().After(end) {
								t.fails("writing does not go on when there is room: %v %v", l.codes, l.last)
								break
							}
						}
						s.stop(t)
						checked(t, p.data)
						return
					}
					t.outcome = "refused"
					if died(s.log.String()) || s.status() != 2 || !strings.Contains(s.log.String(), "make room") {
						t.fails("status %d: %s", s.status(), panicIn(s.log.String()))
					}
					kept(t, p.data, before)
				}
				empty()
				s := p.start(t)
				sp.was.compare(t, s)
				s.stop(t)
				checked(t, p.data)
			})
		})
	}
}

// The file system turns read-only under the server, as Linux has it do when the disk fails.
func TestTurnedReadOnly(t *testing.T) {
	const kind = "device turned read-only"
	needsDevices(t, kind, "ext4")
	trials(t, kind, 1, 8, func(t *trial) {
		d := newDevice(t, "ext4", 400)
		p := newPlace(t, d.dir)
		copySeeded(t, p.data)
		d.sync(t)
		l := newLedger()
		s := p.start(t)
		run := l.write(s, p.write, t.seed, 4, 20_000)
		time.Sleep(t.between(50*time.Millisecond, 700*time.Millisecond))
		sh(t, "mount", "-o", "remount,abort", d.dir)
		time.Sleep(300 * time.Millisecond)
		acked := l.len()
		time.Sleep(300 * time.Millisecond)
		if n := l.len(); n != acked {
			t.fails("%d writes were acknowledged on a device that takes none", n-acked)
		}
		reads(t, s)
		ready(t, s, false)
		close(run.done)
		s.kill()
		run.writers.Wait()
		t.Logf("refusals %v, last %v", l.codes, l.last)
		if l.codes["INTERNAL"] > 0 {
			t.fails("%d writes were refused with INTERNAL, which tells an operator nothing", l.codes["INTERNAL"])
		}
		again := launch(t, "--data", p.data, "--tokens", p.tokens)
		if err := again.await(); err == nil {
			t.outcome = "served"
		} else if died(again.log.String()) || again.status() != 2 || !saysWhatToDo.MatchString(again.log.String()) {
			t.fails("started there again: status %d: %s", again.status(), panicIn(again.log.String()))
		}
		again.kill()
		d.unmount(t)
		d.mount(t)
		p.proven(t, l)
	})
}

// A directory that can't be written to: a closed store is served and checked, one that a crash left is refused, and nothing changes.
func TestWithoutPermission(t *testing.T) {
	for _, c := range []struct {
		name string
		of   func(*trial) *specimen
	}{{"closed", closedStore}, {"killed", killedStore}} {
		t.Run(c.name, func(t *testing.T) {
			kind := "directory that can't be written to, " + c.name
			if os.Geteuid() == 0 {
				needsDevices(t, kind, "tmpfs")
			}
			trials(t, kind, 1, 1, func(t *trial) {
				sp := c.of(t)
				data := filepath.Join(t.TempDir(), "data")
				if os.Geteuid() == 0 { // may write anywhere but to a device that is read-only
					d := newDevice(t, "tmpfs", 100)
					data = filepath.Join(d.dir, "data")
					copyDir(t, sp.data, data)
					sh(t, "mount", "-o", "remount,ro", d.dir)
				} else {
					copyDir(t, sp.data, data)
					t.must(os.Chmod(data, 0o500))
					t.Cleanup(func() { _ = os.Chmod(data, 0o700) })
				}
				before := contents(t, data)
				s := launch(t, "--data", data)
				switch err := s.await(); {
				case err == nil && (c.name != "closed" || !strings.Contains(s.log.String(), "can only be read")):
					t.fails("it serves, and does not say how: %s", tail(s.log.String()))
				case err == nil:
					reads(t, s)
					s.stop(t)
				case s.status() != 2 || !strings.Contains(s.log.String(), "make it writable"):
					t.fails("it does not say why it refuses: %s", tail(s.log.String()))
				}
				r := command(t, "check", "--data", data)
				switch {
				case c.name == "closed" && (r.status != 0 || !strings.Contains(r.stdout, " 0 problems")):
					t.fails("check: status %d %s%s", r.status, r.stdout, r.stderr)
				case c.name == "killed" && (r.status != 2 || !strings.Contains(r.stderr, "make it writable")):
					t.fails("check: status %d %s%s", r.status, r.stdout, r.stderr)
				}
				kept(t, data, before)
			})
		})
	}
}

// A backup that finds no room leaves nothing, and says so.
func TestBackupOntoAFullDevice(t *testing.T) {
	const kind = "backup onto a full device"
	needsDevices(t, kind, "tmpfs")
	trials(t, kind, 1, 6, func(t *trial) {
		d := newDevice(t, "tmpfs", 4)
		d.ballast(t, "ballast", 4<<20-t.random.Int64N(500<<10)-100<<10)
		sp := closedStore(t)
		p := newPlace(t, t.TempDir())
		copyDir(t, sp.data, p.data)
		file := filepath.Join(d.dir, "backup")
		wants := func(r result) {
			t.Helper()
			if r.status != 2 || !strings.Contains(r.stderr, "no space left") {
				t.fails("status %d: %s", r.status, r.stderr)
			}
			nothingNew(t, d.dir, "ballast")
		}
		wants(command(t, "backup", "--data", p.data, file))
		s := p.start(t)
		wants(command(t, "backup", "--url", s.url, "--token", p.admin, file))
		sp.was.compare(t, s)
		s.stop(t)
	})
}

// onlyFor is how many short trials there are of one of two kinds.
func onlyFor(what, this string) int {
	if what == this {
		return 1
	}
	return 0
}

// reads wants a server to answer questions.
func reads(t *trial, s *server) {
	t.Helper()
	if !s.alive() {
		t.stop("the server died with status %d: %s", s.status(), panicIn(s.log.String()))
	}
	for range 5 {
		a, err := s.ask("", `{ diseases(first: 5) { totalCount nodes { id } } }`, nil)
		if err == nil {
			err = a.err()
		}
		if err != nil || !strings.Contains(string(a.Data), "condition:") {
			t.fails("reading does not go on: %v: %s", err, panicIn(s.log.String()))
			return
		}
	}
}

// ready wants /readyz to say whether writes have space.
func ready(t *trial, s *server, want bool) {
	t.Helper()
	if status, text := s.get("/readyz"); (status == 200) != want {
		t.fails("/readyz says %d %s", status, text)
	}
}

// goesOn wants more writes to be acknowledged.
func goesOn(t *trial, s *server, l *ledger, acked int) {
	t.Helper()
	begun := time.Now()
	if !within(20*time.Second, func() bool { return l.len() > acked+10 || !s.alive() }) {
		t.fails("there is room again, and %d writes were acknowledged since; refusals %v, last %v", l.len()-acked, l.codes, l.last)
	}
	if !s.alive() {
		t.stop("the server died with status %d: %s", s.status(), panicIn(s.log.String()))
	}
	t.took("to write again", time.Since(begun))
}

// onlyFull wants refusals to have been for want of space alone.
func onlyFull(t *trial, l *ledger) {
	t.Helper()
	for code, n := range l.codes {
		switch code {
		case "STORAGE_FULL":
			t.count("refused", n)
		case "NOT_FOUND":
		default:
			t.fails("%d writes were refused with %s, last: %v", n, code, l.last)
		}
	}
}

// afterwards wants everything acknowledged to be in the server, and to outlive it.
func afterwards(t *trial, p place, s *server, l *ledger) {
	t.Helper()
	l.holds(t, s, seedRevision)
	s.stop(t)
	checked(t, p.data)
	p.proven(t, l)
}

// within waits until something is so.
func within(d time.Duration, so func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return true
		}
	}
	return so()
}
