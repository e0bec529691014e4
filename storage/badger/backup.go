package badger

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"runtime/debug"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// A backup is a stream: a magic line with the format, a header (its length in one byte, CBOR), one frame for each version of each entry in the
// order of keys, newest version first, an empty frame, and a trailer with the number of frames and the SHA-256 of all before it. Magic line and header
// together, and each frame, are followed by their CRC-32C. A frame is: key length (uvarint), key, timestamp (uvarint), value length + 1 (uvarint, 0 for
// a deletion), value in its envelope. Format 1 is the same without the CRC-32Cs.
//
// A full backup has all entries. An increment has those that were written after a revision, its base, and the records of the base itself: head,
// revision, release and audit rows. A release is written at the timestamp of its revision, so one that was made after the base was backed up is
// among these; and where the base's own backup has the same records, the increment is proven to continue it.
const (
	backupMagic   = "STEMMA BACKUP "
	trailerLength = 8 + sha256.Size
	maxBackupKey  = 1 << 16
	maxValue      = 8<<20 + envelopeLength // older programs took values so large

	// BackupFormat counts the layouts of backups. This program reads those before it too.
	BackupFormat = 2
)

// A backupHeader says what is in a backup.
type backupHeader struct {
	Format   int              `cbor:"1,keyasint"` // of the store
	Engine   string           `cbor:"2,keyasint"`
	Revision storage.Revision `cbor:"3,keyasint"`
	Since    storage.Revision `cbor:"4,keyasint,omitempty"` // the base; 0 in a full backup
}

// A frameWriter writes a backup.
type frameWriter struct {
	to  io.Writer
	out *bufio.Writer // to the stream and to sum
	sum hash.Hash
	n   uint64
	b   []byte
}

func newFrameWriter(w io.Writer, h backupHeader) (*frameWriter, error) {
	sum := sha256.New()
	f := &frameWriter{to: w, out: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16), sum: sum}
	header, err := records.Marshal(h)
	if err != nil {
		return nil, err
	}
	f.b = append(fmt.Appendf(f.b, "%s%d\n", backupMagic, BackupFormat), byte(len(header)))
	f.b = append(f.b, header...)
	return f, f.flush()
}

// flush writes what was put together, with its checksum.
func (f *frameWriter) flush() error {
	f.b = binary.BigEndian.AppendUint32(f.b, crc32.Checksum(f.b, castagnoli))
	_, err := f.out.Write(f.b)
	return unwritten(err)
}

// entry writes a frame; a nil value is a deletion.
func (f *frameWriter) entry(key []byte, ts uint64, value []byte) error {
	f.b = binary.AppendUvarint(f.b[:0], uint64(len(key)))
	f.b = binary.AppendUvarint(append(f.b, key...), ts)
	if value == nil {
		f.b = append(f.b, 0)
	} else {
		f.b = append(binary.AppendUvarint(f.b, uint64(len(value)+1)), value...)
	}
	f.n++
	return f.flush()
}

// end writes the empty frame and the trailer.
func (f *frameWriter) end() error {
	if err := f.out.WriteByte(0); err != nil { // an empty key is no key
		return unwritten(err)
	}
	if err := f.out.Flush(); err != nil {
		return unwritten(err)
	}
	_, err := f.to.Write(f.sum.Sum(binary.BigEndian.AppendUint64(nil, f.n)))
	return unwritten(err)
}

func unwritten(err error) error {
	if err != nil {
		err = fmt.Errorf("write the backup: %w", outOfSpace(err))
	}
	return err
}

// Backup writes everything up to the newest revision, which it returns, history included, while others read and write; with since, only what was
// written after that revision. It wraps [storage.ErrNoRevision] when there is no such revision yet, and has written nothing then.
func (s *Store) Backup(ctx context.Context, w io.Writer, since storage.Revision) (_ storage.Revision, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	defer s.guard(&err, debug.SetPanicOnFault(true))
	if err := s.sound(nil, []byte{0xff}); err != nil {
		return 0, fmt.Errorf("a damaged store is not backed up: %w", err)
	}
	// All of one moment: what is released meanwhile has the timestamp of a revision that is already there.
	s.mu.Lock()
	h, row, released := s.head.Load(), s.row, map[storage.Revision]bool{}
	for _, r := range s.releases {
		released[r.revision] = true
	}
	s.mu.Unlock()
	if since > h.Revision {
		return 0, fmt.Errorf("%w: what was written after %d was asked for, the newest is %d: the base is of another store, or of a later state of this one", storage.ErrNoRevision, since, h.Revision)
	}
	txn := s.db.NewTransactionAt(h.last(), false)
	defer s.discard(txn)
	out, err := newFrameWriter(w, backupHeader{Format: Format, Engine: engine, Revision: h.Revision, Since: since})
	if err != nil {
		return 0, err
	}
	proof := listing{since: since}
	base := h.timestamp(since)
	it := txn.NewIterator(badgerdb.IteratorOptions{AllVersions: true, SinceTs: max(base, 1) - 1})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if out.n&0xff == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		item := it.Item()
		key, ts := item.Key(), item.Version()
		if since > 0 && ts == base && !isRecord(key) {
			continue
		}
		if key[0] == tableRelease {
			if rev, err := revisionOf(key); err == nil && !released[rev] {
				continue
			}
		}
		if key[0] == tableAudit && string(key) > string(auditKey(row.Row)) {
			continue
		}
		if err := s.backUp(item, out, &proof); err != nil {
			return 0, err
		}
	}
	if proof.newest != nil {
		proof.newest.Total = h.Total // what a store of format 1 has was counted when it was opened
	}
	// An iterator takes a damaged block for the end of a table.
	if err := proof.conclude(h.Revision); err != nil {
		return 0, fmt.Errorf("%w: %s: %w: a damaged store is not backed up; run `stemma check`, and restore an older backup", storage.ErrCorrupt, s.dir, err)
	}
	if proof.row.Seal != row.Seal && proof.row.Row+row.Row > 0 {
		return 0, fmt.Errorf("%w: %s: row %d of the audit log can't be found: a damaged store is not backed up; run `stemma check`, and restore an older backup", storage.ErrCorrupt, s.dir, row.Row)
	}
	return h.Revision, out.end()
}

// backUp writes one version of an entry.
func (s *Store) backUp(item *badgerdb.Item, out *frameWriter, proof *listing) (err error) {
	key, ts := item.Key(), item.Version()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", s.dir, err)
		}
	}()
	if item.IsDeletedOrExpired() {
		if err := proof.add(key, ts, nil); err != nil {
			return corrupt(key, "%v", err)
		}
		return out.entry(key, ts, nil)
	}
	return payloadOf(item, func(payload []byte) error {
		if len(payload)+envelopeLength > maxValue || len(key) > maxBackupKey {
			return corrupt(key, "it has %d bytes, more than an entry can have", len(payload))
		}
		if err := proof.add(key, ts, payload); err != nil {
			return corrupt(key, "%v", err)
		}
		return out.entry(key, ts, seal(key, payload))
	})
}
