//go:build !linux && !darwin && !freebsd

package badger

import (
	"math"
	"os"
)

// space does not know on this system: a commit is not refused before the device is full.
func space(string) (free, size int64, err error) { return math.MaxInt64, math.MaxInt64, nil }

// lockDir relies on nothing here: keep one process to a directory.
func lockDir(*os.File, bool) (ok bool, err error) { return true, nil }

// usedBytes does not know of holes on this system.
func usedBytes(fi os.FileInfo) int64 { return fi.Size() }
