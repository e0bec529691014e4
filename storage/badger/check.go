package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// Check reads every version of everything, computes from nodes and edges what names, indexes, counters, mirrors and the feed should
// be at the head, and compares. It runs beside readers and writers.
func (s *Store) Check(ctx context.Context, report func(storage.Problem)) (storage.CheckResult, error) {
	return s.check(ctx, report, (*checker).tables, (*checker).values, (*checker).nodes, (*checker).edges, (*checker).sums, (*checker).surplus, (*checker).feed, (*checker).audit)
}

// CheckAudit reads every version of everything, for what each revision wrote, and holds the audit log against it.
func (s *Store) CheckAudit(ctx context.Context, report func(storage.Problem)) error {
	_, err := s.check(ctx, report, (*checker).values, (*checker).audit)
	return err
}

func (s *Store) check(ctx context.Context, report func(storage.Problem), steps ...func(*checker) error) (_ storage.CheckResult, err error) {
	if err := s.enter(ctx); err != nil {
		return storage.CheckResult{}, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	h := s.head.Load()
	r := s.read(h, h.Revision)
	defer r.end()
	all := s.db.NewTransactionAt(h.last(), false)
	defer s.discard(all)
	c := &checker{ctx: ctx, store: s, reader: r, all: all, report: report, result: storage.CheckResult{Revision: h.Revision},
		versions: map[storage.Revision]int{}, counts: map[kg.Category]uint64{}, uses: map[kg.ID]uses{}, entries: map[byte]int64{}, wanted: map[byte]int64{}, contents: map[storage.Revision]content{}}
	for _, step := range steps {
		if err := step(c); err != nil {
			return c.result, err
		}
	}
	return c.result, nil
}

// A checker is one run of Check.
type checker struct {
	ctx    context.Context
	store  *Store
	reader *reader       // of the head
	all    *badgerdb.Txn // of everything, also of what is burnt
	report func(storage.Problem)
	result storage.CheckResult

	versions map[storage.Revision]int // node entries written, by revision
	counts   map[kg.Category]uint64
	uses     map[kg.ID]uses
	entries  map[byte]int64 // of the head, by table
	wanted   map[byte]int64 // as computed
	contents map[storage.Revision]content
}

func (c *checker) problem(where, format string, args ...any) {
	c.result.Problems++
	c.report(storage.Problem{Where: where, What: fmt.Sprintf(format, args...)})
}

// want compares the payload of a key with what it should be; nil stands for no entry.
func (c *checker) want(key, want []byte, why string) {
	got, err := c.reader.get(key)
	switch {
	case err != nil:
		c.problem(describe(key), "%v", err)
	case got == nil && want != nil:
		c.problem(describe(key), "it is missing, but %s", why)
	case got != nil && want == nil:
		c.problem(describe(key), "it is there, but %s", why)
	case !bytes.Equal(got, want):
		c.problem(describe(key), "it is %x, but %s: want %x", got, why, want)
	}
	if want != nil {
		c.wanted[key[0]]++
	}
}

// each calls fn with every entry of a table at the head. What fn returns as an error is reported as a problem.
func (c *checker) each(table byte, fn func(key, payload []byte) error) error {
	it := c.reader.txn.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{table}})
	defer it.Close()
	n := 0
	for it.Rewind(); it.Valid(); it.Next() {
		if n++; n&0xff == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		key := it.Item().KeyCopy(nil)
		if err := payloadOf(it.Item(), func(p []byte) error { return fn(key, p) }); err != nil {
			c.problem(describe(key), "%v", err)
		}
	}
	return nil
}

// tables has Badger read every block of every table: an iterator takes a damaged block for the end of the table.
func (c *checker) tables() error {
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%.500v", p)
			}
		}()
		return c.store.db.VerifyChecksum()
	}()
	if err != nil {
		logger{c.store.log}.inside("check the tables: %v", err)
		c.problem("tables", "%s: %s; restore a backup", damagedFile(err), brokenFile)
	}
	return nil
}

