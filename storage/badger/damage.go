package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"syscall"

	"github.com/stemma-kg/stemma/storage"
)

// badgerFile finds the name of a file in what Badger says, in an error or in a panic.
var badgerFile = regexp.MustCompile(`\b(\d+\.(?:sst|mem|vlog)|MANIFEST|KEYREGISTRY|DISCARD)\b`)

// brokenFile is what is said of a file that Badger can't make sense of: its own words are about its code, and go to the log.
const brokenFile = "checksum wrong or cut short"

// whatIsWrong says why a file that is read can't be used.
func whatIsWrong(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it is missing"
	case errors.As(err, &path):
		return path.Err.Error()
	}
	return brokenFile
}

// giveUp is the error for a database that Badger can't open; why is an error or what it panicked with.
func giveUp(l logger, dir string, why any) error {
	l.inside("open %s: %.500v", dir, why)
	if err, ok := why.(error); ok {
		switch {
		case caused(err, syscall.EACCES), caused(err, syscall.EROFS):
			return unwritable(dir, err)
		case errors.Is(outOfSpace(err), storage.ErrFull):
			return fmt.Errorf("open %s: %w", dir, outOfSpace(err))
		}
		for _, number := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} { // the system's want, not damage
			if caused(err, number) {
				return fmt.Errorf("open %s: %w", dir, number)
			}
		}
	}
	return fmt.Errorf("%w: %s: %s: %s; restore the file, or a backup", storage.ErrCorrupt, dir, damagedFile(why), brokenFile)
}

// damagedFile names the file that Badger speaks of.
func damagedFile(why any) string {
	if name := badgerFile.FindString(fmt.Sprint(why)); name != "" {
		return "the file " + name
	}
	return "one of its files"
}
