package badger

import (
	"errors"
	"fmt"
	"path/filepath"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"

	"github.com/stemma-kg/stemma/storage"
)

// A loader writes entries that come in the order of keys, newest version first, straight into the tables of a new database: neither log nor memtable has
// them, and nothing is merged.
type loader struct {
	dir     string
	minFree int64
	db      *badgerdb.DB
	stream  *badgerdb.StreamWriter
	buffer  *z.Buffer
	written int64
}

const (
	deletion    = 1       // what Badger calls bitDelete
	loadBuffer  = 1 << 20 // bytes, handed on together
	loadTable   = 16 << 20
	loadTables  = 16                     // under way at once, at most
	loadBacklog = loadTable * loadTables // bytes that Badger may still have to write
)

func newLoader(dir string, o Options) (*loader, error) {
	w := &loader{dir: dir, minFree: o.MinFreeBytes, buffer: z.NewBuffer(2*loadBuffer, "restore")}
	if err := w.room(); err != nil {
		return nil, errors.Join(err, w.buffer.Release())
	}
	// The writer's tables are of the last of seven levels, and 32 times the base.
	db, err := openBadger(o.badgerOptions(dir).WithSyncWrites(false).WithBaseTableSize(loadTable/32), logger{o.Logger}) // all is synced before it has its name
	if err != nil {
		return nil, errors.Join(err, w.buffer.Release())
	}
	w.db, w.stream = db, db.NewStreamWriter()
	if err := w.stream.Prepare(); err != nil {
		return nil, errors.Join(err, w.close(false))
	}
	return w, nil
}

// room refuses to fill the device: Badger writes into mapped files, and a full device kills the process there.
func (w *loader) room() error {
	if w.minFree < 0 {
		return nil
	}
	free, device, err := space(w.dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", w.dir, err)
	}
	s := &Store{options: Options{MinFreeBytes: w.minFree}}
	if need := s.reserve(device) + min(w.written, loadBacklog); free < need {
		return fmt.Errorf("%w: %s has %d MiB free, and to go on restoring takes %d MiB; free some space, or choose another device", storage.ErrFull, filepath.Dir(w.dir), free>>20, (need+1<<20-1)>>20)
	}
	return nil
}

func (w *loader) add(key []byte, ts uint64, value []byte) error {
	kv := &pb.KV{Key: key, Version: ts, Value: value}
	if value == nil {
		kv.Meta = []byte{deletion}
	}
	badgerdb.KVToBuffer(kv, w.buffer)
	if w.buffer.LenNoPadding() < loadBuffer {
		return nil
	}
	return w.flush()
}

func (w *loader) flush() error {
	w.written += int64(w.buffer.LenNoPadding())
	if err := w.room(); err != nil {
		return err
	}
	err := w.stream.Write(w.buffer)
	w.buffer.Reset()
	return err
}

// close ends the writing; what was added is in the database only when all of it shall be.
func (w *loader) close(all bool) (err error) {
	if all {
		if err = w.flush(); err == nil {
			err = w.stream.Flush()
		}
		all = err == nil
	}
	if !all {
		w.stream.Cancel()
	}
	return errors.Join(err, w.db.Close(), w.buffer.Release())
}
