package badger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// repairAuthor is the author of what a repair adds to the history.
const repairAuthor = "stemma repair"

// build makes a store in dir out of the salvage, proves it and closes it, and fills in the report.
func (s *salvage) build(ctx context.Context, p *plan, dir string, o Options, report *RepairReport) (err error) {
	o = Options{Logger: o.Logger, MinFreeBytes: o.MinFreeBytes, MemTableBytes: o.MemTableBytes, keepEmpty: true, unsynced: true}
	now := time.Now()
	o.Now = func() time.Time { return now }
	if p.exact > 0 {
		if err := s.keepExact(ctx, p, dir, o); err != nil {
			return err
		}
	}
	store, err := Open(dir, o)
	if err != nil {
		return fmt.Errorf("open what is repaired: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	b := &builder{from: s, plan: p, store: store, waiting: newWaiting(), now: &now}
	if err := b.history(ctx); err != nil {
		return err
	}
	report.Exact, report.Newest, report.Lost = p.exact, p.newest, b.list()
	if p.newest > p.exact {
		now = time.Now()
		reason := fmt.Sprintf("The store was damaged: revisions after %d are made anew of what was left of them. Lost: %s.", p.exact, report.Counts())
		if _, err := store.Update(ctx, storage.Commit{Author: repairAuthor, Reason: reason}, func(storage.Writer) error { return nil }); err != nil {
			return err
		}
	}
	var first string
	result, err := store.Check(ctx, func(p storage.Problem) {
		if first == "" {
			first = p.String()
		}
	})
	if err == nil && result.Problems > 0 {
		err = fmt.Errorf("%w: %s in what is repaired; the first: %s", errUnproven, plural(result.Problems, "problem"), first)
	}
	report.Revision, report.Nodes, report.Edges = result.Revision, result.Nodes, result.Edges
	return errors.Join(err, store.mark.move(acknowledged{result.Revision, uint64(len(store.releases))}))
}

var errUnproven = errors.New("the repaired store is not whole")

// keepExact copies the history up to the revision up to which it is whole.
func (s *salvage) keepExact(ctx context.Context, p *plan, dir string, o Options) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return unwritable(filepath.Dir(dir), err)
	}
	if err := writeMarker(dir, marker{Format: Format, Engine: engine, State: stateNew}); err != nil {
		return unwritable(dir, err)
	}
	db, err := openBadger(o.withDefaults().badgerOptions(dir).WithSyncWrites(false), logger{o.withDefaults().Logger}) // all is synced below
	if err != nil {
		return err
	}
	batch := db.NewManagedWriteBatch()
	defer batch.Cancel()
	probe, n := &Store{dir: dir, options: o.withDefaults()}, 0
	err = s.each(1, p.timestamp(p.exact), func(ts uint64, key, value []byte, ok bool) error {
		if n++; n&0xfff == 0 {
			if err := errors.Join(ctx.Err(), probe.roomFor(0)); err != nil {
				return err
			}
		}
		if !p.keeps(key, value) {
			return nil
		}
		if value == nil {
			return batch.DeleteAt(key, ts)
		}
		return batch.SetEntryAt(badgerdb.NewEntry(key, value), ts)
	})
	for rev, name := range p.named { // the audit log has them too
		if key := revisionKey(tableRelease, rev); rev < p.exact && err == nil {
			err = batch.SetEntryAt(badgerdb.NewEntry(key, seal(key, []byte(name))), p.timestamp(rev))
		}
	}
	if err == nil {
		err = errors.Join(batch.Flush(), db.Sync())
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy what is whole: %w", outOfSpace(err))
	}
	return writeMarker(dir, marker{Format: Format, Engine: engine, State: stateClosed, Revision: p.exact})
}

// keeps tells whether an entry of the exact part stays. Rows of the audit log behind a missing one do not, and a name that the newest exact revision was
// given is given again: its row may be missing.
func (p *plan) keeps(key, value []byte) bool {
	switch key[0] {
	case tableAudit:
		row, err := storage.ParseAuditRow(value[envelopeLength:])
		return err == nil && row.Row <= p.row
	case tableRelease:
		rev, err := revisionOf(key)
		return err == nil && (rev < p.exact || p.head.Row == 0)
	}
	return true
}

// A builder makes the revisions anew that are not whole.
type builder struct {
	from *salvage
	*plan
	*waiting
	store   *Store
	now     *time.Time // what the store takes for the time
	without int        // rows of the audit log that have lost who wrote, from where
}

