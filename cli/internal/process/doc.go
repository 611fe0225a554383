// Package process runs the command as a supervised child of itself, so that a panic has an exit code of its own and
// signals reach it once. The child records which run is under way, so that the parent can name it after a panic. The
// package also contains everything that differs between Unix and other systems: process groups, sessions, and
// signals.
package process
