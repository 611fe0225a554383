// Package javahash reproduces the order in which Java's hash tables are iterated, where clients can see
// it: by bucket, and within a bucket by the time of insertion. It holds no tables, and does not know
// what they contain. The reference is OpenJDK 21.
package javahash

import (
	"slices"
	"unicode/utf8"
)

// String returns the hash of a string in a table.
func String(s string) uint32 { return Spread(Code(s)) }

// Long returns the hash of a Long in a table.
func Long(n int64) uint32 { return Spread(int32(n ^ n>>32)) }

// Spread turns a hash code into the one that a table uses.
func Spread(code int32) uint32 {
	h := uint32(code)
	return h ^ h>>16
}

// Code returns what Java's String.hashCode returns, which hashes UTF-16 code units.
func Code(s string) int32 {
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

// Default is the number of buckets of a table that was made without one.
const Default = 16

// Copied returns the number of buckets of a copy of a table of n elements.
func Copied(n int) int {
	if n == 0 {
		return Default
	}
	size := 1
	for size < (4*n+2)/3 {
		size *= 2
	}
	return size
}

// Grown returns the number of buckets of a table of at least size that got n elements.
func Grown(size, n int) int {
	for 4*n > 3*size {
		size *= 2
	}
	return size
}

// Order sorts names, which are in the order of their insertion, in the order
// in which Java's server iterates over them: in a set that began as the copy of
// one of copied elements (0: as an empty set).
func Order(names []string, copied int) {
	Sort(names, Grown(Copied(copied), len(names)), String)
}

// Sort sorts elements in the order of a hash table with the given number of buckets.
func Sort[T any](all []T, buckets int, hash func(T) uint32) {
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
