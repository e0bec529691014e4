package kg_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"

	. "github.com/stemma-kg/stemma/kg"
)

// The measurement behind docs/decisions/002-codec.md. Run it with
//
//	go test ./kg -run '^$' -bench Codec -benchmem

// typical are nodes as sources give them: some fields filled, most not.
func typical() []Node {
	at := Provenance{Source: "source:d2-ms-stem-cells", KnowledgeLevel: KnowledgeAssertion, AgentType: ManualAgent, RecordedAt: recorded,
		Selectors: []Selector{{Start: ptr(12034), End: ptr(12181), Line: ptr(88), SHA256: digest}}, Claims: []ID{"claim:d2-burt-mist-progression"}}
	return []Node{
		&Outcome{
			Head: Head{ID: "outcome:d2-burt-mist-progression", Label: "Disease progression, MIST trial", Provenance: []Provenance{at},
				Silences: []Silence{{Field: "dispersion", Reason: NotStated}, {Field: "seriousness", Reason: NotApplicable}}},
			Saying: Saying{Kind: KindOutcome, Text: "Three patients given transplantation progressed, against thirty-four given disease-modifying therapy.", Language: "en",
				Modality: Reported, Polarity: Affirmed, Confidence: HighConfidence},
			Role: PrimaryOutcome, NAffected: Count(3, "{patients}"), NTotal: Count(52, "{patients}"), TimePoint: &TimePoint{After: &Quantity{Value: ptr(5.), Unit: "a"}, Anchor: AtTreatment},
			Effect:    &EffectEstimate{Measure: "HAZARD_RATIO", Value: &Quantity{Value: ptr(.07)}, Low: ptr(.02), High: ptr(.24), ConfidenceLevel: ptr(95.), P: &Quantity{Value: ptr(.001), Comparator: Less}},
			Direction: Decreased, Interpretation: Beneficial, Statistics: SomeStatistics,
		},
		&Trial{
			Head: Head{ID: "NCT:NCT00273364", Label: "MIST", Labels: []Label{{Text: "Hematopoietic Stem Cell Therapy for Patients With Inflammatory Multiple Sclerosis", Language: "en", Role: Synonym,
				Origin: FromDocument, Source: "source:ctgov"}}, Aliases: []ID{"study:burt-mist"}, Xrefs: []Xref{{ID: "PMID:30644983", Match: RelatedMatch, Verified: true, Source: "source:ctgov"}},
				Provenance: []Provenance{{Source: "source:ctgov", KnowledgeLevel: KnowledgeAssertion, AgentType: DataPipeline, RecordedAt: recorded, Selectors: []Selector{{Pointer: "/protocolSection"}}}}},
			Title:   "Hematopoietic Stem Cell Therapy for Patients With Inflammatory Multiple Sclerosis Failing Alternate Approved Therapy: A Randomized Study",
			Acronym: "MIST", Design: RandomizedTrial, Phase: Phase3, Status: Terminated, Allocation: Randomized, Masking: OpenLabel, Enrollment: Count(110, "{patients}"),
			Countries: []string{"US", "SE", "GB", "BR"}, CountriesComplete: ptr(true), FollowUp: &Quantity{Value: ptr(5.), Unit: "a"},
			Dates: []DatedEvent{{Role: Started, Date: "2005-12"}, {Role: PrimaryCompletion, Date: "2017-07"}, {Role: LastUpdated, Date: "2019-02-18"}},
		},
	}
}

type codec struct {
	name   string
	encode func(n Node) ([]byte, error)
	decode func(b []byte, c Category) (Node, error)
}

func codecs() []codec {
	packed := func(compact bool) codec {
		name := "msgpack-names"
		if compact {
			name = "msgpack-arrays"
		}
		return codec{name,
			func(n Node) ([]byte, error) {
				var b bytes.Buffer
				e := msgpack.NewEncoder(&b)
				e.SetCustomStructTag("json")
				e.SetOmitEmpty(!compact)
				e.UseArrayEncodedStructs(compact)
				e.UseCompactInts(true)
				err := e.Encode(n)
				return b.Bytes(), err
			},
			into(func(b []byte, n Node) error {
				d := msgpack.NewDecoder(bytes.NewReader(b))
				d.SetCustomStructTag("json")
				return d.Decode(n)
			})}
	}
	pointer := func(n Node) unsafe.Pointer { return reflect.ValueOf(n).UnsafePointer() }
	return []codec{
		{"cbor", Encode, func(b []byte, _ Category) (Node, error) { return Decode(b) }},
		{"json", func(n Node) ([]byte, error) { return json.Marshal(n) }, into(func(b []byte, n Node) error { return json.Unmarshal(b, n) })},
		{"gob", func(n Node) ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(n)
			return b.Bytes(), err
		}, into(func(b []byte, n Node) error { return gob.NewDecoder(bytes.NewReader(b)).Decode(n) })},
		packed(false),
		packed(true),
		{"protowire", func(n Node) ([]byte, error) { return wireOf(reflect.TypeOf(n).Elem()).append(nil, pointer(n)), nil },
			into(func(b []byte, n Node) error {
				if !wireOf(reflect.TypeOf(n).Elem()).read(b, pointer(n)) {
					return errors.New("malformed")
				}
				return nil
			})},
	}
}

// into turns a decoder into an empty node into one that makes the node.
func into(decode func(b []byte, n Node) error) func([]byte, Category) (Node, error) {
	return func(b []byte, c Category) (Node, error) {
		n := New(c)
		return n, decode(b, n)
	}
}

// What is compared must do the same work: give back the node as it was.
func TestCodecsOfTheComparisonKeepNodes(t *testing.T) {
	for _, n := range typical() {
		if err := n.Validate(); err != nil {
			t.Error(err)
		}
		for _, c := range codecs() {
			b, err := c.encode(n)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			read, err := c.decode(b, n.Category())
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			read.Base().Provenance[0].RecordedAt = read.Base().Provenance[0].RecordedAt.UTC()
			if !reflect.DeepEqual(read, n) {
				t.Errorf("%s: put %+v, got %+v", c.name, n, read)
			}
		}
	}
}

func BenchmarkCodec(b *testing.B) {
	for _, n := range typical() {
		for _, c := range codecs() {
			form, err := c.encode(n)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%s/encode", n.Category(), c.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.encode(n); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(form)), "bytes")
			})
			b.Run(fmt.Sprintf("%s/%s/decode", n.Category(), c.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.decode(form, n.Category()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
