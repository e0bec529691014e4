package seed

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/stemma-kg/stemma/kg"
)

// This file has the small forms that the YAML is written in. Each reads one value and knows whether it was written.

// silenceForm is how a silence is written in place of a value: NOT_STATED, or NOT_STATED (why).
var silenceForm = regexp.MustCompile(`^(NOT_STATED|NOT_APPLICABLE|NOT_EXTRACTED)(?: \((.+)\))?$`)

// A silence is a reason written where a value would stand.
type silence struct {
	reason kg.AbsenceReason
	remark string
}

func readSilence(s string) (silence, bool) {
	m := silenceForm.FindStringSubmatch(s)
	if m == nil {
		return silence{}, false
	}
	return silence{kg.AbsenceReason(m[1]), m[2]}, true
}

// A text is a scalar as it is written, or a silence.
type text struct {
	value string
	silence
}

func (t text) written() bool { return t.value != "" || t.reason != "" }

func (t *text) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if q, ok := readSilence(s); ok {
		*t = text{silence: q}
		return nil
	}
	*t = text{value: s}
	return nil
}

// A list is strings, written as a list or, for one, as a scalar; or a silence.
type list struct {
	values []string
	silence
}

func (l list) written() bool { return len(l.values) > 0 || l.reason != "" }

func (l *list) UnmarshalYAML(n ast.Node) error {
	if seq, ok := n.(*ast.SequenceNode); ok {
		for _, v := range seq.Values {
			s, err := scalar(v)
			if err != nil {
				return err
			}
			l.values = append(l.values, s)
		}
		return nil
	}
	var t text
	if err := t.UnmarshalYAML(n); err != nil {
		return err
	}
	l.silence = t.silence
	if t.value != "" {
		l.values = []string{t.value}
	}
	return nil
}

func (l list) ids() []kg.ID {
	out := make([]kg.ID, len(l.values))
	for i, v := range l.values {
		out[i] = kg.ID(v)
	}
	return out
}

// A quantity is a number as it would be printed, such as "> 8000 {patients}", "5..10 %" or "4.9 {score}"; or a mapping when
// more must be said: {is: -0.9 {score}, derived: true}, {is: ~ 6 1, printed: 近6倍}; or a silence.
type quantity struct {
	value *kg.Quantity
	silence
}

func (q quantity) written() bool { return q.value != nil || q.reason != "" }

var quantityForm = regexp.MustCompile(`^(>=|<=|>|<|~)?\s*(-?\d+(?:\.\d+)?)(?:\s*\.\.\s*(-?\d+(?:\.\d+)?))?(?:\s+(\S+))?$`)

var comparators = map[string]kg.Comparator{"": kg.Exact, "<": kg.Less, "<=": kg.LessEqual, ">": kg.Greater, ">=": kg.GreaterEqual, "~": kg.About}

func readQuantity(s string) (*kg.Quantity, error) {
	m := quantityForm.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("%q is not a quantity: want such as 10, > 8000 {patients}, 5..10 %%", s)
	}
	q := &kg.Quantity{Comparator: comparators[m[1]], Unit: m[4]}
	n, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return nil, err
	}
	if m[3] == "" {
		q.Value = &n
		return q, nil
	}
	high, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return nil, err
	}
	q.Low, q.High = &n, &high
	return q, nil
}

func (q *quantity) UnmarshalYAML(n ast.Node) error {
	if _, ok := n.(ast.MapNode); ok {
		var m struct {
			Is      text   `yaml:"is"`
			Unit    string `yaml:"unit"`
			Printed string `yaml:"printed"`
			Derived bool   `yaml:"derived"`
		}
		if err := yaml.NodeToValue(n, &m, yaml.Strict()); err != nil {
			return err
		}
		q.value = &kg.Quantity{}
		if m.Is.value != "" {
			v, err := readQuantity(m.Is.value)
			if err != nil {
				return at(n, err)
			}
			q.value = v
		}
		if m.Unit != "" {
			q.value.Unit = m.Unit
		}
		q.value.Printed, q.value.Derived = m.Printed, m.Derived
		return nil
	}
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if sil, ok := readSilence(s); ok {
		q.silence = sil
		return nil
	}
	if q.value, err = readQuantity(s); err != nil {
		return at(n, err)
	}
	return nil
}

