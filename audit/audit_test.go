package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/audit"
	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

var bg = context.Background()

// aStore is one with n rows in its audit log.
func aStore(t testing.TB, n int) *badger.Store {
	t.Helper()
	s, err := badger.Open(t.TempDir(), badger.Options{MemTableBytes: 8 << 20, MinFreeBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	write(t, s, n-1)
	if _, err := s.Release(bg, storage.Commit{Author: "ann"}, `a "name",`); err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t testing.TB, s storage.Store, n int) {
	t.Helper()
	for range n {
		_, err := s.Update(bg, storage.Commit{Author: "ann", Reason: `because, "seal":"x"`, Token: "ab12", From: "127.0.0.1"}, func(w storage.Writer) error {
			if err := w.PutNodes(bg, storagetest.Reference(storagetest.Source)); err != nil {
				return err
			}
			return w.PutNodes(bg, storagetest.Disease("condition:one", fmt.Sprintf("Disease of revision %d", w.Revision())))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// linesOf returns the log of a store, with line breaks.
func linesOf(t testing.TB, s storage.Auditor) []string {
	t.Helper()
	lines, err := s.Audit(bg, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range lines {
		out = append(out, string(l)+"\n")
	}
	return out
}

// read returns how many rows are read before the end, or before the first that is wrong.
func read(rows iter.Seq2[audit.Row, error]) (n int, err error) {
	for _, err := range rows {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func readText(text string) (int, error) {
	return read(audit.Read("audit.jsonl", strings.NewReader(text)))
}

// change makes a row say something else, and seals it, and all rows after it when they should follow it.
func change(t *testing.T, lines []string, from int, all bool) []string {
	t.Helper()
	out := slices.Clone(lines)
	previous := ""
	for i := from; i < len(lines); i++ {
		row, err := storage.ParseAuditRow([]byte(strings.TrimSuffix(lines[i], "\n")))
		if err != nil {
			t.Fatal(err)
		}
		if i == from {
			row.Author = "nobody"
		} else {
			row.Previous = previous
		}
		line, err := row.Line()
		if err != nil {
			t.Fatal(err)
		}
		out[i], previous = string(line)+"\n", row.Seal
		if !all {
			break
		}
	}
	return out
}

// Whatever byte is flipped, its row is named, and the rows before it are read.
func TestFlippedByte(t *testing.T) {
	lines := linesOf(t, aStore(t, 4))
	text := strings.Join(lines, "")
	at := 0
	for row, line := range lines {
		for range line {
			for _, to := range []byte{text[at] ^ 1, text[at] ^ 0x80, '\n', 0} {
				if to == text[at] {
					continue
				}
				bad := []byte(text)
				bad[at] = to
				n, err := readText(string(bad))
				var wrong *audit.Error
				if !errors.As(err, &wrong) || n != row || wrong.Row != uint64(row+1) || wrong.Line != row+1 || wrong.File != "audit.jsonl" {
					t.Fatalf("byte %d, of row %d, was %q and is %q: %d rows, then %v", at, row+1, text[at], to, n, err)
				}
			}
			at++
		}
	}
	if n, err := readText(text); n != 4 || err != nil {
		t.Errorf("unchanged: %d rows, %v", n, err)
	}
}

// What can be done to a file, what it says by itself, and what it says when it is held against the store.
func TestTampered(t *testing.T) {
	s := aStore(t, 6)
	lines := linesOf(t, s)
	text := strings.Join(lines, "")
	without := func(i int) string { return strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "") }
	with := func(i int, line string) string { return strings.Join(slices.Insert(slices.Clone(lines), i, line), "") }
	swapped := slices.Clone(lines)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	other := linesOf(t, aStore(t, 6))
	long := strings.Repeat("x", storage.MaxAuditLine+10)
	for _, c := range []struct {
		name, text string
		alone      string // what is wrong with it alone; "" for nothing
		row        uint64 // that is named then
		compared   string // what is wrong with it beside the store, "" for the same
		has        uint64 // the rows that are as the store has them
	}{
		{"nothing", text, "", 0, "", 6},
		{"an empty file", "", "", 0, "", 0},
		{"row 1 is taken out", without(0), "", 0, "row 1: row 2 stands where row 1 belongs: what was between was taken out", 0},
		{"row 3 is taken out", without(2), "row 4 stands where row 3 belongs: what was between was taken out", 3, "", 2},
		{"the last row is taken out", without(5), "", 0, "", 5},
		{"a row is put in twice", with(3, lines[2]), "row 3 stands where row 4 belongs: it was put in, or moved", 4, "", 3},
		{"another log's row is put in", with(2, other[2]), "row 3 (revision 3): it does not hold the seal of row 2", 3, "", 2},
		{"a row is put in behind the last", with(6, other[1]), "row 2 stands where row 7 belongs", 7, "", 6},
		{"rows are swapped", strings.Join(swapped, ""), "row 4 stands where row 3 belongs", 3, "", 2},
		{"it ends within a row", text[:len(text)-20], "row 6: it was cut short", 6, "nothing", 5},
		{"it ends before a line break", text[:len(text)-1], "row 6 (revision 5): it was cut short", 6, "nothing", 5},
		{"a row is changed", strings.Replace(text, `"author":"ann"`, `"author":"bob"`, 1), "row 1 (revision 1): it was changed: its seal is not that of its content", 1, "", 0},
		{"a row is changed and sealed", strings.Join(change(t, lines, 2, false), ""), "row 4 (revision 4): it does not hold the seal of row 3", 4, "row 3 (revision 3): it is not the row that the store has", 2},
		{"the last row is changed and sealed", strings.Join(change(t, lines, 5, false), ""), "", 0, "row 6 (revision 5): it is not the row that the store has", 5},
		{"all is changed and sealed", strings.Join(change(t, lines, 0, true), ""), "", 0, "row 1 (revision 1): it is not the row that the store has", 0},
		{"another store's", strings.Join(other, ""), "", 0, "row 1 (revision 1): it is not the row that the store has", 0},
		{"a blank line", with(1, "\n"), "row 2: it was changed: it is no row", 2, "", 1},
		{"not JSON", "hello\n", "row 1: it was changed: it is no row", 1, "", 0},
		{"more behind the end of a row", strings.Replace(text, "}\n", "} \n", 1), "row 1 (revision 1): it was changed", 1, "", 0},
		{"an endless line", lines[0] + long, "row 2: it was changed: its line has more than", 2, "", 1},
		{"zeros, as a power cut leaves them", text[:len(text)-20] + strings.Repeat("\x00", 4096), "row 6: it was cut short", 6, "nothing", 5},
		{"zeros behind the last row", text + strings.Repeat("\x00", 4096), "row 7: it was cut short", 7, "nothing", 6},
		{"something behind zeros", text + strings.Repeat("\x00", 4096) + "x", "row 7: it was cut short", 7, "", 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readText(c.text)
			var wrong *audit.Error
			switch {
			case c.alone == "" && err != nil:
				t.Errorf("alone: %v", err)
			case c.alone != "" && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), c.alone) || wrong.Row != c.row):
				t.Errorf("alone: %v: want %q of row %d", err, c.alone, c.row)
			}
			want := c.compared
			if want == "" {
				want = c.alone
			}
			if want == "nothing" {
				want = ""
			}
			has, err := audit.Compare(bg, "audit.jsonl", strings.NewReader(c.text), s)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || has.Row != c.has {
				t.Errorf("beside the store: row %d, %v: want %d, %q", has.Row, err, c.has, want)
			}
			if err == nil && !strings.HasPrefix(text, c.text[:has.Size]+string(has.Rest)) {
				t.Errorf("the first %d bytes and %q are not the log", has.Size, has.Rest)
			}
		})
	}
}

// A file that begins in the middle is proven from there.
func TestRotated(t *testing.T) {
	s := aStore(t, 300)
	lines := linesOf(t, s)
	text := strings.Join(lines[200:], "")
	if n, err := readText(text); n != 100 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	// The second row tells which the first one was.
	bad := strings.Replace(text, `"row":201`, `"row":401`, 1)
	var wrong *audit.Error
	if _, err := readText(bad); !errors.As(err, &wrong) || wrong.Row != 201 || wrong.Line != 1 {
		t.Errorf("%v", err)
	}
	if n, err := read(audit.Stored(bg, s, 0)); n != 300 || err != nil {
		t.Errorf("the store: %d rows, %v", n, err)
	}
	if n, err := read(audit.Stored(bg, s, 290)); n != 10 || err != nil {
		t.Errorf("the store after row 290: %d rows, %v", n, err)
	}
}

// A reason that would make a line longer than readers take is refused, and the store goes on.
func TestEndlessReason(t *testing.T) {
	s := aStore(t, 2)
	_, err := s.Update(bg, storage.Commit{Author: "ann", Reason: strings.Repeat("x", storage.MaxAuditLine)}, func(w storage.Writer) error {
		return w.PutNodes(bg, storagetest.Disease("condition:two", "Two"))
	})
	if err == nil || !strings.Contains(err.Error(), "shorter reason") {
		t.Errorf("%v", err)
	}
	write(t, s, 1)
	if n, err := read(audit.Stored(bg, s, 0)); n != 3 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := s.View(bg, storage.At{}, func(r storage.Reader) error {
		nodes, err := r.Nodes(bg, kg.ID("condition:two"))
		if err == nil && nodes[0] != nil {
			t.Error("what was refused is there")
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// Whatever is read, rows come out in order, byte for byte as they were, and an error stands at the first that is not.
func FuzzRead(f *testing.F) {
	lines := linesOf(f, aStore(f, 3))
	f.Add([]byte(strings.Join(lines, "")))
	f.Add([]byte(lines[1] + lines[0]))
	f.Add([]byte(strings.Join(lines, "")[:700]))
	f.Add([]byte(`{"row":1,"seal":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var whole []byte
		var last uint64
		for row, err := range audit.Read("fuzzed", bytes.NewReader(text)) {
			if err != nil {
				var wrong *audit.Error
				if !errors.As(err, &wrong) || wrong.Line != bytes.Count(whole, []byte("\n"))+1 || wrong.Row == 0 || wrong.Error() == "" {
					t.Fatalf("after %d rows: %#v", last, err)
				}
				return
			}
			if last > 0 && row.Row != last+1 {
				t.Fatalf("row %d follows row %d", row.Row, last)
			}
			last = row.Row
			whole = append(append(whole, row.Line...), '\n')
			if !bytes.HasPrefix(text, whole) {
				t.Fatalf("row %d is not as it was: %q", row.Row, row.Line)
			}
		}
		if len(whole) != len(text) {
			t.Fatalf("%d of %d bytes were read", len(whole), len(text))
		}
	})
}
