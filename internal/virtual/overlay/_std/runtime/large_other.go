//go:build !linux

package runtime

import "unsafe"

// clearLarge makes n bytes at x zero.
func clearLarge(n uintptr, x unsafe.Pointer) { memclrNoHeapPointersChunked(n, x) }
