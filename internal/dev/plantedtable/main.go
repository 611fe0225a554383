// Plantedtable measures by what each planted defect is found, and how soon: by "zklab
// explore" with one fault or two, and else by a sweep. It may not run anything but the
// command, as its users do.
//
//	go run ./internal/dev/plantedtable -zklab bin/zklab -for 60s -seeds 200 -write docs/track-record.md
//
// The table replaces what stands between its two marks in that file.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/workloads"
)

func main() {
	var m measure
	flag.StringVar(&m.zklab, "zklab", "bin/zklab", "the command to run")
	flag.DurationVar(&m.explore, "for", time.Minute, "how long each defect is explored")
	flag.IntVar(&m.seeds, "seeds", 200, "runs of the sweep for what exploring does not find")
	only := flag.String("only", "", "a regular expression of the defects to look for, as in lock broken:ignores-expiry")
	write := flag.String("write", "", "file to write the table into (default: print it)")
	flag.Parse()
	if err := m.run(*only, *write); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// measure is how defects are looked for.
type measure struct {
	zklab   string
	explore time.Duration
	seeds   int
	dir     string
}

func (m *measure) run(only, file string) (err error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if m.dir, err = os.MkdirTemp("", "plantedtable"); err != nil {
		return err
	}
	defer os.RemoveAll(m.dir)
	var all []found
	for _, s := range defects(pattern) {
		f, err := m.find(s)
		if err != nil {
			return fmt.Errorf("%s %s: %w", s.Recipe, s.Name, err)
		}
		fmt.Fprintln(os.Stderr, f.row())
		all = append(all, f)
	}
	if file == "" {
		_, err = io.WriteString(os.Stdout, table(all))
		return err
	}
	return writeInto(file, table(all))
}

// defects are all that are planted, and match.
func defects(pattern *regexp.Regexp) (all []workloads.Subject) {
	for _, recipe := range workloads.Recipes() {
		for _, s := range workloads.Subjects(recipe) {
			if s.Property != "" && pattern.MatchString(recipe+" "+s.Name) {
				all = append(all, s)
			}
		}
	}
	return all
}

// found is by what a defect was found.
type found struct {
	workloads.Subject
	by     string // "" if it was not
	broken []string
	runs   int
	took   time.Duration
}

// find explores, and then sweeps.
func (m *measure) find(s workloads.Subject) (found, error) {
	f := found{Subject: s}
	began := time.Now()
	var e struct {
		Always   []string
		Runs     int
		Findings []struct {
			Faults string
			Broken []string
		}
	}
	if err := m.command(&e, "explore", s.Recipe, "--subject", s.Name, "--first", "--for", m.explore.String(), "--json"); err != nil {
		return f, err
	}
	f.runs = e.Runs
	switch {
	case len(e.Always) > 0:
		f.by, f.broken = "`explore`, without any fault", e.Always
	case len(e.Findings) > 0:
		f.by, f.broken = "`explore`: `"+e.Findings[0].Faults+"`", e.Findings[0].Broken
	default:
		var w struct {
			Runs     int
			Findings []struct {
				Property string
				Smallest struct{ Seed int64 }
			}
		}
		if err := m.command(&w, "sweep", s.Recipe, "--subject", s.Name, "--faults", "all", "--seeds", fmt.Sprintf("1..%d", m.seeds),
			"--until-violations", "1", "--out", m.dir, "--json"); err != nil {
			return f, err
		}
		f.runs += w.Runs
		for _, one := range w.Findings {
			f.by = fmt.Sprintf("`sweep`: seed %d", one.Smallest.Seed)
			if !slices.Contains(f.broken, one.Property) {
				f.broken = append(f.broken, one.Property)
			}
		}
	}
	f.took = time.Since(began)
	return f, nil
}

// command runs zklab and reads the JSON that it prints. Exit codes of verdicts are no errors.
func (m *measure) command(into any, args ...string) error {
	cmd := exec.Command(m.zklab, args...)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 2) {
		return fmt.Errorf("zklab %s: %w: %s", strings.Join(args, " "), err, said.String())
	}
	return json.Unmarshal([]byte(out.String()), into)
}

// row is its row of the table.
func (f found) row() string {
	by, broken := f.by, strings.Join(f.broken, ", ")
	if by == "" {
		by, broken = "**not found**", "–"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %d | %.1f s |", f.Recipe, strings.TrimPrefix(f.Name, "broken:"), by, broken, f.runs, f.took.Seconds())
}

// table is all of it, with how many were found.
func table(all []found) string {
	n := 0
	var rows strings.Builder
	for _, f := range all {
		if f.by != "" {
			n++
		}
		rows.WriteString(f.row() + "\n")
	}
	return fmt.Sprintf("%d of %d planted defects were found:\n\n| recipe | defect | found by | property | runs | after |\n|---|---|---|---|---|---|\n%s", n, len(all), rows.String())
}

// The marks around the table.
const (
	begins = "<!-- made by make planted -->\n"
	ends   = "<!-- end of what make planted makes -->"
)

// writeInto replaces what stands between the marks.
func writeInto(file, text string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begins)
	_, after, whole := strings.Cut(rest, ends)
	if !ok || !whole {
		return fmt.Errorf("%s has no marks for the table: %s and %s", file, strings.TrimSpace(begins), ends)
	}
	return os.WriteFile(file, []byte(before+begins+text+ends+after), 0o644)
}
