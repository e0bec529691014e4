//go:build linux || darwin || freebsd

package main

import "syscall"

// freeBytes returns how much may still be written where a directory is.
func freeBytes(dir string) (int64, bool) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}
