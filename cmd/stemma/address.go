package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/stemma-kg/stemma/auth"
)

// gate says who may do what, and refuses a server of which nothing says that.
func (c *serveCommand) gate(log *slog.Logger) (*access, error) {
	local, err := isLoopback("--addr", c.Addr)
	if err != nil {
		return nil, err
	}
	sideLocal := true
	if c.MetricsAddr != "" {
		if sideLocal, err = isLoopback("--metrics-addr", c.MetricsAddr); err != nil {
			return nil, err
		}
	}
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return nil, errors.New("--tls-cert and --tls-key go together: give both, or neither")
	case c.Tokens != "":
	case !sideLocal:
		return nil, fmt.Errorf("other machines can reach --metrics-addr %s, and metrics and profiles are not for everyone: give --tokens FILE, or an address on 127.0.0.1", c.MetricsAddr)
	case !local && !c.PublicRead:
		return nil, fmt.Errorf("other machines can reach --addr %s, and nothing says who may read there: give --public-read to let anyone, --tokens FILE to let those with a token, or an --addr on 127.0.0.1", c.Addr)
	case len(c.TrustedProxy) > 0 && !c.PublicRead:
		return nil, errors.New("who comes through a --trusted-proxy is not on this machine, and nothing says who of them may read: give --public-read to let anyone, or --tokens FILE to let those with a token")
	}
	gate := &access{local: local, publicRead: c.PublicRead, tokensFile: c.Tokens, proxies: c.TrustedProxy, log: log, refusals: newRefusals()}
	if c.Tokens != "" {
		gate.keeper, err = auth.Keep(c.Tokens)
	}
	return gate, err
}

// sideConnections is how many connections the address of the metrics has.
const sideConnections = 64

func (c *serveCommand) listen(flag, addr string, connections int, log *slog.Logger) (*limited, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s %s: %w; stop what listens there, or choose another address", flag, addr, err)
	}
	return limit(l, connections, log), nil
}

// connections returns how many connections may be open: at most half of what this process may have open at all, for the store has
// files.
func (c *serveCommand) connections(log *slog.Logger) (int, error) {
	if c.MaxConnections < 1 {
		return 0, fmt.Errorf("--max-connections=%d: give a number above 0", c.MaxConnections)
	}
	most, known := maxDescriptors()
	if !known || uint64(c.MaxConnections) <= most/2 {
		return c.MaxConnections, nil
	}
	n := max(1, int(most/2))
	log.Warn("this process may not have so many connections open: raise its limit of open files", "max-connections", c.MaxConnections, "open files", most, "takes", n)
	return n, nil
}

// isLoopback tells whether only this machine can reach an address, which a flag gives.
func isLoopback(flag, addr string) (bool, error) {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return false, fmt.Errorf("%s %q: %w; write it as HOST:PORT, such as 127.0.0.1:8080", flag, addr, err)
	}
	return a.IP.IsLoopback(), nil
}

// hosts are the names that the API answers to. On loopback others are refused, or a page on the web could have its name point
// here and read what a browser on this machine may.
func (c *serveCommand) hosts(local bool) []string {
	for _, h := range c.AllowedHost {
		if h == "*" {
			return nil
		}
	}
	if !local && len(c.AllowedHost) == 0 {
		return nil
	}
	return append(loopbackNames(c.Addr), c.AllowedHost...)
}

func loopbackNames(addr string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
		names = append(names, host)
	}
	return names
}
