package seed

import (
	"fmt"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/stemma-kg/stemma/kg"
)

// A statementEntry is an entry of a file of statements. With an observation it is an Outcome, without one a Claim.
type statementEntry struct {
	ID          kg.ID            `yaml:"id"`
	Kind        kg.StatementKind `yaml:"kind"`
	Text        string           `yaml:"text"` // a paraphrase
	At          place            `yaml:"at"`
	Language    string           `yaml:"language"`   // default: the file's
	Modality    kg.Modality      `yaml:"modality"`   // default ASSERTED
	Polarity    kg.Polarity      `yaml:"polarity"`   // default AFFIRMED
	Confidence  kg.Confidence    `yaml:"confidence"` // default HIGH
	Flags       []string         `yaml:"flags"`
	AsOf        text             `yaml:"asOf"` // a date, or NOT_LATER_THAN / NOT_BEFORE and a date
	Note        string           `yaml:"note"`
	About       []link           `yaml:"about"`
	SaidBy      []link           `yaml:"saidBy"`
	BasedOn     []link           `yaml:"basedOn"`
	Criterion   text             `yaml:"criterion"`
	Topic       text             `yaml:"topic"`
	Conclusion  text             `yaml:"conclusion"`
	Content     text             `yaml:"content"`
	Observation *observation     `yaml:"observation"`
	Details     yaml.MapSlice    `yaml:"details"`
	Remarks     []string         `yaml:"remarks"`
	Recorded    string           `yaml:"recorded"`
}

// An observation is what was measured, in whom, and what came out.
type observation struct {
	Study               kg.ID                    `yaml:"study"`
	Arm                 list                     `yaml:"arm"`
	ComparatorArm       list                     `yaml:"comparatorArm"`
	Measure             kg.ID                    `yaml:"measure"`
	Event               kg.ID                    `yaml:"event"` // a Concept that is counted
	Role                text                     `yaml:"role"`
	Baseline            quantity                 `yaml:"baseline"`
	FollowUp            quantity                 `yaml:"followUp"`
	Change              quantity                 `yaml:"change"`
	ChangeType          text                     `yaml:"changeType"`
	Rate                quantity                 `yaml:"rate"`
	NAffected           quantity                 `yaml:"nAffected"`
	NTotal              quantity                 `yaml:"nTotal"`
	Quantifier          text                     `yaml:"quantifier"`
	TimePoint           maybe[timePoint]         `yaml:"timePoint"`
	Aggregate           text                     `yaml:"aggregate"`
	Dispersion          maybe[kg.Dispersion]     `yaml:"dispersion"`
	Effect              maybe[kg.EffectEstimate] `yaml:"effect"`
	Direction           text                     `yaml:"direction"`
	Interpretation      text                     `yaml:"interpretation"`
	ComparedWith        text                     `yaml:"comparedWith"`
	SignificanceClaimed *bool                    `yaml:"significanceClaimed"`
	Statistics          kg.StatisticsReported    `yaml:"statistics"` // default NONE_REPORTED
	Seriousness         text                     `yaml:"seriousness"`
	Relatedness         text                     `yaml:"relatedness"`
	Grade               text                     `yaml:"grade"`
	Deaths              quantity                 `yaml:"deaths"`
}

type timePoint struct {
	After    quantity  `yaml:"after"`
	Anchor   kg.Anchor `yaml:"anchor"`
	Printed  string    `yaml:"printed"`
	Inferred bool      `yaml:"inferred"`
}

// A statement is an entry with where it came from.
type statement struct {
	statementEntry
	where    where
	source   kg.ID
	recorded time.Time
}

// readStatements takes the entries of a file and notes where they stand, so that other entries can name them.
func (l *loader) readStatements(p *page) {
	for _, entry := range p.entries {
		s := &statement{where: where{p.file, entry}, source: p.source}
		if err := yaml.NodeToValue(entry, &s.statementEntry, yaml.Strict()); err != nil {
			l.fail(s.where, s.ID, "", err)
			continue
		}
		s.recorded = l.recorded(p, s.where, s.ID, s.Recorded)
		if s.Language == "" {
			s.Language = p.language
		}
		selector, err := s.At.selector()
		if err != nil {
			l.fail(s.where, s.ID, "lines", err)
		}
		if _, taken := l.places[s.ID]; taken {
			l.fail(s.where, s.ID, "id", fmt.Errorf("stands twice"))
			continue
		}
		l.places[s.ID] = origin{p.source, selector}
		l.statements = append(l.statements, s)
	}
}

// buildStatements makes the nodes and edges of all statements. All things are known by then.
func (l *loader) buildStatements() {
	for _, s := range l.statements {
		var n kg.Statement = new(kg.Claim)
		if s.Observation != nil {
			n = new(kg.Outcome)
		}
		l.say(s, n)
		l.add(n, s.where)
	}
	comparators := l.comparators()
	for _, s := range l.statements {
		l.relate(s, comparators)
	}
}

