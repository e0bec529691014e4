package badger

import (
	"os"
	"syscall"
)

// syncData brings what was written to a file of a fixed size to the disk.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
