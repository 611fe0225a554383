// Package calls is the base of every recipe: a [Recipe] runs the calls of its users, tries an
// operation again until its outcome is known, and removes in the background what a call may have
// left behind. [Markers] settle writes whose reply was lost, if the tree itself does not show the
// outcome. A [Follower] returns states one after the other.
//
// The package does not know which recipes there are, what their znodes mean, or which contender
// waits for which.
package calls