// values opens the envelope of every version of every entry.
func (c *checker) values() error {
	it := c.all.NewIterator(badgerdb.IteratorOptions{AllVersions: true})
	defer it.Close()
	var last []byte
	var counted uint64
	for it.Rewind(); it.Valid(); it.Next() {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		item := it.Item()
		c.result.Entries++
		if !ownCount(item.Key()) {
			counted++
		}
		rev, ok := c.reader.head.revision(item.Version())
		if key := item.Key(); key[0] == tableNode && ok {
			c.versions[rev]++
		} else if !slices.Contains(tables, key[0]) {
			c.problem(describe(key), "there is no such table")
		}
		newest := !bytes.Equal(last, item.Key())
		last = item.KeyCopy(last)
		var digest content
		if ok {
			if digest, ok = c.contents[rev]; !ok {
				digest = newContent()
				c.contents[rev] = digest
			}
		} else {
			digest = newContent() // of what was undone: nobody asks for it
		}
		if item.IsDeletedOrExpired() {
			digest.add(last, nil)
			continue
		}
		if newest {
			c.entries[last[0]]++
		}
		if err := payloadOf(item, func(p []byte) error { digest.add(last, p); return nil }); err != nil {
			c.problem(describe(item.Key()), "version of timestamp %d: %v", item.Version(), err)
		}
	}
	if total := c.reader.head.Total; total > 0 && counted != total {
		c.problem("tables", "they hold %d entries, and %d were written", counted, total)
	}
	return nil
}

// nodes compares every node with its names and index entries.
func (c *checker) nodes() error {
	return c.each(tableNode, func(key, p []byte) error {
		n, err := kg.Decode(p)
		if err != nil {
			return err
		}
		c.result.Nodes++
		c.wanted[tableNode]++
		id := n.Base().ID
		for _, f := range n.Base().Sources() {
			source, err := c.reader.node(f.Source)
			if err != nil {
				return err
			}
			if wrong := f.Refuse(id, source); wrong != nil {
				c.problem(describe(key), "%v", wrong)
			}
		}
		if !bytes.Equal(nodeKey(id), key) {
			return fmt.Errorf("it holds %s, whose key is another", id)
		}
		c.counts[n.Category()]++
		for source := range sources(n) {
			u := c.uses[source]
			u.nodes++
			c.uses[source] = u
		}
		for name := range names(n) {
			c.want(nameKey(name), []byte(id), "the node "+string(id)+" has the name")
		}
		for k := range indexKeys(n) {
			c.want([]byte(k), []byte{}, "the node "+string(id)+" has the term")
		}
		return nil
	})
}

// edges compares every entry with its mirror, its nodes and their degrees.
func (c *checker) edges() error {
	var near kg.Key
	var node kg.Node
	d := degrees{}
	flush := func() {
		if len(d) > 0 {
			c.want(keyed(tableDegree, near), d.encode(), "the edges say otherwise")
		}
		d = degrees{}
	}
	err := c.each(tableEdge, func(key, p []byte) error {
		k, w, rank, far, ok := cutEdgeKey(key)
		if !ok {
			return errors.New("the key is malformed")
		}
		c.wanted[tableEdge]++
		if k != near || node == nil {
			flush()
			near = k
			var err error
			if node, err = c.reader.nodeAt(k); err != nil {
				return err
			}
		}
		d[w]++
		if node == nil {
			return errors.New("the near node is not there")
		}
		return c.edge(key, p, node, w, rank, far)
	})
	flush()
	return err
}

// edge checks one entry of a list of edges.
func (c *checker) edge(key, payload []byte, near kg.Node, w way, rank string, farID kg.ID) error {
	far, err := c.reader.node(farID)
	if err != nil {
		return err
	}
	p, ok := kg.PredicateOf(w.predicate)
	switch {
	case far == nil:
		return errors.New("the far node is not there")
	case far.Rank() != rank:
		return fmt.Errorf("the far node has the rank %q", far.Rank())
	case !ok:
		return fmt.Errorf("there is no predicate %d", w.predicate)
	}
	c.want(edgeKey(farID.Key(), w.mirror(), near.Rank(), near.Base().ID), payload, "the other end has the edges")
	c.wanted[tableEdge]-- // the mirror has its own turn
	if w.direction == reverse {
		return nil
	}
	edges, err := kg.DecodeEdges(payload, near.Base().ID, p, farID)
	if err != nil {
		return err
	}
	if len(edges) == 0 || !slices.IsSortedFunc(edges, compareWithinPair) {
		return errors.New("the edges are none, or out of order")
	}
	if err := p.Fits(near.Category(), far.Category()); err != nil {
		return err
	}
	for _, e := range edges {
		c.result.Edges++
		u := c.uses[e.Provenance.Source]
		u.edges++
		c.uses[e.Provenance.Source] = u
		if u.edges > 1 {
			continue
		}
		source, err := c.reader.node(e.Provenance.Source)
		if err != nil {
			return err
		}
		if wrong := (kg.SourceField{Field: "provenance.source", Source: e.Provenance.Source}).Refuse(e.Subject, source); wrong != nil {
			return wrong
		}
	}
	return nil
}

