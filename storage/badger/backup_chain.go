package badger

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// ErrChain is the error for backups that don't belong together, or not in this order.
var ErrChain = errors.New("the backups do not follow each other")

// A chain is a backup and the increments that continue it, read as one: the entries of all in the order of keys, newest version first. What several of
// them have is the same in all, and comes once.
type chain struct {
	files []*backupReader
	heads order // those that stand on an entry
	on    []int // of files, those that stand on the current entry
}

// newChain proves that each of the files continues those before it, as far as the headers say.
func newChain(files []*backupReader) (*chain, error) {
	c := &chain{files: files, heads: order{files: files}}
	for i, f := range files {
		if i == 0 {
			continue
		}
		switch before := files[i-1].info; {
		case f.info.Since == 0:
			return nil, fmt.Errorf("%w: %s is a full backup, and stands behind %s; begin with one full backup, and name only its increments behind it", ErrChain, f.info.Name, before.Name)
		case f.info.Since > before.Revision:
			return nil, fmt.Errorf("%w: %s ends at revision %d, and %s continues revision %d: an increment from %d to %d is missing between them", ErrChain, before.Name, before.Revision, f.info.Name, f.info.Since, before.Revision, f.info.Since)
		case f.info.Revision < before.Revision:
			return nil, fmt.Errorf("%w: %s ends at revision %d, and stands behind %s, which ends at revision %d; name them from the oldest to the newest", ErrChain, f.info.Name, f.info.Revision, before.Name, before.Revision)
		}
	}
	for i := range files {
		c.on = append(c.on, i)
	}
	return c, nil
}

// next goes on to the next entry. It returns [io.EOF] when all files were read to their end and proven.
func (c *chain) next() (key []byte, ts uint64, value []byte, err error) {
	for _, i := range c.on {
		if err := c.files[i].next(); err != nil {
			return nil, 0, nil, err
		}
		if !c.files[i].done {
			heap.Push(&c.heads, i)
		}
	}
	c.on = c.on[:0]
	if c.heads.Len() == 0 {
		for i, f := range c.files {
			if i > 0 && !f.based {
				return nil, 0, nil, fmt.Errorf("%w: the backup %s: there is no record of its base, revision %d", storage.ErrCorrupt, f.info.Name, f.info.Since)
			}
		}
		return nil, 0, nil, io.EOF
	}
	for c.heads.Len() > 0 && (len(c.on) == 0 || c.heads.compare(c.on[0], c.heads.standing[0]) == 0) {
		c.on = append(c.on, heap.Pop(&c.heads).(int))
	}
	first := c.files[c.on[0]]
	for _, i := range c.on[1:] {
		f := c.files[i]
		f.based = f.based || bytes.Equal(f.key, revisionKey(tableRevision, f.info.Since))
		if (f.value == nil) != (first.value == nil) || !bytes.Equal(f.value, first.value) {
			return nil, 0, nil, foreignTo(f, first, describe(f.key))
		}
	}
	// An increment has the record of its base, and the files before it have the same.
	if f := first; c.on[0] > 0 && bytes.Equal(f.key, revisionKey(tableRevision, f.info.Since)) {
		return nil, 0, nil, foreignTo(f, c.files[c.on[0]-1], fmt.Sprintf("revision %d", f.info.Since))
	}
	return first.key, first.ts, first.value, nil
}

func foreignTo(f, other *backupReader, what string) error {
	return fmt.Errorf("%w: %s in %s is not that in %s: they are of two stores, or of two histories of one", ErrChain, what, f.info.Name, other.info.Name)
}

// bytes is how much was read.
func (c *chain) bytes() (n int64) {
	for _, f := range c.files {
		n += f.offset
	}
	return n
}

// An order has the files whose entry comes first on top; of equal entries, that of the earlier file. It is a [heap.Interface].
type order struct {
	files    []*backupReader
	standing []int
}

func (o *order) compare(i, j int) int {
	a, b := o.files[i], o.files[j]
	if c := bytes.Compare(a.key, b.key); c != 0 {
		return c
	}
	switch {
	case a.ts > b.ts:
		return -1
	case a.ts < b.ts:
		return 1
	}
	return 0
}

