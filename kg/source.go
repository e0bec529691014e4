package kg

import "fmt"

// A SourceField is a field of a node that names the Reference behind it.
type SourceField struct {
	Field  string // as in the schema, such as "labels[2].source"
	Source ID
}

// Sources returns every source that the node names: of its facts, of its labels and of its mappings. A field that is left empty is none.
func (h *Head) Sources() []SourceField {
	var out []SourceField
	add := func(list string, i int, source ID) {
		if source != "" {
			out = append(out, SourceField{fmt.Sprintf("%s[%d].source", list, i), source})
		}
	}
	for i, p := range h.Provenance {
		add("provenance", i, p.Source)
	}
	for i, l := range h.Labels {
		add("labels", i, l.Source)
	}
	for i, x := range h.Xrefs {
		add("xrefs", i, x.Source)
	}
	return out
}

// Refuse returns what is wrong with the field of node id when the source that it names is n, nil for a source that is not there; it
// returns nil when nothing is.
func (f SourceField) Refuse(id ID, n Node) *FieldError {
	switch {
	case n == nil:
		return &FieldError{id, f.Field, fmt.Sprintf("%s is not there: a source is a node of category %s", f.Source, CategoryReference)}
	case n.Category() != CategoryReference:
		return &FieldError{id, f.Field, fmt.Sprintf("%s is of category %s: a source is a %s", f.Source, n.Category(), CategoryReference)}
	}
	return nil
}
