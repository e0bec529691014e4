package badger

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/storage"
)

// Badger's tables are mapped into memory. When the device can't deliver a page, or a file was cut short under us, reading it is no error
// but a fault, which ends the process; and from a page that has changed Badger takes lengths and places on trust, and panics or asserts. So
// every call that reads defers guard, in which all of this becomes an error:
//
//	defer s.guard(&err, debug.SetPanicOnFault(true))

// guard turns what Badger panics with into an error, and restores what SetPanicOnFault was.
func (s *Store) guard(err *error, was bool) {
	debug.SetPanicOnFault(was)
	p := recover()
	if p == nil {
		return
	}
	if _, asserted := p.(assertion); !asserted && !fromBadger() {
		panic(p)
	}
	logger{s.log}.inside("read: %.500v", p)
	*err = fmt.Errorf("%w: a file of the store can't be read: its device fails, or it was changed; run `stemma check`, and restore a backup", storage.ErrCorrupt)
	s.fault(*err)
	s.unsound.Store(true)
}

// fault ends writing, and says why, once.
func (s *Store) fault(why error) {
	if s.faulted.CompareAndSwap(nil, &why) {
		s.log.Error("nothing is written any more: stop, and run `stemma check`", "dir", s.dir, "err", why)
	}
}

const (
	badgerPackages = "github.com/dgraph-io/"
	ourPackages    = "github.com/stemma-kg/"
)

// fromBadger tells, while a panic is recovered, whether it began in Badger's code or below it.
func fromBadger() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for panicking := false; ; {
		f, more := frames.Next()
		switch inRuntime := strings.HasPrefix(f.Function, "runtime."); {
		case inRuntime:
			panicking = true
		case panicking && strings.HasPrefix(f.Function, badgerPackages):
			return true
		case panicking && strings.HasPrefix(f.Function, ourPackages):
			return false
		}
		if !more {
			return false
		}
	}
}

// An assertion is a condition of Badger's that does not hold.
type assertion string

// Assertions returns a writer for the standard logger: Badger reports a condition that does not hold by log.Fatalf, and nothing can keep that
// from ending the process but the writer, which is called first. It passes everything else on to w. A program that serves a store installs it
// with log.SetOutput.
func Assertions(w io.Writer) io.Writer { return assertions{w} }

type assertions struct{ io.Writer }

func (a assertions) Write(text []byte) (int, error) {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, badgerPackages) {
			panic(assertion(text))
		}
		if !more {
			return a.Writer.Write(text)
		}
	}
}

// discard ends a transaction. After a fault one of its iterators may be left open, which Badger panics over.
func (s *Store) discard(txn *badgerdb.Txn) {
	defer func() {
		if p := recover(); p != nil && s.faulted.Load() == nil {
			panic(p)
		}
	}()
	txn.Discard()
}
