//go:build linux || darwin || freebsd

package badger

import (
	"errors"
	"os"
	"syscall"
)

// space returns how much an ordinary user may still write to the device of a directory, and its size, in bytes.
func space(dir string) (free, size int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}

// lockDir takes the lock on an open directory that Badger itself would take, so that Badger's own tools respect it; ok is false
// when another process has it.
func lockDir(dir *os.File, shared bool) (ok bool, err error) {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	err = syscall.Flock(int(dir.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// usedBytes returns what a file takes on its device: Badger's logs are mostly holes.
func usedBytes(fi os.FileInfo) int64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return fi.Size()
}
