package seed_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/kg"
)

func TestNoClaimIsLost(t *testing.T) {
	prove(t, "claims.jsonl", "id", 324, claimPlaces)
}

// disputedIn finds the conflicts that dispute a statement.
func disputedIn(s spot) any {
	var got []string
	for _, e := range s.Edges {
		if e.Predicate == kg.Disputes && e.Object == s.id() {
			got = append(got, string(e.Subject))
		}
	}
	return oneOf(func(spot) []string { return got })(s)
}

// reportedFor finds the trial that an outcome is a result of.
func reportedFor(s spot) any {
	for _, e := range s.Edges {
		if e.Predicate == kg.Reports && e.Object == s.id() {
			return string(e.Subject)
		}
	}
	return "no trial reports it"
}

func asOf(get func(*kg.AsOf) string) finder {
	return func(s spot) any {
		if s.said().AsOf == nil {
			return silence(s.node, "asOf")
		}
		return get(s.said().AsOf)
	}
}

// remark finds what a reader remarked of a field: with the silence of that field, or among the node's remarks.
func remark(s spot) any {
	want := s.value.(string)
	if slices.Contains(s.node.Base().Remarks, want) {
		return want
	}
	field, text, _ := strings.Cut(strings.TrimPrefix(want, "observation."), ": ")
	if field == "group" {
		field = "arms"
	}
	for _, q := range s.node.Base().Silences {
		if q.Field == field && q.Remark == text {
			return want
		}
	}
	return s.node.Base().Silences
}

func derived(q *kg.Quantity) any {
	if q == nil || !q.Derived {
		return "not marked as derived"
	}
	return *q.Value
}

func after(part string) finder {
	return func(s spot) any { return partOf(s.outcome().TimePoint.After, part) }
}

// cited finds a field of the reference that an entry of a reference list describes, and that it says so.
func cited(field string, get func(*kg.Reference, int) any) finder {
	return func(s spot) any {
		r := s.nodes[kg.ID(s.record["about"].([]any)[0].(string))].(*kg.Reference)
		if !slices.ContainsFunc(r.Provenance, func(p kg.Provenance) bool {
			return slices.Contains(p.Fields, field) && slices.Contains(p.Claims, s.id())
		}) {
			return "the reference does not say that this statement gives its " + field
		}
		if s.value == nil {
			return silence(r, field)
		}
		return get(r, s.index)
	}
}

func citationType(r *kg.Reference, _ int) any {
	if r.Type == kg.BookPart {
		return "IN_BOOK_FORM"
	}
	return string(r.Type)
}

func arm(get func(spot, *kg.Arm) any) finder {
	return func(s spot) any {
		return get(s, s.nodes[kg.ID(detail("arms")(s).(string))].(*kg.Arm))
	}
}

