// Package allocs lets tests bound the memory that something allocates. Only tests may import it.
package allocs

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

// slack covers the buffers that any reading needs.
const slack = 8 << 20

// Within fails the test if f allocates more than some bytes for each byte of its input, beyond a few
// megabytes. Memory that f frees again also counts, and so does memory that other goroutines allocate
// at the same time.
func Within(t testing.TB, input, each int, f func()) {
	t.Helper()
	if got, most := Of(f), uint64(input)*uint64(each)+slack; got > most {
		t.Errorf("%d bytes of input took %d bytes of memory, more than %d", input, got, most)
	}
}

// Of returns roughly how many bytes f allocates; see Within.
func Of(f func()) uint64 {
	before := total()
	f()
	return total() - before
}

// Kept returns roughly how many more bytes are in use after f than before: the memory of what f made and the
// caller keeps.
func Kept(f func()) uint64 {
	before := inUse()
	f()
	return inUse() - before
}

// inUse returns how many bytes are in use.
func inUse() uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// total returns how many bytes this process has ever allocated. It does not use package runtime/metrics, which
// counts a processor's small objects late: its figures for the same work differed by a fifth.
func total() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
