package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A keyPair is a certificate that is its own authority, and its key, as PEM.
type keyPair struct{ cert, key []byte }

func newKeyPair(t *testing.T, serial int64, notAfter time.Time) keyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "a test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
}

// put writes a file into the place of another, in one step.
func put(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// greeted returns the serial number of the certificate that a server greets with.
func greeted(t *testing.T, s *running, maxVersion uint16) (serial int64, state tls.ConnectionState, err error) {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}, MaxVersion: maxVersion, MinVersion: tls.VersionTLS10}}
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "https://"))
	if err != nil {
		return 0, state, err
	}
	defer conn.Close()
	state = conn.(*tls.Conn).ConnectionState()
	return state.PeerCertificates[0].SerialNumber.Int64(), state, nil
}

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	year := time.Now().Add(365 * 24 * time.Hour)
	first, second, last := newKeyPair(t, 1, time.Now().Add(10*24*time.Hour)), newKeyPair(t, 2, year), newKeyPair(t, 3, year)
	put(t, cert, first.cert)
	put(t, key, first.key)
	s := start(t, "--ephemeral", "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("it serves at %s", s.url)
	}
	if !strings.Contains(s.log.String(), "expires soon") {
		t.Errorf("no word of the end in ten days: %s", s.log)
	}
	want := func(serial int64, said string, times int) {
		t.Helper()
		for range 3 {
			got, state, err := greeted(t, s, 0)
			if err != nil || got != serial || state.NegotiatedProtocol != "h2" {
				t.Errorf("certificate %d by %q, %v: want %d", got, state.NegotiatedProtocol, err, serial)
			}
		}
		if got := strings.Count(s.log.String(), said); got != times {
			t.Errorf("%q is in the log %d times, want %d: %s", said, got, times, s.log)
		}
	}
	want(1, "can't be read again", 0)
	put(t, cert, second.cert) // half of a change
	want(1, "can't be read again", 1)
	put(t, key, second.key)
	want(2, "was read again", 1)
	put(t, cert, []byte("nonsense"))
	want(2, "can't be read again", 2)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	want(2, "can't be read again", 3)
	put(t, cert, last.cert)
	put(t, key, last.key)
	want(3, "was read again", 2)
	if _, _, err := greeted(t, s, tls.VersionTLS11); err == nil {
		t.Error("it speaks TLS 1.1")
	}
	_, text := secureGet(t, s, last, "/metrics")
	if want := fmt.Sprintf("stemma_tls_certificate_expiry_timestamp_seconds %s", formatFloat(float64(year.Unix()))); !strings.Contains(text, want) {
		t.Errorf("metrics lack %s", want)
	}
}

func formatFloat(f float64) string {
	mantissa := strings.TrimRight(fmt.Sprintf("%.9f", f/1e9), "0")
	return mantissa + "e+09"
}

