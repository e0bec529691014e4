package kg

import "slices"

// A Category is the type of a node. The names are those of the GraphQL types.
type Category string

// The categories.
const (
	CategoryDisease      Category = "Disease"
	CategoryConcept      Category = "Concept"
	CategoryMeasure      Category = "Measure"
	CategoryCellSource   Category = "CellSource"
	CategoryIntervention Category = "Intervention"
	CategoryTrial        Category = "Trial"
	CategoryArm          Category = "Arm"
	CategoryOutcome      Category = "Outcome"
	CategoryClaim        Category = "Claim"
	CategoryConflict     Category = "Conflict"
	CategoryReference    Category = "Reference"
	CategoryAgent        Category = "Agent"
)

// A kind is one row of the table where the generic store meets the typed domain.
type kind struct {
	category Category
	code     byte // of the stored form: never reused, never changed
	make     func() Node
}

// kinds is that table. A new node type costs one struct file, one row here, one block of the schema and its resolvers.
var kinds = []kind{
	{CategoryDisease, 1, func() Node { return new(Disease) }},
	{CategoryConcept, 2, func() Node { return new(Concept) }},
	{CategoryMeasure, 3, func() Node { return new(Measure) }},
	{CategoryCellSource, 4, func() Node { return new(CellSource) }},
	{CategoryIntervention, 5, func() Node { return new(Intervention) }},
	{CategoryTrial, 6, func() Node { return new(Trial) }},
	{CategoryArm, 7, func() Node { return new(Arm) }},
	{CategoryOutcome, 8, func() Node { return new(Outcome) }},
	{CategoryClaim, 9, func() Node { return new(Claim) }},
	{CategoryConflict, 10, func() Node { return new(Conflict) }},
	{CategoryReference, 11, func() Node { return new(Reference) }},
	{CategoryAgent, 12, func() Node { return new(Agent) }},
}

// Categories returns all categories, in the order of the table.
func Categories() []Category {
	out := make([]Category, len(kinds))
	for i, k := range kinds {
		out[i] = k.category
	}
	return out
}

// New returns an empty node of the category, nil when there is no such category.
func New(c Category) Node {
	if i := slices.IndexFunc(kinds, func(k kind) bool { return k.category == c }); i >= 0 {
		return kinds[i].make()
	}
	return nil
}

// Code returns the byte that stands for the category in stored keys and values, 0 when there is no such category.
func (c Category) Code() byte {
	for i := range kinds {
		if kinds[i].category == c {
			return kinds[i].code
		}
	}
	return 0
}

// CategoryOf returns the category that a stored byte stands for.
func CategoryOf(code byte) (Category, bool) {
	for i := range kinds {
		if kinds[i].code == code {
			return kinds[i].category, true
		}
	}
	return "", false
}
