package badger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"

	"github.com/stemma-kg/stemma/storage"
)

// A crash may leave a table that was written and not yet listed in the MANIFEST: all that it holds is also in the log or in the tables
// that it was merged from, and Badger deletes it. A MANIFEST that lost its tail looks the same, and there the table holds what nothing
// else does. So such tables are kept aside until it is proven that nothing was in them alone.

// orphanDir keeps them, beside Badger's files.
const orphanDir = "orphans"

// keepOrphans links the unlisted tables into orphanDir.
func (s *Store) keepOrphans(unlisted []string) error {
	if len(unlisted) == 0 || s.options.ReadOnly {
		return nil // nothing is deleted when the store is only read
	}
	dir := filepath.Join(s.dir, orphanDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unwritable(s.dir, err)
	}
	for _, path := range unlisted {
		if fi, err := os.Stat(path); err == nil && fi.Size() == 0 {
			continue // it was being removed, as what it held was merged into others
		}
		if err := step("link", path); err != nil {
			return err
		}
		err := os.Link(path, filepath.Join(dir, filepath.Base(path)))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("keep the unlisted table %s aside: %w", path, err)
		}
	}
	return syncDir(dir)
}

// orphansBack puts the unlisted tables back where they were found: Badger has deleted them.
func (s *Store) orphansBack() error {
	kept, err := filepath.Glob(filepath.Join(s.dir, orphanDir, "*.sst"))
	if err != nil {
		return err
	}
	for _, path := range kept {
		if err := os.Link(path, filepath.Join(s.dir, filepath.Base(path))); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("put the unlisted table %s back: %w", path, err)
		}
	}
	return nil
}

// proveOrphans lets go of the tables that were kept aside, when all that they hold is in the store.
func (s *Store) proveOrphans() error {
	dir := filepath.Join(s.dir, orphanDir)
	kept, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || s.options.ReadOnly {
		return err
	}
	for _, path := range kept {
		missing, err := s.missingFrom(path)
		switch {
		case err != nil:
			// A table that was being written when the process died is no table; whatever it was to hold is elsewhere.
			s.log.Warn("an unlisted table can't be read; it is kept", "path", path, "err", err)
			continue
		case missing != "":
			return fmt.Errorf("%w: %s: the MANIFEST does not list a table that alone holds %s; the table is kept as %s: restore a backup", storage.ErrCorrupt, s.dir, missing, path)
		}
		if err := removeAll(path); err != nil {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.log.Warn("unlisted tables are kept", "dir", dir)
	}
	return nil
}

// missingFrom returns an entry of a table that the store has not, "" when it has all.
func (s *Store) missingFrom(path string) (missing string, err error) {
	err = s.withTable(path, s.options.badgerOptions(s.dir).Compression, func(t *table.Table) error {
		it := t.NewIterator(table.NOCACHE)
		defer it.Close()
		for it.Rewind(); it.Valid() && missing == ""; it.Next() {
			key, ts := y.ParseKey(it.Key()), y.ParseTs(it.Key())
			if !s.has(key, ts) {
				missing = describe(key)
			}
		}
		return nil
	})
	return missing, err
}

// has tells whether the store has the version of a key, be it a deletion.
func (s *Store) has(key []byte, ts uint64) bool {
	txn := s.db.NewTransactionAt(ts, false)
	defer s.discard(txn)
	it := txn.NewKeyIterator(key, badgerdb.IteratorOptions{})
	defer it.Close()
	it.Rewind()
	return it.Valid() && it.Item().Version() == ts
}

// dropUseless deletes logs that hold nothing and that Badger could not open: empty ones, as a crash leaves them between making the file and giving it
// its size, and between taking its size and removing it when all that it held is in a table; and value logs that have no good header, unless an
// older program has put values into them. What an empty log should have held is missed later.
func (s *Store) dropUseless() error {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var drop []string
	for _, f := range files {
		path := filepath.Join(s.dir, f.Name())
		switch filepath.Ext(f.Name()) {
		case ".mem":
			fi, err := os.Stat(path)
			if err != nil {
				return err
			}
			if fi.Size() == 0 {
				drop = append(drop, path)
				s.emptied = append(s.emptied, f.Name())
			}
		case ".vlog":
			useless, err := uselessValueLog(path)
			if err != nil {
				return fmt.Errorf("the log %s: %w", path, err)
			}
			if useless {
				drop = append(drop, path)
			}
		}
	}
	for _, path := range drop {
		s.log.Warn("a log that holds nothing is deleted", "dir", s.dir, "file", filepath.Base(path))
		if err := removeAll(path); err != nil {
			return unwritable(s.dir, err)
		}
	}
	return nil
}

// valueLogHeader is the number of bytes before the first value: the number of a key, which is 0 as there are none, and a start for its cipher.
const (
	valueLogHeader = 20
	keyNumber      = 8
)

// uselessValueLog tells whether a value log has no values, and a header that Badger refuses.
func uselessValueLog(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	header := make([]byte, valueLogHeader)
	n, err := io.ReadFull(f, header)
	if n == valueLogHeader && isZero(header[:keyNumber]) {
		return false, nil
	}
	for buffer := make([]byte, 1<<16); err == nil; {
		if n, err = f.Read(buffer); !isZero(buffer[:n]) {
			return false, nil
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return true, err
}

func isZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }
