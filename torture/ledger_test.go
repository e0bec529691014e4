package torture

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A write is one mutation. Its tag is its reason, and the label of what it puts: so every revision and every node says which write it
// is of.
type write struct {
	tag      string
	id       string
	retracts bool
	claim    bool // a node with an edge, in one commit
	revision int  // when it was acknowledged
	answered time.Time
}

// A ledger knows what was acknowledged, and what may have been committed without that anyone heard of it.
type ledger struct {
	mu    sync.Mutex
	acked []write
	maybe map[string]write // by tag
	codes map[string]int   // of refusals
	last  error            // of a refusal
}

func newLedger() *ledger { return &ledger{maybe: map[string]write{}, codes: map[string]int{}} }

func (l *ledger) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// refusals is how many writes were refused with a code.
func (l *ledger) refusals(code string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codes[code]
}

var runs atomic.Int64 // makes the tags of all writers different

// A load is writers that write as fast as they can, until the server is gone or they are told to stop.
type load struct {
	done    chan struct{}
	writers sync.WaitGroup
}

// write starts writers. Each has its own ids, so that it knows the order of its own writes.
func (l *ledger) write(s *server, secret string, seed int64, writers int, padding int) *load {
	run := &load{done: make(chan struct{})}
	for n := range writers {
		name := fmt.Sprintf("%d-%d", runs.Add(1), n)
		random := rand.New(rand.NewPCG(uint64(seed), uint64(n)))
		run.writers.Go(func() {
			there := map[string]bool{}
			for i := 0; ; i++ {
				select {
				case <-run.done:
					return
				default:
				}
				id := fmt.Sprintf("agent:t%s-%d", name, random.IntN(30))
				w := write{tag: fmt.Sprintf("t%s-%d", name, i), id: id}
				switch random.IntN(5) {
				case 0:
					w.retracts = there[id]
				case 1:
					w.id, w.claim = fmt.Sprintf("claim:t%s-%d", name, random.IntN(30)), true
				}
				if !l.send(s, secret, w, padding) {
					return
				}
				there[w.id] = !w.retracts
			}
		})
	}
	return run
}

// stop ends the writers after the write that each is at.
func (r *load) stop() {
	close(r.done)
	r.writers.Wait()
}

const (
	putAgentDocument = `mutation ($id: ID!, $tag: String!, $remarks: [String!]) { w: putAgent(input: {reason: $tag, agent: {id: $id, label: $tag, type: ORGANISATION, remarks: $remarks}}) { revision } }`
	putClaimDocument = `mutation ($id: ID!, $tag: String!, $remarks: [String!]) { w: putClaim(input: {reason: $tag, claim: {id: $id, label: $tag, kind: BACKGROUND, text: $tag, modality: ASSERTED, remarks: $remarks},
		edges: [{predicate: ABOUT, object: "condition:cli"}]}) { revision } }`
	retractDocument = `mutation ($id: ID!, $tag: String!) { w: retractNode(input: {reason: $tag, id: $id}) { revision } }`
)

// send sends a write and notes what came of it; false when there was no answer.
func (l *ledger) send(s *server, secret string, w write, padding int) bool {
	variables := map[string]any{"id": w.id, "tag": w.tag}
	document := putAgentDocument
	switch {
	case w.retracts:
		document = retractDocument
	case w.claim:
		document = putClaimDocument
	}
	if padding > 0 && !w.retracts {
		var remarks []string
		for left := padding; left > 0; left -= 10_000 {
			remarks = append(remarks, noise(min(left, 10_000)))
		}
		variables["remarks"] = remarks
	}
	a, err := s.ask(secret, document, variables)
	l.mu.Lock()
	defer l.mu.Unlock()
	var data struct{ W struct{ Revision int } }
	if err == nil && len(a.Errors) == 0 {
		err = json.Unmarshal(a.Data, &data)
	}
	switch {
	case err != nil:
		l.maybe[w.tag] = w
		l.last = err
		return false
	case len(a.Errors) > 0:
		l.codes[a.code()]++
		if a.code() != "NOT_FOUND" { // a retraction of what a refused write was to put
			l.last = a.err()
		}
		if a.code() != "NOT_FOUND" {
			l.maybe[w.tag] = w // a commit that failed on its way may be on disk
			time.Sleep(5 * time.Millisecond)
		}
		return true
	}
	w.revision, w.answered = data.W.Revision, time.Now()
	l.acked = append(l.acked, w)
	return true
}

// noise is text that does not compress.
func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[rand.IntN(36)]
	}
	return string(b)
}

// holds proves that a server has everything that was acknowledged, whole, in the newest revision and in the past, and nothing that
// nobody wrote. base is the revision that the store had before the ledger began.
func (l *ledger) holds(t *trial, s *server, base int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for code, n := range l.codes {
		if strings.HasPrefix(code, "GRAPHQL_") || code == "INVALID" || code == "BAD_USER_INPUT" {
			t.fails("%d writes were refused with %s, last: %v", n, code, l.last)
		}
	}
	all := s.commits(t)
	for i, c := range all {
		if c.Revision != i+1 {
			t.stop("revision %d follows %d", c.Revision, i)
		}
	}
	wrote := map[string]write{}
	var lost []string
	for _, w := range l.acked {
		switch {
		case w.revision > len(all):
			lost = append(lost, fmt.Sprintf("revision %d (%s of %s), as the newest is %d", w.revision, w.tag, w.id, len(all)))
		case all[w.revision-1].Reason != w.tag:
			lost = append(lost, fmt.Sprintf("revision %d (%s of %s), which is %q", w.revision, w.tag, w.id, all[w.revision-1].Reason))
		}
		wrote[w.tag] = w
	}
	t.count("acknowledged", len(l.acked))
	t.count("of them lost", len(lost))
	if len(lost) > 0 {
		t.stop("LOST: %d of %d acknowledged writes, the first %s", len(lost), len(l.acked), lost[0])
	}
	var present []write // oldest first, those that nobody heard of included
	for _, c := range all[min(base, len(all)):] {
		w, ok := wrote[c.Reason]
		if !ok {
			if w, ok = l.maybe[c.Reason]; !ok {
				t.fails("revision %d is %q, which nobody wrote", c.Revision, c.Reason)
				continue
			}
			w.revision = c.Revision
			t.count("unheard of, and there", 1)
		}
		present = append(present, w)
	}
	newest := map[string]write{}
	for _, w := range present {
		newest[w.id] = w
	}
	ids := make([]string, 0, len(newest))
	for id := range newest {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i, got := range s.things(t, ids) {
		newest[ids[i]].is(t, got, "now")
	}
	for i := range min(60, len(present)) {
		w := present[len(present)-1-i]
		if i >= 20 {
			w = present[t.random.IntN(len(present))]
		}
		w.is(t, s.thingAt(t, w.id, w.revision), "as of its revision")
	}
}

// is compares a node with what the write made of it.
func (w write) is(t *trial, got thing, when string) {
	t.Helper()
	want := thing{Label: w.tag}
	if w.retracts {
		want.Label = ""
	}
	if w.claim && !w.retracts {
		want.About.TotalCount = 1
	}
	if got != want {
		t.fails("WRONG: %s (%s, revision %d) is %+v %s, want %+v", w.id, w.tag, w.revision, got, when, want)
	}
}
