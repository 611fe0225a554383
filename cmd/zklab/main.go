// Command zklab runs ZooKeeper recipes under faults and decides whether they kept
// their promises; see package [github.com/zklab/zklab/cli].
package main

import "github.com/zklab/zklab/cli"

func main() {
	cli.Main()
}
