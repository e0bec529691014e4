package badger

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/stemma-kg/stemma/storage"
)

// A BackupInfo says what a backup holds.
type BackupInfo struct {
	Name     string
	Stream   int              // the format of the backup
	Format   int              // the format of the store
	Since    storage.Revision // it has what was written after this revision; 0 for everything
	Revision storage.Revision
	Time     time.Time // of that revision
	Entries  int64
	Bytes    int64
	SHA256   string // of all but the last 32 bytes, which hold it
}

// A backupReader reads one backup from its beginning to its end, and proves that it is as it was written.
type backupReader struct {
	info   BackupInfo
	in     *bufio.Reader
	sum    hash.Hash
	crc    bool   // each frame has one
	offset int64  // of what is read now
	b      []byte // what was read of it
	headed bool   // the newest head was seen
	based  bool   // the record of its base was seen, and a file before it has the same

	// The entry that it stands on, until the next call of next; a nil value is a deletion.
	key   []byte
	ts    uint64
	value []byte
	done  bool // there is none: all was read and proven
}

// openBackup reads the header. The name is for messages.
func openBackup(name string, r io.Reader) (*backupReader, error) {
	b := &backupReader{info: BackupInfo{Name: name}, in: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	foreign := fmt.Errorf("%w: %s is no backup of one", storage.ErrForeign, name)
	if err := b.take(len(backupMagic)); err != nil || string(b.b) != backupMagic {
		return nil, foreign
	}
	for !bytes.HasSuffix(b.b, []byte("\n")) {
		if err := b.take(1); err != nil || len(b.b) > len(backupMagic)+8 {
			return nil, foreign
		}
	}
	var err error
	if b.info.Stream, err = strconv.Atoi(strings.TrimSuffix(string(b.b[len(backupMagic):]), "\n")); err != nil || b.info.Stream < 1 {
		return nil, foreign
	}
	if b.info.Stream > BackupFormat {
		return nil, fmt.Errorf("%w: the backup %s has the backup format %d, and this program reads formats up to %d; take a newer program", storage.ErrNewer, name, b.info.Stream, BackupFormat)
	}
	b.crc = b.info.Stream > 1
	var h backupHeader
	n := 0
	if err = b.take(1); err == nil {
		n = int(b.b[len(b.b)-1])
		err = b.take(n)
	}
	header := b.b[max(len(b.b)-n, 0):]
	if err == nil {
		err = b.checked()
	}
	if err == nil {
		err = recordReader.Unmarshal(header, &h)
	}
	switch {
	case err != nil:
		return nil, b.damaged("its header", err)
	case h.Engine != engine:
		return nil, fmt.Errorf("%w of this engine: the backup %s is of %q, not of %q", storage.ErrForeign, name, h.Engine, engine)
	case h.Format > Format:
		return nil, fmt.Errorf("%w: the backup %s has format %d, and this program reads formats up to %d; take a newer program", storage.ErrNewer, name, h.Format, Format)
	case h.Since > h.Revision:
		return nil, b.damaged("its header", fmt.Errorf("it ends at revision %d, and begins after %d", h.Revision, h.Since))
	}
	b.info.Format, b.info.Since, b.info.Revision = h.Format, h.Since, h.Revision
	b.passed()
	return b, nil
}

// damaged is an error about what is read now.
func (b *backupReader) damaged(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the file is cut short at byte %d", b.offset+int64(len(b.b)))
	}
	return fmt.Errorf("%w: the backup %s, %s at byte %d, after %d entries: %w", storage.ErrCorrupt, b.info.Name, what, b.offset, b.info.Entries, err)
}

// take reads n more bytes.
func (b *backupReader) take(n int) error {
	at := len(b.b)
	if cap(b.b)-at < n {
		b.b = append(make([]byte, 0, at+n+at/2), b.b...)
	}
	b.b = b.b[:at+n]
	got, err := io.ReadFull(b.in, b.b[at:])
	if err != nil {
		b.b = b.b[:at+got]
	}
	return err
}

