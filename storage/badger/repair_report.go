package badger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A RepairReport says what is damaged in a store, what is lost with it, and what a repaired store has.
type RepairReport struct {
	Dir      string           `json:"dir"`
	Damage   []Damage         `json:"damage"` // empty for a store that needs no repair
	Newest   storage.Revision `json:"newest"` // the newest revision that the damaged store is known to have had
	Exact    storage.Revision `json:"exact"`  // up to this one the history is kept as it was; those after it are made anew of what is left of them
	Revision storage.Revision `json:"revision"`
	Nodes    int64            `json:"nodes"` // in the newest revision of the repaired store
	Edges    int64            `json:"edges"`
	Lost     []Loss           `json:"lost"`
	Repaired bool             `json:"repaired"`           // the repaired store is in place
	Kept     string           `json:"kept,omitempty"`     // where the damaged one is, when it is repaired
	Finished bool             `json:"finished,omitempty"` // nothing was read: a repair that had been cut short was brought to its end
}

// The kinds of what may be lost.
const (
	LostRevision = "revision" // all that it changed
	LostChanges  = "changes"  // some of what a revision changed, and nothing says what
	LostNode     = "node"     // or one state of it
	LostEdge     = "edge"     // or one state of it
	LostRelease  = "release"
	LostAudit    = "audit"
)

// A Loss is one thing that a repair can't bring back.
type Loss struct {
	What     string           `json:"what"`
	Revision storage.Revision `json:"revision"`        // that brought it
	Until    storage.Revision `json:"until,omitempty"` // the revision from which on it is known again; 0 when the newest lacks it
	ID       kg.ID            `json:"id,omitempty"`    // of a node
	Category kg.Category      `json:"category,omitempty"`
	Label    string           `json:"label,omitempty"` // folded when only an index has it
	Last     kg.Node          `json:"last,omitempty"`  // the newest state of the node that can be read, which is not current
	Edge     *kg.EdgeKey      `json:"edge,omitempty"`
	Time     *time.Time       `json:"time,omitempty"` // of a revision
	Author   string           `json:"author,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Note     string           `json:"note,omitempty"`
}

func (l Loss) String() string {
	var b strings.Builder
	switch l.What {
	case LostNode:
		fmt.Fprintf(&b, "node %s", l.ID)
		if l.Category != "" {
			fmt.Fprintf(&b, " (%s)", l.Category)
		}
		if l.Label != "" {
			fmt.Fprintf(&b, " %q", l.Label)
		}
		fmt.Fprintf(&b, ", as of revision %d", l.Revision)
	case LostEdge:
		e := l.Edge
		fmt.Fprintf(&b, "edge %s %s", e.Subject, e.Predicate)
		if e.Role != "" {
			fmt.Fprintf(&b, " (%s)", e.Role)
		}
		fmt.Fprintf(&b, " %s from %s, as of revision %d", e.Object, e.Source, l.Revision)
	case LostRelease:
		fmt.Fprintf(&b, "the name of revision %d", l.Revision)
		if l.Revision == 0 {
			b.Reset()
			b.WriteString("names of revisions")
		}
	case LostAudit:
		b.WriteString("audit log")
		if l.Revision > 0 {
			fmt.Fprintf(&b, ", from revision %d on", l.Revision)
		}
	default:
		fmt.Fprintf(&b, "revision %d", l.Revision)
		if l.Time != nil {
			fmt.Fprintf(&b, " of %s", l.Time.Format(time.RFC3339))
		}
		if l.Author != "" {
			fmt.Fprintf(&b, " by %s", l.Author)
		}
		if l.Reason != "" {
			fmt.Fprintf(&b, " (%s)", l.Reason)
		}
	}
	if l.Note != "" {
		b.WriteString(": " + l.Note)
	}
	if l.Until > 0 {
		fmt.Fprintf(&b, "; known again from revision %d on", l.Until)
	}
	return b.String()
}

// Counts sums up what is lost, in words; what is lost of the history alone is counted apart.
func (r *RepairReport) Counts() string {
	now, past := map[string]int{}, 0
	for _, l := range r.Lost {
		if l.Until > 0 {
			past++
		} else {
			now[l.What]++
		}
	}
	var parts []string
	for _, k := range []struct{ what, one, many string }{
		{LostRevision, "whole revision", "whole revisions"}, {LostChanges, "revision in part", "revisions in part"}, {LostNode, "node", "nodes"}, {LostEdge, "edge", "edges"},
		{LostRelease, "name of a revision", "names of revisions"}, {LostAudit, "part of the audit log", "parts of the audit log"},
	} {
		switch n := now[k.what]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+k.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, k.many))
		}
	}
	if past > 0 {
		parts = append(parts, plural(past, "earlier state")+" of nodes and edges")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// A ledger gathers losses while revisions are made anew.
type ledger struct {
	all       []*Loss
	lostNodes map[kg.Key]*Loss // whose present state is lost
	lostEdges map[pairKey][]*Loss
}

func newLedger() *ledger {
	return &ledger{lostNodes: map[kg.Key]*Loss{}, lostEdges: map[pairKey][]*Loss{}}
}

func (l *ledger) add(loss Loss) *Loss {
	l.all = append(l.all, &loss)
	return l.all[len(l.all)-1]
}

// node notes that the state of a node since a revision is lost.
func (l *ledger) node(key kg.Key, loss Loss) {
	l.nodeKnown(key, loss.Revision)
	l.lostNodes[key] = l.add(loss)
}

// nodeKnown notes that from a revision on the state of a node is known.
func (l *ledger) nodeKnown(key kg.Key, rev storage.Revision) {
	if open := l.lostNodes[key]; open != nil {
		open.Until = rev
		delete(l.lostNodes, key)
	}
}

// edge notes that the state of an edge since a revision is lost.
func (l *ledger) edge(k pairKey, rev storage.Revision, e kg.EdgeKey, note string) {
	for i, open := range l.lostEdges[k] {
		if *open.Edge == e {
			open.Until = rev
			l.lostEdges[k] = slices.Delete(l.lostEdges[k], i, i+1)
			break
		}
	}
	l.lostEdges[k] = append(l.lostEdges[k], l.add(Loss{What: LostEdge, Revision: rev, Edge: &e, Note: note}))
}

// edgesKnown notes that from a revision on all edges of a pair are known.
func (l *ledger) edgesKnown(k pairKey, rev storage.Revision) {
	for _, open := range l.lostEdges[k] {
		open.Until = rev
	}
	delete(l.lostEdges, k)
}

// list returns all, what comes first first. What was lost and known again within one revision never was lost.
func (l *ledger) list() []Loss {
	out := make([]Loss, 0, len(l.all))
	for _, loss := range l.all {
		if loss.Until == 0 || loss.Until > loss.Revision {
			out = append(out, *loss)
		}
	}
	order := []string{LostRevision, LostChanges, LostNode, LostEdge, LostRelease, LostAudit}
	slices.SortStableFunc(out, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.What), slices.Index(order, b.What)), cmp.Compare(a.Revision, b.Revision))
	})
	return out
}
