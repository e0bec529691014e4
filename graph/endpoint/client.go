package endpoint

import (
	"net/netip"
)

// ClientAddr returns the part of an address, with or without port, that stands for one client: an IPv4 address whole, of an
// IPv6 address the first 64 bits, because whoever has one has them all. What is no address is returned as it is.
func ClientAddr(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		port, err := netip.ParseAddrPort(address)
		if err != nil {
			return address
		}
		addr = port.Addr()
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	net, err := addr.Prefix(64)
	if err != nil {
		return address
	}
	return net.String()
}
