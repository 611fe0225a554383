// Package explore tries faults at every message of a small scenario: first each single
// one, then pairs, the most different first, for as long as there is time. It decides
// nothing and runs nothing itself: a [Runner] does, and says which promises were broken.
//
// The scenario is run once without a fault; the messages that pass are its points. Each
// fault that can be injected at a point is a single. A pair is two singles, or a single
// with one at a point that was not there without it: what a recipe does about a fault is
// where the next one hurts. See [Explore].
package explore
