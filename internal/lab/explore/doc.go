// Package explore tries faults at every message of a small scenario: first each single
// one, then pairs, the most different first, for as long as there is time.
//
// [Explore] chooses the faults and lets a [Runner] run the scenario, which says which promises were
// broken. The scenario is run once without a fault; the messages that pass are its points. Each
// fault that can be injected at a point is a single. A pair is two singles, or a single
// with one at a point that exists only after the first: the steps by which a recipe recovers
// from one fault are where the next one hurts.
//
// [Experiment] is Explore with runners that perform an experiment.
package explore
