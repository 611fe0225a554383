package manyruns

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/lab/workers"
)

// jobs is how many runs go on at once; 0: nobody said how many.
type jobs int

// mostJobs bounds the processes that a command starts.
const mostJobs = 1024

func (j *jobs) addTo(flags *pflag.FlagSet) {
	flags.IntVar((*int)(j), "jobs", 0, "number of runs at a time, each in its own process if there are several (default: the number of processors, or 1 in real time)")
}

func (j jobs) validate(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("jobs") && j < 1:
		return usage.Errorf("--jobs must be more than zero")
	case j > mostJobs:
		return usage.Errorf("--jobs must be %d or fewer", mostJobs)
	}
	return nil
}

// of is the number for runs that are simulated or not, of which there are so many.
func (j jobs) of(simulated bool, runs int64) int {
	switch {
	case j > 0:
		return int(j)
	case !simulated: // each would disturb the others
		return 1
	}
	return int(max(1, min(int64(runtime.GOMAXPROCS(0)), runs)))
}

// endlessRuns is a number of runs that nobody knows yet.
const endlessRuns = math.MaxInt64

// workersOf says how workers are started, which are this program with a hidden command.
func workersOf(command string, args []string) (workers.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return workers.Config{}, fmt.Errorf("cannot find this program's file, to run it as a job: %w", err)
	}
	return workers.Config{Command: slices.Concat([]string{self, command}, args), Stderr: os.Stderr}, nil
}

// workersArguments are the recipe and the flags of a command that its workers take, too, but for
// some of them.
func workersArguments(cmd *cobra.Command, recipe string, worker *cobra.Command, without ...string) []string {
	args := []string{recipe}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if worker.Flags().Lookup(flag.Name) != nil && !slices.Contains(without, flag.Name) {
			args = append(args, usage.ArgumentOf(flag))
		}
	})
	return args
}

// serveTasks does what a worker's tasks ask for, until its input ends.
func serveTasks[T, A any](cmd *cobra.Command, do func(context.Context, T) (A, error)) error {
	input, err := process.PolledInput()
	if err != nil {
		return err
	}
	const patience = 20 * time.Second // to stop containers
	return workers.Serve(context.Background(), input, terminal.Exact(cmd.OutOrStdout()), do, patience, func() { os.Exit(usage.ExitFailed) })
}

// startWorkers starts a worker for each job. It returns their runners, and a function that closes them all.
func startWorkers[W interface{ Close() }, R any](jobs int, cfg workers.Config, start func(workers.Config) W, runner func(W) R) (runners []R, closeAll func()) {
	var started []W
	for range jobs {
		w := start(cfg)
		started = append(started, w)
		runners = append(runners, runner(w))
	}
	return runners, func() {
		for _, w := range started {
			w.Close()
		}
	}
}
