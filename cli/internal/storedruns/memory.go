package storedruns

import (
	"os"
	"runtime/debug"

	"github.com/zklab/zklab/store"
)

// collectOften makes the garbage collector begin when memory has grown by a seventh, and not only when it has
// doubled. Most of what a check or a report needs is the record itself, which stays: a large one would take
// twice its size. It costs a third more processor time. The environment variable GOGC goes first.
func collectOften() {
	const growth = 15 // per cent
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}

// collectSeldom lets memory grow by a third if the record of a run is packed: it is small, and little of the
// memory stays. It reads the record. An error comes again where the record is used.
func collectSeldom(run *store.Run) {
	const growth = 30 // per cent
	if h, err := run.ReadPacked(store.Large); err == nil && h.Packed() && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}
