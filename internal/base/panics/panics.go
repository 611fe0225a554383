// Package panics says where code of a subject panicked.
package panics

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Place returns ", at" with the file and the line of the panic that is being recovered; "" if there is
// none. Call it in the deferred function that recovers.
func Place() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf(", at %s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
