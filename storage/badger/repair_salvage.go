package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/stemma-kg/stemma/storage"
)

// A salvage is what can still be read of a damaged store, wherever it was found: every entry by its timestamp and key, so that reading it in
// order is reading the history. The same entry in several files is one.
type salvage struct {
	dir   string // the damaged store
	db    *badgerdb.DB
	batch *badgerdb.WriteBatch
	err   error // of the first write that failed

	entries int64
	damages []Damage
	ends    []Damage // of logs, where a crash may have left the same
	lost    map[string]int
	harmed  bool   // a file other than a log is damaged, so that entries of any age may be gone
	hidden  uint64 // the lowest timestamp of what Badger does not find in a log, because of damage before it; 0 for none

	marker marker
	closed bool // cleanly
	mark   *acknowledged
}

// A Damage is something that is wrong with a file of a store.
type Damage struct {
	File string `json:"file"`
	What string `json:"what"`
}

func (d Damage) String() string { return d.File + ": " + d.What }

func (s *salvage) damage(file, format string, args ...any) {
	s.damages = append(s.damages, Damage{file, fmt.Sprintf(format, args...)})
}

// torn is damage for what a crash may leave too.
func (s *salvage) torn(file, format string, args ...any) {
	s.ends = append(s.ends, Damage{file, fmt.Sprintf(format, args...)})
}

// What stands in front of a value in the salvage.
const (
	salvagedDeletion = iota
	salvagedValue
	salvagedNothing // the value was in the value log, and is lost
)

// add takes an entry, when its value passes its envelope.
func (s *salvage) add(file string, key []byte, ts uint64, meta byte, value []byte) {
	if s.err != nil || len(key) == 0 || ts == 0 || !slices.Contains(tables, key[0]) {
		return
	}
	v := []byte{salvagedValue}
	switch {
	case meta&metaDelete != 0:
		v[0] = salvagedDeletion
	case meta&metaPointer != 0:
		v[0] = salvagedNothing
	default:
		if _, err := unseal(key, value); err != nil {
			s.harmed = true
			s.lost[file]++
			return
		}
		v = append(v, value...)
	}
	s.entries++
	s.err = s.batch.SetEntryAt(badgerdb.NewEntry(append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key)), ts), key...), v), 1)
}

