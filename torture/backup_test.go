package torture

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// wholeBackup is a backup of the store that was closed cleanly.
var wholeBackup = struct {
	once sync.Once
	path string
}{}

func backupOf(t *trial, sp *specimen) []byte {
	t.Helper()
	wholeBackup.once.Do(func() {
		path := filepath.Join(scratch, "backup")
		if r := command(t, "backup", "--data", sp.data, path); r.status == 0 {
			wholeBackup.path = path
		}
	})
	b, err := os.ReadFile(wholeBackup.path)
	t.must(err)
	return b
}

// Damaged backups are refused, and leave no directory.
func TestDamagedBackup(t *testing.T) {
	trials(t, "damaged backup", 4, 200, func(t *trial) {
		whole := backupOf(t, closedStore(t))
		// Seeds that follow each other go through all regions, and the first and the last bytes get more than their share.
		at := int(t.seed%20)*len(whole)/20 + t.random.IntN(len(whole)/20)
		switch t.random.IntN(4) {
		case 0:
			at = t.random.IntN(200)
		case 1:
			at = len(whole) - 1 - t.random.IntN(200)
		}
		n := min(1+t.random.IntN(5000), len(whole)-at)
		damaged := bytes.Clone(whole)
		what := ""
		switch t.random.IntN(8) {
		case 0, 1:
			damaged[at] ^= byte(1 + t.random.IntN(255))
			what = fmt.Sprintf("byte %d of %d flipped", at, len(whole))
		case 2:
			damaged = damaged[:at]
			what = fmt.Sprintf("cut to %d of %d bytes", at, len(whole))
		case 3:
			damaged = append(damaged, noise(n)...)
			what = fmt.Sprintf("%d bytes added", n)
		case 4:
			damaged = append(damaged, whole[at:]...)
			what = fmt.Sprintf("its end from %d added again", at)
		case 5:
			copy(damaged[at:at+n], make([]byte, n))
			what = fmt.Sprintf("%d bytes zeroed at %d of %d", n, at, len(whole))
		case 6:
			damaged = append(damaged[:at], whole[at+n:]...)
			what = fmt.Sprintf("%d bytes taken out at %d of %d", n, at, len(whole))
		case 7:
			damaged = append(append(bytes.Clone(whole[:at+n]), whole[at:at+n]...), whole[at+n:]...)
			what = fmt.Sprintf("%d bytes twice at %d of %d", n, at, len(whole))
		}
		if bytes.Equal(damaged, whole) {
			t.outcome = "unchanged by the damage"
			return
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "bad.backup")
		t.must(os.WriteFile(file, damaged, 0o600))
		r := command(t, "restore", file, filepath.Join(dir, "new"))
		switch {
		case r.status == 0:
			t.fails("%s: it was restored", what)
		case r.status != 2 || died(r.stderr) || !strings.Contains(r.stderr, "bad.backup") || len(r.stderr) > 1500:
			t.fails("%s: status %d: %s", what, r.status, panicIn(r.stderr))
		}
		nothingNew(t, dir, "bad.backup")
		t.outcome = "refused"
	})
}

// A whole one brings everything back.
func TestWholeBackup(t *testing.T) {
	trials(t, "whole backup", 1, 1, func(t *trial) {
		sp := closedStore(t)
		backupOf(t, sp)
		data := filepath.Join(t.TempDir(), "data")
		if r := command(t, "restore", wholeBackup.path, data); r.status != 0 {
			t.stop("status %d: %s", r.status, r.stderr)
		}
		s := start(t, "--data", data)
		sp.was.compare(t, s)
		s.stop(t)
		checked(t, data)
	})
}