// A maybe is a value of T or, as a scalar, a silence.
type maybe[T any] struct {
	value *T
	silence
}

func (m maybe[T]) written() bool { return m.value != nil || m.reason != "" }

func (m *maybe[T]) UnmarshalYAML(n ast.Node) error {
	if s, err := scalar(n); err == nil {
		if sil, ok := readSilence(s); ok {
			m.silence = sil
			return nil
		}
	}
	m.value = new(T)
	return yaml.NodeToValue(n, m.value, yaml.Strict())
}

// A link is the far end of an edge: an id, or a mapping with what the edge says besides.
type link struct {
	To       kg.ID             `yaml:"to"`
	Role     kg.Role           `yaml:"role"`
	Position *int              `yaml:"position"`
	Remark   string            `yaml:"remark"`
	From     list              `yaml:"from"` // the statements, or the reference, that say so
	Level    kg.KnowledgeLevel `yaml:"level"`
}

func (l *link) UnmarshalYAML(n ast.Node) error {
	if _, ok := n.(ast.MapNode); ok {
		type plain link
		return yaml.NodeToValue(n, (*plain)(l), yaml.Strict())
	}
	s, err := scalar(n)
	l.To = kg.ID(s)
	return err
}

// A name is one label of a thing.
type name struct {
	Text     string       `yaml:"text"`
	Language string       `yaml:"lang"` // default en
	Role     kg.LabelRole `yaml:"role"` // default SYNONYM
	In       kg.ID        `yaml:"in"`   // the document that uses it; none: a curator gave it
}

// A place is where a statement stands in its document.
type place struct {
	Chars  [2]int `yaml:"chars"` // code points, end exclusive
	Bytes  [2]int `yaml:"bytes"` // the same in UTF-8
	Lines  list   `yaml:"lines"` // from 1; first and last
	SHA256 string `yaml:"sha256"`
}

func (p place) selector() (kg.Selector, error) {
	s := kg.Selector{Start: &p.Chars[0], End: &p.Chars[1], SHA256: p.SHA256, FirstByte: &p.Bytes[0], LastByte: &p.Bytes[1]}
	lines := make([]int, len(p.Lines.values))
	for i, l := range p.Lines.values {
		n, err := strconv.Atoi(l)
		if err != nil {
			return s, fmt.Errorf("%q is not a line", l)
		}
		lines[i] = n
	}
	switch len(lines) {
	case 1:
		s.Line, s.LastLine = &lines[0], &lines[0]
	case 2:
		s.Line, s.LastLine = &lines[0], &lines[1]
	default:
		return s, fmt.Errorf("want one line, or the first and the last")
	}
	return s, nil
}

// errIDsInBraces is for a quirk of the YAML parser: in {a: [b:c]} it takes b:c for a mapping.
var errIDsInBraces = errors.New("want a single value, not a mapping (a list of ids can't stand inside braces: write it on a line of its own)")

// scalar returns the text of a scalar node as written, without its quotes.
func scalar(n ast.Node) (string, error) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, nil
	case *ast.LiteralNode:
		return v.Value.Value, nil
	case *ast.NullNode:
		return "", at(n, fmt.Errorf("is empty: leave the key out, or say NOT_STATED"))
	case ast.ScalarNode:
		return strings.TrimSpace(v.GetToken().Value), nil
	}
	if _, ok := n.(ast.MapNode); ok {
		return "", at(n, errIDsInBraces)
	}
	return "", at(n, errors.New("want a single value"))
}

// A lineError says where in a file something is wrong.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

func at(n ast.Node, err error) error { return &lineError{lineOf(n), err} }

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}
