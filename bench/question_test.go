package bench

import (
	"encoding/json"
	"fmt"

	"github.com/stemma-kg/stemma/bench/internal/synth"
)

// A question is the linked-evidence query: a disease, its first 20 trials, and for each of them what cells it gave, what it found, and
// where that was published.
type question struct {
	name     string
	document string
}

// The fields that are asked of each node.
const (
	trialFields     = `id title phase enrollment { value unit }`
	cellFields      = `id label donor`
	outcomeFields   = `id text direction change { value unit } nTotal { value unit }`
	referenceFields = `id title pmid published`
	evidenceFields  = `evidence { source knowledgeLevel selector { line } }`
)

var (
	plain = question{"plain", fmt.Sprintf(`query LinkedEvidence($disease: ID!) { disease(id: $disease) { id label trials(first: 20) { nodes { %s `+
		`cellSources { nodes { %s } } outcomes { nodes { %s } } references { nodes { %s } } } } } }`,
		trialFields, cellFields, outcomeFields, referenceFields)}

	// withEvidence asks every edge who states it, and where.
	withEvidence = question{"evidence", fmt.Sprintf(`query LinkedEvidence($disease: ID!) { disease(id: $disease) { id label trials(first: 20) { edges { %[5]s node { %[1]s `+
		`cellSources { edges { %[5]s node { %[2]s } } } outcomes { edges { %[5]s node { %[3]s } } } references { edges { %[5]s node { %[4]s } } } } } } } }`,
		trialFields, cellFields, outcomeFields, referenceFields, evidenceFields)}
)

// body is the question about one disease as it is posted.
func (q question) body(disease int) []byte {
	b, err := json.Marshal(map[string]any{"query": q.document, "variables": map[string]any{"disease": synth.DiseaseID(disease)}})
	if err != nil {
		panic(err) // strings only
	}
	return b
}

// bodies is the question about each of the first n diseases.
func (q question) bodies(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = q.body(i)
	}
	return out
}
