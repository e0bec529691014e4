package torture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A device is a small file system of its own.
type device struct {
	kind  string // tmpfs or ext4
	dir   string // where it is mounted
	image string // of ext4
}

// needsDevices skips the trials of a kind where file systems can't be mounted.
func needsDevices(t *testing.T, kind, fs string) {
	t.Helper()
	if os.Geteuid() != 0 {
		skips(t, kind, "mounting a file system needs root")
	}
	if fs == "ext4" {
		for _, tool := range []string{"mkfs.ext4", "losetup"} {
			if _, err := exec.LookPath(tool); err != nil {
				skips(t, kind, tool+" is missing")
			}
		}
		if out, err := exec.Command("losetup", "--find").CombinedOutput(); err != nil {
			skips(t, kind, "no loop device is free: "+strings.TrimSpace(string(out)))
		}
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		skips(t, kind, "mounting is not allowed here: "+strings.TrimSpace(string(out)))
	}
	if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
		t.Fatalf("umount: %s", out)
	}
}

// newDevice makes and mounts a file system. It is gone when the trial ends.
func newDevice(t *trial, kind string, mib int) *device {
	t.Helper()
	base := t.TempDir()
	d := &device{kind: kind, dir: filepath.Join(base, "mounted"), image: filepath.Join(base, "image")}
	t.must(os.Mkdir(d.dir, 0o755))
	if kind == "tmpfs" {
		sh(t, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", mib), "tmpfs", d.dir)
		t.Cleanup(func() { _ = exec.Command("umount", "--lazy", d.dir).Run() })
		return d
	}
	sh(t, "truncate", "--size", fmt.Sprintf("%dM", mib), d.image)
	sh(t, "mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", d.image)
	d.mount(t)
	t.Cleanup(func() { _ = exec.Command("umount", "--lazy", d.dir).Run() }) // it may be gone
	return d
}

func (d *device) mount(t *trial) { t.Helper(); sh(t, "mount", "-o", "loop", d.image, d.dir) }

// unmount also waits until the loop device is gone: mounted again before that, the image would be the file system that was cut.
func (d *device) unmount(t *trial) {
	t.Helper()
	sh(t, "umount", d.dir)
	if !within(time.Minute, func() bool {
		out, err := exec.Command("losetup", "--associated", d.image).Output()
		return err == nil && len(out) == 0
	}) {
		t.stop("the loop device of %s stays", d.image)
	}
}

func sh(t *trial, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.stop("%s %v: %v: %s", name, args, err, out)
	}
}

// sync has everything on disk that was written so far: what is lost later must be the program's.
func (d *device) sync(t *trial) { t.Helper(); sh(t, "sync", "--file-system", d.dir) }

// free returns how many bytes are free.
func (d *device) free(t *trial) int64 {
	t.Helper()
	var st syscall.Statfs_t
	t.must(syscall.Statfs(d.dir, &st))
	return int64(st.Bavail) * st.Bsize
}

// fill writes another file until the device has no byte free. It returns what makes room again.
func (d *device) fill(t *trial, name string) (empty func()) {
	t.Helper()
	path := filepath.Join(d.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	t.must(err)
	defer f.Close()
	for b := make([]byte, 1<<20); len(b) > 0; {
		n, err := f.Write(b)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			if n == 0 {
				b = b[:len(b)/2]
			}
		case err != nil:
			t.stop("fill %s: %v", d.dir, err)
		}
	}
	return func() { _ = os.Remove(path) }
}

// ballast takes so many bytes of the device.
func (d *device) ballast(t *trial, name string, size int64) {
	t.Helper()
	f, err := os.Create(filepath.Join(d.dir, name))
	t.must(err)
	_, err = io.CopyN(f, zeros{}, size)
	t.must(errors.Join(err, f.Close()))
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
