package badger

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/stemma-kg/stemma/storage"
)

const (
	// markerFile stands beside Badger's files, and says that they are ours.
	markerFile = "STEMMA"
	// Format counts the layouts of keys.go and what kg's Rank and Terms put into them: another order is another format. Format 2 added the
	// audit log and the number of all entries; a store of format 1 is opened as it is, and is of format 2 from then on.
	Format = 2
	engine = "badger"
)

// The states of a store that is not open.
const (
	stateNew    = "new"    // begun, and perhaps nothing is there yet
	stateOpen   = "open"   // in use, or left by a crash
	stateLoaded = "loaded" // begun by a restore that has not come to its end
	stateClosed = "closed" // closed cleanly: every commit is in the tables, and the tables are those that the MANIFEST lists
)

// A marker is what the marker file says.
type marker struct {
	Format   int
	Engine   string
	State    string
	Revision storage.Revision // the newest when it was last closed
	Mark     bool             // the file of the newest acknowledged revision is there
	Since    uint64           // the first timestamp that the opening after a crash has to prove, until it has; 0 for none
	Entries  uint64           // how many were in the tables, at least, when it was last closed; 0 before format 2
}

const markerHead = "A Stemma store. Change nothing in this directory by hand: `stemma check` and `stemma backup` read it.\n"

func (m marker) String() string {
	s := fmt.Sprintf("%sformat: %d\nengine: %s\nstate: %s\nrevision: %d\n", markerHead, m.Format, m.Engine, m.State, m.Revision)
	if m.Mark {
		s += "mark: " + markFile + "\n"
	}
	if m.Since > 0 {
		s += fmt.Sprintf("since: %d\n", m.Since)
	}
	if m.Entries > 0 {
		s += fmt.Sprintf("entries: %d\n", m.Entries)
	}
	if m.Format > 1 {
		s += sumLine(s)
	}
	return s
}

// sumLine is the last line of a marker since format 2: the CRC-32C of all before it.
func sumLine(before string) string {
	return fmt.Sprintf("sum: %08x\n", crc32.Checksum([]byte(before), castagnoli))
}

// parseMarker reads a marker. Fields that it does not know are a newer format's.
func parseMarker(s string) (marker, error) {
	var m marker
	var err error
	summed := false
	for line := range strings.Lines(s) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || err != nil {
			continue
		}
		switch name {
		case "format":
			m.Format, err = strconv.Atoi(value)
		case "engine":
			m.Engine = value
		case "state":
			m.State = value
		case "revision":
			var n uint64
			n, err = strconv.ParseUint(value, 10, 64)
			m.Revision = storage.Revision(n)
		case "mark":
			m.Mark = value == markFile
		case "since":
			m.Since, err = strconv.ParseUint(value, 10, 64)
		case "entries":
			m.Entries, err = strconv.ParseUint(value, 10, 64)
		case "sum":
			before, _, _ := strings.Cut(s, line)
			summed = line == sumLine(before)
		}
	}
	if m.Format == Format && !summed {
		err = errors.New("its sum is wrong")
	}
	if err != nil || m.Format < 1 || m.Engine == "" || !slices.Contains([]string{stateNew, stateOpen, stateLoaded, stateClosed}, m.State) && m.Format <= Format {
		return m, fmt.Errorf("the file %s is damaged", markerFile)
	}
	return m, nil
}

// writeMarker replaces the marker in one step.
func writeMarker(dir string, m marker) error {
	return replaceFile(filepath.Join(dir, markerFile), []byte(m.String()))
}

