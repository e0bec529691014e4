package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/stemma-kg/stemma"
	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/seed"
	"github.com/stemma-kg/stemma/storage/badger"
)

// stamped is the version that a build was given: go build -ldflags '-X main.stamped=v1.2.3'.
var stamped string

// programVersion is the version that the build was given, the module's, or of what the program was built.
func programVersion() string {
	if stamped != "" {
		return stamped
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	version, modified := "(devel)", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			version = "(devel) " + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", modified"
		}
	}
	return version + modified
}

type versionCommand struct{}

func (versionCommand) Run(h *host) error {
	_, err := fmt.Fprintf(h.stdout, "stemma %s\napi %s\nstore format %d\nseed %s\n%s %s/%s\n",
		programVersion(), graph.APIVersion, badger.Format, seed.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type schemaCommand struct{}

func (schemaCommand) Run(h *host) error {
	_, err := fmt.Fprint(h.stdout, stemma.Schema)
	return err
}
