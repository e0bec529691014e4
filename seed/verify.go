package seed

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stemma-kg/stemma/kg"
)

// A FindingKind says what is wrong with a document or a span.
type FindingKind string

// The kinds of findings.
const (
	DocumentMissing FindingKind = "DOCUMENT_MISSING" // there is no such file
	DocumentChanged FindingKind = "DOCUMENT_CHANGED" // the file's digest is another, or its size in some unit
	SpanMoved       FindingKind = "SPAN_MOVED"       // the span stands, but elsewhere in the document
	SpanGone        FindingKind = "SPAN_GONE"        // the span is nowhere in the document
	PlaceWrong      FindingKind = "PLACE_WRONG"      // the span stands where it should, but its bytes or lines are counted wrongly
)

// A Finding is one thing that a document does not bear out.
type Finding struct {
	Kind FindingKind
	ID   kg.ID  // the statement, or the reference whose document it is
	File string // the document
	By   int    // of a moved span: how far, in code points, towards the end
	What string // in words
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s: %s", f.File, f.ID, f.Kind, f.What) }

// A Report says what was proven and what was not.
type Report struct {
	Documents int // read and found to be, byte for byte, those that were curated
	Spans     int // that the graph points at
	Proven    int // spans that stand where they should, digest, bytes and lines
	Findings  []Finding
}

// OK tells whether everything was proven.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// Verify re-reads the documents that the graph's references describe, files of the directory documents, and proves every span
// that the graph points at: the digest of the document and its sizes, and of each span the digest, the bytes and the lines.
// A span that is not where it should be is looked for in the whole document. What does not hold is in the report; the error
// is only for documents that could not be read.
func Verify(ctx context.Context, g *Graph, documents fs.FS) (Report, error) {
	var report Report
	spans := g.spans()
	for _, n := range g.Nodes {
		r, ok := n.(*kg.Reference)
		if !ok || r.Document == nil {
			continue
		}
		mine := spans[r.ID]
		report.Spans += len(mine)
		b, err := fs.ReadFile(documents, r.Document.File)
		if errors.Is(err, fs.ErrNotExist) {
			report.add(Finding{Kind: DocumentMissing, ID: r.ID, What: fmt.Sprintf("no such file; %d spans are unproven", len(mine))}, r)
			continue
		}
		if err != nil {
			return report, fmt.Errorf("%s: %w", r.ID, err)
		}
		if what := differs(r.Document, b); what != "" {
			report.add(Finding{Kind: DocumentChanged, ID: r.ID, What: what}, r)
		} else {
			report.Documents++
		}
		d := newDocument(b)
		for _, s := range mine {
			if err := ctx.Err(); err != nil {
				return report, err
			}
			if f, ok := d.prove(s); ok {
				report.Proven++
			} else {
				report.add(f, r)
			}
		}
	}
	return report, nil
}

func (r *Report) add(f Finding, of *kg.Reference) {
	f.File = of.Document.File
	r.Findings = append(r.Findings, f)
}

// A span is a place that something of the graph points at.
type span struct {
	id kg.ID
	kg.Selector
}

// spans returns the distinct spans of every source, in the order of the text. A statement's own comes before those who cite it.
func (g *Graph) spans() map[kg.ID][]span {
	out := map[kg.ID][]span{}
	add := func(id kg.ID, provenance ...kg.Provenance) {
		for _, p := range provenance {
			for _, s := range p.Selectors {
				if s.Start == nil || s.End == nil || slices.ContainsFunc(out[p.Source], func(o span) bool { return same(o.Selector, s) }) {
					continue
				}
				out[p.Source] = append(out[p.Source], span{id, s})
			}
		}
	}
	for _, n := range g.Nodes {
		if _, ok := n.(kg.Statement); ok {
			// A span of two statements is proven for each, so that the report names both.
			for _, p := range n.Base().Provenance {
				for _, s := range p.Selectors {
					out[p.Source] = append(out[p.Source], span{n.Base().ID, s})
				}
			}
		}
	}
	for _, n := range g.Nodes {
		add(n.Base().ID, n.Base().Provenance...)
	}
	for _, e := range g.Edges {
		add(e.Subject, e.Provenance)
	}
	for _, s := range out {
		slices.SortStableFunc(s, func(a, b span) int { return cmp.Compare(*a.Start, *b.Start) })
	}
	return out
}

// same tells whether two selectors select the same, by what they say.
func same(a, b kg.Selector) bool {
	eq := func(x, y *int) bool { return x == y || x != nil && y != nil && *x == *y }
	return eq(a.Start, b.Start) && eq(a.End, b.End) && eq(a.Line, b.Line) && eq(a.LastLine, b.LastLine) &&
		eq(a.FirstByte, b.FirstByte) && eq(a.LastByte, b.LastByte) && a.SHA256 == b.SHA256
}

// differs says in what a file is not the document that was curated, "" when it is.
func differs(d *kg.Document, b []byte) string {
	var s []string
	if got := digestOf(b); got != d.SHA256 {
		s = append(s, "SHA-256 is "+got)
	}
	points, units := 0, 0
	for _, r := range string(b) {
		points++
		units++
		if r > 0xffff {
			units++
		}
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{{"bytes", len(b), d.Bytes}, {"code points", points, d.CodePoints}, {"UTF-16 units", units, d.UTF16Units}, {"lines", lines(b), d.Lines}} {
		if c.got != c.want {
			s = append(s, fmt.Sprintf("%d %s, not %d", c.got, c.what, c.want))
		}
	}
	newline := "LF"
	if bytes.Contains(b, []byte("\r\n")) {
		newline = "CRLF"
	}
	if newline != d.Newline {
		s = append(s, "newlines are "+newline)
	}
	if !utf8.Valid(b) {
		s = append(s, "it is not valid UTF-8")
	}
	return strings.Join(s, "; ")
}

func lines(b []byte) int {
	n := bytes.Count(b, []byte("\n"))
	if len(b) > 0 && b[len(b)-1] != '\n' {
		n++
	}
	return n
}

func digestOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// A document is a text with the byte and the line at which each code point begins.
type document struct {
	text    []byte
	offsets []int // by code point, and one more for the end
	lines   []int
	shift   int // by how much the last span had moved: the next one probably did too
}

func newDocument(b []byte) *document {
	d := &document{text: b}
	line := 1
	for i, r := range string(b) {
		d.offsets = append(d.offsets, i)
		d.lines = append(d.lines, line)
		if r == '\n' {
			line++
		}
	}
	d.offsets = append(d.offsets, len(b))
	d.lines = append(d.lines, line)
	return d
}

// stands tells whether the span's text begins at a code point.
func (d *document) stands(s span, start int) bool {
	end := start + *s.End - *s.Start
	return start >= 0 && end < len(d.offsets) && digestOf(d.text[d.offsets[start]:d.offsets[end]]) == s.SHA256
}

// prove looks for a span where it should be, then anywhere.
func (d *document) prove(s span) (Finding, bool) {
	start, end := *s.Start, *s.End
	if !d.stands(s, start) {
		at, found := d.find(s)
		if !found {
			return Finding{Kind: SpanGone, ID: s.id, What: fmt.Sprintf("code points %d to %d: nowhere in the document", start, end)}, false
		}
		d.shift = at - start
		return Finding{Kind: SpanMoved, ID: s.id, By: at - start,
			What: fmt.Sprintf("code points %d to %d moved by %+d, to %d, line %d", start, end, at-start, at, d.lines[at])}, false
	}
	last := max(end-1, start)
	for _, c := range []struct {
		what string
		want *int
		got  int
	}{{"first byte", s.FirstByte, d.offsets[start]}, {"last byte", s.LastByte, d.offsets[end]}, {"line", s.Line, d.lines[start]}, {"last line", s.LastLine, d.lines[last]}} {
		if c.want != nil && *c.want != c.got {
			return Finding{Kind: PlaceWrong, ID: s.id, What: fmt.Sprintf("%s is %d, not %d", c.what, c.got, *c.want)}, false
		}
	}
	return Finding{}, true
}

// find returns the place nearest to where the span should be, the last shift before all others.
func (d *document) find(s span) (int, bool) {
	if at := *s.Start + d.shift; d.stands(s, at) {
		return at, true
	}
	for far := 1; far < len(d.offsets); far++ {
		for _, at := range []int{*s.Start + far, *s.Start - far} {
			if d.stands(s, at) {
				return at, true
			}
		}
	}
	return 0, false
}
