package main

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/auth"
	"github.com/stemma-kg/stemma/storage"
)

// A write over HTTP is in the audit log with its token and address, which admins alone are shown.
func TestAuditOverHTTP(t *testing.T) {
	dir := t.TempDir()
	data, tokens := filepath.Join(dir, "data"), filepath.Join(dir, "tokens")
	reader, writer, admin := token(t, tokens, "ann", "read"), token(t, tokens, "bob", "write"), token(t, tokens, "root", "admin")
	s := start(t, "--data", data, "--tokens", tokens)
	for _, document := range []string{mutation, `mutation { nameRelease(input: {name: "a name"}) { revision { revision } } }`} {
		if _, _, code, message := s.ask(t, writer, document); code != "" {
			t.Fatal(message)
		}
	}
	for secret, want := range map[string]int{"": 401, reader: 403, writer: 403, admin: 200} {
		header := []string{"Authorization", "Bearer " + secret}
		if secret == "" {
			header = nil
		}
		resp, body := s.get(t, "/audit", header...)
		if resp.StatusCode != want || want != 200 && strings.Contains(body, "{") || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("with %q: %d %s", secret, resp.StatusCode, body)
		}
	}
	resp, body := s.get(t, "/audit?after=2", "Authorization", "Bearer "+admin)
	if resp.Header.Get("Content-Type") != "application/jsonl" || strings.Count(body, "\n") != 2 {
		t.Fatalf("after row 2: %v %s", resp.Header, body)
	}
	if resp, _ := s.get(t, "/audit?after=x", "Authorization", "Bearer "+admin); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("after=x: %d", resp.StatusCode)
	}
	known, err := auth.List(tokens)
	if err != nil {
		t.Fatal(err)
	}
	id := known[1].ID()
	var last string
	for line := range strings.Lines(body) {
		last = line
		row, err := storage.ParseAuditRow([]byte(strings.TrimSpace(line)))
		if err != nil || row.Author != "bob" || row.Token != id || row.From != "127.0.0.1" || row.Revision != 2 {
			t.Errorf("%v: %s", err, line)
		}
	}
	out, errs, status := command(t, "audit", "list", "--url", s.url, "--token", admin, "--after", "3", "--json")
	if status != statusGood || out != last {
		t.Errorf("list --json: %d %s %s", status, out, errs)
	}
	if out, _, _ := command(t, "audit", "list", "--url", s.url, "--token", admin); !strings.Contains(out, id+"  127.0.0.1") || strings.Count(out, "\n") != 5 {
		t.Errorf("list: %s", out)
	}
	if _, errs, status := command(t, "audit", "list", "--url", s.url, "--token", writer); status != statusError || !strings.Contains(errs, "403") {
		t.Errorf("list without the role: %d %s", status, errs)
	}
	// GraphQL tells nobody.
	const all = "{ revision time author reason release nodeCount edgeCount }"
	_, shown, _, message := s.ask(t, admin, `{ revisions `+all+` history(id: "agent:a-test") { op revision `+all+` } meta { releases `+all+` } }`)
	if message != "" || !strings.Contains(shown, "bob") || strings.Contains(shown, id) || strings.Contains(shown, "127.0.0.1") {
		t.Errorf("GraphQL shows %s, %s", shown, message)
	}
	if _, text := s.get(t, "/metrics"); !strings.Contains(text, "stemma_audit_ok 1\n") || !strings.Contains(text, "stemma_audit_row ") {
		t.Error("no metrics of the audit log")
	}
	// The store is the server's, so its file alone is proven; when the server has ended, that is complete.
	if _, errs, status := command(t, "audit", "verify", "--data", data); status != statusGood || !strings.Contains(errs, "alone") {
		t.Errorf("verify beside a server: %d %s", status, errs)
	}
	s.end(t)
	b, err := os.ReadFile(filepath.Join(data, "audit.jsonl"))
	if err != nil || !strings.HasSuffix(string(b), last) {
		t.Errorf("%v: the file is %s", err, b)
	}
	if out, errs, status := command(t, "audit", "verify", "--data", data); status != statusGood || !strings.Contains(out, "rows 1 to 4 ") {
		t.Errorf("verify: %d %s %s", status, out, errs)
	}
}

