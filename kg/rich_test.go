package kg_test

import (
	"time"

	. "github.com/stemma-kg/stemma/kg"
)

func ptr[T any](v T) *T { return &v }

var recorded = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// provenance is a provenance with every field.
func provenance() Provenance {
	return Provenance{
		Source: "source:d1",
		Selectors: []Selector{
			{Start: ptr(0), End: ptr(42), Line: ptr(3), LastLine: ptr(4), SHA256: digest, FirstByte: ptr(0), LastByte: ptr(61)},
			{Pointer: "/protocolSection/0"}, {XPath: "/Article/Title"},
		},
		Claims: []ID{"claim:one", "claim:two"}, KnowledgeLevel: KnowledgeAssertion, AgentType: ManualAgent, RecordedAt: recorded,
		Fields: []string{"label"}, Remark: "read twice",
	}
}

func richHead(id ID, label string) Head {
	return Head{
		ID: id, Label: label,
		Labels: []Label{
			{Text: "视神经脊髓炎", Language: "zh-Hans", Role: Synonym, Origin: FromDocument, Source: "source:d1"},
			{Text: label, Language: "en", Role: Preferred, Origin: FromCurator},
		},
		Aliases:    []ID{"alias:" + id},
		Xrefs:      []Xref{{ID: "MONDO:0019100", Match: ExactMatch, Verified: true, Source: "source:mondo", Label: "neuromyelitis optica", Remark: "looked up"}},
		Remarks:    []string{"a remark", "另一个"},
		Provenance: []Provenance{provenance(), {Source: "source:d2", KnowledgeLevel: Observation, AgentType: TextMining, RecordedAt: recorded}},
	}
}

func richSaying(kind StatementKind) Saying {
	return Saying{
		Kind: kind, Text: "Eight of ten patients walked farther.", Language: "en", Modality: Reported, Polarity: Affirmed, Confidence: MediumConfidence,
		Flags: []string{"UNCLEAR_DENOMINATOR"}, AsOf: &AsOf{Date: "2016-08", Precision: NotLaterThan}, Note: "the denominator is inferred",
		Details: []Detail{{Name: "scope.region", Values: []string{"Asia", "Europe"}, Quantity: &Quantity{Low: ptr(5.), High: ptr(10.), Unit: "%"}, Nodes: []ID{"condition:ms"}},
			{Name: "price", Silence: NotStated}},
	}
}

// silences are what a node with fields of these names does not say.
func silent(h Head, fields ...string) Head {
	for _, f := range fields {
		h.Silences = append(h.Silences, Silence{Field: f, Reason: NotStated, Remark: "the source was read"})
	}
	return h
}

var dates = []DatedEvent{{Role: Started, Date: "2009-05"}, {Role: Published, Date: "2011-12-01"}, {Role: ResultsExpected, Date: "2030", Forecast: true, Remark: "announced"}}

// rich is one valid node of every category, with values in all of its fields, and one that is silent.
func rich() map[string]Node {
	return map[string]Node{
		"disease": &Disease{Head: richHead("condition:nmosd", "Neuromyelitis optica"), Definition: "A disease of the optic nerves."},
		"silent":  &Disease{Head: silent(richHead("condition:silent", "Silent"), "definition")},
		"concept": &Concept{Head: richHead("concept:fever", "Fever"), Scheme: AdverseEvent, Definition: "A body that is too hot."},
		"measure": &Measure{Head: richHead("measure:edss", "EDSS"), Unit: "{score}", Scale: &Quantity{Low: ptr(0.), High: ptr(10.), Unit: "{score}"}, Benefit: LowerIsBetter,
			MinimalImportantDifference: &Quantity{Value: ptr(.5), Comparator: About, Printed: "half a point", Derived: true}, Biomarker: true, Definition: "A scale of disability."},
		"cellsource": &CellSource{Head: richHead("cell-source:uc-msc", "UC-MSC"), Donor: Allogeneic, CellType: &OntologyTerm{ID: "CL:0000134", Label: "mesenchymal stem cell"},
			Tissue: &OntologyTerm{ID: "UBERON:0002331", Label: "umbilical cord"}, Processing: "cultured to passage 4"},
		"intervention": &Intervention{Head: richHead("intervention:uc-msc-it", "UC-MSC, intrathecal"), Type: CellTherapy, Routes: []Route{Intrathecal, Intravenous},
			Dose: &Quantity{Value: ptr(2e6), Comparator: Exact, Unit: "{cells}/kg"}, Class: "cell therapy"},
		"trial":    richTrial(),
		"arm":      &Arm{Head: richHead("arm:one", "Arm one"), Role: Experimental, N: Count(10, "{patients}"), Description: "Those who were treated."},
		"outcome":  richOutcome(),
		"claim":    &Claim{Head: richHead("claim:one", "Claim one"), Saying: richSaying(KindEligibility), Criterion: Inclusion, Topic: "AGE", Conclusion: "SUFFICIENT", Content: "over 18"},
		"conflict": &Conflict{Head: richHead("conflict:one", "Conflict one"), Type: CrossConflict, Explanation: "One says 8, the other 9.", Handling: "Both are shown."},
		"reference": &Reference{Head: richHead("source:d1", "Document one"), Type: JournalArticle, Title: "A title", Authors: []string{"Riordan NH", "李"}, AuthorsComplete: ptr(false),
			Journal: "J Transl Med", Volume: "16", Issue: "1", Pages: "57", DOI: "10.1186/s12967-018-1433-7", PMID: "29523171", URL: "https://example.org/a?b=c#d", Language: "en", Dates: dates,
			Publisher: "BMC", ConflictOfInterest: "The authors sell the cells.", Disclaimer: "No advice.",
			Document:    &Document{File: "one.md", SHA256: digest, Bytes: 100, CodePoints: 90, UTF16Units: 91, Lines: 7, Newline: "LF"},
			Retraction:  &Retraction{Type: "CORRECTED", Notice: "PMID:1", Date: "2019"},
			Attribution: "CC-BY-4.0", Version: "2", Place: "Basel"},
		"agent": &Agent{Head: richHead("agent:acme", "Acme"), Type: Organisation, Country: "CH"},
	}
}

