package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/auth"
)

func networks(t *testing.T, texts ...string) []network {
	t.Helper()
	var out []network
	for _, text := range texts {
		var n network
		if err := n.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// Whom the headers of proxies make a visitor, and who may say so.
func TestVisitor(t *testing.T) {
	trusted := networks(t, "10.1.0.0/16", "127.0.0.1", "2001:db8:1::/48")
	for _, c := range []struct {
		name, peer    string
		forwarded     []string // lines of X-Forwarded-For
		proto         string
		address       string
		local, secure bool
	}{
		{"nobody between", "127.0.0.2:5", nil, "", "127.0.0.2", true, false},
		{"a stranger's headers", "198.51.100.9:5", []string{"127.0.0.2"}, "https", "198.51.100.9", true, false},
		{"one proxy", "10.1.2.3:5", []string{"203.0.113.7"}, "https", "203.0.113.7", false, true},
		{"plain at the proxy", "10.1.2.3:5", []string{"203.0.113.7"}, "http", "203.0.113.7", false, false},
		{"two proxies", "10.1.2.3:5", []string{"203.0.113.7, 10.1.9.9"}, "", "203.0.113.7", false, false},
		{"what the visitor made up", "10.1.2.3:5", []string{"127.0.0.1, 1.1.1.1, 203.0.113.7"}, "", "203.0.113.7", false, false},
		{"in lines", "10.1.2.3:5", []string{"1.1.1.1", "203.0.113.7", "10.1.0.1"}, "", "203.0.113.7", false, false},
		{"all trusted", "10.1.2.3:5", []string{"10.1.5.5"}, "", "10.1.5.5", false, false},
		{"a proxy that says nothing", "127.0.0.1:5", nil, "", "127.0.0.1", false, false},
		{"a proxy that says loopback", "127.0.0.1:5", []string{"127.0.0.2"}, "", "127.0.0.2", false, false},
		{"nonsense", "10.1.2.3:5", []string{"203.0.113.7, unknown"}, "", "10.1.2.3", false, false},
		{"nonsense behind a proxy", "10.1.2.3:5", []string{"unknown, 10.1.4.4"}, "", "10.1.4.4", false, false},
		{"with a port", "10.1.2.3:5", []string{"203.0.113.7:1234"}, "", "203.0.113.7", false, false},
		{"IPv6", "[2001:db8:1::1]:5", []string{"[2001:db8:2::7]:99"}, "", "2001:db8:2::7", false, false},
		{"IPv6 in brackets", "[2001:db8:1::1]:5", []string{"[2001:db8:2::7]"}, "", "2001:db8:2::7", false, false},
		{"IPv4 in IPv6", "[::ffff:10.1.2.3]:5", []string{"::ffff:203.0.113.7"}, "", "203.0.113.7", false, false},
		{"two lines of X-Forwarded-Proto", "10.1.2.3:5", nil, "https\nhttp", "10.1.2.3", false, false},
		{"no address", "pipe", []string{"203.0.113.7"}, "https", "invalid IP", false, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		if c.proto != "" {
			r.Header["X-Forwarded-Proto"] = strings.Split(c.proto, "\n")
		}
		got := (&access{local: true, proxies: trusted}).visitor(r)
		if got.address.String() != c.address || got.local != c.local || got.secure != c.secure {
			t.Errorf("%s: %v local %t secure %t, want %s %t %t", c.name, got.address, got.local, got.secure, c.address, c.local, c.secure)
		}
	}
}

func TestTrustedProxyFlag(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.2.3": "10.1.2.3/32", "10.1.2.3/16": "10.1.0.0/16", "::1": "::1/128", "::ffff:10.1.2.3": "10.1.2.3/32",
		"0.0.0.0/0": "", "::/0": "", "proxy": "", "10.1.2.3/33": "", "": "", "fe80::1%eth0": "", "::ffff:10.1.0.0/112": "",
	} {
		var n network
		err := n.UnmarshalText([]byte(text))
		if (err == nil) != (want != "") || err == nil && n.String() != want {
			t.Errorf("%q is %v, %v: want %q", text, n, err, want)
		}
	}
	errs, status := startAndStop(t, "--ephemeral", "--trusted-proxy", "everyone")
	if status != statusError || !strings.Contains(errs, "everyone") {
		t.Errorf("status %d, %s", status, errs)
	}
	if errs, status := startAndStop(t, "--ephemeral", "--trusted-proxy", "127.0.0.1"); status != statusError || !strings.Contains(errs, "--trusted-proxy") || !strings.Contains(errs, "--public-read") {
		t.Errorf("a proxy whose visitors nobody lets in: status %d, %s", status, errs)
	}
}

// Who comes through a proxy is not on this machine. What strangers write into the proxies' headers counts for nothing.
func TestThroughAProxy(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	reader := token(t, tokens, "ann", "read")
	const path = "/graphql?query=%7B__typename%7D"
	proxied := start(t, "--ephemeral", "--tokens", tokens, "--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "127.0.0.1")
	alone := start(t, "--ephemeral", "--tokens", tokens)
	elsewhere := start(t, "--ephemeral", "--tokens", tokens, "--trusted-proxy", "10.0.0.0/8")
	public := start(t, "--ephemeral", "--trusted-proxy", "127.0.0.1", "--public-read")
	visitor := []string{"X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https"}
	for _, c := range []struct {
		name   string
		server *running
		header []string
		status int
		hsts   bool
	}{
		{"without a token", proxied, visitor, 401, true},
		{"without the header", proxied, nil, 401, false},
		{"as if from this machine", proxied, []string{"X-Forwarded-For", "127.0.0.1"}, 401, false},
		{"with a token", proxied, append(bearer(reader), visitor...), 200, true},
		{"where all may read", public, visitor, 200, true},
		{"no proxy, made-up headers", alone, visitor, 200, false},
		{"another proxy, made-up headers", elsewhere, visitor, 200, false},
	} {
		resp, body := c.server.get(t, path, c.header...)
		if resp.StatusCode != c.status || (resp.Header.Get("Strict-Transport-Security") != "") != c.hsts {
			t.Errorf("%s: %d %s %v, want %d", c.name, resp.StatusCode, body, resp.Header, c.status)
		}
	}
	if log := proxied.log.String(); !strings.Contains(log, `"address":"203.0.113.7"`) {
		t.Errorf("the visitor's address is not in the log: %s", log)
	}
	if log := elsewhere.log.String(); strings.Contains(log, "203.0.113.7") {
		t.Errorf("a made-up address is in the log: %s", log)
	}
}

// A share is a token's or an address's, and an IPv6 /64 is one address.
func TestClient(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	secret := token(t, tokens, "ann", "read")
	keeper, err := auth.Keep(tokens)
	if err != nil {
		t.Fatal(err)
	}
	known, err := keeper.Token(secret)
	if err != nil {
		t.Fatal(err)
	}
	a := &access{local: true, keeper: keeper, refusals: newRefusals(), proxies: networks(t, "10.0.0.1")}
	for _, c := range []struct{ peer, forwarded, secret, want string }{
		{"192.0.2.1:5", "", "", "192.0.2.1"},
		{"192.0.2.1:5", "203.0.113.7", "", "192.0.2.1"},
		{"10.0.0.1:5", "203.0.113.7", "", "203.0.113.7"},
		{"[2001:db8::1:2:3:4]:5", "", "", "2001:db8::/64"},
		{"[2001:db8:0:0:ffff::1]:5", "", "", "2001:db8::/64"},
		{"192.0.2.1:5", "", secret, "token:" + known.ID()},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if c.secret != "" {
			r.Header.Set("Authorization", "Bearer "+c.secret)
		}
		got := ""
		a.received(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if known, d := a.identify(r); d == nil {
				ctx = context.WithoutCancel(known)
			}
			got = a.client(ctx, r)
		})).ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%v: counts for %q, want %q", c, got, c.want)
		}
	}
}

