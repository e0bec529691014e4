package main

import (
	"errors"
	"fmt"

	"github.com/stemma-kg/stemma/auth"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a token and print it, this once: the file keeps its SHA-256 only."`
	List   tokenListCommand   `cmd:"" help:"List the tokens: id, role, when it was made, name."`
	Revoke tokenRevokeCommand `cmd:"" help:"End a token. A running server knows at once."`
}

// tokenFile is where the tokens are.
type tokenFile struct {
	Tokens string `help:"The token file." required:"" placeholder:"FILE"`
}

type tokenCreateCommand struct {
	tokenFile
	Role string `help:"What it is for: read, write, or admin, which may also take backups." enum:"read,write,admin" required:"" placeholder:"ROLE"`
	Name string `help:"Of who gets it: lower-case letters, digits and hyphens. What they write has the source source:curator-NAME." default:"local" placeholder:"NAME"`
}

func (c *tokenCreateCommand) Run(h *host) error {
	secret, err := auth.Create(c.Tokens, c.Name, auth.Role(c.Role), h.now(), h.random)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(h.stdout, secret); err != nil {
		return fmt.Errorf("print the token: %w; it is in %s already: revoke it", err, c.Tokens)
	}
	h.say("This is the token of %s, to %s. It is shown this once: %s has only its SHA-256.", c.Name, c.Role, c.Tokens)
	return nil
}

type tokenListCommand struct{ tokenFile }

func (c *tokenListCommand) Run(h *host) error {
	tokens, err := auth.List(c.Tokens)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		fmt.Fprintln(h.stdout, t)
	}
	if len(tokens) == 0 {
		h.say("%s has no tokens: make one with `stemma token create --role write --tokens %s`", c.Tokens, c.Tokens)
	}
	return nil
}

type tokenRevokeCommand struct {
	tokenFile
	Which string `arg:"" help:"Its id, or a name: then all good tokens of that name."`
}

func (c *tokenRevokeCommand) Run(h *host) error {
	ended, err := auth.Revoke(c.Tokens, c.Which, h.now())
	for _, t := range ended {
		fmt.Fprintln(h.stdout, t)
	}
	if errors.Is(err, auth.ErrNoToken) {
		return no{err}
	}
	return err
}
