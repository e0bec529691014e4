package kg

// This file has the things that evidence is about and that have few fields of their own.

// A Disease is a disease, or a stage or subtype of one.
type Disease struct {
	Head
	Definition string `cbor:"50,keyasint,omitempty" json:"definition,omitempty" yaml:"definition,omitempty"`
}

// Category returns [CategoryDisease].
func (*Disease) Category() Category { return CategoryDisease }

// Rank orders diseases A to Z.
func (d *Disease) Rank() string { return Fold(d.Label) }

// Terms returns what a disease is found by.
func (d *Disease) Terms() []Term { return d.labelTerms() }

// Validate checks every field.
func (d *Disease) Validate() error {
	v := new(validator)
	d.validate(v, d)
	v.text("definition", d.Definition, maxText)
	return v.err()
}

func (d *Disease) facts() []fact { return []fact{{"definition", d.Definition == ""}} }

// A ConceptScheme says what kind of concept a [Concept] is.
type ConceptScheme string

// The schemes.
const (
	Symptom      ConceptScheme = "SYMPTOM"
	Mechanism    ConceptScheme = "MECHANISM"
	RiskFactor   ConceptScheme = "RISK_FACTOR"
	AdverseEvent ConceptScheme = "ADVERSE_EVENT"
	Exclusion    ConceptScheme = "EXCLUSION_CONDITION"
	Finding      ConceptScheme = "FINDING"
	OtherConcept ConceptScheme = "OTHER"
)

// A Concept is a symptom, mechanism, risk factor, adverse-event term or exclusion condition.
type Concept struct {
	Head
	Scheme     ConceptScheme `cbor:"50,keyasint" json:"scheme" yaml:"scheme"`
	Definition string        `cbor:"51,keyasint,omitempty" json:"definition,omitempty" yaml:"definition,omitempty"`
}

// Category returns [CategoryConcept].
func (*Concept) Category() Category { return CategoryConcept }

// Rank orders concepts A to Z.
func (c *Concept) Rank() string { return Fold(c.Label) }

// Terms returns what a concept is found by.
func (c *Concept) Terms() []Term { return append(c.labelTerms(), Term{"scheme", string(c.Scheme)}) }

// Validate checks every field.
func (c *Concept) Validate() error {
	v := new(validator)
	c.validate(v, c)
	v.oneOf("scheme", string(c.Scheme), strs(Symptom, Mechanism, RiskFactor, AdverseEvent, Exclusion, Finding, OtherConcept)...)
	v.text("definition", c.Definition, maxText)
	return v.err()
}

func (c *Concept) facts() []fact { return []fact{{"definition", c.Definition == ""}} }

// A BenefitDirection says which way of moving is better for a patient.
type BenefitDirection string

// The directions of benefit.
const (
	LowerIsBetter  BenefitDirection = "LOWER_IS_BETTER"
	HigherIsBetter BenefitDirection = "HIGHER_IS_BETTER"
)

// A Measure is an outcome measure or biomarker.
type Measure struct {
	Head
	Unit                       string           `cbor:"50,keyasint,omitempty" json:"unit,omitempty" yaml:"unit,omitempty"`
	Scale                      *Quantity        `cbor:"51,keyasint,omitempty" json:"scale,omitempty" yaml:"scale,omitempty"` // lowest and highest possible value
	Benefit                    BenefitDirection `cbor:"52,keyasint,omitempty" json:"benefit,omitempty" yaml:"benefit,omitempty"`
	MinimalImportantDifference *Quantity        `cbor:"53,keyasint,omitempty" json:"minimalImportantDifference,omitempty" yaml:"minimalImportantDifference,omitempty"`
	Biomarker                  bool             `cbor:"54,keyasint,omitempty" json:"biomarker,omitempty" yaml:"biomarker,omitempty"`
	Definition                 string           `cbor:"55,keyasint,omitempty" json:"definition,omitempty" yaml:"definition,omitempty"`
}

// Category returns [CategoryMeasure].
func (*Measure) Category() Category { return CategoryMeasure }

// Rank orders measures A to Z.
func (m *Measure) Rank() string { return Fold(m.Label) }

// Terms returns what a measure is found by.
func (m *Measure) Terms() []Term { return m.labelTerms() }

// Validate checks every field.
func (m *Measure) Validate() error {
	v := new(validator)
	m.validate(v, m)
	v.text("unit", m.Unit, 64)
	m.Scale.validate(v, "scale")
	m.MinimalImportantDifference.validate(v, "minimalImportantDifference")
	v.oneOf("benefit", string(m.Benefit), "", string(LowerIsBetter), string(HigherIsBetter))
	return v.err()
}

