package endpoint_test

import (
	"testing"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

func TestClientAddr(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:4000":              "192.0.2.7",
		"192.0.2.7":                   "192.0.2.7",
		"[::ffff:192.0.2.7]:4000":     "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:4000": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff:ffff:1:1":  "2001:db8:1:2::/64",
		"2001:db8:1:3:ffff:ffff:1:1":  "2001:db8:1:3::/64",
		"[fe80::1:2%eth0]:4000":       "fe80::/64",
		"[::1]:80":                    "::/64",
		"@":                           "@",
		"":                            "",
	} {
		if got := endpoint.ClientAddr(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
