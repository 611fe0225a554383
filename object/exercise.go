package object

import (
	"github.com/zklab/zklab/checker/declared"
)

// Need is something that must have happened often enough for a valid verdict to mean something. Its
// fields are What (what it counts, in the plural), Operation (the operation whose calls it counts; ""
// if it is not a single one), Least (how often it must have happened on all objects together) and Count
// (a func(*Key) int: how often it happened on one).
type Need = declared.Need

// Answered needs calls of an operation that were answered while a fault was in force.
func Answered[S, A, R any](o *Op[S, A, R], least int) Need {
	if o == nil {
		return Need{What: "calls answered during a fault"}
	}
	return Need{What: "calls of " + o.name + " answered during a fault", Operation: o.name, Least: least, Count: func(k *Key) (n int) {
		for c := range k.Of(o.name) {
			if c.Outcome == declared.Answered && c.InFault {
				n++
			}
		}
		return n
	}}
}

// Got needs answers of an operation that f accepts. what names them: "grants".
func Got[S, A, R any](o *Op[S, A, R], least int, what string, f func(answer R) bool) Need {
	if o == nil || f == nil {
		return Need{What: what}
	}
	return Need{What: what, Operation: o.name, Least: least, Count: func(k *Key) (n int) {
		for _, v := range Of(k, o) {
			if f(v.Got) {
				n++
			}
		}
		return n
	}}
}

// Overlapping needs calls that began while a call of another client was under way.
func Overlapping(least int) Need {
	return Need{What: "calls during a call of another client", Least: least, Count: func(k *Key) (n int) {
		for i, c := range k.Calls {
			for _, other := range k.Calls[max(0, i-mostOverlaps):i] {
				if other.Client != c.Client && other.Ended > c.Began {
					n++
					break
				}
			}
		}
		return n
	}}
}

// mostOverlaps limits how many calls before another one are looked at.
const mostOverlaps = 100

// usualNeeds returns the needs of an object that declares none.
func usualNeeds(all []*operation) (needs []Need) {
	const overlaps = 10
	for _, o := range all {
		switch {
		case o.load.Final:
			needs = append(needs, Need{What: "answers of " + o.name + " after the load", Operation: o.name, Least: 1, Count: func(k *Key) (n int) {
				for c := range k.Of(o.name) {
					if c.Outcome == declared.Answered && c.Began >= k.Quiesced() {
						n++
					}
				}
				return n
			}})
		case o.load.Weight > 0:
			needs = append(needs, Need{What: "answers of " + o.name, Operation: o.name, Least: 1, Count: func(k *Key) (n int) {
				for c := range k.Of(o.name) {
					if c.Outcome != declared.Unheard {
						n++
					}
				}
				return n
			}})
		}
	}
	return append(needs, Overlapping(overlaps))
}
