package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/stemma-kg/stemma/storage"
)

// An Extent says how much of a store's log a file holds.
type Extent struct {
	Row   uint64 // the newest row that is whole
	Size  int64  // of what is as it should be, in bytes
	Rest  []byte // what lacks of the row after it, when the file ends within that: a write was cut short
	Zeros bool   // what follows after Size is zeros: a power cut came between lengthening the file and filling it
}

// Compare reads a file, which holds the log of the store from row 1 on, or its beginning. When it holds anything else, that is an [*Error].
func Compare(ctx context.Context, name string, file io.ReadSeeker, store storage.Auditor) (Extent, error) {
	has, err := compare(ctx, file, store)
	var wrong *Error
	if !errors.As(err, &wrong) {
		return has, err
	}
	wrong.File = name
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return has, err
	}
	// The file may say by itself what is wrong there, and then says it better.
	for row, err := range Read(name, file) {
		if err == nil && row.Row < wrong.Row {
			continue
		}
		var itself *Error
		switch {
		case errors.As(err, &itself) && itself.Row == wrong.Row:
			return has, itself
		case err == nil && row.Row > wrong.Row:
			wrong.Err = row.Follows(storage.AuditRow{Row: has.Row})
		case err == nil:
			wrong.Revision = row.Revision
		}
		break
	}
	return has, wrong
}

// compare is Compare by bytes alone.
func compare(ctx context.Context, file io.Reader, store storage.Auditor) (Extent, error) {
	var has Extent
	in := bufio.NewReaderSize(file, 1<<16)
	var buf []byte
	differs := func(format string, args ...any) (Extent, error) {
		return has, &Error{Line: int(has.Row + 1), Row: has.Row + 1, Err: fmt.Errorf(format, args...)}
	}
	for line, err := range lines(ctx, store, 0) {
		if err != nil {
			return has, err
		}
		want := append(line, '\n')
		buf = slices.Grow(buf[:0], len(want))[:len(want)]
		n, err := io.ReadFull(in, buf)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return has, err
		}
		same := 0
		for same < n && buf[same] == want[same] {
			same++
		}
		switch {
		case same == len(want):
			has.Row++
			has.Size += int64(same)
			continue
		case same < n:
			zeros, err := onlyZeros(io.MultiReader(bytes.NewReader(buf[same:n]), in))
			if err != nil {
				return has, err
			}
			if !zeros {
				return differs("it is not the row that the store has: it was changed and sealed anew, or put in")
			}
			has.Zeros = true
		}
		if same > 0 {
			has.Rest = bytes.Clone(want[same:])
		}
		has.Size += int64(same)
		return has, nil
	}
	if _, err := in.Peek(1); err == nil {
		zeros, err := onlyZeros(in)
		if err != nil {
			return has, err
		}
		if !zeros {
			return differs("the store has no such row: it was put in, or the store was put back to an earlier state")
		}
		has.Zeros = true
	} else if !errors.Is(err, io.EOF) {
		return has, err
	}
	return has, nil
}

// onlyZeros reads to the end, or to the first byte that is not zero.
func onlyZeros(r io.Reader) (bool, error) {
	buf := make([]byte, 1<<12)
	for {
		n, err := r.Read(buf)
		for _, b := range buf[:n] {
			if b != 0 {
				return false, nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return false, err
		}
	}
}
