// Command zklab runs ZooKeeper recipes under faults and says whether they kept
// their promises. It may not hold logic of a run: it parses arguments, prints, and
// chooses exit codes.
package main

import "os"

func main() {
	os.Exit(supervised(run))
}

// run is the command in one process, with Go's own arguments and streams.
func run() int {
	ignoreBrokenPipes()
	return execute(os.Args[1:], os.Stdout, os.Stderr)
}
