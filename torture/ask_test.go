package torture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// An answer is what a server says to a GraphQL request.
type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// code is that of the first error, "" when there is none.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

// err is the first error as one of Go's.
func (a answer) err() error {
	if len(a.Errors) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", a.code(), a.Errors[0].Message)
}

// ask sends a document with variables. An error says that there was no answer.
func (s *server) ask(secret, document string, variables any) (answer, error) {
	var a answer
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return a, err
	}
	r, err := http.NewRequest(http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/json")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%s: %.300s: %w", resp.Status, b, err)
	}
	return a, nil
}

// read asks for data, and fails the trial when it does not come.
func (s *server) read(t *trial, document string, variables, into any) {
	t.Helper()
	a, err := s.ask("", document, variables)
	if err == nil {
		err = a.err()
	}
	if err == nil {
		err = json.Unmarshal(a.Data, into)
	}
	if err != nil {
		t.stop("%.300s: %v", document, err)
	}
}

// A commit is what a server says of a revision.
type commit struct {
	Revision int
	Reason   string
}

// commits returns all revisions, oldest first.
func (s *server) commits(t *trial) []commit {
	t.Helper()
	var all []commit
	for {
		var page struct{ Revisions []commit }
		after := 0
		if n := len(all); n > 0 {
			after = all[n-1].Revision
		}
		s.read(t, `query ($after: Int) { revisions(after: $after, first: 500) { revision reason } }`, map[string]any{"after": after}, &page)
		all = append(all, page.Revisions...)
		if len(page.Revisions) < 500 {
			return all
		}
	}
}

// A thing is a node as the trials look at it: "" for the label of one that is not there, and how many edges it has where it should
// have one.
type thing struct {
	Label string
	About struct{ TotalCount int }
}

const thingFields = `{ label ... on Claim { about(first: 1) { totalCount } } }`

// things returns the newest state of nodes.
func (s *server) things(t *trial, ids []string) []thing {
	t.Helper()
	var all []thing
	for some := range slices.Chunk(ids, 250) {
		var page struct{ Nodes []*thing }
		s.read(t, `query ($ids: [ID!]!) { nodes(ids: $ids) `+thingFields+` }`, map[string]any{"ids": some}, &page)
		for _, n := range page.Nodes {
			if n == nil {
				n = new(thing)
			}
			all = append(all, *n)
		}
	}
	return all
}

// thingAt returns the state of a node as of a revision.
func (s *server) thingAt(t *trial, id string, revision int) thing {
	t.Helper()
	var a struct{ Node *thing }
	s.read(t, `query ($id: ID!, $r: Int) @asOf(revision: $r) { node(id: $id) `+thingFields+` }`, map[string]any{"id": id, "r": revision}, &a)
	if a.Node == nil {
		return thing{}
	}
	return *a.Node
}

// metric returns the value of a metric without labels, -1 when it is not there.
func (s *server) metric(name string) float64 {
	_, text := s.get("/metrics")
	for line := range strings.Lines(text) {
		var v float64
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &v); err == nil {
				return v
			}
		}
	}
	return -1
}
