// Package suitecost measures what zklab's own test suite costs: the wall time of each step of .ci/run that is a make
// target, and the processor time and memory of compilers, linkers and test binaries in it.
//
//	make suite-cost
//
// The go command calls this program in place of each test binary (-exec) and each tool (-toolexec). Then it is a
// measure: it runs the program that it was given, and adds a line to a file.
package suitecost

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/dev/jsonlines"
)

// fileEnv is the variable with the file to which measured programs are added.
const fileEnv = "ZKLAB_SUITE_COST"

// Measured reports whether the go command called this program in place of another one. If so, it has run that
// program, and exit is the code with which this one has to exit.
func Measured(args []string) (exit int, measured bool) {
	file := os.Getenv(fileEnv)
	if file == "" || len(args) == 0 || strings.HasPrefix(args[0], "-") { // flags: it is called for itself
		return 0, false
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	began := time.Now()
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1, true
	}
	if !slices.Contains(args, "-V=full") { // the go command asks for the version of each tool
		if err := jsonlines.Add(file, lineOf(args, cmd.ProcessState, time.Since(began))); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			return 1, true
		}
	}
	return max(cmd.ProcessState.ExitCode(), -cmd.ProcessState.ExitCode()), true // -1 after a signal
}

// line is what one program cost.
type line struct {
	Kind      string        // compile, link, another tool of Go, or test
	Name      string        // of a test binary: the folder of its package
	Wall      time.Duration // from its start to its end
	Processor time.Duration // of it and of its children
	Memory    int64         // the most that it had at once, in bytes, without its children; 0 if unknown
}

func lineOf(args []string, done *os.ProcessState, wall time.Duration) line {
	l := line{Kind: filepath.Base(args[0]), Wall: wall, Processor: done.UserTime() + done.SystemTime(), Memory: memoryOf(done)}
	if strings.HasSuffix(args[0], ".test") {
		l.Kind, l.Name = "test", strings.TrimSuffix(l.Kind, ".test")
		if dir, err := os.Getwd(); err == nil {
			l.Name = dir
		}
	}
	return l
}

// Command is "dev suite-cost".
func Command() *cobra.Command {
	var steps []string
	var top int
	cmd := &cobra.Command{
		Use: "suite-cost", Short: "Run the test suite, and print what each step, compiler and test binary cost", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.Getwd()
			if err != nil {
				return err
			}
			file := filepath.Join(dir, "bin", "suite-cost.jsonl")
			for _, step := range steps {
				if err := os.RemoveAll(file); err != nil {
					return err
				}
				began := time.Now()
				failed := perform(cmd, step, file)
				wall := time.Since(began)
				lines, err := jsonlines.Read[line](file)
				if err != nil {
					return err
				}
				write(cmd.OutOrStdout(), step, dir, wall, lines, top)
				if failed != nil {
					return fmt.Errorf("make %s: %w", step, failed)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&steps, "steps", []string{"lint", "test", "test-real", "race"}, "the make targets to measure")
	cmd.Flags().IntVar(&top, "top", 15, "the number of test binaries to print")
	return cmd
}

// perform runs a make target whose programs add to the file. What the target prints goes to standard error.
func perform(cmd *cobra.Command, step, file string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	target := exec.CommandContext(cmd.Context(), "make", step, fmt.Sprintf("TESTFLAGS=-exec=%s -toolexec=%[1]s", self))
	target.Env = append(os.Environ(), fileEnv+"="+file)
	target.Stdout, target.Stderr = cmd.ErrOrStderr(), cmd.ErrOrStderr()
	return target.Run()
}

// write prints what a step cost: its wall time, the processor time of each kind of program, and the test binaries
// that used most of it.
func write(w io.Writer, step, dir string, wall time.Duration, lines []line, top int) {
	kinds := map[string]time.Duration{}
	var tests []line
	for _, l := range lines {
		kinds[l.Kind] += l.Processor
		if l.Kind == "test" {
			tests = append(tests, l)
		}
	}
	var rest time.Duration
	for kind, used := range kinds {
		if kind != "compile" && kind != "link" && kind != "test" {
			rest += used
		}
	}
	fmt.Fprintf(w, "%s: %.0f s; processor: compilers %.0f s, linkers %.0f s, other tools %.0f s, %d test binaries %.0f s\n", step,
		wall.Seconds(), kinds["compile"].Seconds(), kinds["link"].Seconds(), rest.Seconds(), len(tests), kinds["test"].Seconds())
	slices.SortFunc(tests, func(a, b line) int { return cmp.Compare(b.Processor, a.Processor) })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range tests[:min(top, len(tests))] {
		name := l.Name
		if below, err := filepath.Rel(dir, name); err == nil {
			name = below
		}
		fmt.Fprintf(t, "  %s\tprocessor %.1f s\twall %.1f s\t%.0f MB\n", name, l.Processor.Seconds(), l.Wall.Seconds(), float64(l.Memory)/1e6)
	}
	t.Flush()
}
