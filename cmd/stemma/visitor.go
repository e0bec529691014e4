package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/stemma-kg/stemma/auth"
	"github.com/stemma-kg/stemma/graph/endpoint"
)

// A visitor is who sent a request.
type visitor struct {
	token   auth.Token // the zero Token when it has none
	address netip.Addr // its own, also behind a proxy that is trusted
	local   bool       // it is on this machine, and so is whatever else can reach the server
	secure  bool       // it speaks TLS, to the server or to the proxy
}

type visitorKey struct{}

// visiting returns who sent the request of a context.
func visiting(ctx context.Context) visitor {
	v, _ := ctx.Value(visitorKey{}).(visitor)
	return v
}

// received notes with each request who sent it.
func (a *access) received(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, a.visitor(r))))
	})
}

// visitor reads from the connection, and from the headers of proxies that are trusted, where a request is from.
func (a *access) visitor(r *http.Request) visitor {
	v := visitor{local: a.local, secure: r.TLS != nil}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return visitor{secure: v.secure} // no address is nobody's, and no local one
	}
	v.address = peer.Addr().Unmap().WithZone("")
	if !a.trusts(v.address) {
		return v
	}
	// Whatever comes from a proxy's address may be from anywhere, also when the proxy forgot to say from where.
	v.local = false
	if proto := r.Header.Values("X-Forwarded-Proto"); len(proto) == 1 {
		v.secure = strings.EqualFold(strings.TrimSpace(proto[0]), "https")
	}
	// Each proxy adds at the right whom it heard. Left of the first that no trusted proxy added stands what anyone may have made up.
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		v.address = hop
		if !a.trusts(hop) {
			break
		}
	}
	return v
}

// parseHop reads an address of X-Forwarded-For. Some proxies add a port.
func parseHop(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func (a *access) trusts(addr netip.Addr) bool {
	for _, n := range a.proxies {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// client names who a request counts for where each gets a share: a token, else an address.
func (a *access) client(ctx context.Context, _ *http.Request) string {
	v := visiting(ctx)
	if v.token.Role != "" {
		return "token:" + v.token.ID()
	}
	return endpoint.ClientAddr(v.address.String())
}

// A network is a range of addresses, or one address.
type network struct{ netip.Prefix }

// UnmarshalText reads 10.1.0.0/16, or 10.1.2.3.
func (n *network) UnmarshalText(text []byte) error {
	if addr, err := netip.ParseAddr(string(text)); err == nil && addr.Zone() == "" {
		n.Prefix = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(string(text))
	switch {
	case err != nil:
		return fmt.Errorf("%q: give the address of a proxy, or a range of addresses such as 10.1.0.0/16", text)
	case p.Bits() == 0:
		return fmt.Errorf("%q is every address: then anyone could claim to be anyone; name those of your proxies", text)
	case p.Addr().Is4In6():
		return fmt.Errorf("%q: write a range of IPv4 addresses as IPv4 does", text)
	}
	n.Prefix = p.Masked()
	return nil
}
