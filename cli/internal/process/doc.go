// Package process runs the command as a supervised child of itself, so that a panic has an exit code of its own and
// signals reach it once. The child notes which run is under way, for the parent to name it after a panic. What differs
// between Unix and other systems is here: groups and sessions of processes, and signals.
package process