// openSalvage reads all that there is in dir, and keeps it in scratch.
func openSalvage(dir, scratch string, o Options) (s *salvage, err error) {
	s = &salvage{dir: dir, lost: map[string]int{}}
	if err := os.Mkdir(scratch, 0o700); err != nil {
		return nil, unwritable(filepath.Dir(scratch), err)
	}
	if s.db, err = openBadger(o.badgerOptions(scratch).WithSyncWrites(false).WithNumVersionsToKeep(1), logger{o.Logger}); err != nil {
		return nil, err
	}
	s.batch = s.db.NewManagedWriteBatch()
	if err = s.read(o); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// read goes through the files, what counts most last.
func (s *salvage) read(o Options) error {
	defer s.batch.Cancel()
	named, manifest := s.readMarks()
	if err := s.identified(named); err != nil {
		return err
	}
	manifested := s.readManifest(o)
	seen := map[uint64]bool{}
	for _, place := range []struct {
		pattern string
		take    func(file string, b []byte)
	}{
		{orphanDir + "/*.sst", s.salvageTable},
		{"*.sst", s.salvageTable},
		{keptDir + "/*.mem", s.salvageLog},
		{logsDir + "/*.mem", s.salvageLog},
		{"*.mem", s.salvageLog},
		{"*.vlog", s.salvageLog},
	} {
		paths, err := filepath.Glob(filepath.Join(s.dir, place.pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			file, err := filepath.Rel(s.dir, path)
			if err != nil {
				return err
			}
			b, err := s.readWhatIsThere(path, file)
			if err != nil {
				return err
			}
			was := len(s.damages)
			place.take(file, b)
			unlisted := false
			if id, ok := table.ParseFileID(path); ok && place.pattern == "*.sst" {
				seen[id] = true
				_, listed := manifested[id]
				unlisted = !listed && manifested != nil
			}
			switch {
			case unlisted && s.closed:
				s.damage(file, "the %s does not list it", badgerdb.ManifestFilename)
			case unlisted || filepath.Dir(file) == orphanDir: // of a crash: what it was to hold is elsewhere, or is missed there
				s.ends, s.damages = append(s.ends, s.damages[was:]...), s.damages[:was]
			}
			s.harmed = s.harmed || len(s.damages) > was
			if n := s.lost[file]; n > 0 {
				s.damage(file, "%s can't be read: the checksum is wrong", plural(n, "value"))
			}
		}
	}
	for id := range manifested {
		if !seen[id] {
			s.harmed = true
			s.damage(table.IDToFilename(id), "it is missing")
		}
	}
	if err := errors.Join(s.err, s.batch.Flush()); err != nil {
		return fmt.Errorf("keep what is salvaged: %w", outOfSpace(err))
	}
	if !named && !manifest && s.entries == 0 {
		return fmt.Errorf("%w: %s has neither a file %s nor anything that Stemma wrote", storage.ErrForeign, s.dir, markerFile)
	}
	return nil
}

// readMarks reads the files of ours and says what is wrong with them. Named is true when there is a marker, manifest when Badger's own mark is ours.
func (s *salvage) readMarks() (named, manifest bool) {
	b, err := os.ReadFile(filepath.Join(s.dir, markerFile))
	if err == nil {
		named = true
		s.marker, err = parseMarker(string(b))
		if err != nil {
			s.damage(markerFile, "%s", brokenFile)
		}
	} else {
		s.damage(markerFile, "%s", whatIsWrong(err))
	}
	if err != nil {
		s.marker = marker{Format: Format, Engine: engine, State: stateOpen, Mark: true}
	}
	s.closed = s.marker.State == stateClosed
	_, mark, err := readMark(s.dir)
	switch {
	case err == nil:
		s.mark = &mark
	case s.marker.Mark && errors.Is(err, errMark):
		s.damage(markFile, "%s", brokenFile)
	case s.marker.Mark:
		s.damage(markFile, "%s", whatIsWrong(err))
	}
	// KEYREGISTRY would hold keys of encryption, of which there are none.
	b, err = os.ReadFile(filepath.Join(s.dir, badgerdb.KeyRegistryFileName))
	if err == nil && (len(b) != 28 || string(b[16:]) != "Hello Badger") {
		s.torn(badgerdb.KeyRegistryFileName, "%s; nothing is in it, and it is made anew", brokenFile)
	}
	head := make([]byte, 8)
	if f, err := os.Open(filepath.Join(s.dir, badgerdb.ManifestFilename)); err == nil {
		_, err = io.ReadFull(f, head)
		manifest = err == nil && string(head[:4]) == "Bdgr" && binary.BigEndian.Uint16(head[4:]) == externalMagic
		_ = f.Close() // it was only read
	}
	return named, manifest
}

// identified refuses what another program or a newer one wrote.
func (s *salvage) identified(named bool) error {
	switch m := s.marker; {
	case !named:
		return nil
	case m.Engine != engine && m.Engine != "":
		return fmt.Errorf("%w of this engine: %s is kept by %q, not by %q", storage.ErrForeign, s.dir, m.Engine, engine)
	case m.Format > Format:
		return fmt.Errorf("%w: %s has format %d, and this program reads formats up to %d; take a newer program", storage.ErrNewer, s.dir, m.Format, Format)
	}
	return nil
}

// readManifest returns the tables that the MANIFEST lists, nil when it can't be read.
func (s *salvage) readManifest(o Options) map[uint64]badgerdb.TableManifest {
	name := badgerdb.ManifestFilename
	f, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		if s.marker.State != stateNew {
			s.damage(name, "%s", whatIsWrong(err))
		}
		return nil
	}
	defer f.Close()
	manifest, whole, err := badgerdb.ReplayManifestFile(f, externalMagic, o.badgerOptions(s.dir))
	if err != nil {
		s.damage(name, "%s", brokenFile)
		return nil
	}
	if fi, err := f.Stat(); err == nil && whole < fi.Size() {
		if s.closed {
			s.damage(name, "%s", brokenFile)
		} else {
			s.torn(name, "its end can't be read")
		}
	}
	return manifest.Tables
}

// readWhatIsThere reads a file, with zeros in place of what the device does not give back.
func (s *salvage) readWhatIsThere(path, file string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		return b, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("salvage %s: %w; make it readable for this user", path, err)
	}
	f, ferr := os.Open(path)
	if ferr != nil {
		s.damage(file, "%s", whatIsWrong(err))
		return nil, nil
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	const sector = 4096
	b = make([]byte, fi.Size())
	bad := 0
	for at := 0; at < len(b); at += sector {
		part := b[at:min(at+sector, len(b))]
		if _, err := f.ReadAt(part, int64(at)); err != nil && !errors.Is(err, io.EOF) {
			clear(part)
			bad++
		}
	}
	s.harmed = true
	s.damage(file, "the device does not give back %s of it", strings.TrimSpace(plural(bad*sector, "byte")))
	return b, nil
}

// each calls fn with every entry whose timestamp is in [first, last], in their order and then that of keys. Value is nil for a deletion; ok is
// false when the value is lost.
func (s *salvage) each(first, last uint64, fn func(ts uint64, key, value []byte, ok bool) error) error {
	txn := s.db.NewTransactionAt(1<<64-1, false)
	defer txn.Discard()
	it := txn.NewIterator(badgerdb.DefaultIteratorOptions)
	defer it.Close()
	for it.Seek(binary.BigEndian.AppendUint64(nil, first)); it.Valid(); it.Next() {
		k := it.Item().KeyCopy(nil)
		ts := binary.BigEndian.Uint64(k)
		if ts > last {
			return nil
		}
		v, err := it.Item().ValueCopy(nil)
		if err != nil {
			return err
		}
		key, value := k[8:], v[1:]
		switch v[0] {
		case salvagedDeletion:
			value = nil
		case salvagedValue:
			if _, err := unseal(key, value); err != nil { // nothing that is wrong is taken, whatever was between
				return err
			}
		}
		if err := fn(ts, key, value, v[0] != salvagedNothing); err != nil {
			return err
		}
	}
	return nil
}
