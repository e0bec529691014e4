// Package questions has questions that people ask of the evidence, each with the answer that the documents give, and asks them of the
// real server over HTTP. README.md says how to read and add one.
package questions

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A scenario is one question. Its files are sections of a txtar archive whose comment is the question in words.
type scenario struct {
	query, variables, want []byte
	trap, trapWant         []byte   // a second query, of somebody who may walk into the trap, and its answer
	never                  []string // what the answer to the last query must not contain
}

func read(file string) (*scenario, error) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		return nil, err
	}
	s := new(scenario)
	name := strings.TrimSuffix(filepath.Base(file), ".txtar")
	if !strings.HasPrefix(string(a.Comment), "# "+name+" (") {
		return nil, fmt.Errorf("%s: the first line wants the question: # %s (who asks): ...", file, name)
	}
	var never []byte
	sections := map[string]*[]byte{
		"query.graphql": &s.query, "variables.json": &s.variables, "want.json": &s.want,
		"trap.graphql": &s.trap, "trap-want.json": &s.trapWant, "never.txt": &never,
	}
	for _, f := range a.Files {
		section, known := sections[f.Name]
		if !known || *section != nil {
			return nil, fmt.Errorf("%s: %s is unknown or stands twice", file, f.Name)
		}
		*section = f.Data
	}
	if s.query == nil || s.want == nil || (s.trap == nil) != (s.trapWant == nil) {
		return nil, fmt.Errorf("%s: every query wants its answer: query.graphql and want.json, trap.graphql and trap-want.json", file)
	}
	for line := range strings.Lines(string(never)) {
		if line = strings.TrimSpace(line); line != "" {
			s.never = append(s.never, line)
		}
	}
	if never != nil && s.never == nil {
		return nil, fmt.Errorf("%s: never.txt has no line", file)
	}
	return s, nil
}

func TestQuestions(t *testing.T) {
	files, err := filepath.Glob("*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 30; i++ {
		if file := fmt.Sprintf("O%02d.txtar", i); !slices.Contains(files, file) {
			t.Errorf("%s is missing", file)
		}
	}
	server := start(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".txtar"), func(t *testing.T) {
			s, err := read(file)
			if err != nil {
				t.Fatal(err)
			}
			answer := server.ask(t, s.query, s.variables)
			compare(t, "query.graphql", answer, s.want)
			if s.trap != nil {
				answer = server.ask(t, s.trap, nil)
				compare(t, "trap.graphql", answer, s.trapWant)
			}
			if found := forbidden(answer, s.never); found != "" {
				t.Errorf("never.txt: the answer has %s", found)
			}
		})
	}
}

// ask returns the data of the answer. A question that has errors is not answered.
func (s *server) ask(t *testing.T, query, variables []byte) any {
	t.Helper()
	if variables == nil {
		variables = []byte("null")
	}
	body, err := json.Marshal(map[string]any{"query": string(query), "variables": json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.graphql, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/graphql-response+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data   any
		Errors json.RawMessage
	}
	if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != http.StatusOK || answer.Errors != nil {
		t.Fatalf("%s: %s", response.Status, text)
	}
	return answer.Data
}

// andOthers, as the first item of a wanted list, lets the answer have items beside those that are wanted.
const andOthers = "..."

func compare(t *testing.T, section string, got any, wanted []byte) {
	t.Helper()
	want, err := decode(wanted)
	if err != nil {
		t.Fatalf("what %s wants is no JSON: %v", section, err)
	}
	if diff := difference(got, want); diff != "" {
		t.Errorf("%s: - is wanted, + is answered:\n%s", section, diff)
	}
}

func decode(text []byte) (v any, err error) { return v, json.Unmarshal(text, &v) }

// difference shows how an answer is not the wanted one; it is empty when it is. Lists are sets: where order matters, a query asks for the
// position.
func difference(got, want any) string {
	return gocmp.Diff(indented(sorted(want)), indented(sorted(narrowed(got, want))))
}

func indented(v any) string {
	b := new(bytes.Buffer)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}

// narrowed drops from an answer what want lets it have beside what it names.
func narrowed(got, want any) any {
	switch want := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			out := map[string]any{}
			for k, v := range g {
				out[k] = narrowed(v, want[k])
			}
			return out
		}
	case []any:
		g, ok := got.([]any)
		if !ok {
			return got
		}
		return paired(g, want)
	}
	return got
}

