package graph

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

//go:generate go tool gqlgen generate

// APIVersion is the version of the contract in schema.graphqls, by semantic versioning: a field that goes makes a new major version.
const APIVersion = "0.1.0"

// A Resolver answers the fields that are no plain fields of the domain. It has no state of its own but the store: what an
// operation reads stands in its context.
type Resolver struct {
	Store   storage.Store
	Version string           // of the program, for meta
	Now     func() time.Time // stamps what a mutation records
	Log     *slog.Logger
}

type (
	queryResolver        struct{ *Resolver }
	mutationResolver     struct{ *Resolver }
	subscriptionResolver struct{ *Resolver }
	metaResolver         struct{ *Resolver }
	provenanceResolver   struct{}
	evidenceResolver     struct{}
	detailResolver       struct{}
	xrefResolver         struct{}
)

// The resolvers of each type, as gqlgen's executor asks for them.
func (r *Resolver) Query() QueryResolver               { return queryResolver{r} }
func (r *Resolver) Mutation() MutationResolver         { return mutationResolver{r} }
func (r *Resolver) Subscription() SubscriptionResolver { return subscriptionResolver{r} }
func (r *Resolver) Meta() MetaResolver                 { return metaResolver{r} }
func (*Resolver) Provenance() ProvenanceResolver       { return provenanceResolver{} }
func (*Resolver) Evidence() EvidenceResolver           { return evidenceResolver{} }
func (*Resolver) Detail() DetailResolver               { return detailResolver{} }
func (*Resolver) Xref() XrefResolver                   { return xrefResolver{} }
func (*Resolver) Disease() DiseaseResolver             { return diseaseResolver{} }
func (*Resolver) Concept() ConceptResolver             { return conceptResolver{} }
func (*Resolver) Measure() MeasureResolver             { return measureResolver{} }
func (*Resolver) CellSource() CellSourceResolver       { return cellSourceResolver{} }
func (*Resolver) Intervention() InterventionResolver   { return interventionResolver{} }
func (*Resolver) Trial() TrialResolver                 { return trialResolver{} }
func (*Resolver) Arm() ArmResolver                     { return armResolver{} }
func (*Resolver) Outcome() OutcomeResolver             { return outcomeResolver{} }
func (*Resolver) Claim() ClaimResolver                 { return claimResolver{} }
func (*Resolver) Conflict() ConflictResolver           { return conflictResolver{} }
func (*Resolver) Reference() ReferenceResolver         { return referenceResolver{} }
func (*Resolver) Agent() AgentResolver                 { return agentResolver{} }

// first returns the first neighbour of the type, nil when there is none: for relations that have one far end.
func first[T kg.Node](ctx context.Context, n kg.Node, hop storage.Hop) (T, error) {
	var found T
	hop.Limit = 8 // several sources, or the other category of the range, may stand in front
	pages, err := reader(ctx).Neighbors(ctx, []kg.ID{n.Base().ID}, hop)
	if err != nil {
		return found, err
	}
	for _, it := range pages[0].Items {
		if t, ok := it.Node.(T); ok {
			return t, nil
		}
	}
	return found, nil
}

func (provenanceResolver) Reference(ctx context.Context, p *kg.Provenance) (*kg.Reference, error) {
	return stored[*kg.Reference](ctx, p.Source)
}

func (provenanceResolver) Claims(ctx context.Context, p *kg.Provenance) ([]kg.Statement, error) {
	return storedAll[kg.Statement](ctx, p.Claims)
}

func (evidenceResolver) Reference(ctx context.Context, e *Evidence) (*kg.Reference, error) {
	return stored[*kg.Reference](ctx, e.Source)
}

func (evidenceResolver) Claims(ctx context.Context, e *Evidence) ([]kg.Statement, error) {
	return storedAll[kg.Statement](ctx, e.Provenance.Claims)
}

func (detailResolver) Nodes(ctx context.Context, d *kg.Detail) ([]kg.Node, error) {
	return storedAll[kg.Node](ctx, d.Nodes)
}

