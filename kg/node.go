package kg

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// A Node is one thing of the graph. The node types of this package implement it; nothing else does.
type Node interface {
	Base() *Head
	Category() Category
	// Validate returns an [InvalidError] naming every field that is wrong.
	Validate() error
	// Rank is the node's place in the default order of its category: labels A to Z, newest trials first. Ties are broken by id.
	Rank() string
	// Terms are the values under which a store finds the node besides its rank.
	Terms() []Term
	// facts names the fields that a source may leave empty, for [Head.Absences].
	facts() []fact
}

// A Term is one value of a node that a store indexes. Within a category, terms of one name are ordered by value as bytes.
type Term struct {
	Name  string
	Value string
}

// A fact is a field that a source may fill or leave empty.
type fact struct {
	field string
	empty bool
}

// unsaid is why a field is empty when nothing is said about it.
func unsaid(n Node, field string) AbsenceReason {
	if o, ok := n.(*Outcome); ok && o.Kind != KindAdverseEvent {
		switch field {
		case "seriousness", "relatedness", "grade": // of events alone
			return NotApplicable
		}
	}
	return NotExtracted
}

// A LabelRole says what kind of name a label is.
type LabelRole string

// The label roles, after SKOS.
const (
	Preferred    LabelRole = "PREFERRED"
	Synonym      LabelRole = "SYNONYM"
	Abbreviation LabelRole = "ABBREVIATION"
	Hidden       LabelRole = "HIDDEN" // found by search, never shown: misspellings, translators' slips
)

// A LabelOrigin says who gave the name.
type LabelOrigin string

// The label origins.
const (
	FromDocument LabelOrigin = "DOCUMENT"
	FromCurator  LabelOrigin = "CURATOR"
)

// A Label is a name in one language.
type Label struct {
	Text     string      `cbor:"1,keyasint" json:"text" yaml:"text"`
	Language string      `cbor:"2,keyasint" json:"language" yaml:"language"` // BCP 47
	Role     LabelRole   `cbor:"3,keyasint" json:"role" yaml:"role"`
	Origin   LabelOrigin `cbor:"4,keyasint" json:"origin" yaml:"origin"`
	Source   ID          `cbor:"5,keyasint,omitempty" json:"source,omitempty" yaml:"source,omitempty"` // the Reference that uses the name
}

// A Match says how the meaning of an identifier elsewhere relates to this node. BROADER means that the other is broader.
type Match string

// The matches, after SKOS and SSSOM. Only EXACT makes the identifier a name of this node.
const (
	ExactMatch    Match = "EXACT"
	BroaderMatch  Match = "BROADER"
	NarrowerMatch Match = "NARROWER"
	RelatedMatch  Match = "RELATED"
)

// An Xref is an identifier of the same or a kindred thing elsewhere.
type Xref struct {
	ID       ID     `cbor:"1,keyasint" json:"id" yaml:"id"`
	Match    Match  `cbor:"2,keyasint" json:"match" yaml:"match"`
	Verified bool   `cbor:"3,keyasint,omitempty" json:"verified,omitempty" yaml:"verified,omitempty"` // seen in the other system, not remembered
	Source   ID     `cbor:"4,keyasint,omitempty" json:"source,omitempty" yaml:"source,omitempty"`     // the Reference that states the mapping
	Label    string `cbor:"5,keyasint,omitempty" json:"label,omitempty" yaml:"label,omitempty"`       // the other system's name for it
	Remark   string `cbor:"6,keyasint,omitempty" json:"remark,omitempty" yaml:"remark,omitempty"`
}

// An AbsenceReason says why a field is empty.
type AbsenceReason string

// The reasons. A source's silence is kept: it is never filled from general knowledge or from another source.
const (
	NotStated     AbsenceReason = "NOT_STATED"     // the source was read and does not say
	NotApplicable AbsenceReason = "NOT_APPLICABLE" // there is nothing to say
	NotExtracted  AbsenceReason = "NOT_EXTRACTED"  // nobody has recorded what the source says of it, if anything
)

// A Silence is an empty field and the reason for it.
type Silence struct {
	Field  string        `cbor:"1,keyasint" json:"field" yaml:"field"`
	Reason AbsenceReason `cbor:"2,keyasint" json:"reason" yaml:"reason"`
	Remark string        `cbor:"3,keyasint,omitempty" json:"remark,omitempty" yaml:"remark,omitempty"`
}

// A Head is what all nodes share.
type Head struct {
	ID         ID           `cbor:"1,keyasint" json:"id" yaml:"id"`
	Label      string       `cbor:"2,keyasint" json:"label" yaml:"label"`
	Labels     []Label      `cbor:"3,keyasint,omitempty" json:"labels,omitempty" yaml:"labels,omitempty"`
	Aliases    []ID         `cbor:"4,keyasint,omitempty" json:"aliases,omitempty" yaml:"aliases,omitempty"` // other ids that are this node, besides the exact xrefs
	Xrefs      []Xref       `cbor:"5,keyasint,omitempty" json:"xrefs,omitempty" yaml:"xrefs,omitempty"`
	Remarks    []string     `cbor:"6,keyasint,omitempty" json:"remarks,omitempty" yaml:"remarks,omitempty"`
	Silences   []Silence    `cbor:"7,keyasint,omitempty" json:"silences,omitempty" yaml:"silences,omitempty"`
	Provenance []Provenance `cbor:"8,keyasint" json:"provenance" yaml:"provenance"`
}

