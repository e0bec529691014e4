package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// config is what a configuration file says: values of flags, by name.
type config struct{ values map[string]string }

// readConfig reads a configuration file. A key that is no flag of any command is refused by name, as is one that comes twice.
func readConfig(path string, model *kong.Application) (kong.Resolver, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := parseConfig(b, flagNames(model))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func parseConfig(b []byte, known []string) (*config, error) {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, fmt.Errorf("it is no YAML: %s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	c := &config{values: map[string]string{}}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		m, ok := doc.Body.(ast.MapNode)
		if !ok {
			return nil, fmt.Errorf("line %d: want `flag: value`, a line for each", doc.Body.GetToken().Position.Line)
		}
		for it := m.MapRange(); it.Next(); {
			if err := c.add(it.KeyValue(), known); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// add takes up one key.
func (c *config) add(kv *ast.MappingValueNode, known []string) error {
	line := kv.GetToken().Position.Line
	if t := kv.Key.GetToken(); t != nil {
		line = t.Position.Line
	}
	var key string
	if err := yaml.NodeToValue(kv.Key, &key); err != nil {
		return fmt.Errorf("line %d: a key is the name of a flag: %w", line, err)
	}
	if !slices.Contains(known, key) {
		return fmt.Errorf("line %d: the key %q is unknown; keys are the names of flags: %s", line, key, strings.Join(known, ", "))
	}
	if _, twice := c.values[key]; twice {
		return fmt.Errorf("line %d: the key %q comes twice", line, key)
	}
	var value any
	if err := yaml.NodeToValue(kv.Value, &value); err != nil {
		return fmt.Errorf("line %d: %s: %w", line, key, err)
	}
	switch v := value.(type) {
	case nil, map[string]any:
		return fmt.Errorf("line %d: %s: want a value, or a list of values", line, key)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = strings.ReplaceAll(fmt.Sprint(item), ",", `\,`)
		}
		c.values[key] = strings.Join(items, ",")
	default:
		c.values[key] = fmt.Sprint(v)
	}
	return nil
}

// Validate has nothing left to do: reading has.
func (c *config) Validate(*kong.Application) error { return nil }

// Resolve gives a flag its value, unless the environment has.
func (c *config) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	for _, name := range f.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	if v, ok := c.values[f.Name]; ok {
		return v, nil
	}
	return nil, nil
}

// The places that a flag's value comes from. A later one comes before those above it.
const (
	fromNowhere = iota
	fromFile
	fromEnvironment
	fromCommandLine
)

// origin returns where the value of a flag is from.
func origin(ctx *kong.Context, flag string) int {
	from := fromNowhere
	for _, f := range ctx.Flags() {
		if f.Name != flag {
			continue
		}
		for _, name := range f.Envs {
			if _, ok := os.LookupEnv(name); ok {
				from = fromEnvironment
			}
		}
	}
	for _, p := range ctx.Path {
		switch {
		case p.Flag == nil || p.Flag.Name != flag:
		case p.Resolved:
			from = max(from, fromFile)
		default:
			from = fromCommandLine
		}
	}
	return from
}

// settle decides between two flags that contradict each other, both of which were given: the one counts whose place comes first. It
// calls drop for the other. From one place they are refused.
func settle(ctx *kong.Context, one string, dropOne func(), other string, dropOther func()) error {
	a, b := origin(ctx, one), origin(ctx, other)
	switch {
	case a == b:
		return fmt.Errorf("--%s and --%s contradict each other: give one of them", one, other)
	case a < b:
		dropOne()
	default:
		dropOther()
	}
	return nil
}

// flagNames returns the names that a configuration file may use, in order.
func flagNames(model *kong.Application) []string {
	var names []string
	visitFlags(model, func(f *kong.Flag) {
		if f.Name != "help" && f.Name != "config" {
			names = append(names, f.Name)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// unknownVariables returns the variables that look like ours and are not. They are no error: the systems that run containers make
// some of that form on their own.
func unknownVariables(environ []string) []string {
	k, err := newParser(&host{stdout: io.Discard, stderr: io.Discard})
	if err != nil {
		return nil
	}
	known := map[string]bool{}
	visitFlags(k.Model, func(f *kong.Flag) {
		for _, name := range f.Envs {
			known[name] = true
		}
	})
	var unknown []string
	for _, e := range environ {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "STEMMA_") && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// visitFlags calls fn for every flag of every command.
func visitFlags(model *kong.Application, fn func(*kong.Flag)) {
	visit := func(n *kong.Node) {
		for _, f := range n.Flags {
			fn(f)
		}
	}
	visit(model.Node)
	_ = kong.Visit(model, func(v kong.Visitable, next kong.Next) error { // fn has no errors to pass on
		if n, ok := v.(*kong.Node); ok {
			visit(n)
		}
		return next(nil)
	})
}