// uvarint reads a number.
func (b *backupReader) uvarint() (uint64, error) {
	at := len(b.b)
	for {
		if err := b.take(1); err != nil {
			return 0, err
		}
		if b.b[len(b.b)-1] < 0x80 || len(b.b)-at == binary.MaxVarintLen64 {
			break
		}
	}
	n, size := binary.Uvarint(b.b[at:])
	if size <= 0 {
		return 0, errors.New("a number is too large")
	}
	return n, nil
}

// checked reads the checksum of what was read.
func (b *backupReader) checked() error {
	if !b.crc {
		return nil
	}
	want := crc32.Checksum(b.b, castagnoli)
	if err := b.take(crc32.Size); err != nil {
		return err
	}
	if got := binary.BigEndian.Uint32(b.b[len(b.b)-crc32.Size:]); got != want {
		return errors.New("the checksum is wrong")
	}
	return nil
}

// passed goes on behind what was read.
func (b *backupReader) passed() {
	b.sum.Write(b.b)
	b.offset += int64(len(b.b))
	b.b = b.b[:0]
}

// next goes on to the next entry.
func (b *backupReader) next() error {
	end, err := b.frame()
	if err != nil {
		return b.damaged("the entry", err)
	}
	if !end {
		b.info.Entries++
		return nil
	}
	return b.trailer()
}

// frame reads one; the entry is what the frame says until the next is read.
func (b *backupReader) frame() (end bool, err error) {
	b.passed()
	n, err := b.length(maxBackupKey, "key")
	if n == 0 || err != nil {
		return err == nil, err
	}
	keyAt := len(b.b)
	if err := b.take(n); err != nil {
		return false, err
	}
	if b.ts, err = b.uvarint(); err != nil {
		return false, err
	}
	if b.ts == 0 {
		return false, errors.New("a timestamp is 0")
	}
	size, err := b.length(maxValue+1, "value")
	if err != nil {
		return false, err
	}
	valueAt := len(b.b)
	if err := b.take(max(size-1, 0)); err != nil {
		return false, err
	}
	valueEnd := len(b.b)
	if err := b.checked(); err != nil {
		return false, err
	}
	b.key, b.value = b.b[keyAt:keyAt+n], nil
	if size == 0 {
		return false, nil
	}
	b.value = b.b[valueAt:valueEnd]
	payload, err := unseal(b.key, b.value)
	if err == nil && !b.headed && bytes.Equal(b.key, headKey) {
		err = b.foundHead(payload)
	}
	return false, err
}

func (b *backupReader) length(limit uint64, of string) (int, error) {
	n, err := b.uvarint()
	if err == nil && n > limit {
		err = fmt.Errorf("a %s has %d bytes", of, n)
	}
	return int(n), err
}

// foundHead compares the newest head with the header.
func (b *backupReader) foundHead(payload []byte) error {
	b.headed = true
	var h head
	if err := recordReader.Unmarshal(payload, &h); err != nil {
		return err
	}
	if h.Revision != b.info.Revision {
		return fmt.Errorf("the header says that it is of revision %d, and it ends at %d", b.info.Revision, h.Revision)
	}
	b.info.Time = time.Unix(0, h.Time).UTC()
	return nil
}

// trailer proves that all that was read is what was written.
func (b *backupReader) trailer() error {
	b.sum.Write(b.b)
	sum := b.sum.Sum(nil)
	want := append(binary.BigEndian.AppendUint64(b.b[:len(b.b):len(b.b)], uint64(b.info.Entries)), sum...)
	if err := b.take(trailerLength); err != nil {
		return b.damaged("its end", err)
	}
	if !bytes.Equal(b.b, want) {
		return b.damaged("its end", errors.New("the number of entries or the SHA-256 is wrong"))
	}
	b.offset, b.b = b.offset+int64(len(b.b)), b.b[:0]
	if _, err := b.in.ReadByte(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("more follows")
		}
		return b.damaged("its end", err)
	}
	b.info.Bytes, b.info.SHA256, b.done, b.key = b.offset, hex.EncodeToString(sum), true, nil
	return nil
}
