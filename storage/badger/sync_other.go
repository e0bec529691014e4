//go:build !linux

package badger

import "os"

// syncData brings what was written to a file of a fixed size to the disk.
func syncData(f *os.File) error { return f.Sync() }
