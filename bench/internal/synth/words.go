package synth

import (
	"math"
	"math/rand/v2"
	"sort"
	"strings"
	"time"

	"github.com/stemma-kg/stemma/kg"
)

// recorded is when all of it was read.
var recorded = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func stated(source kg.ID, line int) kg.Provenance {
	return kg.Provenance{Source: source, Selectors: []kg.Selector{{Line: &line}}, KnowledgeLevel: kg.KnowledgeAssertion, AgentType: kg.AutomatedAgent, RecordedAt: recorded}
}

func quantity(v float64, unit string) *kg.Quantity {
	return &kg.Quantity{Value: &v, Comparator: kg.Exact, Unit: unit}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// A zipf draws ranks whose frequency falls with a power of the rank: few diseases have most of the trials.
type zipf []float64 // the share of all ranks up to each

func newZipf(n int, exponent float64) zipf {
	z, sum := make(zipf, n), 0.0
	for i := range z {
		sum += math.Pow(float64(i+1), -exponent)
		z[i] = sum
	}
	for i := range z {
		z[i] /= sum
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int { return min(sort.SearchFloat64s(z, r.Float64()), len(z)-1) }

// sentence makes a title of so many words.
func sentence(r *rand.Rand, words int) string {
	var b strings.Builder
	for i := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(pick(r, onsets))
		b.WriteString(pick(r, rhymes))
		if r.IntN(3) > 0 {
			b.WriteString(pick(r, onsets))
			b.WriteString(pick(r, rhymes))
		}
	}
	return b.String()
}

// A measured is something that an outcome is a value of.
type measured struct{ name, unit string }

var (
	onsets     = []string{"b", "br", "c", "cl", "d", "dr", "f", "g", "gl", "h", "j", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v", "w", "z"}
	rhymes     = []string{"ab", "an", "ar", "eb", "el", "em", "en", "er", "id", "il", "im", "in", "ob", "ol", "om", "on", "or", "ul", "um", "un", "ur"}
	courses    = []string{"Acute", "Chronic", "Early", "Late", "Mild", "Severe", "Stable", "Relapsing"}
	ailments   = []string{"inflammation", "degeneration", "ischaemia", "fibrosis", "atrophy", "insufficiency", "sclerosis"}
	organs     = []string{"nerve", "skin", "heart", "kidney", "liver", "lung", "marrow", "muscle", "retina", "vessel"}
	cells      = []string{"stromal cells", "mononuclear cells", "progenitor cells", "stem cells", "fibroblasts"}
	processing = []string{"washed and frozen", "expanded in culture", "sorted by surface marker", "given fresh"}
	journals   = []string{"Annals of Invented Medicine", "Journal of Made-up Trials", "Archive of Imagined Cells", "Proceedings of Nowhere", "Letters on Nothing"}
	countries  = []string{"BR", "CA", "CN", "DE", "ES", "FR", "GB", "IN", "IR", "IT", "JP", "KR", "SE", "TR", "US"}
	phases     = []kg.Phase{kg.EarlyPhase1, kg.Phase1, kg.Phase1And2, kg.Phase2, kg.Phase2And3, kg.Phase3, kg.Phase4, kg.PhaseNA}
	measures   = []measured{{"walking distance", "m"}, {"pain score", "{points}"}, {"ejection fraction", "%"}, {"relapse rate", "/a"}, {"ankle pressure index", "1"},
		{"disability score", "{points}"}, {"serum creatinine", "mg/dL"}, {"visual acuity", "{letters}"}, {"forced expiratory volume", "L"}, {"wound area", "cm2"}}
	tissues = []kg.OntologyTerm{{ID: "UBERON:0002371", Label: "bone marrow"}, {ID: "UBERON:0001013", Label: "adipose tissue"}, {ID: "UBERON:0002331", Label: "umbilical cord"},
		{ID: "UBERON:0001987", Label: "placenta"}, {ID: "UBERON:0000178", Label: "blood"}, {Label: "tissue that is not named"}}
)
