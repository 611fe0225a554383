package clients

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/recipes"
)

// electFlags describe the candidate.
type electFlags struct {
	holding
	id string
}

func newElect() *cobra.Command {
	var f electFlags
	cmd := &cobra.Command{
		Use:   electName + " PATH [-- PROGRAM ARGUMENT...]",
		Short: "Run a program while elected leader, or show the candidates",
		Long: "Elect joins the election at a znode, and runs a program once it is elected, so that the program runs on one\n" +
			"machine at a time. When the program ends, elect resigns and exits with its exit code, and the next candidate leads.\n" +
			"Environment, signals, loss of leadership and exit codes are as in zklab lock.\n" +
			"Without a program it prints the leader, and the waiting candidates in the order in which they will lead.",
		Example: "  zklab elect /elections/scheduler --servers zk1:2181,zk2:2181 -- scheduler\n" +
			"  zklab elect /elections/scheduler",
		RunE: func(cmd *cobra.Command, args []string) error {
			znode, command, err := pathAndCommand(cmd, args, "/elections/scheduler")
			if err == nil {
				err = f.validate(command)
			}
			if err != nil {
				return usage.Errorf("%s", err)
			}
			return f.run(cmd, znode, command, f.held)
		},
	}
	cmd.Flags().StringVar(&f.id, "id", "", "name of the candidate (default: host and process)")
	f.addTo(cmd)
	return cmd
}

func (f *electFlags) held(s *recipes.Client, path string) held {
	host, _ := os.Hostname()
	e := recipes.NewElection(s, path, cmp.Or(f.id, fmt.Sprintf("%s-%d", host, os.Getpid())))
	return held{
		what: "leadership", recipe: "election", instead: "give another path for the election",
		take: e.Campaign, release: e.Resign, lost: e.Lost, token: e.Fence,
	}
}
