package kg_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/stemma-kg/stemma/kg"
)

// change returns a rich node with something changed.
func change[T Node](name string, fn func(T)) Node {
	n := rich()[name].(T)
	fn(n)
	return n
}

func TestValidateNamesTheField(t *testing.T) {
	long := strings.Repeat("a", 16<<10+1)
	disease := func(fn func(*Disease)) Node { return change("disease", fn) }
	trial := func(fn func(*Trial)) Node { return change("trial", fn) }
	outcome := func(fn func(*Outcome)) Node { return change("outcome", fn) }
	for i, test := range []struct {
		field string
		node  Node
	}{
		{"id", disease(func(d *Disease) { d.ID = "" })},
		{"id", disease(func(d *Disease) { d.ID = "no curie" })},
		{"id", disease(func(d *Disease) { d.ID = "mondo:0019100" })}, // not canonical
		{"label", disease(func(d *Disease) { d.Label = " " })},
		{"label", disease(func(d *Disease) { d.Label = long })},
		{"label", disease(func(d *Disease) { d.Label = "a\x00b" })},
		{"label", disease(func(d *Disease) { d.Label = "a\xff" })},
		{"labels[0].text", disease(func(d *Disease) { d.Labels[0].Text = "" })},
		{"labels[0].language", disease(func(d *Disease) { d.Labels[0].Language = "chinese!" })},
		{"labels[1].role", disease(func(d *Disease) { d.Labels[1].Role = "MAIN" })},
		{"labels[1].origin", disease(func(d *Disease) { d.Labels[1].Origin = "" })},
		{"labels[0].source", disease(func(d *Disease) { d.Labels[0].Source = "" })},
		{"aliases[0]", disease(func(d *Disease) { d.Aliases[0] = "no curie" })},
		{"xrefs[0].id", disease(func(d *Disease) { d.Xrefs[0].ID = "MONDO:1" })},
		{"xrefs[0].match", disease(func(d *Disease) { d.Xrefs[0].Match = "SAME" })},
		{"xrefs[0].source", disease(func(d *Disease) { d.Xrefs[0].Source = "" })},
		{"remarks[1]", disease(func(d *Disease) { d.Remarks[1] = long })},
		{"absences[0].field", disease(func(d *Disease) { d.Silences = []Silence{{Field: "definition", Reason: NotStated}} })}, // has a value
		{"absences[0].field", disease(func(d *Disease) { d.Silences = []Silence{{Field: "phase", Reason: NotStated}} })},      // has no such field
		{"absences[0].reason", change("silent", func(d *Disease) { d.Silences[0].Reason = "UNKNOWN" })},
		{"provenance", disease(func(d *Disease) { d.Provenance = nil })},
		{"provenance[1].source", disease(func(d *Disease) { d.Provenance[1] = Provenance{} })},
		{"provenance[1].knowledgeLevel", disease(func(d *Disease) { d.Provenance[1].KnowledgeLevel = "SURE" })},
		{"provenance[1].agentType", disease(func(d *Disease) { d.Provenance[1].AgentType = "" })},
		{"provenance[1].recordedAt", disease(func(d *Disease) { d.Provenance[1].RecordedAt = time.Time{} })},
		{"provenance[0].claims[1]", disease(func(d *Disease) { d.Provenance[0].Claims[1] = "x" })},
		{"provenance[0].selectors[0]", disease(func(d *Disease) { d.Provenance[0].Selectors[0].End = nil })},
		{"provenance[0].selectors[0]", disease(func(d *Disease) { d.Provenance[0].Selectors[0].Start = ptr(43) })},
		{"provenance[0].selectors[0].line", disease(func(d *Disease) { d.Provenance[0].Selectors[0].Line = ptr(0) })},
		{"provenance[0].selectors[0].sha256", disease(func(d *Disease) { d.Provenance[0].Selectors[0].SHA256 = "ABC" })},
		{"provenance[0].selectors[1]", disease(func(d *Disease) { d.Provenance[0].Selectors[1] = Selector{} })},
		{"definition", disease(func(d *Disease) { d.Definition = long })},
		{"scheme", change("concept", func(c *Concept) { c.Scheme = "" })},
		{"benefit", change("measure", func(m *Measure) { m.Benefit = "UP" })},
		{"scale", change("measure", func(m *Measure) { m.Scale.Low = ptr(11.) })},
		{"donor", change("cellsource", func(c *CellSource) { c.Donor = "" })},
		{"tissue.label", change("cellsource", func(c *CellSource) { c.Tissue.Label = "" })},
		{"cellType.id", change("cellsource", func(c *CellSource) { c.CellType.ID = "CL:1" })},
		{"type", change("intervention", func(i *Intervention) { i.Type = "MAGIC" })},
		{"routes", change("intervention", func(i *Intervention) { i.Routes[1] = "NASAL" })},
		{"dose", change("intervention", func(i *Intervention) { i.Dose = &Quantity{} })},
		{"phase", trial(func(n *Trial) { n.Phase = "PHASE5" })},
		{"status", trial(func(n *Trial) { n.Status = "DONE" })},
		{"statusAsOf", trial(func(n *Trial) { n.StatusAsOf = "soon" })},
		{"design", trial(func(n *Trial) { n.Design = "RCT" })},
		{"allocation", trial(func(n *Trial) { n.Allocation = "COIN" })},
		{"masking", trial(func(n *Trial) { n.Masking = "FIVEFOLD" })},
		{"enrollment.value", trial(func(n *Trial) { n.Enrollment.Value = ptr(math.Inf(1)) })},
		{"enrollment", trial(func(n *Trial) { n.Enrollment.Low = ptr(1.) })}, // beside a value
		{"enrollment.comparator", trial(func(n *Trial) { n.Enrollment.Comparator = ">" })},
		{"enrollment.unit", trial(func(n *Trial) { n.Enrollment.Unit = strings.Repeat("x", 65) })},
		{"countries[1]", trial(func(n *Trial) { n.Countries[1] = "Sweden" })},
		{"countriesComplete", trial(func(n *Trial) { n.Countries = nil })},
		{"dates[1].date", trial(func(n *Trial) { n.Dates = []DatedEvent{n.Dates[0], {Role: Completed, Date: "May"}} })},
		{"dates[0].role", trial(func(n *Trial) { n.Dates = []DatedEvent{{Role: "BEGUN", Date: "2016"}} })},
		{"assessments[1].low", trial(func(n *Trial) { n.Assessments[1] = Quantity{Low: ptr(math.NaN())} })},
		{"role", change("arm", func(a *Arm) { a.Role = Sponsor })},
		{"kind", outcome(func(o *Outcome) { o.Kind = "" })},
		{"text", outcome(func(o *Outcome) { o.Text = "" })},
		{"modality", outcome(func(o *Outcome) { o.Modality = "" })},
		{"polarity", outcome(func(o *Outcome) { o.Polarity = "YES" })},
		{"confidence", outcome(func(o *Outcome) { o.Confidence = "SURE" })},
		{"asOf.date", outcome(func(o *Outcome) { o.AsOf = &AsOf{Date: "now"} })},
		{"details[0].nodes[0]", outcome(func(o *Outcome) { o.Details[0].Nodes[0] = "x" })},
		{"details[1].silence", outcome(func(o *Outcome) { o.Details[1].Silence = "MUTE" })},
		{"nAffected", outcome(func(o *Outcome) { o.NAffected = Count(53, "{patients}") })}, // of 52
		{"statistics", outcome(func(o *Outcome) { o.Statistics = NoStatistics })},          // yet there is an effect
		{"direction", outcome(func(o *Outcome) { o.Direction = "UP" })},
		{"effect.measure", outcome(func(o *Outcome) { o.Effect.Measure = "" })},
		{"effect", outcome(func(o *Outcome) { o.Effect.Low = ptr(1.) })},
		{"dispersion.type", outcome(func(o *Outcome) { o.Dispersion.Type = "VAR" })},
		{"timePoint.anchor", outcome(func(o *Outcome) { o.TimePoint.Anchor = "BIRTH" })},
		{"criterion", change("claim", func(c *Claim) { c.Criterion = "MAYBE" })},
		{"explanation", change("conflict", func(c *Conflict) { c.Explanation = "" })},
		{"doi", change("reference", func(r *Reference) { r.DOI = "10.1186/S12967-018-1433-7" })},
		{"pmid", change("reference", func(r *Reference) { r.PMID = "0" })},
		{"document.sha256", change("reference", func(r *Reference) { r.Document.SHA256 = "" })},
		{"retraction.type", change("reference", func(r *Reference) { r.Retraction.Type = "GONE" })},
		{"country", change("agent", func(a *Agent) { a.Country = "ch" })},
	} {
		err := test.node.Validate()
		if got := fieldsOf(err); !slices.Contains(got, test.field) {
			t.Errorf("%d: got %v, want a fault in %s", i, err, test.field)
		}
	}
}

