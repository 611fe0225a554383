package choices

import (
	"runtime"
	"slices"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
)

// LargeIsClear requires reused large memory to be zero, even in a process with the overlay, which does
// not clear it itself.
func LargeIsClear(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			for _, size := range []int{1 << 19, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3 << 19, 5<<20 + 8191} {
				buffer := make([]byte, size)
				if at := slices.IndexFunc(buffer, func(b byte) bool { return b != 0 }); at >= 0 {
					t.Fatalf("byte %d of %d is %#x", at, size, buffer[at])
				}
				for i := range buffer {
					buffer[i] = 0xff
				}
			}
			runtime.GC()
		}
	})
}
