// Package synth makes evidence graphs of any size for benchmarks: trials of cell products, what they found, and the papers that say so.
// Nothing in them is true. Every node and edge is a pure function of the size and its number, so a graph takes no memory until it is
// asked for, and the same size is the same graph everywhere.
package synth

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/stemma-kg/stemma/kg"
)

// A Size says how many nodes a graph has of each category. A trial has ten edges on average.
type Size struct {
	Name                                                string
	Diseases, CellSources, Outcomes, References, Trials int
}

// The sizes: 10,000 nodes and about 40,000 edges; 200,000 and 1,000,000; 1,000,000 and 5,000,000.
var (
	S = Size{"S", 500, 200, 3_300, 2_000, 4_000}
	M = Size{"M", 500, 200, 65_000, 34_300, 100_000}
	L = Size{"L", 500, 200, 300_000, 199_300, 500_000}
)

// Version changes when the graphs do, so that a store which was filled by another version is not taken for one of this.
const Version = 1

// A Graph makes the nodes and edges of a size. It is safe for use from many goroutines.
type Graph struct {
	Size
	disease, cell, reference zipf
}

// New prepares the graph of a size.
func New(s Size) *Graph {
	return &Graph{Size: s, disease: newZipf(s.Diseases, 1), cell: newZipf(s.CellSources, 0.9), reference: newZipf(s.References-sources, 0.6)}
}

// Nodes is how many nodes the graph has.
func (g *Graph) Nodes() int {
	return g.Diseases + g.CellSources + g.Outcomes + g.References + g.Trials
}

// sources are the first references: the data sets that state all the rest.
const sources = 8

// random is the stream of numbers that belongs to one thing.
func (g *Graph) random(table byte, i int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(g.Name[0])<<8|uint64(table), uint64(i)))
}

func sourceID(i int) kg.ID { return kg.ID(fmt.Sprintf("source:bench-%d", i%sources)) }

// DiseaseID names a disease; those with low numbers have the most trials.
func DiseaseID(i int) kg.ID { return kg.ID(fmt.Sprintf("condition:bench-%04d", i)) }

func cellID(i int) kg.ID    { return kg.ID(fmt.Sprintf("cells:bench-%04d", i)) }
func outcomeID(i int) kg.ID { return kg.ID(fmt.Sprintf("outcome:bench-%07d", i)) }
func trialID(i int) kg.ID   { return kg.ID(fmt.Sprintf("NCT:NCT%08d", 90_000_000+i)) }

func referenceID(i int) kg.ID {
	if i < sources {
		return sourceID(i)
	}
	return kg.ID(fmt.Sprintf("PMID:%d", 500_000_000+7*i))
}

func head(id kg.ID, label string, source kg.ID, line int) kg.Head {
	return kg.Head{ID: id, Label: label, Provenance: []kg.Provenance{stated(source, line)}}
}

func labelled(h kg.Head, synonym string) kg.Head {
	h.Labels = []kg.Label{
		{Text: h.Label, Language: "en", Role: kg.Preferred, Origin: kg.FromCurator},
		{Text: synonym, Language: "en", Role: kg.Synonym, Origin: kg.FromDocument, Source: h.Provenance[0].Source},
	}
	return h
}

// Vocabulary yields every node that is no trial: references first, as the others name them.
func (g *Graph) Vocabulary(yield func(kg.Node) bool) {
	for _, t := range []struct {
		n    int
		make func(int) kg.Node
	}{
		{g.References, func(i int) kg.Node { return g.referenceAt(i) }},
		{g.Diseases, func(i int) kg.Node { return g.diseaseAt(i) }},
		{g.CellSources, func(i int) kg.Node { return g.cellAt(i) }},
		{g.Outcomes, func(i int) kg.Node { return g.outcomeAt(i) }},
	} {
		for i := range t.n {
			if !yield(t.make(i)) {
				return
			}
		}
	}
}

func (g *Graph) diseaseAt(i int) *kg.Disease {
	r := g.random('d', i)
	name := fmt.Sprintf("%s %s of the %s, type %d", pick(r, courses), pick(r, ailments), pick(r, organs), i)
	d := &kg.Disease{Head: labelled(head(DiseaseID(i), name, sourceID(i), 1+i), fmt.Sprintf("%s %d", pick(r, ailments), i)), Definition: sentence(r, 12)}
	d.Xrefs = []kg.Xref{{ID: kg.ID(fmt.Sprintf("MONDO:%07d", 9_000_000+i)), Match: kg.ExactMatch, Verified: true, Source: sourceID(i), Label: name}}
	return d
}

func (g *Graph) cellAt(i int) *kg.CellSource {
	r := g.random('c', i)
	tissue := pick(r, tissues)
	return &kg.CellSource{
		Head:       labelled(head(cellID(i), fmt.Sprintf("%s %s, lot %d", tissue.Label, pick(r, cells), i), sourceID(i), 1+i), fmt.Sprintf("%s cells %d", tissue.Label, i)),
		Donor:      pick(r, []kg.Donor{kg.Autologous, kg.Allogeneic, kg.Xenogeneic, kg.DonorNotStated}),
		Tissue:     &tissue,
		Processing: pick(r, processing),
	}
}

