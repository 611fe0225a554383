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

// jobs is the number of concurrent runs; 0 means that the user did not set it.
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

// of returns the number of jobs: the given one, or else a default. Runs in real time would disturb
// each other, so their default is 1; that of simulations is the number of processors, or of runs if
// there are fewer.
func (j jobs) of(simulated bool, runs int64) int {
	switch {
	case j > 0:
		return int(j)
	case !simulated: // each would disturb the others
		return 1
	}
	return int(max(1, min(int64(runtime.GOMAXPROCS(0)), runs)))
}

// endlessRuns stands for a number of runs that is not known yet.
const endlessRuns = math.MaxInt64

// workersOf returns the configuration of workers, which run this program with a hidden command.
func workersOf(command string, args []string) (workers.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return workers.Config{}, fmt.Errorf("cannot find this program's file, to run it as a job: %w", err)
	}
	return workers.Config{Command: slices.Concat([]string{self, command}, args), Stderr: os.Stderr}, nil
}

// workersArguments returns the recipe and those flags of a command line that the command's workers also
// have, except the flags in without.
func workersArguments(cmd *cobra.Command, recipe string, worker *cobra.Command, without ...string) []string {
	args := []string{recipe}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if worker.Flags().Lookup(flag.Name) != nil && !slices.Contains(without, flag.Name) {
			args = append(args, usage.ArgumentOf(flag))
		}
	})
	return args
}

// serveTasks performs the tasks of a worker until its input ends.
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
