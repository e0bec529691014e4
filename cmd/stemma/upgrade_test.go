package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testdata/old was made by an older program: stores that were closed (revision 6) and killed (revision 8), and a backup of the closed
// one. What was acknowledged then:
//
//	2  claim:lab-1 "first reading"
//	3  claim:lab-1 "second reading", the release "of the lab"
//	4  claim:lab-2, retracted in 5
//	6  claim:lab-3
//	7  claim:lab-4, put again in 8; only in the killed one
func TestUpgrade(t *testing.T) {
	for _, c := range []struct {
		name     string
		unpack   func(t *testing.T, dir string)
		revision int
	}{
		{"closed", func(t *testing.T, dir string) { untar(t, "testdata/old/format1-closed.tar.gz", dir) }, 6},
		{"crashed", func(t *testing.T, dir string) { untar(t, "testdata/old/format1-crashed.tar.gz", dir) }, 8},
		{"backup", func(t *testing.T, dir string) {
			file := filepath.Join(t.TempDir(), "old.backup")
			gunzip(t, "testdata/old/format1.backup.gz", file)
			if _, errs, status := command(t, "restore", file, dir); status != statusGood {
				t.Fatal(errs)
			}
		}, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			data, tokens := filepath.Join(dir, "data"), filepath.Join(dir, "tokens")
			c.unpack(t, data)
			writer := token(t, tokens, "bob", "write")
			// Opened twice: the second opening reads what the first has made of it.
			for round := range 2 {
				s := start(t, "--data", data, "--tokens", tokens, "--no-seed")
				for _, q := range questions(c.revision + round) {
					status, got, code, message := s.ask(t, "", q.document)
					if status != 200 || code != "" || got != q.answer {
						t.Errorf("opened %d times: %s\nanswers %s (%s %s)\nwant    %s", round+1, q.document, got, code, message, q.answer)
					}
				}
				_, got, code, message := s.ask(t, writer, fmt.Sprintf(`mutation { putAgent(input: {reason: "after the upgrade", agent: {id: "agent:new-%d", label: "New", type: PERSON}}) { revision } }`, round))
				if want := fmt.Sprintf(`{"putAgent":{"revision":%d}}`, c.revision+round+1); got != want {
					t.Errorf("a write answers %s (%s %s), want %s", got, code, message, want)
				}
				s.end(t)
				if out, errs, status := command(t, "check", "--data", data); status != statusGood || !strings.Contains(out, " 0 problems") {
					t.Errorf("check: %d %s %s", status, out, errs)
				}
			}
		})
	}
}

type asked struct{ document, answer string }

// questions returns what an old store whose newest revision is given must answer.
func questions(revision int) []asked {
	list := []asked{
		{`{ meta { revision releases { revision release } } }`, fmt.Sprintf(`{"meta":{"revision":%d,"releases":[{"revision":1,"release":"seed-1"},{"revision":3,"release":"of the lab"}]}}`, revision)},
		{`{ history(id: "claim:lab-1") { op revision { revision } } }`, `{"history":[{"op":"PUT","revision":{"revision":3}},{"op":"PUT","revision":{"revision":2}}]}`},
		{`query @asOf(revision: 2) { claim(id: "claim:lab-1") { text } }`, `{"claim":{"text":"first reading"}}`},
		{`query @asOf(release: "of the lab") { claim(id: "claim:lab-1") { text } }`, `{"claim":{"text":"second reading"}}`},
		{`{ claim(id: "claim:lab-1") { text } }`, `{"claim":{"text":"second reading"}}`},
		{`query @asOf(revision: 1) { claim(id: "claim:lab-1") { text } }`, `{"claim":null}`},
		{`{ history(id: "claim:lab-2") { op revision { revision } } }`, `{"history":[{"op":"DELETE","revision":{"revision":5}},{"op":"PUT","revision":{"revision":4}}]}`},
		{`query @asOf(revision: 4) { claim(id: "claim:lab-2") { id } }`, `{"claim":{"id":"claim:lab-2"}}`},
		{`{ claim(id: "claim:lab-2") { id } }`, `{"claim":null}`},
		{`{ history(id: "claim:lab-3") { op revision { revision } } claim(id: "claim:lab-3") { id } }`, `{"history":[{"op":"PUT","revision":{"revision":6}}],"claim":{"id":"claim:lab-3"}}`},
	}
	if revision >= 8 {
		list = append(list, asked{`{ history(id: "claim:lab-4") { op revision { revision } } claim(id: "claim:lab-4") { id } }`,
			`{"history":[{"op":"PUT","revision":{"revision":8}},{"op":"PUT","revision":{"revision":7}}],"claim":{"id":"claim:lab-4"}}`})
	}
	return list
}

// untar unpacks a directory of files.
func untar(t *testing.T, from, dir string) {
	t.Helper()
	f, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeGNUSparse {
			unpack(t, r, filepath.Join(dir, filepath.Base(h.Name)))
		}
	}
}

func gunzip(t *testing.T, from, to string) {
	t.Helper()
	f, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	unpack(t, z, to)
}

// unpack writes a file without writing what is zero: Badger's logs are large and hollow.
func unpack(t *testing.T, r io.Reader, to string) {
	t.Helper()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	size, block, zeros := int64(0), make([]byte, 1<<16), make([]byte, 1<<16)
	for err == nil {
		var n int
		if n, err = io.ReadFull(r, block); !bytes.Equal(block[:n], zeros[:n]) {
			if _, err := f.WriteAt(block[:n], size); err != nil {
				t.Fatal(err)
			}
		}
		size += int64(n)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		t.Fatal(err)
	}
}
