package badger

import (
	"errors"
	"os"
	"path/filepath"
)

// failpoint, when a test has set it, is asked before each step that changes what is on disk, in this package's own files and around Badger's. An
// error of it stands for one of the step; a copy of the directory that it makes is what a crash would have left there.
var failpoint func(step, path string) error

// step asks the failpoint.
func step(name, path string) error {
	if failpoint == nil {
		return nil
	}
	return failpoint(name, path)
}

// writeSynced writes a file, and returns when it is on disk.
func writeSynced(path string, b []byte) error {
	if err := step("write", path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = step("sync", path)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// rename gives a file, or a directory, another name in the same directory, and returns when that is on disk.
func rename(from, to string) error {
	if err := step("rename", to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// replaceFile writes a file in one step: it is there as it was, or as it shall be.
func replaceFile(path string, b []byte) error {
	if err := writeSynced(path+".new", b); err != nil {
		return err
	}
	return rename(path+".new", path)
}

func syncDir(dir string) error {
	if err := step("sync directory", dir); err != nil {
		return err
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func removeAll(path string) error {
	if err := step("remove", path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}
