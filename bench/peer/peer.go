// Package peer is the least GraphQL server that answers the linked-evidence query: gqlgen as it comes, over maps in memory. It keeps no
// history, no indexes and no disk, so what it takes is what gqlgen takes.
package peer

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/stemma-kg/stemma/bench/internal/synth"
	"github.com/stemma-kg/stemma/kg"
)

//go:generate go tool gqlgen generate

// The nodes, with what the query asks of them and no more.
type (
	Disease struct {
		ID, Label string
		trials    []*TrialEdge
	}
	Trial struct {
		ID, Title, Phase string
		Enrollment       *Quantity
		CellSources      CellSourceConnection
		Outcomes         OutcomeConnection
		References       ReferenceConnection
		rank             string
	}
	CellSource struct{ ID, Label, Donor, rank string }
	Outcome    struct {
		ID, Text, Direction string
		Change, NTotal      *Quantity
		rank                string
	}
	Reference struct{ ID, Title, Pmid, Published, rank string }
	Quantity  struct {
		Value float64
		Unit  string
	}
	Evidence struct {
		Source, KnowledgeLevel string
		Selector               *Selector
	}
	Selector struct{ Line int }
)

// The lists, ready to be written.
type (
	TrialConnection struct {
		Nodes []*Trial
		Edges []*TrialEdge
	}
	TrialEdge struct {
		Node     *Trial
		Evidence []*Evidence
	}
	CellSourceConnection struct {
		Nodes []*CellSource
		Edges []*CellSourceEdge
	}
	CellSourceEdge struct {
		Node     *CellSource
		Evidence []*Evidence
	}
	OutcomeConnection struct {
		Nodes []*Outcome
		Edges []*OutcomeEdge
	}
	OutcomeEdge struct {
		Node     *Outcome
		Evidence []*Evidence
	}
	ReferenceConnection struct {
		Nodes []*Reference
		Edges []*ReferenceEdge
	}
	ReferenceEdge struct {
		Node     *Reference
		Evidence []*Evidence
	}
)

// A Graph is the maps.
type Graph struct {
	diseases   map[string]*Disease
	cells      map[kg.ID]*CellSource
	outcomes   map[kg.ID]*Outcome
	references map[kg.ID]*Reference
}

// Load takes a generated graph into memory.
func Load(from *synth.Graph) *Graph {
	g := &Graph{map[string]*Disease{}, map[kg.ID]*CellSource{}, map[kg.ID]*Outcome{}, map[kg.ID]*Reference{}}
	for n := range from.Vocabulary {
		switch n := n.(type) {
		case *kg.Disease:
			g.diseases[string(n.ID)] = &Disease{ID: string(n.ID), Label: n.Label}
		case *kg.CellSource:
			g.cells[n.ID] = &CellSource{string(n.ID), n.Label, string(n.Donor), n.Rank()}
		case *kg.Outcome:
			g.outcomes[n.ID] = &Outcome{string(n.ID), n.Text, string(n.Direction), quantity(n.Change), quantity(n.NTotal), n.Rank()}
		case *kg.Reference:
			g.references[n.ID] = &Reference{string(n.ID), n.Title, n.PMID, string(n.Published()), n.Rank()}
		}
	}
	for i := range from.Trials {
		g.add(from.Trial(i))
	}
	for _, d := range g.diseases {
		slices.SortFunc(d.trials, func(a, b *TrialEdge) int { return byRank(a.Node.rank, b.Node.rank, a.Node.ID, b.Node.ID) })
	}
	return g
}

