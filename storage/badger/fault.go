package badger

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/stemma-kg/stemma/storage"
)

// Badger's tables are mapped into memory. When the device can't deliver a page, or a file was cut short under us, reading it is no error
// but a fault, which ends the process. So every call that reads defers this, in which the fault becomes an error:
//
//	defer guardMemory(&err, debug.SetPanicOnFault(true))
func guardMemory(err *error, was bool) {
	debug.SetPanicOnFault(was)
	switch p := recover().(type) {
	case nil:
	case interface {
		runtime.Error
		Addr() uintptr // of what can't be read
	}:
		*err = fmt.Errorf("%w: a file of the store can't be read: its device fails, or it was cut short; run `stemma check`, and restore a backup", storage.ErrCorrupt)
	default:
		panic(p)
	}
}
