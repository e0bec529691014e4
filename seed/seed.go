// Package seed has the curated evidence of the five source documents: the text that a curator edits (YAML, beside this
// file), embedded in the binary and turned into nodes and edges.
//
// What a document says is in statements/, one file per document; the things that statements are about are in one file per
// category. Documents' own sentences are not here: a statement has a paraphrase, the place of its span and the span's digest,
// and [Verify] proves every span to whoever has the documents. README.md is for curators, DESIGN.md says why it is so.
package seed

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/stemma-kg/stemma/kg"
)

//go:embed *.yaml statements/*.yaml
var files embed.FS

// Version names the evidence; it is the name of the release under which a fresh store is seeded.
const Version = "seed-1"

// The references that are the seed's own.
const (
	Curation kg.ID = "source:stemma-curation" // what a curator of Stemma judged, as a source beside the documents
	Marker   kg.ID = "source:stemma-seed"     // its version says which seed a store holds
)

// A Graph is the evidence as nodes and edges, valid and complete: both ends and the source of every edge are among the nodes.
type Graph struct {
	Nodes []kg.Node
	Edges []kg.Edge
	// Digest is the SHA-256 of the files that the graph was read from.
	Digest string
}

// Node returns the node with the canonical id, nil when there is none.
func (g *Graph) Node(id kg.ID) kg.Node {
	if i := slices.IndexFunc(g.Nodes, func(n kg.Node) bool { return n.Base().ID == id }); i >= 0 {
		return g.Nodes[i]
	}
	return nil
}

var embedded = sync.OnceValues(func() (*Graph, error) { return LoadFS(files) })

// Load returns the embedded evidence. The graph is shared: it must not be changed.
func Load() (*Graph, error) { return embedded() }

// LoadFS reads the files of fsys as [Load] reads the embedded ones. Its error lists everything that is wrong, each with file,
// line and field.
func LoadFS(fsys fs.FS) (*Graph, error) {
	l := &loader{
		places:     map[kg.ID]origin{},
		categories: map[kg.ID]kg.Category{},
		wheres:     map[kg.ID]where{},
		said:       map[kg.ID][]kg.ID{},
	}
	names, digest, err := inventory(fsys)
	if err != nil {
		return nil, err
	}
	parsed := map[string]*page{}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if p := l.parse(name, b); p != nil {
			parsed[name] = p
		}
	}
	for _, name := range names {
		if p := parsed[name]; p != nil && isStatements(name) {
			l.readStatements(p)
		}
	}
	for _, t := range tables {
		if p := parsed[t.file]; p != nil {
			t.read(l, p)
		}
	}
	g := &Graph{Digest: digest}
	l.add(marker(g.Digest), where{file: "seed.go"})
	l.buildStatements()
	l.addEvidence()
	l.check()
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	g.Nodes, g.Edges = l.nodes, l.edges
	return g, nil
}

// inventory returns the seed's files in fsys, in order, and the SHA-256 of their names and contents.
func inventory(fsys fs.FS) (names []string, digest string, err error) {
	all, err := fs.Glob(fsys, "statements/*.yaml")
	if err != nil {
		return nil, "", err
	}
	for _, t := range tables {
		all = append(all, t.file)
	}
	slices.Sort(all)
	h := sha256.New()
	for _, name := range all {
		b, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a seed may do without a category
		}
		if err != nil {
			return nil, "", err
		}
		fmt.Fprintf(h, "%s %d\n", name, len(b))
		h.Write(b)
		names = append(names, name)
	}
	return names, hex.EncodeToString(h.Sum(nil)), nil
}

// version is what the marker of a store says that holds the seed with this digest.
func version(digest string) string { return Version + " sha256:" + digest }

// recordedByDefault is when the first reading of the documents was recorded.
var recordedByDefault = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// marker is the node that tells a store which seed it holds.
func marker(digest string) *kg.Reference {
	r := &kg.Reference{Type: kg.Curation, Version: version(digest)}
	r.ID, r.Label = Marker, "Stemma's curated evidence"
	r.Provenance = []kg.Provenance{{Source: Marker, KnowledgeLevel: kg.KnowledgeAssertion, AgentType: kg.ManualAgent, RecordedAt: recordedByDefault}}
	return r
}