// Each token has a share of its own, and so has each visitor of a proxy.
func TestSharesAreTheVisitors(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	ann, bob := token(t, tokens, "ann", "read"), token(t, tokens, "bob", "read")
	const path = "/graphql?query=%7B__typename%7D"
	for _, c := range []struct {
		name          string
		args          []string
		first, second []string
	}{
		{"tokens", nil, bearer(ann), bearer(bob)},
		{"visitors", []string{"--trusted-proxy", "127.0.0.1", "--public-read"}, []string{"X-Forwarded-For", "203.0.113.7"}, []string{"X-Forwarded-For", "203.0.113.8"}},
	} {
		s := start(t, append([]string{"--ephemeral", "--tokens", tokens, "--rate-limit", "1"}, c.args...)...)
		status := 0
		for range 1000 {
			resp, _ := s.get(t, path, c.first...)
			if status = resp.StatusCode; status == http.StatusTooManyRequests {
				break
			}
		}
		if status != http.StatusTooManyRequests {
			t.Errorf("%s: one was never held to the rate limit", c.name)
		}
		if resp, body := s.get(t, path, c.second...); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: another pays for the first: %d %s", c.name, resp.StatusCode, body)
		}
	}
}

// Whatever the headers say, who is no trusted proxy is where the connection is from, and who comes through one is not on this machine.
func FuzzVisitor(f *testing.F) {
	f.Add("203.0.113.7, 10.1.2.3", "https")
	f.Add(",,[::1]:, %", "")
	f.Add("10.1.2.3,::ffff:10.1.0.1, fe80::1%x:1", "http\nhttps")
	proxies := []network{{netip.MustParsePrefix("10.1.0.0/16")}}
	f.Fuzz(func(t *testing.T, forwarded, proto string) {
		a := &access{local: true, proxies: proxies}
		for _, peer := range []string{"10.1.2.3:5", "127.0.0.1:5"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = peer
			r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"] = strings.Split(forwarded, "\n"), strings.Split(proto, "\n")
			v := a.visitor(r)
			switch {
			case !v.address.IsValid() || v.address.Zone() != "" || v.address.Is4In6():
				t.Errorf("the address %v", v.address)
			case peer == "10.1.2.3:5" && v.local, peer == "127.0.0.1:5" && (!v.local || v.secure || v.address.String() != "127.0.0.1"):
				t.Errorf("from %s: %v", peer, v)
			}
		}
	})
}