// say fills the node of a statement.
func (l *loader) say(s *statement, n kg.Statement) {
	h, said := n.Base(), n.Said()
	h.ID, h.Label, h.Remarks = s.ID, s.Text, s.Remarks
	h.Provenance = l.provenance(s.where, s.ID, []kg.ID{s.ID}, s.recorded)
	h.Provenance[0].Claims = nil // a statement is not its own evidence
	*said = kg.Saying{
		Kind: s.Kind, Text: s.Text, Language: s.Language, Modality: s.Modality, Polarity: s.Polarity, Confidence: s.Confidence,
		Flags: s.Flags, Note: s.Note,
	}
	byDefault(&said.Modality, kg.Asserted)
	byDefault(&said.Polarity, kg.Affirmed)
	byDefault(&said.Confidence, kg.HighConfidence)
	sk := new(sink)
	if s.AsOf.written() && sk.note("asOf", s.AsOf.silence) {
		said.AsOf = readAsOf(s.AsOf.value)
	}
	for _, d := range s.Details {
		said.Details = append(said.Details, l.detail(s, d))
	}
	switch v := n.(type) {
	case *kg.Claim:
		word(sk, "criterion", &v.Criterion, s.Criterion)
		word(sk, "topic", &v.Topic, s.Topic)
		word(sk, "conclusion", &v.Conclusion, s.Conclusion)
		word(sk, "content", &v.Content, s.Content)
	case *kg.Outcome:
		s.Observation.set(v, sk)
	}
	h.Silences = sk.silences
}

func byDefault[T ~string](dst *T, v T) {
	if *dst == "" {
		*dst = v
	}
}

func readAsOf(s string) *kg.AsOf {
	for _, p := range []kg.DatePrecision{kg.NotLaterThan, kg.NotBefore} {
		if len(s) > len(p) && s[:len(p)] == string(p) {
			return &kg.AsOf{Date: kg.Date(s[len(p)+1:]), Precision: p}
		}
	}
	return &kg.AsOf{Date: kg.Date(s)}
}

func (o *observation) set(n *kg.Outcome, s *sink) {
	if o.Arm.reason != "" {
		s.note("arms", o.Arm.silence)
	}
	if o.ComparatorArm.reason != "" {
		s.note("comparator", o.ComparatorArm.silence)
	}
	word(s, "role", &n.Role, o.Role)
	number(s, "baseline", &n.Baseline, o.Baseline, "")
	number(s, "followUp", &n.FollowUp, o.FollowUp, "")
	number(s, "change", &n.Change, o.Change, "")
	word(s, "changeType", &n.ChangeType, o.ChangeType)
	number(s, "rate", &n.Rate, o.Rate, "")
	number(s, "nAffected", &n.NAffected, o.NAffected, people)
	number(s, "nTotal", &n.NTotal, o.NTotal, people)
	word(s, "quantifier", &n.Quantifier, o.Quantifier)
	if o.TimePoint.written() && s.note("timePoint", o.TimePoint.silence) {
		t := o.TimePoint.value
		n.TimePoint = &kg.TimePoint{After: t.After.value, Anchor: t.Anchor, Printed: t.Printed, Inferred: t.Inferred}
	}
	word(s, "aggregate", &n.Aggregate, o.Aggregate)
	given(s, "dispersion", &n.Dispersion, o.Dispersion)
	given(s, "effect", &n.Effect, o.Effect)
	word(s, "direction", &n.Direction, o.Direction)
	word(s, "interpretation", &n.Interpretation, o.Interpretation)
	word(s, "comparedWith", &n.ComparedWith, o.ComparedWith)
	flag(s, "significanceClaimed", &n.SignificanceClaimed, o.SignificanceClaimed)
	n.Statistics = o.Statistics
	byDefault(&n.Statistics, kg.NoStatistics)
	word(s, "seriousness", &n.Seriousness, o.Seriousness)
	word(s, "relatedness", &n.Relatedness, o.Relatedness)
	word(s, "grade", &n.Grade, o.Grade)
	number(s, "deaths", &n.Deaths, o.Deaths, people)
}

// detail reads one particular: words; ids of things; a number; {quantity: 5 a}; or a silence.
func (l *loader) detail(s *statement, item yaml.MapItem) kg.Detail {
	d := kg.Detail{Name: fmt.Sprint(item.Key)}
	fail := func(err error) { l.fail(s.where, s.ID, d.Name, err) }
	var values []string
	switch v := item.Value.(type) {
	case string:
		if q, ok := readSilence(v); ok {
			d.Silence = q.reason
			return d
		}
		values = []string{v}
	case bool:
		values = []string{strconv.FormatBool(v)}
	case []any:
		for _, x := range v {
			if _, nested := x.(map[string]any); nested {
				fail(errIDsInBraces)
				continue
			}
			values = append(values, fmt.Sprint(x))
		}
	case map[string]any:
		d.Quantity = l.detailQuantity(v, fail)
		return d
	case uint64, int64, float64:
		q, err := readQuantity(fmt.Sprint(v))
		if err != nil {
			fail(err)
		}
		d.Quantity = q
		return d
	default:
		fail(fmt.Errorf("can't be read: want words, ids, a number, {quantity: …} or NOT_STATED"))
		return d
	}
	ids := 0
	for _, v := range values {
		switch _, known := l.categories[kg.ID(v)]; {
		case known:
			ids++
		case isThing(v):
			fail(fmt.Errorf("there is no %s", v))
		}
	}
	if ids > 0 && ids == len(values) {
		for _, v := range values {
			d.Nodes = append(d.Nodes, kg.ID(v))
		}
		return d
	}
	d.Values = values
	if d.Values == nil {
		d.Values = []string{}
	}
	return d
}

func (l *loader) detailQuantity(m map[string]any, fail func(error)) *kg.Quantity {
	var q *kg.Quantity
	for k, v := range m {
		switch k {
		case "quantity":
			var err error
			if q, err = readQuantity(fmt.Sprint(v)); err != nil {
				fail(err)
			}
		case "derived", "printed":
		default:
			fail(fmt.Errorf("unknown key %s: want quantity, derived, printed", k))
		}
	}
	if q == nil {
		fail(fmt.Errorf("want quantity"))
		return nil
	}
	if v, ok := m["derived"].(bool); ok {
		q.Derived = v
	}
	if v, ok := m["printed"].(string); ok {
		q.Printed = v
	}
	return q
}
