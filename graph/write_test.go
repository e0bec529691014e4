package graph_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

func (s *server) write(query string, variables map[string]any) map[string]any {
	s.t.Helper()
	a := s.as("anna", query, variables)
	if len(a.Errors) > 0 {
		s.t.Fatalf("%s\n%+v", query, a.Errors)
	}
	return a.Data
}

const putClaim = `mutation($id: ID!, $text: String!, $about: ID!) {
	putClaim(input: {
		reason: "a reading of our own"
		claim: {id: $id, label: "a claim of the lab", kind: OPINION, text: $text, modality: OPINION}
		edges: [{predicate: ABOUT, object: $about, role: POPULATION}]
	}) { revision claim { id text provenance { source agentType reference { type label } } about { edges { roles node { id } evidence { source } } } reference { id } } }
}`

// A curator is one more source: what is put carries the curator as its provenance, and history keeps what was before.
func TestPutRetractAndAsOf(t *testing.T) {
	s := serve(t)
	before := at(s.ask(`{ meta { revision } }`, nil), "meta.revision").(float64)

	put := s.write(putClaim, map[string]any{"id": "claim:lab-1", "text": "first reading", "about": "MONDO:0019100"})
	c := at(put, "putClaim.claim")
	if at(put, "putClaim.revision") != before+1 || at(c, "provenance.0.source") != "source:curator-anna" || at(c, "provenance.0.reference.type") != "CURATION" ||
		at(c, "about.edges.0.node.id") != "condition:nmosd" || at(c, "about.edges.0.evidence.0.source") != "source:curator-anna" || at(c, "reference.id") != "source:curator-anna" {
		t.Errorf("put: %v", put)
	}
	s.write(putClaim, map[string]any{"id": "claim:lab-1", "text": "second reading", "about": "condition:nmosd"})
	retracted := s.write(`mutation { retractNode(input: {id: "claim:lab-1", reason: "misread"}) { id revision } }`, nil)
	if at(retracted, "retractNode.revision") != before+3 {
		t.Errorf("retract: %v", retracted)
	}
	for i, want := range []any{nil, "first reading", "second reading", nil} {
		query := fmt.Sprintf(`query @asOf(revision: %d) { claim(id: "claim:lab-1") { text } disease(id: "condition:nmosd") { statements(filter: {id: {in: ["claim:d2-nmosd-is-cnsdd"]}}) { totalCount } } meta { revision } }`, int(before)+i)
		a := s.as("", query, nil)
		if at(a.Data, "claim.text") != want || at(a.Data, "meta.revision") != before+float64(i) || a.Extensions["revision"] != before+float64(i) {
			t.Errorf("as of %d: %v %v", i, a.Data, a.Extensions)
		}
	}
	h := s.ask(`{ history(id: "claim:lab-1") { op revision { revision author reason } } }`, nil)
	if got := fmt.Sprintf("%v %v %v", texts(h["history"], "op"), texts(h["history"], "revision.reason"), at(h, "history.0.revision.author")); got != "[DELETE PUT PUT] [misread a reading of our own a reading of our own] anna" {
		t.Errorf("history: %s", got)
	}
	// A name for a revision answers like its number.
	s.write(`mutation { nameRelease(input: {name: "after the lab"}) { revision { revision release } } }`, nil)
	if got := s.ask(`query @asOf(release: "after the lab") { meta { release revision releases { release } } }`, nil); at(got, "meta.release") != "after the lab" {
		t.Errorf("release: %v", got)
	}
}

// Writing the same again makes no revision.
func TestPutOfTheSameChangesNothing(t *testing.T) {
	s := serve(t)
	q := `mutation { putEdges(input: {reason: "known", edges: [{subject: "condition:rrms", predicate: IS_A, object: "condition:ms", provenance: {source: "source:doc-003"}}]}) { revision } }`
	first := at(s.write(q, nil), "putEdges.revision")
	if again := at(s.write(q, nil), "putEdges.revision"); again.(float64) > first.(float64)+1 {
		t.Errorf("%v, then %v", first, again)
	}
	got := s.ask(`{ disease(id: "condition:rrms") { broader { edges { node { id } evidence { source } } } } }`, nil)
	if sources := texts(at(got, "disease.broader.edges.0.evidence"), "source"); !slices.Contains(sources, "source:doc-003") || len(sources) != 2 {
		t.Errorf("evidence of both sources on one edge: %v", got)
	}
	s.write(`mutation { retractEdges(input: {reason: "not said there", edges: [{subject: "condition:rrms", predicate: IS_A, object: "condition:ms", source: "source:doc-003"}]}) { count } }`, nil)
	got = s.ask(`{ disease(id: "condition:rrms") { broader { totalCount edges { evidence { source } } } } }`, nil)
	if at(got, "disease.broader.totalCount") != 1.0 || len(at(got, "disease.broader.edges.0.evidence").([]any)) != 1 {
		t.Errorf("after the retraction: %v", got)
	}
}

