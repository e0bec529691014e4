package badger

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// A backup is a stream: the magic line, a header record, one frame for each version of each entry in the order of keys, newest
// version first, an empty frame, and a trailer with the number of frames and the SHA-256 of all before it. A frame is: key length
// (uvarint), key, timestamp (uvarint), value length + 1 (uvarint, 0 for a deletion), value in its envelope.
const (
	backupMagic   = "STEMMA BACKUP 1\n"
	trailerLength = 8 + sha256.Size
	maxBackupKey  = 1 << 16
	maxStored     = 8 << 20 // older programs took values so large
)

// A backupHeader says what is in a backup.
type backupHeader struct {
	Format   int              `cbor:"1,keyasint"` // of the store
	Engine   string           `cbor:"2,keyasint"`
	Revision storage.Revision `cbor:"3,keyasint"`
}

// A BackupInfo says what a backup holds.
type BackupInfo struct {
	Revision storage.Revision
	Entries  int64
}

// Backup writes everything up to the newest revision, which it returns, history included, while others read and write.
func (s *Store) Backup(ctx context.Context, w io.Writer) (_ storage.Revision, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	if err := s.sound(nil, []byte{0xff}); err != nil {
		return 0, fmt.Errorf("a damaged store is not backed up: %w", err)
	}
	txn, h := s.latest()
	defer s.discard(txn)
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	header, err := records.Marshal(backupHeader{Format: Format, Engine: engine, Revision: h.Revision})
	if err != nil {
		return 0, err
	}
	b := append([]byte(backupMagic), byte(len(header)))
	if _, err := out.Write(append(b, header...)); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	n, own, err := s.writeFrames(ctx, txn, out)
	if err != nil {
		return 0, err
	}
	if h.Total > 0 && n-own != int64(h.Total) { // an iterator takes a damaged block for the end of a table
		return 0, fmt.Errorf("%w: %s: %d of %d entries can't be found: run `stemma check`, and restore an older backup", storage.ErrCorrupt, s.dir, int64(h.Total)-(n-own), h.Total)
	}
	// An empty key is no key: it ends the frames.
	if err := errors.Join(out.WriteByte(0), out.Flush()); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	if _, err := w.Write(sum.Sum(binary.BigEndian.AppendUint64(nil, uint64(n)))); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	return h.Revision, nil
}

// writeFrames returns how many it wrote, and how many of them the numbers in heads leave out.
func (s *Store) writeFrames(ctx context.Context, txn *badgerdb.Txn, out *bufio.Writer) (n, own int64, err error) {
	it := txn.NewIterator(badgerdb.IteratorOptions{AllVersions: true})
	defer it.Close()
	var b []byte
	for it.Rewind(); it.Valid(); it.Next() {
		if n&0xff == 0 && ctx.Err() != nil {
			return n, own, ctx.Err()
		}
		item := it.Item()
		key := item.Key()
		b = binary.AppendUvarint(b[:0], uint64(len(key)))
		b = binary.AppendUvarint(append(b, key...), item.Version())
		if item.IsDeletedOrExpired() {
			b = append(b, 0)
		} else {
			err := payloadOf(item, func(p []byte) error {
				v := seal(key, p)
				b = append(binary.AppendUvarint(b, uint64(len(v)+1)), v...)
				return nil
			})
			if err != nil {
				return n, own, fmt.Errorf("a damaged store is not backed up: %w", err)
			}
		}
		if _, err := out.Write(b); err != nil {
			return n, own, fmt.Errorf("write the backup: %w", err)
		}
		if n++; ownCount(key) {
			own++
		}
	}
	return n, own, nil
}

// VerifyBackup reads a backup to its end and proves that it is whole. It wraps [storage.ErrCorrupt] when it is not.
func VerifyBackup(r io.Reader) (BackupInfo, error) {
	return readBackup(r, func([]byte, uint64, []byte) error { return nil })
}

// A summer passes on what it reads, and adds it to a digest.
type summer struct {
	r   *bufio.Reader
	sum hash.Hash
	one [1]byte
}

func (s *summer) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum.Write(p[:n])
	return n, err
}

func (s *summer) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.one[0] = b
		s.sum.Write(s.one[:])
	}
	return b, err
}

// readBackup calls fn with every entry; a nil value is a deletion. It returns no error only when the whole stream is as it was written.
func readBackup(r io.Reader, fn func(key []byte, ts uint64, value []byte) error) (BackupInfo, error) {
	var info BackupInfo
	in := &summer{r: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	damaged := func(what string, err error) (BackupInfo, error) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file is cut short")
		}
		return info, fmt.Errorf("%w: the backup's %s, after %d entries: %w", storage.ErrCorrupt, what, info.Entries, err)
	}
	header, err := readHeader(in)
	if err != nil {
		return info, err
	}
	info.Revision = header.Revision
	for {
		key, ts, value, err := readFrame(in)
		if err != nil {
			return damaged("entry", err)
		}
		if key == nil {
			break
		}
		if value != nil {
			if _, err := unseal(key, value); err != nil {
				return damaged("entry", err)
			}
		}
		if err := fn(key, ts, value); err != nil {
			return info, err
		}
		info.Entries++
	}
	want := in.sum.Sum(binary.BigEndian.AppendUint64(nil, uint64(info.Entries)))
	var trailer [trailerLength]byte
	if _, err := io.ReadFull(in.r, trailer[:]); err != nil {
		return damaged("end", err)
	}
	if !bytes.Equal(trailer[:], want) {
		return damaged("end", errors.New("the number of entries or the SHA-256 is wrong"))
	}
	if _, err := in.r.ReadByte(); err != io.EOF {
		return damaged("end", errors.New("more follows"))
	}
	return info, nil
}

