package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/stemma-kg/stemma"
	"github.com/stemma-kg/stemma/auth"
)

// roots returns the root fields of the schema by the names that the table has for them.
func roots(t *testing.T) (*ast.Schema, map[string]*ast.FieldDefinition) {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: stemma.Schema})
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]*ast.FieldDefinition{}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range root.Fields {
			fields[root.Name+"."+f.Name] = f
		}
		if root != schema.Subscription { // there the specification has none
			fields[root.Name+".__typename"] = &ast.FieldDefinition{Name: "__typename", Type: ast.NonNullNamedType("String", nil)}
		}
	}
	return schema, fields
}

// What can be asked for is in the table, and what is in the table can be asked for.
func TestTableHasEverything(t *testing.T) {
	_, fields := roots(t)
	there := slices.Collect(maps.Keys(fields))
	s := build(t, "--ephemeral")
	for _, r := range append(s.public(true), s.side()...) {
		if !slices.Contains(there, r.pattern) {
			there = append(there, r.pattern)
		}
	}
	var listed []string
	for _, rule := range auth.Table {
		listed = append(listed, rule.Use)
		if rule.Needs != auth.Public && !slices.Contains(auth.Roles, rule.Needs) {
			t.Errorf("%s needs %q, which is no role", rule.Use, rule.Needs)
		}
		if rule.IsRoute() != strings.HasPrefix(rule.Use, "/") {
			t.Errorf("%s: a route? %t", rule.Use, rule.IsRoute())
		}
	}
	slices.Sort(there)
	slices.Sort(listed)
	for _, use := range there {
		if !slices.Contains(listed, use) {
			t.Errorf("%s is served, and auth.Table lacks it: nobody may use it", use)
		}
	}
	for i, use := range listed {
		if !slices.Contains(there, use) {
			t.Errorf("auth.Table has %s, which is not served", use)
		}
		if i > 0 && listed[i-1] == use {
			t.Errorf("auth.Table has %s twice", use)
		}
	}
	// And it is what docs/operate.md shows.
	want := "| least role | routes | fields |\n|---|---|---|\n"
	for _, role := range append([]auth.Role{auth.Public}, auth.Roles...) {
		var routes, fields []string
		for _, rule := range auth.Table {
			switch {
			case rule.Needs != role:
			case rule.IsRoute():
				routes = append(routes, "`"+rule.Use+"`")
			default:
				fields = append(fields, "`"+rule.Use+"`")
			}
		}
		want += fmt.Sprintf("| `%s` | %s | %s |\n", role, strings.Join(routes, " "), strings.Join(fields, " "))
	}
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), want) {
		t.Errorf("docs/operate.md lacks this table:\n%s", want)
	}
}

// literal is a value that the schema takes for a type. Whether it makes sense is asked after who may.
func literal(schema *ast.Schema, typ *ast.Type) string {
	if typ.Elem != nil {
		return "[" + literal(schema, typ.Elem) + "]"
	}
	switch d := schema.Types[typ.NamedType]; {
	case d.Kind == ast.Enum:
		return d.EnumValues[0].Name
	case d.Kind == ast.InputObject:
		var fields []string
		for _, f := range d.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				fields = append(fields, f.Name+": "+literal(schema, f.Type))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case d.Name == "Int" || d.Name == "Float":
		return "1"
	case d.Name == "Boolean":
		return "true"
	default:
		return `"x:1"`
	}
}

// documentFor asks for one root field.
func documentFor(schema *ast.Schema, use string, f *ast.FieldDefinition) string {
	root, _, _ := strings.Cut(use, ".")
	var args []string
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil {
			args = append(args, a.Name+": "+literal(schema, a.Type))
		}
	}
	field := f.Name
	if use == "Subscription.changes" {
		args = append(args, "since: 0")
	}
	if len(args) > 0 {
		field += "(" + strings.Join(args, ", ") + ")"
	}
	if d := schema.Types[f.Type.Name()]; d.IsCompositeType() {
		field += " { __typename }"
	}
	return strings.ToLower(root) + " { " + field + " }"
}