// identify tells whether the directory is a store of ours that this program can read. An empty directory becomes one.
func (s *Store) identify() (marker, error) {
	b, err := os.ReadFile(filepath.Join(s.dir, markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s.vacant()
	}
	if err != nil {
		return marker{}, fmt.Errorf("open a store: %w", err)
	}
	m, err := parseMarker(string(b))
	switch {
	case err != nil:
		return m, fmt.Errorf("%w: %s: %w; restore a backup", storage.ErrCorrupt, s.dir, err)
	case m.Engine != engine && s.ours():
		return m, fmt.Errorf("%w: %s: the file %s is damaged; restore a backup", storage.ErrCorrupt, s.dir, markerFile)
	case m.Engine != engine:
		return m, fmt.Errorf("%w of this engine: %s is kept by %q, not by %q", storage.ErrForeign, s.dir, m.Engine, engine)
	case m.Format > Format:
		return m, fmt.Errorf("%w: %s has format %d, and this program reads formats up to %d; take a newer program, or another directory", storage.ErrNewer, s.dir, m.Format, Format)
	case m.State == stateLoaded:
		return m, fmt.Errorf("%w: %s is what a restore left that was cut short; delete it, and restore again", storage.ErrForeign, s.dir)
	case m.State != stateClosed && s.options.ReadOnly:
		return m, fmt.Errorf("%w: %s was not closed cleanly, and what its log holds has to be brought in before it can be only read: open it once for writing", storage.ErrReadOnly, s.dir)
	}
	return m, nil
}

// ours tells whether there are files that only a store of ours has.
func (s *Store) ours() bool {
	f, err := os.Open(filepath.Join(s.dir, badgerdb.ManifestFilename))
	if err == nil {
		defer f.Close()
		if _, _, err = badgerdb.ReplayManifestFile(f, externalMagic, s.options.badgerOptions(s.dir)); err == nil {
			return true
		}
	}
	return exists(filepath.Join(s.dir, markFile))
}

// vacant lets a directory without a marker be taken when nothing is in it.
func (s *Store) vacant() (marker, error) {
	names, err := s.lock.Readdirnames(-1)
	if err != nil {
		return marker{}, fmt.Errorf("open a store: %w", err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "lost+found" || n == markerFile+".new" || n == pidFile })
	switch {
	case s.ours():
		return marker{}, fmt.Errorf("%w: %s: the file %s is missing, and others of a store are there; nothing was changed: restore the file, or a backup", storage.ErrCorrupt, s.dir, markerFile)
	case len(names) > 0:
		slices.Sort(names)
		return marker{}, fmt.Errorf("%w: %s holds other files (%s …) and no file %s; choose an empty or a new directory", storage.ErrForeign, s.dir, names[0], markerFile)
	case s.options.ReadOnly:
		return marker{}, fmt.Errorf("%w: %s is empty", storage.ErrForeign, s.dir)
	}
	return marker{Format: Format, Engine: engine, State: stateNew}, nil
}

// claim writes down that the store is in use, which also proves that the directory can be written to. A new store's marker stays
// "new" until Badger has made its files: in that state an empty store is not a damaged one.
func (s *Store) claim(m marker) error {
	if err := writeSynced(filepath.Join(s.dir, pidFile), fmt.Appendln(nil, os.Getpid())); err != nil {
		return unwritable(s.dir, err)
	}
	m.Format = Format
	if m.State == stateClosed {
		m.State, m.Entries = stateOpen, 0
	}
	if err := writeMarker(s.dir, m); err != nil {
		return unwritable(s.dir, err)
	}
	return nil
}

// preflight looks at Badger's files before Badger does: it takes a lost MANIFEST for an empty store, deletes every table that the
// MANIFEST does not list, and ends the process on some damaged ones.
func (s *Store) preflight(m marker) error {
	damaged := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s; nothing was changed: restore the file, or a backup", storage.ErrCorrupt, s.dir, fmt.Sprintf(format, args...))
	}
	found, err := filepath.Glob(filepath.Join(s.dir, "*.sst"))
	if err != nil {
		return err
	}
	if m.State == stateNew {
		if len(found) > 0 {
			return damaged("there are tables of a store that is only begun")
		}
		return nil
	}
	logs, err := filepath.Glob(filepath.Join(s.dir, "*.mem"))
	if err != nil {
		return err
	}
	for _, path := range logs {
		fi, err := os.Stat(path)
		switch {
		case err != nil:
			return damaged("the log %s: %s", filepath.Base(path), whatIsWrong(err))
		case m.State == stateClosed && fi.Size() > 0:
			return damaged("it was closed, as the file %s says, and there is a log %s: one of them is of another time", markerFile, filepath.Base(path))
		}
	}
	if err := errors.Join(s.keyRegistry(), s.valueLogs()); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(s.dir, badgerdb.ManifestFilename))
	if err != nil {
		return damaged("the file %s: %s", badgerdb.ManifestFilename, whatIsWrong(err))
	}
	defer f.Close()
	manifest, whole, err := badgerdb.ReplayManifestFile(f, externalMagic, s.options.badgerOptions(s.dir))
	if err != nil {
		return damaged("the file %s: %s", badgerdb.ManifestFilename, brokenFile)
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if m.State == stateClosed && whole < fi.Size() {
		return damaged("the file %s: %s", badgerdb.ManifestFilename, brokenFile)
	}
	var unlisted []string
	for _, path := range found {
		id, ok := table.ParseFileID(path)
		if _, listed := manifest.Tables[id]; ok && listed {
			continue
		}
		if m.State == stateClosed {
			return damaged("the table %s is not in the %s", filepath.Base(path), badgerdb.ManifestFilename)
		}
		unlisted = append(unlisted, path)
	}
	tables := make([]*tableCheck, 0, len(manifest.Tables))
	for id, t := range manifest.Tables {
		tables = append(tables, &tableCheck{id: id, compression: t.Compression})
	}
	s.checkTables(tables)
	var entries uint64
	for _, t := range tables {
		if t.err != nil {
			name := table.IDToFilename(t.id)
			logger{s.log}.inside("open the table %s: %.500v", name, t.err)
			return damaged("the file %s: %s", name, whatIsWrong(t.err))
		}
		s.flushed = max(s.flushed, t.newest)
		entries += t.entries
	}
	if m.State == stateClosed && entries < m.Entries {
		return damaged("the tables hold %d entries, and it was closed with %d: a table was damaged while others were merged with it", entries, m.Entries)
	}
	return s.keepOrphans(unlisted)
}

