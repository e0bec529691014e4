package endpoint

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// A gate lets a fixed number of operations through at once, and shares its places fairly between clients:
//
//   - those who wait are let in by turns, a client at a time and within each in the order they came, so a client with two
//     hundred waiting delays another by one place;
//   - one client holds at most three quarters of the places, so who comes after it need not wait for it to finish;
//   - so many may wait, of one client and in all. Who comes then is turned away at once.
//
// A nil gate lets all through.
type gate struct {
	mu    sync.Mutex
	free  int
	share int // places of one client, at most
	most  int // waiting, at most
	each  int // waiting of one client, at most

	waiting int
	lines   map[string]*line // of clients that hold a place or wait
	turns   []*line          // those whose first may be let in, the next one first; empty while a place is free
}

// A line is one client at a gate.
type line struct {
	client  string
	held    int
	waiting []chan struct{} // closed when let in
	listed  bool            // in turns
}

// newGate returns a gate with n places at which so many may wait, a quarter of them of one client.
func newGate(n, waiting int) *gate {
	if n >= unlimited {
		return nil
	}
	return &gate{free: n, share: max(1, n*3/4), most: waiting, each: max(1, waiting/4), lines: map[string]*line{}}
}

// enter waits for a place at most as long as wait says, or ctx lasts. Each success needs one leave.
func (g *gate) enter(ctx context.Context, client string, wait time.Duration) bool {
	if g == nil {
		return true
	}
	l, let, in := g.arrive(client)
	if let == nil {
		return in
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-let:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return !g.giveUp(l, let)
}

// arrive takes a place that is free (in), or returns what is closed when there is one. With neither, too many wait.
func (g *gate) arrive(client string) (l *line, let chan struct{}, in bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l = g.lines[client]; l == nil {
		l = &line{client: client}
		g.lines[client] = l
	}
	switch {
	case g.free > 0 && l.held < g.share:
		g.free--
		l.held++
		return l, nil, true
	case len(l.waiting) >= g.each || g.waiting >= g.most:
		g.forget(l)
		return nil, nil, false
	}
	let = make(chan struct{})
	l.waiting = append(l.waiting, let)
	g.waiting++
	g.list(l)
	return l, let, false
}

// giveUp ends a wait. It is false if a place was given at that moment.
func (g *gate) giveUp(l *line, let chan struct{}) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(l.waiting, let)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	g.waiting--
	if len(l.waiting) == 0 && l.listed {
		l.listed = false
		g.turns = slices.DeleteFunc(g.turns, func(o *line) bool { return o == l })
	}
	g.forget(l)
	return true
}

// leave gives a place back, to whose turn it is.
func (g *gate) leave(client string) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[client]
	l.held--
	g.free++
	g.list(l)
	for g.free > 0 && len(g.turns) > 0 {
		next := g.turns[0]
		g.turns = g.turns[1:]
		next.listed = false
		close(next.waiting[0])
		next.waiting = next.waiting[1:]
		g.waiting--
		g.free--
		next.held++
		g.list(next)
	}
	g.forget(l)
}

// list gives a client a turn after all others, if it has one coming.
func (g *gate) list(l *line) {
	if !l.listed && len(l.waiting) > 0 && l.held < g.share {
		l.listed = true
		g.turns = append(g.turns, l)
	}
}

// forget drops a client of whom nothing is left.
func (g *gate) forget(l *line) {
	if l.held == 0 && len(l.waiting) == 0 {
		delete(g.lines, l.client)
	}
}

// lightCost is the estimate up to which an operation is cheap. Cheap operations have slots of their own, so
// that a crowd asking for a great deal does not make a small question wait.
const lightCost = 2_000

// shortText is the length in bytes up to which a document takes next to no time to validate, so that it need not wait for those that do.
const shortText = 1 << 10

// gates are the slots for parsing and validating documents, and for running operations.
type gates struct{ short, long, light, heavy *gate }

func newGates(l Limits) gates {
	compiling := max(2, runtime.GOMAXPROCS(0))
	return gates{
		short: newGate(compiling, l.MaxWaiting),
		long:  newGate(compiling, l.MaxWaiting),
		light: newGate(4*min(l.MaxConcurrent, unlimited/4), l.MaxWaiting),
		heavy: newGate(l.MaxConcurrent, l.MaxWaiting),
	}
}

func (g gates) forText(length int) *gate {
	if length <= shortText {
		return g.short
	}
	return g.long
}

func (g gates) forCost(cost int) *gate {
	if cost <= lightCost {
		return g.light
	}
	return g.heavy
}