func (m *Measure) facts() []fact {
	return []fact{{"unit", m.Unit == ""}, {"scale", m.Scale == nil}, {"benefit", m.Benefit == ""},
		{"minimalImportantDifference", m.MinimalImportantDifference == nil}, {"definition", m.Definition == ""}}
}

// A Donor says whose cells they are, seen from the patient.
type Donor string

// The donors. That a source does not say is a value, so that it can be asked for.
const (
	Autologous     Donor = "AUTOLOGOUS"
	Allogeneic     Donor = "ALLOGENEIC"
	Xenogeneic     Donor = "XENOGENEIC"
	DonorNotStated Donor = "NOT_STATED"
)

// A CellSource is a kind of cell product: which cells, of which tissue, from whom, how prepared.
type CellSource struct {
	Head
	Donor      Donor         `cbor:"50,keyasint" json:"donor" yaml:"donor"`
	CellType   *OntologyTerm `cbor:"51,keyasint,omitempty" json:"cellType,omitempty" yaml:"cellType,omitempty"` // Cell Ontology
	Tissue     *OntologyTerm `cbor:"52,keyasint,omitempty" json:"tissue,omitempty" yaml:"tissue,omitempty"`     // Uberon
	Processing string        `cbor:"53,keyasint,omitempty" json:"processing,omitempty" yaml:"processing,omitempty"`
}

// Category returns [CategoryCellSource].
func (*CellSource) Category() Category { return CategoryCellSource }

// Rank orders cell sources A to Z.
func (c *CellSource) Rank() string { return Fold(c.Label) }

// Terms returns what a cell source is found by.
func (c *CellSource) Terms() []Term { return append(c.labelTerms(), Term{"donor", string(c.Donor)}) }

// Validate checks every field.
func (c *CellSource) Validate() error {
	v := new(validator)
	c.validate(v, c)
	v.oneOf("donor", string(c.Donor), strs(Autologous, Allogeneic, Xenogeneic, DonorNotStated)...)
	c.CellType.validate(v, "cellType")
	c.Tissue.validate(v, "tissue")
	v.text("processing", c.Processing, maxText)
	return v.err()
}

func (c *CellSource) facts() []fact {
	return []fact{{"donor", c.Donor == DonorNotStated}, {"cellType", c.CellType == nil}, {"tissue", c.Tissue == nil}, {"processing", c.Processing == ""}}
}

// An InterventionType says what kind of intervention is given.
type InterventionType string

// The types of interventions.
const (
	CellTherapy InterventionType = "CELL_THERAPY"
	Drug        InterventionType = "DRUG"
	Procedure   InterventionType = "PROCEDURE"
	Regimen     InterventionType = "REGIMEN"
	OtherType   InterventionType = "OTHER"
)

// A Route is the way by which something is given.
type Route string

// The routes.
const (
	Intrathecal        Route = "INTRATHECAL"
	Intravenous        Route = "INTRAVENOUS"
	Intramuscular      Route = "INTRAMUSCULAR"
	IntraArterial      Route = "INTRA_ARTERIAL"
	LocalInjection     Route = "LOCAL_INJECTION"
	IntralesionalBrain Route = "INTRALESIONAL_BRAIN"
	Subcutaneous       Route = "SUBCUTANEOUS"
	Oral               Route = "ORAL"
	Topical            Route = "TOPICAL"
	IntraArticular     Route = "INTRA_ARTICULAR"
	OtherRoute         Route = "OTHER"
)

// Routes returns all routes.
func Routes() []Route {
	return []Route{Intrathecal, Intravenous, Intramuscular, IntraArterial, LocalInjection, IntralesionalBrain, Subcutaneous, Oral, Topical, IntraArticular, OtherRoute}
}

// An Intervention is what is given: a cell therapy, a drug, a procedure, or a regimen of several steps.
type Intervention struct {
	Head
	Type   InterventionType `cbor:"50,keyasint" json:"type" yaml:"type"`
	Routes []Route          `cbor:"51,keyasint,omitempty" json:"routes,omitempty" yaml:"routes,omitempty"`
	Dose   *Quantity        `cbor:"52,keyasint,omitempty" json:"dose,omitempty" yaml:"dose,omitempty"`
	Class  string           `cbor:"53,keyasint,omitempty" json:"class,omitempty" yaml:"class,omitempty"` // what a source calls it: chemotherapy, disease-modifying therapy
}

// Category returns [CategoryIntervention].
func (*Intervention) Category() Category { return CategoryIntervention }

