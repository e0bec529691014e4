// Package auth says who may do what: tokens, their roles, the file that keeps them, and the table of what each use needs.
//
// A token is 256 random bits, so the file keeps its plain SHA-256: the slow hashes that passwords need protect what can be guessed,
// and nobody guesses 256 bits. The file is JSON Lines and only ever grows: a line for a token that was made, and a line for one
// that was revoked. So it is also the record of who could write when, and two programs can add to it at once.
package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// A Role says what a token is for. Each may do what those before it may.
type Role string

// The roles.
const (
	Read  Role = "read"  // asks, where asking needs a token
	Write Role = "write" // changes the graph
	Admin Role = "admin" // takes backups and profiles
)

// Roles are all roles, the weakest first.
var Roles = []Role{Read, Write, Admin}

// Allows tells whether a token of role r may do what needs the role other.
func (r Role) Allows(other Role) bool { return r.rank() >= other.rank() && other.rank() > 0 }

// rank is 0 for what is no role.
func (r Role) rank() int {
	for i, known := range Roles {
		if r == known {
			return i + 1
		}
	}
	return 0
}

// A Token is what is known of one: all but the token itself.
type Token struct {
	Name    string    // of who has it: what they write is signed with it
	Role    Role      //
	Created time.Time // UTC
	Revoked time.Time // zero: it is good
	hash    digest
}

type digest [sha256.Size]byte

// ID names the token in lists and when it is revoked. It can't be used in the token's place.
func (t Token) ID() string { return hex.EncodeToString(t.hash[:6]) }

const (
	prefix = "stemma_" // so that people, and scanners for leaked secrets, know what it is
	base   = 62
	digits = 43 // of 256 bits in base 62
)

// mint makes a token of what it reads from random.
func mint(random io.Reader) (secret string, err error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make a token: no random bytes: %w", err)
	}
	s := new(big.Int).SetBytes(b[:]).Text(base)
	return prefix + strings.Repeat("0", digits-len(s)) + s, nil
}

var secretForm = regexp.MustCompile(`^` + prefix + `[0-9A-Za-z]{43}$`)

// ErrMalformed is the error for what can't be a token of any server.
var ErrMalformed = errors.New("this is no Stemma token: one is " + prefix + " and 43 letters and digits")

// digestOf returns what is kept of a token.
func digestOf(secret string) (digest, error) {
	if !secretForm.MatchString(secret) {
		return digest{}, ErrMalformed
	}
	return sha256.Sum256([]byte(secret)), nil
}

// nameForm keeps names fit for the id of the source that stands for who has the token.
var nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxName = 64

// CheckName says what is wrong with a name for a token.
func CheckName(name string) error {
	if len(name) > maxName || !nameForm.MatchString(name) {
		return fmt.Errorf("the name %q won't do: take lower-case letters and digits, joined by hyphens, at most %d", name, maxName)
	}
	return nil
}

// Bearer returns the token that a request's headers carry, "" when they carry none.
func Bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return "", nil
	}
	scheme, secret, _ := strings.Cut(strings.TrimSpace(values[0]), " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", errors.New("send one Authorization header, and in it `Bearer` and a token; or none, to read what is public")
	}
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", ErrMalformed
	}
	return secret, nil
}
