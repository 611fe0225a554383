// Package cli is the command zklab. It may not hold logic of a run: it parses arguments, prints, and
// chooses exit codes.
package cli

import "os"

// Main runs the command line of the process (os.Args) and ends the process with its exit code: 0 valid,
// 1 violated, 2 unknown, 64 wrong usage, and others for what could not be run. It runs the program once
// more as a child, with the same arguments, so a main function calls it first and nothing besides.
func Main() {
	os.Exit(supervised(run))
}

// run is the command in one process, with Go's own arguments and streams.
func run() int {
	ignoreBrokenPipes()
	return execute(os.Args[1:], os.Stdout, os.Stderr)
}