// Every field and every route, on every kind of server, for every kind of visitor, is what the table says.
func TestTableIsTheLaw(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	visitors := map[string]string{
		"nobody": "",
		"read":   token(t, tokens, "ann", "read"),
		"write":  token(t, tokens, "bob", "write"),
		"admin":  token(t, tokens, "root", "admin"),
		// The others have or had the highest role.
		"revoked": token(t, tokens, "old", "admin"),
		"wrong":   token(t, filepath.Join(t.TempDir(), "tokens"), "eve", "admin"),
	}
	if _, errs, status := command(t, "token", "revoke", "--tokens", tokens, "old"); status != statusGood {
		t.Fatal(errs)
	}
	schema, fields := roots(t)
	for _, kind := range []struct {
		name                string
		args                []string
		open, side, sideOld bool // who has no token may read; sees metrics on their address; metrics are on the public address
	}{
		{"loopback", []string{"--metrics-addr", "127.0.0.1:0"}, true, true, false},
		{"loopback with one address", nil, true, false, true},
		{"beyond loopback", []string{"--addr", "0.0.0.0:0", "--metrics-addr", "0.0.0.0:0"}, false, false, false},
		{"beyond loopback with --public-read", []string{"--addr", "0.0.0.0:0", "--public-read", "--metrics-addr", "0.0.0.0:0"}, true, false, false},
	} {
		t.Run(kind.name, func(t *testing.T) {
			s := start(t, append([]string{"--ephemeral", "--tokens", tokens, "--max-batch", "1"}, kind.args...)...)
			side := s
			if !kind.sideOld {
				side = &running{url: strings.TrimSuffix(metricsAt(t, s), "/metrics")}
			}
			for visitor, secret := range visitors {
				want := func(rule auth.Rule, open bool) string {
					switch {
					case rule.Needs == auth.Public:
						return "ok"
					case visitor == "revoked" || visitor == "wrong":
						return "UNAUTHENTICATED"
					case visitor == "nobody" && rule.Needs == auth.Read && open:
						return "ok"
					case visitor == "nobody":
						return "UNAUTHENTICATED"
					case slices.Index(auth.Roles, auth.Role(visitor)) < slices.Index(auth.Roles, rule.Needs):
						return "FORBIDDEN"
					}
					return "ok"
				}
				for _, rule := range auth.Table {
					f := fields[rule.Use]
					switch {
					case f == nil:
						at, open := s, kind.open
						if rule.Use == "/metrics" || rule.Use == "/debug/pprof/" {
							at, open = side, kind.side || kind.sideOld
						}
						if rule.Use == "/debug/pprof/" && kind.sideOld {
							if resp, _ := at.get(t, rule.Use, bearer(secret)...); resp.StatusCode != http.StatusNotFound {
								t.Errorf("profiles are on the public address: %d", resp.StatusCode)
							}
							continue
						}
						if got := at.route(t, rule.Use, secret); got != want(rule, open) {
							t.Errorf("%s as %s: %s, want %s", rule.Use, visitor, got, want(rule, open))
						}
					case strings.HasPrefix(rule.Use, "Subscription."):
						for transport, subscribe := range map[string]func(*testing.T, string, string) string{"events": s.events, "socket": s.socket} {
							if got := subscribe(t, secret, documentFor(schema, rule.Use, f)); got != want(rule, kind.open) {
								t.Errorf("%s by %s as %s: %s, want %s", rule.Use, transport, visitor, got, want(rule, kind.open))
							}
						}
					default:
						document := documentFor(schema, rule.Use, f)
						status, _, code, message := s.ask(t, secret, document)
						got := "ok"
						switch code {
						case "UNAUTHENTICATED", "FORBIDDEN", "READ_ONLY":
							got = code
						case "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "INTERNAL", "UNAVAILABLE":
							t.Fatalf("%s: %s", document, message)
						}
						if got != want(rule, kind.open) {
							t.Errorf("%s as %s: %s (%d, %s), want %s", rule.Use, visitor, got, status, message, want(rule, kind.open))
						}
					}
				}
			}
		})
	}
}

// A field that the table lacks is refused. What is refused is found beside others, behind a fragment and under another name.
func TestFieldThatIsRefused(t *testing.T) {
	s := build(t, "--ephemeral")
	if d := s.gate.may(t.Context(), "Query.lately"); d == nil || d.reason != unlisted {
		t.Errorf("a field that is not in the table: %v", d)
	}
	tokens := filepath.Join(t.TempDir(), "tokens")
	reader := token(t, tokens, "ann", "read")
	served := start(t, "--ephemeral", "--tokens", tokens)
	for _, document := range []string{
		`mutation { __typename ...F } fragment F on Mutation { x: retractNode(input: {id: "condition:cli", reason: "x"}) { revision } }`,
		`mutation { ... on Mutation @include(if: true) { retractNode(input: {id: "condition:cli", reason: "x"}) { revision } } }`,
	} {
		if status, data, code, message := served.ask(t, reader, document); status != 403 || code != "FORBIDDEN" || data != "" {
			t.Errorf("%s: %d %s %s %s", document, status, code, data, message)
		}
	}
}

func bearer(secret string) []string {
	if secret == "" {
		return nil
	}
	return []string{"Authorization", "Bearer " + secret}
}

// route asks for a route, and tells whether that was allowed.
func (s *running) route(t *testing.T, path, secret string) string {
	t.Helper()
	if path == graphqlRoute {
		path += "?query=%7B__typename%7D"
	}
	resp, body := s.get(t, path, bearer(secret)...)
	switch {
	case resp.StatusCode == http.StatusUnauthorized && resp.Header.Get("WWW-Authenticate") == "":
		t.Errorf("%s: 401 without WWW-Authenticate", path)
	case resp.StatusCode == http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case resp.StatusCode == http.StatusForbidden:
		return "FORBIDDEN"
	case resp.StatusCode == http.StatusOK, (path == "/backup" || path == "/audit") && resp.StatusCode == http.StatusNotImplemented: // in memory
		return "ok"
	}
	return fmt.Sprintf("%d %.100s", resp.StatusCode, body)
}

// metricsAt returns where a server says that its metrics are.
func metricsAt(t *testing.T, s *running) string {
	t.Helper()
	for line := range strings.Lines(s.log.String()) {
		var announced struct{ Metrics string }
		if json.Unmarshal([]byte(line), &announced) == nil && announced.Metrics != "" {
			return announced.Metrics
		}
	}
	t.Fatalf("no metrics: %s", s.log)
	return ""
}