// What breaks a rule is refused whole, with the field that is wrong.
func TestRefusedWrites(t *testing.T) {
	s := serve(t)
	before := at(s.ask(`{ meta { revision } }`, nil), "meta.revision")
	for _, c := range []struct{ name, writer, query, code, says string }{
		{"no token", "", `mutation { retractNode(input: {id: "condition:ms", reason: "x"}) { revision } }`, "UNAUTHENTICATED", "token"},
		{"no reason", "anna", `mutation { retractNode(input: {id: "condition:ms", reason: " "}) { revision } }`, "BAD_USER_INPUT", "reason"},
		{"unknown node", "anna", `mutation { retractNode(input: {id: "condition:nope", reason: "x"}) { revision } }`, "NOT_FOUND", "condition:nope"},
		{"a source in use", "anna", `mutation { retractNode(input: {id: "source:doc-002", reason: "x"}) { revision } }`, "CONFLICT", "source:doc-002"},
		{"a name that is taken", "anna", `mutation { putDisease(input: {reason: "x", disease: {id: "condition:other", label: "other", aliases: ["MONDO:0019100"]}}) { revision } }`, "CONFLICT", "condition:nmosd"},
		{"an impossible range", "anna", `mutation { putTrial(input: {reason: "x", trial: {id: "study:x", label: "x", enrollment: {low: 9, high: 3}}}) { revision } }`, "INVALID", "enrollment"},
		{"an impossible date", "anna", `mutation { putTrial(input: {reason: "x", trial: {id: "study:x", label: "x", dates: [{role: STARTED, date: "2016-02-31"}]}}) { revision } }`, "INVALID", "dates[0].date"},
		{"a silence about a value", "anna", `mutation { putTrial(input: {reason: "x", trial: {id: "study:x", label: "x", phase: PHASE1, absences: [{field: "phase", reason: NOT_STATED}]}}) { revision } }`, "INVALID", "phase"},
		{"an edge that can't be", "anna", `mutation { putEdges(input: {reason: "x", edges: [{subject: "condition:ms", predicate: INVESTIGATES, object: "condition:sle"}]}) { revision } }`, "INVALID", "INVESTIGATES"},
		{"an edge to nothing", "anna", `mutation { putEdges(input: {reason: "x", edges: [{subject: "study:mist", predicate: INVESTIGATES, object: "condition:nope"}]}) { revision } }`, "NOT_FOUND", "condition:nope"},
		{"a role that is none of the predicate's", "anna", `mutation { putEdges(input: {reason: "x", edges: [{subject: "study:mist", predicate: INVESTIGATES, object: "condition:sle", role: CITES}]}) { revision } }`, "INVALID", "role"},
		{"dropping what other sources state", "anna", `mutation { putTrial(input: {reason: "x", trial: {id: "study:mist", label: "Mine"}}) { revision } }`, "CONFLICT", "source:doc-003"},
		{"a revision too old", "anna", `mutation { putTrial(input: {reason: "x", ifRevision: 0, replaceOtherSources: true, trial: {id: "study:mist", label: "Mine"}}) { revision } }`, "CONFLICT", "ifRevision"},
		{"a retraction of what has changed", "anna", `mutation { retractNode(input: {reason: "x", ifRevision: 0, id: "claim:d2-dahbour-n"}) { revision } }`, "CONFLICT", "ifRevision"},
		{"a circle of kinds", "anna", `mutation { putEdges(input: {reason: "x", edges: [{subject: "condition:ms", predicate: IS_A, object: "condition:rrms"}]}) { revision } }`, "CONFLICT", "circle"},
		{"a retraction of no edge", "anna", `mutation { retractEdges(input: {reason: "x", edges: [{subject: "condition:ms", predicate: IS_A, object: "condition:rrms", source: "source:doc-003"}]}) { revision } }`, "NOT_FOUND", "none"},
		{"an impossible p", "anna", `mutation { putOutcome(input: {reason: "x", outcome: {id: "claim:x", label: "x", kind: OUTCOME, text: "x", modality: REPORTED, statistics: REPORTED, effect: {measure: "RR", p: {value: 7}}}}) { revision } }`, "INVALID", "probability"},
		{"a script as address", "anna", `mutation { putReference(input: {reason: "x", reference: {id: "source:x", label: "x", type: NEWS, url: "javascript:alert(1)"}}) { revision } }`, "INVALID", "http"},
		{"two node types under one id", "anna", `mutation { putAgent(input: {reason: "x", agent: {id: "condition:ms", label: "x", type: PERSON}, replaceOtherSources: true}) { revision } }`, "INVALID", "category"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.as(c.writer, c.query, nil)
			if len(a.Errors) == 0 {
				t.Fatalf("no error: %v", a.Data)
			}
			e := a.Errors[0]
			if c.code != "" && e.Extensions["code"] != c.code || !strings.Contains(e.Message, c.says) {
				t.Errorf("%v: %s", e.Extensions["code"], e.Message)
			}
		})
	}
	if after := at(s.ask(`{ meta { revision } }`, nil), "meta.revision"); after != before {
		t.Errorf("a refused write made revision %v of %v", after, before)
	}
}

