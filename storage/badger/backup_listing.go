package badger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// A listing is told of all entries of a backup, in their order, and proves that they are all that a store has, or all since its base: each in its place, as
// many as the heads say, with an unbroken audit log and a name for each row that says one was given.
type listing struct {
	since   storage.Revision
	before  time.Time // zero, or the time of which reached is wanted
	last    []byte    // the key of the newest entry, and its timestamp
	lastTs  uint64
	top     uint64 // the highest timestamp
	entries uint64
	counted uint64 // of them, those that heads count

	newest, base *head // what the stream's first and last head say
	commits      uint64
	row          storage.AuditRow
	audited      storage.Revision // the first one with a row
	named        map[string]bool  // by rows, until its release is seen

	reached  storage.Revision            // the newest that was committed at or before then
	lateRows map[storage.Revision]uint64 // rows that name a revision, of after then
}

// add goes on to an entry; a nil payload is a deletion.
func (l *listing) add(key []byte, ts uint64, payload []byte) error {
	order := bytes.Compare(l.last, key)
	if order > 0 || order == 0 && ts >= l.lastTs {
		return errors.New("it is out of order")
	}
	if !slices.Contains(tables, key[0]) {
		return errors.New("there is no such table")
	}
	l.last, l.lastTs, l.top = append(l.last[:0], key...), ts, max(l.top, ts)
	l.entries++
	if !ownCount(key) {
		l.counted++
	}
	if !isRecord(key) || payload == nil {
		return nil
	}
	current := order != 0 // versions come newest first
	switch key[0] {
	case tableMeta:
		return l.addHead(key, payload)
	case tableAudit:
		if current {
			return l.addRow(key, payload)
		}
	case tableRelease:
		if current {
			return l.addRelease(key, payload)
		}
	case tableRevision:
		if current {
			return l.addCommit(key, payload)
		}
	}
	return nil
}

func (l *listing) addHead(key, payload []byte) error {
	if !bytes.Equal(key, headKey) {
		return nil
	}
	h := new(head)
	if err := recordReader.Unmarshal(payload, h); err != nil {
		return err
	}
	if l.base = h; l.newest == nil {
		l.newest = h
	}
	return nil
}

func (l *listing) addRow(key, line []byte) error {
	row, err := storage.ParseAuditRow(line)
	if err != nil {
		return err
	}
	if !bytes.Equal(key, auditKey(row.Row)) {
		return fmt.Errorf("it says that it is row %d", row.Row)
	}
	// An increment begins with the row of its base. What was before is in the base's own backup.
	if begins := l.row.Row == 0 && l.since > 0 && row.Action == storage.AuditCommit && row.Revision == l.since; !begins {
		if err := row.Follows(l.row); err != nil {
			return err
		}
	}
	l.row = row
	switch row.Action {
	case storage.AuditCommit:
		if l.audited == 0 {
			l.audited = row.Revision
		}
	case storage.AuditRelease:
		if l.named == nil {
			l.named, l.lateRows = map[string]bool{}, map[storage.Revision]uint64{}
		}
		l.named[row.Release] = true
		if !l.before.IsZero() && row.Time.After(l.before) {
			l.lateRows[row.Revision] = row.Row
		}
	}
	return nil
}

func (l *listing) addRelease(key, name []byte) error {
	rev, err := revisionOf(key)
	if err != nil {
		return err
	}
	if !l.named[string(name)] && l.audited != 0 && rev >= l.audited { // before, there was no audit log
		return fmt.Errorf("no row of the audit log names it %q", name)
	}
	delete(l.named, string(name))
	return nil
}

func (l *listing) addCommit(key, payload []byte) error {
	rev, err := revisionOf(key)
	if err != nil {
		return err
	}
	if want := max(l.since, 1) + storage.Revision(l.commits); rev != want {
		return fmt.Errorf("revision %d belongs here", want)
	}
	l.commits++
	var c commitRecord
	if err := recordReader.Unmarshal(payload, &c); err != nil {
		return err
	}
	if !l.before.IsZero() && !time.Unix(0, c.Time).After(l.before) {
		l.reached = rev
	}
	return nil
}

// conclude says what is missing of a backup up to a revision when all entries have been added.
func (l *listing) conclude(rev storage.Revision) error {
	if l.newest == nil {
		if rev > 0 || l.entries > 0 {
			return errors.New("there is no record of the newest revision")
		}
		return nil
	}
	h := l.newest
	want := h.Total
	if l.since > 0 {
		if l.base.Revision != l.since {
			return fmt.Errorf("there is no record of the base, revision %d", l.since)
		}
		if want > 0 && l.base.Total > 0 { // before format 2, entries were not counted
			want -= l.base.Total - 2 // the head and the record of the base itself
		} else {
			want = 0
		}
	}
	switch last := max(l.since, 1) + storage.Revision(l.commits) - 1; {
	case h.Revision != rev:
		return fmt.Errorf("it is of revision %d, and ends at revision %d", rev, h.Revision)
	case last != rev:
		return fmt.Errorf("its newest revision is %d, and the last one with a record %d", rev, last)
	case l.top > h.last():
		return fmt.Errorf("it has entries of after revision %d", rev)
	case want > 0 && l.counted != want:
		return fmt.Errorf("%d of %d entries can't be found", int64(want-l.counted), want)
	case l.row.Row < h.Row:
		return fmt.Errorf("the audit log ends at row %d, and %d were written", l.row.Row, h.Row)
	case len(l.named) > 0:
		return fmt.Errorf("%d releases that the audit log names can't be found", len(l.named))
	}
	return nil
}
