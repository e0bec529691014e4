package badger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/stemma-kg/stemma/storage"
)

// externalMagic is in Badger's MANIFEST, so that a store of ours is not taken for another program's.
const externalMagic = 0x53e3

// pidFile holds the number of the process that has the store open. It only serves messages: the lock is on the directory.
const pidFile = "LOCK"

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.NodeCacheBytes = cmp.Or(o.NodeCacheBytes, 32<<20)
	o.MemTableBytes = max(cmp.Or(o.MemTableBytes, 16<<20), 8<<20) // Badger wants room for some of the largest inline values
	o.verifyFor = cmp.Or(o.verifyFor, 5*time.Second)
	o.ScrubEvery = cmp.Or(o.ScrubEvery, 10*time.Second)
	return o
}

// badgerOptions are Badger's for a directory.
func (o Options) badgerOptions(dir string) badgerdb.Options {
	return badgerdb.DefaultOptions(dir).
		WithLogger(logger{o.Logger}).
		WithReadOnly(o.ReadOnly).
		WithBypassLockGuard(true).   // ours is taken before anything is read, and says who has it
		WithSyncWrites(!o.unsynced). // off by default: an acknowledged commit would not survive a power cut
		WithNumVersionsToKeep(math.MaxInt).
		WithDetectConflicts(false). // there is one writer
		WithExternalMagic(externalMagic).
		WithVerifyValueChecksum(true).
		WithChecksumVerificationMode(options.OnBlockRead).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(64 << 20).
		WithMemTableSize(o.MemTableBytes).
		WithNumMemtables(3).
		WithCompression(options.None). // so that blocks are read where the system maps them, without a cache and a copy of ours
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithNumCompactors(2).
		WithNumGoroutines(2).
		WithMetricsEnabled(false)
}

// Open opens the store in a directory, which is made when it is not there. It fails with an error that wraps
// [storage.ErrLocked], [storage.ErrForeign], [storage.ErrNewer], [storage.ErrCorrupt] or [storage.ErrReadOnly] where one of those
// is the reason, and then nothing in the directory is lost: a log that Badger would cut is put back as it was.
func Open(dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	lock, err := openDir(dir, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, options: o, log: o.Logger, lock: lock,
		writing: make(chan struct{}, 1), woken: make(chan struct{}), closing: make(chan struct{}),
	}
	s.writing <- struct{}{}
	if err := s.open(); err != nil {
		if s.db != nil {
			err = errors.Join(err, s.db.Close())
		}
		return nil, errors.Join(s.refused(err), s.unlock())
	}
	s.startScrub()
	return s, nil
}

// open does the rest of Open, step by step, the harmless ones first.
func (s *Store) open() error {
	m, err := s.identify()
	if err != nil {
		return err
	}
	was, err := s.acknowledged(m)
	if err != nil {
		return err
	}
	if s.options.MinFreeBytes >= 0 && !s.options.ReadOnly {
		if err := RoomToOpen(s.dir); err != nil {
			return err
		}
	}
	if !s.options.ReadOnly {
		if err := s.foundAgain(); err != nil {
			return err
		}
	}
	if err := s.preflight(m); err != nil {
		return err
	}
	if m.State == stateOpen { // an opening that was refused has brought what the logs hold into tables: what it had to prove is still to be proven
		m.Since = cmp.Or(m.Since, max(s.flushed, 1))
	}
	if !s.options.ReadOnly {
		if err := s.claim(m); err != nil {
			return err
		}
		if m.State != stateClosed {
			if err := s.keepLogs(); err != nil {
				return err
			}
		}
		if err := s.dropUseless(); err != nil {
			return err
		}
	}
	if s.cache, err = newCache(s.options.NodeCacheBytes); err != nil {
		return err
	}
	o := s.options.badgerOptions(s.dir)
	if m.State == stateOpen {
		o = quiet(o)
	}
	if s.db, err = openBadger(o, logger{s.log}); err != nil {
		return err
	}
	if err := s.sound(auditKey(0), end(headKey)); err != nil { // all that is read below is there
		return err
	}
	h, err := s.readHead()
	if err != nil {
		return err
	}
	if err := s.proveOrphans(); err != nil {
		return err
	}
	if err := s.holdsAll(h, was); err != nil {
		return err
	}
	if m.State != stateClosed {
		if err := s.whole(h, m.Since); err != nil {
			return err
		}
	}
	if h.Total == 0 && h.Revision > 0 && !s.options.ReadOnly {
		s.log.Info("the store has an older format: its entries are counted, once", "dir", s.dir)
		h.Total = s.countEntries(h)
	}
	if s.db.MaxVersion() > h.last() {
		if h, err = s.undo(h); err != nil {
			return fmt.Errorf("undo a commit that was cut short: %w", err)
		}
	}
	s.head.Store(h)
	if err := s.readRow(h); err != nil {
		return err
	}
	if err := s.readReleases(); err != nil {
		return err
	}
	if err := s.holdsReleases(was); err != nil {
		return err
	}
	if s.options.ReadOnly {
		return nil
	}
	if err := s.settle(m); err != nil {
		return err
	}
	if m.State == stateOpen {
		if err := s.unquiet(); err != nil {
			return err
		}
	}
	return s.findLog()
}