// Changes are told over server-sent events and over websockets, from any revision on, without gaps.
func TestChanges(t *testing.T) {
	s := serve(t)
	since := at(s.ask(`{ meta { revision } }`, nil), "meta.revision").(float64)
	for i := range 3 {
		s.write(putClaim, map[string]any{"id": fmt.Sprintf("claim:lab-%d", i), "text": "a reading", "about": "condition:ms"})
	}
	query := fmt.Sprintf(`subscription { changes(since: %d) { revision { revision author } part parts nodes { op id category } edges { op subject predicate object } } }`, int(since))
	check := func(t *testing.T, next func() map[string]any) {
		for i := range 3 {
			c := at(next(), "data.changes")
			if at(c, "revision.revision") != since+float64(i)+1 || !slices.Contains(texts(at(c, "nodes"), "id"), fmt.Sprintf("claim:lab-%d", i)) ||
				!slices.Contains(texts(at(c, "edges"), "predicate"), "ABOUT") || at(c, "part") != at(c, "parts") {
				t.Errorf("event %d: %v", i, c)
			}
		}
	}
	t.Run("sse", func(t *testing.T) {
		body, _ := json.Marshal(map[string]any{"query": query})
		r, _ := http.NewRequestWithContext(t.Context(), "POST", s.url, strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/event-stream")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		check(t, func() map[string]any {
			for lines.Scan() {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "" {
					var m map[string]any
					if err := json.Unmarshal([]byte(data), &m); err != nil {
						t.Fatal(err)
					}
					return m
				}
			}
			t.Fatal("the stream ended")
			return nil
		})
	})
	t.Run("websocket", func(t *testing.T) {
		c, _, err := websocket.Dial(t.Context(), strings.Replace(s.url, "http", "ws", 1), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		for _, m := range []any{map[string]any{"type": "connection_init"}, map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": query}}} {
			if err := wsjson.Write(t.Context(), c, m); err != nil {
				t.Fatal(err)
			}
		}
		check(t, func() map[string]any {
			for {
				var m struct {
					Type    string
					Payload map[string]any
				}
				if err := wsjson.Read(t.Context(), c, &m); err != nil {
					t.Fatal(err)
				}
				if m.Type == "next" {
					return m.Payload
				}
			}
		})
	})
	t.Run("a revision that is not there yet", func(t *testing.T) {
		a := s.as("", `{ meta { revision } }`, nil)
		body, _ := json.Marshal(map[string]any{"query": `subscription { changes(since: 999) { part } }`})
		r, _ := http.NewRequestWithContext(t.Context(), "POST", s.url, strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/event-stream")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var text strings.Builder
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			text.WriteString(lines.Text())
		}
		if !strings.Contains(text.String(), "BAD_USER_INPUT") {
			t.Errorf("%v: %s", at(a.Data, "meta.revision"), text.String())
		}
	})
}
