package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/audit"
	"github.com/stemma-kg/stemma/storage"
)

type auditListCommand struct {
	dataDir
	auditFile
	serverURL
	After uint64 `help:"Leave out the rows up to this one." default:"0" placeholder:"ROW"`
	JSON  bool   `name:"json" help:"Print the rows as they are kept, a line of JSON for each."`
}

// AfterApply is called by the parser of the command line.
func (c *auditListCommand) AfterApply(ctx *kong.Context) error {
	if c.File != "" && c.URL != "" {
		if err := settle(ctx, "file", func() { c.File = "" }, "url", func() { c.URL = "" }); err != nil {
			return err
		}
	}
	return errors.Join(chooseFile(ctx, &c.dataDir, &c.auditFile), chooseStore(ctx, &c.dataDir, &c.serverURL))
}

// Run prints the rows up to the first that is wrong.
func (c *auditListCommand) Run(ctx context.Context, h *host) error {
	switch {
	case c.URL != "":
		return c.print(h, c.served(ctx))
	case c.File != "":
		return c.listFile(h, c.File)
	}
	dir, err := c.dir()
	if err != nil {
		return err
	}
	s, err := openForReading(h, dir)
	if errors.Is(err, storage.ErrLocked) {
		h.say("stemma: a server has %s open: this is what its file %s has", dir, audit.FileName)
		return c.listFile(h, filepath.Join(dir, audit.FileName))
	}
	if err != nil {
		return err
	}
	return errors.Join(c.print(h, audit.Stored(ctx, s, c.After)), s.Close())
}

func (c *auditListCommand) listFile(h *host, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer f.Close()
	return c.print(h, audit.Read(path, f))
}

// served yields the rows that a server has, which it sends some at a time.
func (c *auditListCommand) served(ctx context.Context) iter.Seq2[audit.Row, error] {
	return func(yield func(audit.Row, error) bool) {
		for after, more := c.After, true; more; {
			more = false
			body, at, err := c.ask(ctx, after)
			if err != nil {
				yield(audit.Row{}, err)
				return
			}
			for row, err := range audit.Read(at, body) {
				if !yield(row, err) || err != nil {
					body.Close()
					return
				}
				after, more = row.Row, true
			}
			body.Close()
		}
	}
}

func (c *auditListCommand) ask(ctx context.Context, after uint64) (body io.ReadCloser, at string, err error) {
	if at, err = c.at(fmt.Sprintf("/audit?after=%d", after)); err != nil {
		return nil, at, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, at, err
	}
	c.authorize(r)
	client, err := c.client()
	if err != nil {
		return nil, at, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, at, fmt.Errorf("ask the server: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, at, fmt.Errorf("%s answered %s: %s", at, resp.Status, firstLine(resp.Body))
	}
	return resp.Body, at, nil
}

// linesOfTable is how many rows are lined up with each other: a log may be longer than what memory holds.
const linesOfTable = 1000

func (c *auditListCommand) print(h *host, rows iter.Seq2[audit.Row, error]) error {
	out := bufio.NewWriter(h.stdout)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(table, "row\ttime\taction\trevision\tauthor\ttoken\tfrom\tnodes\tedges\tname or reason")
	}
	n := 0
	for row, err := range rows {
		if err != nil {
			return errors.Join(noRow(err), table.Flush(), out.Flush())
		}
		if row.Row <= c.After {
			continue
		}
		if c.JSON {
			fmt.Fprintf(out, "%s\n", row.Line)
			continue
		}
		cells := []string{fmt.Sprint(row.Row), row.Time.UTC().Format(time.RFC3339), row.Action, fmt.Sprint(row.Revision), row.Author, row.Token, row.From,
			fmt.Sprint(row.Nodes), fmt.Sprint(row.Edges), cmp.Or(row.Release, row.Reason)}
		for i := range cells {
			cells[i] = oneCell(cells[i])
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
		if n++; n%linesOfTable == 0 {
			if err := table.Flush(); err != nil {
				return fmt.Errorf("print the rows: %w", err)
			}
		}
	}
	if err := errors.Join(table.Flush(), out.Flush()); err != nil {
		return fmt.Errorf("print the rows: %w", err)
	}
	return nil
}
