package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/storage/badger"
)

// A serverURL is where a command finds a running server.
type serverURL struct {
	URL   string `name:"url" help:"Ask a running server instead of a store: http://HOST:PORT, or https://." placeholder:"URL"`
	Token string `help:"Token for that server. The environment is the better place: others see command lines." placeholder:"TOKEN"`
	CA    string `name:"ca" help:"Believe the certificate authorities of this PEM file too, for https." placeholder:"FILE"`
}

// at returns the address of a path on the server.
func (s serverURL) at(path string) (string, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("--url %q: write it as http://HOST:PORT", s.URL)
	}
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/graphql") + path, nil
}

// authorize adds the token to a request.
func (s serverURL) authorize(r *http.Request) {
	if s.Token != "" {
		r.Header.Set("Authorization", "Bearer "+s.Token)
	}
}

// chooseStore decides between a directory and a server.
func chooseStore(ctx *kong.Context, d *dataDir, s *serverURL) error {
	if d.Data == "" || s.URL == "" {
		return nil
	}
	return settle(ctx, "data", func() { d.Data = "" }, "url", func() { s.URL = "" })
}

type backupCommand struct {
	dataDir
	serverURL
	File string `arg:"" help:"The file to write. It must not be there."`
}

// AfterApply is called by the parser of the command line.
func (c *backupCommand) AfterApply(ctx *kong.Context) error {
	return chooseStore(ctx, &c.dataDir, &c.serverURL)
}

// Run writes the backup beside its place, proves that it is whole, and moves it there.
func (c *backupCommand) Run(ctx context.Context, h *host) (err error) {
	if _, err := os.Lstat(c.File); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return fmt.Errorf("back up to %s: %w; name a new file", c.File, err)
	}
	from := c.fromDir
	if c.URL != "" {
		from = c.fromServer
	}
	f, err := os.CreateTemp(filepath.Dir(c.File), filepath.Base(c.File)+".partial-")
	if err != nil {
		return fmt.Errorf("back up to %s: %w", c.File, err)
	}
	defer func() {
		if err != nil {
			// Nothing is left of a backup that failed; that it could not be removed says no more.
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	source, err := from(ctx, h, f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("back up to %s: %w", c.File, err)
	}
	info, err := badger.VerifyBackup(f)
	if err != nil {
		return fmt.Errorf("what was written to %s is no whole backup: %w; try again", c.File, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("back up to %s: %w", c.File, err)
	}
	if err := place(f.Name(), c.File); err != nil {
		return fmt.Errorf("back up to %s: %w; name a new file", c.File, err)
	}
	h.say("backed up %s to %s: revision %d, %d entries", source, c.File, info.Revision, info.Entries)
	return nil
}

// place gives a file its name, which none may have. A link fails where a rename would replace a file that has come meanwhile, but
// not every file system has links.
func place(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		return os.Remove(from)
	case errors.Is(err, fs.ErrExist):
		return err
	}
	return os.Rename(from, to)
}

func (c *backupCommand) fromDir(ctx context.Context, h *host, w io.Writer) (source string, err error) {
	dir, err := c.dir()
	if err != nil {
		return "", err
	}
	s, err := openForReading(h, dir)
	if err != nil {
		return "", err
	}
	_, err = s.Backup(ctx, w)
	if err = errors.Join(err, s.Close()); err != nil {
		return "", fmt.Errorf("back up %s: %w", dir, err)
	}
	return dir, nil
}

func (c *backupCommand) fromServer(ctx context.Context, _ *host, w io.Writer) (string, error) {
	at, err := c.at("/backup")
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return "", err
	}
	c.authorize(r)
	client, err := c.client()
	if err != nil {
		return "", err
	}
	resp, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("ask the server: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s: %s", at, resp.Status, firstLine(resp.Body))
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return "", fmt.Errorf("the backup from %s was cut short: %w", at, err)
	}
	return c.URL, nil
}

// firstLine reads what a server says of an error, as far as it is worth showing.
func firstLine(r io.Reader) string {
	b, err := io.ReadAll(io.LimitReader(r, 400))
	if err != nil {
		return err.Error()
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}

type restoreCommand struct {
	File   string `arg:"" help:"The backup."`
	NewDir string `arg:"" name:"newdir" help:"The directory to make the store in. It must be new, or empty."`
}

// Run makes the store, and leaves nothing when it can't.
func (c *restoreCommand) Run(ctx context.Context, h *host) (err error) {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("restore: %w; name a file that `stemma backup` wrote", err)
	}
	defer f.Close()
	info, err := badger.Restore(ctx, f, c.NewDir)
	if err != nil {
		return fmt.Errorf("restore %s: %w", c.File, err)
	}
	h.say("restored %s to %s: revision %d, %d entries", c.File, c.NewDir, info.Revision, info.Entries)
	return nil
}
