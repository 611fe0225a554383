package manyruns

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/specimens"
)

// mostRepeated bounds the runs of one experiment.
const mostRepeated = 1_000_000

// Repeat returns the function that performs zklab run with n seeds: it is a sweep in which seeds draw no settings.
func Repeat(catalog specimens.Catalog) experiments.Repeater {
	return func(run *cobra.Command, args []string, n int, seed int64) error {
		return repeat(newSweep(catalog), run, args, n, seed)
	}
}

func repeat(sweep, run *cobra.Command, args []string, n int, seed int64) error {
	switch {
	case n < 1:
		return usage.Errorf("--repeat must be more than zero")
	case n > mostRepeated:
		return usage.Errorf("--repeat must be %d or fewer", mostRepeated)
	case seed < 0:
		return usage.ValueError{Field: "seed", Problem: usage.NotNegative}
	}
	first := cmp.Or(seed, 1)
	set := map[string][]string{"swarm": {"false"}, "seeds": {fmt.Sprintf("%d..%d", first, first+int64(n)-1)}}
	given := run.Flags().Changed
	if !given("simulate") && !given("config") {
		set["simulate"] = []string{"false"} // the default of run; an experiment file has its own setting
	}
	var without string
	run.Flags().Visit(func(f *pflag.Flag) {
		switch {
		case f.Name == "repeat" || f.Name == "seed":
		case sweep.Flags().Lookup(f.Name) == nil:
			without = f.Name
		default:
			set[f.Name] = valuesOf(f)
		}
	})
	if without != "" {
		return usage.Errorf("--%s is for a single run: leave out --%s or --repeat", without, without)
	}
	if err := setAll(sweep, set); err != nil {
		return err
	}
	sweep.Use = run.Use // errors name the command that was given
	sweep.SetOut(run.OutOrStdout())
	sweep.SetErr(run.ErrOrStderr())
	return sweep.RunE(sweep, args)
}

// valuesOf returns the values of a flag, each as it was given.
func valuesOf(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}

// setAll sets flags of a command.
func setAll(cmd *cobra.Command, set map[string][]string) error {
	for name, values := range set {
		for _, value := range values {
			if err := cmd.Flags().Set(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}
