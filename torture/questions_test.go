package torture

import (
	"fmt"
	"slices"
	"strings"
)

// A memory is what a whole store answers to a set of questions: all its nodes, edges of every kind, the past, and names.
type memory struct {
	questions []question
	answers   []string
}

type question struct {
	document  string
	variables map[string]any
}

const (
	nodeLists  = `{ nodes { id label labels { text } xrefs { id } provenance { source } } }`
	somethings = `{ diseases(first: 500) ` + nodeLists + ` concepts(first: 500) ` + nodeLists + ` measures(first: 500) ` + nodeLists + `
		cellSources(first: 500) ` + nodeLists + ` interventions(first: 500) ` + nodeLists + ` trials(first: 500) ` + nodeLists + ` arms(first: 500) ` + nodeLists + `
		outcomes(first: 500) ` + nodeLists + ` claims(first: 500) ` + nodeLists + ` conflicts(first: 500) ` + nodeLists + ` references(first: 500) ` + nodeLists + ` agents(first: 500) ` + nodeLists + ` }`
	studies = `{ trials(first: 100) { nodes { id title phase status enrollment { value } diseases(first: 10) { nodes { id } } arms(first: 10) { nodes { id } }
		interventions(first: 10) { nodes { id } } outcomes(first: 40) { edges { evidence { reference { id } } node { id label } } } agents(first: 10) { nodes { id } } references(first: 10) { nodes { id } } } } }`
	statements = `{ claims(first: 500) { nodes { id text about(first: 5) { totalCount nodes { id } } reference { id } } } }`
	names      = `{ mapIds(terms: ["critical limb ischaemia", "CLI", "Adipose", "VESCELL", "agent:f3", "claim:f5"]) { term matches { node { id } } } }`
)

// remember asks a whole store everything. ids are the nodes whose history is asked for.
func remember(t *trial, s *server, ids []string) *memory {
	t.Helper()
	m := new(memory)
	commits := s.commits(t)
	head := len(commits)
	m.questions = append(m.questions, question{`{ meta { revision releases { revision release time } counts { category count } } revisions(first: 500) { revision time author reason nodeCount edgeCount } }`, nil},
		question{`query ` + studies, nil}, question{`query ` + statements, nil}, question{`query ` + names, nil}, question{`query ` + somethings, nil})
	for _, r := range []int{1, 1 + head/3, 1 + 2*head/3, head} {
		m.questions = append(m.questions, question{`query ($r: Int) @asOf(revision: $r) ` + somethings, map[string]any{"r": r}}, question{`query ($r: Int) @asOf(revision: $r) ` + statements, map[string]any{"r": r}})
	}
	m.questions = append(m.questions, question{`query ($ids: [ID!]!) { nodes(ids: $ids) { id remarks } }`, map[string]any{"ids": ids}})
	for some := range slices.Chunk(ids, 15) {
		var b strings.Builder
		for i, id := range some {
			fmt.Fprintf(&b, "n%d: history(id: %q) { op revision { revision reason } } ", i, id)
		}
		m.questions = append(m.questions, question{"{ " + b.String() + "}", nil})
	}
	for _, q := range m.questions {
		a, err := s.ask("", q.document, q.variables)
		t.must(err)
		if a.code() != "" {
			t.stop("a whole store answers %.200s with %v", q.document, a.err())
		}
		m.answers = append(m.answers, string(a.Data))
	}
	return m
}

// before returns those questions whose answers no later write changes.
func (m *memory) before() *memory {
	past := new(memory)
	for i, q := range m.questions {
		if q.variables != nil {
			past.questions, past.answers = append(past.questions, q), append(past.answers, m.answers[i])
		}
	}
	return past
}

// compare asks again. It returns how many errors named the damage; every other answer must be what it was, or it is reported.
// gone says that the process has died.
func (m *memory) compare(t *trial, s *server) (named int, gone bool) {
	t.Helper()
	named, wrong, gone := m.look(t, s)
	for _, w := range wrong {
		t.fails("WRONG without a word: %s", w)
	}
	return named, gone
}

// look asks again, and returns the answers that are neither what they were nor errors that name the damage.
func (m *memory) look(t *trial, s *server) (named int, wrong []string, gone bool) {
	t.Helper()
	for i, q := range m.questions {
		a, err := s.ask("", q.document, q.variables)
		switch {
		case err != nil:
			t.fails("no answer to %.100s: %v: %s", q.document, err, panicIn(s.log.String()))
			return named, wrong, !s.alive()
		case a.code() != "":
			for _, e := range a.Errors {
				switch c := e.Extensions.Code; {
				case c == "STORE_CORRUPT":
					named++
				case len(a.Errors) < 20: // the last of too many says that there are more
					t.fails("an error that does not say that the store is damaged: %s: %s", c, e.Message)
				}
			}
		case string(a.Data) != m.answers[i]:
			wrong = append(wrong, fmt.Sprintf("%.200s\n%s", q.document, difference(m.answers[i], string(a.Data))))
		}
	}
	return named, wrong, false
}

// difference shows where two texts part.
func difference(want, got string) string {
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-60):min(len(s), i+100)] }
	return fmt.Sprintf("was …%s…\nis  …%s…", cut(want), cut(got))
}

// panicIn finds what Go prints when a process dies.
func panicIn(log string) string {
	for _, sign := range []string{"panic:", "fatal error:", "unexpected fault address", "SIGBUS", "SIGSEGV"} {
		if i := strings.Index(log, sign); i >= 0 {
			return log[i:min(len(log), i+1500)]
		}
	}
	return tail(log)
}

// died tells whether Go printed why a process died.
func died(log string) bool {
	return strings.Contains(log, "\ngoroutine ") || strings.HasPrefix(log, "panic:") || strings.Contains(log, "\npanic:") || strings.Contains(log, "fatal error:")
}
