package seed_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.yaml", "statements/*.yaml"} {
		m, err := filepath.Glob(pattern)
		if err != nil || len(m) == 0 {
			t.Fatalf("%s: %v, %v", pattern, m, err)
		}
		out = append(out, m...)
	}
	return out
}

func asJSON(t *testing.T, b []byte) any {
	t.Helper()
	j, err := yaml.YAMLToJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFilesFitTheSchema(t *testing.T) {
	s := schema(t)
	for _, page := range pages(t) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		want := "# yaml-language-server: $schema=schema.json\n"
		if filepath.Dir(page) != "." {
			want = "# yaml-language-server: $schema=../schema.json\n"
		}
		if !strings.HasPrefix(string(b), want) {
			t.Errorf("%s does not begin with %q: editors won't check it", page, want)
		}
		if err := s.Validate(asJSON(t, b)); err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
}

func TestSchemaRefusesWhatTheLoaderRefuses(t *testing.T) {
	s := schema(t)
	for name, page := range map[string]string{
		"unknown key":       "diseases:\n  - {id: condition:x, label: x, colour: red}\n",
		"no label":          "diseases:\n  - {id: condition:x}\n",
		"unknown predicate": "diseases:\n  - {id: condition:x, label: x, edges: {TREATS: [{to: condition:y, from: source:z}]}}\n",
		"no from":           "diseases:\n  - {id: condition:x, label: x, edges: {IS_A: [{to: condition:y}]}}\n",
		"odd quantity":      "arms:\n  - {id: group:x, label: x, n: some}\n",
		"odd phase":         "trials:\n  - {id: study:x, label: x, phase: FIRST}\n",
	} {
		if s.Validate(asJSON(t, []byte(page))) == nil {
			t.Errorf("%s: the schema takes %q", name, page)
		}
	}
}
