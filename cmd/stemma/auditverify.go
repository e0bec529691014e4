package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/audit"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Prove that no row was changed, taken out or put in, and that each revision wrote what its row says. Prints the newest seal: note it elsewhere."`
	List   auditListCommand   `cmd:"" help:"List the rows, the oldest first."`
}

// auditFile names a file with an audit log.
type auditFile struct {
	File string `help:"Read this file alone, such as a copy of audit.jsonl on another machine." placeholder:"FILE"`
}

// chooseFile decides between a directory and a file.
func chooseFile(ctx *kong.Context, d *dataDir, f *auditFile) error {
	if d.Data == "" || f.File == "" {
		return nil
	}
	return settle(ctx, "data", func() { d.Data = "" }, "file", func() { f.File = "" })
}

type auditVerifyCommand struct {
	dataDir
	auditFile
	Head string `help:"A seal that was noted before: its row, and with it all before it, must still be there." placeholder:"SEAL"`
}

// AfterApply is called by the parser of the command line.
func (c *auditVerifyCommand) AfterApply(ctx *kong.Context) error {
	return chooseFile(ctx, &c.dataDir, &c.auditFile)
}

var sealForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Run prints what is wrong, or what was proven and the newest row's seal.
func (c *auditVerifyCommand) Run(ctx context.Context, h *host) (err error) {
	if c.Head != "" && !sealForm.MatchString(c.Head) {
		return fmt.Errorf("--head %q: want a seal: 64 hexadecimal digits, as `stemma audit verify` prints them", c.Head)
	}
	if c.File != "" {
		_, err := c.file(h, c.File, false)
		return err
	}
	dir, err := c.dir()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, audit.FileName)
	s, err := openForReading(h, dir)
	switch {
	case errors.Is(err, storage.ErrLocked):
		h.say("stemma: a server has %s open: its file %s alone is verified, not the store", dir, audit.FileName)
		first, err := c.file(h, path, true)
		if err == nil && first > 1 {
			err = no{fmt.Errorf("%s: row 1: the file begins with row %d: what was before it was taken out", path, first)}
		}
		return errors.Join(err, noneAside(path))
	case errors.Is(err, storage.ErrCorrupt):
		return no{err}
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return errors.Join(c.store(ctx, h, dir, s), noneAside(path))
}

// file proves a file alone, and returns the number of its first row. A server that keeps it may be writing the last one.
func (c *auditVerifyCommand) file(h *host, path string, kept bool) (first uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read the audit log: %w", err)
	}
	defer f.Close()
	seen, err := c.follow(audit.Read(path, f))
	if err != nil && !(kept && errors.Is(err, audit.ErrCutShort)) {
		return 0, noRow(err)
	}
	if seen.first.Row == 0 {
		fmt.Fprintf(h.stdout, "%s: it has no rows\n", path)
		return 0, c.found(h, path, seen)
	}
	fmt.Fprintf(h.stdout, "%s: rows %d to %d are whole, and each follows the one before it\n", path, seen.first.Row, seen.last.Row)
	if seen.first.Row > 1 {
		fmt.Fprintf(h.stdout, "%s: it begins with row %d; nothing is said of those before it\n", path, seen.first.Row)
	}
	return seen.first.Row, c.found(h, path, seen)
}

// store proves the log of a store, and the file beside it.
func (c *auditVerifyCommand) store(ctx context.Context, h *host, dir string, s *badger.Store) error {
	var problems []error
	wrong := func(err error) {
		problems = append(problems, err)
		fmt.Fprintln(h.stdout, err)
	}
	if err := s.CheckAudit(ctx, func(p storage.Problem) { wrong(errors.New(p.String())) }); err != nil {
		return fmt.Errorf("verify the audit log of %s: %w", dir, err)
	}
	seen, err := c.follow(audit.Stored(ctx, s, 0))
	switch {
	case err != nil && len(problems) > 0: // it was found already
	case errors.As(err, new(*audit.Error)):
		wrong(err)
	case err != nil:
		return fmt.Errorf("verify the audit log of %s: %w", dir, err)
	}
	beside, err := c.beside(ctx, filepath.Join(dir, audit.FileName), s, seen.last.Row)
	switch {
	case errors.As(err, new(*audit.Error)), errors.Is(err, errShort):
		wrong(err)
	case err != nil:
		return err
	}
	if len(problems) > 0 {
		return no{fmt.Errorf("the audit log of %s is not as it was written: %d problems, the first of them: %w", dir, len(problems), problems[0])}
	}
	fmt.Fprintf(h.stdout, "%s: rows 1 to %d are whole, each follows the one before it, and each revision wrote what its row says\n%s\n", dir, seen.last.Row, beside)
	return c.found(h, dir, seen)
}

// errShort is part of an error. A server completes the file when it ends, and so does what opens a store that a crash left.
var errShort = errors.New("ends")

// beside holds the file beside a store against it, and says how far it goes.
func (c *auditVerifyCommand) beside(ctx context.Context, path string, s *badger.Store, last uint64) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path + ": there is none; the next server writes it from the store", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the file of the audit log: %w", err)
	}
	defer f.Close()
	has, err := audit.Compare(ctx, path, f, s)
	switch {
	case err != nil:
		return "", err
	case has.Row < last:
		return "", fmt.Errorf("%s: it %w after row %d of %d: the last rows were cut off, or the server that had the store could not write them; `stemma serve` adds them from the store", path, errShort, has.Row, last)
	}
	return path + ": it is as the store has it", nil
}

// seen is what a log was seen to hold.
type seen struct {
	first, last storage.AuditRow
	head        uint64 // the row whose seal was noted, 0 if there is none
}

func (c *auditVerifyCommand) follow(rows iter.Seq2[audit.Row, error]) (seen, error) {
	var s seen
	for row, err := range rows {
		if err != nil {
			return s, err
		}
		if s.last = row.AuditRow; s.first.Row == 0 {
			s.first = row.AuditRow
			if row.Row > 1 && row.Previous == c.Head {
				s.head = row.Row - 1 // it is not there itself, but all after it are
			}
		}
		if row.Seal == c.Head {
			s.head = row.Row
		}
	}
	return s, nil
}

// found says where the seal is that was noted, and prints the newest.
func (c *auditVerifyCommand) found(h *host, where string, s seen) error {
	if c.Head != "" {
		if s.head == 0 {
			return no{fmt.Errorf("%s: no row has the seal %s: since it was noted, its row or one before it was changed, or it was cut off with all that came after", where, c.Head)}
		}
		fmt.Fprintf(h.stdout, "%s: the seal that was noted is that of row %d\n", where, s.head)
	}
	if s.last.Row > 0 {
		fmt.Fprintf(h.stdout, "row %d revision %d seal %s\n", s.last.Row, s.last.Revision, s.last.Seal)
	}
	return nil
}

// noneAside is an error when a server has moved a file aside.
func noneAside(path string) error {
	aside, err := audit.Odd(path)
	if err != nil {
		return fmt.Errorf("read the directory: %w", err)
	}
	if len(aside) == 0 {
		return nil
	}
	return no{fmt.Errorf("a server found a file that was not what the store had, and moved it to %s: find out who changed it, then take it away", strings.Join(aside, ", "))}
}

// noRow makes a no of an error that names a row.
func noRow(err error) error {
	if errors.As(err, new(*audit.Error)) {
		return no{err}
	}
	return fmt.Errorf("read the audit log: %w", err)
}
