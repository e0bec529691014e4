package memory_test

import (
	"testing"
	"time"

	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/memory"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

func TestLaw(t *testing.T) {
	storagetest.Run(t, storagetest.Engine{
		Open: func(testing.TB, string) storage.Store { return memory.Open() },
		OpenAt: func(_ testing.TB, _ string, now func() time.Time) storage.Store {
			return memory.Open(memory.WithClock(now))
		},
		Volatile: true,
	})
}
