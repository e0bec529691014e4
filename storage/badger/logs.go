package badger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/stemma-kg/stemma/storage"
)

// Opening a store that a crash left, Badger cuts its logs at the first damaged record, moves what is before it into tables and deletes
// them. So the logs, and the MANIFEST, are copied aside first: when the store is refused, they are put back, and what was made since is
// taken away. With no tables merged meanwhile (quiet) all files are as they were found.

const (
	// logsDir holds the copies while the store is opened. The whole directory appears in one step, and disappears in one: what is in it is the original.
	logsDir = "logs"
	// keptDir is what it becomes when the store is refused. The first copy stays: the logs themselves are in place again.
	keptDir = "logs-kept"
)

// foundAgain puts the logs back when an earlier opening was cut short.
func (s *Store) foundAgain() error {
	if !exists(filepath.Join(s.dir, logsDir)) {
		return nil
	}
	s.keeps = true
	return s.putLogsBack()
}

// keepLogs copies the logs aside.
func (s *Store) keepLogs() error {
	dir := filepath.Join(s.dir, logsDir)
	logs, err := filepath.Glob(filepath.Join(s.dir, "*.mem"))
	if len(logs) == 0 || err != nil || s.keeps {
		return err
	}
	if manifest := filepath.Join(s.dir, badgerdb.ManifestFilename); exists(manifest) {
		logs = append(logs, manifest)
	}
	partial := dir + ".new"
	if err := errors.Join(removeAll(partial), os.Mkdir(partial, 0o700)); err != nil {
		return unwritable(s.dir, err)
	}
	for _, path := range logs {
		if err := copyLog(path, filepath.Join(partial, filepath.Base(path))); err != nil {
			return fmt.Errorf("copy the log %s aside: %w", path, errors.Join(outOfSpace(err), removeAll(partial)))
		}
	}
	if err := errors.Join(syncDir(partial), rename(partial, dir)); err != nil {
		return fmt.Errorf("copy the logs of %s aside: %w", s.dir, err)
	}
	s.keeps = true
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// copyLog copies a file without writing what is zero: Badger's logs are mapped, and most of them is a hole.
func copyLog(from, to string) error {
	if err := step("copy", to); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	var size int64
	buffer, zeros := make([]byte, 1<<16), make([]byte, 1<<16)
	for err == nil {
		var n int
		if n, err = io.ReadFull(in, buffer); !bytes.Equal(buffer[:n], zeros[:n]) {
			if _, werr := out.WriteAt(buffer[:n], size); werr != nil {
				err = werr
			}
		}
		size += int64(n)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return errors.Join(err, out.Truncate(size), out.Sync(), out.Close())
}

// putLogsBack replaces the logs and the MANIFEST by their copies, and takes away the logs and tables that were made since.
func (s *Store) putLogsBack() error {
	dir := filepath.Join(s.dir, logsDir)
	copies, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, c := range copies {
		path := filepath.Join(s.dir, c.Name())
		if err := copyLog(filepath.Join(dir, c.Name()), path+".back"); err != nil {
			return fmt.Errorf("put the log %s back: %w", path, outOfSpace(err))
		}
		if err := rename(path+".back", path); err != nil {
			return fmt.Errorf("put the log %s back: %w", path, err)
		}
	}
	f, err := os.Open(filepath.Join(dir, badgerdb.ManifestFilename))
	if err != nil {
		return nil // an older program has not kept it
	}
	defer f.Close()
	manifest, _, err := badgerdb.ReplayManifestFile(f, externalMagic, s.options.badgerOptions(s.dir))
	if err != nil {
		return nil // it was found damaged, and says nothing about what is new
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		made := false
		switch filepath.Ext(file.Name()) {
		case ".mem":
			made = !exists(filepath.Join(dir, file.Name()))
		case ".sst": // one that is in neither was found unlisted, and is among the orphans
			id, ok := table.ParseFileID(file.Name())
			_, listed := manifest.Tables[id]
			made = ok && !listed
		}
		if made {
			if err := removeAll(filepath.Join(s.dir, file.Name())); err != nil {
				return err
			}
		}
	}
	return errors.Join(s.orphansBack(), syncDir(s.dir))
}

// refused leaves the logs of a store that is not opened as they were, and says where their copy is when they are damaged. Badger is closed.
func (s *Store) refused(why error) error {
	if !s.keeps {
		return why
	}
	if err := s.putLogsBack(); err != nil {
		return fmt.Errorf("%w; what its log held is in %s, and can't be put back: %w", why, filepath.Join(s.dir, logsDir), err)
	}
	dir, kept := filepath.Join(s.dir, logsDir), filepath.Join(s.dir, keptDir)
	if !errors.Is(why, storage.ErrCorrupt) {
		return errors.Join(why, removeAll(dir))
	}
	var err error
	if _, missing := os.Stat(kept); errors.Is(missing, fs.ErrNotExist) {
		err = rename(dir, kept)
	} else {
		err = removeAll(dir)
	}
	return errors.Join(fmt.Errorf("%w; its log is as it was found, and a copy is kept in %s", why, kept), err)
}

// dropLogs lets go of the copies when all that was acknowledged is there. They go in one step: half of them would be taken for what was found.
func (s *Store) dropLogs() error {
	dir := filepath.Join(s.dir, logsDir)
	done := dir + ".done"
	err := removeAll(done)
	if exists(dir) {
		err = errors.Join(err, rename(dir, done))
	}
	return errors.Join(err, removeAll(done), removeAll(filepath.Join(s.dir, keptDir)))
}

// whole proves that no commit up to the head lacks a part. The head alone does not show it: with several logs, the end of an earlier one may
// be damaged and the head in the last. Only what the tables did not hold is looked at:
// timestamps from since on, 0 in a new store.
func (s *Store) whole(h *head, since uint64) error {
	txn := s.db.NewTransactionAt(h.last(), false)
	defer s.discard(txn)
	it := txn.NewIterator(badgerdb.IteratorOptions{AllVersions: true, SinceTs: max(since, 1) - 1})
	defer it.Close()
	counts, wants := map[uint64]uint64{}, map[uint64]uint64{}
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		if ownCount(item.Key()) {
			continue
		}
		ts := item.Version()
		counts[ts]++
		if !bytes.Equal(item.Key(), headKey) {
			continue
		}
		var then head
		err := payloadOf(item, func(p []byte) error { return recordReader.Unmarshal(p, &then) })
		if err != nil {
			return fmt.Errorf("%w: %s: a record of the newest revision: %w", storage.ErrCorrupt, s.dir, err)
		}
		wants[ts] = then.Entries
	}
	undone := map[uint64]bool{}
	for _, b := range h.Burnt {
		undone[b.Last] = true
	}
	for ts := max(since, 1); ts <= h.last(); ts++ {
		rev, isRevision := h.revision(ts)
		if !isRevision && !undone[ts] {
			continue
		}
		want, there := wants[ts]
		what := fmt.Sprintf("revision %d was", rev)
		if !isRevision {
			what = "a commit that was cut short was undone, which was"
		}
		switch {
		case !there:
			return s.lost(what, "not all of it")
		case want != 0 && want != counts[ts]: // 0 is of a program that did not count
			return s.lost(what, fmt.Sprintf("%d of its %d entries", counts[ts], want))
		}
	}
	return nil
}
