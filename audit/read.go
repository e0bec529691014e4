// Package audit reads, proves and keeps an audit log as a file: one line for each row, byte for byte as the store has it
// ([storage.AuditRow]). The store's log is the truth, and the file is for people and for other machines.
package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/stemma-kg/stemma/storage"
)

// A Row is a row with its line, without the line break.
type Row struct {
	storage.AuditRow
	Line []byte // valid until the next row is asked for
}

// An Error says which row of a log is not what it should be.
type Error struct {
	File     string           // "" for the log of a store
	Line     int              // of the file, from 1
	Row      uint64           // that belongs there
	Revision storage.Revision // that the row says, 0 when it says none
	Err      error            // what is wrong: it was changed, taken out, put in or cut short
}

func (e *Error) Error() string {
	s := "the store's audit log: "
	if e.File != "" {
		s = fmt.Sprintf("%s: line %d: ", e.File, e.Line)
	}
	s += fmt.Sprintf("row %d", e.Row)
	if e.Revision > 0 {
		s += fmt.Sprintf(" (revision %d)", e.Revision)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// Read yields the rows of a file, each proven by its seal and its place behind the row before it. It ends at the first that is wrong, with
// an [*Error]. A file may begin with any row: what came before the first is not proven.
func Read(name string, r io.Reader) iter.Seq2[Row, error] { return prove(name, split(r)) }

// Stored yields the rows of a store's log after a row, as Read does.
func Stored(ctx context.Context, s storage.Auditor, after uint64) iter.Seq2[Row, error] {
	return prove("", lines(ctx, s, after))
}

// page is how many rows are read from a store at once.
const page = 256

// lines yields the lines of a store's log after a row.
func lines(ctx context.Context, s storage.Auditor, after uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			some, err := s.Audit(ctx, after, page)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, line := range some {
				if !yield(line, nil) {
					return
				}
			}
			if len(some) < page {
				return
			}
			after += page
		}
	}
}

// ErrCutShort is what is wrong with the last row of a file that ends within it. A server that is just writing it may be the reason.
var ErrCutShort = errors.New("it was cut short: the file ends within it")

var errTooLong = fmt.Errorf("it was changed: its line has more than %d bytes, and none may", storage.MaxAuditLine)

// split yields the lines of a file, without their breaks. One that has none, or no end in sight, comes with ErrCutShort or errTooLong.
func split(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, 0, 64<<10), storage.MaxAuditLine+2)
		s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
			if i := bytes.IndexByte(data, '\n'); i >= 0 {
				return i + 1, data[:i+1], nil
			}
			if atEOF && len(data) > 0 {
				return len(data), data, nil
			}
			return 0, nil, nil
		})
		for s.Scan() {
			line, whole := bytes.CutSuffix(s.Bytes(), []byte("\n"))
			var err error
			if !whole {
				err = ErrCutShort
			}
			if !yield(line, err) {
				return
			}
		}
		switch err := s.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(nil, errTooLong)
		case err != nil:
			yield(nil, err)
		}
	}
}

// prove yields the row of each line, and ends at the first that is wrong.
func prove(name string, lines iter.Seq2[[]byte, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var last storage.AuditRow
		var first *Error // the first line is wrong: the second may tell which row it was
		n := 0
		for line, err := range lines {
			row, wrong := storage.ParseAuditRow(line)
			if first != nil {
				if wrong == nil && row.Row > 1 && first.Row != 1 {
					first.Row = row.Row - 1
				}
				break
			}
			n++
			switch {
			case errors.Is(err, ErrCutShort), errors.Is(err, errTooLong):
				wrong = err
			case err != nil:
				yield(Row{}, err)
				return
			case wrong == nil && (n > 1 || row.Row <= 1):
				wrong = row.Follows(last)
			}
			if wrong == nil {
				last = row
				if !yield(Row{row, line}, nil) {
					return
				}
				continue
			}
			e := &Error{File: name, Line: n, Row: last.Row + 1, Err: wrong}
			if n == 1 {
				e.Row = max(row.Row, 1)
			}
			if row.Row == e.Row {
				e.Revision = row.Revision
			}
			if n > 1 {
				yield(Row{}, e)
				return
			}
			first = e
		}
		if first != nil {
			yield(Row{}, first)
		}
	}
}
