package bench

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stemma-kg/stemma/bench/internal/synth"
	"github.com/stemma-kg/stemma/storage/badger"
)

// BenchmarkBackup writes a store to a file, proves the file, and restores it: MB/s of the backup. With -short it is the small graph, else one of 200,000 nodes.
func BenchmarkBackup(b *testing.B) {
	size := synth.M
	if testing.Short() {
		size = synth.S
	}
	s, err := badger.Open(filled(b, size), badger.Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	file := filepath.Join(b.TempDir(), "backup")
	write := func() {
		f, err := os.Create(file)
		if err != nil {
			b.Fatal(err)
		}
		if _, err = s.Backup(b.Context(), f, 0); err == nil {
			err = f.Sync()
		}
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	write()
	fi, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(size.Name+"/write", func(b *testing.B) {
		b.SetBytes(fi.Size())
		for b.Loop() {
			write()
		}
	})
	b.Run(size.Name+"/verify", func(b *testing.B) {
		b.SetBytes(fi.Size())
		for b.Loop() {
			if _, err := badger.VerifyBackup(b.Context(), []string{file}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, check := range []badger.CheckMode{badger.CheckNever, badger.CheckAlways} {
		name := map[badger.CheckMode]string{badger.CheckNever: "restore", badger.CheckAlways: "restore-and-check"}[check]
		b.Run(size.Name+"/"+name, func(b *testing.B) {
			b.SetBytes(fi.Size())
			for b.Loop() {
				if _, err := badger.Restore(b.Context(), []string{file}, filepath.Join(b.TempDir(), "restored"), badger.RestoreOptions{Check: check}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
