package kg

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
)

const maxText = 16 << 10 // bytes of one text: a paraphrase, a remark; not a document

// A FieldError says which field of what is wrong, and why.
type FieldError struct {
	ID     ID     // of the node, or of the edge's subject
	Field  string // as in the schema, such as "enrollment.low" or "labels[2].language"
	Reason string
}

func (e *FieldError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", e.ID, e.Field, e.Reason)
}

// An InvalidError lists everything that is wrong with one node or edge.
type InvalidError []*FieldError

func (e InvalidError) Error() string {
	s := make([]string, len(e))
	for i, f := range e {
		s[i] = f.Error()
	}
	return strings.Join(s, "; ")
}

// A validator collects what is wrong, so that a curator sees all of it at once.
type validator struct {
	id   ID
	errs InvalidError
}

func (v *validator) fail(field, reason string) {
	v.errs = append(v.errs, &FieldError{v.id, strings.TrimPrefix(field, "."), reason})
}

func (v *validator) err() error {
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

func (v *validator) oneOf(field, got string, want ...string) {
	if !slices.Contains(want, got) {
		v.fail(field, fmt.Sprintf("%s is none of %s", quote(got), strings.Join(slices.DeleteFunc(slices.Clone(want), func(s string) bool { return s == "" }), ", ")))
	}
}

func (v *validator) required(field, s string) {
	if strings.TrimSpace(s) == "" {
		v.fail(field, "is required")
	}
	v.text(field, s, maxText)
}

func (v *validator) text(field, s string, limit int) {
	if len(s) > limit {
		v.fail(field, fmt.Sprintf("has %d bytes: the limit is %d", len(s), limit))
	}
	if !utf8.ValidString(s) {
		v.fail(field, "is not valid UTF-8")
	}
	if strings.ContainsRune(s, 0) {
		v.fail(field, "holds a NUL character")
	}
}

func (v *validator) identifier(field string, id ID) {
	got, err := ParseID(string(id))
	switch {
	case err != nil:
		v.fail(field, err.Error())
	case got != id:
		v.fail(field, fmt.Sprintf("%s is not in canonical form: write %s", quote(string(id)), got))
	}
}

func quote(s string) string {
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return strconv.QuoteToGraphic(s)
}

func strs[T ~string](in ...T) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}

// IsCountry tells whether s is the ISO 3166-1 alpha-2 code of a country, in upper case.
func IsCountry(s string) bool {
	r, err := language.ParseRegion(s)
	return err == nil && len(s) == 2 && s == r.String() && r.IsCountry()
}

func (v *validator) country(field, s string) {
	if !IsCountry(s) {
		v.fail(field, quote(s)+" is not an ISO 3166-1 alpha-2 code such as GB")
	}
}
