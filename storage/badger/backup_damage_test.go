package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// read proves backups that are in memory.
func read(backups ...[]byte) error {
	var files []*backupReader
	for i, b := range backups {
		f, err := openBackup(fmt.Sprintf("backup%d", i), bytes.NewReader(b))
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	c, err := newChain(files)
	if err != nil {
		return err
	}
	l, err := c.prove(context.Background(), time.Time{}, everything, c.reporting(nil, "", 0))
	if err != nil {
		return err
	}
	return c.concluded(l, files[len(files)-1].info.Revision)
}

func isRefusal(err error) bool {
	return errors.Is(err, storage.ErrCorrupt) || errors.Is(err, storage.ErrForeign) || errors.Is(err, storage.ErrNewer) || errors.Is(err, ErrChain)
}

// little returns a full backup of a few entries, and an increment that continues it.
func little(t testing.TB) (full, increment []byte) {
	t.Helper()
	s := openAt(t, t.TempDir(), tiny)
	defer closed(t, s)
	update(t, s, graph(1, 1))
	full = s.bytesOf(t, 0)
	named(t, s, "first")
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(0)) })
	return full, s.bytesOf(t, 1)
}

// A bit that is flipped, and a cut, are found wherever they are, and the error says where.
func TestEveryFlipAndCutIsFound(t *testing.T) {
	full, increment := little(t)
	if err := read(full, increment); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"full": full, "increment": increment} {
		far := 0
		for at := range b {
			if err := read(b[:at]); !isRefusal(err) {
				t.Errorf("%s: cut at %d: %v", name, at, err)
			}
			bad := bytes.Clone(b)
			bad[at] ^= 1 << (at % 8)
			err := read(bad)
			if !isRefusal(err) {
				t.Errorf("%s: a flipped bit at %d: %v", name, at, err)
				continue
			}
			var offset int
			if _, rest, ok := strings.Cut(err.Error(), "at byte "); ok {
				if _, err := fmt.Sscan(strings.TrimRight(strings.Fields(rest)[0], ",:"), &offset); err != nil {
					t.Fatal(err)
				}
				if offset > at || at-offset > 1000 {
					far++
				}
			}
		}
		if far > 0 {
			t.Errorf("%s: of %d flips, %d are said to be elsewhere", name, len(b), far)
		}
		if err := read(append(bytes.Clone(b), 0)); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%s: a byte more: %v", name, err)
		}
	}
}

func TestDamagedBackupLeavesNothing(t *testing.T) {
	s := lived(t)
	full := s.bytesOf(t, 0)
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(5)) })
	increment := s.bytesOf(t, 3)
	flipped := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	good := save(t, full)
	for name, c := range map[string]struct {
		full, increment []byte
		want            error
		says            string
	}{
		"nothing":                         {nil, increment, storage.ErrForeign, "no backup"},
		"something else":                  {[]byte("<html>"), increment, storage.ErrForeign, "no backup"},
		"cut short":                       {full[:len(full)/2], increment, storage.ErrCorrupt, fmt.Sprintf("cut short at byte %d", len(full)/2)},
		"no trailer":                      {full[:len(full)-trailerLength], increment, storage.ErrCorrupt, "cut short"},
		"more follows":                    {append(bytes.Clone(full), 'x'), increment, storage.ErrCorrupt, "more follows"},
		"a flipped bit in the middle":     {flipped(full, len(full)/2), increment, storage.ErrCorrupt, "the checksum is wrong"},
		"a flipped bit in the trailer":    {flipped(full, len(full)-1), increment, storage.ErrCorrupt, "SHA-256"},
		"a flipped bit in the increment":  {full, flipped(increment, len(increment)/2), storage.ErrCorrupt, "the checksum is wrong"},
		"an increment that is cut short":  {full, increment[:len(increment)-1], storage.ErrCorrupt, "cut short"},
		"a newer format":                  {bytes.Replace(full, []byte("BACKUP 2\n"), []byte("BACKUP 3\n"), 1), increment, storage.ErrNewer, "backup format 3"},
		"an increment of a newer format":  {full, bytes.Replace(increment, []byte("BACKUP 2\n"), []byte("BACKUP 33\n"), 1), storage.ErrNewer, "backup format 33"},
		"a format that is no number":      {bytes.Replace(full, []byte("BACKUP 2\n"), []byte("BACKUP x\n"), 1), increment, storage.ErrForeign, "no backup"},
		"a line that does not end":        {append([]byte(backupMagic), bytes.Repeat([]byte("1"), 1000)...), increment, storage.ErrForeign, "no backup"},
		"a backup that is an increment":   {increment, increment, ErrChain, "continues revision 3"},
		"the same full backup once again": {full, full, ErrChain, "full backup"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, RestoreOptions{}, c.want, c.says, save(t, c.full), save(t, c.increment))
		})
	}
	refused(t, RestoreOptions{}, storage.ErrCorrupt, "the checksum", good, save(t, flipped(increment, len(increment)/2)))
}

