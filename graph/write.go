package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A Writer is who may write in an operation: the name of the token, and whether its role allows it.
type Writer struct {
	Name     string
	Writable bool
	Why      string // when not: what the client is told, and how to change it
	Code     Code
	Token    string // the id of the token, and
	From     string // the network address: both for the audit log alone
}

// commit says who writes, and why.
func (w Writer) commit(reason string) storage.Commit {
	return storage.Commit{Author: w.Name, Reason: reason, Token: w.Token, From: w.From}
}

// writer returns who writes in this operation, or why nobody may.
func writer(ctx context.Context) (Writer, error) {
	w := current(ctx).writer
	if !w.Writable {
		return w, &Error{Code: w.Code, Message: w.Why}
	}
	return w, nil
}

const maxEdges = 1000 // of one mutation: bulk belongs to imports

// An EdgeInput is an edge to put.
type EdgeInput struct {
	Subject    kg.ID
	Predicate  kg.Predicate
	Object     kg.ID
	Role       kg.Role
	Position   *int
	Remark     string
	Provenance *kg.Provenance
}

// An EdgeKeyInput names an edge.
type EdgeKeyInput struct {
	Subject   kg.ID
	Predicate kg.Predicate
	Role      kg.Role
	Object    kg.ID
	Source    kg.ID
}

// commit runs fn in one transaction, and moves the operation's snapshot to what it made.
func (r *Resolver) commit(ctx context.Context, reason string, fn func(storage.Writer, *curator) error) (storage.Revision, error) {
	who, err := writer(ctx)
	if err != nil {
		return 0, err
	}
	if strings.TrimSpace(reason) == "" {
		return 0, badInput("reason: say why, in a sentence: it is kept with the revision")
	}
	if len(reason) > 4096 {
		return 0, badInput("reason: %d bytes are more than 4096", len(reason))
	}
	now := r.Now().UTC().Truncate(time.Second)
	rev, err := r.Store.Update(ctx, who.commit(reason), func(w storage.Writer) error {
		return fn(w, &curator{writer: w, name: who.Name, now: now})
	})
	if err != nil {
		return 0, err
	}
	return rev, current(ctx).open(ctx, r.Store, storage.At{Revision: rev})
}

// A curator stamps what a writer puts: one more source beside the documents.
type curator struct {
	writer storage.Writer
	name   string
	now    time.Time
	known  bool
}

// source returns the Reference that stands for the writer, and makes it when it is not there.
func (c *curator) source(ctx context.Context) (kg.ID, error) {
	id, err := kg.ParseID("source:curator-" + slug(c.name))
	if err != nil {
		return "", err
	}
	if c.known {
		return id, nil
	}
	nodes, err := c.writer.Nodes(ctx, id)
	if err != nil {
		return "", err
	}
	if nodes[0] == nil {
		err = c.writer.PutNodes(ctx, &kg.Reference{
			Head: kg.Head{ID: id, Label: "Curator " + c.name, Provenance: []kg.Provenance{c.stamp(kg.Provenance{Source: id})}},
			Type: kg.Curation,
		})
	}
	c.known = err == nil
	return id, err
}

func (c *curator) stamp(p kg.Provenance) kg.Provenance {
	p.RecordedAt = c.now
	if p.KnowledgeLevel == "" {
		p.KnowledgeLevel = kg.KnowledgeAssertion
	}
	if p.AgentType == "" {
		p.AgentType = kg.ManualAgent
	}
	return p
}

// provenance completes one provenance: without a source, the writer is the source.
func (c *curator) provenance(ctx context.Context, p kg.Provenance) (kg.Provenance, error) {
	var err error
	if p.Source == "" {
		p.Source, err = c.source(ctx)
	} else {
		p.Source, err = c.canonical(ctx, "provenance.source", p.Source)
	}
	return c.stamp(p), err
}

// canonical resolves a name that a writer gave.
func (c *curator) canonical(ctx context.Context, field string, name kg.ID) (kg.ID, error) {
	id, err := kg.ParseID(string(name))
	if err != nil {
		return "", badInput("%s: %v", field, err)
	}
	nodes, err := c.writer.Nodes(ctx, id)
	if err != nil {
		return "", err
	}
	if nodes[0] == nil {
		return "", &Error{Code: NotFound, Message: fmt.Sprintf("%s: nothing is called %s", field, id)}
	}
	return nodes[0].Base().ID, nil
}

// edge makes an edge of an input; self stands in for an end that is left out.
func (c *curator) edge(ctx context.Context, field string, in *EdgeInput, self kg.ID) (kg.Edge, error) {
	e := kg.Edge{Subject: in.Subject, Predicate: in.Predicate, Object: in.Object, Role: in.Role, Position: in.Position, Remark: in.Remark}
	for _, end := range []struct {
		name string
		id   *kg.ID
	}{{"subject", &e.Subject}, {"object", &e.Object}} {
		if *end.id == "" {
			if self == "" {
				return e, badInput("%s.%s: is required", field, end.name)
			}
			*end.id = self
			continue
		}
		id, err := c.canonical(ctx, field+"."+end.name, *end.id)
		if err != nil {
			return e, err
		}
		*end.id = id
	}
	var given kg.Provenance
	if in.Provenance != nil {
		given = *in.Provenance
	}
	var err error
	e.Provenance, err = c.provenance(ctx, given)
	return e, err
}

