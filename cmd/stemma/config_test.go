package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/storage/badger"
)

func model(t *testing.T) *kong.Application {
	t.Helper()
	k, err := newParser(&host{stdout: io.Discard, stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return k.Model
}

// The table in docs/operate.md is made of the flags: this test says what it should be.
func TestOperateHasEveryFlag(t *testing.T) {
	commands := map[string][]string{}
	flags := map[string]*kong.Flag{}
	for _, leaf := range model(t).Leaves(true) {
		path := strings.TrimPrefix(leaf.FullPath(), "stemma ")
		for _, group := range leaf.AllFlags(true) {
			for _, f := range group {
				if f.Name == "help" || f.Name == "config" {
					continue
				}
				flags[f.Name] = f
				if !slices.Contains(commands[f.Name], path) {
					commands[f.Name] = append(commands[f.Name], path)
				}
			}
		}
	}
	var names []string
	for name := range flags {
		names = append(names, name)
	}
	slices.Sort(names)
	want := "| flag and key of the file | environment | default | of |\n|---|---|---|---|\n"
	for _, name := range names {
		f := flags[name]
		def := f.Default
		if def != "" {
			def = "`" + def + "`"
		}
		want += fmt.Sprintf("| `%s` | `%s` | %s | %s |\n", name, f.Envs[0], def, strings.Join(commands[name], ", "))
	}
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), want) {
		t.Errorf("docs/operate.md lacks this table:\n%s", want)
	}
}

// Every command, flag and argument is explained, and every flag has a variable of its own name.
func TestEverythingIsExplained(t *testing.T) {
	m := model(t)
	for _, leaf := range m.Leaves(true) {
		if leaf.Help == "" {
			t.Errorf("%s has no help", leaf.FullPath())
		}
		for _, p := range leaf.Positional {
			if p.Help == "" {
				t.Errorf("%s: the argument %s has no help", leaf.FullPath(), p.Name)
			}
		}
	}
	visitFlags(m, func(f *kong.Flag) {
		if f.Name == "help" {
			return
		}
		want := "STEMMA_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if f.Help == "" || !slices.Equal(f.Envs, []string{want}) {
			t.Errorf("--%s: help %q, variables %v, want %s", f.Name, f.Help, f.Envs, want)
		}
	})
}

func TestUnknownVariables(t *testing.T) {
	got := unknownVariables([]string{"STEMMA_PROT=1", "STEMMA_ADDR=x", "PATH=/", "STEMMA_A=", "STEMMA_CONFIG=y"})
	if !slices.Equal(got, []string{"STEMMA_A", "STEMMA_PROT"}) {
		t.Errorf("got %v", got)
	}
}

func TestUserData(t *testing.T) {
	for _, c := range []struct {
		system, want string
		env          map[string]string
	}{
		{"linux", "/home/ann/.local/share/stemma", map[string]string{"HOME": "/home/ann"}},
		{"linux", "/data/stemma", map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}},
		{"linux", "/home/ann/.local/share/stemma", map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "relative"}},
		{"darwin", "/Users/ann/Library/Application Support/stemma", map[string]string{"HOME": "/Users/ann"}},
		{"windows", "/local/stemma", map[string]string{"LocalAppData": "/local"}},
		{"linux", "", nil},
	} {
		got, err := userData(c.system, func(name string) string { return c.env[name] })
		if got != filepath.FromSlash(c.want) || (err != nil) != (c.want == "") {
			t.Errorf("%s, %v: %q, %v: want %q", c.system, c.env, got, err, c.want)
		}
	}
}

// The number that `stemma version` shows is the one that stores have.
func TestStoreFormat(t *testing.T) {
	dir := t.TempDir()
	s, err := badger.Open(dir, badger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "STEMMA"))
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?m)^format: (\d+)$`).FindSubmatch(b); m == nil || string(m[1]) != fmt.Sprint(badger.Format) {
		t.Errorf("a store has %q, version shows %d", b, badger.Format)
	}
}

func TestTable(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"a connection": {
			`{"trials":{"totalCount":2,"edges":[{"node":{"id":"a","label":"A\nB","arms":[{"n":1},{"n":2}]}},{"node":{"id":"b","label":null,"arms":[]}}]}}`,
			"id  label  arms.n\na   A B    1; 2\nb          \n",
		},
		"an object":     {`{"disease":{"label":"x","more":{"deep":1.50}}}`, "label  more.deep\nx      1.50\n"},
		"two fields":    {`{"a":{"x":true},"b":[1,2]}`, "a\nx\ntrue\n\nb\nb\n1\n2\n"},
		"no terminal":   {`{"a":{"x":"\u001b[31mred"}}`, "x\n[31mred\n"},
		"nothing there": {`{"disease":null}`, "disease\n\n"},
	} {
		var b strings.Builder
		if err := writeTable(&b, []byte(c.data)); err != nil || b.String() != c.want {
			t.Errorf("%s: %v\n%q, want\n%q", name, err, b.String(), c.want)
		}
	}
}