func readHeader(in *summer) (backupHeader, error) {
	var h backupHeader
	magic := make([]byte, len(backupMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != backupMagic {
		return h, fmt.Errorf("%w: the file is no backup of one", storage.ErrForeign)
	}
	n, err := in.ReadByte()
	if err == nil {
		b := make([]byte, n)
		if _, err = io.ReadFull(in, b); err == nil {
			err = recordReader.Unmarshal(b, &h)
		}
	}
	switch {
	case err != nil:
		return h, fmt.Errorf("%w: the backup's header: %w", storage.ErrCorrupt, err)
	case h.Engine != engine:
		return h, fmt.Errorf("%w of this engine: the backup is of %q, not of %q", storage.ErrForeign, h.Engine, engine)
	case h.Format > Format:
		return h, fmt.Errorf("%w: the backup has format %d, and this program reads formats up to %d", storage.ErrNewer, h.Format, Format)
	}
	return h, nil
}

// readFrame returns the next entry, a nil key at the end.
func readFrame(in *summer) (key []byte, ts uint64, value []byte, err error) {
	n, err := binary.ReadUvarint(in)
	if n == 0 || err != nil {
		return nil, 0, nil, err
	}
	if n > maxBackupKey {
		return nil, 0, nil, fmt.Errorf("a key has %d bytes", n)
	}
	key = make([]byte, n)
	if _, err = io.ReadFull(in, key); err != nil {
		return nil, 0, nil, err
	}
	if ts, err = binary.ReadUvarint(in); err != nil {
		return nil, 0, nil, err
	}
	if ts == 0 {
		return nil, 0, nil, errors.New("a timestamp is 0")
	}
	if n, err = binary.ReadUvarint(in); n == 0 || err != nil {
		return key, ts, nil, err
	}
	if n > maxStored+envelopeLength+1 {
		return nil, 0, nil, fmt.Errorf("a value has %d bytes", n)
	}
	value = make([]byte, n-1)
	_, err = io.ReadFull(in, value)
	return key, ts, value, err
}

// Restore makes a store in dir, which must not exist or be empty, out of a backup. The directory appears in one step when the whole
// backup has been read and proven; after an error there is nothing.
func Restore(ctx context.Context, r io.Reader, dir string) (info BackupInfo, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return info, err
	}
	names, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return info, fmt.Errorf("restore: %w", err)
	}
	if len(names) > 0 {
		return info, fmt.Errorf("restore: %w: %s is not empty; choose a new directory", fs.ErrExist, dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return info, unwritable(filepath.Dir(dir), err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".partial-")
	if err != nil {
		return info, unwritable(filepath.Dir(dir), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	if info, err = restoreInto(ctx, r, partial); err != nil {
		return info, err
	}
	// A directory is renamed over an empty one, never over one that holds something.
	if err := os.Rename(partial, dir); err != nil {
		return info, fmt.Errorf("restore: %w", err)
	}
	return info, syncDir(filepath.Dir(dir))
}

// restoreInto fills an empty directory, and opens the store in it once.
func restoreInto(ctx context.Context, r io.Reader, dir string) (info BackupInfo, err error) {
	o := Options{}.withDefaults()
	if err := writeMarker(dir, marker{Format: Format, Engine: engine, State: stateNew}); err != nil {
		return info, unwritable(dir, err)
	}
	db, err := openBadger(o.badgerOptions(dir).WithSyncWrites(false), logger{o.Logger}) // nothing is acknowledged before all is synced below
	if err != nil {
		return info, err
	}
	info, err = load(ctx, r, db, o.MinFreeBytes, dir)
	if err = errors.Join(err, db.Close()); err != nil {
		return info, err
	}
	if err := writeMarker(dir, marker{Format: Format, Engine: engine, State: stateClosed, Revision: info.Revision}); err != nil {
		return info, err
	}
	s, err := Open(dir, Options{})
	if err != nil {
		return info, err
	}
	if head := s.head.Load().Revision; head != info.Revision {
		err = fmt.Errorf("%w: the backup says that it is of revision %d and ends at %d", storage.ErrCorrupt, info.Revision, head)
	}
	return info, errors.Join(err, s.Close())
}

// load writes the entries of a backup into a database.
func load(ctx context.Context, r io.Reader, db *badgerdb.DB, minFree int64, dir string) (BackupInfo, error) {
	batch := db.NewManagedWriteBatch()
	defer batch.Cancel()
	batch.SetMaxPendingTxns(4)
	probe := &Store{dir: dir, options: Options{MinFreeBytes: minFree}}
	n := 0
	info, err := readBackup(r, func(key []byte, ts uint64, value []byte) error {
		if n++; n&0xfff == 0 {
			if err := errors.Join(ctx.Err(), probe.roomFor(0)); err != nil {
				return err
			}
		}
		if value == nil {
			return batch.DeleteAt(key, ts)
		}
		return batch.SetEntryAt(badgerdb.NewEntry(key, value), ts)
	})
	if err != nil {
		return info, err
	}
	return info, errors.Join(batch.Flush(), db.Sync())
}
