package badger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// chunkOfChanges is how many changes one entry of the feed holds at most.
const chunkOfChanges = 500

// An entry is what a commit writes at one key: a sealed value, nil to delete it.
type entry struct {
	key, value []byte
}

// finish ends the writer's calls: what fn started must not write any more.
func (w *writer) finish() {
	w.life.Lock()
	w.over = true
	w.life.Unlock()
}

// commit writes what the update changed as the revision after h, and moves the head. The caller has the turn.
func (s *Store) commit(h *head, c storage.Commit, w *writer) (storage.Revision, error) {
	w.tally()
	changed, err := w.changed()
	if err != nil {
		return 0, err
	}
	if len(changed) == 0 && !s.options.keepEmpty {
		return h.Revision, nil
	}
	next := &head{Revision: h.Revision + 1, Time: max(s.options.Now().UnixNano(), h.Time), Burnt: h.Burnt, Total: h.Total, Row: s.row.Row + 1}
	entries, row, err := s.entries(next, c, changed, w.overlay)
	if err != nil {
		return 0, err
	}
	var size int64
	for _, e := range entries {
		size += int64(len(e.key) + len(e.value))
	}
	if err := s.roomFor(3 * size); err != nil { // in the log, in a table, and in the table that it is merged into
		if !s.full {
			s.log.Warn("a commit was refused, and others will be until there is room", "err", err)
		}
		s.full = true
		return 0, err
	}
	s.full = false
	if err := s.allocateLog(); err != nil {
		return 0, err
	}
	err = s.write(h.last()+1, entries)
	if err == nil {
		err = s.acknowledge(acknowledged{next.Revision, s.mark.says.releases})
	}
	if err != nil {
		return 0, s.fail(fmt.Errorf("commit revision %d: %w", next.Revision, err))
	}
	s.publish(next, changed, row)
	return next.Revision, nil
}

// entries returns all that a commit writes, the head last, and the row of the audit log that is among it.
func (s *Store) entries(next *head, c storage.Commit, changed []storage.Changed, o *overlay) ([]entry, storage.AuditRow, error) {
	record := commitRecord{Time: next.Time, Author: c.Author, Reason: c.Reason}
	for _, ch := range changed {
		if ch.Edge == nil {
			record.Nodes++
		} else {
			record.Edges++
		}
	}
	keys := o.changes()
	entries := make([]entry, 0, len(keys)+4)
	add := func(key, payload []byte) {
		e := entry{key: key}
		if payload != nil {
			e.value = seal(key, payload)
		}
		entries = append(entries, e)
	}
	for _, k := range keys {
		add([]byte(k), o.entries[k].now)
	}
	for len(changed) > 0 {
		n := min(len(changed), chunkOfChanges)
		chunk := make([]changeRecord, n)
		for i := range chunk {
			chunk[i] = recordOf(changed[i])
		}
		b, err := records.Marshal(chunk)
		if err != nil {
			return nil, storage.AuditRow{}, err
		}
		add(changeKey(next.Revision, record.Chunks), b)
		record.Chunks++
		changed = changed[n:]
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	row, line, err := s.nextRow(storage.AuditRow{
		Action: storage.AuditCommit, Revision: next.Revision, Time: time.Unix(0, next.Time).UTC(), Nodes: record.Nodes, Edges: record.Edges, Content: contentOf(entries),
	}, c)
	if err != nil {
		return nil, row, err
	}
	next.Entries = uint64(len(entries) + 2) // a record and the head are still to come, and the row has its own count
	next.Total += next.Entries
	add(auditKey(row.Row), line)
	for _, r := range []struct {
		key   []byte
		value any
	}{{revisionKey(tableRevision, next.Revision), record}, {headKey, next}} {
		b, err := records.Marshal(r.value)
		if err != nil {
			return nil, row, err
		}
		add(r.key, b)
	}
	return entries, row, nil
}

// write puts entries on disk at one timestamp. What is too much for one of Badger's transactions goes into several, in order: so
// the head, which is the last entry, moves when all else is durable, and nobody reads above the head.
func (s *Store) write(ts uint64, entries []entry) error {
	if err := step("begin", s.dir); err != nil {
		return err
	}
	txn := s.db.NewTransactionAt(ts, true)
	defer func() { s.discard(txn) }()
	set := func(e entry) error {
		if e.value == nil {
			return txn.Delete(e.key)
		}
		return txn.Set(e.key, e.value)
	}
	commit := func() error {
		if err := step("commit", s.dir); err != nil {
			return err
		}
		return outOfSpace(errors.Join(txn.CommitAt(ts, nil), step("committed", s.dir)))
	}
	for _, e := range entries {
		err := set(e)
		if errors.Is(err, badgerdb.ErrTxnTooBig) {
			if err := commit(); err != nil {
				return err
			}
			txn = s.db.NewTransactionAt(ts, true)
			err = set(e)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", describe(e.key), err)
		}
	}
	return commit()
}

// publish makes a commit the newest one for readers and for those who wait for changes.
func (s *Store) publish(h *head, changed []storage.Changed, row storage.AuditRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.row = row
	s.cache.move(&s.head, h, changed)
	close(s.woken)
	s.woken = make(chan struct{})
}

func outOfSpace(err error) error {
	if caused(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", storage.ErrFull, err)
	}
	return err
}

// caused tells whether the system's error is behind err. Badger writes the errors that it wraps into its own as text.
func caused(err error, by syscall.Errno) bool {
	return errors.Is(err, by) || err != nil && strings.Contains(err.Error(), by.Error())
}
