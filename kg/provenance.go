package kg

import (
	"fmt"
	"regexp"
	"time"
)

// A KnowledgeLevel says how a statement came about. The values are Biolink's.
type KnowledgeLevel string

// The knowledge levels.
const (
	KnowledgeAssertion  KnowledgeLevel = "KNOWLEDGE_ASSERTION"
	LogicalEntailment   KnowledgeLevel = "LOGICAL_ENTAILMENT"
	Prediction          KnowledgeLevel = "PREDICTION"
	StatisticalAssoc    KnowledgeLevel = "STATISTICAL_ASSOCIATION"
	Observation         KnowledgeLevel = "OBSERVATION"
	LevelNotProvided    KnowledgeLevel = "NOT_PROVIDED"
	knowledgeLevelField                = "knowledgeLevel"
)

// An AgentType says who or what read the statement out of its source. The values are Biolink's.
type AgentType string

// The agent types.
const (
	ManualAgent       AgentType = "MANUAL_AGENT"
	AutomatedAgent    AgentType = "AUTOMATED_AGENT"
	ManualValidation  AgentType = "MANUAL_VALIDATION_OF_AUTOMATED_AGENT"
	DataPipeline      AgentType = "DATA_ANALYSIS_PIPELINE"
	TextMining        AgentType = "TEXT_MINING_AGENT"
	AgentNotProvided  AgentType = "NOT_PROVIDED"
	agentTypeField              = "agentType"
	maxSelectors                = 64
	maxClaimsPerProve           = 4096
)

// A Selector is a place in a source. Text is selected as the W3C TextPositionSelector does: Start and End count
// Unicode code points of the document as it is, End exclusive; Line and LastLine count from 1; SHA256 is the digest of
// the span's UTF-8 bytes, so that whoever has the document can prove the span. Records are selected by
// Pointer (RFC 6901 JSON Pointer), XPath, or Line alone.
type Selector struct {
	Start    *int   `cbor:"1,keyasint,omitempty" json:"start,omitempty" yaml:"start,omitempty"`
	End      *int   `cbor:"2,keyasint,omitempty" json:"end,omitempty" yaml:"end,omitempty"`
	Line     *int   `cbor:"3,keyasint,omitempty" json:"line,omitempty" yaml:"line,omitempty"`
	LastLine *int   `cbor:"4,keyasint,omitempty" json:"lastLine,omitempty" yaml:"lastLine,omitempty"`
	SHA256   string `cbor:"5,keyasint,omitempty" json:"sha256,omitempty" yaml:"sha256,omitempty"`
	Pointer  string `cbor:"6,keyasint,omitempty" json:"pointer,omitempty" yaml:"pointer,omitempty"`
	XPath    string `cbor:"7,keyasint,omitempty" json:"xpath,omitempty" yaml:"xpath,omitempty"`
	// FirstByte and LastByte are the same span in UTF-8 bytes, LastByte exclusive, for tools that count bytes.
	FirstByte *int `cbor:"8,keyasint,omitempty" json:"firstByte,omitempty" yaml:"firstByte,omitempty"`
	LastByte  *int `cbor:"9,keyasint,omitempty" json:"lastByte,omitempty" yaml:"lastByte,omitempty"`
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (s Selector) validate(v *validator, field string) {
	if (s.Start == nil) != (s.End == nil) {
		v.fail(field, "start and end go together")
	}
	if s.Start != nil && s.End != nil && (*s.Start < 0 || *s.End < *s.Start) {
		v.fail(field, fmt.Sprintf("start %d and end %d are no span", *s.Start, *s.End))
	}
	if s.Start == nil && s.Line == nil && s.Pointer == "" && s.XPath == "" {
		v.fail(field, "selects nothing: want start and end, a line, a pointer or an xpath")
	}
	if s.Line != nil && *s.Line < 1 {
		v.fail(field+".line", "lines count from 1")
	}
	if s.SHA256 != "" && !sha256Hex.MatchString(s.SHA256) {
		v.fail(field+".sha256", "is not 64 lower-case hexadecimal digits")
	}
	v.text(field+".pointer", s.Pointer, 4096)
	v.text(field+".xpath", s.XPath, 4096)
}

// A Provenance says where a fact stands: the source, the place in it, and who read it there. It is a value, and the zero
// value is refused wherever a fact enters: nothing is known without a source.
type Provenance struct {
	Source         ID             `cbor:"1,keyasint" json:"source" yaml:"source"`                                     // the Reference that states it
	Selectors      []Selector     `cbor:"2,keyasint,omitempty" json:"selectors,omitempty" yaml:"selectors,omitempty"` // where in it
	Claims         []ID           `cbor:"3,keyasint,omitempty" json:"claims,omitempty" yaml:"claims,omitempty"`       // the statements that it was read off
	KnowledgeLevel KnowledgeLevel `cbor:"4,keyasint" json:"knowledgeLevel" yaml:"knowledgeLevel"`
	AgentType      AgentType      `cbor:"5,keyasint" json:"agentType" yaml:"agentType"`
	RecordedAt     time.Time      `cbor:"6,keyasint" json:"recordedAt" yaml:"recordedAt"`
	Fields         []string       `cbor:"7,keyasint,omitempty" json:"fields,omitempty" yaml:"fields,omitempty"` // of a node: which of its fields this supports; empty means the node as a whole
	Remark         string         `cbor:"8,keyasint,omitempty" json:"remark,omitempty" yaml:"remark,omitempty"`
}

func (p *Provenance) validate(v *validator, field string) {
	if p.Source == "" {
		v.fail(field+".source", "is required: nothing is known without a source")
	} else {
		v.identifier(field+".source", p.Source)
	}
	if len(p.Selectors) > maxSelectors {
		v.fail(field+".selectors", fmt.Sprintf("has %d entries: the limit is %d", len(p.Selectors), maxSelectors))
	}
	for i, s := range p.Selectors {
		s.validate(v, fmt.Sprintf("%s.selectors[%d]", field, i))
	}
	if len(p.Claims) > maxClaimsPerProve {
		v.fail(field+".claims", fmt.Sprintf("has %d entries: the limit is %d", len(p.Claims), maxClaimsPerProve))
	}
	for i, c := range p.Claims {
		v.identifier(fmt.Sprintf("%s.claims[%d]", field, i), c)
	}
	v.oneOf(field+"."+knowledgeLevelField, string(p.KnowledgeLevel), strs(KnowledgeAssertion, LogicalEntailment, Prediction, StatisticalAssoc, Observation, LevelNotProvided)...)
	v.oneOf(field+"."+agentTypeField, string(p.AgentType), strs(ManualAgent, AutomatedAgent, ManualValidation, DataPipeline, TextMining, AgentNotProvided)...)
	if p.RecordedAt.IsZero() {
		v.fail(field+".recordedAt", "is required")
	}
	v.text(field+".remark", p.Remark, maxText)
}

// Selector returns the first of the selectors, nil when the source as a whole states the fact.
func (p *Provenance) Selector() *Selector {
	if len(p.Selectors) == 0 {
		return nil
	}
	return &p.Selectors[0]
}
