package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// listSizes are how many items the lists without pages mostly have, for the estimate of what an operation costs before it runs:
// generous for what the evidence holds, far below what would refuse a question that a page of a front end asks.
var listSizes = map[string]int{
	"evidence": 2, "roles": 2, "claims": 3, "selectors": 2, "provenance": 5,
	"labels": 8, "aliases": 3, "xrefs": 5, "remarks": 2, "absences": 15,
	"flags": 2, "details": 5, "values": 2, "matches": 3,
	"routes": 2, "countries": 5, "localities": 2, "dates": 3, "assessments": 4, "authors": 6,
}

// listSize says how many items the list of a field has; 0 is not known.
func listSize(parent *ast.Definition, field *ast.FieldDefinition) int {
	if parent != nil && strings.HasPrefix(parent.Name, "__") {
		return 5
	}
	return listSizes[field.Name]
}
