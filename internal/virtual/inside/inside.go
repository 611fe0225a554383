// Package inside tells code in a bubble of testing/synctest from other code. It imports nothing but
// the standard library, and not package testing, so that programs can use it.
package inside

import (
	"bytes"
	"runtime"
)

// Bubble reports whether the caller runs in a bubble, whichever package opened it.
func Bubble() bool {
	text := make([]byte, 256)
	text = text[:runtime.Stack(text, false)]
	state, _, _ := bytes.Cut(text, []byte("]:\n")) // goroutine 36 [running, synctest bubble 3]:
	return bytes.Contains(state, []byte("synctest bubble "))
}
