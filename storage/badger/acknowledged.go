package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stemma-kg/stemma/storage"
)

// Badger drops what follows the first damaged record of its log, without a word. So what was acknowledged is written down beside it:
// a store that holds less is damaged.

const (
	// markFile holds the mark: two slots, a block apart so that no torn write reaches both. They are written in turns.
	markFile   = "ACKNOWLEDGED"
	markMagic  = "STEMMAOK"
	markFormat = 1
	slotStride = 4096
	slotLength = len(markMagic) + 4 + 3*8 + crc32.Size // magic, format, turn, revision, releases, CRC-32C of all before it
)

// acknowledged is what callers were told is on disk.
type acknowledged struct {
	revision storage.Revision
	releases uint64 // how many revisions have a name
}

// A mark is the open file.
type mark struct {
	file *os.File
	turn uint64 // of the newest slot
	says acknowledged
}

var errMark = fmt.Errorf("the file %s is damaged", markFile)

func encodeSlot(turn uint64, a acknowledged) []byte {
	b := binary.BigEndian.AppendUint32([]byte(markMagic), markFormat)
	b = binary.BigEndian.AppendUint64(b, turn)
	b = binary.BigEndian.AppendUint64(b, uint64(a.revision))
	b = binary.BigEndian.AppendUint64(b, a.releases)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeSlot(b []byte) (turn uint64, a acknowledged, ok bool) {
	body := b[:slotLength-crc32.Size]
	fields := body[len(markMagic):]
	if string(body[:len(markMagic)]) != markMagic || binary.BigEndian.Uint32(fields) != markFormat ||
		binary.BigEndian.Uint32(b[len(body):]) != crc32.Checksum(body, castagnoli) {
		return 0, a, false
	}
	a.revision, a.releases = storage.Revision(binary.BigEndian.Uint64(fields[12:])), binary.BigEndian.Uint64(fields[20:])
	return binary.BigEndian.Uint64(fields[4:]), a, true
}

// readMark returns what the newest whole slot says. It fails with [fs.ErrNotExist] or errMark.
func readMark(dir string) (turn uint64, newest acknowledged, err error) {
	b, err := os.ReadFile(filepath.Join(dir, markFile))
	if err != nil {
		return 0, newest, err
	}
	found := false
	for at := 0; at+slotLength <= len(b) && at <= slotStride; at += slotStride {
		if t, a, ok := decodeSlot(b[at : at+slotLength]); ok && (!found || t > turn) {
			turn, newest, found = t, a, true
		}
	}
	if !found {
		return 0, newest, errMark
	}
	return turn, newest, nil
}

// acknowledged returns what the store in the directory must hold. A store that was closed says so in its marker too, and does
// without the mark when that is damaged; one that was left by a crash does not.
func (s *Store) acknowledged(m marker) (acknowledged, error) {
	_, a, err := readMark(s.dir)
	switch {
	case err == nil:
		a.revision = max(a.revision, m.Revision)
		return a, nil
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errMark):
		return a, fmt.Errorf("open a store: %w", err)
	case m.State == stateOpen && m.Mark:
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("the file %s is missing", markFile)
		}
		return a, fmt.Errorf("%w: %s: %w, and after a crash nothing else says which revision was acknowledged last; nothing was changed: restore the file, or a backup", storage.ErrCorrupt, s.dir, err)
	case m.Mark:
		s.log.Warn("the record of the newest acknowledged revision can't be read; it is made anew, as the store was closed", "dir", s.dir, "file", markFile)
	}
	return acknowledged{revision: m.Revision}, nil
}

// startMark opens the mark, made new when it is not there or damaged, and has it say what the store holds.
func (s *Store) startMark(holds acknowledged) error {
	turn, says, err := readMark(s.dir)
	path := filepath.Join(s.dir, markFile)
	if err != nil {
		b := make([]byte, slotStride+slotLength)
		copy(b, encodeSlot(0, holds))
		copy(b[slotStride:], encodeSlot(1, holds))
		turn, says = 1, holds
		if err := replaceFile(path, b); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	s.mark = &mark{file: f, turn: turn, says: says}
	return s.mark.move(holds)
}

// move has the mark say a, on disk when it returns. The slot that it said so far in is left alone.
func (m *mark) move(a acknowledged) error {
	if a == m.says {
		return nil
	}
	turn := m.turn + 1
	if err := step("write", markFile); err != nil {
		return err
	}
	if _, err := m.file.WriteAt(encodeSlot(turn, a), int64(turn%2)*slotStride); err != nil {
		return err
	}
	if err := errors.Join(step("sync", markFile), syncData(m.file)); err != nil {
		return err
	}
	m.turn, m.says = turn, a
	return nil
}

// acknowledge writes down what the caller is about to be told. What can't be written down is as good as a commit that failed.
func (s *Store) acknowledge(a acknowledged) error {
	if s.options.unsynced {
		return nil
	}
	if err := s.mark.move(a); err != nil {
		return fmt.Errorf("write down in %s that it is on disk: %w", filepath.Join(s.dir, markFile), err)
	}
	return nil
}

// lost is the error for a store that holds less than was acknowledged.
func (s *Store) lost(was, is string) error {
	log := "its log is damaged or not all there"
	if len(s.emptied) > 0 {
		log = "the log " + strings.Join(s.emptied, ", ") + " is empty"
	}
	return fmt.Errorf("%w: %s: %s acknowledged, and the store holds %s: %s; restore a backup", storage.ErrCorrupt, s.dir, was, is, log)
}

// holdsAll compares the head with what was acknowledged.
func (s *Store) holdsAll(h *head, a acknowledged) error {
	if h.Revision < a.revision {
		return s.lost(fmt.Sprintf("revision %d was", a.revision), fmt.Sprintf("only revision %d", h.Revision))
	}
	return nil
}

// holdsReleases does so with the names.
func (s *Store) holdsReleases(a acknowledged) error {
	if n := uint64(len(s.releases)); n < a.releases {
		return s.lost(fmt.Sprintf("%d named revisions were", a.releases), fmt.Sprintf("%d of them", n))
	}
	return nil
}