func (g *Graph) outcomeAt(i int) *kg.Outcome {
	r := g.random('o', i)
	m, months := pick(r, measures), pick(r, []float64{3, 6, 12, 24, 36, 60})
	change := float64(r.IntN(80_000)-30_000) / 1000
	o := &kg.Outcome{
		Head: head(outcomeID(i), fmt.Sprintf("%s at %g months, result %d", m.name, months, i), referenceID(sources+i%(g.References-sources)), 1+i),
		Saying: kg.Saying{
			Kind: kg.KindOutcome, Text: fmt.Sprintf("Mean %s changed by %g %s in %g months.", m.name, change, m.unit, months),
			Modality: kg.Reported, Polarity: kg.Affirmed, Confidence: kg.HighConfidence,
		},
		Role:       pick(r, []kg.OutcomeRank{kg.PrimaryOutcome, kg.SecondaryOutcome, kg.SecondaryOutcome, kg.OtherOutcome}),
		Change:     quantity(change, m.unit),
		ChangeType: kg.AbsoluteChange,
		TimePoint:  &kg.TimePoint{After: quantity(months, "mo"), Anchor: kg.AtTreatment},
		Aggregate:  kg.Mean,
		Direction:  kg.Increased,
		Statistics: kg.SomeStatistics,
		NTotal:     quantity(float64(5+r.IntN(400)), "{patients}"),
	}
	if change < 0 {
		o.Direction = kg.Decreased
	}
	sd := float64(r.IntN(9000)) / 1000
	o.Dispersion = &kg.Dispersion{Type: "SD", Value: &sd}
	return o
}

func (g *Graph) referenceAt(i int) *kg.Reference {
	r := g.random('r', i)
	if i < sources {
		id := sourceID(i)
		return &kg.Reference{Head: head(id, fmt.Sprintf("Registry of invented trials, volume %d", i), id, 1), Type: kg.Dataset, Title: "Registry of invented trials"}
	}
	year := 1995 + r.IntN(31)
	title := sentence(r, 9)
	return &kg.Reference{
		Head:    head(referenceID(i), title, sourceID(i), 1+i),
		Type:    kg.JournalArticle,
		Title:   title,
		Journal: pick(r, journals),
		Volume:  fmt.Sprint(1 + r.IntN(60)),
		PMID:    referenceID(i).Local(),
		DOI:     fmt.Sprintf("10.5555/bench.%d", i),
		Dates:   []kg.DatedEvent{{Role: kg.Published, Date: kg.Date(fmt.Sprint(year))}},
	}
}

// Trial returns a trial and the edges that go out from it.
func (g *Graph) Trial(i int) (*kg.Trial, []kg.Edge) {
	r := g.random('t', i)
	id, from := trialID(i), sourceID(i)
	title := sentence(r, 11)
	t := &kg.Trial{
		Head:       head(id, fmt.Sprintf("%s (%d)", title[:min(40, len(title))], i), from, 1+i),
		Title:      title,
		Design:     pick(r, []kg.Design{kg.RandomizedTrial, kg.SingleArmTrial, kg.CaseSeries, kg.ClinicalTrial}),
		Phase:      pick(r, phases),
		Status:     pick(r, []kg.Status{kg.Recruiting, kg.CompletedStatus, kg.CompletedStatus, kg.Terminated, kg.UnknownStatus}),
		Enrollment: quantity(float64(5+r.IntN(1<<(2+r.IntN(9)))), "{participants}"),
		Countries:  []string{pick(r, countries)},
		Dates:      []kg.DatedEvent{{Role: kg.Started, Date: kg.Date(fmt.Sprintf("%d-%02d-%02d", 1998+r.IntN(28), 1+r.IntN(12), 1+r.IntN(28)))}},
	}
	var edges []kg.Edge
	paper := sources
	link := func(p kg.Predicate, n int, draw func() int, id func(int) kg.ID, source func() kg.ID) {
		for _, o := range distinct(n, draw) {
			if p == kg.DocumentedBy {
				paper = o
			}
			edges = append(edges, kg.Edge{Subject: t.ID, Predicate: p, Object: id(o), Provenance: stated(source(), 1+r.IntN(5000))})
		}
	}
	registry := func() kg.ID { return from }
	link(kg.Investigates, 1+r.IntN(3), func() int { return g.disease.draw(r) }, DiseaseID, registry)
	link(kg.Tests, 1+r.IntN(2), func() int { return g.cell.draw(r) }, cellID, registry)
	link(kg.DocumentedBy, 1+r.IntN(4), func() int { return sources + g.reference.draw(r) }, referenceID, registry)
	link(kg.Reports, 2+r.IntN(5), func() int { return r.IntN(g.Outcomes) }, outcomeID, func() kg.ID { return referenceID(paper) })
	return t, edges
}

// distinct draws n different numbers, or a few less from a short list, in order.
func distinct(n int, draw func() int) []int {
	var out []int
	for tries := 0; len(out) < n && tries < 8*n; tries++ {
		if v := draw(); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}
