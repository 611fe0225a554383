package storedruns

import (
	"os"
	"runtime/debug"

	"github.com/zklab/zklab/store"
)

// collectOften makes the garbage collector begin when memory has grown by a seventh, and not only when it has
// doubled. Most memory of a check or a report is the record itself, which stays: by default, a large record
// would take twice its size. This costs a third more processor time. The environment variable GOGC takes
// precedence.
func collectOften() {
	const growth = 15 // per cent
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}

// collectSeldom lets memory grow by a third before a collection if the record of a run is packed, since a
// packed record is small, so that most memory can be freed. It reads the record, and ignores errors: they
// occur again when the record is used.
func collectSeldom(run *store.Run) {
	const growth = 30 // per cent
	if h, err := run.ReadPacked(store.Large); err == nil && h.Packed() && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}
