package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
)

type repairCommand struct {
	dataDir
	AcceptLoss bool   `help:"Put the repaired store in the place of the damaged one, which is kept beside it. Without it, nothing is changed."`
	JSON       bool   `name:"json" help:"Print the whole report as JSON."`
	List       string `help:"Write all that is lost to this file, a line each. It must not be there." placeholder:"FILE"`
}

// linesOfReport is how much of a list is printed for people.
const linesOfReport = 20

// Run says what is damaged and lost, and repairs the store when that is accepted.
func (c *repairCommand) Run(ctx context.Context, h *host) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	list := io.Discard
	if c.List != "" {
		f, err := os.OpenFile(c.List, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("list what is lost: %w; name a new file", err)
		}
		defer f.Close()
		list = f
	}
	r, err := badger.Repair(ctx, dir, badger.RepairOptions{AcceptLoss: c.AcceptLoss, Now: h.now})
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, storage.ErrLocked):
		return explainOpen(dir, err)
	case err != nil:
		return err
	}
	if r.Finished {
		h.say("stemma: an earlier repair of %s was cut short; the store that it had repaired is in place now", dir)
		return nil
	}
	out := bufio.NewWriter(list)
	for _, l := range r.Lost {
		fmt.Fprintln(out, l)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("list what is lost: %w", err)
	}
	if err := c.print(h.stdout, dir, r); err != nil {
		return err
	}
	switch {
	case len(r.Damage) == 0, r.Repaired:
		return nil
	}
	return no{fmt.Errorf("%s is damaged, and nothing was changed: restore a backup with `stemma restore FILE NEWDIR`, or, when there is none, run `stemma repair --data %s --accept-loss`", dir, dir)}
}

// print writes the report.
func (c *repairCommand) print(w io.Writer, dir string, r badger.RepairReport) error {
	if c.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	if len(r.Damage) == 0 {
		_, err := fmt.Fprintf(w, "%s: nothing is damaged: revision %d, %d nodes, %d edges\n", dir, r.Revision, r.Nodes, r.Edges)
		return err
	}
	fmt.Fprintln(w, "Damaged:")
	some(w, r.Damage, "--json has them all")
	fmt.Fprintln(w, "Lost:")
	if len(r.Lost) == 0 {
		fmt.Fprintln(w, "  nothing")
	}
	some(w, r.Lost, "--list FILE writes them all to a file")
	fmt.Fprintf(w, "In all: %s\n", r.Counts())
	is := "would be"
	if r.Repaired {
		is = "is"
	}
	_, err := fmt.Fprintf(w, "What %s kept: revision %d of %d exactly as it was, and the newest, %d, with %d nodes and %d edges\n", is, r.Exact, r.Newest, r.Revision, r.Nodes, r.Edges)
	if r.Repaired && err == nil {
		_, err = fmt.Fprintf(w, "%s is repaired; the damaged store is kept in %s\n", dir, r.Kept)
	}
	return err
}

// some prints the first of a list, and says how many follow.
func some[T any](w io.Writer, list []T, where string) {
	for i, x := range list {
		if i == linesOfReport && len(list) > linesOfReport+1 {
			fmt.Fprintf(w, "  … and %d more; %s\n", len(list)-i, where)
			return
		}
		fmt.Fprintf(w, "  %v\n", x)
	}
}
