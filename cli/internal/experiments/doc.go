// Package experiments has the commands that run one experiment or prepare one: run, init, conform, worker and
// overlay. It reads an experiment from flags and files, and turns it into one that package experiment of the
// laboratory can run; sweeps, explorations and replays also use it for that. It knows no command of another package.
package experiments
