//go:build unix

package audit_test

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stemma-kg/stemma/audit"
)

// While no more can be written, the file is tried again, and then has every row once. A limit on the size of files stands for a full device:
// it too lets a part of a write through.
func TestFull(t *testing.T) {
	s := aStore(t, 20)
	path := filepath.Join(t.TempDir(), audit.FileName)
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Skip("no limit on the size of files can be set here: ", err)
	}
	less := was
	less.Cur = 1000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &less); err != nil {
		t.Skip("no limit on the size of files can be set here: ", err)
	}
	f, j := keep(path, s)
	fi, err := os.Stat(path)
	if set := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); set != nil {
		t.Fatal(set)
	}
	if err != nil || fi.Size() != 1000 || f.OK() || f.Row() != 0 || strings.Count(j.String(), "ERROR") != 1 {
		t.Fatalf("%v, %v, row %d, %v: %s", fi.Size(), err, f.Row(), f.OK(), j)
	}
	until(t, "good again", j, f.OK)
	if !strings.Contains(j.String(), "up to date again") {
		t.Errorf("it does not say so: %s", j)
	}
	f.Close()
	holds(t, path, s)
}
