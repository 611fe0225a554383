// Package cli is the command zklab. It must not contain the logic of runs: it only parses arguments, prints,
// and chooses exit codes. The commands are in the packages of cli/internal, each with a list of its own; package
// root puts them under one root, and this package knows the recipes that a program passes.
package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zklab/zklab/cli/internal/clients"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/manyruns"
	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/root"
	"github.com/zklab/zklab/cli/internal/usage"
)

// Main runs the command line of the process (os.Args) and ends the process with its exit code: 0 valid, 1
// violated, 2 unknown, 64 wrong usage, and others for what could not be run. It runs the program once more as
// a child, with the same arguments, so a main function should call it first, and nothing else.
//
// A program with recipes of its own passes them:
//
//	func main() { cli.Main(ids, cli.Subjects{Recipe: lease, Others: []cli.Subject{{Name: "broken:stale", About: "never renews", Recipe: stale}}}) }
//
// All commands then know these recipes in addition to zklab's own, and only this program can check, replay
// and shrink their stored runs. A recipe with a mistake, or with a name that is taken, ends the process with
// one line and 64.
func Main(own ...Recipe) {
	catalog, err := catalogOf(programName(), own)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", usage.OneLine(err))
		os.Exit(usage.ExitUsage)
	}
	run := func() int {
		process.IgnoreBrokenPipes()
		return root.Execute(catalog, os.Args[1:], os.Stdout, os.Stderr)
	}
	os.Exit(process.Supervised(run, slices.Concat(experiments.Unsupervised, manyruns.Unsupervised, clients.Unsupervised)))
}

// programName returns the name of the program's file.
func programName() string { return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") }