// PutArgs is what all puts of nodes share.
type PutArgs struct {
	Edges               []*EdgeInput
	Reason              string
	IfRevision          *int
	ReplaceOtherSources bool
}

// unchangedSince refuses when the node has changed after the revision that the writer has read.
func unchangedSince(ctx context.Context, w storage.Writer, id kg.ID, revision *int) error {
	if revision == nil {
		return nil
	}
	versions, err := w.History(ctx, id)
	if err != nil || len(versions) == 0 {
		return err
	}
	if last := versions[0].Revision; *revision < 0 || last > storage.Revision(*revision) {
		return &Error{Code: Conflicting, Message: fmt.Sprintf("ifRevision: %s has changed since revision %d, at revision %d: read it again", id, *revision, last)}
	}
	return nil
}

// keepsSources refuses a put that would silently drop what other sources state of the node.
func keepsSources(old kg.Node, now []kg.Provenance) error {
	if old == nil {
		return nil
	}
	for _, p := range old.Base().Provenance {
		if !slices.ContainsFunc(now, func(n kg.Provenance) bool { return n.Source == p.Source }) {
			return &Error{Code: Conflicting, Message: fmt.Sprintf(
				"provenance: %s states %s too, and this put would drop that: pass its provenance along, or say replaceOtherSources: true", p.Source, old.Base().ID)}
		}
	}
	return nil
}

// put writes one node with its edges. Without a provenance the writer is the source, and a statement stands in its source.
func put[T kg.Node](ctx context.Context, r *Resolver, n T, args PutArgs) (T, storage.Revision, error) {
	var none T
	edges := args.Edges
	if len(edges) > maxEdges {
		return none, 0, badInput("edges: %d are more than the %d of one mutation: import a file instead", len(edges), maxEdges)
	}
	h := n.Base()
	id, err := kg.ParseID(string(h.ID))
	if err != nil {
		return none, 0, badInput("id: %v", err)
	}
	h.ID = id
	given := h.Provenance
	rev, err := r.commit(ctx, args.Reason, func(w storage.Writer, c *curator) error {
		h.Provenance = append([]kg.Provenance(nil), given...)
		if len(h.Provenance) == 0 {
			h.Provenance = []kg.Provenance{{}}
		}
		for i := range h.Provenance {
			var err error
			if h.Provenance[i], err = c.provenance(ctx, h.Provenance[i]); err != nil {
				return err
			}
		}
		for i := range h.Xrefs {
			var err error
			if h.Xrefs[i].Source, err = c.canonical(ctx, fmt.Sprintf("xrefs[%d].source", i), h.Xrefs[i].Source); err != nil {
				return err
			}
			if h.Xrefs[i].ID, err = kg.ParseID(string(h.Xrefs[i].ID)); err != nil {
				return badInput("xrefs[%d].id: %v", i, err)
			}
		}
		old, err := w.Nodes(ctx, id)
		if err != nil {
			return err
		}
		if !args.ReplaceOtherSources {
			if err := keepsSources(old[0], h.Provenance); err != nil {
				return err
			}
		}
		if err := unchangedSince(ctx, w, id, args.IfRevision); err != nil {
			return err
		}
		if err := w.PutNodes(ctx, n); err != nil {
			return err
		}
		var out []kg.Edge
		if _, ok := any(n).(kg.Statement); ok {
			p := h.Provenance[0]
			p.Fields, p.Claims = nil, nil
			out = append(out, kg.Edge{Subject: id, Predicate: kg.StatedIn, Object: p.Source, Provenance: p})
		}
		for i, in := range edges {
			e, err := c.edge(ctx, fmt.Sprintf("edges[%d]", i), in, id)
			if err != nil {
				return err
			}
			if e.Subject != id && e.Object != id {
				return badInput("edges[%d]: joins neither end to %s: use putEdges", i, id)
			}
			out = append(out, e)
		}
		return putEdges(ctx, w, out)
	})
	if err != nil {
		return none, 0, err
	}
	got, err := stored[T](ctx, id)
	return got, rev, err
}

// putEdges puts edges, and refuses to close a circle of kinds, stages and subtypes: in one, everything would be a kind of itself.
func putEdges(ctx context.Context, w storage.Writer, edges []kg.Edge) error {
	if err := w.PutEdges(ctx, edges...); err != nil {
		return err
	}
	for _, e := range edges {
		if !slices.Contains(broader, e.Predicate) {
			continue
		}
		seen := map[kg.ID]bool{}
		for above := []kg.ID{e.Object}; len(above) > 0; above = above[1:] {
			if above[0] == e.Subject {
				return &Error{Code: Conflicting, Message: fmt.Sprintf("%s %s %s closes a circle: %s is already above %s", e.Subject, e.Predicate, e.Object, e.Subject, e.Object)}
			}
			if seen[above[0]] {
				continue
			}
			seen[above[0]] = true
			pages, err := w.Neighbors(ctx, above[:1], storage.Hop{Predicates: broader, Window: storage.Window{Limit: MaxPage}})
			if err != nil {
				return err
			}
			for _, n := range pages[0].Items {
				above = append(above, n.Node.Base().ID)
			}
		}
	}
	return nil
}

