package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
)

type restoreCommand struct {
	Revision *uint64   `help:"Make the store as it was after this revision, before the next one." placeholder:"N"`
	Before   time.Time `help:"Make the store as it was at this time (RFC 3339, such as 2026-03-31T18:00:00Z)." placeholder:"TIME"`
	Check    *bool     `negatable:"" help:"Prove that nodes, edges, indexes and history of the new store agree, as the command check does. Without this flag, a store of at most a million entries is checked. --no-check makes also a store that had problems when it was backed up."`
	File     string    `arg:"" help:"The full backup."`
	Rest     []string  `arg:"" name:"increment|newdir" help:"The increments that continue it, oldest first, if there are any; and last, the directory to make the store in. It must be new, or empty."`
}

// AfterApply is called by the parser of the command line.
func (c *restoreCommand) AfterApply(ctx *kong.Context) error {
	if c.Revision == nil || c.Before.IsZero() {
		return nil
	}
	return settle(ctx, "revision", func() { c.Revision = nil }, "before", func() { c.Before = time.Time{} })
}

// Run makes the store, and leaves nothing when it can't.
func (c *restoreCommand) Run(ctx context.Context, h *host) error {
	last := len(c.Rest) - 1
	dir, files := c.Rest[last], append([]string{c.File}, c.Rest[:last]...)
	o := badger.RestoreOptions{Before: c.Before}
	if c.Revision != nil {
		if o.Revision = storage.Revision(*c.Revision); o.Revision == 0 {
			return errors.New("--revision 0: that is the empty store, which needs no backup; give a number from 1 on")
		}
	}
	switch {
	case c.Check == nil:
	case *c.Check:
		o.Check = badger.CheckAlways
	default:
		o.Check = badger.CheckNever
	}
	report := newProgress(h)
	o.Progress = report.of
	made, err := badger.Restore(ctx, files, dir, o)
	report.end()
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("restore to %s: %w", dir, err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("restore to %s: interrupted; nothing is left of it", dir)
	case err != nil:
		return fmt.Errorf("restore to %s: %w; nothing is left of it", dir, err)
	}
	from, checked := c.File, "not checked: run `stemma check`"
	if last > 0 {
		from = fmt.Sprintf("%s and %d that continue it", c.File, last)
	}
	if made.Checked {
		checked = "checked"
	}
	h.say("restored %s to %s: revision %d, %d entries, %s", from, dir, made.Revision, made.Entries, checked)
	return nil
}
