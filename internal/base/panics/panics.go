// Package panics says where code of a subject panicked.
package panics

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Place returns ", at" with the file and the line of the panic that is being recovered; "" if there is
// none. If a function of Go or of go-zookeeper panicked, the line is the one that called it, since the
// mistake is there: a nil value whose method was called. Call it in the deferred function that recovers.
func Place() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !slices.ContainsFunc(libraries, func(of string) bool { return strings.HasPrefix(f.Function, of) }):
			return fmt.Sprintf(", at %s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}

// libraries has prefixes of functions that panic for a mistake of their callers.
var libraries = []string{"runtime.", "sync.", "sync/", "internal/", "reflect.", "bytes.", "strings.", "github.com/go-zookeeper/zk."}
