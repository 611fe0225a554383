// Command zkServer takes the place of ZooKeeper's bin/zkServer.sh in the test
// suites of clients; see package zkserver. It may not do anything but call it.
package main

import (
	"fmt"
	"os"

	"github.com/zklab/zklab/internal/testkit/zkserver"
)

func main() {
	if err := zkserver.Main(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
