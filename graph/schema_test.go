package graph_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/vektah/gqlparser/v2"
	gql "github.com/vektah/gqlparser/v2/ast"

	"github.com/stemma-kg/stemma/kg"
)

func contract(t *testing.T) *gql.Schema {
	t.Helper()
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	s, err := gqlparser.LoadSchema(&gql.Source{Name: "schema.graphqls", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every definition of the contract says what it is, and names identifier spaces where it has some.
func TestEveryDefinitionIsDescribed(t *testing.T) {
	s := contract(t)
	n := 0
	described := func(what, text string) {
		n++
		if len(strings.TrimSpace(text)) < 3 {
			t.Errorf("%s has no description", what)
		}
	}
	for name, d := range s.Types {
		if d.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		described(name, d.Description)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			described(name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
		for _, v := range d.EnumValues {
			described(name+"."+v.Name, v.Description)
		}
	}
	described("@asOf", s.Directives["asOf"].Description)
	for _, a := range s.Directives["asOf"].Arguments {
		described("@asOf("+a.Name+")", a.Description)
	}
	if n < 1000 {
		t.Errorf("looked at %d definitions only", n)
	}
	for _, c := range kg.Categories() {
		if c != kg.CategoryConflict && c != kg.CategoryArm && !strings.Contains(s.Types[string(c)].Description, "Id space") {
			t.Errorf("%s does not name its identifier spaces", c)
		}
	}
}

// The enums of the contract are the tables of the domain.
func TestEnumsAreTheDomain(t *testing.T) {
	s := contract(t)
	var roles []string
	for _, p := range kg.Predicates() {
		for _, r := range p.Roles() {
			if !slices.Contains(roles, string(r)) {
				roles = append(roles, string(r))
			}
		}
	}
	want := map[string][]string{"Role": roles}
	for _, c := range kg.Categories() {
		want["Category"] = append(want["Category"], string(c))
	}
	for _, p := range kg.Predicates() {
		want["Predicate"] = append(want["Predicate"], string(p))
	}
	for _, k := range kg.StatementKinds() {
		want["StatementKind"] = append(want["StatementKind"], string(k))
	}
	for _, k := range kg.ReferenceTypes() {
		want["ReferenceType"] = append(want["ReferenceType"], string(k))
	}
	for _, r := range kg.Routes() {
		want["Route"] = append(want["Route"], string(r))
	}
	for name, values := range want {
		var got []string
		for _, v := range s.Types[name].EnumValues {
			got = append(got, v.Name)
		}
		slices.Sort(got)
		slices.Sort(values)
		if !slices.Equal(got, values) {
			t.Errorf("enum %s\nin the contract: %v\nin the domain:   %v", name, got, values)
		}
	}
}

// Each connection of a type follows predicates whose domain and range are the types at its two ends. The hops are read off the resolvers'
// source, so that neither the contract, nor the resolvers, nor the domain can drift alone.
func TestConnectionsFollowPredicates(t *testing.T) {
	s := contract(t)
	constants := predicateConstants(t)
	type hop struct {
		predicates []kg.Predicate
		reverse    bool
	}
	hops := map[string]hop{} // "Disease.trials"
	for _, file := range []string{"thing.go", "study.go", "statement.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil {
				continue
			}
			typ := strings.TrimSuffix(fn.Recv.List[0].Type.(*ast.Ident).Name, "Resolver")
			typ = string(unicode.ToUpper(rune(typ[0]))) + typ[1:]
			field := string(unicode.ToLower(rune(fn.Name.Name[0]))) + fn.Name.Name[1:]
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				name, ok := call.Fun.(*ast.Ident)
				if !ok || name.Name != "to" && name.Name != "from" {
					return true
				}
				h := hop{reverse: name.Name == "from"}
				for _, a := range call.Args {
					switch a := a.(type) {
					case *ast.SelectorExpr:
						h.predicates = append(h.predicates, constants[a.Sel.Name])
					case *ast.Ident: // broader...
						h.predicates = append(h.predicates, kg.IsA, kg.StageOf, kg.SubtypeOf)
					}
				}
				hops[typ+"."+field] = h
				return true
			})
		}
	}
	checked := 0
	for _, c := range kg.Categories() {
		for _, f := range s.Types[string(c)].Fields {
			target, isList := strings.CutSuffix(f.Type.Name(), "Connection")
			if !isList {
				continue
			}
			h, ok := hops[string(c)+"."+f.Name]
			if !ok || len(h.predicates) == 0 {
				t.Errorf("%s.%s: no hop in its resolver", c, f.Name)
				continue
			}
			checked++
			fits := false
			for _, p := range h.predicates {
				near, far := p.Domain(), p.Range()
				if h.reverse {
					near, far = far, near
				}
				if !slices.Contains(near, c) {
					if len(h.predicates) == 1 {
						t.Errorf("%s.%s: %s does not start at %s", c, f.Name, p, c)
					}
					continue
				}
				switch target {
				case "Node":
					fits = true
				case "Statement":
					fits = fits || slices.Contains(far, kg.CategoryClaim)
				default:
					fits = fits || slices.Contains(far, kg.Category(target))
				}
			}
			if !fits {
				t.Errorf("%s.%s: %v does not lead to %s", c, f.Name, h.predicates, target)
			}
		}
	}
	if checked < 60 {
		t.Errorf("checked %d connections only", checked)
	}
}

// predicateConstants maps the Go names of predicates to their values.
func predicateConstants(t *testing.T) map[string]kg.Predicate {
	f, err := parser.ParseFile(token.NewFileSet(), "../kg/predicate.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]kg.Predicate{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Predicate" {
				out[v.Names[0].Name] = kg.Predicate(strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
			}
		}
		return true
	})
	return out
}
