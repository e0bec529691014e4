package torture

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A damage is something done to one file of a directory. It returns what it did, in words.
type damage struct {
	name string
	do   func(t *trial, path string) string
}

var damages = []damage{
	{"a byte flipped", func(t *trial, path string) string { return flip(t, path, 0) }},
	{"a byte flipped near the end", func(t *trial, path string) string { return flip(t, path, 0.99) }},
	{"a page zeroed", func(t *trial, path string) string {
		at := t.random.Int64N(max(1, used(t, path))) &^ 4095
		size := sizeOf(t, path)
		overwrite(t, path, at, make([]byte, min(4096, size-at)))
		return fmt.Sprintf("from %d on", at)
	}},
	{"cut short", func(t *trial, path string) string {
		at := t.random.Int64N(max(1, used(t, path)))
		t.must(os.Truncate(path, at))
		return fmt.Sprintf("to %d bytes", at)
	}},
	{"emptied", func(t *trial, path string) string { t.must(os.Truncate(path, 0)); return "" }},
	{"deleted", func(t *trial, path string) string { t.must(os.Remove(path)); return "" }},
	{"replaced by another of its kind", func(t *trial, path string) string {
		// The seeded directory has an older file of nearly every kind.
		from, err := seeded()
		t.must(err)
		others, err := filepath.Glob(filepath.Join(from, "*"+filepath.Ext(path)))
		t.must(err)
		if same := filepath.Join(from, filepath.Base(path)); filepath.Ext(path) == "" {
			others = []string{same}
		}
		if len(others) == 0 {
			others, err = filepath.Glob(filepath.Join(filepath.Dir(path), "*"+filepath.Ext(path)))
			t.must(err)
		}
		other := others[t.random.IntN(len(others))]
		b, err := os.ReadFile(other)
		if errors.Is(err, os.ErrNotExist) {
			b, err = []byte(noise(100)), nil // a kind that the seeded directory lacks
		}
		t.must(err)
		t.must(os.WriteFile(path, b, 0o600))
		return "by " + filepath.Base(other) + " of an older store"
	}},
	{"swapped with another", func(t *trial, path string) string {
		all, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"+filepath.Ext(path)))
		t.must(err)
		all = slices.DeleteFunc(all, func(p string) bool {
			fi, err := os.Stat(p)
			return p == path || err != nil || fi.IsDir() || filepath.Base(p) == "LOCK"
		})
		if len(all) == 0 {
			all = []string{filepath.Join(filepath.Dir(path), "MANIFEST")}
		}
		other := all[t.random.IntN(len(all))]
		t.must(errors.Join(os.Rename(path, path+"~"), os.Rename(other, path), os.Rename(path+"~", other)))
		return "with " + filepath.Base(other)
	}},
}

// flip turns bits of one byte of the used part of a file; from is the part of it to spare.
func flip(t *trial, path string, from float64) string {
	n := used(t, path)
	if n == 0 {
		n = sizeOf(t, path)
	}
	if n == 0 {
		return "it is empty, and stays so"
	}
	low := int64(float64(n) * from)
	at := low + t.random.Int64N(n-low)
	f, err := os.Open(path)
	t.must(err)
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	t.must(errors.Join(err, f.Close()))
	bits := byte(1 + t.random.IntN(255))
	overwrite(t, path, at, []byte{b[0] ^ bits})
	return fmt.Sprintf("byte %d of %d, bits %#x", at, n, bits)
}

func overwrite(t *trial, path string, at int64, b []byte) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	t.must(err)
	_, err = f.WriteAt(b, at)
	t.must(errors.Join(err, f.Close()))
}

func sizeOf(t *trial, path string) int64 {
	fi, err := os.Stat(path)
	t.must(err)
	return fi.Size()
}

// used is where the last byte of a file ends that is not zero: Badger's logs are large and hollow.
func used(t *trial, path string) (n int64) {
	blocks(t, path, func(at int64, b []byte) {
		n = at + int64(len(bytes.TrimRight(b, "\x00")))
	})
	return n
}

// blocks calls fn with every block of a file that is not all zero.
func blocks(t *trial, path string, fn func(at int64, b []byte)) {
	f, err := os.Open(path)
	t.must(err)
	defer f.Close()
	b, zeros := make([]byte, 1<<16), make([]byte, 1<<16)
	for at := int64(0); ; {
		n, err := io.ReadFull(f, b)
		if n > 0 && !bytes.Equal(b[:n], zeros[:n]) {
			fn(at, b[:n])
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		t.must(err)
		at += int64(n)
	}
}

// contents returns what each file under a directory holds: a checksum over what is not zero, and of the list of tables all. Files
// that hold nothing are left out.
func contents(t *trial, dir string) map[string]string {
	all := map[string]string{}
	t.must(filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if rel == "MANIFEST" {
			b, err := os.ReadFile(path)
			all[rel] = string(b)
			return err
		}
		if n := used(t, path); n == 0 || n <= 20 && filepath.Ext(path) == ".vlog" {
			return nil // nothing is in it, or a header alone
		}
		h := crc64.New(crc64.MakeTable(crc64.ECMA))
		blocks(t, path, func(at int64, b []byte) {
			fmt.Fprintf(h, "%d %s", at, bytes.TrimRight(b, "\x00"))
		})
		all[rel] = fmt.Sprintf("%x", h.Sum(nil))
		return nil
	}))
	return all
}

// kept wants everything that was in a directory to be there still, in its place or in a copy beside it. What Stemma says of the
// store's state may change, and the list of tables may grow.
func kept(t *trial, dir string, before map[string]string) {
	t.Helper()
	after := contents(t, dir)
	for name, was := range before {
		is, there := after[name]
		if name == "STEMMA" || name == "LOCK" || is == was || name == "MANIFEST" && strings.HasPrefix(is, was) {
			continue
		}
		copied := false
		for other, is := range after {
			copied = copied || is == was && strings.Contains(filepath.Base(other), strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)))
		}
		if !copied {
			came := "is changed"
			if !there {
				came = "is gone"
			}
			t.fails("NOT KEPT: the store was refused, and %s %s, without a copy", name, came)
		}
	}
}