// Base returns the head itself.
func (h *Head) Base() *Head { return h }

// Names returns every id that resolves to this node: its own, its aliases, and its exact, verified xrefs.
func (h *Head) Names() []ID {
	names := append([]ID{h.ID}, h.Aliases...)
	for _, x := range h.Xrefs {
		if x.Match == ExactMatch && x.Verified {
			names = append(names, x.ID)
		}
	}
	return names
}

// Absences returns every field of n that is empty, with the reason: what its silences say, and NOT_EXTRACTED where they say nothing.
func Absences(n Node) []Silence {
	stated := map[string]Silence{}
	for _, s := range n.Base().Silences {
		stated[s.Field] = s
	}
	var out []Silence
	for _, f := range n.facts() {
		if !f.empty {
			continue
		}
		s, ok := stated[f.field]
		if !ok {
			if onEdges[f.field] {
				continue
			}
			s = Silence{Field: f.field, Reason: unsaid(n, f.field)}
		}
		out = append(out, s)
	}
	return out
}

// onEdges are the facts that edges hold and not the node: silence about them can be stated, but the node alone can't tell that they are missing.
var onEdges = map[string]bool{"arms": true, "comparator": true}

// MayBeAbsent names the fields of a category that a source may leave empty.
func MayBeAbsent(c Category) []string {
	n := New(c)
	if n == nil {
		return nil
	}
	var out []string
	for _, f := range n.facts() {
		out = append(out, f.field)
	}
	return out
}

// labelTerms are the terms that every category has: "name" finds it by any of its names, "source" by who states it.
func (h *Head) labelTerms() []Term {
	seen := map[Term]bool{}
	var out []Term
	add := func(name, value string) {
		if t := (Term{name, value}); value != "" && !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	add("label", Fold(h.Label))
	add("name", Fold(h.Label))
	for _, l := range h.Labels {
		add("name", Fold(l.Text))
	}
	for _, p := range h.Provenance {
		add("source", string(p.Source))
	}
	return out
}

const maxRank = 64 // bytes of a folded label that take part in an order

// Fold brings a name to the form in which names are compared and ordered: [FoldText], at most 64 bytes.
func Fold(s string) string { return truncate(FoldText(s), maxRank) }

// FoldText folds a text of any length: compatibility forms and diacritics gone, lower case, hyphens and runs of blanks one blank.
func FoldText(s string) string {
	var b strings.Builder
	blank := true
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsSpace(r) || r == '-' || r == '‐' || r == '‑' || r == '–' || r == '_':
			if !blank {
				b.WriteByte(' ')
				blank = true
			}
		default:
			b.WriteRune(unicode.ToLower(r))
			blank = false
		}
	}
	return norm.NFC.String(strings.TrimSpace(b.String()))
}

func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && s[limit]&0xc0 == 0x80 {
		limit--
	}
	return s[:limit]
}

func (h *Head) validate(v *validator, n Node) {
	v.id = h.ID
	if h.ID == "" {
		v.fail("id", "is required")
	} else {
		v.identifier("id", h.ID)
	}
	v.required("label", h.Label)
	for i, l := range h.Labels {
		f := fmt.Sprintf("labels[%d]", i)
		v.required(f+".text", l.Text)
		if _, err := language.Parse(l.Language); err != nil {
			v.fail(f+".language", quote(l.Language)+" is not a BCP 47 language tag")
		}
		v.oneOf(f+".role", string(l.Role), strs(Preferred, Synonym, Abbreviation, Hidden)...)
		v.oneOf(f+".origin", string(l.Origin), strs(FromDocument, FromCurator)...)
		if l.Origin == FromDocument && l.Source == "" {
			v.fail(f+".source", "is required: a name from a document says which")
		}
	}
	for i, a := range h.Aliases {
		v.identifier(fmt.Sprintf("aliases[%d]", i), a)
	}
	for i, x := range h.Xrefs {
		f := fmt.Sprintf("xrefs[%d]", i)
		v.identifier(f+".id", x.ID)
		v.oneOf(f+".match", string(x.Match), strs(ExactMatch, BroaderMatch, NarrowerMatch, RelatedMatch)...)
		if x.Source == "" {
			v.fail(f+".source", "is required: a mapping is stated by someone")
		}
		v.text(f+".label", x.Label, maxText)
		v.text(f+".remark", x.Remark, maxText)
	}
	for i, r := range h.Remarks {
		v.text(fmt.Sprintf("remarks[%d]", i), r, maxText)
	}
	empty := map[string]bool{}
	for _, f := range n.facts() {
		empty[f.field] = f.empty
	}
	for i, s := range h.Silences {
		f := fmt.Sprintf("absences[%d]", i)
		v.oneOf(f+".reason", string(s.Reason), strs(NotStated, NotApplicable, NotExtracted)...)
		if isEmpty, known := empty[s.Field]; !known {
			v.fail(f+".field", fmt.Sprintf("%s has no field %s that could be silent", n.Category(), quote(s.Field)))
		} else if !isEmpty {
			v.fail(f+".field", quote(s.Field)+" has a value: it can't be silent")
		}
	}
	if len(h.Provenance) == 0 {
		v.fail("provenance", "is required: nothing is known without a source")
	}
	for i := range h.Provenance {
		h.Provenance[i].validate(v, fmt.Sprintf("provenance[%d]", i))
	}
}

// The methods below are what the API shows of every node besides its fields.

// UUID returns the store's key as text.
func (h *Head) UUID() string { return h.ID.Key().UUID() }
