// Package corpus records the runs that TestCorpus of package checker decides: for each recipe, short runs of
// the library's own subject under several faults, and of each mutant. The package must not know any check.
// The test itself writes the verdicts:
//
//	go run ./internal/dev corpus
//	go test ./checker -run TestCorpus -update
//
// Runs that exist already are kept. Except for those on Apache's servers, they are made in virtual
// time and do not change when they are recorded again.
package corpus

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/specimens"
)

// Command is "dev corpus".
func Command(z *command.Zklab) *cobra.Command {
	var into, only string
	var containers bool
	cmd := &cobra.Command{
		Use: "corpus", Short: "Record the runs of TestCorpus", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fits, err := regexp.Compile("^(" + cmp.Or(only, ".*") + ")$")
			if err != nil {
				return err
			}
			return record(cmd.Context(), *z, into, containers, fits)
		},
	}
	f := cmd.Flags()
	f.StringVar(&into, "into", "checker/testdata/corpus", "the folder for the runs")
	f.BoolVar(&containers, "containers", true, "record runs on Apache's servers, too")
	f.StringVar(&only, "only", "", "a regular expression of whole names, as in 'config-(zklab|broken-creates-empty)' (default: all)")
	return cmd
}

// short holds flags for runs that are cheap to keep: they have few operations, but enough to decide.
var short = []string{"--time-limit", "6s", "--clients", "4", "--min-load", "20", "--seed", "1"}

// rates lists the operations per second of recipes that need more than the usual rate to go wrong.
var rates = map[string]string{"queue": "80", "register": "300"}

const usualRate = "60"

// runs lists the runs that are recorded, by name.
func runs(containers bool) map[string][]string {
	all := map[string][]string{}
	for _, s := range specimens.All() {
		name := s.Recipe + "-" + strings.ReplaceAll(s.Name, ":", "-")
		args := append([]string{"run", s.Recipe, "--subject", s.Name, "--rate", cmp.Or(rates[s.Recipe], usualRate)}, short...)
		virtual := append(args[:len(args):len(args)], "--simulate")
		switch {
		case s.Faults != "":
			all[name] = append(virtual, "--faults", s.Faults)
		case s.Property != "":
			all[name] = virtual
		default:
			all[name] = append(virtual, "--faults", "pause:one/2s,expire/1s,lose-reply/1s,cut/3s")
			if containers {
				all[name+"-container"] = append(args, "--ensemble", "container", "--faults", "pause:one/2s,expire/1s")
			}
		}
	}
	return all
}

func record(ctx context.Context, zklab command.Zklab, into string, containers bool, fits *regexp.Regexp) error {
	for name, args := range runs(containers) {
		to := filepath.Join(into, name)
		if _, err := os.Stat(to); err == nil || !fits.MatchString(name) {
			continue
		}
		if err := one(ctx, zklab, args, to); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Println(name)
	}
	return nil
}

// one makes a run and keeps its record.
func one(ctx context.Context, zklab command.Zklab, args []string, to string) error {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	run, err := zklab.Stored(ctx, dir, args...)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return errors.Join(pack(run.History(), to), pack(run.Transactions(), to))
}

// pack compresses a file into a folder. A missing file is skipped.
func pack(path, dir string) error {
	in, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(dir, filepath.Base(path)+".gz"))
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = io.Copy(z, in)
	return errors.Join(err, z.Close(), out.Close())
}
