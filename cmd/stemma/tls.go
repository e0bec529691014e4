package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// A certificate is a pair of files, read again when one of them changes.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	expires time.Time
	seen    [2]fs.FileInfo
	said    string // why it could not be read again
}

// openCertificate reads the pair for the first time, and refuses one that is no good.
func openCertificate(certFile, keyFile string, log *slog.Logger, now func() time.Time) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: now}
	seen, err := c.stat()
	if err == nil {
		err = c.load()
	}
	if err != nil {
		return nil, err
	}
	c.seen = seen
	c.warn()
	return c, nil
}

func (c *certificate) stat() (seen [2]fs.FileInfo, err error) {
	for i, f := range []struct{ flag, path string }{{"--tls-cert", c.certFile}, {"--tls-key", c.keyFile}} {
		if seen[i], err = os.Stat(f.path); err != nil {
			return seen, fmt.Errorf("%s: %w", f.flag, err)
		}
	}
	return seen, nil
}

// load reads the pair, and changes nothing when it is no good.
func (c *certificate) load() error {
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return fmt.Errorf("--tls-cert: %w", err)
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return fmt.Errorf("--tls-key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("--tls-cert %s and --tls-key %s are no pair: %w; give a certificate, with those between it and its authority, and the key it was made for, both as PEM", c.certFile, c.keyFile, err)
	}
	// Clients refuse the chain as soon as one of it has expired.
	expires := pair.Leaf.NotAfter
	for _, der := range pair.Certificate[1:] {
		above, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("--tls-cert %s: %w", c.certFile, err)
		}
		if above.NotAfter.Before(expires) {
			expires = above.NotAfter
		}
	}
	c.pair, c.expires = &pair, expires
	return nil
}

// current returns the pair, read anew if a file has changed. One that is no good is logged once, and the old one stays: it may be
// half of a change.
func (c *certificate) current() (*tls.Certificate, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, err := c.stat()
	if err == nil && unchanged(seen[0], c.seen[0]) && unchanged(seen[1], c.seen[1]) {
		return c.pair, c.expires
	}
	if err == nil {
		c.seen, err = seen, c.load()
	}
	switch {
	case err == nil:
		c.said = ""
		c.log.Info("the certificate was read again", "expires", c.expires)
		c.warn()
	case err.Error() != c.said:
		c.said = err.Error()
		c.log.Error("the certificate can't be read again; the old one stays", "error", err)
	}
	return c.pair, c.expires
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// soon is how long before its end a certificate is worth a warning.
const soon = 14 * 24 * time.Hour

func (c *certificate) warn() {
	if left := c.expires.Sub(c.now()); left < soon {
		c.log.Warn("the certificate expires soon, or has: put a new one into its place, it is read without a restart", "file", c.certFile, "expires", c.expires)
	}
}

// watch warns each day, also while nobody connects.
func (c *certificate) watch(ctx context.Context) {
	t := time.NewTicker(24 * time.Hour)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			c.current()
			c.mu.Lock()
			c.warn()
			c.mu.Unlock()
		}
	}
}

// expiry is when the chain ends, in seconds since 1970.
func (c *certificate) expiry() float64 {
	_, expires := c.current()
	return float64(expires.Unix())
}

// config is what a server needs to speak TLS.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			pair, _ := c.current()
			return pair, nil
		},
	}
}

// client returns an HTTP client that also believes the authorities of --ca.
func (s serverURL) client() (*http.Client, error) {
	if s.CA == "" {
		return http.DefaultClient, nil
	}
	text, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ca %s has no certificate: want those of the authority, as PEM", s.CA)
	}
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the default transport was replaced")
	}
	t = t.Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: t}, nil
}
