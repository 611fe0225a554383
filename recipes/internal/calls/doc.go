// Package calls is what every recipe is built on: a [Recipe] runs the calls of its users, tries an
// operation again until its outcome is known, and removes in the background what a call may have
// left behind. [Markers] settle writes whose reply was lost, where the tree itself does not show
// what became of them; a [Follower] tells of states one after the other.
//
// It does not know which recipes there are, what their znodes mean, or who waits for whom.
package calls