// quiet has Badger merge no tables: until a store that a crash left is proven, every file stays that was found.
func quiet(o badgerdb.Options) badgerdb.Options {
	return o.WithNumCompactors(0).WithNumLevelZeroTables(1 << 20).WithNumLevelZeroTablesStall(1 << 21)
}

// unquiet opens Badger again, as it is used.
func (s *Store) unquiet() error {
	err := s.db.Close()
	s.db = nil
	if err != nil {
		return fmt.Errorf("open %s: bring in what its logs held: %w", s.dir, outOfSpace(err))
	}
	s.db, err = openBadger(s.options.badgerOptions(s.dir), logger{s.log})
	return err
}

// settle writes down what the store that has been opened holds, and lets go of what was kept in case that it is refused. A new store's marker
// ceases to be "new" here.
func (s *Store) settle(m marker) error {
	if err := s.startMark(acknowledged{s.head.Load().Revision, uint64(len(s.releases))}); err != nil {
		return unwritable(s.dir, err)
	}
	if m.State == stateNew || !m.Mark || m.Since > 0 {
		m.State, m.Mark, m.Since = stateOpen, true, 0
		if err := writeMarker(s.dir, m); err != nil {
			return unwritable(s.dir, err)
		}
	}
	return s.dropLogs()
}

// openDir makes the directory when need be, and takes its lock.
func openDir(dir string, readOnly bool) (*os.File, error) {
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && readOnly:
		return nil, fmt.Errorf("open a store for reading: %w", err)
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, unwritable(dir, err)
		}
	case err != nil:
		return nil, fmt.Errorf("open a store: %w", err)
	case !fi.IsDir():
		return nil, fmt.Errorf("%w: %s is a file, and a store is a directory", storage.ErrForeign, dir)
	}
	kind, err := fileSystem(dir)
	if err != nil {
		return nil, fmt.Errorf("open a store: %w", err)
	}
	if name, network := networkTypes[kind]; network && !readOnly {
		return nil, fmt.Errorf("%w: %s is on %s, which can't keep another machine from writing too; choose a directory on a disk of this machine", storage.ErrNetwork, dir, name)
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open a store: %w", err)
	}
	ok, err := lockDir(f, readOnly)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
	}
	if !ok {
		holder := "another process"
		if pid, err := os.ReadFile(filepath.Join(dir, pidFile)); err == nil && len(pid) > 0 {
			holder = "process " + strings.TrimSpace(string(pid))
		}
		return nil, errors.Join(fmt.Errorf("%w: %s is open in %s; stop it, or choose another directory", storage.ErrLocked, dir, holder), f.Close())
	}
	return f, nil
}

func unwritable(dir string, err error) error {
	if full := outOfSpace(err); errors.Is(full, storage.ErrFull) {
		return fmt.Errorf("%w: %s: free some space", full, dir)
	}
	return fmt.Errorf("%w: %s can't be written to: %w; make it writable for the user of this process, or choose another directory", storage.ErrReadOnly, dir, err)
}

// unlock gives the directory back.
func (s *Store) unlock() error {
	if s.mark != nil {
		if err := s.mark.file.Close(); err != nil {
			s.log.Error("close the record of the newest acknowledged revision", "dir", s.dir, "err", err)
		}
	}
	if !s.options.ReadOnly {
		path := filepath.Join(s.dir, pidFile)
		if pid, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(pid)) == fmt.Sprint(os.Getpid()) {
			if err := os.Remove(path); err != nil {
				return errors.Join(err, s.lock.Close())
			}
		}
	}
	return s.lock.Close()
}

// openBadger opens the database; it turns Badger's panics on damaged files into errors.
func openBadger(o badgerdb.Options, l logger) (db *badgerdb.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, giveUp(l, o.Dir, p)
		}
	}()
	if err := step("open", o.Dir); err != nil {
		return nil, err
	}
	if db, err = badgerdb.OpenManaged(o); err != nil {
		return nil, giveUp(l, o.Dir, err)
	}
	return db, nil
}

