package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/stemma-kg/stemma/audit"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
)

// openForReading opens a store that is there, and changes nothing in it, unless it was left by a crash: then what the crash left
// has to be brought in first, as the next server would do.
func openForReading(h *host, dir string) (*badger.Store, error) {
	s, err := badger.Open(dir, badger.Options{ReadOnly: true, Now: h.now})
	if err == nil {
		return s, nil
	}
	for _, final := range []error{storage.ErrLocked, storage.ErrForeign, storage.ErrNewer, storage.ErrCorrupt, fs.ErrNotExist, fs.ErrPermission} {
		if errors.Is(err, final) {
			return nil, explainOpen(dir, err)
		}
	}
	mends := errors.Is(err, badger.ErrMends)
	if s, err = badger.Open(dir, badger.Options{Now: h.now}); err != nil {
		return nil, explainOpen(dir, err)
	}
	if mends {
		h.say("stemma: a file of %s was damaged that holds nothing; it was made anew", dir)
		return s, nil
	}
	if path := filepath.Join(dir, audit.FileName); exists(path) { // the process that was killed may not have come to it
		audit.Keep(path, s, slog.New(slog.DiscardHandler), h.now).Close()
	}
	h.say("stemma: %s was not closed cleanly; what the last process had committed has been brought in", dir)
	return s, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// explainOpen adds what to do to errors that don't say it.
func explainOpen(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no store in %s; name another with --data, or make one with `stemma serve --data %s`", dir, dir)
	case errors.Is(err, storage.ErrLocked):
		return fmt.Errorf("%w; a running server answers `stemma query --url`, and takes backups by `stemma backup --url`", err)
	case errors.Is(err, storage.ErrCorrupt):
		return fmt.Errorf("%w (`stemma restore FILE NEWDIR`); without one, `stemma repair --data %s` says what can be saved", err, dir)
	case errors.Is(err, storage.ErrForeign) || errors.Is(err, storage.ErrNewer) || errors.Is(err, storage.ErrReadOnly):
		return err
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; make it readable for this user, or choose another directory with --data", err)
	case errors.Is(err, storage.ErrFull):
		return fmt.Errorf("%w; make room, or choose another directory with --data", err)
	}
	return err
}

type checkCommand struct{ dataDir }

// Run prints every disagreement, and a summary.
func (c *checkCommand) Run(ctx context.Context, h *host) (err error) {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	s, err := openForReading(h, dir)
	if errors.Is(err, storage.ErrCorrupt) {
		return no{err}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	result, err := s.Check(ctx, func(p storage.Problem) { fmt.Fprintln(h.stdout, p) })
	if err != nil {
		return fmt.Errorf("check %s: %w", dir, err)
	}
	fmt.Fprintf(h.stdout, "%s: revision %d, %d nodes, %d edges, %d entries: %d problems\n", dir, result.Revision, result.Nodes, result.Edges, result.Entries, result.Problems)
	if result.Problems > 0 {
		return no{fmt.Errorf("%s is damaged: restore a backup with `stemma restore FILE NEWDIR`; without one, `stemma repair --data %s` says what can be saved", dir, dir)}
	}
	return nil
}
