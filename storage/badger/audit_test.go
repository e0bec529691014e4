package badger

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/storage"
)

// Every write has its row, in order and sealed, also over a restart; and a row that was changed is told from its neighbours.
func TestAudit(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	update(t, s, graph(1, 2))
	if _, err := s.Release(bg, storage.Commit{Author: "ann", Token: "ab12", From: "127.0.0.1"}, `a "name",`); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	s = openAt(t, dir, tiny)
	defer closed(t, s)
	update(t, s, graph(2, 2))
	lines, err := s.Audit(bg, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 {
		t.Fatalf("%d rows: %s", len(lines), lines)
	}
	var prev storage.AuditRow
	for i, line := range lines {
		row, err := storage.ParseAuditRow(line)
		if err == nil {
			err = row.Follows(prev)
		}
		if err != nil {
			t.Fatalf("row %d: %v: %s", i+1, err, line)
		}
		prev = row
		for at := range line {
			bad := append([]byte(nil), line...)
			bad[at] ^= 1
			if row, err := storage.ParseAuditRow(bad); err == nil && row.Follows(prev) == nil {
				t.Fatalf("byte %d of row %d was changed, and it is not noticed: %s", at, i+1, bad)
			}
		}
	}
	if row, _ := storage.ParseAuditRow(lines[1]); row.Action != storage.AuditRelease || row.Release != `a "name",` || row.Author != "ann" || row.Token != "ab12" || row.From != "127.0.0.1" || row.Revision != 1 {
		t.Errorf("%+v", row)
	}
	if got, err := s.Audit(bg, 2, 10); err != nil || len(got) != 1 || string(got[0]) != string(lines[2]) {
		t.Errorf("after row 2: %s, %v", got, err)
	}
}

// Whatever a revision wrote that is changed, taken away or added later, with a checksum that is right, the audit log knows.
func TestAuditKnowsTheContent(t *testing.T) {
	s := openAt(t, t.TempDir(), tiny)
	defer closed(t, s)
	update(t, s, graph(2, 3))
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(2)) })
	if _, err := s.Release(bg, storage.Commit{Author: "ann"}, "one"); err != nil {
		t.Fatal(err)
	}
	check := func() (found []string) {
		t.Helper()
		if err := s.CheckAudit(bg, func(p storage.Problem) { found = append(found, p.String()) }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := check(); found != nil {
		t.Fatalf("unchanged: %s", found)
	}
	for k, e := range s.dump(t) {
		key, payload := []byte(k), e.value[envelopeLength:]
		switch key[0] {
		case tableMeta, tableRevision:
			continue // of the revision, not of what it wrote: Check compares them
		}
		other := append(bytes.Clone(payload), 'x')
		s.put(t, key, seal(key, other), e.ts)
		found := strings.Join(check(), "\n")
		if want := fmt.Sprintf("what revision %d wrote", e.ts); key[0] != tableAudit && key[0] != tableRelease && !strings.Contains(found, want) || found == "" {
			t.Errorf("changed and not noticed: %s: %s", describe(key), found)
		}
		if key[0] != tableRelease { // of which the row has the name; that the store lacks one is found when it is opened
			s.put(t, key, nil, e.ts)
			if check() == nil {
				t.Errorf("taken away and not noticed: %s", describe(key))
			}
		}
		s.put(t, key, e.value, e.ts)
	}
	if found := check(); found != nil {
		t.Fatalf("all was put back: %s", found)
	}
	key := nodeKey("condition:nobody")
	s.put(t, key, seal(key, []byte("x")), 1)
	if found := strings.Join(check(), "\n"); !strings.Contains(found, "audit row 1: what revision 1 wrote") {
		t.Errorf("added and not noticed: %s", found)
	}
}

// Badger merges a damaged table into others without a word. A store that lacks entries is not taken for a whole one.
func TestLostEntries(t *testing.T) {
	dir := filled(t)
	b, err := os.ReadFile(dir + "/" + markerFile)
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseMarker(string(b))
	if err != nil || m.Entries == 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	m.Entries++ // as if one had been lost since
	if err := writeMarker(dir, m); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, tiny)
	wantError(t, err, storage.ErrCorrupt, "entries")

	s := openAt(t, t.TempDir(), tiny)
	defer closed(t, s)
	update(t, s, graph(1, 2))
	h := *s.head.Load()
	h.Total++
	s.head.Store(&h)
	if _, err := s.Backup(bg, new(strings.Builder), 0); err == nil {
		t.Error("a store that lacks an entry is backed up")
	}
	if s.problems(t) == 0 {
		t.Error("a store that lacks an entry is whole")
	}
}
