// Package benchtable makes docs/checkers-measured.md and docs/checkers-measured.csv from the output of
// BenchmarkDecide and BenchmarkFile of checker/linear. It must not import the packages that these benchmarks
// measure:
//
//	make bench | tee bench.txt
//	go run ./internal/dev bench-table --machine "2 cores" --csv docs/checkers-measured.csv < bench.txt > docs/checkers-measured.md
//
// "make bench-table" does both. "make spec-table" writes what BenchmarkSpecification of checker/declared measures into
// docs/own-objects.md.
package benchtable

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Command is "dev bench-table".
func Command() *cobra.Command {
	var machine, all string
	cmd := &cobra.Command{
		Use: "bench-table", Short: "Make docs/checkers-measured.md from the output of benchmarks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := read(cmd.InOrStdin())
			if err != nil {
				return err
			}
			if machine == "" {
				machine = describe(r.cpu)
			}
			table, err := os.Create(all)
			if err != nil {
				return err
			}
			return cmp.Or(write(cmd.OutOrStdout(), table, r, machine, time.Now()), table.Close())
		},
	}
	cmd.Flags().StringVar(&all, "csv", "docs/checkers-measured.csv", "the file of the tables of all numbers of clients")
	cmd.Flags().StringVar(&machine, "machine", "", "a short description of the machine (default: its processor, cores and memory)")
	return cmd
}

// describe returns a description of this machine: the processor as go test names it, and the rest as
// the system reports it.
func describe(cpu string) string {
	parts := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	if cpu != "" {
		parts = append([]string{cpu}, parts...)
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if gb := memory(string(text)); gb > 0 {
			parts = append(parts, fmt.Sprintf("%d GB", gb))
		}
	}
	return strings.Join(parts, ", ")
}

// memory returns the machine's memory in gigabytes, from the text of /proc/meminfo (proc(5)); 0 if the
// text does not say.
func memory(meminfo string) int {
	_, rest, _ := strings.Cut(meminfo, "MemTotal:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.Atoi(fields[0])
	return (kb + 1<<19) >> 20
}
