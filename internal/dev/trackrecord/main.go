// Trackrecord measures in how many of some seeds zklab finds the known bugs of
// published recipes: it runs each row's command of docs/track-record.md with
// seed 1, 2, … and prints the tables of that page. It may not run anything but
// the command, as its users do.
//
//	go run ./internal/dev/trackrecord -zklab bin/zklab -seeds 20
//
// A run counts for a row if the row's property was violated, and the record
// shows that it was by that bug (see blame.go): the commands are generic, and
// one run can meet several bugs. It says nothing that the record does not show:
// what it cannot attribute is counted apart.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/store"
)

func main() {
	seeds := flag.Int("seeds", 20, "runs of each command")
	zklab := flag.String("zklab", "bin/zklab", "the command to run")
	parallel := flag.Int("parallel", 2, "runs at a time")
	flag.Parse()
	if err := measure(os.Stdout, os.Stderr, *zklab, *seeds, *parallel); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// measure runs every command and prints the tables.
func measure(out, progress io.Writer, zklab string, seeds, parallel int) error {
	dir, err := os.MkdirTemp("", "trackrecord")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r := runner{zklab: zklab, dir: dir, slots: make(chan struct{}, max(parallel, 1)), progress: progress}
	found := table{rows: [][]string{{"subject", "bug", "property", "command", "found in"}}}
	sound := table{rows: [][]string{{"command, of zklab's own recipe", "violations", "valid", "undecided"}}}
	for i, c := range commands {
		runs, err := r.seeds(fmt.Sprintf("%d-%s", i, c.subject), c.of(c.subject), seeds)
		if err != nil {
			return err
		}
		for _, b := range c.bugs {
			found.add(c.subject, b.name, b.property, "`"+strings.Join(c.of(c.subject), " ")+"`", fmt.Sprintf("%d of %d", count(runs, b), seeds))
		}
		if n := unattributed(runs, c.bugs); n > 0 {
			found.add(c.subject, "a violation that the record does not attribute", "", "the same", fmt.Sprintf("%d of %d", n, seeds))
		}
		if runs, err = r.seeds(fmt.Sprintf("%d-own", i), c.of("zklab"), seeds); err != nil {
			return err
		}
		sound.add(verdicts("`"+strings.Join(c.of("zklab"), " ")+"`", runs)...)
	}
	fmt.Fprintf(out, "%s\n%s", found, sound)
	return nil
}

// runner runs zklab, so many at a time.
type runner struct {
	zklab    string
	dir      string
	slots    chan struct{}
	mu       sync.Mutex // of progress
	progress io.Writer
}

// finished is a run with its record.
type finished struct {
	result  *store.Result
	history *history.History
}

// seeds runs one command with the seeds 1 to n.
func (r *runner) seeds(name string, args []string, n int) ([]finished, error) {
	runs, errs := make([]finished, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r.slots <- struct{}{}
			defer func() { <-r.slots }()
			runs[i], errs[i] = r.run(filepath.Join(r.dir, name, strconv.Itoa(i+1)), append(args[:len(args):len(args)], "--seed", strconv.Itoa(i+1)))
		})
	}
	wg.Wait()
	return runs, errors.Join(errs...)
}

// run runs one command and reads what it stored.
func (r *runner) run(out string, args []string) (f finished, err error) {
	cmd := exec.Command(r.zklab, append(args[1:len(args):len(args)], "--quiet", "--out", out)...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 2) {
		return f, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, text)
	}
	run, err := store.Open(out, "latest")
	if err != nil {
		return f, err
	}
	if f.result, err = run.ReadResult(); err != nil {
		return f, err
	}
	if f.history, err = run.ReadHistory(); err != nil {
		return f, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.progress, "%s: %s\n", strings.Join(args, " "), f.result.Verdict)
	return f, os.RemoveAll(out)
}

// count is in how many runs a bug was met and found.
func count(runs []finished, b bug) int {
	n := 0
	for _, r := range runs {
		if r.violates(b.property) && b.met(r) {
			n++
		}
	}
	return n
}

// unattributed is in how many runs something was violated, and by none of the bugs.
func unattributed(runs []finished, bugs []bug) int {
	n := 0
	for _, r := range runs {
		if r.result.Verdict != checker.Violation {
			continue
		}
		known := false
		for _, b := range bugs {
			known = known || r.violates(b.property) && b.met(r)
		}
		if !known {
			n++
		}
	}
	return n
}

// violates says that a property that decides was violated.
func (f finished) violates(property string) bool {
	for _, v := range f.result.Verdicts {
		if v.Property == property && v.Result == checker.Violation {
			return true
		}
	}
	return false
}

func verdicts(command string, runs []finished) []string {
	n := map[checker.Result]int{}
	for _, r := range runs {
		n[r.result.Verdict]++
	}
	return []string{command, strconv.Itoa(n[checker.Violation]), strconv.Itoa(n[checker.Valid]), strconv.Itoa(n[checker.Unknown])}
}

// table is written as Markdown has it.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t table) String() string {
	var b strings.Builder
	for i, row := range t.rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	return b.String()
}