// claimPlaces says where every leaf of a claim is in the graph.
var claimPlaces = map[string]finder{
	"about[]":                                          edgesTo(kg.AboutThing, ""),
	"claim":                                            func(s spot) any { return s.said().Text },
	"confidence":                                       func(s spot) any { return strings.ToLower(string(s.said().Confidence)) },
	"conflicts[]":                                      disputedIn,
	"doc":                                              func(s spot) any { return s.nodes[s.node.Base().Provenance[0].Source].(*kg.Reference).Document.File },
	"end":                                              func(s spot) any { return float64(*s.selector().End) },
	"fields.allocation":                                detail("allocation"),
	"fields.amount":                                    detail("amount"),
	"fields.amount.comparator":                         detailQuantity("amount", "comparator"),
	"fields.amount.unit":                               detailQuantity("amount", "unit"),
	"fields.amount.value":                              detailQuantity("amount", "value"),
	"fields.anchor":                                    detail("anchor"),
	"fields.applies_to":                                detail("appliesTo"),
	"fields.arms":                                      detail("arms"),
	"fields.arms[].group":                              detail("arms"),
	"fields.arms[].intervention":                       arm(func(s spot, a *kg.Arm) any { return s.objects(a.ID, kg.Receives, a.Role)[0] }),
	"fields.arms[].n":                                  arm(func(_ spot, a *kg.Arm) any { return silence(a, "n") }),
	"fields.arms[].role":                               arm(func(_ spot, a *kg.Arm) any { return string(a.Role) }),
	"fields.arms_n":                                    detail("armsN"),
	"fields.as_of":                                     asOf(func(a *kg.AsOf) string { return string(a.Date) }),
	"fields.author":                                    detail("author"),
	"fields.availability":                              detail("availability"),
	"fields.burden":                                    detail("burden"),
	"fields.category":                                  detail("category"),
	"fields.caveat":                                    detail("caveat"),
	"fields.cell_type":                                 detail("cellType"),
	"fields.citation.authors[]":                        cited("authors", func(r *kg.Reference, i int) any { return r.Authors[i] }),
	"fields.citation.et_al":                            cited("authorsComplete", func(r *kg.Reference, _ int) any { return !*r.AuthorsComplete }),
	"fields.citation.issue":                            cited("issue", func(r *kg.Reference, _ int) any { return r.Issue }),
	"fields.citation.journal":                          cited("journal", func(r *kg.Reference, _ int) any { return r.Journal }),
	"fields.citation.number":                           detail("citation.number"),
	"fields.citation.pages":                            cited("pages", func(r *kg.Reference, _ int) any { return r.Pages }),
	"fields.citation.title":                            cited("title", func(r *kg.Reference, _ int) any { return r.Title }),
	"fields.citation.type":                             cited("type", citationType),
	"fields.citation.volume":                           cited("volume", func(r *kg.Reference, _ int) any { return r.Volume }),
	"fields.citation.year":                             cited("published", func(r *kg.Reference, _ int) any { return string(r.Published()) }),
	"fields.cites":                                     detail("cites"),
	"fields.classification":                            detail("classification"),
	"fields.comparator":                                detail("comparator"),
	"fields.complete":                                  detail("complete"),
	"fields.conclusion":                                func(s spot) any { return s.claim().Conclusion },
	"fields.condition":                                 detail("condition"),
	"fields.condition_state":                           detail("conditionState"),
	"fields.conflict_of_interest":                      detail("conflictOfInterest"),
	"fields.content":                                   orSilence("content", func(s spot) any { return s.claim().Content }),
	"fields.contrast":                                  detail("contrast"),
	"fields.count":                                     detail("count"),
	"fields.countries[]":                               detail("countries"),
	"fields.country":                                   detail("country"),
	"fields.criterion":                                 func(s spot) any { return string(s.claim().Criterion) },
	"fields.currency":                                  detail("currency"),
	"fields.date":                                      detail("date"),
	"fields.date_format":                               detail("dateFormat"),
	"fields.date_role":                                 detail("dateRole"),
	"fields.defect":                                    detail("defect"),
	"fields.design":                                    detail("design"),
	"fields.disclaimer":                                detail("disclaimer"),
	"fields.donor":                                     detail("donor"),
	"fields.dose":                                      detail("dose"),
	"fields.doses":                                     detail("doses"),
	"fields.drugs":                                     detail("drugs"),
	"fields.effect":                                    detail("effect"),
	"fields.effects[]":                                 detail("effects"),
	"fields.end_date":                                  detail("endDate"),
	"fields.evaluations":                               detail("evaluations"),
	"fields.evidence[]":                                edgesTo(kg.BasedOn, ""),
	"fields.evidence_n":                                detail("evidenceN"),
	"fields.expected_results":                          detail("expectedResults"),
	"fields.failed[]":                                  detail("failed"),
	"fields.feature":                                   detail("feature"),
	"fields.finding":                                   detail("finding"),
	"fields.followup.comparator":                       detailQuantity("followup", "comparator"),
	"fields.followup.unit":                             detailQuantity("followup", "unit"),
	"fields.followup.value":                            detailQuantity("followup", "value"),
	"fields.followup_derived.comparator":               detailQuantity("followupDerived", "comparator"),
	"fields.followup_derived.unit":                     detailQuantity("followupDerived", "unit"),
	"fields.followup_derived.value":                    detailQuantity("followupDerived", "value"),
	"fields.frequency":                                 detail("frequency"),
	"fields.group":                                     detail("group"),
	"fields.guideline":                                 detail("guideline"),
	"fields.hedged":                                    detail("hedged"),
	"fields.holders":                                   detail("holders"),
	"fields.ineligible_for[]":                          detail("ineligibleFor"),
	"fields.interval.comparator":                       detailQuantity("interval", "comparator"),
	"fields.interval.unit":                             detailQuantity("interval", "unit"),
	"fields.interval.value":                            detailQuantity("interval", "value"),
	"fields.journal":                                   detail("journal"),
	"fields.keywords[]":                                detail("keywords"),
	"fields.labels.abbr[]":                             detail("labels.abbr"),
	"fields.labels.en[]":                               detail("labels.en"),
	"fields.labels.zh[]":                               detail("labels.zh"),
	"fields.level":                                     detail("level"),
	"fields.limitation":                                detail("limitation"),
	"fields.locality":                                  detail("locality"),
	"fields.lookback.comparator":                       detailQuantity("lookback", "comparator"),
	"fields.lookback.unit":                             detailQuantity("lookback", "unit"),
	"fields.lookback.value":                            detailQuantity("lookback", "value"),
	"fields.lookback_scope":                            detail("lookbackScope"),
	"fields.marker":                                    detail("marker"),
	"fields.maturity":                                  detail("maturity"),
	"fields.measure":                                   detail("measure"),
	"fields.method":                                    detail("method"),
	"fields.n":                                         detail("n"),
	"fields.nTotal":                                    detail("nTotal"),
	"fields.name":                                      detail("name"),
	"fields.object":                                    detail("object"),
	"fields.observation.aggregate":                     observed("aggregate", func(o *kg.Outcome) kg.Aggregate { return o.Aggregate }),
	"fields.observation.as_of":                         asOf(func(a *kg.AsOf) string { return string(a.Date) }),
	"fields.observation.as_of_precision":               asOf(func(a *kg.AsOf) string { return string(a.Precision) }),
	"fields.observation.baseline":                      quantity("baseline", "value", func(o *kg.Outcome) *kg.Quantity { return o.Baseline }),
	"fields.observation.baseline.comparator":           quantity("baseline", "comparator", func(o *kg.Outcome) *kg.Quantity { return o.Baseline }),
	"fields.observation.baseline.unit":                 quantity("baseline", "unit", func(o *kg.Outcome) *kg.Quantity { return o.Baseline }),
	"fields.observation.baseline.value":                quantity("baseline", "value", func(o *kg.Outcome) *kg.Quantity { return o.Baseline }),
	"fields.observation.change":                        quantity("change", "value", func(o *kg.Outcome) *kg.Quantity { return o.Change }),
	"fields.observation.change.bound":                  detail("change.bound"),
	"fields.observation.change.comparator":             quantity("change", "comparator", func(o *kg.Outcome) *kg.Quantity { return o.Change }),
	"fields.observation.change.raw":                    quantity("change", "raw", func(o *kg.Outcome) *kg.Quantity { return o.Change }),
	"fields.observation.change.type":                   func(s spot) any { return string(s.outcome().ChangeType) },
	"fields.observation.change.unit":                   quantity("change", "unit", func(o *kg.Outcome) *kg.Quantity { return o.Change }),
	"fields.observation.change.value":                  quantity("change", "value", func(o *kg.Outcome) *kg.Quantity { return o.Change }),
	"fields.observation.change_derived.type":           func(s spot) any { return string(s.outcome().ChangeType) },
	"fields.observation.change_derived.unit":           func(s spot) any { return s.outcome().Change.Unit },
	"fields.observation.change_derived.value":          func(s spot) any { return derived(s.outcome().Change) },
	"fields.observation.comparator":                    func(s spot) any { return s.outcome().ComparedWith },
	"fields.observation.comparatorGroup":               orSilence("comparator", edgesTo(kg.ObservedIn, kg.ArmComparator)),
	"fields.observation.country":                       detail("country"),
	"fields.observation.deaths":                        quantity("deaths", "value", func(o *kg.Outcome) *kg.Quantity { return o.Deaths }),
	"fields.observation.definition":                    detail("definition"),
	"fields.observation.denominator":                   detail("denominator"),
	"fields.observation.direction":                     observed("direction", func(o *kg.Outcome) kg.Direction { return o.Direction }),
	"fields.observation.dispersion":                    orSilence("dispersion", func(s spot) any { return s.outcome().Dispersion.Type }),
	"fields.observation.duration":                      detail("duration"),
	"fields.observation.equivalence.equals.comparator": detailQuantity("equivalence.equals", "comparator"),
	"fields.observation.equivalence.equals.unit":       detailQuantity("equivalence.equals", "unit"),
	"fields.observation.equivalence.equals.value":      detailQuantity("equivalence.equals", "value"),
	"fields.observation.equivalence.of":                detail("equivalence.of"),
	"fields.observation.equivalence.one":               detail("equivalence.one"),
	"fields.observation.event":                         edgesTo(kg.Measures, ""),
	"fields.observation.followUp":                      quantity("followUp", "value", func(o *kg.Outcome) *kg.Quantity { return o.FollowUp }),
	"fields.observation.followUp.comparator":           quantity("followUp", "comparator", func(o *kg.Outcome) *kg.Quantity { return o.FollowUp }),
	"fields.observation.followUp.high":                 quantity("followUp", "high", func(o *kg.Outcome) *kg.Quantity { return o.FollowUp }),
	"fields.observation.followUp.low":                  quantity("followUp", "low", func(o *kg.Outcome) *kg.Quantity { return o.FollowUp }),
	"fields.observation.followUp.unit":                 quantity("followUp", "unit", func(o *kg.Outcome) *kg.Quantity { return o.FollowUp }),
	"fields.observation.followUp.value":                quantity("followUp", "value", func(o *kg.Outcome) *kg.Quantity { return o.FollowUp }),
	"fields.observation.grade":                         orSilence("grade", func(s spot) any { return s.outcome().Grade }),
	"fields.observation.group":                         orSilence("arms", edgesTo(kg.ObservedIn, kg.ArmOfInterest)),
	"fields.observation.interpretation":                observed("interpretation", func(o *kg.Outcome) kg.Interpretation { return o.Interpretation }),
	"fields.observation.measure":                       edgesTo(kg.Measures, ""),
	"fields.observation.nAffected":                     quantity("nAffected", "value", func(o *kg.Outcome) *kg.Quantity { return o.NAffected }),
	"fields.observation.nAffected_bound":               detail("nAffectedBound"),
	"fields.observation.nAffected_derived":             func(s spot) any { return derived(s.outcome().NAffected) },
	"fields.observation.nAffected_from":                observed("quantifier", func(o *kg.Outcome) kg.Quantifier { return o.Quantifier }),
	"fields.observation.nTotal":                        quantity("nTotal", "value", func(o *kg.Outcome) *kg.Quantity { return o.NTotal }),
	"fields.observation.nTotal_trial":                  detail("nTotalTrial"),
	"fields.observation.population":                    detail("population"),
	"fields.observation.rate.comparator":               quantity("rate", "comparator", func(o *kg.Outcome) *kg.Quantity { return o.Rate }),
	"fields.observation.rate.high":                     quantity("rate", "high", func(o *kg.Outcome) *kg.Quantity { return o.Rate }),
	"fields.observation.rate.low":                      quantity("rate", "low", func(o *kg.Outcome) *kg.Quantity { return o.Rate }),
	"fields.observation.rate.unit":                     quantity("rate", "unit", func(o *kg.Outcome) *kg.Quantity { return o.Rate }),
	"fields.observation.rate.value":                    quantity("rate", "value", func(o *kg.Outcome) *kg.Quantity { return o.Rate }),
	"fields.observation.rate_applies":                  detail("rateApplies"),
	"fields.observation.registry":                      detail("registry"),
	"fields.observation.relatedness":                   observed("relatedness", func(o *kg.Outcome) kg.Relatedness { return o.Relatedness }),
	"fields.observation.reporter":                      detail("reporter"),
	"fields.observation.role":                          observed("role", func(o *kg.Outcome) kg.OutcomeRank { return o.Role }),
	"fields.observation.scope.cells":                   detail("scope.cells"),
	"fields.observation.scope.condition":               detail("scope.condition"),
	"fields.observation.scope.region":                  detail("scope.region"),
	"fields.observation.seriousness":                   observed("seriousness", func(o *kg.Outcome) kg.Seriousness { return o.Seriousness }),
	"fields.observation.significanceClaimed":           func(s spot) any { return *s.outcome().SignificanceClaimed },
	"fields.observation.stats":                         observed("statistics", func(o *kg.Outcome) kg.StatisticsReported { return o.Statistics }),
	"fields.observation.study":                         reportedFor,
	"fields.observation.time":                          orSilence("timePoint", nil),
	"fields.observation.time.comparator":               after("comparator"),
	"fields.observation.time.unit":                     after("unit"),
	"fields.observation.time.value":                    after("value"),
	"fields.observation.timepoint.anchor":              orSilence("timePoint", func(s spot) any { return string(s.outcome().TimePoint.Anchor) }),
	"fields.observation.timepoint.high":                after("high"),
	"fields.observation.timepoint.inferred":            func(s spot) any { return s.outcome().TimePoint.Inferred },
	"fields.observation.timepoint.low":                 after("low"),
	"fields.observation.timepoint.raw":                 func(s spot) any { return s.outcome().TimePoint.Printed },
	"fields.observation.timepoint.unit":                after("unit"),
	"fields.observation.timepoint.value":               after("value"),
	"fields.ordinal":                                   detail("ordinal"),
	"fields.outcome":                                   detail("outcome"),
	"fields.parts[]":                                   detail("parts"),
	"fields.phase":                                     detail("phase"),
	"fields.precondition":                              detail("precondition"),
	"fields.priority":                                  detail("priority"),
	"fields.programme":                                 detail("programme"),
	"fields.property":                                  detail("property"),
	"fields.published":                                 detail("published"),
	"fields.publisher":                                 detail("publisher"),
	"fields.range.high":                                detail("range.high"),
	"fields.range.low":                                 detail("range.low"),
	"fields.range.unit":                                detail("range.unit"),
	"fields.registry_id":                               detail("registryId"),
	"fields.relation":                                  detail("relation"),
	"fields.relation_to_disease":                       detail("relationToDisease"),
	"fields.remarks[]":                                 remark,
	"fields.requirement":                               detail("requirement"),
	"fields.risk":                                      detail("risk"),
	"fields.role":                                      detail("role"),
	"fields.route":                                     detail("route"),
	"fields.schedule[]":                                detail("schedule"),
	"fields.site":                                      detail("site"),
	"fields.stage":                                     detail("stage"),
	"fields.start_date":                                detail("startDate"),
	"fields.status":                                    detail("status"),
	"fields.step":                                      detail("step"),
	"fields.study":                                     detail("study"),
	"fields.subject":                                   detail("subject"),
	"fields.tissue":                                    detail("tissue"),
	"fields.tissue[]":                                  detail("tissue"),
	"fields.tissues[]":                                 detail("tissues"),
	"fields.topic":                                     func(s spot) any { return s.claim().Topic },
	"fields.trend":                                     detail("trend"),
	"fields.type":                                      detail("type"),
	"fields.unit":                                      detail("unit"),
	"fields.upstream":                                  detail("upstream"),
	"fields.url":                                       detail("url"),
	"fields.views":                                     detail("views"),
	"fields.year":                                      detail("year"),
	"flags[]":                                          oneOf(func(s spot) []string { return s.said().Flags }),
	"id":                                               func(s spot) any { return string(s.id()) },
	"kind":                                             func(s spot) any { return strings.ToLower(strings.ReplaceAll(string(s.said().Kind), "_", "-")) },
	"lang":                                             func(s spot) any { return s.said().Language },
	"line":                                             func(s spot) any { return float64(*s.selector().Line) },
	"line_end":                                         func(s spot) any { return float64(*s.selector().LastLine) },
	"modality":                                         func(s spot) any { return string(s.said().Modality) },
	"note":                                             func(s spot) any { return s.said().Note },
	"offset_unit":                                      func(spot) any { return "unicode_code_point" }, // what kg.Selector counts in
	"polarity":                                         func(s spot) any { return string(s.said().Polarity) },
	"said_by[]":                                        edgesTo(kg.SaidBy, ""),
	"span_sha256":                                      func(s spot) any { return s.selector().SHA256 },
	"start":                                            func(s spot) any { return float64(*s.selector().Start) },
}
