package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stemma-kg/stemma/internal/conformance"
)

// The pages work in a real browser, with all their files from the binary.
func TestPagesInABrowser(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("there is no Chromium: make needs installs it")
	}
	s := start(t, "--ephemeral")
	conformance.Run(t, "pages.mjs", s.url)
}

// The server as it is started passes all audits of GraphQL over HTTP.
func TestAudits(t *testing.T) {
	s := start(t, "--ephemeral")
	conformance.Run(t, "audit.mjs", s.url+"/graphql")
}
