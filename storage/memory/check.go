package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// Check proves, at every revision, that edges join living nodes that fit, that names belong to one node, and that the
// versions of nodes and edges are those that the commits tell of.
func (s *Store) Check(ctx context.Context, report func(storage.Problem)) (storage.CheckResult, error) {
	if err := s.usable(ctx); err != nil {
		return storage.CheckResult{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	result := storage.CheckResult{Revision: s.head()}
	problem := func(where, format string, args ...any) {
		result.Problems++
		report(storage.Problem{Where: where, What: fmt.Sprintf(format, args...)})
	}

	versions := 0
	for id, list := range s.nodes {
		versions += len(list)
		for i, v := range list {
			if i > 0 && v.revision <= list[i-1].revision {
				problem(string(id), "version %d follows version %d", v.revision, list[i-1].revision)
			}
			if v.node == nil {
				continue
			}
			if err := v.node.Validate(); err != nil {
				problem(string(id), "at revision %d: %v", v.revision, err)
			}
			if b, err := kg.Encode(v.node); err != nil || string(b) != v.stored {
				problem(string(id), "was changed after it was put at revision %d (%v)", v.revision, err)
			}
		}
	}
	for _, list := range s.edges {
		versions += len(list)
	}

	for i, c := range s.commits {
		if err := ctx.Err(); err != nil {
			return result, err
		}
		if want := storage.Revision(i + 1); c.Revision != want {
			problem("commits", "revision %d stands where %d should", c.Revision, want)
		}
		s.checkCommit(&reader{store: s, revision: c.Revision}, c, problem)
		versions -= len(c.Changed)
		result.Entries += int64(len(c.Changed))
	}
	if versions != 0 {
		problem("commits", "there are %d versions more than the commits tell of", versions)
	}
	head := &reader{store: s, revision: s.head()}
	head.all(func(kg.Node) { result.Nodes++ })
	head.allEdges(func(*kg.Edge) { result.Edges++ })
	return result, nil
}

// checkCommit proves one commit, and what it touched.
func (s *Store) checkCommit(r *reader, c storage.Change, problem func(where, format string, args ...any)) {
	nodes := 0
	for _, ch := range c.Changed {
		if ch.Edge != nil {
			if v := r.edge(*ch.Edge); v.revision != c.Revision || (v.edge == nil) != (ch.Op == storage.Delete) {
				problem(fmt.Sprint(*ch.Edge), "its version at revision %d is not the %s that the commit tells of", c.Revision, ch.Op)
			}
			continue
		}
		nodes++
		v := r.node(ch.Node)
		if v.revision != c.Revision || (v.node == nil) != (ch.Op == storage.Delete) {
			problem(string(ch.Node), "its version at revision %d is not the %s that the commit tells of", c.Revision, ch.Op)
		}
		if v.node == nil {
			if left := r.edgesOf(ch.Node); len(left) > 0 {
				problem(string(ch.Node), "was deleted at revision %d and still has %d edges", c.Revision, len(left))
			}
			continue
		}
		for _, f := range v.node.Base().Sources() {
			if wrong := f.Refuse(ch.Node, r.node(f.Source).node); wrong != nil {
				problem(string(ch.Node), "at revision %d: %v", c.Revision, wrong)
			}
		}
		for _, name := range v.node.Base().Names() {
			for _, id := range s.names[name] {
				if n := r.node(id).node; id != ch.Node && n != nil && slices.Contains(n.Base().Names(), name) {
					problem(string(name), "is a name of both %s and %s at revision %d", ch.Node, id, c.Revision)
				}
			}
		}
		for _, e := range r.edgesOf(ch.Node) {
			subject, object := r.node(e.Subject).node, r.node(e.Object).node
			switch {
			case subject == nil || object == nil || r.node(e.Provenance.Source).node == nil:
				problem(fmt.Sprint(e.Key()), "an end or the source is missing at revision %d", c.Revision)
			case r.node(e.Provenance.Source).node.Category() != kg.CategoryReference:
				problem(fmt.Sprint(e.Key()), "its source is no %s", kg.CategoryReference)
			case e.Predicate.Fits(subject.Category(), object.Category()) != nil:
				problem(fmt.Sprint(e.Key()), "%v", e.Predicate.Fits(subject.Category(), object.Category()))
			}
		}
	}
	if nodes != c.Nodes || len(c.Changed)-nodes != c.Edges {
		problem("commits", "revision %d counts %d nodes and %d edges and tells of %d and %d", c.Revision, c.Nodes, c.Edges, nodes, len(c.Changed)-nodes)
	}
}
