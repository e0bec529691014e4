package storagetest

import (
	"math"
	"time"

	"github.com/stemma-kg/stemma/kg"
)

// Source is the reference that built nodes and edges name as their source. Put [Reference](Source) before edges.
const Source kg.ID = "source:law"

// RecordedAt is when built facts were recorded.
var RecordedAt = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// Provenance is a valid provenance from the source.
func Provenance(source kg.ID) kg.Provenance {
	return kg.Provenance{Source: source, KnowledgeLevel: kg.KnowledgeAssertion, AgentType: kg.ManualAgent, RecordedAt: RecordedAt}
}

func head(id kg.ID, label string) kg.Head {
	return kg.Head{ID: id, Label: label, Provenance: []kg.Provenance{Provenance(Source)}}
}

// Reference is a valid reference that names itself as its source, as the documents of a graph do.
func Reference(id kg.ID) *kg.Reference {
	h := head(id, "Reference "+string(id))
	h.Provenance[0].Source = id
	return &kg.Reference{Head: h, Type: kg.WebPage}
}

// Disease is a valid disease.
func Disease(id kg.ID, label string) *kg.Disease { return &kg.Disease{Head: head(id, label)} }

// Concept is a valid concept.
func Concept(id kg.ID, label string) *kg.Concept {
	return &kg.Concept{Head: head(id, label), Scheme: kg.Symptom}
}

// CellSource is a valid cell source.
func CellSource(id kg.ID, label string) *kg.CellSource {
	return &kg.CellSource{Head: head(id, label), Donor: kg.Allogeneic}
}

// Intervention is a valid intervention, given by these routes.
func Intervention(id kg.ID, label string, routes ...kg.Route) *kg.Intervention {
	return &kg.Intervention{Head: head(id, label), Type: kg.CellTherapy, Routes: routes}
}

// Agent is a valid agent.
func Agent(id kg.ID, label string) *kg.Agent {
	return &kg.Agent{Head: head(id, label), Type: kg.Organisation}
}

// Trial is a valid trial that started on the date; "" leaves the date out.
func Trial(id kg.ID, label string, started kg.Date) *kg.Trial {
	t := &kg.Trial{Head: head(id, label), Phase: kg.Phase2, Status: kg.Recruiting}
	if started != "" {
		t.Dates = []kg.DatedEvent{{Role: kg.Started, Date: started}}
	}
	return t
}

// Claim is a valid claim.
func Claim(id kg.ID, label string) *kg.Claim {
	return &kg.Claim{Head: head(id, label), Saying: kg.Saying{
		Kind: kg.KindBackground, Text: "What the source says of " + label + ".", Modality: kg.Asserted, Polarity: kg.Affirmed, Confidence: kg.HighConfidence}}
}

// Edge is a valid edge from [Source].
func Edge(subject kg.ID, p kg.Predicate, object kg.ID) kg.Edge {
	return EdgeFrom(Source, subject, p, "", object)
}

// EdgeFrom is a valid edge from any source, in a role.
func EdgeFrom(source, subject kg.ID, p kg.Predicate, role kg.Role, object kg.ID) kg.Edge {
	return kg.Edge{Subject: subject, Predicate: p, Role: role, Object: object, Provenance: Provenance(source)}
}

func alias(n kg.Node, names ...kg.ID) kg.Node {
	n.Base().Aliases = append(n.Base().Aliases, names...)
	return n
}

func xref(n kg.Node, id kg.ID, m kg.Match, verified bool) kg.Node {
	n.Base().Xrefs = append(n.Base().Xrefs, kg.Xref{ID: id, Match: m, Verified: verified, Source: Source})
	return n
}

func ptr[T any](v T) *T { return &v }

var nan = math.NaN()

// oneOfEach is a valid node of every category, and the source that they name.
func oneOfEach() []kg.Node {
	return []kg.Node{
		Disease("condition:each", "Each disease"),
		Concept("concept:each", "Each concept"),
		&kg.Measure{Head: head("measure:each", "Each measure"), Benefit: kg.LowerIsBetter},
		CellSource("cell-source:each", "Each cell source"),
		Intervention("intervention:each", "Each intervention", kg.Intravenous, kg.Intravenous, kg.Oral),
		Trial("study:each", "Each trial", "2016"),
		&kg.Arm{Head: head("arm:each", "Each arm"), N: kg.Count(8, "{patients}")},
		Outcome("outcome:each", "Each outcome"),
		Claim("claim:each", "Each claim"),
		&kg.Conflict{Head: head("conflict:each", "Each conflict"), Type: kg.CrossConflict, Explanation: "They differ."},
		Reference(Source),
		Agent("agent:each", "Each agent"),
	}
}

// Outcome is a valid outcome.
func Outcome(id kg.ID, label string) *kg.Outcome {
	o := &kg.Outcome{Head: head(id, label), Saying: Claim(id, label).Saying, Statistics: kg.NoStatistics}
	o.Kind = kg.KindOutcome
	return o
}
