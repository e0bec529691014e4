package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"

	"github.com/stemma-kg/stemma/storage"
)

// Badger takes a damaged block for the end of its table: what is behind it seems never to have been there, and merging the table into
// others makes that so. Therefore every table is read whole, against its checksums, before Badger opens the store; where that would take too
// long, the rest is read when something first wants to know what is in it, or by the scrub, whichever comes first; and the scrub goes on
// reading all of them for as long as the store is open. A table that is damaged is never asked: whoever would have to gets an error.

// A suspect is a table that has not been read whole yet, or was and is damaged.
type suspect struct {
	id          uint64
	compression options.CompressionType
	left, right []byte // the first and the last key, without timestamps

	once sync.Once
	bad  atomic.Bool
}

// suspects are the tables that must be looked at before they are relied on; nil when there are none, which is the usual case.
type suspects struct {
	list atomic.Pointer[[]*suspect]
	mu   sync.Mutex // held while the list is replaced
}

// sound tells whether all that lies in first ≤ key ≤ last is in tables that are as they were written.
func (s *Store) sound(first, last []byte) error {
	if s.unsound.Load() {
		return s.damage()
	}
	list := s.suspects.list.Load()
	if list == nil {
		return nil
	}
	for _, t := range *list {
		if bytes.Compare(t.right, first) < 0 || bytes.Compare(last, t.left) < 0 {
			continue
		}
		t.once.Do(func() { s.judge(t) })
		if t.bad.Load() {
			return s.damagedTable(t.id)
		}
	}
	return nil
}

// judge reads a suspect whole.
func (s *Store) judge(t *suspect) {
	err := s.verifyTable(t.id, t.compression)
	switch {
	case err == nil:
		s.acquit(t)
	case errors.Is(err, os.ErrNotExist) && s.db != nil && !s.lists(t.id): // it has been merged into others
		s.acquit(t)
	default:
		t.bad.Store(true)
		s.condemned(t.id, err)
	}
}

// lists tells whether a table is a part of the store.
func (s *Store) lists(id uint64) bool {
	return slices.ContainsFunc(s.db.Tables(), func(t badgerdb.TableInfo) bool { return t.ID == id })
}

func (s *Store) acquit(t *suspect) {
	s.replaceSuspects(func(list []*suspect) []*suspect {
		return slices.DeleteFunc(list, func(o *suspect) bool { return o == t })
	})
}

func (s *Store) replaceSuspects(change func([]*suspect) []*suspect) {
	s.suspects.mu.Lock()
	defer s.suspects.mu.Unlock()
	var list []*suspect
	if old := s.suspects.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	if list = change(list); len(list) == 0 {
		s.suspects.list.Store(nil)
		return
	}
	s.suspects.list.Store(&list)
}

// damagedDir keeps tables that were found damaged while the store was open: Badger may merge and delete them.
const damagedDir = "damaged"

// condemned says that a table is damaged, and keeps it as it is.
func (s *Store) condemned(id uint64, why error) {
	name := table.IDToFilename(id)
	logger{s.log}.inside("read the table %s: %.500v", name, why)
	s.log.Error("the store is damaged: nothing is written any more, and what is in this table can't be read; stop, and run `stemma check`", "dir", s.dir, "file", name)
	if s.options.ReadOnly {
		return
	}
	dir := filepath.Join(s.dir, damagedDir)
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.Link(filepath.Join(s.dir, name), filepath.Join(dir, name))); err != nil && !errors.Is(err, os.ErrExist) {
		s.log.Error("keep the damaged table", "dir", s.dir, "file", name, "err", err)
	}
}

// damagedTable is the error for what a damaged table may hold.
func (s *Store) damagedTable(id uint64) error {
	return fmt.Errorf("%w: %s: the file %s: %s; restore a backup", storage.ErrCorrupt, s.dir, table.IDToFilename(id), brokenFile)
}

// damage returns what was found damaged since the store was opened, nil when nothing was.
func (s *Store) damage() error {
	if why := s.faulted.Load(); why != nil {
		return *why
	}
	if list := s.suspects.list.Load(); list != nil {
		for _, t := range *list {
			if t.bad.Load() {
				return s.damagedTable(t.id)
			}
		}
	}
	return nil
}

// A tableCheck is one table that the MANIFEST lists.
type tableCheck struct {
	id          uint64
	compression options.CompressionType

	err     error // it is damaged
	skipped bool  // it was opened, and not read whole
	entries uint64
	newest  uint64 // timestamp
	suspect *suspect
}

// checkTables opens all tables, several at once, and reads as many of them whole as there is time for.
func (s *Store) checkTables(tables []*tableCheck) {
	deadline := time.Now().Add(s.options.verifyFor)
	next := make(chan *tableCheck)
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for c := range next {
				c.err = s.withTable(table.NewFilename(c.id, s.dir), c.compression, func(t *table.Table) error {
					c.entries, c.newest = uint64(t.KeyCount()), t.MaxVersion()
					if c.skipped = time.Now().After(deadline); !c.skipped {
						return t.VerifyChecksum()
					}
					c.suspect = &suspect{id: c.id, compression: c.compression, left: bytes.Clone(y.ParseKey(t.Smallest())), right: bytes.Clone(y.ParseKey(t.Biggest()))}
					return nil
				})
			}
		})
	}
	progress := time.NewTicker(time.Second)
	defer progress.Stop()
	for i := range tables {
		next <- tables[i]
		select {
		case <-progress.C:
			s.log.Info("reading the tables of the store before it is opened", "dir", s.dir, "read", i+1, "of", len(tables))
		default:
		}
	}
	close(next)
	work.Wait()
	for _, c := range tables {
		if c.skipped && c.err == nil {
			s.replaceSuspects(func(list []*suspect) []*suspect { return append(list, c.suspect) })
		}
	}
}

