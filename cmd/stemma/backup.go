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
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/storage"
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
	Since     string   `help:"Write only what was written since: after a revision (its number), or after what a backup has that is to be continued (its file)." placeholder:"FILE|REVISION"`
	Rate      int      `help:"Write at most so many megabytes in a second; 0 for as many as can be." default:"0" placeholder:"MB"`
	Verify    bool     `help:"Write nothing, but prove that the file is a whole backup, and that the increments are whole and continue it in this order."`
	File      string   `arg:"" help:"The file to write. It must not be there. With --verify, the backup to prove."`
	Increment []string `arg:"" optional:"" help:"With --verify, the increments that continue it, oldest first."`
}

// AfterApply is called by the parser of the command line.
func (c *backupCommand) AfterApply(ctx *kong.Context) error {
	switch {
	case c.Rate < 0:
		return fmt.Errorf("--rate %d: it must be 0 or above", c.Rate)
	case len(c.Increment) > 0 && !c.Verify:
		return fmt.Errorf("one file is written, and %d are named: increments are for --verify", 1+len(c.Increment))
	case c.Verify && c.Since != "":
		return errors.New("--verify reads backups, and --since is for writing one: give one of them")
	}
	return chooseStore(ctx, &c.dataDir, &c.serverURL)
}

func (c *backupCommand) Run(ctx context.Context, h *host) error {
	if c.Verify {
		return c.verify(ctx, h)
	}
	return c.write(ctx, h)
}

// verify prints what each backup holds. The answer is no when one can't be restored by this program.
func (c *backupCommand) verify(ctx context.Context, h *host) error {
	report := newProgress(h)
	infos, err := badger.VerifyBackup(ctx, append([]string{c.File}, c.Increment...), report.of)
	report.end()
	for _, wrong := range []error{storage.ErrCorrupt, storage.ErrForeign, storage.ErrNewer, badger.ErrChain} {
		if errors.Is(err, wrong) {
			return no{fmt.Errorf("verify: %w", err)}
		}
	}
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for _, i := range infos {
		at := "the empty store"
		if i.Revision > 0 {
			at = fmt.Sprintf("revision %d of %s", i.Revision, i.Time.Format(time.RFC3339))
		}
		what := "everything up to " + at
		if i.Since > 0 {
			what = fmt.Sprintf("what was written after revision %d, up to %s", i.Since, at)
		}
		fmt.Fprintf(h.stdout, "%s: whole: %s; %d entries, %d bytes, backup format %d, store format %d, SHA-256 %s\n", i.Name, what, i.Entries, i.Bytes, i.Stream, i.Format, i.SHA256)
	}
	return nil
}

// base returns the revision that the backup shall continue, and the file of its backup when one was named.
func (c *backupCommand) base() (since storage.Revision, file string, err error) {
	if c.Since == "" {
		return 0, "", nil
	}
	if n, err := strconv.ParseUint(c.Since, 10, 64); err == nil {
		return storage.Revision(n), "", nil
	}
	info, err := badger.InspectBackup(c.Since)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, "", fmt.Errorf("--since %q: it is neither the number of a revision nor a file", c.Since)
	}
	if err != nil {
		return 0, "", fmt.Errorf("--since: %w", err)
	}
	if info.Revision == 0 {
		return 0, "", fmt.Errorf("--since: %s is of an empty store: there is nothing to continue; write a full backup", c.Since)
	}
	return info.Revision, c.Since, nil
}

// write writes the backup beside its place, proves that it is whole, and moves it there.
func (c *backupCommand) write(ctx context.Context, h *host) (err error) {
	if _, err := os.Lstat(c.File); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return fmt.Errorf("back up to %s: %w; name a new file", c.File, err)
	}
	since, base, err := c.base()
	if err != nil {
		return err
	}
	from := c.fromDir
	if c.URL != "" {
		from = c.fromServer
	}
	f, err := os.CreateTemp(filepath.Dir(c.File), filepath.Base(c.File)+".partial-")
	if err != nil {
		return fmt.Errorf("back up to %s: %w", c.File, err)
	}
	report := newProgress(h)
	defer func() {
		report.end()
		if err != nil {
			// Nothing is left of a backup that failed; that it could not be removed says no more.
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	source, err := from(ctx, h, &throttled{ctx: ctx, w: f, rate: int64(c.Rate) * 1e6, begun: time.Now(), report: report}, since)
	if err != nil {
		return err
	}
	chain := []string{f.Name()}
	if base != "" {
		chain = []string{base, f.Name()}
	}
	infos, err := badger.VerifyBackup(ctx, chain, report.of)
	if err != nil {
		return fmt.Errorf("what was written for %s can't be restored: %w; try again, or write a full backup", c.File, err)
	}
	info := infos[len(infos)-1]
	if info.Since != since {
		return fmt.Errorf("the server sent what was written after revision %d, and %d was asked for: it is older than this program; write a full backup", info.Since, since)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("back up to %s: %w", c.File, err)
	}
	if err := place(f.Name(), c.File); err != nil {
		return fmt.Errorf("back up to %s: %w; name a new file", c.File, err)
	}
	report.end()
	what := fmt.Sprintf("revision %d", info.Revision)
	if since > 0 {
		what = fmt.Sprintf("what was written after revision %d, up to revision %d", since, info.Revision)
	}
	h.say("backed up %s to %s: %s, %d entries", source, c.File, what, info.Entries)
	return nil
}

// place gives a file its name, which none may have. A link fails where a rename would replace a file that has come meanwhile, but
// not every file system has links.
func place(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		err = os.Remove(from)
	case !errors.Is(err, fs.ErrExist):
		err = os.Rename(from, to)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close()) // so that the name outlives a power cut too
}

func (c *backupCommand) fromDir(ctx context.Context, h *host, w io.Writer, since storage.Revision) (source string, err error) {
	dir, err := c.dir()
	if err != nil {
		return "", err
	}
	s, err := openForReading(h, dir)
	if err != nil {
		return "", err
	}
	_, err = s.Backup(ctx, w, since)
	if err = errors.Join(err, s.Close()); err != nil {
		return "", fmt.Errorf("back up %s: %w", dir, err)
	}
	return dir, nil
}

func (c *backupCommand) fromServer(ctx context.Context, _ *host, w io.Writer, since storage.Revision) (string, error) {
	path := "/backup"
	if since > 0 {
		path += fmt.Sprintf("?since=%d", since)
	}
	at, err := c.at(path)
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
