package main

import (
	"context"
	"fmt"
	"os"

	"github.com/stemma-kg/stemma/seed"
)

type verifyCommand struct {
	Documents string `help:"Directory of the source documents." required:"" placeholder:"DIR"`
}

// Run prints every document and span that is not as the evidence says, and a summary.
func (c *verifyCommand) Run(ctx context.Context, h *host) error {
	if fi, err := os.Stat(c.Documents); err != nil {
		return fmt.Errorf("--documents: %w; give the directory that has the source documents", err)
	} else if !fi.IsDir() {
		return fmt.Errorf("--documents: %s is a file; give the directory that has the source documents", c.Documents)
	}
	g, err := seed.Load()
	if err != nil {
		return fmt.Errorf("the evidence in this program: %w", err)
	}
	report, err := seed.Verify(ctx, g, os.DirFS(c.Documents))
	if err != nil {
		return fmt.Errorf("verify the documents in %s: %w", c.Documents, err)
	}
	for _, f := range report.Findings {
		fmt.Fprintln(h.stdout, f)
	}
	fmt.Fprintf(h.stdout, "%d documents are as they were read; %d of %d spans stand where the evidence says\n", report.Documents, report.Proven, report.Spans)
	if !report.OK() {
		return no{fmt.Errorf("%d of the things above don't stand in the documents in %s", len(report.Findings), c.Documents)}
	}
	return nil
}