// paired narrows each item by the wanted one that it fits. Items that fit none stay as they are, for the difference to show, unless the
// list says that it has others.
func paired(got, want []any) []any {
	open := len(want) > 0 && want[0] == andOthers
	left := slices.Clone(got)
	out := []any{}
	if open {
		out, want = append(out, andOthers), want[1:]
	}
	var unmet []any
	for _, w := range want {
		i := slices.IndexFunc(left, func(g any) bool { return difference(g, w) == "" })
		if i < 0 {
			unmet = append(unmet, w)
			continue
		}
		out, left = append(out, narrowed(left[i], w)), slices.Delete(left, i, i+1)
	}
	for _, g := range left {
		switch i := slices.IndexFunc(unmet, func(w any) bool { return name(w) != nil && name(w) == name(g) }); {
		case i >= 0:
			out = append(out, narrowed(g, unmet[i])) // the same thing with another value: shown beside what is wanted
		case !open:
			out = append(out, g)
		}
	}
	return out
}

// name is what tells an item of a list from the others, where it has such a field.
func name(item any) any {
	m, _ := item.(map[string]any)
	if edge, ok := m["node"].(map[string]any); ok {
		m = edge
	}
	for _, key := range []string{"id", "field", "name"} {
		if s, ok := m[key].(string); ok {
			return s
		}
	}
	return nil
}

// sorted puts the lists of a JSON value into an order that depends on their items only.
func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = sorted(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = sorted(x)
		}
		slices.SortFunc(out, func(a, b any) int {
			return cmp.Or(strings.Compare(fmt.Sprint(name(a)), fmt.Sprint(name(b))), strings.Compare(compact(a), compact(b)))
		})
		return out
	}
	return v
}

func compact(v any) string {
	b := new(bytes.Buffer)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// forbidden returns the first of the texts that stands in the answer, written as JSON without spaces.
func forbidden(answer any, never []string) string {
	text := compact(answer)
	for _, n := range never {
		if strings.Contains(text, n) {
			return n
		}
	}
	return ""
}

// What compares answers must see what is wrong with one.
func TestDifference(t *testing.T) {
	for _, c := range []struct {
		why, got, want string
		same           bool
	}{
		{"order", `{"a":[{"id":"x"},{"id":"y"}]}`, `{"a":[{"id":"y"},{"id":"x"}]}`, true},
		{"one more", `[{"id":"x"},{"id":"y"}]`, `[{"id":"x"}]`, false},
		{"one less", `[{"id":"x"}]`, `[{"id":"x"},{"id":"y"}]`, false},
		{"one twice", `[{"id":"x"},{"id":"x"}]`, `[{"id":"x"}]`, false},
		{"a field more", `{"a":1,"b":2}`, `{"a":1}`, false},
		{"a field less", `{"a":1}`, `{"a":1,"b":null}`, false},
		{"null for a value", `{"a":null}`, `{"a":1}`, false},
		{"others", `[{"id":"x"},{"id":"y"}]`, `["...",{"id":"y"}]`, true},
		{"not among the others", `[{"id":"x"}]`, `["...",{"id":"y"}]`, false},
		{"others, further in", `[{"id":"x","l":[1,2]},{"id":"y","l":[3]}]`, `[{"id":"y","l":[3]},{"id":"x","l":["...",2]}]`, true},
		{"wrong, further in", `[{"id":"x","l":[1,2]}]`, `[{"id":"x","l":["...",3]}]`, false},
		{"a list for none", `[]`, `null`, false},
		{"no list for any", `null`, `["..."]`, false},
	} {
		got, err := decode([]byte(c.got))
		if err != nil {
			t.Fatal(err)
		}
		want, err := decode([]byte(c.want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(got, want); (diff == "") != c.same {
			t.Errorf("%s: %s against %s: %q", c.why, c.got, c.want, diff)
		}
	}
	answer, err := decode([]byte(`{"a": {"text": "<b> & 近6倍"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := forbidden(answer, []string{"7", `{"text":"<b> & 近`}); got != `{"text":"<b> & 近` {
		t.Errorf("forbidden found %q", got)
	}
}