// A PutEdgesInput puts edges.
type PutEdgesInput struct {
	Edges  []*EdgeInput
	Reason string
}

// A PutEdgesPayload is what a put came to.
type PutEdgesPayload struct {
	Revision storage.Revision
	Count    int
}

func tooMany(n int) error {
	if n == 0 || n > maxEdges {
		return badInput("edges: give 1 to %d, not %d", maxEdges, n)
	}
	return nil
}

func (m mutationResolver) PutEdges(ctx context.Context, input PutEdgesInput) (*PutEdgesPayload, error) {
	if err := tooMany(len(input.Edges)); err != nil {
		return nil, err
	}
	rev, err := m.commit(ctx, input.Reason, func(w storage.Writer, c *curator) error {
		edges := make([]kg.Edge, len(input.Edges))
		for i, in := range input.Edges {
			var err error
			if edges[i], err = c.edge(ctx, fmt.Sprintf("edges[%d]", i), in, ""); err != nil {
				return err
			}
		}
		return putEdges(ctx, w, edges)
	})
	if err != nil {
		return nil, err
	}
	return &PutEdgesPayload{rev, len(input.Edges)}, nil
}

// A RetractNodeInput retracts a node.
type RetractNodeInput struct {
	ID         kg.ID
	Reason     string
	IfRevision *int
}

// A RetractNodePayload is what a retraction came to.
type RetractNodePayload struct {
	ID       kg.ID
	Revision storage.Revision
}

func (m mutationResolver) RetractNode(ctx context.Context, input RetractNodeInput) (*RetractNodePayload, error) {
	var id kg.ID
	rev, err := m.commit(ctx, input.Reason, func(w storage.Writer, c *curator) error {
		var err error
		if id, err = c.canonical(ctx, "id", input.ID); err != nil {
			return err
		}
		if err := unchangedSince(ctx, w, id, input.IfRevision); err != nil {
			return err
		}
		return w.DeleteNodes(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	return &RetractNodePayload{id, rev}, nil
}

// A RetractEdgesInput retracts edges.
type RetractEdgesInput struct {
	Edges  []*EdgeKeyInput
	Reason string
}

// A RetractEdgesPayload is what a retraction came to.
type RetractEdgesPayload struct {
	Revision storage.Revision
	Count    int
}

func (m mutationResolver) RetractEdges(ctx context.Context, input RetractEdgesInput) (*RetractEdgesPayload, error) {
	if err := tooMany(len(input.Edges)); err != nil {
		return nil, err
	}
	before := reader(ctx).Revision()
	rev, err := m.commit(ctx, input.Reason, func(w storage.Writer, c *curator) error {
		keys := make([]kg.EdgeKey, len(input.Edges))
		for i, in := range input.Edges {
			k := kg.EdgeKey{Predicate: in.Predicate, Role: in.Role}
			for _, end := range []struct {
				name string
				in   kg.ID
				out  *kg.ID
			}{{"subject", in.Subject, &k.Subject}, {"object", in.Object, &k.Object}, {"source", in.Source, &k.Source}} {
				id, err := c.canonical(ctx, fmt.Sprintf("edges[%d].%s", i, end.name), end.in)
				if err != nil {
					return err
				}
				*end.out = id
			}
			keys[i] = k
		}
		return w.DeleteEdges(ctx, keys...)
	})
	if err != nil {
		return nil, err
	}
	if rev <= before {
		return nil, &Error{Code: NotFound, Message: "edges: none of them is there: nothing was retracted"}
	}
	return &RetractEdgesPayload{rev, len(input.Edges)}, nil
}

// A NameReleaseInput names the newest revision.
type NameReleaseInput struct{ Name string }

// A NameReleasePayload is what naming came to.
type NameReleasePayload struct{ Revision *Revision }

func (m mutationResolver) NameRelease(ctx context.Context, input NameReleaseInput) (*NameReleasePayload, error) {
	who, err := writer(ctx)
	if err != nil {
		return nil, err
	}
	if s := slug(input.Name); s == "" || len(input.Name) > 100 {
		return nil, badInput("name: want 1 to 100 characters with a letter or digit among them")
	}
	releaser, ok := storage.As[storage.Releaser](m.Store)
	if !ok {
		return nil, &Error{Code: ReadOnly, Message: "this store does not name releases"}
	}
	rev, err := releaser.Release(ctx, who.commit(""), input.Name)
	if err != nil {
		return nil, err
	}
	info, err := m.revision(ctx, rev)
	if err != nil {
		return nil, err
	}
	return &NameReleasePayload{info}, nil
}

// slug makes a name fit for the local part of an id: lower-case ASCII letters and digits, joined by hyphens.
func slug(s string) string {
	words := strings.FieldsFunc(kg.FoldText(s), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
	return strings.Join(words, "-")
}
