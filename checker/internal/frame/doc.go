// Package frame has the types that each object's checks are declared with: what a
// property and its referee are ([Property], [Referee]), and what they find
// ([Finding]). It runs nothing, which is package checker's, and knows no object.
package frame
