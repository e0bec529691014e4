//go:build unix

package main

import "syscall"

// ownFiles makes every file that this process makes its user's alone.
func ownFiles() { syscall.Umask(0o077) }

// maxDescriptors returns how many files and connections this process may have open.
func maxDescriptors() (uint64, bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return uint64(r.Cur), true
}
