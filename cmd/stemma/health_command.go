package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// healthCommand has the flags of serve that say where a server listens: with the same settings it asks that server.
type healthCommand struct {
	Addr    string `help:"Where the server listens, as it was told." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	TLSCert string `name:"tls-cert" help:"Ask by https if this is given, as the server speaks TLS then." placeholder:"FILE"`
	URL     string `name:"url" help:"Ask here instead: http://HOST:PORT, or https://." placeholder:"URL"`
}

// healthTimeout is longer than a server takes to find out that its store does not answer.
const healthTimeout = 5 * time.Second

// Run asks /readyz. Whatever is not a yes is a no: also a server that does not answer.
func (c *healthCommand) Run(ctx context.Context, h *host) error {
	at, err := c.at()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return err
	}
	// A proxy of the environment is for other machines, and a redirect is no answer.
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: isThisMachine(at.Hostname())}}, // the certificate is for the site's name; nothing secret is sent
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return no{fmt.Errorf("the server does not answer: %w", err)}
	}
	defer resp.Body.Close()
	said := firstLine(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return no{fmt.Errorf("%s answered %s: %s", at, resp.Status, said)}
	}
	fmt.Fprintln(h.stdout, said)
	return nil
}

// at returns what to ask.
func (c *healthCommand) at() (*url.URL, error) {
	if c.URL != "" {
		text, err := serverURL{URL: c.URL}.at("/readyz")
		if err != nil {
			return nil, err
		}
		return url.Parse(text)
	}
	name, port, err := net.SplitHostPort(c.Addr)
	if err != nil || port == "0" || port == "" {
		return nil, fmt.Errorf("--addr %q: write it as HOST:PORT, with the port that the server has, or give --url", c.Addr)
	}
	// A server that listens everywhere is also here. A container may have no file that says where localhost is.
	switch addr, err := netip.ParseAddr(name); {
	case name == "":
		name = "localhost"
	case err == nil && addr.IsUnspecified():
		name = "127.0.0.1"
		if addr.Is6() {
			name = "::1"
		}
	}
	u := &url.URL{Scheme: "http", Host: net.JoinHostPort(name, port), Path: "/readyz"}
	if c.TLSCert != "" {
		u.Scheme = "https"
	}
	return u, nil
}

// isThisMachine tells whether a host is a loopback name or address.
func isThisMachine(name string) bool {
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