// Rank orders interventions A to Z.
func (i *Intervention) Rank() string { return Fold(i.Label) }

// Terms returns what an intervention is found by.
func (i *Intervention) Terms() []Term {
	out := append(i.labelTerms(), Term{"type", string(i.Type)})
	for _, r := range i.Routes {
		out = append(out, Term{"route", string(r)})
	}
	return out
}

// Validate checks every field.
func (i *Intervention) Validate() error {
	v := new(validator)
	i.validate(v, i)
	v.oneOf("type", string(i.Type), strs(CellTherapy, Drug, Procedure, Regimen, OtherType)...)
	for _, r := range i.Routes {
		v.oneOf("routes", string(r), strs(Routes()...)...)
	}
	i.Dose.validate(v, "dose")
	v.text("class", i.Class, maxText)
	return v.err()
}

func (i *Intervention) facts() []fact {
	return []fact{{"routes", len(i.Routes) == 0}, {"dose", i.Dose == nil}, {"class", i.Class == ""}}
}

// A Conflict is a disagreement that a reader found: between sources, within one, or with a record outside.
type Conflict struct {
	Head
	Type        ConflictType `cbor:"50,keyasint" json:"type" yaml:"type"`
	Explanation string       `cbor:"51,keyasint" json:"explanation" yaml:"explanation"`
	Handling    string       `cbor:"52,keyasint" json:"handling" yaml:"handling"` // what Stemma does about it
}

// A ConflictType says between what a conflict lies.
type ConflictType string

// The types of conflicts.
const (
	InternalConflict     ConflictType = "INTERNAL"     // within one source
	CrossConflict        ConflictType = "CROSS"        // between sources of the graph
	ExternalConflict     ConflictType = "EXTERNAL"     // with a record outside of the graph
	IncomparableConflict ConflictType = "INCOMPARABLE" // looks like a conflict and is none
)

// Category returns [CategoryConflict].
func (*Conflict) Category() Category { return CategoryConflict }

// Rank orders conflicts by label.
func (c *Conflict) Rank() string { return Fold(c.Label) }

// Terms returns what a conflict is found by.
func (c *Conflict) Terms() []Term { return append(c.labelTerms(), Term{"type", string(c.Type)}) }

// Validate checks every field.
func (c *Conflict) Validate() error {
	v := new(validator)
	c.validate(v, c)
	v.oneOf("type", string(c.Type), strs(InternalConflict, CrossConflict, ExternalConflict, IncomparableConflict)...)
	v.required("explanation", c.Explanation)
	v.text("handling", c.Handling, maxText)
	return v.err()
}

func (c *Conflict) facts() []fact { return nil }

// An AgentKind says what kind of agent an [Agent] is.
type AgentKind string

// The kinds of agents.
const (
	Person       AgentKind = "PERSON"
	Organisation AgentKind = "ORGANISATION"
	Registry     AgentKind = "REGISTRY"
)

// An Agent is a person (a patient is shown by a slug, never by name), an organisation or a registry.
type Agent struct {
	Head
	Type    AgentKind `cbor:"50,keyasint" json:"type" yaml:"type"`
	Country string    `cbor:"51,keyasint,omitempty" json:"country,omitempty" yaml:"country,omitempty"` // ISO 3166-1 alpha-2
}

// Category returns [CategoryAgent].
func (*Agent) Category() Category { return CategoryAgent }

// Rank orders agents A to Z.
func (a *Agent) Rank() string { return Fold(a.Label) }

// Terms returns what an agent is found by.
func (a *Agent) Terms() []Term { return append(a.labelTerms(), Term{"type", string(a.Type)}) }

// Validate checks every field.
func (a *Agent) Validate() error {
	v := new(validator)
	a.validate(v, a)
	v.oneOf("type", string(a.Type), strs(Person, Organisation, Registry)...)
	if a.Country != "" {
		v.country("country", a.Country)
	}
	return v.err()
}

func (a *Agent) facts() []fact { return []fact{{"country", a.Country == ""}} }

// An OntologyTerm is a term of a vocabulary outside of the graph: an id with the name that the vocabulary gives it.
// ID may be empty where a source names a tissue or cell type in words that no term fits.
type OntologyTerm struct {
	ID    ID     `cbor:"1,keyasint,omitempty" json:"id,omitempty" yaml:"id,omitempty"`
	Label string `cbor:"2,keyasint" json:"label" yaml:"label"`
}

func (t *OntologyTerm) validate(v *validator, field string) {
	if t == nil {
		return
	}
	if t.ID != "" {
		v.identifier(field+".id", t.ID)
	}
	v.required(field+".label", t.Label)
}
