package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// A server that is written to all the while is backed up as it was at one revision, whole and in increments.
func TestBackupWhileServing(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	writer, admin := token(t, in("tokens"), "bob", "write"), token(t, in("tokens"), "root", "admin")
	s := start(t, "--data", in("data"), "--tokens", in("tokens"))
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for n := range 3 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("agent:a%d-%d", n, i%4)
				put := fmt.Sprintf(`mutation { putAgent(input: {reason: "a test", agent: {id: %q, label: "Agent %d", type: ORGANISATION}}) { revision } }`, id, i)
				switch i % 4 {
				case 2:
					put = fmt.Sprintf(`mutation { nameRelease(input: {name: "release-%d-%d"}) { revision { revision } } }`, n, i)
				case 3:
					put = fmt.Sprintf(`mutation { retractNode(input: {reason: "a test", id: "agent:a%d-1"}) { revision } }`, n)
				}
				if _, _, code, message := s.ask(t, writer, put); code != "" && code != "CONFLICT" { // another has named the revision
					t.Errorf("%s: %s", code, message)
					return
				}
			}
		})
	}
	backup := func(args ...string) {
		t.Helper()
		args = append([]string{"backup", "--url", s.url, "--token", admin}, args...)
		if _, errs, status := command(t, args...); status != statusGood {
			t.Fatal(errs)
		}
	}
	backup(in("full"))
	backup("--since", in("full"), in("first"))
	backup("--since", in("first"), "--rate", "50", in("second"))
	for args, says := range map[string]string{"--since=999999": "409", "--since=" + in("tokens"): "no backup"} {
		if _, errs, status := command(t, "backup", "--url", s.url, "--token", admin, args, in("none")); status != statusError || !strings.Contains(errs, says) {
			t.Errorf("%s: %d %s", args, status, errs)
		}
	}
	close(stop)
	writers.Wait()
	for _, query := range []string{"?since=-1", "?since=x", "?sine=1", "?since=1&since=2"} {
		if resp, body := s.get(t, "/backup"+query, "Authorization", "Bearer "+admin); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("/backup%s: %d %s", query, resp.StatusCode, body)
		}
	}
	s.end(t)

	source, err := badger.Open(in("data"), badger.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	for n, files := range [][]string{{in("full")}, {in("full"), in("first")}, {in("full"), in("first"), in("second")}} {
		to := in(fmt.Sprint("restored", n))
		if _, errs, status := command(t, append(append([]string{"restore", "--check"}, files...), to)...); status != statusGood {
			t.Fatal(errs)
		}
		restored, err := badger.Open(to, badger.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		var rev storage.Revision
		err = restored.View(t.Context(), storage.At{}, func(r storage.Reader) error { rev = r.Revision(); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if storagetest.Dump(t, restored, rev) != storagetest.Dump(t, source, rev) {
			t.Errorf("%d files make another store than that of revision %d", len(files), rev)
		}
		if err := restored.Close(); err != nil {
			t.Error(err)
		}
	}
	wantNoPartials(t, dir)
}

func wantNoPartials(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.Contains(f.Name(), "partial") {
			t.Errorf("%s is left", f.Name())
		}
	}
}

// A connection that is cut, wherever, leaves no file.
func TestCutBackupLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	tokens, file := filepath.Join(dir, "tokens"), filepath.Join(dir, "backup")
	admin := token(t, tokens, "root", "admin")
	s := start(t, "--data", filepath.Join(dir, "data"), "--tokens", tokens)
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int64{0, 10, 200_000} {
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }}
		proxy.ModifyResponse = func(r *http.Response) error {
			r.Body = &cutBody{ReadCloser: r.Body, left: after}
			return nil
		}
		proxy.ErrorLog = log.New(io.Discard, "", 0)
		cutter := httptest.NewServer(proxy)
		_, errs, status := command(t, "backup", "--url", cutter.URL, "--token", admin, file)
		cutter.Close()
		if status != statusError || !strings.Contains(errs, "cut short") && !strings.Contains(errs, "EOF") {
			t.Errorf("cut after %d bytes: %d %s", after, status, errs)
		}
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("cut after %d bytes: there is a file: %v", after, err)
		}
		wantNoPartials(t, dir)
	}
}

// A cutBody breaks off after some bytes.
type cutBody struct {
	io.ReadCloser
	left int64
}

func (c *cutBody) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, net.ErrClosed
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
