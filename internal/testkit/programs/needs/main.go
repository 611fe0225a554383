// Command needs prints which of the programs that `make test-real` needs are there, and how to
// install the others. Tests that need a missing one are skipped.
package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/zklab/zklab/internal/testkit/programs"
)

func main() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, p := range programs.All() {
		if err := p.Look(); err != nil {
			fmt.Fprintf(w, "%s\tMISSING\t%s is not tested: %v. Install it: %s\n", p.Name, p.For, err, p.Install)
			continue
		}
		fmt.Fprintf(w, "%s\tfound\t%s\n", p.Name, p.For)
	}
	w.Flush()
}
