package seed_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/seed"
)

// sources returns the directory of the five documents and of what was read out of them.
func sources(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("STEMMA_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	dir := filepath.Join(shared, "sources")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the source documents are other people's texts and not in the repository; set STEMMA_SHARED to the folder that has them (%v)", err)
	}
	return dir
}

// documents returns a copy of the five documents that a test may change.
func documents(t *testing.T) fstest.MapFS {
	t.Helper()
	dir := sources(t)
	out := fstest.MapFS{}
	for _, n := range load(t).Nodes {
		if r, ok := n.(*kg.Reference); ok && r.Document != nil {
			b, err := os.ReadFile(filepath.Join(dir, r.Document.File))
			if err != nil {
				t.Fatal(err)
			}
			out[r.Document.File] = &fstest.MapFile{Data: b}
		}
	}
	return out
}

func verify(t *testing.T, fsys fs.FS) seed.Report {
	t.Helper()
	r, err := seed.Verify(t.Context(), load(t), fsys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyProvesEverySpan(t *testing.T) {
	r := verify(t, documents(t))
	for _, f := range r.Findings {
		t.Error(f)
	}
	if r.Documents != 5 || r.Spans != 324 || r.Proven != 324 {
		t.Errorf("%d documents, %d of %d spans: want 5, 324 of 324", r.Documents, r.Proven, r.Spans)
	}
}

const edss = "002_e6bfb404f51256d0.txt"

func TestVerifyFindsShiftedSpans(t *testing.T) {
	docs := documents(t)
	text := string(docs[edss].Data)
	cut := strings.Index(text, "Clinical case 2")
	docs[edss].Data = []byte(text[:cut] + "Käse\n" + text[cut:])
	r := verify(t, docs)
	moved := 0
	for _, f := range r.Findings {
		switch {
		case f.Kind == seed.SpanMoved && f.By == 5:
			moved++
		case f.Kind == seed.DocumentChanged && f.ID == "source:doc-002":
		default:
			t.Error(f)
		}
	}
	if moved == 0 || r.Proven+moved != r.Spans {
		t.Errorf("%d moved and %d proven of %d", moved, r.Proven, r.Spans)
	}
}

func TestVerifyMissesDocument(t *testing.T) {
	docs := documents(t)
	delete(docs, edss)
	r := verify(t, docs)
	if len(r.Findings) != 1 || r.Findings[0].Kind != seed.DocumentMissing || r.Findings[0].ID != "source:doc-002" || r.Documents != 4 || r.Proven >= r.Spans {
		t.Errorf("report %+v: want one missing document and its spans unproven", r)
	}
}

func TestVerifyMissesChangedSpan(t *testing.T) {
	docs := documents(t)
	docs[edss].Data = []byte(strings.Replace(string(docs[edss].Data), "4.9 points", "4.8 points", 1))
	r := verify(t, docs)
	gone := map[kg.ID]bool{}
	for _, f := range r.Findings {
		switch f.Kind {
		case seed.SpanGone:
			gone[f.ID] = true
		case seed.DocumentChanged:
		default:
			t.Error(f)
		}
	}
	if !gone["claim:d2-lu-edss-values"] || len(gone)+r.Proven != r.Spans {
		t.Errorf("gone %v, %d of %d proven: want the EDSS values gone and all others proven", gone, r.Proven, r.Spans)
	}
}

func TestVerifyCountsBytesAndLines(t *testing.T) {
	docs := documents(t)
	g := *load(t)
	for i, n := range g.Nodes {
		if c, ok := n.(*kg.Outcome); ok && c.ID == "claim:d2-lu-edss-values" {
			wrong := *c
			wrong.Provenance = append([]kg.Provenance(nil), c.Provenance...)
			s := wrong.Provenance[0].Selectors[0]
			b := *s.FirstByte - 1 // as if code points were bytes
			s.FirstByte = &b
			wrong.Provenance[0].Selectors = []kg.Selector{s}
			g.Nodes = append([]kg.Node(nil), g.Nodes...)
			g.Nodes[i] = &wrong
		}
	}
	r, err := seed.Verify(t.Context(), &g, docs)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Kind != seed.PlaceWrong || !strings.Contains(r.Findings[0].What, "first byte") {
		t.Errorf("findings %v: want one wrong first byte", r.Findings)
	}
}
