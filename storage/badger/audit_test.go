package badger

import (
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
	if _, err := s.Backup(bg, new(strings.Builder)); err == nil {
		t.Error("a store that lacks an entry is backed up")
	}
	if s.problems(t) == 0 {
		t.Error("a store that lacks an entry is whole")
	}
}
