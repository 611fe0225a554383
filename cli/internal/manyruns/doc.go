// Package manyruns has the commands that make many runs of an experiment: sweep, explore and merge, with the hidden
// commands of their workers. It reads the experiment by package experiments. run --repeat is also a sweep.
package manyruns