func TestValidateTellsAllFaultsAtOnce(t *testing.T) {
	n := change("trial", func(n *Trial) { n.Label, n.Phase, n.Provenance = "", "PHASE5", nil })
	if got := fieldsOf(n.Validate()); !slices.Equal(got, []string{"label", "provenance", "phase"}) {
		t.Errorf("got faults in %v", got)
	}
}

func TestEdgeValidateNamesTheField(t *testing.T) {
	for field, fn := range map[string]func(*Edge){
		"subject":                   func(e *Edge) { e.Subject = "x" },
		"object":                    func(e *Edge) { e.Object = e.Subject },
		"predicate":                 func(e *Edge) { e.Predicate = "TREATS" },
		"role":                      func(e *Edge) { e.Role = Sponsor },
		"position":                  func(e *Edge) { e.Position = ptr(0) },
		"remark":                    func(e *Edge) { e.Remark = "\xff" },
		"provenance.source":         func(e *Edge) { e.Provenance = Provenance{} },
		"provenance.knowledgeLevel": func(e *Edge) { e.Provenance.KnowledgeLevel = "" },
	} {
		e := richEdges()[0]
		if err := e.Validate(); err != nil {
			t.Fatalf("a good edge: %v", err)
		}
		fn(&e)
		if got := fieldsOf(e.Validate()); !slices.Contains(got, field) {
			t.Errorf("got faults in %v, want one in %s", got, field)
		}
	}
	unordered := richEdges()[0]
	unordered.Predicate, unordered.Role = IsA, ""
	if got := fieldsOf(unordered.Validate()); !slices.Equal(got, []string{"position"}) {
		t.Errorf("a position where there is no order: got faults in %v", got)
	}
	unordered.Position, unordered.Role = nil, Sponsor
	if got := fieldsOf(unordered.Validate()); !slices.Equal(got, []string{"role"}) {
		t.Errorf("a role where there is none: got faults in %v", got)
	}
}

func fieldsOf(err error) []string {
	var invalid InvalidError
	if !errors.As(err, &invalid) {
		return nil
	}
	var out []string
	for _, f := range invalid {
		out = append(out, f.Field)
	}
	return out
}