func richTrial() *Trial {
	return &Trial{
		Head: silent(richHead("NCT:NCT00273364", "Hematopoietic stem cell therapy"), "arms", "comparator"), Title: "A randomised trial", Acronym: "MIST", Design: RandomizedTrial, Phase: Phase2And3,
		Status: CompletedStatus, StatusAsOf: "2019-02", Allocation: Randomized, Masking: OpenLabel, Enrollment: Count(110, "{patients}"), Countries: []string{"US", "SE", "GB", "BR"},
		CountriesComplete: ptr(true), Localities: []string{"Chicago", "São Paulo"}, Dates: dates, FollowUp: &Quantity{Value: ptr(5.), Unit: "a"},
		Assessments: []Quantity{{Value: ptr(6.), Unit: "mo"}, {Value: ptr(12.), Unit: "mo"}}, AssessmentEvery: &Quantity{Value: ptr(1.), Unit: "a"}, AssessmentCount: Count(5, "1"),
		WhyStopped: "It was not.",
	}
}

func richOutcome() *Outcome {
	return &Outcome{
		Head: silent(richHead("outcome:mist-progression", "Progression"), "arms"), Saying: richSaying(KindOutcome), Role: PrimaryOutcome,
		Baseline: &Quantity{Value: ptr(3.4), Unit: "{score}"}, FollowUp: &Quantity{Value: ptr(2.4), Unit: "{score}"}, Change: &Quantity{Value: ptr(-1.02), Unit: "{score}", Printed: "−1.02"},
		ChangeType: AbsoluteChange, Rate: &Quantity{Value: ptr(5.), Comparator: LessEqual, Unit: "%"}, NAffected: Count(3, "{patients}"), NTotal: Count(52, "{patients}"), Quantifier: Some,
		TimePoint: &TimePoint{After: &Quantity{Value: ptr(5.), Unit: "a"}, Anchor: AtTreatment, Printed: "after five years", Inferred: true}, Aggregate: Median,
		Dispersion: &Dispersion{Type: "SD", Value: ptr(.9), Low: ptr(.1), High: ptr(1.7)},
		Effect:     &EffectEstimate{Measure: "HAZARD_RATIO", Value: &Quantity{Value: ptr(.07)}, Low: ptr(.02), High: ptr(.24), ConfidenceLevel: ptr(95.), P: &Quantity{Value: ptr(.001), Comparator: Less}, Method: "log-rank"},
		Direction:  Decreased, Interpretation: Beneficial, ComparedWith: "BASELINE", SignificanceClaimed: ptr(true), Statistics: SomeStatistics,
		Seriousness: AnySeriousness, Relatedness: NotRelated, Grade: "3", Deaths: Count(0, "{patients}"),
	}
}

// richEdges are the edges that two sources state between the same two nodes.
func richEdges() []Edge {
	return []Edge{
		{Subject: "intervention:regimen", Predicate: Includes, Object: "intervention:step", Role: Conditioning, Position: ptr(1), Remark: "first of all", Provenance: provenance()},
		{Subject: "intervention:regimen", Predicate: Includes, Object: "intervention:step",
			Provenance: Provenance{Source: "source:d2", KnowledgeLevel: LevelNotProvided, AgentType: AgentNotProvided, RecordedAt: recorded}},
	}
}
