package zones

import (
	"math/bits"
	"slices"
)

// A queue that returns its best item is decided by taking each item as early as possible, from the best to the worst,
// at a position at which certainly no better item is there. A worse item never hinders a better one, so the earliest
// choice is the right one. [Free] has the positions that are left, and [Cover] says why there is none.

// Free is a line of positions, some of which are taken. It stores them as bits, with a bit in the next level for each
// word that is not 0, so that it fits into the processor's cache.
type Free struct{ levels [][]uint64 }

// NewFree returns n positions, none of which is taken. The last one must stay free.
func NewFree(n int) *Free {
	f := &Free{}
	for {
		level := make([]uint64, (n+63)/64)
		for i := range n {
			level[i/64] |= 1 << (i % 64)
		}
		if f.levels = append(f.levels, level); len(level) == 1 {
			return f
		}
		n = len(level)
	}
}

// From returns the first free position from i on.
func (f *Free) From(i int32) int32 {
	for up, level := range f.levels {
		if at := int(i / 64); at < len(level) {
			if rest := level[at] >> (i % 64); rest != 0 {
				i += int32(bits.TrailingZeros64(rest))
				for _, level := range slices.Backward(f.levels[:up]) {
					i = 64*i + int32(bits.TrailingZeros64(level[i]))
				}
				return i
			}
		}
		i = i/64 + 1
	}
	panic("no position is free")
}

// Take takes the positions from one up to another, which is not taken.
func (f *Free) Take(from, to int32) {
	for i := f.From(from); i < to; i = f.From(i + 1) {
		at := i
		for _, level := range f.levels {
			level[at/64] &^= 1 << (at % 64)
			if level[at/64] != 0 {
				break
			}
			at /= 64
		}
	}
}

// Presence is the stretch in which an item certainly was there, without its two ends.
type Presence struct {
	From, To int32
	// Could is the first position at which its own dequeue can have taken it; Never if there is none.
	Could  int32
	Better int32 // how many of all presences belong to better items
}

// Cover chooses some of the first ahead presences, which together cover all positions between from and to, and appends
// their places to chosen. If one lasted longer than its own dequeue shows, Cover adds the better ones that held it up.
func Cover(there []Presence, ahead, from, to int32, chosen []int32) []int32 {
	for at := from; at <= to; {
		last := int32(none)
		for i := range there[:ahead] {
			if p := &there[i]; p.From < at && p.To > at && (last == none || p.To > there[last].To) {
				last = int32(i)
			}
		}
		if last == none {
			return chosen // nothing covers the rest
		}
		p := &there[last]
		if at = p.To; !slices.Contains(chosen, last) {
			chosen = Cover(there, p.Better, p.Could, min(p.To-1, to), append(chosen, last))
		}
	}
	return chosen
}
