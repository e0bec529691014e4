package seed

import (
	"slices"

	"github.com/stemma-kg/stemma/kg"
)

// relate makes the edges of a statement: what it is about, where it stands, who said it, what it rests on, what it measured.
func (l *loader) relate(s *statement, comparators map[kg.ID]bool) {
	join := func(p kg.Predicate, to kg.ID, role kg.Role, remark string) {
		l.connect(s.where, kg.Edge{Subject: s.ID, Predicate: p, Object: to, Role: role, Remark: remark}, []kg.ID{s.ID}, "", s.recorded)
		if p != kg.StatedIn {
			l.speaks(s.ID, to)
		}
	}
	for _, a := range s.About {
		if a.Role == "" {
			a.Role = l.picoRole(s, a.To, comparators)
		}
		join(kg.AboutThing, a.To, a.Role, a.Remark)
	}
	join(kg.StatedIn, s.source, "", "")
	for _, a := range s.SaidBy {
		join(kg.SaidBy, a.To, a.Role, a.Remark)
	}
	for _, r := range s.BasedOn {
		join(kg.BasedOn, r.To, "", r.Remark)
	}
	o := s.Observation
	if o == nil {
		return
	}
	if o.Study != "" {
		l.connect(s.where, kg.Edge{Subject: o.Study, Predicate: kg.Reports, Object: s.ID}, []kg.ID{s.ID}, "", s.recorded)
		l.speaks(s.ID, o.Study)
	}
	for _, m := range []kg.ID{o.Measure, o.Event} {
		if m != "" {
			join(kg.Measures, m, "", "")
		}
	}
	for _, a := range o.Arm.ids() {
		join(kg.ObservedIn, a, kg.ArmOfInterest, "")
	}
	for _, a := range o.ComparatorArm.ids() {
		join(kg.ObservedIn, a, kg.ArmComparator, "")
	}
}

// speaks notes that a statement speaks of a thing.
func (l *loader) speaks(statement, of kg.ID) {
	if !slices.Contains(l.said[of], statement) {
		l.said[of] = append(l.said[of], statement)
	}
}

// picoRole is the part that a thing plays in a statement that does not say it: DESIGN.md has the rule.
func (l *loader) picoRole(s *statement, to kg.ID, comparators map[kg.ID]bool) kg.Role {
	if o := s.Observation; o != nil {
		switch {
		case to == o.Measure || to == o.Event:
			return kg.OutcomeRole
		case slices.Contains(o.ComparatorArm.ids(), to):
			return kg.ComparatorRole
		}
	}
	switch l.categories[to] {
	case kg.CategoryMeasure:
		return kg.OutcomeRole
	case kg.CategoryDisease:
		return kg.Population
	case kg.CategoryCellSource:
		return kg.InterventionRole
	case kg.CategoryArm:
		if comparators[to] {
			return kg.ComparatorRole
		}
	case kg.CategoryIntervention:
		// A drug is the comparator only where the arm that compares is spoken of too.
		for _, a := range s.About {
			if comparators[a.To] && l.receives(a.To, to) {
				return kg.ComparatorRole
			}
		}
		return kg.InterventionRole
	case kg.CategoryConcept:
		if c, ok := l.node(to).(*kg.Concept); ok && c.Scheme == kg.AdverseEvent {
			return kg.OutcomeRole
		}
	}
	return kg.SubjectRole
}

// comparators returns the arms that others are compared with.
func (l *loader) comparators() map[kg.ID]bool {
	out := map[kg.ID]bool{}
	for _, n := range l.nodes {
		if a, ok := n.(*kg.Arm); ok && (a.Role == kg.ActiveComparator || a.Role == kg.PlaceboComparator) {
			out[a.ID] = true
		}
	}
	return out
}

// receives tells whether an arm is given an intervention.
func (l *loader) receives(arm, intervention kg.ID) bool {
	return slices.ContainsFunc(l.edges, func(e kg.Edge) bool {
		return e.Subject == arm && e.Predicate == kg.Receives && e.Object == intervention
	})
}

func (l *loader) node(id kg.ID) kg.Node {
	if i := slices.IndexFunc(l.nodes, func(n kg.Node) bool { return n.Base().ID == id }); i >= 0 {
		return l.nodes[i]
	}
	return nil
}