// keyRegistry sees to Badger's file of encryption keys. There are none, so a damaged one is put aside, and Badger makes another.
func (s *Store) keyRegistry() error {
	path := filepath.Join(s.dir, badgerdb.KeyRegistryFileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	r, err := badgerdb.OpenKeyRegistry(badgerdb.KeyRegistryOptions{Dir: s.dir, ReadOnly: true})
	if err == nil {
		return r.Close()
	}
	if s.options.ReadOnly {
		return s.mends(badgerdb.KeyRegistryFileName)
	}
	s.log.Warn("a file of the store is damaged that holds nothing; it is made anew", "dir", s.dir, "file", badgerdb.KeyRegistryFileName)
	return rename(path, path+".damaged")
}

// valueLogs tells a store that is only read from one with value logs that have to be deleted first.
func (s *Store) valueLogs() error {
	logs, err := filepath.Glob(filepath.Join(s.dir, "*.vlog"))
	if err != nil || !s.options.ReadOnly {
		return err
	}
	for _, path := range logs {
		useless, err := uselessValueLog(path)
		if err != nil {
			return fmt.Errorf("the log %s: %w", path, err)
		}
		if useless {
			return s.mends(filepath.Base(path))
		}
	}
	return nil
}

// ErrMends is the error for a store that can't be only read because of a damaged file that holds nothing.
var ErrMends = fmt.Errorf("%w until it is mended", storage.ErrReadOnly)

func (s *Store) mends(file string) error {
	return fmt.Errorf("%w: %s: the file %s is damaged, and holds nothing: it is made anew when the store is opened for writing", ErrMends, s.dir, file)
}