// secureGet asks as one who believes the certificate.
func secureGet(t *testing.T, s *running, p keyPair, path string) (*http.Response, string) {
	t.Helper()
	resp, err := believer(t, p).Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func believer(t *testing.T, p keyPair) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Everything that a server does it also does by TLS: queries by HTTP/2, events, websockets, backups.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key, tokens := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "tokens")
	pair := newKeyPair(t, 1, time.Now().Add(365*24*time.Hour))
	put(t, cert, pair.cert)
	put(t, key, pair.key)
	admin := token(t, tokens, "root", "admin")
	s := start(t, "--data", filepath.Join(dir, "data"), "--tls-cert", cert, "--tls-key", key, "--tokens", tokens)
	if strings.Contains(s.log.String(), "expires soon") {
		t.Errorf("a year is not soon: %s", s.log)
	}
	resp, body := secureGet(t, s, pair, "/graphql?query=%7B__typename%7D")
	if resp.ProtoMajor != 2 || !strings.Contains(body, `"Query"`) || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s %v %s", resp.Proto, resp.Header, body)
	}

	conn, _, err := websocket.Dial(t.Context(), strings.Replace(s.url, "https", "wss", 1)+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: believer(t, pair),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	text := ""
	for _, message := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"` + subscription + `"}}`} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		_, b, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	if !strings.Contains(text, `"revision":1`) {
		t.Errorf("by wss: %s", text)
	}

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"`+subscription+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	events, err := believer(t, pair).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	first := make([]byte, 0, 4096)
	for !bytes.Contains(first, []byte("revision")) {
		n, err := events.Body.Read(first[len(first):cap(first)])
		first = first[:len(first)+n]
		if err != nil {
			t.Fatalf("events by HTTP/2: %s, %v", first, err)
		}
	}

	document, file := filepath.Join(dir, "q.graphql"), filepath.Join(dir, "backup")
	if err := os.WriteFile(document, []byte(`{ meta { revision } }`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := command(t, "query", "--url", s.url, document); status != statusError || !strings.Contains(errs, "certificate") {
		t.Errorf("a stranger's certificate: %d %s", status, errs)
	}
	if _, errs, status := command(t, "query", "--url", s.url, "--ca", document, document); status != statusError || !strings.Contains(errs, "--ca") {
		t.Errorf("--ca with no certificate: %d %s", status, errs)
	}
	if out, errs, status := command(t, "query", "--url", s.url, "--token", admin, "--ca", cert, document); status != statusGood || !strings.Contains(out, `"revision": 1`) {
		t.Errorf("query: %d %s %s", status, out, errs)
	}
	if _, errs, status := command(t, "audit", "list", "--url", s.url, "--token", admin, "--ca", cert); status != statusGood {
		t.Errorf("audit list: %d %s", status, errs)
	}
	if _, errs, status := command(t, "backup", "--url", s.url, "--token", admin, "--ca", cert, file); status != statusGood {
		t.Errorf("backup: %d %s", status, errs)
	}
}

func TestTLSIsRefused(t *testing.T) {
	dir := t.TempDir()
	cert, key, other := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "other.pem")
	pair := newKeyPair(t, 1, time.Now().Add(time.Hour))
	put(t, cert, pair.cert)
	put(t, key, pair.key)
	put(t, other, newKeyPair(t, 2, time.Now().Add(time.Hour)).key)
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"--tls-cert", cert}, []string{"--tls-cert and --tls-key", "both"}},
		{[]string{"--tls-key", key}, []string{"--tls-cert and --tls-key", "both"}},
		{[]string{"--tls-cert", cert, "--tls-key", filepath.Join(dir, "none")}, []string{"--tls-key", "none"}},
		{[]string{"--tls-cert", dir, "--tls-key", key}, []string{"--tls-cert", dir}},
		{[]string{"--tls-cert", cert, "--tls-key", other}, []string{cert, other, "no pair"}},
		{[]string{"--tls-cert", key, "--tls-key", key}, []string{key, "no pair"}},
	} {
		errs, status := startAndStop(t, append([]string{"--ephemeral"}, c.args...)...)
		for _, want := range c.says {
			if status != statusError || !strings.Contains(errs, want) {
				t.Errorf("%v: status %d, %q: want %q", c.args, status, errs, want)
			}
		}
	}
	// Tokens that anyone on the way can read are worth a warning, unless a proxy is in front.
	tokens := filepath.Join(dir, "tokens")
	token(t, tokens, "ann", "read")
	const warning = "tokens and answers can be read on their way"
	for _, c := range []struct {
		args []string
		want bool
	}{
		{[]string{"--addr", "0.0.0.0:0"}, true},
		{[]string{"--addr", "0.0.0.0:0", "--tls-cert", cert, "--tls-key", key}, false},
		{[]string{"--addr", "0.0.0.0:0", "--trusted-proxy", "127.0.0.1"}, false},
		{nil, false},
	} {
		s := start(t, append([]string{"--ephemeral", "--tokens", tokens}, c.args...)...)
		if got := strings.Contains(s.log.String(), warning); got != c.want {
			t.Errorf("%v: warned %t, want %t", c.args, got, c.want)
		}
	}
}
