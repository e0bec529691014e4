package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// modulesOf returns the modules that are linked into a binary, the standard library among them, and which of them need which; main is what
// the binary itself is called there.
func modulesOf(info *buildinfo.BuildInfo, main, root string) ([]part, map[string][]string, error) {
	dirs, err := moduleDirs(root)
	if err != nil {
		return nil, nil, err
	}
	goroot, err := goCommand(root, "env", "GOROOT")
	if err != nil {
		return nil, nil, err
	}
	std := debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}
	dirs[std] = strings.TrimSpace(string(goroot))
	parts := []part{}
	byModule := map[string]string{info.Main.Path: main}
	for _, m := range append([]*debug.Module{&std}, info.Deps...) {
		if m.Replace != nil {
			m = m.Replace
		}
		dir, ok := dirs[debug.Module{Path: m.Path, Version: m.Version}]
		if !ok {
			return nil, nil, fmt.Errorf("%s@%s is in the binary and not in go.mod: build the binary from this tree", m.Path, m.Version)
		}
		licences, err := licencesIn(dir)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		p := part{kind: cdx.ComponentTypeLibrary, name: m.Path, version: m.Version, purl: "pkg:golang/" + m.Path + "@" + m.Version, licences: licences, sum: m.Sum}
		parts = append(parts, p)
		byModule[m.Path+"@"+m.Version] = p.purl
	}
	edges, err := edgesBetween(root, byModule)
	return parts, edges, err
}

// moduleDirs says where the source of each module is.
func moduleDirs(root string) (map[debug.Module]string, error) {
	out, err := goCommand(root, "list", "-m", "-json", "all")
	if err != nil {
		return nil, err
	}
	dirs := map[debug.Module]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct {
			Path, Version, Dir string
			Replace            *struct{ Path, Version, Dir string }
		}
		switch err := d.Decode(&m); {
		case errors.Is(err, io.EOF):
			return dirs, nil
		case err != nil:
			return nil, err
		}
		if m.Replace != nil {
			m.Path, m.Version, m.Dir = m.Replace.Path, m.Replace.Version, m.Replace.Dir
		}
		if m.Dir != "" {
			dirs[debug.Module{Path: m.Path, Version: m.Version}] = m.Dir
		}
	}
}

// edgesBetween reads from the module graph which linked module needs which; what another version of a module needs is left out.
func edgesBetween(root string, linked map[string]string) (map[string][]string, error) {
	out, err := goCommand(root, "mod", "graph")
	if err != nil {
		return nil, err
	}
	byPath := map[string]string{}
	for name, purl := range linked {
		path, _, _ := strings.Cut(name, "@")
		byPath[path] = purl
	}
	edges := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		path, _, _ := strings.Cut(to, "@")
		if a, b := linked[from], byPath[path]; a != "" && b != "" {
			edges[a] = append(edges[a], b)
		}
	}
	return edges, nil
}

func goCommand(dir string, args ...string) ([]byte, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c := exec.Command("go", args...)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}