// sums compares the counters.
func (c *checker) sums() error {
	for _, category := range kg.Categories() {
		c.want(countKey(category), encodeCount(c.counts[category]), "the nodes say otherwise")
	}
	for source, u := range c.uses {
		c.want(keyed(tableUse, source.Key()), u.encode(), "the nodes and edges say otherwise of "+string(source))
	}
	return nil
}

// surplus looks for entries that nothing asks for. What is asked for has been found, so it only looks where there are more.
func (c *checker) surplus() error {
	known := map[byte]func(key, payload []byte) error{
		tableName: func(key, id []byte) error {
			n, err := c.reader.node(kg.ID(id))
			if err == nil && (n == nil || !names(n)[kg.ID(key[1:])]) {
				err = fmt.Errorf("the node %s is not there, or has not this name", id)
			}
			return err
		},
		tableTerm: func(key, _ []byte) error {
			_, _, _, _, id, ok := cutTermKey(key)
			if !ok {
				return errors.New("the key is malformed")
			}
			n, err := c.reader.node(id)
			if err == nil && !indexKeys(n)[string(key)] {
				err = fmt.Errorf("the node %s is not there, or has not this value", id)
			}
			return err
		},
		tableDegree: func(key, _ []byte) error {
			sc := c.reader.scanner([]byte{tableEdge}, false)
			defer sc.close()
			list := append([]byte{tableEdge}, key[1:]...)
			if sc.start(list, list, end(list)); !sc.valid() {
				return errors.New("the node has no edges")
			}
			return nil
		},
		tableUse: func(key, _ []byte) error {
			for source := range c.uses {
				if bytes.Equal(keyed(tableUse, source.Key()), key) {
					return nil
				}
			}
			return errors.New("nothing names it as its source")
		},
		tableCount: func(key, _ []byte) error {
			if category, ok := kg.CategoryOf(key[len(key)-1]); !ok || c.counts[category] == 0 {
				return errors.New("there are no such nodes")
			}
			return nil
		},
	}
	for table, fn := range known {
		if c.entries[table] == c.wanted[table] {
			continue
		}
		if err := c.each(table, fn); err != nil {
			return err
		}
	}
	return nil
}

// feed compares the commits with the feed, and the feed with the versions of nodes.
func (c *checker) feed() error {
	head := c.reader.head
	var chunks int64
	var last int64
	for rev := storage.Revision(1); rev <= head.Revision; rev++ {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		where := describe(revisionKey(tableRevision, rev))
		record, err := c.store.readCommit(c.all, rev)
		if err != nil {
			c.problem(where, "%v", err)
			continue
		}
		if record.Time < last {
			c.problem(where, "it was committed before the one before it")
		}
		last = record.Time
		chunks += int64(record.Chunks)
		change, err := c.store.readChange(c.all, rev)
		if err != nil {
			c.problem(where, "%v", err)
			continue
		}
		c.change(where, change)
	}
	if n := c.entries[tableRevision]; n != int64(head.Revision) {
		c.problem("revisions", "there are %d records of %d revisions", n, head.Revision)
	}
	if n := c.entries[tableChange]; n != chunks {
		c.problem("changes", "there are %d entries: the revisions have %d", n, chunks)
	}
	return c.each(tableRelease, func(key, _ []byte) error {
		if rev, err := revisionOf(key); err != nil || rev == 0 || rev > head.Revision {
			return errors.New("there is no such revision")
		}
		return nil
	})
}

// change compares one commit with what it wrote.
func (c *checker) change(where string, change storage.Change) {
	ts := c.reader.head.timestamp(change.Revision)
	txn := c.store.db.NewTransactionAt(ts, false)
	defer c.store.discard(txn)
	nodes, edges := 0, 0
	for _, ch := range change.Changed {
		if ch.Edge != nil {
			edges++
			continue
		}
		nodes++
		item, err := txn.Get(nodeKey(ch.Node))
		switch {
		case ch.Op == storage.Put && (err != nil || item.Version() != ts):
			c.problem(where, "it put the node %s, which has no version of it", ch.Node)
		case ch.Op == storage.Delete && !errors.Is(err, badgerdb.ErrKeyNotFound):
			c.problem(where, "it deleted the node %s, which is there", ch.Node)
		}
	}
	if nodes != change.Nodes || edges != change.Edges {
		c.problem(where, "its feed has %d nodes and %d edges: the record says %d and %d", nodes, edges, change.Nodes, change.Edges)
	}
	if n := c.versions[change.Revision]; n != nodes {
		c.problem(where, "%d nodes have a version of it: its feed has %d", n, nodes)
	}
}
