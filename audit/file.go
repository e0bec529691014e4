package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// FileName is the name of the file in the directory of a store.
const FileName = "audit.jsonl"

// odd is what the name of a file gets that was moved aside, before the time.
const odd = ".odd-"

const (
	interval = time.Second     // how often a file is brought up to date, and synced
	patience = 2 * time.Second // how long a start, or an end, waits for that
)

// A File is the audit log beside a store. It is only ever added to.
//
// Once a second it is looked at, and the rows that it lacks are added: so a release, which is no change of the graph, needs no signal of its own,
// and what could not be written on a full device is written when there is room. What must not be there is never written over: such a file
// is moved aside, for somebody to look at, and until they have taken it away the log is not said to be good. A new one begins in its place.
type File struct {
	path  string
	store storage.Auditor
	log   *slog.Logger
	now   func() time.Time

	file *os.File // nil: it has to be opened, and held against the store
	size int64
	next uint64 // the newest row once rest is written
	rest []byte // what is still to be written of the rows up to next
	said string // in the log: why it failed the last time

	dirty bool // something was written and not synced

	stop   context.CancelFunc
	looked chan struct{} // closed after the first look
	ended  chan struct{}

	mu  sync.Mutex // guards what follows
	row uint64
	ok  bool
}

// Keep brings the file at path up to date with the store, and goes on doing so until Close. A file that can't be kept is no reason not to
// serve: Keep says so in the log, as OK does, and tries again. Nor is a long one: it may still be read when Keep returns.
func Keep(path string, store storage.Auditor, log *slog.Logger, now func() time.Time) *File {
	ctx, stop := context.WithCancel(context.Background())
	f := &File{path: path, store: store, log: log, now: now, stop: stop, looked: make(chan struct{}), ended: make(chan struct{})}
	go f.run(ctx)
	select {
	case <-f.looked:
	case <-time.After(patience):
		log.Info("the file of the audit log is still being held against the store", "file", path)
	}
	return f
}

func (f *File) run(ctx context.Context) {
	defer close(f.ended)
	f.update(ctx)
	close(f.looked)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.update(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			f.update(last)
			f.drop()
			return
		}
	}
}

// Close brings the file up to date once more. The store must still be open.
func (f *File) Close() {
	f.stop()
	<-f.ended
}

// Row returns the newest row that is in the file.
func (f *File) Row() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.row
}

// OK tells whether the file is known to be as the store has it, and none that was not lies beside it.
func (f *File) OK() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ok
}

// update is one look at the file.
func (f *File) update(ctx context.Context) {
	err := f.bringUpToDate(ctx)
	switch {
	case errors.Is(err, context.Canceled):
		return // the last look follows
	case err != nil && err.Error() != f.said:
		f.log.Error("the file of the audit log can't be written; what it lacks is in the store, and is added as soon as it can be", "file", f.path, "error", err)
		f.said = err.Error()
	case err == nil && f.said != "":
		f.log.Info("the file of the audit log is up to date again", "file", f.path)
		f.said = ""
	}
	aside, listed := Odd(f.path)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ok = err == nil && listed == nil && len(aside) == 0
}

func (f *File) bringUpToDate(ctx context.Context) error {
	if f.file != nil {
		if fi, err := f.file.Stat(); err != nil || !f.isAt(fi) || fi.Size() != f.size {
			f.log.Warn("somebody else has changed, moved or removed the file of the audit log", "file", f.path)
			f.drop()
		}
	}
	if f.file == nil {
		if err := f.open(ctx); err != nil {
			f.drop()
			return err
		}
	}
	return f.add(ctx)
}

// isAt tells whether the open file still has its name.
func (f *File) isAt(open fs.FileInfo) bool {
	fi, err := os.Lstat(f.path)
	return err == nil && os.SameFile(fi, open)
}

func (f *File) drop() {
	if f.file != nil {
		_ = f.file.Close() // what counts was synced
		f.file = nil
	}
}

// open opens the file, or makes it, and finds out what it lacks.
func (f *File) open(ctx context.Context) error {
	fi, err := os.Lstat(f.path)
	if err == nil && !fi.Mode().IsRegular() {
		err = f.moveAside(errors.New("it is no regular file"))
		fi = nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if fi != nil {
		if f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_APPEND, 0); err != nil {
			return err
		}
		has, err := Compare(ctx, f.path, f.file, f.store)
		var wrong *Error
		switch {
		case errors.As(err, &wrong):
			f.drop()
			if err := f.moveAside(wrong); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			return f.from(has)
		}
	}
	if f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	return errors.Join(f.from(Extent{}), syncDir(filepath.Dir(f.path)))
}

// from begins where a file ends.
func (f *File) from(has Extent) error {
	if has.Zeros {
		f.log.Warn("the file of the audit log ends in zeros, as a power cut leaves it; they are taken off", "file", f.path, "row", has.Row)
		if err := f.file.Truncate(has.Size); err != nil {
			return err
		}
	}
	f.size, f.next, f.rest = has.Size, has.Row, has.Rest
	if len(has.Rest) > 0 {
		f.next++
	}
	f.wrote(has.Row)
	return nil
}

func (f *File) wrote(row uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.row = row
}

// moveAside gives a file that is not the store's log another name.
func (f *File) moveAside(why error) error {
	to := f.path + odd + f.now().UTC().Format("20060102T150405.000000000Z")
	if err := os.Rename(f.path, to); err != nil {
		return fmt.Errorf("%w; and it can't be moved aside: %w", why, err)
	}
	f.log.Error("the file of the audit log is not what the store has, and was moved aside: find out who changed it, then take it away; a new one is written from the store",
		"file", f.path, "moved to", to, "error", why)
	return nil
}

// add writes what the file lacks, and syncs it.
func (f *File) add(ctx context.Context) error {
	for {
		if len(f.rest) == 0 {
			lines, err := f.store.Audit(ctx, f.next, page)
			if err != nil {
				return err
			}
			if len(lines) == 0 {
				break
			}
			f.rest = append(bytes.Join(lines, []byte("\n")), '\n')
			f.next += uint64(len(lines))
		}
		f.dirty = true
		n, err := f.file.Write(f.rest)
		f.size, f.rest = f.size+int64(n), f.rest[n:]
		if err != nil {
			return err
		}
		f.wrote(f.next)
	}
	if !f.dirty {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		f.drop() // nobody knows what of it is on disk: it is read again
		return err
	}
	f.dirty = false
	return nil
}

// Odd returns the files that were moved aside because they were not what the store has.
func Odd(path string) ([]string, error) {
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var aside []string
	for _, f := range files {
		if strings.HasPrefix(f.Name(), filepath.Base(path)+odd) {
			aside = append(aside, filepath.Join(filepath.Dir(path), f.Name()))
		}
	}
	return aside, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
