package kg

import (
	"fmt"
	"strings"
)

// A ReferenceType says what kind of document a [Reference] is.
type ReferenceType string

// The types of references.
const (
	WebPage        ReferenceType = "WEB_PAGE"
	JournalArticle ReferenceType = "JOURNAL_ARTICLE"
	ReviewArticle  ReferenceType = "REVIEW"
	Guideline      ReferenceType = "GUIDELINE"
	Report         ReferenceType = "REPORT"
	News           ReferenceType = "NEWS"
	Broadcast      ReferenceType = "BROADCAST"
	Event          ReferenceType = "EVENT"
	Record         ReferenceType = "REGISTRY_RECORD"
	Ontology       ReferenceType = "ONTOLOGY"
	Dataset        ReferenceType = "DATASET"
	Curation       ReferenceType = "CURATION" // a curator's own reading or look-up, as a source beside the others
	BookPart       ReferenceType = "BOOK_PART"
)

// ReferenceTypes returns all types.
func ReferenceTypes() []ReferenceType {
	return []ReferenceType{WebPage, JournalArticle, ReviewArticle, Guideline, Report, News, Broadcast, Event, Record, Ontology, Dataset, Curation, BookPart}
}

// A Reference is a document: one that facts were read out of, or one that such a document names.
type Reference struct {
	Head
	Type               ReferenceType `cbor:"50,keyasint" json:"type" yaml:"type"`
	Title              string        `cbor:"51,keyasint,omitempty" json:"title,omitempty" yaml:"title,omitempty"`
	Authors            []string      `cbor:"52,keyasint,omitempty" json:"authors,omitempty" yaml:"authors,omitempty"`
	AuthorsComplete    *bool         `cbor:"53,keyasint,omitempty" json:"authorsComplete,omitempty" yaml:"authorsComplete,omitempty"` // false where the source writes "et al."
	Journal            string        `cbor:"54,keyasint,omitempty" json:"journal,omitempty" yaml:"journal,omitempty"`
	Volume             string        `cbor:"55,keyasint,omitempty" json:"volume,omitempty" yaml:"volume,omitempty"`
	Issue              string        `cbor:"56,keyasint,omitempty" json:"issue,omitempty" yaml:"issue,omitempty"`
	Pages              string        `cbor:"57,keyasint,omitempty" json:"pages,omitempty" yaml:"pages,omitempty"`
	DOI                string        `cbor:"58,keyasint,omitempty" json:"doi,omitempty" yaml:"doi,omitempty"`
	PMID               string        `cbor:"59,keyasint,omitempty" json:"pmid,omitempty" yaml:"pmid,omitempty"`
	URL                string        `cbor:"60,keyasint,omitempty" json:"url,omitempty" yaml:"url,omitempty"` // data: never fetched, never linked without saying so
	Language           string        `cbor:"61,keyasint,omitempty" json:"language,omitempty" yaml:"language,omitempty"`
	Dates              []DatedEvent  `cbor:"62,keyasint,omitempty" json:"dates,omitempty" yaml:"dates,omitempty"`
	Publisher          string        `cbor:"63,keyasint,omitempty" json:"publisher,omitempty" yaml:"publisher,omitempty"`
	ConflictOfInterest string        `cbor:"64,keyasint,omitempty" json:"conflictOfInterest,omitempty" yaml:"conflictOfInterest,omitempty"`
	Disclaimer         string        `cbor:"65,keyasint,omitempty" json:"disclaimer,omitempty" yaml:"disclaimer,omitempty"`
	Document           *Document     `cbor:"66,keyasint,omitempty" json:"document,omitempty" yaml:"document,omitempty"`
	Retraction         *Retraction   `cbor:"67,keyasint,omitempty" json:"retraction,omitempty" yaml:"retraction,omitempty"`
	Attribution        string        `cbor:"68,keyasint,omitempty" json:"attribution,omitempty" yaml:"attribution,omitempty"` // licence and credit that reuse must carry
	Version            string        `cbor:"69,keyasint,omitempty" json:"version,omitempty" yaml:"version,omitempty"`
	Place              string        `cbor:"70,keyasint,omitempty" json:"place,omitempty" yaml:"place,omitempty"` // where an event was held
}

