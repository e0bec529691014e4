package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A replay makes one revision anew in an update: what is left of it is put and deleted by the store's own writer, so that names, indexes, counters and
// feed are right by construction.
type replay struct {
	*waiting
	ctx     context.Context
	w       *writer
	told    *told
	rev     storage.Revision
	put     map[kg.Key]bool // nodes that this revision put
	deleted map[kg.Key]bool // nodes that it deleted
	gone    map[kg.ID]bool  // nodes that were taken out of the graph
	todo    []kg.Key        // nodes that are still to be put
}

// waiting is what lasts from one revision to the next.
type waiting struct {
	*ledger
	pairs map[pairKey]waitingPair
	of    map[kg.Key]map[pairKey]bool // by the nodes that they wait for
}

// A waitingPair has the edges of a pair that can't be put because a node of it is lost: they come back with the node.
type waitingPair struct {
	subject, object kg.ID // "" when not known
	edges           []byte
}

func newWaiting() *waiting {
	return &waiting{ledger: newLedger(), pairs: map[pairKey]waitingPair{}, of: map[kg.Key]map[pairKey]bool{}}
}

func (x *waiting) hold(k pairKey, p waitingPair) {
	x.pairs[k] = p
	for _, node := range []kg.Key{k.subject, k.object} {
		if x.of[node] == nil {
			x.of[node] = map[pairKey]bool{}
		}
		x.of[node][k] = true
	}
}

func (x *waiting) release(k pairKey) {
	delete(x.pairs, k)
	for _, node := range []kg.Key{k.subject, k.object} {
		if delete(x.of[node], k); len(x.of[node]) == 0 {
			delete(x.of, node)
		}
	}
}

