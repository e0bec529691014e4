package badger

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stemma-kg/stemma/storage"
)

// The log that commits go to has its blocks before anything is written to it: a page without one ends the process when the device is full.
func TestLogsHaveTheirBlocks(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	defer closed(t, s)
	for i := range 3 {
		update(t, s, graph(2+i, 2000)) // more than one log holds
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	for _, path := range logs {
		var st syscall.Stat_t
		if err := syscall.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		if st.Blocks*512 < st.Size {
			t.Errorf("%s has %d bytes and blocks for %d", path, st.Size, st.Blocks*512)
		}
	}
}

// A store says in advance that it can't be written to, and opens for nothing when there is no room even for that.
func TestReserve(t *testing.T) {
	dir := t.TempDir()
	o := tiny
	o.MinFreeBytes = 0
	s := openAt(t, dir, o)
	if err := s.Writable(); err != nil {
		t.Skipf("the device of the test has no room: %v", err)
	}
	for device, want := range map[int64]int64{0: 64 << 20, 100 << 20: 64 << 20, 2 << 30: 2 << 30 / 20, 1 << 40: 512 << 20} {
		if got := s.reserve(device); got != want {
			t.Errorf("a device of %d MiB: a reserve of %d, want %d", device>>20, got>>20, want>>20)
		}
	}
	s.options.MinFreeBytes = 1 << 60
	wantError(t, s.Writable(), storage.ErrFull, dir)
	s.options.MinFreeBytes = 0
	closed(t, s)
	o.ReadOnly = true
	s = openAt(t, dir, o)
	defer closed(t, s)
	wantError(t, s.Writable(), storage.ErrReadOnly)
}

func TestNetworkFileSystems(t *testing.T) {
	dir := t.TempDir()
	kind, err := fileSystem(dir)
	if err != nil {
		t.Fatal(err)
	}
	was := networkTypes
	defer func() { networkTypes = was }()
	networkTypes = map[int64]string{kind: "a shared disk"} // as if the test's directory were on one
	_, err = Open(dir, tiny)
	wantError(t, err, storage.ErrNetwork, dir, "a shared disk")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v were made, %v", left, err)
	}
}
