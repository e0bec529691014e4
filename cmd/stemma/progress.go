package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// A progress tells whoever waits how far a long command has come, on standard error: on a terminal in one line that is written anew, else in a
// line every ten seconds.
type progress struct {
	w        io.Writer
	terminal bool
	every    time.Duration
	last     time.Time
	shown    bool
}

func newProgress(h *host) *progress {
	p := &progress{w: h.stderr, terminal: isTerminal(h.stderr), every: 10 * time.Second, last: time.Now()}
	if p.terminal {
		p.every = 200 * time.Millisecond
	}
	return p
}

// of says what was done of how many bytes; 0 for a total that nobody knows.
func (p *progress) of(what string, done, total int64) {
	if time.Since(p.last) < p.every {
		return
	}
	p.last, p.shown = time.Now(), true
	line := fmt.Sprintf("%s: %d MB", what, done/1e6)
	if total > 0 {
		line += fmt.Sprintf(" of %d MB, %d %%", total/1e6, 100*done/total)
	}
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

// end clears the line.
func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.shown = false
}

// A throttled passes on at most rate bytes in a second, 0 for as many as come, and reports them.
type throttled struct {
	ctx    context.Context
	w      io.Writer
	rate   int64
	begun  time.Time
	n      int64
	report *progress
}

func (t *throttled) Write(b []byte) (int, error) {
	n, err := t.w.Write(b)
	t.n += int64(n)
	t.report.of("written", t.n, 0)
	if err != nil || t.rate == 0 {
		return n, err
	}
	due := t.begun.Add(time.Duration(float64(t.n) / float64(t.rate) * float64(time.Second)))
	wait := time.NewTimer(time.Until(due))
	defer wait.Stop()
	select {
	case <-wait.C:
		return n, nil
	case <-t.ctx.Done():
		return n, t.ctx.Err()
	}
}
