package badger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// RepairOptions say how to repair a store.
type RepairOptions struct {
	AcceptLoss   bool             // put the repaired store in the damaged one's place; else only say what would be lost
	Now          func() time.Time // for the name of the damaged directory; nil for time.Now
	Logger       *slog.Logger     // nil for none
	MinFreeBytes int64            // as in [Options]
}

// What stands beside the directory of a store, DIR.
const (
	repairingSuffix = ".repairing" // DIR.repairing: work; it may be removed
	repairedSuffix  = ".repaired"  // DIR.repaired: a proven store that is about to become DIR
	damagedSuffix   = ".damaged-"  // DIR.damaged-20060102T150405: the damaged store, as it was
)

// Repair makes a store out of what can be read of a damaged one, proves it, and says what is lost. Nothing in the damaged directory is changed:
// with AcceptLoss it is renamed, and the repaired store gets its name. A repair that is cut short has lost nothing: run it again. It needs some three
// times the space that the store takes, beside it.
//
// It wraps [storage.ErrLocked], [storage.ErrForeign], [storage.ErrNewer] and [storage.ErrFull].
func Repair(ctx context.Context, dir string, ro RepairOptions) (report RepairReport, err error) {
	o := Options{Logger: ro.Logger, Now: ro.Now, MinFreeBytes: ro.MinFreeBytes}.withDefaults()
	if dir, err = filepath.Abs(dir); err != nil {
		return report, err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	report.Dir = dir
	if done, err := finishRepair(dir, ro); done || err != nil {
		report.Repaired, report.Finished = done, done
		return report, err
	}
	if _, err := os.Stat(dir); err != nil {
		return report, fmt.Errorf("repair: %w", err)
	}
	lock, err := openDir(dir, !ro.AcceptLoss)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := roomToRepair(dir, o); err != nil {
		return report, err
	}
	work := dir + repairingSuffix
	if err := errors.Join(removeAll(work), os.Mkdir(work, 0o700)); err != nil {
		return report, unwritable(filepath.Dir(dir), err)
	}
	defer func() { err = errors.Join(err, removeAll(work)) }()
	store := filepath.Join(work, "store")
	if err := salvageInto(ctx, dir, work, store, o, &report); err != nil {
		return report, err
	}
	if len(report.Damage) == 0 || !ro.AcceptLoss {
		return report, nil
	}
	return report, replaceStore(dir, store, o, &report)
}

// salvageInto makes the repaired store, and the report.
func salvageInto(ctx context.Context, dir, work, store string, o Options, report *RepairReport) (err error) {
	s, err := openSalvage(dir, filepath.Join(work, "salvage"), o)
	if err != nil {
		return fmt.Errorf("repair %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	p, err := s.plan()
	if err != nil {
		return err
	}
	found := p.exact
	err = s.build(ctx, p, store, o, report)
	if errors.Is(err, errUnproven) && p.exact > 0 { // its entries are all there, and disagree: what nodes and edges say counts
		s.damage("entries", "they are all there, and disagree: %v", err)
		p.exact, p.row = 0, 0
		if err = removeAll(store); err == nil {
			err = s.build(ctx, p, store, o, report)
		}
	}
	if err != nil {
		return fmt.Errorf("repair %s: %w", dir, err)
	}
	report.Damage = s.damages
	hidden := s.hidden > 0 && s.hidden <= p.timestamp(p.newest)
	if len(s.damages) > 0 || found < p.newest || hidden { // else what is at the end of a log is the start of a commit that never was
		report.Damage = append(report.Damage, s.ends...)
	}
	switch {
	case len(report.Damage) > 0:
	case found < p.newest:
		report.Damage = []Damage{{"entries", fmt.Sprintf("those after revision %d are not all there", found)}}
	case hidden:
		report.Damage = []Damage{{"log", "its end is not all there"}}
	default: // all is there, but perhaps not where a store is opened from
		err := opens(dir, filepath.Join(work, "trial"), o)
		if !errors.Is(err, storage.ErrCorrupt) {
			return err
		}
		report.Damage = []Damage{{"store", err.Error()}}
	}
	return nil
}

// opens tells whether a store opens, by a copy of it.
func opens(dir, trial string, o Options) error {
	for _, sub := range []string{"", orphanDir} {
		files, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.Mkdir(filepath.Join(trial, sub), 0o700)
		}
		if err != nil {
			return err
		}
		for _, f := range files {
			from, to := filepath.Join(dir, sub, f.Name()), filepath.Join(trial, sub, f.Name())
			if !f.Type().IsRegular() || f.Name() == pidFile {
				continue
			}
			if filepath.Ext(from) == ".sst" && os.Link(from, to) == nil { // a table never changes
				continue
			}
			if err := copyLog(from, to); err != nil {
				return err
			}
		}
	}
	s, err := Open(trial, o)
	if err != nil {
		return err
	}
	return s.Close()
}

// roomToRepair refuses to begin what the device has no room for, or where the directory can't be renamed.
func roomToRepair(dir string, o Options) error {
	var size int64
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		fi, err := e.Info()
		if err == nil {
			size += usedBytes(fi)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("repair %s: %w", dir, err)
	}
	if o.MinFreeBytes < 0 {
		return nil
	}
	parent := filepath.Dir(dir)
	free, device, err := space(parent)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", parent, err)
	}
	if need := (&Store{options: o}).reserve(device) + 3*size; free < need {
		return fmt.Errorf("%w: a repair needs %d MiB in %s, which has %d MiB free; make room, or copy the store to another device and repair the copy", storage.ErrFull, (need+1<<20-1)>>20, parent, free>>20)
	}
	return nil
}

// replaceStore puts the repaired store in the place of the damaged one.
func replaceStore(dir, store string, o Options, report *RepairReport) error {
	repaired := dir + repairedSuffix
	kept := dir + damagedSuffix + o.Now().UTC().Format("20060102T150405")
	if _, err := os.Lstat(kept); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("repair %s: %s is there already; try again in a second", dir, kept)
	}
	err := syncFiles(store)
	if err == nil {
		err = removeAll(repaired)
	}
	if err == nil { // what has this name is proven
		err = rename(store, repaired)
	}
	if err != nil {
		return fmt.Errorf("repair %s: %w", dir, err)
	}
	if err := rename(dir, kept); err != nil {
		return fmt.Errorf("the repaired store is %s, and %s can't be renamed: %w; when it is a mount point, copy the store to a directory of its own, and repair the copy", repaired, dir, err)
	}
	if err := rename(repaired, dir); err != nil {
		return fmt.Errorf("repair %s: %w; the damaged store is %s now: run the repair again", dir, err, kept)
	}
	report.Repaired, report.Kept = true, kept
	return nil
}

// syncFiles has all files of a directory on disk.
func syncFiles(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := syncDir(filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// finishRepair does what is left of a repair that was cut short when the damaged store had been renamed.
func finishRepair(dir string, ro RepairOptions) (done bool, err error) {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return false, nil //nolint:nilerr // opening it says what is wrong
	}
	repaired := dir + repairedSuffix
	if _, err := os.Stat(repaired); err != nil || !ro.AcceptLoss {
		return false, nil //nolint:nilerr // there is nothing to finish
	}
	if err := errors.Join(rename(repaired, dir), removeAll(dir+repairingSuffix)); err != nil {
		return false, fmt.Errorf("repair %s: %w", dir, err)
	}
	return true, nil
}