func (xrefResolver) Reference(ctx context.Context, x *kg.Xref) (*kg.Reference, error) {
	return stored[*kg.Reference](ctx, x.Source)
}

func (queryResolver) Node(ctx context.Context, id kg.ID) (kg.Node, error) { return lookup(ctx, id) }

func (queryResolver) Statement(ctx context.Context, id kg.ID) (kg.Statement, error) {
	return get[kg.Statement](ctx, id)
}

func (queryResolver) Nodes(ctx context.Context, ids []kg.ID) ([]kg.Node, error) {
	if len(ids) > MaxPage {
		return nil, badInput("ids: %d are more than the %d that one question may ask for", len(ids), MaxPage)
	}
	canonical := make([]kg.ID, len(ids))
	for i, name := range ids {
		id, err := kg.ParseID(string(name))
		if err != nil {
			return nil, badInput("ids[%d]: %v", i, err)
		}
		canonical[i] = id
	}
	return reader(ctx).Nodes(ctx, canonical...)
}

// An IDMapping is what one term means.
type IDMapping struct {
	Term    string
	Matches []*IDMatch
}

// An IDMatch is a node that a term may mean.
type IDMatch struct {
	Node  kg.Node
	By    string // ID or NAME
	Label *kg.Label
}

func (queryResolver) MapIds(ctx context.Context, terms []string, types []kg.Category) ([]*IDMapping, error) {
	if len(terms) > MaxPage {
		return nil, badInput("terms: %d are more than the %d that one question may ask for", len(terms), MaxPage)
	}
	if types != nil && len(types) == 0 {
		return nil, badInput("types: [] can never match: name a type or leave it out")
	}
	if types == nil {
		types = kg.Categories()
	}
	out := make([]*IDMapping, len(terms))
	for i, term := range terms {
		if term == "" {
			return nil, badInput("terms[%d]: is empty", i)
		}
		m := &IDMapping{Term: term, Matches: []*IDMatch{}}
		out[i] = m
		seen := map[kg.ID]bool{}
		if id, err := kg.ParseID(term); err == nil {
			n, err := stored[kg.Node](ctx, id)
			if err != nil {
				return nil, err
			}
			if n != nil && slices.Contains(types, n.Category()) {
				seen[n.Base().ID] = true
				m.Matches = append(m.Matches, &IDMatch{Node: n, By: "ID"})
			}
		}
		name := kg.Fold(term)
		if name == "" {
			continue
		}
		for _, c := range types {
			list := scan(reader(ctx), storage.Find{Category: c, Term: "name", Equal: &name})
			err := each(ctx, list, storage.Window{}, func(it item) (bool, error) {
				if h := it.node.Base(); !seen[h.ID] {
					if label, ok := named(h, term); ok {
						seen[h.ID] = true
						m.Matches = append(m.Matches, &IDMatch{it.node, "NAME", label})
					}
				}
				return true, nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// named finds the name of the node that the term is, whole: the index holds the beginning of names only.
func named(h *kg.Head, term string) (*kg.Label, bool) {
	want := kg.FoldText(term)
	for i := range h.Labels {
		if kg.FoldText(h.Labels[i].Text) == want {
			return &h.Labels[i], true
		}
	}
	return nil, kg.FoldText(h.Label) == want
}

// A NodeVersion is one state of a node.
type NodeVersion struct {
	Revision *Revision
	Op       storage.Op
}

func (r queryResolver) History(ctx context.Context, id kg.ID) ([]*NodeVersion, error) {
	canonical, err := kg.ParseID(string(id))
	if err != nil {
		return nil, badInput("%v", err)
	}
	if n, err := stored[kg.Node](ctx, canonical); err != nil {
		return nil, err
	} else if n != nil {
		canonical = n.Base().ID
	}
	versions, err := reader(ctx).History(ctx, canonical)
	if err != nil {
		return nil, err
	}
	out := make([]*NodeVersion, 0, len(versions))
	for _, v := range versions {
		info, err := r.revision(ctx, v.Revision)
		if err != nil {
			return nil, err
		}
		op := storage.Put
		if v.Deleted {
			op = storage.Delete
		}
		out = append(out, &NodeVersion{info, op})
	}
	return out, nil
}

// A Revision is one commit.
type Revision struct {
	Revision  storage.Revision
	Time      time.Time
	Author    string
	Reason    string
	Release   string
	NodeCount int
	EdgeCount int
}

func revisionOf(i storage.RevisionInfo) *Revision {
	return &Revision{i.Revision, i.Time, i.Author, i.Reason, i.Release, i.Nodes, i.Edges}
}

// revision returns what is known of a commit.
func (r *Resolver) revision(ctx context.Context, rev storage.Revision) (*Revision, error) {
	infos, err := r.Store.Revisions(ctx, rev-1, rev, 1)
	if err != nil {
		return nil, err
	}
	if len(infos) != 1 {
		return nil, fmt.Errorf("%w: %d", storage.ErrNoRevision, rev)
	}
	return revisionOf(infos[0]), nil
}

func (r queryResolver) Revisions(ctx context.Context, after, first *int) ([]*Revision, error) {
	w, err := PageArgs{First: first}.window()
	if err != nil {
		return nil, err
	}
	var rev storage.Revision
	if after != nil {
		if *after < 0 {
			return nil, badInput("after: revisions count from 1, not %d", *after)
		}
		rev = storage.Revision(*after)
	}
	out := []*Revision{}
	if w.Limit == 0 || rev >= reader(ctx).Revision() {
		return out, nil
	}
	infos, err := r.Store.Revisions(ctx, rev, reader(ctx).Revision(), w.Limit)
	for _, i := range infos {
		out = append(out, revisionOf(i))
	}
	return out, err
}

// Meta is what this server serves.
type Meta struct {
	APIVersion    string
	ServerVersion string
	Revision      storage.Revision
	Writable      bool
}

func (r queryResolver) Meta(ctx context.Context) (*Meta, error) {
	return &Meta{APIVersion, r.Version, reader(ctx).Revision(), current(ctx).writer.Writable}, nil
}

func (r metaResolver) CommittedAt(ctx context.Context, m *Meta) (*time.Time, error) {
	if m.Revision == 0 {
		return nil, nil
	}
	info, err := r.revision(ctx, m.Revision)
	if err != nil {
		return nil, err
	}
	return &info.Time, nil
}

func (r metaResolver) Release(ctx context.Context, m *Meta) (*string, error) {
	if m.Revision == 0 {
		return nil, nil
	}
	info, err := r.revision(ctx, m.Revision)
	if err != nil || info.Release == "" {
		return nil, err
	}
	return &info.Release, nil
}

func (r metaResolver) Releases(ctx context.Context, m *Meta) ([]*Revision, error) {
	out := []*Revision{}
	s, ok := storage.As[storage.Releaser](r.Store)
	if !ok {
		return out, nil
	}
	infos, err := s.Releases(ctx)
	for _, i := range infos {
		if i.Revision <= m.Revision {
			out = append(out, revisionOf(i))
		}
	}
	return out, err
}

func (metaResolver) Sources(ctx context.Context, _ *Meta, first *int, after *string, last *int, before *string, filter *ReferenceFilter) (*ReferenceConnection, error) {
	p := &plan{}
	if filter != nil {
		var err error
		if p, err = filter.compile(ctx); err != nil {
			return nil, err
		}
	}
	yes := kg.SourceTerm
	from := scan(reader(ctx), storage.Find{Category: kg.CategoryReference, Term: yes, Equal: &yes})
	return connection[*kg.Reference](ctx, from, p, PageArgs{first, after, last, before})
}

// A CategoryCount is how many nodes there are of a category.
type CategoryCount struct {
	Category kg.Category
	Count    int
}

func (metaResolver) Counts(ctx context.Context, _ *Meta) ([]*CategoryCount, error) {
	out := []*CategoryCount{}
	for _, c := range kg.Categories() {
		n, err := reader(ctx).Count(ctx, storage.Find{Category: c})
		if err != nil {
			return nil, err
		}
		out = append(out, &CategoryCount{c, int(n)})
	}
	return out, nil
}