// shut closes Badger and gives the directory back. Nothing of the store runs any more.
func (s *Store) shut() error {
	s.stopScrub()
	s.scrubbing.Wait()
	err := errors.Join(s.db.Close(), step("closed", s.dir))
	if err == nil && !s.options.ReadOnly {
		h := s.head.Load()
		err = writeMarker(s.dir, marker{Format: Format, Engine: engine, State: stateClosed, Revision: h.Revision, Mark: true, Entries: h.Total + s.row.Row + uint64(len(s.releases))})
	}
	return errors.Join(err, s.unlock())
}

// readHead returns the head that the newest commit wrote; a new store has none.
func (s *Store) readHead() (*head, error) {
	txn := s.db.NewTransactionAt(math.MaxUint64, false)
	defer s.discard(txn)
	item, err := txn.Get(headKey)
	if errors.Is(err, badgerdb.ErrKeyNotFound) {
		return new(head), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", describe(headKey), err)
	}
	h := new(head)
	return h, payloadOf(item, func(p []byte) error {
		if err := recordReader.Unmarshal(p, h); err != nil {
			return corrupt(headKey, "%v", err)
		}
		return nil
	})
}

// undo takes back what a commit wrote that a crash cut short: every key that has a value above the head gets the value that it has
// at the head again, above all of those. The timestamps are burnt; the revision after the head is still to come.
func (s *Store) undo(h *head) (*head, error) {
	if s.options.ReadOnly {
		return nil, fmt.Errorf("%w: the last commit was cut short, and has to be undone before the store can be only read: open it once for writing", storage.ErrReadOnly)
	}
	top := s.db.MaxVersion()
	s.log.Warn("a commit was cut short by a crash; it is undone", "dir", s.dir, "revision", h.Revision+1)
	now := &head{Revision: h.Revision, Time: h.Time, Burnt: append(append([]span{}, h.Burnt...), span{First: h.last() + 1, Last: top + 1})}
	entries, undone, err := s.before(h, top)
	if err != nil {
		return nil, err
	}
	now.Row = h.Row
	now.Entries = 1 // the head
	for _, e := range entries {
		if !ownCount(e.key) {
			now.Entries++
		}
	}
	now.Total = h.Total + undone + now.Entries
	b, err := records.Marshal(now)
	if err != nil {
		return nil, err
	}
	if err := s.roomFor(0); err != nil {
		return nil, err
	}
	return now, s.write(top+1, append(entries, entry{headKey, seal(headKey, b)}))
}

// before returns, for every key that was written after h, what it held then, and how many entries were written since.
func (s *Store) before(h *head, top uint64) (entries []entry, written uint64, err error) {
	above := s.db.NewTransactionAt(top, false)
	defer s.discard(above)
	below := s.db.NewTransactionAt(h.last(), false)
	defer s.discard(below)
	it := above.NewIterator(badgerdb.IteratorOptions{AllVersions: true, SinceTs: h.last()})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		if !ownCount(key) {
			written++
		}
		if n := len(entries); n > 0 && string(entries[n-1].key) == string(key) {
			continue
		}
		e := entry{key: key}
		switch item, err := below.Get(key); {
		case errors.Is(err, badgerdb.ErrKeyNotFound):
		case err != nil:
			return nil, 0, err
		default:
			if e.value, err = item.ValueCopy(nil); err != nil {
				return nil, 0, err
			}
		}
		entries = append(entries, e)
	}
	return entries, written, nil
}

// readReleases fills in the names of revisions.
func (s *Store) readReleases() error {
	txn, _ := s.latest()
	defer s.discard(txn)
	it := txn.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{tableRelease}})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		rev, err := revisionOf(it.Item().Key())
		if err != nil {
			return err
		}
		err = payloadOf(it.Item(), func(p []byte) error {
			s.releases = append(s.releases, release{rev, string(p)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// A logger hands Badger's messages on, one step quieter: what is news to Badger is detail to the server.
type logger struct{ *slog.Logger }

func (l logger) at(level slog.Level, f string, args []any) {
	if l.Enabled(context.Background(), level) {
		l.Log(context.Background(), level, "badger: "+strings.TrimSpace(fmt.Sprintf(f, args...)))
	}
}

func (l logger) Errorf(f string, args ...any) { l.at(slog.LevelError, f, args) }

// inside logs what Badger says of its own code, which tells an operator nothing.
func (l logger) inside(f string, args ...any) { l.at(slog.LevelDebug, f, args) }

func (l logger) Warningf(f string, args ...any) { l.at(slog.LevelWarn, f, args) }
func (l logger) Infof(f string, args ...any)    { l.at(slog.LevelDebug, f, args) }
func (l logger) Debugf(string, ...any)          {}
