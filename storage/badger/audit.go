package badger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"runtime/debug"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// nextRow seals a row behind the newest one, and returns it with its line.
func (s *Store) nextRow(r storage.AuditRow, c storage.Commit) (storage.AuditRow, []byte, error) {
	r.Row, r.Previous = s.row.Row+1, s.row.Seal
	if s.row.Row == 0 {
		r.Previous = storage.NoSeal
	}
	r.Author, r.Reason, r.Token, r.From = c.Author, c.Reason, c.Token, c.From
	line, err := r.Line()
	return r, line, err
}

// A content digests what a commit wrote: for each entry in the order of keys, but for its records in the tables m, r, l and h: the length of the key
// (uvarint), the key, the length of the payload + 1 (uvarint, 0 for a deletion), the payload.
type content struct{ hash.Hash }

func newContent() content { return content{sha256.New()} }

// add adds an entry; a nil payload is a deletion.
func (c content) add(key, payload []byte) {
	if isRecord(key) {
		return
	}
	b := binary.AppendUvarint(make([]byte, 0, 2*binary.MaxVarintLen64+len(key)), uint64(len(key)))
	b = append(b, key...)
	if payload == nil {
		b = append(b, 0)
	} else {
		b = binary.AppendUvarint(b, uint64(len(payload)+1))
	}
	c.Write(b)
	c.Write(payload)
}

func (c content) sum() string { return hex.EncodeToString(c.Sum(nil)) }

// contentOf digests sealed entries that are in the order of keys.
func contentOf(entries []entry) string {
	c := newContent()
	for _, e := range entries {
		if e.value == nil {
			c.add(e.key, nil)
		} else {
			c.add(e.key, e.value[envelopeLength:])
		}
	}
	return c.sum()
}

// Audit returns the lines of the audit log after a row.
func (s *Store) Audit(ctx context.Context, after uint64, limit int) (lines [][]byte, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	txn, _ := s.latest()
	defer s.discard(txn)
	it := txn.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{tableAudit}})
	defer it.Close()
	if err := s.sound(auditKey(after+1), end([]byte{tableAudit})); err != nil {
		return nil, err
	}
	for it.Seek(auditKey(after + 1)); it.Valid() && len(lines) < limit; it.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := payloadOf(it.Item(), func(p []byte) error {
			lines = append(lines, append([]byte(nil), p...))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// readRow finds the newest row of the audit log. A row that a head speaks of must be there.
func (s *Store) readRow(h *head) error {
	txn := s.db.NewTransactionAt(h.last(), false)
	defer s.discard(txn)
	it := txn.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{tableAudit}, Reverse: true})
	defer it.Close()
	it.Seek(auditKey(1<<64 - 1))
	if it.Valid() {
		err := payloadOf(it.Item(), func(p []byte) (err error) {
			s.row, err = storage.ParseAuditRow(p)
			return err
		})
		if err != nil {
			return fmt.Errorf("%w: %s: %s: %w; restore a backup", storage.ErrCorrupt, s.dir, describe(it.Item().Key()), err)
		}
	}
	if s.row.Row < h.Row {
		return s.lost(fmt.Sprintf("row %d of the audit log was", h.Row), fmt.Sprintf("only row %d", s.row.Row))
	}
	return nil
}

// countEntries counts what the numbers in heads would count: for a store of format 1, whose heads have none.
func (s *Store) countEntries(h *head) (n uint64) {
	txn := s.db.NewTransactionAt(h.last(), false)
	defer s.discard(txn)
	it := txn.NewIterator(badgerdb.IteratorOptions{AllVersions: true})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if !ownCount(it.Item().Key()) {
			n++
		}
	}
	return n
}

// audit compares the audit log with itself and with what each commit wrote.
func (c *checker) audit() error {
	var prev storage.AuditRow
	var first, next storage.Revision
	named := map[string]bool{}
	err := c.each(tableAudit, func(key, line []byte) error {
		row, err := storage.ParseAuditRow(line)
		if err != nil {
			return err
		}
		err, prev = row.Follows(prev), row // what follows a row that is wrong is held against it, or each would be wrong
		if err != nil {
			return err
		}
		if row.Action == storage.AuditRelease {
			named[row.Release] = true
			return nil
		}
		if next != 0 && row.Revision != next {
			return fmt.Errorf("it is of revision %d, where %d belongs", row.Revision, next)
		}
		first, next = cmp.Or(first, row.Revision), row.Revision+1
		if d, ok := c.contents[row.Revision]; !ok || d.sum() != row.Content {
			return fmt.Errorf("what revision %d wrote is not what it was", row.Revision)
		}
		return nil
	})
	if prev.Row < c.reader.head.Row {
		c.problem("audit log", "it ends at row %d, and %d were written", prev.Row, c.reader.head.Row)
	}
	return errors.Join(err, c.each(tableRelease, func(key, name []byte) error {
		if rev, err := revisionOf(key); err != nil || first == 0 || rev < first { // of before there was an audit log
			return err
		}
		if !named[string(name)] {
			return errors.New("no row of the audit log names it")
		}
		return nil
	}))
}
