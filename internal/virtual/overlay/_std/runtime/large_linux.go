package runtime

import "unsafe"

// returnable is the size in bytes from which on memory is returned to the system: from this size on,
// the call costs less than clearing the memory.
const returnable = 1 << 20

// clearLarge makes n bytes at x zero: in a seeded bubble those on whole pages by returning
// these to the system, which gives zeroes in their place.
func clearLarge(n uintptr, x unsafe.Pointer) {
	if n < returnable || seededBubbles.Load() == 0 {
		memclrNoHeapPointersChunked(n, x)
		return
	}
	from := alignUp(uintptr(x), physPageSize)
	to := alignDown(uintptr(x)+n, physPageSize)
	memclrNoHeapPointers(x, from-uintptr(x))
	if madvise(unsafe.Pointer(from), to-from, _MADV_DONTNEED) != 0 {
		memclrNoHeapPointersChunked(to-from, unsafe.Pointer(from))
	}
	memclrNoHeapPointers(unsafe.Pointer(to), uintptr(x)+n-to)
}
