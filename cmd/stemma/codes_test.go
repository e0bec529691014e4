package main

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/operate.md explains each code that an error may have, and no other.
func TestOperateHasEveryCode(t *testing.T) {
	root := filepath.Join("..", "..")
	var codes []string
	for _, file := range []string{"graph/errors.go", "graph/endpoint/errors.go"} {
		f, err := parser.ParseFile(gotoken.NewFileSet(), filepath.Join(root, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		before := len(codes)
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			typ, _ := v.Type.(*ast.Ident)
			value, ok := v.Values[0].(*ast.BasicLit)
			if ok && value.Kind == gotoken.STRING && (strings.HasPrefix(v.Names[0].Name, "Code") || typ != nil && typ.Name == "Code") {
				code, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, code)
			}
			return true
		})
		if len(codes) == before {
			t.Errorf("%s has no codes", file)
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)

	b, err := os.ReadFile(filepath.Join(root, "docs", "operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "| code | why | do |")
	table, _, _ = strings.Cut(table, "\n\n")
	var told []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| .+ \\| .+ \\|$").FindAllStringSubmatch(table, -1) {
		told = append(told, m[1])
	}
	slices.Sort(told)
	if !slices.Equal(codes, told) {
		t.Errorf("the codes are\n%v, docs/operate.md explains\n%v", codes, told)
	}
}