func (o *order) Len() int { return len(o.standing) }
func (o *order) Less(i, j int) bool {
	c := o.compare(o.standing[i], o.standing[j])
	return c < 0 || c == 0 && o.standing[i] < o.standing[j]
}
func (o *order) Swap(i, j int) { o.standing[i], o.standing[j] = o.standing[j], o.standing[i] }
func (o *order) Push(x any)    { o.standing = append(o.standing, x.(int)) }
func (o *order) Pop() any {
	last := len(o.standing) - 1
	x := o.standing[last]
	o.standing = o.standing[:last]
	return x
}

// A Progress is told now and then how many bytes of a backup were read, of how many; what says what for.
type Progress func(what string, done, total int64)

// eachEntry calls fn with every entry of a chain, whose values are in their envelopes. It returns no error only when all of it is as it was written.
func (c *chain) eachEntry(ctx context.Context, fn func(key []byte, ts uint64, value []byte) error) error {
	for n := 0; ; n++ {
		if n&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key, ts, value, err := c.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = fn(key, ts, value)
		}
		if err != nil {
			return err
		}
	}
}

// prove reads a chain to its end, and proves that it is whole. With a time, the listing knows what was there then.
func (c *chain) prove(ctx context.Context, before time.Time, keep func(key []byte, ts uint64) bool, fn func(key []byte, ts uint64, value []byte) error) (*listing, error) {
	l := &listing{since: c.files[0].info.Since, before: before}
	return l, c.eachEntry(ctx, func(key []byte, ts uint64, value []byte) error {
		if !keep(key, ts) {
			return nil
		}
		var payload []byte
		if value != nil {
			payload = value[envelopeLength:]
		}
		if err := l.add(key, ts, payload); err != nil {
			return c.wrong(fmt.Errorf("%s: %w", describe(key), err))
		}
		return fn(key, ts, value)
	})
}

// wrong is an error about the entry that the chain stands on, or about all of it. Each frame has its checksum: what is wrong with several files is
// that they are together.
func (c *chain) wrong(err error) error {
	f := c.files[len(c.files)-1]
	if len(c.files) > 1 {
		return fmt.Errorf("%w: %s and what stands before it are of two stores, or of two histories of one: %w", ErrChain, f.info.Name, err)
	}
	if len(c.on) == 0 {
		return fmt.Errorf("%w: the backup %s: %w", storage.ErrCorrupt, f.info.Name, err)
	}
	return c.files[c.on[0]].damaged("the entry", err)
}

func everything([]byte, uint64) bool { return true }

// withChain opens the files and calls fn with the chain of them.
func withChain(paths []string, fn func(c *chain, size int64) error) (err error) {
	var files []*backupReader
	var size int64
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		size += fi.Size()
		b, err := openBackup(path, f)
		if err != nil {
			return err
		}
		files = append(files, b)
	}
	c, err := newChain(files)
	if err != nil {
		return err
	}
	return fn(c, size)
}

// VerifyBackup reads a backup and the increments that continue it to their ends, and proves that each is whole and continues those before it; the first may
// be an increment too. The error wraps [storage.ErrCorrupt], [storage.ErrForeign], [storage.ErrNewer] or [ErrChain] when that is not so.
func VerifyBackup(ctx context.Context, paths []string, p Progress) (infos []BackupInfo, err error) {
	err = withChain(paths, func(c *chain, size int64) error {
		l, err := c.prove(ctx, time.Time{}, everything, c.reporting(p, "read", size))
		if err == nil {
			err = c.concluded(l, c.files[len(c.files)-1].info.Revision)
		}
		for _, f := range c.files {
			infos = append(infos, f.info)
		}
		return err
	})
	return infos, err
}

// InspectBackup returns what the header of a backup says, which nothing proves yet.
func InspectBackup(path string) (BackupInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return BackupInfo{}, err
	}
	defer f.Close()
	b, err := openBackup(path, f)
	if err != nil {
		return BackupInfo{}, err
	}
	return b.info, nil
}

// concluded proves that nothing is missing in a chain that was read to its end.
func (c *chain) concluded(l *listing, rev storage.Revision) error {
	if err := l.conclude(rev); err != nil {
		return c.wrong(err)
	}
	return nil
}

// reporting returns a function for eachEntry that reports progress.
func (c *chain) reporting(p Progress, what string, size int64) func([]byte, uint64, []byte) error {
	n := 0
	return func([]byte, uint64, []byte) error {
		if n++; p != nil && n&0x3fff == 0 {
			p(what, c.bytes(), size)
		}
		return nil
	}
}