// verifyTable reads a table of the store whole.
func (s *Store) verifyTable(id uint64, c options.CompressionType) error {
	return s.withTable(table.NewFilename(id, s.dir), c, (*table.Table).VerifyChecksum)
}

// withTable calls fn with a table, opened as Badger will open it, where its panics do no harm.
func (s *Store) withTable(path string, c options.CompressionType, fn func(*table.Table) error) (err error) {
	was := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(was)
		if p := recover(); p != nil {
			err = fmt.Errorf("%.200v", p)
		}
	}()
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	if fi.Size() == 0 {
		return errors.New("it is empty")
	}
	f, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close(-1)
	t, err := table.OpenTable(f, table.Options{ReadOnly: true, BlockSize: s.options.badgerOptions(s.dir).BlockSize, Compression: c, ChkMode: options.OnBlockRead})
	if err != nil {
		return err
	}
	return fn(t)
}

// A Scrub says what the scrub has done since the store was opened.
type Scrub struct {
	Passes  int64     // over all tables
	Bytes   int64     // read
	Damaged int64     // tables
	Last    time.Time // when the newest pass ended; zero before the first
}

// Scrub returns what the scrub has done so far.
func (s *Store) Scrub() Scrub {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.scrubbed
	if list := s.suspects.list.Load(); list != nil {
		for _, t := range *list {
			if t.bad.Load() {
				n.Damaged++
			}
		}
	}
	return n
}

// startScrub begins the scrub, unless the options want none and there is nothing left to read.
func (s *Store) startScrub() {
	ctx, stop := context.WithCancel(context.Background())
	s.stopScrub = stop
	if s.suspects.list.Load() != nil || s.options.ScrubBytesPerSecond > 0 {
		s.scrubbing.Go(func() {
			var err error // which the guard has kept where writers and readers find it
			defer s.guard(&err, debug.SetPanicOnFault(true))
			s.scrub(ctx)
		})
	}
}

// scrub reads all tables, again and again, until ctx is done: those that have not been read yet at once, then all at the rate that the
// options give, with a pause after each pass. A file that somebody has written to is read as soon as that is seen: tables never change.
func (s *Store) scrub(ctx context.Context) {
	if list := s.suspects.list.Load(); list != nil {
		s.log.Info("not all tables were read before the store was opened; the rest is read now", "dir", s.dir, "tables", len(*list))
		for _, t := range *list {
			if ctx.Err() != nil {
				return
			}
			t.once.Do(func() { s.judge(t) })
		}
	}
	if s.options.ScrubBytesPerSecond <= 0 {
		return
	}
	watch := fileWatch{dir: s.dir}
	rest := func(d time.Duration) bool {
		for end := time.Now().Add(d); ; {
			tables, unsound := s.db.Tables(), s.unsound.Load()
			if !unsound {
				tables = watch.changed(tables)
			}
			for _, t := range tables {
				s.scrubTable(t)
			}
			if unsound { // it is known now which tables are damaged
				s.unsound.Store(false)
			}
			left := time.Until(end)
			if left <= 0 || !sleep(ctx, min(left, time.Second)) {
				return ctx.Err() == nil
			}
		}
	}
	for rest(s.options.ScrubEvery) {
		for _, t := range s.db.Tables() {
			began := time.Now()
			s.scrubTable(t)
			if !rest(time.Duration(float64(t.OnDiskSize)/float64(s.options.ScrubBytesPerSecond)*float64(time.Second)) - time.Since(began)) {
				return
			}
		}
		s.mu.Lock()
		s.scrubbed.Passes++
		s.scrubbed.Last = s.options.Now().UTC()
		s.mu.Unlock()
	}
}

// A fileWatch notices tables that were written to since it first saw them.
type fileWatch struct {
	dir  string
	seen map[uint64]fileState
}

type fileState struct {
	size     int64
	modified time.Time
}

// changed returns the tables whose files were written to since the last call, or can't be looked at.
func (w *fileWatch) changed(tables []badgerdb.TableInfo) (changed []badgerdb.TableInfo) {
	now := make(map[uint64]fileState, len(tables))
	for _, t := range tables {
		fi, err := os.Stat(table.NewFilename(t.ID, w.dir))
		if err != nil {
			changed = append(changed, t)
			continue
		}
		now[t.ID] = fileState{fi.Size(), fi.ModTime()}
		if before, known := w.seen[t.ID]; known && before != now[t.ID] {
			changed = append(changed, t)
		}
	}
	w.seen = now
	return changed
}

// scrubTable reads one table.
func (s *Store) scrubTable(t badgerdb.TableInfo) {
	err := s.verifyTable(t.ID, options.None)
	s.mu.Lock()
	s.scrubbed.Bytes += int64(t.OnDiskSize)
	s.mu.Unlock()
	if err == nil || !s.lists(t.ID) {
		return
	}
	known := false
	bad := &suspect{id: t.ID, left: y.ParseKey(t.Left), right: y.ParseKey(t.Right)}
	bad.once.Do(func() {})
	bad.bad.Store(true)
	s.replaceSuspects(func(list []*suspect) []*suspect {
		known = slices.ContainsFunc(list, func(o *suspect) bool { return o.id == t.ID && o.bad.Load() })
		if known {
			return list
		}
		return append(list, bad)
	})
	if !known {
		s.condemned(t.ID, err)
	}
}

// sleep waits, and tells whether ctx is still good.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
