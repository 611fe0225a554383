// Package shrink makes a run in which a property was violated smaller, as long as it is
// violated by the same cause. It knows an experiment as experiment.yaml has it, and nothing
// of how one is run: that is the [Runner]'s.
//
// [Shrink] takes away in turn, until nothing more can be taken away: steps of the schedule
// (delta debugging: large parts first, then single ones; Zeller and Hildebrandt,
// "Simplifying and isolating failure-inducing input", 2002), clients, arrivals of
// the load, keys, servers, time, and how uneven latencies are. What is left out moves
// nothing else, as far as it can: a step that is given is drawn from its own seed, and an arrival
// that is left out is drawn all the same. In the end each step that is left is left out
// once more, which says what mattered.
package shrink