// A server that keeps nothing has no audit log.
func TestNoAudit(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	admin := token(t, tokens, "root", "admin")
	s := start(t, "--ephemeral", "--tokens", tokens)
	if resp, _ := s.get(t, "/audit", "Authorization", "Bearer "+admin); resp.StatusCode != http.StatusNotImplemented {
		t.Errorf("%d", resp.StatusCode)
	}
	if _, text := s.get(t, "/metrics"); strings.Contains(text, "stemma_audit") {
		t.Error("it has metrics of an audit log")
	}
}

// behind changes the first entry of a table behind the store's back, with a checksum that is right.
func behind(t *testing.T, dir string, table byte, change func(payload []byte) []byte) {
	t.Helper()
	const magic = 0x53e3
	db, err := badgerdb.OpenManaged(badgerdb.DefaultOptions(dir).WithLogger(nil).WithExternalMagic(magic).WithNumVersionsToKeep(math.MaxInt).WithValueLogFileSize(64 << 20))
	if err != nil {
		t.Fatal(err)
	}
	read := db.NewTransactionAt(math.MaxUint64, false)
	defer read.Discard()
	it := read.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{table}})
	it.Rewind()
	key, at := it.Item().KeyCopy(nil), it.Item().Version()
	value, err := it.Item().ValueCopy(nil)
	it.Close()
	if err != nil {
		t.Fatal(err)
	}
	const envelope = 5
	value = append(value[:1:1], append(make([]byte, 4), change(value[envelope:])...)...)
	sum := crc32.MakeTable(crc32.Castagnoli)
	binary.BigEndian.PutUint32(value[1:], crc32.Update(crc32.Checksum(key, sum), sum, value[envelope:]))
	txn := db.NewTransactionAt(at, true)
	defer txn.Discard()
	if err := txn.Set(key, value); err != nil {
		t.Fatal(err)
	}
	if err := txn.CommitAt(at, nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Who knows how the store keeps things, and changes one with its checksum, is found out by the digest of its revision; and who
// changes the row, by its seal.
func TestAuditOfAChangedStore(t *testing.T) {
	for name, c := range map[string]struct {
		table  byte
		change func([]byte) []byte
		says   string
	}{
		"a node": {'n', func(p []byte) []byte { p[len(p)-1] ^= 1; return p }, "audit row 1: what revision 1 wrote is not what it was"},
		"a row": {'h', func(p []byte) []byte {
			return []byte(strings.Replace(string(p), `"author":"stemma seed"`, `"author":"stemma weed"`, 1))
		}, "audit row 1: it was changed: its seal is not that of its content"},
		"a row, sealed anew": {'h', func(p []byte) []byte {
			var row storage.AuditRow
			if err := json.Unmarshal(p, &row); err != nil {
				t.Fatal(err)
			}
			row.Author = "stemma weed"
			line, err := row.Line()
			if err != nil {
				t.Fatal(err)
			}
			return line
		}, "audit row 2: it does not hold the seal of row 1"},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			start(t, "--data", data).end(t)
			behind(t, data, c.table, func(p []byte) []byte { return p })
			if out, errs, status := command(t, "audit", "verify", "--data", data); status != statusGood {
				t.Fatalf("as it was: %d %s %s", status, out, errs)
			}
			behind(t, data, c.table, c.change)
			if out, errs, status := command(t, "audit", "verify", "--data", data); status != statusNo || !strings.Contains(out, c.says) || !strings.Contains(errs, c.says) {
				t.Errorf("%d %s %s: want %q", status, out, errs, c.says)
			}
		})
	}
}