// A Document is the file that the selectors of a reference count in.
type Document struct {
	File       string `cbor:"1,keyasint" json:"file" yaml:"file"`
	SHA256     string `cbor:"2,keyasint" json:"sha256" yaml:"sha256"`
	Bytes      int    `cbor:"3,keyasint" json:"bytes" yaml:"bytes"`
	CodePoints int    `cbor:"4,keyasint" json:"codePoints" yaml:"codePoints"`
	UTF16Units int    `cbor:"5,keyasint" json:"utf16Units" yaml:"utf16Units"`
	Lines      int    `cbor:"6,keyasint" json:"lines" yaml:"lines"`
	Newline    string `cbor:"7,keyasint" json:"newline" yaml:"newline"`
}

// A Retraction says that a publication was withdrawn, corrected or doubted, and by which notice.
type Retraction struct {
	Type   string `cbor:"1,keyasint" json:"type" yaml:"type"` // RETRACTED, CORRECTED, EXPRESSION_OF_CONCERN
	Notice ID     `cbor:"2,keyasint,omitempty" json:"notice,omitempty" yaml:"notice,omitempty"`
	Date   Date   `cbor:"3,keyasint,omitempty" json:"date,omitempty" yaml:"date,omitempty"`
}

// Published returns the date of publication, "" when none is known.
func (r *Reference) Published() Date {
	for _, d := range r.Dates {
		if d.Role == Published {
			return d.Date
		}
	}
	return ""
}

// Category returns [CategoryReference].
func (*Reference) Category() Category { return CategoryReference }

// Rank puts the newest references first; unknown dates come last.
func (r *Reference) Rank() string { return newest(r.Dates, Published, Held) + " " + Fold(r.Label) }

// SourceTerm is the index term, and its value, of references that facts are read out of: documents with a digest, ontologies,
// data sets, curators.
const SourceTerm = "is-source"

// Terms returns what a reference is found by.
func (r *Reference) Terms() []Term {
	out := append(r.labelTerms(), Term{"type", string(r.Type)})
	if r.Document != nil || r.Type == Ontology || r.Type == Dataset || r.Type == Curation {
		out = append(out, Term{SourceTerm, SourceTerm})
	}
	return out
}

// Validate checks every field.
func (r *Reference) Validate() error {
	v := new(validator)
	r.validate(v, r)
	v.oneOf("type", string(r.Type), strs(ReferenceTypes()...)...)
	v.text("title", r.Title, maxText)
	for i, d := range r.Dates {
		d.validate(v, fmt.Sprintf("dates[%d]", i))
	}
	if r.URL != "" && !strings.HasPrefix(r.URL, "https://") && !strings.HasPrefix(r.URL, "http://") {
		v.fail("url", quote(r.URL)+" does not begin with http:// or https://")
	}
	if r.DOI != "" {
		if id, err := ParseID("DOI:" + r.DOI); err != nil {
			v.fail("doi", err.Error())
		} else if id.Local() != r.DOI {
			v.fail("doi", "write it in lower case: "+id.Local())
		}
	}
	if r.PMID != "" {
		v.identifier("pmid", ID("PMID:"+r.PMID))
	}
	if d := r.Document; d != nil {
		v.required("document.file", d.File)
		if !sha256Hex.MatchString(d.SHA256) {
			v.fail("document.sha256", "is not 64 lower-case hexadecimal digits")
		}
	}
	if t := r.Retraction; t != nil {
		v.oneOf("retraction.type", t.Type, "RETRACTED", "CORRECTED", "EXPRESSION_OF_CONCERN")
	}
	return v.err()
}

func (r *Reference) facts() []fact {
	return []fact{
		{"title", r.Title == ""}, {"authors", len(r.Authors) == 0}, {"journal", r.Journal == ""}, {"volume", r.Volume == ""}, {"issue", r.Issue == ""}, {"pages", r.Pages == ""},
		{"doi", r.DOI == ""}, {"pmid", r.PMID == ""}, {"url", r.URL == ""}, {"language", r.Language == ""}, {"published", r.Published() == ""},
		{"publisher", r.Publisher == ""}, {"conflictOfInterest", r.ConflictOfInterest == ""}, {"disclaimer", r.Disclaimer == ""}, {"retraction", r.Retraction == nil},
	}
}
