package auth_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/auth"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func create(t *testing.T, path, name string, role auth.Role) string {
	t.Helper()
	secret, err := auth.Create(path, name, role, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func keep(t *testing.T, path string) *auth.Keeper {
	t.Helper()
	k, err := auth.Keep(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTokenLife(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	ann := create(t, path, "ann", auth.Write)
	bob := create(t, path, "bob", auth.Read)
	if ann == bob || !strings.HasPrefix(ann, "stemma_") || len(ann) != len("stemma_")+43 {
		t.Fatalf("made %q and %q", ann, bob)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{ann, bob, strings.TrimPrefix(ann, "stemma_")} {
		if bytes.Contains(file, []byte(secret)) {
			t.Error("the file has a token itself")
		}
	}
	if fi, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: want 0600", fi.Mode(), err)
	}

	k := keep(t, path)
	got, err := k.Token(ann)
	if err != nil || got.Name != "ann" || got.Role != auth.Write || !got.Created.Equal(noon) {
		t.Errorf("ann's token is %v, %v", got, err)
	}
	if n := k.Good(auth.Write); n != 1 {
		t.Errorf("%d tokens may write, want 1", n)
	}
	if _, err := auth.Revoke(path, got.ID(), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Token(ann); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("after it was revoked: %v", err)
	}
	if _, err := k.Again(got); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("again, after it was revoked: %v", err)
	}
	if _, err := k.Again(auth.Token{Name: "ann", Role: auth.Admin}); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("a token that no file ever had: %v", err)
	}
	if _, err := k.Token(bob); err != nil {
		t.Errorf("bob's token went with it: %v", err)
	}
	if _, err := auth.Revoke(path, "ann", noon); !errors.Is(err, auth.ErrNoToken) {
		t.Errorf("revoked twice: %v", err)
	}
	list, err := auth.List(path)
	if err != nil || len(list) != 2 || list[0].Revoked.IsZero() || !list[1].Revoked.IsZero() {
		t.Errorf("list %v, %v", list, err)
	}
	// A token that was made while the server runs is good at once.
	if _, err := k.Token(create(t, path, "cleo", auth.Admin)); err != nil {
		t.Errorf("a new token: %v", err)
	}
}

// A directory is not made for a file whose path was misspelt.
func TestCreateMakesNoDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	if _, err := auth.Create(filepath.Join(dir, "tokens"), "ann", auth.Write, noon, rand.Reader); err == nil || !strings.Contains(err.Error(), "the directory "+dir+" ") {
		t.Errorf("%v: want an error that names %s", err, dir)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory was made: %v", err)
	}
}

func TestTokenIsAllOfTheRandomness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	for _, c := range []struct {
		random []byte
		want   string
	}{
		{make([]byte, 32), "stemma_" + strings.Repeat("0", 43)},
		{append(make([]byte, 31), 61), "stemma_" + strings.Repeat("0", 42) + "Z"},
	} {
		got, err := auth.Create(path, "ann", auth.Read, noon, bytes.NewReader(c.random))
		if err != nil || got != c.want {
			t.Errorf("%x makes %q, %v: want %q", c.random, got, err, c.want)
		}
	}
	if _, err := auth.Create(path, "ann", auth.Read, noon, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("31 bytes made a token")
	}
}

func TestKeeperRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	good := create(t, path, "ann", auth.Write)
	k := keep(t, path)
	other := create(t, filepath.Join(t.TempDir(), "others"), "ann", auth.Write)
	for _, c := range []struct {
		secret string
		want   error
	}{
		{other, auth.ErrUnknown},
		{"", auth.ErrMalformed},
		{"stemma_", auth.ErrMalformed},
		{good[:len(good)-1], auth.ErrMalformed},
		{good + "0", auth.ErrMalformed},
		{" " + good, auth.ErrMalformed},
		{good + "\n", auth.ErrMalformed},
		{strings.ToUpper(good), auth.ErrMalformed},
		{good[:len(good)-1] + "é", auth.ErrMalformed},
	} {
		if _, err := k.Token(c.secret); !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.secret, err, c.want)
		}
	}
}

// What can't be read accepts nobody: one of its tokens may have been revoked.
func TestKeeperFailsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	secret := create(t, path, "ann", auth.Write)
	k := keep(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var unreadable *auth.UnreadableError
	for name, harm := range map[string]func() error{
		"half a line": func() error { return os.WriteFile(path, append(bytes.Clone(whole), `{"name":"b`...), 0o600) },
		"gone":        func() error { return os.Remove(path) },
		"a directory": func() error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := k.Token(secret); !errors.As(err, &unreadable) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, whole, 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Token(secret); err != nil {
			t.Errorf("%s, and whole again: %v", name, err)
		}
	}
}

func TestFileThatOthersMayWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := filepath.Join(t.TempDir(), "tokens")
	create(t, path, "ann", auth.Write)
	if err := os.Chmod(path, 0o620); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Keep(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that its group may write to: %v", err)
	}
	if _, err := auth.Create(path, "eve", auth.Write, noon, rand.Reader); err == nil {
		t.Error("it was added to")
	}
}