func (g *Graph) add(n *kg.Trial, edges []kg.Edge) {
	t := &Trial{ID: string(n.ID), Title: n.Title, Phase: string(n.Phase), Enrollment: quantity(n.Enrollment), rank: n.Rank()}
	for _, e := range edges {
		why := []*Evidence{{string(e.Provenance.Source), string(e.Provenance.KnowledgeLevel), &Selector{*e.Provenance.Selectors[0].Line}}}
		switch e.Predicate {
		case kg.Investigates:
			d := g.diseases[string(e.Object)]
			d.trials = append(d.trials, &TrialEdge{t, why})
		case kg.Tests:
			t.CellSources.Edges = append(t.CellSources.Edges, &CellSourceEdge{g.cells[e.Object], why})
		case kg.Reports:
			t.Outcomes.Edges = append(t.Outcomes.Edges, &OutcomeEdge{g.outcomes[e.Object], why})
		case kg.DocumentedBy:
			t.References.Edges = append(t.References.Edges, &ReferenceEdge{g.references[e.Object], why})
		}
	}
	slices.SortFunc(t.CellSources.Edges, func(a, b *CellSourceEdge) int { return byRank(a.Node.rank, b.Node.rank, a.Node.ID, b.Node.ID) })
	slices.SortFunc(t.Outcomes.Edges, func(a, b *OutcomeEdge) int { return byRank(a.Node.rank, b.Node.rank, a.Node.ID, b.Node.ID) })
	slices.SortFunc(t.References.Edges, func(a, b *ReferenceEdge) int { return byRank(a.Node.rank, b.Node.rank, a.Node.ID, b.Node.ID) })
	for _, e := range t.CellSources.Edges {
		t.CellSources.Nodes = append(t.CellSources.Nodes, e.Node)
	}
	for _, e := range t.Outcomes.Edges {
		t.Outcomes.Nodes = append(t.Outcomes.Nodes, e.Node)
	}
	for _, e := range t.References.Edges {
		t.References.Nodes = append(t.References.Nodes, e.Node)
	}
}

func byRank(rankA, rankB, idA, idB string) int {
	if c := strings.Compare(rankA, rankB); c != 0 {
		return c
	}
	return strings.Compare(idA, idB)
}

func quantity(q *kg.Quantity) *Quantity { return &Quantity{*q.Value, q.Unit} }

// Handler serves the maps with gqlgen's own executor. Its transport is not gqlgen's, which needs packages that nothing else here needs,
// but does the same: it reads the body, keeps parsed documents, and marshals the response.
func (g *Graph) Handler() http.Handler {
	exec := executor.New(NewExecutableSchema(Config{Resolvers: &resolver{g}}))
	exec.SetQueryCache(new(documents))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := graphql.StartOperationTrace(r.Context())
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		params := &graphql.RawParams{Headers: r.Header}
		params.ReadTime.Start = graphql.Now()
		if err := json.Unmarshal(body, params); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		params.ReadTime.End = graphql.Now()
		var response *graphql.Response
		if op, errs := exec.CreateOperationContext(ctx, params); errs != nil {
			response = exec.DispatchError(graphql.WithOperationContext(ctx, op), errs)
		} else {
			var next graphql.ResponseHandler
			next, ctx = exec.DispatchOperation(ctx, op)
			response = next(ctx)
		}
		out, err := json.Marshal(response)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(out) // to a client that has gone, there is nothing to say
	})
}

// documents keeps what has been parsed.
type documents struct{ m sync.Map }

func (d *documents) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	v, ok := d.m.Load(text)
	doc, _ := v.(*ast.QueryDocument)
	return doc, ok
}

func (d *documents) Add(_ context.Context, text string, doc *ast.QueryDocument) { d.m.Store(text, doc) }

type resolver struct{ *Graph }

type (
	queryResolver   struct{ *Graph }
	diseaseResolver struct{}
)

func (r *resolver) Query() QueryResolver     { return queryResolver{r.Graph} }
func (r *resolver) Disease() DiseaseResolver { return diseaseResolver{} }

func (q queryResolver) Disease(_ context.Context, id string) (*Disease, error) {
	return q.diseases[id], nil
}

func (diseaseResolver) Trials(_ context.Context, d *Disease, first int) (*TrialConnection, error) {
	c := &TrialConnection{Edges: d.trials[:min(first, len(d.trials))]}
	for _, e := range c.Edges {
		c.Nodes = append(c.Nodes, e.Node)
	}
	return c, nil
}
