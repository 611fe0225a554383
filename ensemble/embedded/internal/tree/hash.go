package tree

import (
	"slices"
	"unicode/utf8"
)

// The orders of this file are those of java.util.HashSet: by bucket, and within
// a bucket by the time of insertion. The reference is OpenJDK 21.

// hash is Java's String.hashCode, of UTF-16 code units, spread as HashMap does.
func hash(s string) uint32 {
	h := uint32(javaHash(s))
	return h ^ h>>16
}

func javaHash(s string) int32 {
	var h int32
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			h = 31*h + int32(c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if r < 1<<16 {
			h = 31*h + r
			continue
		}
		r -= 1 << 16
		h = 31*(31*h+0xd800+r>>10) + 0xdc00 + r&0x3ff
	}
	return h
}

// smallTable is the size of a HashSet that was made without one.
const smallTable = 16

// tableFor is the number of buckets of a copy of a set of n elements.
func tableFor(n int) int {
	if n == 0 {
		return smallTable
	}
	size := 1
	for size < (4*n+2)/3 {
		size *= 2
	}
	return size
}

// grown is the number of buckets of a table of at least size that got n elements.
func grown(size, n int) int {
	for 4*n > 3*size {
		size *= 2
	}
	return size
}

// HashOrder sorts names, which are in the order of their insertion, in the order
// in which Java's server iterates over them: in a set that began as the copy of
// one of copied elements (0: as an empty set).
func HashOrder(names []string, copied int) {
	sortByBucket(names, grown(tableFor(copied), len(names)), hash)
}

// sortByBucket sorts as a table of so many buckets does.
func sortByBucket[T any](all []T, buckets int, hash func(T) uint32) {
	if len(all) < 2 {
		return
	}
	type entry struct {
		bucket uint32
		v      T
	}
	entries := make([]entry, len(all))
	for i, v := range all {
		entries[i] = entry{hash(v) & uint32(buckets-1), v}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return int(a.bucket) - int(b.bucket) })
	for i, e := range entries {
		all[i] = e.v
	}
}