// history goes through the revisions after those that are exact.
func (b *builder) history(ctx context.Context) error {
	if err := b.names(ctx, b.exact, nil); err != nil {
		return err
	}
	for rev := b.exact + 1; rev <= b.newest; rev++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		t, err := b.from.told(rev, b.timestamp(rev))
		if err != nil {
			return err
		}
		if err := b.revision(ctx, t); err != nil {
			return fmt.Errorf("make revision %d anew: %w", rev, err)
		}
		if err := b.names(ctx, rev, t.rows); err != nil {
			return err
		}
	}
	if b.rows > b.row {
		note := fmt.Sprintf("rows from number %d on are sealed anew, as what they seal was made anew", b.row+1)
		if b.without > 0 {
			note += fmt.Sprintf("; %s lost the token and the address of the writer", plural(b.without, "row"))
		}
		b.add(Loss{What: LostAudit, Revision: b.exact + 1, Note: note})
	}
	if b.left > 0 {
		b.add(Loss{What: LostRevision, Revision: b.left, Note: "it is not all there, and nothing says that it was acknowledged: it is left out"})
	}
	named := uint64(0)
	for rev := range b.named {
		if rev <= b.newest {
			named++
		}
	}
	if b.from.mark != nil && named < b.from.mark.releases {
		b.add(Loss{What: LostRelease, Note: fmt.Sprintf("%d of %d", b.from.mark.releases-named, b.from.mark.releases)})
	}
	return nil
}

// names gives a revision the name that it had; it is the newest.
func (b *builder) names(ctx context.Context, rev storage.Revision, rows []storage.AuditRow) error {
	name, ok := b.named[rev]
	if !ok || b.released(rev) == name {
		return nil
	}
	c := storage.Commit{Author: repairAuthor, Reason: "The name was found, and who gave it was not."}
	for _, row := range rows {
		c = storage.Commit{Author: row.Author, Reason: row.Reason, Token: row.Token, From: row.From}
		*b.now = row.Time
	}
	_, err := b.store.Release(ctx, c, name)
	if len(rows) > 0 {
		b.sealed(&rows[len(rows)-1])
	}
	return err
}

func (b *builder) released(rev storage.Revision) string {
	return b.store.released(storage.RevisionInfo{Revision: rev}).Release
}

// revision makes one anew.
func (b *builder) revision(ctx context.Context, t *told) error {
	c, nanos := t.commit()
	if nanos > 0 {
		*b.now = time.Unix(0, nanos).UTC()
	} else {
		*b.now = time.Unix(0, b.store.head.Load().Time).UTC()
	}
	if t.record == nil && t.row == nil {
		c = storage.Commit{Author: repairAuthor, Reason: "Who made this revision, and why, is lost."}
	}
	_, err := b.store.Update(ctx, c, func(w storage.Writer) error {
		r := &replay{waiting: b.waiting, ctx: ctx, w: w.(*writer), told: t, rev: t.revision, put: map[kg.Key]bool{}, deleted: map[kg.Key]bool{}, gone: map[kg.ID]bool{}}
		return r.run()
	})
	if err != nil {
		return err
	}
	if b.exact == t.revision-1 && b.sealed(t.row) { // the seal is over all that it wrote: this is what it was
		b.exact = t.revision
		return nil
	}
	if t.row == nil {
		b.without++
	}
	b.missing(t, c, nanos)
	return nil
}

// sealed tells whether the newest row of the audit log is the one that it was, and notes it.
func (b *builder) sealed(was *storage.AuditRow) bool {
	if was == nil || b.store.row.Seal != was.Seal {
		return false
	}
	b.row = was.Row
	return true
}

// missing notes what of a revision is lost without a name.
func (b *builder) missing(t *told, c storage.Commit, nanos int64) {
	if t.complete() || t.whole() {
		return
	}
	loss := Loss{What: LostChanges, Revision: t.revision, Author: c.Author, Reason: c.Reason}
	if nanos > 0 {
		at := time.Unix(0, nanos).UTC()
		loss.Time = &at
	}
	known := map[kg.Key]bool{}
	for k := range t.nodes {
		known[k] = true
	}
	for id := range t.indexed {
		known[id.Key()] = true
	}
	for _, ch := range t.changes {
		if ch.Edge == nil {
			known[ch.Node.Key()] = true
		}
	}
	nodes, edges, counted := t.changed()
	switch {
	case len(known) == 0 && len(t.pairs) == 0 && len(t.changes) == 0:
		loss.What = LostRevision
		if counted {
			loss.Note = fmt.Sprintf("it changed %s and %s", plural(nodes, "node"), plural(edges, "edge"))
		}
	case counted && len(known) >= nodes && edges == 0:
		return
	case counted:
		loss.Note = fmt.Sprintf("it changed %s and %s, of which %s and the edges of %s of nodes can be told; what else it changed may be shown as it was before", plural(nodes, "node"), plural(edges, "edge"), plural(len(known), "node"), plural(len(t.pairs), "pair"))
	default:
		loss.Note = "what it changed is known in part; what else it changed may be shown as it was before"
	}
	b.add(loss)
}