func TestBadFiles(t *testing.T) {
	const sum = `"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
	const ann = `{"name":"ann","role":"write","created":"2026-11-22T12:00:00Z",` + sum + "}\n"
	for want, text := range map[string]string{
		"line 1: it is not one":  "token\n",
		"line 2: the token is":   ann + ann,
		"line 3: it is not one":  ann + "\n" + `{"secret":"x"}` + "\n",
		"cut short":              strings.TrimSpace(ann),
		"sha256: want 64":        `{"name":"ann","role":"write","created":"2026-11-22T12:00:00Z","sha256":"e3"}` + "\n",
		"the name \"Ann Lee\"":   strings.Replace(ann, "ann", "Ann Lee", 1),
		"role: \"root\" is none": strings.Replace(ann, `"write"`, `"root"`, 1),
		"created: is missing":    `{"name":"ann","role":"write",` + sum + "}\n",
		"more after its end":     strings.TrimSpace(ann) + ann,
	} {
		path := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.Keep(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if _, err := auth.Create(path, "bob", auth.Read, noon, rand.Reader); err == nil {
			t.Errorf("%q was added to", text)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q was changed to %q, %v", text, got, err)
		}
	}
}

func TestNamesAndRoles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	for _, name := range []string{"", "Ann", "a b", "-a", "a-", "a--b", "李", "a\n", strings.Repeat("a", 65)} {
		if _, err := auth.Create(path, name, auth.Read, noon, rand.Reader); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
	if _, err := auth.Create(path, "ann", "root", noon, rand.Reader); err == nil {
		t.Error("the role root was taken")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused token left a file")
	}
	for i, r := range auth.Roles {
		for j, needed := range auth.Roles {
			if got := r.Allows(needed); got != (i >= j) {
				t.Errorf("%s allows %s: %t", r, needed, got)
			}
		}
		if auth.Role("").Allows(r) || r.Allows("") {
			t.Errorf("no role and %s allow each other something", r)
		}
	}
}

func TestBearer(t *testing.T) {
	for _, c := range []struct {
		headers []string
		want    string
		bad     bool
	}{
		{nil, "", false},
		{[]string{"Bearer x"}, "x", false},
		{[]string{"bearer   x "}, "x", false},
		{[]string{""}, "", true},
		{[]string{"Bearer"}, "", true},
		{[]string{"Basic eDp5"}, "", true},
		{[]string{"x"}, "", true},
		{[]string{"Bearer x", "Bearer x"}, "", true},
	} {
		got, err := auth.Bearer(http.Header{"Authorization": c.headers})
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%q: %q, %v", c.headers, got, err)
		}
	}
}

func TestManyAddAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	create(t, path, "first", auth.Read)
	const n = 40
	errs := make(chan error, n)
	for range n {
		go func() {
			_, err := auth.Create(path, "ann", auth.Read, noon, rand.Reader)
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if list, err := auth.List(path); err != nil || len(list) != n+1 {
		t.Errorf("%d tokens, %v: want %d", len(list), err, n+1)
	}
}

// FuzzFile reads any file as a token file: nothing that it finds there may make the tokens of nobody good, and what it reads it can
// add to.
func FuzzFile(f *testing.F) {
	const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	line := `{"name":"ann","role":"write","created":"2026-11-22T12:00:00Z","sha256":"` + sum + `"}`
	f.Add([]byte(line + "\n"))
	f.Add([]byte(line + "\n" + `{"sha256":"` + sum + `","revoked":"2026-11-23T12:00:00Z"}` + "\n\n"))
	f.Add([]byte("\r\n{}\n"))
	f.Add([]byte(`{"sha256":null}` + "\n"))
	f.Add([]byte{0xff, '\n'})
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := auth.List(path)
		if err != nil {
			return
		}
		for _, token := range before {
			if auth.CheckName(token.Name) != nil || !token.Role.Allows(auth.Read) || token.Created.IsZero() && token.Role == "" {
				t.Errorf("accepted %v", token)
			}
		}
		secret := create(t, path, "bob", auth.Admin)
		after, err := auth.List(path)
		if err != nil || len(after) != len(before)+1 {
			t.Fatalf("%d tokens, and one more are %d, %v", len(before), len(after), err)
		}
		if got, err := keep(t, path).Token(secret); err != nil || got.Name != "bob" {
			t.Errorf("the one that was added: %v, %v", got, err)
		}
	})
}

func FuzzToken(f *testing.F) {
	path := filepath.Join(f.TempDir(), "tokens")
	good, err := auth.Create(path, "ann", auth.Write, noon, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	k, err := auth.Keep(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("stemma_" + strings.Repeat("0", 43))
	f.Add("Bearer " + good)
	f.Fuzz(func(t *testing.T, secret string) {
		if _, err := k.Token(secret); (err == nil) != (secret == good) {
			t.Errorf("%q: %v", secret, err)
		}
	})
}