// run does what the revision did.
func (r *replay) run() error {
	for _, step := range []func() error{r.deleteNodes, r.putNodes, r.loseNodes, r.keepSources, r.putEdges, r.followFeed, r.keepSources, r.bringBack} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// deleteNodes takes out the nodes that the revision deleted.
func (r *replay) deleteNodes() error {
	for k, payload := range r.told.nodes {
		if payload == nil {
			r.deleted[k] = true
		}
	}
	for _, c := range r.told.changes {
		if c.Edge == nil && c.Op == storage.Delete && r.told.nodes[c.Node.Key()] == nil {
			r.deleted[c.Node.Key()] = true
		}
	}
	for _, k := range sortedKeys(r.deleted) {
		r.nodeKnown(k, r.rev)
		for pair := range maps.Clone(r.of[k]) { // the edges went with the node
			r.edgesKnown(pair, r.rev)
			r.release(pair)
		}
		n, err := r.w.nodeAt(k)
		if err != nil {
			return err
		}
		if n == nil {
			continue
		}
		if err := r.takeOut(n); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) takeOut(n kg.Node) error {
	id := n.Base().ID
	r.gone[id] = true
	_, err := r.w.deleteNode(r.ctx, id)
	return err
}

// putNodes puts the nodes of the revision. A name may pass from one to another, so the one that gives it up comes first.
func (r *replay) putNodes() error {
	for k, payload := range r.told.nodes {
		if payload != nil {
			r.todo = append(r.todo, k)
		}
	}
	slices.SortFunc(r.todo, compareNodeKeys)
	stripped := map[kg.Key]bool{}
	for len(r.todo) > 0 {
		k := r.todo[0]
		n, err := kg.Decode(r.told.nodes[k])
		if err != nil {
			return err
		}
		old, err := r.w.nodeAt(k)
		if err != nil {
			return err
		}
		if old != nil && old.Category() != n.Category() { // it was deleted in between, and that is lost
			if err := r.takeOut(old); err != nil {
				return err
			}
		}
		err = r.w.putNode(r.ctx, n)
		var taken *storage.TakenError
		var invalid kg.InvalidError
		switch {
		case err == nil:
			r.todo = r.todo[1:]
			r.put[k] = true
			delete(r.gone, n.Base().ID)
			r.nodeKnown(k, r.rev)
		case errors.As(err, &taken):
			if err := r.freeName(taken, stripped); err != nil {
				return err
			}
		case errors.As(err, &invalid):
			r.todo = r.todo[1:]
			r.node(k, Loss{What: LostNode, Revision: r.rev, ID: n.Base().ID, Category: n.Category(), Label: n.Base().Label, Last: n, Note: "it is not valid: " + err.Error()})
		default:
			return err
		}
	}
	return nil
}

// freeName takes a name from the node that has it, so that the one which the revision gave it to can be put.
func (r *replay) freeName(taken *storage.TakenError, stripped map[kg.Key]bool) error {
	owner := taken.Owner.Key()
	if payload := r.told.nodes[owner]; payload != nil && !stripped[owner] && slices.Contains(r.todo, owner) {
		stripped[owner] = true // its own turn comes, and then it has its names
		n, err := kg.Decode(payload)
		if err != nil {
			return err
		}
		n.Base().Aliases, n.Base().Xrefs = nil, nil
		var other *storage.TakenError
		if err = r.w.putNode(r.ctx, n); errors.As(err, &other) {
			return r.freeName(other, stripped)
		}
		return err
	}
	n, err := r.w.nodeAt(owner)
	if err != nil {
		return err
	}
	if n == nil {
		return taken
	}
	r.todo = slices.DeleteFunc(r.todo, func(k kg.Key) bool { return k == owner })
	return r.lose(n, fmt.Sprintf("it gave up its name %s, and what it became is lost", taken.Name))
}

// lose takes out a node whose state is known to be an older one. Its edges wait for it to come back.
func (r *replay) lose(n kg.Node, note string) error {
	id := n.Base().ID
	key := id.Key()
	r.node(key, Loss{What: LostNode, Revision: r.rev, ID: id, Category: n.Category(), Label: n.Base().Label, Last: n, Note: note})
	err := r.w.neighbours(r.ctx, key, func(way way, far kg.ID, edges []byte) error {
		k, p := pairKey{key, way.predicate, far.Key()}, waitingPair{id, far, bytes.Clone(edges)}
		if way.direction == reverse {
			k.subject, k.object = k.object, k.subject
			p.subject, p.object = p.object, p.subject
		}
		return r.holdBack(k, p, "a node of it is lost")
	})
	if err != nil {
		return err
	}
	return r.takeOut(n)
}

// holdBack has the edges of a pair wait.
func (r *replay) holdBack(k pairKey, p waitingPair, note string) error {
	if lost := r.lostNodes[k.subject]; p.subject == "" && lost != nil {
		p.subject = lost.ID
	}
	if lost := r.lostNodes[k.object]; p.object == "" && lost != nil {
		p.object = lost.ID
	}
	r.hold(k, p)
	predicate, _ := kg.PredicateOf(k.predicate)
	edges, err := kg.DecodeEdges(p.edges, p.subject, predicate, p.object)
	if err != nil {
		return nil //nolint:nilerr // what can't be decoded is not an edge
	}
	for i := range edges {
		e := edges[i].Key()
		if e.Subject == "" {
			e.Subject = kg.ID(k.subject.UUID())
		}
		if e.Object == "" {
			e.Object = kg.ID(k.object.UUID())
		}
		r.edge(k, r.rev, e, note)
	}
	return nil
}

// loseNodes takes out the nodes that the revision changed, and whose new state is lost.
func (r *replay) loseNodes() error {
	changed := maps.Clone(r.told.indexed)
	for _, c := range r.told.changes {
		if c.Edge == nil && c.Op == storage.Put {
			changed[c.Node] = indexed{c.Category, changed[c.Node].label}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		k := id.Key()
		if _, ok := r.told.nodes[k]; ok || r.deleted[k] {
			continue
		}
		n, err := r.w.nodeAt(k)
		if err != nil {
			return err
		}
		if n != nil {
			if err := r.lose(n, "its state since then is lost"); err != nil {
				return err
			}
			continue
		}
		r.node(k, Loss{What: LostNode, Revision: r.rev, ID: id, Category: changed[id].category, Label: changed[id].label})
	}
	return nil
}

// keepSources puts a bare Reference in the place of one that is lost, when something that is left names it as its source.
func (r *replay) keepSources() error {
	wanted := map[kg.ID]bool{}
	for id := range r.gone {
		if u, err := r.w.usesNow(id); err != nil {
			return err
		} else if u.now != (uses{}) {
			wanted[id] = true
		}
	}
	for k := range r.put {
		n, err := r.w.nodeAt(k)
		if err != nil {
			return err
		}
		for source := range sources(n) {
			wanted[source] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if err := r.keepSource(id); err != nil {
			return err
		}
	}
	return nil
}

// keepSource does so when the source is not there.
func (r *replay) keepSource(id kg.ID) error {
	n, err := r.w.node(id)
	if n != nil || err != nil {
		return err
	}
	k := id.Key()
	if r.lostNodes[k] == nil {
		r.node(k, Loss{What: LostNode, Revision: r.rev, ID: id, Category: kg.CategoryReference})
	}
	r.lostNodes[k].Note = "a Reference without content stands in its place, as others name it as their source"
	delete(r.gone, id)
	r.put[k] = true
	bare := &kg.Reference{Head: kg.Head{ID: id, Label: lostLabel, Provenance: []kg.Provenance{{
		Source: id, KnowledgeLevel: kg.LevelNotProvided, AgentType: kg.AgentNotProvided, RecordedAt: r.w.store.options.Now().UTC(),
	}}}, Type: kg.Record}
	var taken *storage.TakenError
	if err = r.w.putNode(r.ctx, bare); errors.As(err, &taken) {
		if err := r.freeName(taken, map[kg.Key]bool{}); err != nil {
			return err
		}
		return r.w.putNode(r.ctx, bare)
	}
	return err
}

// lostLabel is the label of a Reference of which nothing but its id is left.
const lostLabel = "(lost: the store was damaged)"

func sortedKeys(m map[kg.Key]bool) []kg.Key {
	return slices.SortedFunc(maps.Keys(m), compareNodeKeys)
}

func compareNodeKeys(a, b kg.Key) int { return bytes.Compare(a[:], b[:]) }
