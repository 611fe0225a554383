package cli

import (
	"os"
	"runtime/debug"
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
