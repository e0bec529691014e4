package badger_test

import (
	"testing"
	"time"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/badger"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// small keeps the tests' stores small and lets them write to any device.
func small(now func() time.Time) badger.Options {
	return badger.Options{Now: now, MemTableBytes: 8 << 20, NodeCacheBytes: 1 << 20, MinFreeBytes: -1}
}

func TestLaw(t *testing.T) {
	open := func(t testing.TB, dir string, now func() time.Time) storage.Store {
		t.Helper()
		if dir == "" {
			dir = t.TempDir()
		}
		s, err := badger.Open(dir, small(now))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	storagetest.Run(t, storagetest.Engine{
		Open:   func(t testing.TB, dir string) storage.Store { return open(t, dir, nil) },
		OpenAt: open,
	})
}
