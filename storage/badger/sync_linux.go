package badger

import (
	"errors"
	"os"
	"syscall"
)

// syncData brings what was written to a file of a fixed size to the disk.
func syncData(f *os.File) error {
	return retried(func() error { return syscall.Fdatasync(int(f.Fd())) })
}

// allocate gives a file blocks for its first size bytes, where the file system can.
func allocate(f *os.File, size int64) error {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE
	err := retried(func() error { return syscall.Fallocate(int(f.Fd()), keepSize, 0, size) })
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return nil
	}
	return err
}

func retried(fn func() error) error {
	for {
		if err := fn(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// networkTypes are the file systems, by what statfs says, whose other machines may have the same files open: their locks and mapped files
// are not those of one machine.
var networkTypes = map[int64]string{
	0x6969: "NFS", 0x517b: "SMB", 0xff534d42: "CIFS", 0xfe534d42: "SMB", 0x5346414f: "AFS", 0x6b414653: "AFS", 0x73757245: "Coda",
	0x00c36400: "Ceph", 0x0bd00bd0: "Lustre", 0x47504653: "GPFS", 0x7461636f: "OCFS2",
}

// fileSystem returns the type of the file system of a directory.
func fileSystem(dir string) (int64, error) {
	var st syscall.Statfs_t
	err := retried(func() error { return syscall.Statfs(dir, &st) })
	return int64(st.Type) & 0xffffffff, err // the type is signed on some machines
}
