package auth

import "strings"

// Public is what the table says of what needs no token on any server. No token has it.
const Public Role = "public"

// A Rule says the least role that may use something.
type Rule struct {
	Use   string // an HTTP route, as /backup, or a root field of GraphQL, as Query.node
	Needs Role
}

// Table is everything that a server can be asked for. Servers read it at each request: what is not here, nobody may use. What
// needs [Read] needs no token where the server lets anyone read. A field needs the role of /graphql too.
var Table = []Rule{
	{"/", Public}, // the pages
	{"/livez", Public},
	{"/readyz", Public},
	{"/schema.graphqls", Public},
	{"/graphql", Read},
	{"/metrics", Read},
	{"/backup", Admin},
	{"/audit", Admin},
	{"/debug/pprof/", Admin},

	{"Query.__typename", Read}, {"Query.__schema", Read}, {"Query.__type", Read},
	{"Query.node", Read}, {"Query.nodes", Read}, {"Query.statement", Read},
	{"Query.disease", Read}, {"Query.diseases", Read},
	{"Query.concept", Read}, {"Query.concepts", Read},
	{"Query.measure", Read}, {"Query.measures", Read},
	{"Query.cellSource", Read}, {"Query.cellSources", Read},
	{"Query.intervention", Read}, {"Query.interventions", Read},
	{"Query.trial", Read}, {"Query.trials", Read},
	{"Query.arm", Read}, {"Query.arms", Read},
	{"Query.outcome", Read}, {"Query.outcomes", Read},
	{"Query.claim", Read}, {"Query.claims", Read},
	{"Query.conflict", Read}, {"Query.conflicts", Read},
	{"Query.reference", Read}, {"Query.references", Read},
	{"Query.agent", Read}, {"Query.agents", Read},
	{"Query.mapIds", Read},
	{"Query.history", Read}, {"Query.revisions", Read}, {"Query.meta", Read},

	{"Mutation.__typename", Read},
	{"Mutation.putDisease", Write}, {"Mutation.putConcept", Write}, {"Mutation.putMeasure", Write},
	{"Mutation.putCellSource", Write}, {"Mutation.putIntervention", Write}, {"Mutation.putTrial", Write},
	{"Mutation.putArm", Write}, {"Mutation.putOutcome", Write}, {"Mutation.putClaim", Write},
	{"Mutation.putConflict", Write}, {"Mutation.putReference", Write}, {"Mutation.putAgent", Write},
	{"Mutation.putEdges", Write}, {"Mutation.retractNode", Write}, {"Mutation.retractEdges", Write},
	{"Mutation.nameRelease", Write},

	{"Subscription.changes", Read},
}

var needs = func() map[string]Role {
	m := make(map[string]Role, len(Table))
	for _, r := range Table {
		m[r.Use] = r.Needs
	}
	return m
}()

// Needs returns the least role that may use something; false: it is not in the table, and nobody may.
func Needs(use string) (Role, bool) {
	r, ok := needs[use]
	return r, ok
}

// IsRoute tells whether a rule is about an HTTP route.
func (r Rule) IsRoute() bool { return strings.HasPrefix(r.Use, "/") }
