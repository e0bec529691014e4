package bench

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// hand answers the linked-evidence query, and no other, straight from the store: what it takes less than Stemma is the share of GraphQL.
type hand struct{ store storage.Store }

func (h hand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Query     string
		Variables struct{ Disease kg.ID }
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a := &answerer{out: make([]byte, 0, 64<<10), evidence: strings.Contains(asked.Query, "evidence")}
	err := h.store.View(r.Context(), storage.At{}, func(reader storage.Reader) error {
		return a.disease(r.Context(), reader, asked.Variables.Disease)
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a.out)
}

// An answerer appends JSON.
type answerer struct {
	out      []byte
	evidence bool
}

func (a *answerer) disease(ctx context.Context, r storage.Reader, id kg.ID) error {
	nodes, err := r.Nodes(ctx, id)
	if err != nil {
		return err
	}
	d := nodes[0].(*kg.Disease)
	trials, err := r.Neighbors(ctx, []kg.ID{d.ID}, storage.Hop{Predicates: []kg.Predicate{kg.Investigates}, Reverse: true, Window: storage.Window{Limit: 20}})
	if err != nil {
		return err
	}
	ids := make([]kg.ID, len(trials[0].Items))
	for i, n := range trials[0].Items {
		ids[i] = n.Node.Base().ID
	}
	var far [3][]storage.Page[storage.Neighbor]
	for i, p := range []kg.Predicate{kg.Tests, kg.Reports, kg.DocumentedBy} {
		if far[i], err = r.Neighbors(ctx, ids, storage.Hop{Predicates: []kg.Predicate{p}, Window: storage.Window{Limit: 25}}); err != nil {
			return err
		}
	}
	a.raw(`{"data":{"disease":{"id":`).text(string(d.ID)).raw(`,"label":`).text(d.Label).raw(`,"trials":`)
	err = a.list(trials[0].Items, func(i int, n kg.Node) error {
		t := n.(*kg.Trial)
		a.raw(`"id":`).text(string(t.ID)).raw(`,"title":`).text(t.Title).raw(`,"phase":`).text(string(t.Phase)).raw(`,"enrollment":`).quantity(t.Enrollment)
		a.raw(`,"cellSources":`)
		err := a.list(far[0][i].Items, func(_ int, n kg.Node) error {
			c := n.(*kg.CellSource)
			a.raw(`"id":`).text(string(c.ID)).raw(`,"label":`).text(c.Label).raw(`,"donor":`).text(string(c.Donor))
			return nil
		})
		if err != nil {
			return err
		}
		a.raw(`,"outcomes":`)
		err = a.list(far[1][i].Items, func(_ int, n kg.Node) error {
			o := n.(*kg.Outcome)
			a.raw(`"id":`).text(string(o.ID)).raw(`,"text":`).text(o.Text).raw(`,"direction":`).text(string(o.Direction)).
				raw(`,"change":`).quantity(o.Change).raw(`,"nTotal":`).quantity(o.NTotal)
			return nil
		})
		if err != nil {
			return err
		}
		a.raw(`,"references":`)
		return a.list(far[2][i].Items, func(_ int, n kg.Node) error {
			f := n.(*kg.Reference)
			a.raw(`"id":`).text(string(f.ID)).raw(`,"title":`).text(f.Title).raw(`,"pmid":`).text(f.PMID).raw(`,"published":`).text(string(f.Published()))
			return nil
		})
	})
	a.raw(`}}}`)
	return err
}

// list writes a connection; fields writes the members of one node.
func (a *answerer) list(items []storage.Neighbor, fields func(i int, n kg.Node) error) error {
	name := `{"nodes":[`
	if a.evidence {
		name = `{"edges":[`
	}
	a.raw(name)
	for i, it := range items {
		if i > 0 {
			a.raw(`,`)
		}
		if a.evidence {
			edges, err := it.Edges()
			if err != nil {
				return err
			}
			a.raw(`{"evidence":[`)
			for j, e := range edges {
				if j > 0 {
					a.raw(`,`)
				}
				a.raw(`{"source":`).text(string(e.Provenance.Source)).raw(`,"knowledgeLevel":`).text(string(e.Provenance.KnowledgeLevel))
				a.raw(`,"selector":{"line":`)
				a.out = strconv.AppendInt(a.out, int64(*e.Provenance.Selectors[0].Line), 10)
				a.raw(`}}`)
			}
			a.raw(`],"node":`)
		}
		a.raw(`{`)
		if err := fields(i, it.Node); err != nil {
			return err
		}
		a.raw(`}`)
		if a.evidence {
			a.raw(`}`)
		}
	}
	a.raw(`]}`)
	return nil
}

func (a *answerer) raw(s string) *answerer {
	a.out = append(a.out, s...)
	return a
}

// text writes a string; "" is null, as in Stemma's contract.
func (a *answerer) text(s string) *answerer {
	if s == "" {
		return a.raw("null")
	}
	a.out = append(a.out, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			a.out = append(a.out, '\\', c)
		case c < ' ':
			a.out = append(a.out, `\u00`...)
			a.out = append(a.out, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			a.out = append(a.out, c)
		}
	}
	a.out = append(a.out, '"')
	return a
}

func (a *answerer) quantity(q *kg.Quantity) *answerer {
	if q == nil {
		return a.raw("null")
	}
	a.raw(`{"value":`)
	a.out = strconv.AppendFloat(a.out, *q.Value, 'g', -1, 64)
	return a.raw(`,"unit":`).text(q.Unit).raw(`}`)
}
