package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// Badger writes its logs and tables by way of mapped files, which have holes when they are made: a page that finds no block on the device
// ends the process. So a commit needs a reserve on the device besides its own size, for what Badger writes in the background, and the
// log that it goes to has its blocks from the beginning.

const (
	smallestReserve = 64 << 20
	largestReserve  = 512 << 20
	// roomToOpen is what Badger writes on opening a store, and some more.
	roomToOpen = 16 << 20
)

// reserve is what a commit must leave free on a device: a twentieth of it, within bounds, if the options don't say.
func (s *Store) reserve(device int64) int64 {
	if s.options.MinFreeBytes > 0 {
		return s.options.MinFreeBytes
	}
	return min(max(device/20, smallestReserve), largestReserve)
}

// roomFor refuses to write so many bytes where the device would not have its reserve any more.
func (s *Store) roomFor(size int64) error {
	if s.options.MinFreeBytes < 0 {
		return nil
	}
	free, device, err := space(s.dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", s.dir, err)
	}
	if need := s.reserve(device) + size; free < need {
		return fmt.Errorf("%w: %s has %d MiB free and a commit needs %d MiB; free some space: reading goes on, and writing when there is room", storage.ErrFull, s.dir, free>>20, (need+1<<20-1)>>20)
	}
	return nil
}

// RoomToOpen says why a store in a directory can't be opened for writing, if that is because the device has no room for it.
func RoomToOpen(dir string) error {
	free, _, err := space(dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	if free < roomToOpen {
		return fmt.Errorf("%w: %s has %d MiB free, and %d MiB are needed to open it for writing; free some space", storage.ErrFull, dir, free>>20, roomToOpen>>20)
	}
	return nil
}

// Writable says why an update would be refused now.
func (s *Store) Writable() error {
	if s.options.ReadOnly {
		return fmt.Errorf("%w: it was opened so", storage.ErrReadOnly)
	}
	if err := s.damage(); err != nil {
		return err
	}
	if why := s.failed.Load(); why != nil {
		return *why
	}
	return s.roomFor(0)
}

// allocateLog gives the newest of Badger's logs its blocks, and sees to it that the file is what it was: Badger writes to its mapped pages, and
// one that is not there any more ends the process. Badger makes logs one after another, each with the next number.
func (s *Store) allocateLog() error {
	if log := s.newestLog; log.path != "" {
		fi, err := os.Stat(log.path)
		if err == nil && fi.Size() < log.size {
			err = errors.New("it was cut short")
		}
		if err != nil && !s.begun() {
			err = fmt.Errorf("%w: the log %s: %s; nothing is written any more: stop, and run `stemma check`", storage.ErrCorrupt, log.path, whatIsWrong(err))
			s.fault(err)
			return err
		}
	}
	if err := s.manifestGrows(); err != nil {
		s.fault(err)
		return err
	}
	for {
		path := filepath.Join(s.dir, fmt.Sprintf("%05d.mem", s.nextLog))
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the log %s: %w", path, err)
		}
		fi, err := f.Stat()
		if err == nil {
			err = allocate(f, fi.Size())
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("the log %s: %w", path, outOfSpace(err))
		}
		s.newestLog.path, s.newestLog.size = path, fi.Size()
		s.nextLog++
	}
}

// manifestGrows sees to it that the MANIFEST is not cut short under the store: what is written after that could not be found again. Badger makes a
// shorter one now and then, which lists all tables.
func (s *Store) manifestGrows() error {
	path := filepath.Join(s.dir, badgerdb.ManifestFilename)
	fi, err := os.Stat(path)
	if err == nil && fi.Size() >= s.manifest {
		s.manifest = fi.Size()
		return nil
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			defer f.Close()
			var m badgerdb.Manifest
			if m, _, err = badgerdb.ReplayManifestFile(f, externalMagic, s.options.badgerOptions(s.dir)); err == nil {
				for _, t := range s.db.Tables() {
					if _, listed := m.Tables[t.ID]; !listed {
						err = errors.New("it does not list all tables")
					}
				}
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %s: the file %s was changed while the store was open: %s; make a backup of it as long as it is open, by `stemma backup --url`", storage.ErrCorrupt, s.dir, badgerdb.ManifestFilename, whatIsWrong(err))
	}
	s.manifest = fi.Size()
	return nil
}

// begun tells whether Badger has begun another log.
func (s *Store) begun() bool {
	_, err := os.Stat(filepath.Join(s.dir, fmt.Sprintf("%05d.mem", s.nextLog)))
	return err == nil
}

// findLog finds the log that allocateLog begins with.
func (s *Store) findLog() error {
	logs, err := filepath.Glob(filepath.Join(s.dir, "*.mem"))
	if err != nil {
		return err
	}
	s.nextLog = 1
	for _, path := range logs {
		var n int
		if _, err := fmt.Sscanf(filepath.Base(path), "%05d.mem", &n); err == nil {
			s.nextLog = max(s.nextLog, n)
		}
	}
	return s.allocateLog()
}
