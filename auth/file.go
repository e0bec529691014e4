package auth

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// maxFileBytes bounds a token file: some five thousand tokens.
const maxFileBytes = 1 << 20

// A line of a token file makes a token, or revokes one.
type line struct {
	Name    string     `json:"name,omitempty"`
	Role    Role       `json:"role,omitempty"`
	Created *time.Time `json:"created,omitempty"`
	SHA256  string     `json:"sha256"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// parse reads a token file. Its errors name the line.
func parse(b []byte) ([]Token, error) {
	var tokens []Token
	at := map[digest]int{}
	n := 0
	for text := range bytes.Lines(b) {
		n++
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if text[len(text)-1] != '\n' {
			return nil, fmt.Errorf("line %d has no end: it was cut short", n)
		}
		l, h, err := parseLine(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		i, known := at[h]
		switch {
		case l.Revoked != nil && known:
			tokens[i].Revoked = l.Revoked.UTC()
		case l.Revoked != nil: // the line that made it was taken out by hand
		case known:
			return nil, fmt.Errorf("line %d: the token is there already", n)
		default:
			at[h] = len(tokens)
			tokens = append(tokens, Token{Name: l.Name, Role: l.Role, Created: l.Created.UTC(), hash: h})
		}
	}
	return tokens, nil
}

func parseLine(text []byte) (l line, h digest, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, h, fmt.Errorf("it is not one of a token file: %w", err)
	}
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		return l, h, errors.New("there is more after its end")
	}
	sum, err := hex.DecodeString(l.SHA256)
	if err != nil || copy(h[:], sum) != len(h) || len(sum) != len(h) {
		return l, h, errors.New("sha256: want 64 hexadecimal digits")
	}
	if l.Revoked != nil {
		return l, h, nil
	}
	if err := CheckName(l.Name); err != nil {
		return l, h, err
	}
	switch {
	case l.Role.rank() == 0:
		err = fmt.Errorf("role: %q is none of %v", l.Role, Roles)
	case l.Created == nil:
		err = errors.New("created: is missing")
	}
	return l, h, err
}

// List reads the tokens of a file, the oldest first, those that were revoked among them.
func List(path string) ([]Token, error) {
	tokens, _, err := read(path)
	return tokens, err
}

func read(path string) ([]Token, fs.FileInfo, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no token file %s: make one with `stemma token create --role write --tokens %s`: %w", path, path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the token file: %w", err)
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("read the token file: %w", err)
	}
	switch {
	case !fi.Mode().IsRegular():
		return nil, nil, fmt.Errorf("the token file %s is not a regular file", path)
	case fi.Size() > maxFileBytes:
		return nil, nil, fmt.Errorf("the token file %s has %d bytes, more than %d: take out tokens that were revoked", path, fi.Size(), maxFileBytes)
	case runtime.GOOS != "windows" && fi.Mode().Perm()&0o022 != 0:
		return nil, nil, fmt.Errorf("others than its owner may write to the token file %s, and so give themselves a token: run `chmod 600 %s`", path, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the token file: %w", err)
	}
	tokens, err := parse(b)
	if err != nil {
		return nil, nil, fmt.Errorf("the token file %s: %w: correct it by hand", path, err)
	}
	return tokens, fi, nil
}

// Create adds a token to a file, which it makes when it is not there but its directory is, and returns the token: this once, the file does not keep it.
func Create(path, name string, role Role, now time.Time, random io.Reader) (secret string, err error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if role.rank() == 0 {
		return "", fmt.Errorf("the role %q is none of %v", role, Roles)
	}
	if secret, err = mint(random); err != nil {
		return "", err
	}
	h, err := digestOf(secret)
	if err != nil {
		return "", err
	}
	created := now.UTC().Truncate(time.Second)
	return secret, add(path, line{Name: name, Role: role, Created: &created, SHA256: hex.EncodeToString(h[:])}, os.O_CREATE)
}

// ErrNoToken is the error for a token that a file has not.
var ErrNoToken = errors.New("there is no such token")

// Revoke ends the good tokens that which names, by their id or their name, and returns them.
func Revoke(path, which string, now time.Time) ([]Token, error) {
	tokens, err := List(path)
	if err != nil {
		return nil, err
	}
	at := now.UTC().Truncate(time.Second)
	var ended []Token
	for _, t := range tokens {
		if !t.Revoked.IsZero() || t.Name != which && t.ID() != which {
			continue
		}
		if err := add(path, line{SHA256: hex.EncodeToString(t.hash[:]), Revoked: &at}, 0); err != nil {
			return ended, err
		}
		t.Revoked = at
		ended = append(ended, t)
	}
	if len(ended) == 0 {
		return nil, fmt.Errorf("%w: no good token in %s has the name or the id %q: `stemma token list --tokens %s` shows them", ErrNoToken, path, which, path)
	}
	return ended, nil
}

// add appends a line in one write, which others who append do not tear, and makes it durable.
func add(path string, l line, flag int) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	// A file that can't be read is not added to: the new line might be glued to half a line, or join somebody else's file.
	if _, err := List(path); err != nil && (flag&os.O_CREATE == 0 || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if flag&os.O_CREATE != 0 {
		// The directory of a path that was misspelt is not made: a server would look for its tokens elsewhere.
		if dir := filepath.Dir(path); !isDir(dir) {
			return fmt.Errorf("the directory %s of the token file is not there: make it, for its owner alone (`mkdir -m 700 %s`), or name another file", dir, dir)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|flag, 0o600)
	if err != nil {
		return fmt.Errorf("write the token file: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the token file: %w", err)
	}
	return nil
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// A Keeper knows the good tokens of a file, and reads it again when it changes. It may be used from many goroutines.
type Keeper struct {
	path string

	mu     sync.Mutex
	tokens []Token
	seen   fs.FileInfo
	broken error // why the file, as it is, could not be read: then no token is good
}

// Keep reads a token file.
func Keep(path string) (*Keeper, error) {
	tokens, fi, err := read(path)
	if err != nil {
		return nil, err
	}
	return &Keeper{path: path, tokens: tokens, seen: fi}, nil
}

// An UnreadableError says that the token file can't be read any more. Until it can, no token is good: one of them may have been
// revoked.
type UnreadableError struct{ Err error }

func (e *UnreadableError) Error() string { return "the token file can't be read: " + e.Err.Error() }

// Unwrap returns why.
func (e *UnreadableError) Unwrap() error { return e.Err }

// ErrUnknown is the error for a token that is not in the file, or was revoked.
var ErrUnknown = errors.New("the token is not valid here: it is unknown, or was revoked")

// Token returns what is known of a token. Its error is [ErrMalformed], [ErrUnknown] or an [*UnreadableError].
func (k *Keeper) Token(secret string) (Token, error) {
	h, err := digestOf(secret)
	if err != nil {
		return Token{}, err
	}
	return k.find(h)
}

// Again looks up a token that was good when a long connection began. Its errors are those of [Keeper.Token].
func (k *Keeper) Again(t Token) (Token, error) { return k.find(t.hash) }

func (k *Keeper) find(h digest) (Token, error) {
	tokens, err := k.current()
	if err != nil {
		return Token{}, &UnreadableError{err}
	}
	// Every token is compared, whichever matches: time tells nothing.
	found := -1
	for i := range tokens {
		if subtle.ConstantTimeCompare(h[:], tokens[i].hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 || !tokens[found].Revoked.IsZero() {
		return Token{}, ErrUnknown
	}
	return tokens[found], nil
}

// current returns the tokens, read anew if the file has changed since.
func (k *Keeper) current() ([]Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	fi, err := os.Stat(k.path)
	if err == nil && k.broken == nil && os.SameFile(fi, k.seen) && fi.Size() == k.seen.Size() && fi.ModTime().Equal(k.seen.ModTime()) {
		return k.tokens, nil
	}
	tokens, fi, err := read(k.path)
	if k.broken = err; err != nil {
		return nil, err
	}
	k.tokens, k.seen = tokens, fi
	return tokens, nil
}

// Good returns how many tokens are good that may do what needs the role.
func (k *Keeper) Good(role Role) int {
	tokens, err := k.current()
	if err != nil {
		return 0
	}
	n := 0
	for _, t := range tokens {
		if t.Revoked.IsZero() && t.Role.Allows(role) {
			n++
		}
	}
	return n
}

// String shows a token as lists do.
func (t Token) String() string {
	fields := []string{t.ID(), string(t.Role), t.Created.Format(time.RFC3339), t.Name}
	if !t.Revoked.IsZero() {
		fields = append(fields, "revoked "+t.Revoked.Format(time.RFC3339))
	}
	return strings.Join(fields, "\t")
}
