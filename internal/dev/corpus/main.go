// Corpus records the runs whose verdicts checker's tests hold on to: of each recipe
// the library's own subject under every fault, and each planted defect, all of them
// short. It may not know a check: what the runs are decided to be is written by the
// test itself:
//
//	go run ./internal/dev/corpus -zklab bin/zklab -into checker/testdata/corpus
//	go test ./checker -run TestCorpus -update
//
// A run that is there already is kept. Those of some only: -only 'config-(zklab|broken-creates-empty)'.
// But for the ones on Apache's servers they are made in virtual time, the same each time.
package main

import (
	"cmp"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

func main() {
	zklab := flag.String("zklab", "bin/zklab", "the command to run")
	into := flag.String("into", "checker/testdata/corpus", "where the runs go, a folder each")
	containers := flag.Bool("containers", true, "record runs on Apache's servers, too")
	only := flag.String("only", "", "a regular expression that the names of runs have to fit as a whole; the default is all")
	flag.Parse()
	fits, err := regexp.Compile("^(" + cmp.Or(*only, ".*") + ")$")
	if err == nil {
		err = record(*zklab, *into, *containers, fits)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// short makes runs that are cheap to keep: few operations, and yet enough to decide.
var short = []string{"--time-limit", "6s", "--clients", "4", "--min-load", "20", "--quiet", "--seed", "1"}

// rates are operations a second, where it takes more than usual that something can go wrong.
var rates = map[string]string{"queue": "80", "register": "300"}

const usualRate = "60"

// runs are what is recorded, by name.
func runs(containers bool) map[string][]string {
	all := map[string][]string{}
	for _, recipe := range workloads.Recipes() {
		for _, s := range workloads.Subjects(recipe) {
			name := recipe + "-" + strings.ReplaceAll(s.Name, ":", "-")
			args := append([]string{"run", recipe, "--subject", s.Name, "--rate", cmp.Or(rates[recipe], usualRate)}, short...)
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
	}
	return all
}

func record(zklab, into string, containers bool, fits *regexp.Regexp) error {
	for name, args := range runs(containers) {
		to := filepath.Join(into, name)
		if _, err := os.Stat(to); err == nil || !fits.MatchString(name) {
			continue
		}
		if err := one(zklab, args, to); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Println(name)
	}
	return nil
}

// one makes a run and keeps its record.
func one(zklab string, args []string, to string) error {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	out, err := exec.Command(zklab, append(args, "--out", dir)...).CombinedOutput()
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() > 2 || err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, out)
	}
	run, err := store.Open(dir, "latest")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return errors.Join(pack(run.History(), to), pack(run.Transactions(), to))
}

// pack compresses a file into a folder. One that is not there is left out.
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
