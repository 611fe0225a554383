// Package shrink makes a run in which a property was violated smaller, as long as the same
// cause violates it.
//
// [Shrink] chooses the experiments, in the form of experiment.yaml, and lets a [Runner] run them. It first leaves out
// what came after the violation. Then it leaves out, in turn, until nothing more can be left out: steps of the
// schedule (delta debugging: large parts first, then single ones; Zeller and Hildebrandt, "Simplifying and isolating
// failure-inducing input", 2002), clients, arrivals of the load, keys, servers, time, and uneven latencies. Leaving a
// part out changes as little else as possible: each step of a schedule has a seed of its own, and arrivals that are
// left out are still drawn. In the end, Shrink runs the experiment once more without each of the remaining steps,
// which shows which steps mattered.
//
// [Runs] is Shrink with a Runner that performs experiments. It returns the [Smallest] run, which can be kept
// with its report and a Go test.
package shrink
