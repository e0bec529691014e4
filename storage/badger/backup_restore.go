package badger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// RestoreOptions say which state of a store is restored, and how. The zero value is good.
type RestoreOptions struct {
	Revision storage.Revision // the store as it was when the next revision was about to be committed; 0 for all that the backups hold
	Before   time.Time        // the store as it was at that time; zero for all

	Check    CheckMode // whether Check has to find nothing
	Progress Progress  // nil for none

	MinFreeBytes int64 // as in [Options]
}

// A CheckMode says whether a restored store is checked, which takes longer than to restore it.
type CheckMode int

// The checks.
const (
	CheckSmall  CheckMode = iota // if it has at most a million entries
	CheckAlways                  // whatever its size
	CheckNever                   // not at all, for a store that had problems before it was backed up
)

// checkedEntries is how many entries a store has at most that is always checked.
const checkedEntries = 1_000_000

// A Restored is what Restore has made.
type Restored struct {
	Revision storage.Revision
	Time     time.Time // of that revision
	Entries  int64
	Checked  bool
}

// Restore makes a store in dir, which must not exist or be empty, out of a full backup and the increments that continue it, oldest first. All of them
// are read and proven first, then written beside dir, opened, compared and synced; dir appears in one step. After an error there is nothing; what a killed
// process leaves is called dir.partial-… and may be deleted. The error wraps [storage.ErrNoRevision] when the backups don't hold the state that is wanted, or
// one of those of [VerifyBackup].
func Restore(ctx context.Context, paths []string, dir string, o RestoreOptions) (made Restored, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return made, err
	}
	names, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return made, err
	}
	if len(names) > 0 {
		return made, fmt.Errorf("%w: %s is not empty; choose a new directory", fs.ErrExist, dir)
	}
	until, err := survey(ctx, paths, o)
	if err != nil {
		return made, err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return made, unwritable(parent, err)
	}
	partial, err := os.MkdirTemp(parent, filepath.Base(dir)+".partial-")
	if err != nil {
		return made, unwritable(parent, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeAll(partial))
		}
	}()
	if made, err = restoreInto(ctx, paths, partial, until, o); err != nil {
		return made, outOfSpace(err)
	}
	if err := syncAll(partial); err != nil {
		return made, outOfSpace(err)
	}
	// A directory is renamed over an empty one, never over one that holds something.
	return made, rename(partial, dir)
}

// An ending says where a restored store ends.
type ending struct {
	revision storage.Revision
	last     uint64 // its timestamp
	row      uint64 // the first row of the audit log that is left out, as it names the revision later; 0 for none
}

// keeps tells whether an entry was there.
func (c ending) keeps(key []byte, ts uint64) bool {
	switch {
	case ts > c.last:
		return false
	case c.row == 0:
		return true
	}
	return string(key) != string(revisionKey(tableRelease, c.revision)) && (key[0] != tableAudit || string(key) < string(auditKey(c.row)))
}

// survey proves the backups, and finds where the wanted state ends in them.
//
// Only the newest revision can be named. So whoever asks for a revision gets the name that it was given before the next one came; and whoever asks for a
// time gets it when it had been given by then.
func survey(ctx context.Context, paths []string, o RestoreOptions) (until ending, err error) {
	err = withChain(paths, func(c *chain, size int64) error {
		if first := c.files[0].info; first.Since > 0 {
			return fmt.Errorf("%w: %s continues revision %d; name the full backup first, and all increments up to that revision", ErrChain, first.Name, first.Since)
		}
		l, err := c.prove(ctx, o.Before, everything, c.reporting(o.Progress, "proven", size))
		if err != nil {
			return err
		}
		newest := c.files[len(c.files)-1].info
		if err := c.concluded(l, newest.Revision); err != nil {
			return err
		}
		until = ending{revision: cmp.Or(o.Revision, newest.Revision), last: math.MaxUint64}
		switch {
		case o.Revision > newest.Revision:
			return fmt.Errorf("%w: %d is wanted, and the backups end at revision %d of %s", storage.ErrNoRevision, o.Revision, newest.Revision, newest.Time.Format(time.RFC3339))
		case !o.Before.IsZero() && l.reached == 0:
			return fmt.Errorf("%w: nothing was committed at or before %s", storage.ErrNoRevision, o.Before.Format(time.RFC3339Nano))
		case !o.Before.IsZero():
			until.revision, until.row = l.reached, l.lateRows[l.reached]
		}
		if until.revision < newest.Revision || until.row > 0 {
			until.last = l.newest.timestamp(until.revision)
		}
		return nil
	})
	return until, err
}

// restoreInto fills an empty directory, opens the store in it once, and compares it with what was read.
func restoreInto(ctx context.Context, paths []string, dir string, until ending, o RestoreOptions) (made Restored, err error) {
	options := Options{MinFreeBytes: o.MinFreeBytes, verifyFor: math.MaxInt64}.withDefaults()
	if err := writeMarker(dir, marker{Format: Format, Engine: engine, State: stateLoaded}); err != nil {
		return made, err
	}
	var l *listing
	err = withChain(paths, func(c *chain, size int64) (err error) {
		w, err := newLoader(dir, options)
		if err != nil {
			return err
		}
		report := c.reporting(o.Progress, "restored", size)
		l, err = c.prove(ctx, time.Time{}, until.keeps, func(key []byte, ts uint64, value []byte) error {
			if err := report(key, ts, value); err != nil {
				return err
			}
			return w.add(key, ts, value)
		})
		if err = errors.Join(err, w.close(err == nil)); err == nil {
			err = c.concluded(l, until.revision)
		}
		return err
	})
	if err != nil {
		return made, err
	}
	if err := writeMarker(dir, marker{Format: Format, Engine: engine, State: stateClosed, Revision: until.revision, Entries: l.entries}); err != nil {
		return made, err
	}
	s, err := Open(dir, options) // reads every table whole
	if err != nil {
		return made, err
	}
	made = Restored{Revision: until.revision, Entries: int64(l.entries)}
	err = s.compare(l)
	if err == nil && (o.Check == CheckAlways || o.Check == CheckSmall && l.entries <= checkedEntries) {
		made.Checked = true
		err = s.mustCheck(ctx)
	}
	if h := s.head.Load(); h.Revision > 0 {
		made.Time = time.Unix(0, h.Time).UTC()
	}
	return made, errors.Join(err, s.Close())
}

// compare tells how a store differs from what was read of its backup.
func (s *Store) compare(l *listing) error {
	h := s.head.Load()
	want := head{}
	if l.newest != nil {
		want = *l.newest
		want.Total = l.counted
	}
	if h.Revision != want.Revision || h.Total != want.Total || s.row.Seal != l.row.Seal {
		return fmt.Errorf("%w: %s was to hold revision %d with %d entries and %d rows of the audit log, and holds revision %d with %d and %d; try again",
			storage.ErrCorrupt, s.dir, want.Revision, want.Total, l.row.Row, h.Revision, h.Total, s.row.Row)
	}
	return nil
}

// mustCheck turns what Check finds into an error.
func (s *Store) mustCheck(ctx context.Context) error {
	var first storage.Problem
	result, err := s.Check(ctx, func(p storage.Problem) {
		if first == (storage.Problem{}) {
			first = p
		}
	})
	if err == nil && result.Problems > 0 {
		err = fmt.Errorf("%w: the backup is whole, and the store that it holds has %d problems, the first: %s; restore an older one, or all the same with --no-check", storage.ErrCorrupt, result.Problems, first)
	}
	return err
}

// syncAll puts a directory and its files on disk.
func syncAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncDir(path) // a file is synced as a directory is
	})
}
