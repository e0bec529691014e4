package badger

import (
	"math"

	"github.com/stemma-kg/stemma/storage"
)

// A plan says what is to become of the revisions of a damaged store.
type plan struct {
	newest storage.Revision // that the store is known to have had
	exact  storage.Revision // up to here every entry is there, and the history is kept as it is; what follows is made anew
	head   *head            // the newest that can be read: it knows the timestamps of the revisions up to its own
	later  map[storage.Revision]uint64
	row    uint64                      // of the audit log: the newest of the part that is kept
	rows   uint64                      // how many it had
	named  map[storage.Revision]string // releases
	left   storage.Revision            // a newest revision that is not all there, and that nothing says was acknowledged: it is left out; 0 for none
}

// timestamp returns that of a revision, 0 when it is not known.
func (p *plan) timestamp(rev storage.Revision) uint64 {
	if rev <= p.head.Revision {
		return p.head.timestamp(rev)
	}
	return p.later[rev]
}

// A planner makes a plan as it goes through the salvage.
//
// A head has the number of all entries that were written up to it (Total): when that many are there, none is missing. Heads of format 1 have no
// such number, and then a store is whole in which no file but a log is damaged and no revision lacks a part.
type planner struct {
	*plan
	total     uint64 // entries so far
	ts        uint64 // that is read
	own       uint64 // its entries
	now       *head  // its head
	record    storage.Revision
	uncounted bool // all revisions so far are whole, as far as heads without a Total show
	complete  bool // the newest head has all its entries beside it
	audit     storage.AuditRow
	broken    bool // the chain of the audit log
}

// plan reads the whole salvage.
func (s *salvage) plan() (*plan, error) {
	p := &planner{plan: &plan{head: new(head), later: map[storage.Revision]uint64{}, named: map[storage.Revision]string{}}, uncounted: !s.harmed}
	err := s.each(1, math.MaxUint64, func(ts uint64, key, value []byte, ok bool) error {
		if ts != p.ts {
			p.moment()
			p.ts, p.own, p.now, p.record = ts, 0, nil, 0
		}
		if ok && !ownCount(key) {
			p.total++
			p.own++
		}
		if ok && value != nil {
			p.take(key, value[envelopeLength:])
		}
		return nil
	})
	p.moment()
	p.decide(s)
	return p.plan, err
}

// take notes what an entry says of revisions.
func (p *planner) take(key, payload []byte) {
	switch key[0] {
	case tableMeta:
		h := new(head)
		if recordReader.Unmarshal(payload, h) == nil {
			p.now = h
		}
	case tableRevision:
		p.record, _ = revisionOf(key)
	case tableRelease:
		if rev, err := revisionOf(key); err == nil {
			p.named[rev] = string(payload)
		}
	case tableAudit:
		row, err := storage.ParseAuditRow(payload)
		if err == nil {
			p.rows = max(p.rows, row.Row)
		}
		if err == nil && row.Action == storage.AuditRelease {
			p.named[row.Revision] = row.Release
		}
		if p.broken = p.broken || err != nil || row.Follows(p.audit) != nil; !p.broken {
			p.audit = row
		}
	}
}

// moment is called when all entries of a timestamp have been read.
func (p *planner) moment() {
	if p.record > 0 {
		p.later[p.record] = p.ts
	}
	h := p.now
	if h == nil {
		return
	}
	p.rows = max(p.rows, h.Row)
	p.head, p.complete = h, h.Entries == 0 || h.Entries == p.own
	if h.timestamp(h.Revision) != p.ts { // an undoing, after which the revisions are as before
		p.complete = true
		return
	}
	p.uncounted = p.uncounted && h.Total == 0 && p.complete && h.Revision == p.exact+1
	if (h.Total == p.total || p.uncounted) && p.audit.Row >= h.Row {
		p.exact, p.row = h.Revision, p.audit.Row
	}
}

// decide says which revision was the newest.
func (p *planner) decide(s *salvage) {
	p.newest = s.marker.Revision
	if s.mark != nil {
		p.newest = max(p.newest, s.mark.revision)
	}
	if h := p.head; h.Revision > p.newest {
		p.newest = h.Revision
		if !p.complete {
			p.newest, p.left = h.Revision-1, h.Revision
		}
	}
	for rev, ts := range p.later {
		switch {
		case ts <= p.head.last() || rev <= p.head.Revision:
			delete(p.later, rev)
		case s.mark == nil && !s.closed: // nothing else says how far the store had come
			p.newest = max(p.newest, rev)
		}
	}
	p.exact = min(p.exact, p.newest)
}
