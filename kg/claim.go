package kg

// A Criterion says which way an eligibility statement points.
type Criterion string

// The criteria.
const (
	Inclusion          Criterion = "INCLUSION"
	ExclusionCriterion Criterion = "EXCLUSION"
)

// A Claim is any statement that is not a measured result: an indication, a requirement, a mechanism, an opinion, a definition.
type Claim struct {
	Head
	Saying
	Criterion  Criterion `cbor:"50,keyasint,omitempty" json:"criterion,omitempty" yaml:"criterion,omitempty"`
	Topic      string    `cbor:"51,keyasint,omitempty" json:"topic,omitempty" yaml:"topic,omitempty"`           // what a requirement or opinion is about, UPPER_SNAKE
	Conclusion string    `cbor:"52,keyasint,omitempty" json:"conclusion,omitempty" yaml:"conclusion,omitempty"` // what an evaluation comes to, UPPER_SNAKE
	Content    string    `cbor:"53,keyasint,omitempty" json:"content,omitempty" yaml:"content,omitempty"`       // of a requirement
}

// Category returns [CategoryClaim].
func (*Claim) Category() Category { return CategoryClaim }

// Rank orders claims as a reader meets them, by source and place.
func (c *Claim) Rank() string { return place(&c.Head) }

// Terms returns what a claim is found by.
func (c *Claim) Terms() []Term {
	out := c.Saying.terms(&c.Head)
	for _, t := range []Term{{"criterion", string(c.Criterion)}, {"topic", c.Topic}, {"conclusion", c.Conclusion}} {
		if t.Value != "" {
			out = append(out, t)
		}
	}
	return out
}

// Validate checks every field.
func (c *Claim) Validate() error {
	v := new(validator)
	c.Head.validate(v, c)
	c.Saying.validate(v)
	v.oneOf("criterion", string(c.Criterion), "", string(Inclusion), string(ExclusionCriterion))
	v.text("topic", c.Topic, 128)
	v.text("conclusion", c.Conclusion, 128)
	v.text("content", c.Content, maxText)
	return v.err()
}

func (c *Claim) facts() []fact {
	return []fact{{"criterion", c.Criterion == ""}, {"topic", c.Topic == ""}, {"conclusion", c.Conclusion == ""}, {"content", c.Content == ""}, {"asOf", c.AsOf == nil}}
}