// What is whole and is no store is refused too: a frame with a good checksum is not believed.
func TestBackupsThatLie(t *testing.T) {
	full, increment := little(t)
	for name, edit := range map[string]func(e *[]frame){
		"an entry is left out":        func(e *[]frame) { *e = append((*e)[:3:3], (*e)[4:]...) },
		"an entry twice":              func(e *[]frame) { *e = append((*e)[:3:3], (*e)[2:]...) },
		"out of order":                func(e *[]frame) { (*e)[2], (*e)[3] = (*e)[3], (*e)[2] },
		"another table":               func(e *[]frame) { *e = append(*e, frame{[]byte("zzz"), 1, seal([]byte("zzz"), nil)}) },
		"an entry of the future":      func(e *[]frame) { (*e)[0].ts = 99 },
		"a row is left out":           func(e *[]frame) { *e = lacking(*e, tableAudit) },
		"the head is left out":        func(e *[]frame) { *e = lacking(*e, tableMeta) },
		"the records are left out":    func(e *[]frame) { *e = lacking(*e, tableRevision) },
		"a release that no row names": func(e *[]frame) { *e = inserted(*e, revisionKey(tableRelease, 1), []byte("x")) },
		"a head that is nothing":      func(e *[]frame) { *e = inserted(lacking(*e, tableMeta), headKey, []byte{0xff}) },
		"a row that is nothing":       func(e *[]frame) { *e = inserted(lacking(*e, tableAudit), auditKey(1), []byte("{}")) },
		"nothing at all":              func(e *[]frame) { *e = nil },
	} {
		for kind, b := range map[string][]byte{"full": full, "increment": increment} {
			if kind == "increment" && strings.HasPrefix(name, "a release") {
				continue // it has that one
			}
			t.Run(kind+": "+name, func(t *testing.T) {
				h, frames := framesOf(t, b)
				edit(&frames)
				if err := read(framed(t, h, frames)); !errors.Is(err, storage.ErrCorrupt) {
					t.Errorf("it is let through: %v", err)
				}
			})
		}
	}
	h, frames := framesOf(t, full)
	if err := read(framed(t, h, frames)); err != nil {
		t.Errorf("the test itself is wrong: %v", err)
	}
	h.Revision++
	if err := read(framed(t, h, frames)); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("the header lies: %v", err)
	}
}

type frame struct {
	key   []byte
	ts    uint64
	value []byte
}

func framesOf(t testing.TB, b []byte) (h backupHeader, frames []frame) {
	t.Helper()
	r, err := openBackup("backup", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if err := r.next(); err != nil {
			t.Fatal(err)
		}
		if r.done {
			return backupHeader{Format: r.info.Format, Engine: engine, Revision: r.info.Revision, Since: r.info.Since}, frames
		}
		frames = append(frames, frame{bytes.Clone(r.key), r.ts, bytes.Clone(r.value)})
	}
}

func framed(t testing.TB, h backupHeader, frames []frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := newFrameWriter(&b, h)
	for _, f := range frames {
		err = errors.Join(err, w.entry(f.key, f.ts, f.value))
	}
	if err = errors.Join(err, w.end()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func lacking(frames []frame, table byte) (out []frame) {
	for _, f := range frames {
		if f.key[0] != table {
			out = append(out, f)
		}
	}
	return out
}

func inserted(frames []frame, key, payload []byte) (out []frame) {
	f := frame{key, 1, seal(key, payload)}
	for i := range frames {
		if bytes.Compare(frames[i].key, key) > 0 {
			return append(append(frames[:i:i], f), frames[i:]...)
		}
	}
	return append(frames, f)
}

// Whatever is read as a backup, alone or behind another, is refused or proven; it never panics, and takes no more memory than the largest entry.
func FuzzBackup(f *testing.F) {
	full, increment := little(f)
	for _, b := range [][]byte{full, increment, full[:len(full)/2], []byte(backupMagic + "1\n"), []byte(backupMagic + "2\n\xff"), nil} {
		f.Add(b)
	}
	var lie bytes.Buffer
	w, err := newFrameWriter(&lie, backupHeader{Format: Format, Engine: engine, Revision: 1})
	if err == nil {
		err = w.out.Flush()
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(bytes.Clone(lie.Bytes()), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)) // a key of 2⁶⁴ bytes
	f.Add(append(bytes.Clone(lie.Bytes()), 1, 'n', 1, 0x85, 0x80, 0x80, 0x04))                          // a value of 8 MiB, and no more
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, err := range []error{read(b), read(full, b)} {
			if err != nil && !isRefusal(err) {
				t.Errorf("it is neither proven nor refused: %v", err)
			}
		}
		r, err := openBackup("backup", bytes.NewReader(b))
		for err == nil && !r.done {
			err = r.next()
		}
		if r != nil && cap(r.b) > 2*(maxValue+maxBackupKey) {
			t.Errorf("it takes %d bytes of memory", cap(r.b))
		}
	})
}
