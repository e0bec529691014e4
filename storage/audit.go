package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// An AuditRow is one write in the audit log: who, when, from where, why, and a digest of what. Each row is sealed by a SHA-256 over itself, which
// holds the seal of the row before: no row can be changed, taken out or put in without breaking every seal that follows.
//
// A row is kept and handed on as one line of JSON, so that anyone can check it without this program: the seal is the SHA-256 of the line's
// bytes before `,"seal":`.
type AuditRow struct {
	Row      uint64    `json:"row"` // counts from 1 without gaps
	Action   string    `json:"action"`
	Revision Revision  `json:"revision"`
	Time     time.Time `json:"time"`
	Author   string    `json:"author"`
	Token    string    `json:"token,omitempty"` // the id of the token that the writer showed; "" for a program on the machine itself
	From     string    `json:"from,omitempty"`  // the network address of the writer
	Reason   string    `json:"reason,omitempty"`
	Release  string    `json:"release,omitempty"` // the name, for a RELEASE
	Nodes    int       `json:"nodes"`             // put and deleted
	Edges    int       `json:"edges"`
	Content  string    `json:"content,omitempty"` // of a COMMIT: the SHA-256 of what it wrote, in hexadecimal; the engine says of which bytes
	Previous string    `json:"previous"`          // the seal of the row before; of row 1, 64 zeros
	Seal     string    `json:"seal"`
}

// The actions.
const (
	AuditCommit  = "COMMIT"  // a new revision
	AuditRelease = "RELEASE" // a name for a revision
)

// NoSeal is what the first row has for the seal of the row before.
var NoSeal = strings.Repeat("0", 2*sha256.Size)

const sealMember = `,"seal":"`

// MaxAuditLine bounds the line of a row, in bytes, so that who reads a log knows what to expect.
const MaxAuditLine = 1 << 20

// Line seals the row, and returns it as it is kept, without a line break. It refuses one that is longer than [MaxAuditLine].
func (r *AuditRow) Line() ([]byte, error) {
	r.Seal = ""
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	body := bytes.TrimSuffix(b, []byte(sealMember+`"}`))
	r.Seal = sealOf(body)
	line := fmt.Appendf(nil, `%s%s%s"}`, body, sealMember, r.Seal)
	if len(line) > MaxAuditLine {
		return nil, fmt.Errorf("its row of the audit log takes %d bytes: the limit is %d; give a shorter reason", len(line), MaxAuditLine)
	}
	return line, nil
}

func sealOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

var errNoRow = errors.New("it was changed: it is no row of an audit log")

// ParseAuditRow reads a line. Its error says what is wrong with it: it is no row, or its seal is not that of its bytes.
func ParseAuditRow(line []byte) (AuditRow, error) {
	var r AuditRow
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, errNoRow
	}
	body, seal, ok := bytes.Cut(line, []byte(sealMember))
	if !ok || string(seal) != r.Seal+`"}` {
		return r, errNoRow
	}
	if sealOf(body) != r.Seal {
		return r, errors.New("it was changed: its seal is not that of its content")
	}
	return r, nil
}

// Follows says why a row can't stand behind prev, the zero AuditRow for row 1.
func (r AuditRow) Follows(prev AuditRow) error {
	place, want := prev.Row+1, prev.Seal
	if prev.Row == 0 {
		want = NoSeal
	}
	switch {
	case r.Row > place:
		return fmt.Errorf("row %d stands where row %d belongs: what was between was taken out", r.Row, place)
	case r.Row < place:
		return fmt.Errorf("row %d stands where row %d belongs: it was put in, or moved", r.Row, place)
	case r.Previous != want && prev.Row == 0:
		return errors.New("it says that another row was before it: it was put in")
	case r.Previous != want:
		return fmt.Errorf("it does not hold the seal of row %d before it: that one was changed and sealed anew, or this one was put in", prev.Row)
	}
	return nil
}

// An Auditor keeps an audit log of every write, in the transaction of the write.
type Auditor interface {
	// Audit returns the lines of the audit log after a row, oldest first, at most limit of them. It does not judge them: see [ParseAuditRow].
	Audit(ctx context.Context, after uint64, limit int) ([][]byte, error)

	// CheckAudit proves that the rows follow each other, that none is missing at the end, and that each revision wrote what its row says. It
	// calls report for whatever is wrong, as Check does, which proves the same and more.
	CheckAudit(ctx context.Context, report func(Problem)) error
}
