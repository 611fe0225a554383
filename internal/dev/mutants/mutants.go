// Package mutants measures which property finds each mutant, and how soon: "zklab explore" with one
// fault or two, a sweep for what that does not find, and a sweep with the faults that the mutant
// declares. It writes how many were found into docs/track-record.md, and its table into docs/mutants.csv.
package mutants

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/specimens"
)

// Command is "dev mutants".
func Command(z *command.Zklab) *cobra.Command {
	m := measure{zklab: z}
	var write string
	cmd := &cobra.Command{
		Use: "mutants", Short: "Measure which property finds each mutant, and how soon", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return m.run(cmd.Context(), write) },
	}
	f := cmd.Flags()
	f.DurationVar(&m.explore, "for", time.Minute, "how long each mutant is explored")
	f.IntVar(&m.seeds, "seeds", 200, "runs of the sweep for mutants that exploring does not find")
	f.TextVar(&m.only, "only", new(regexp.Regexp), "a regular expression of the mutants to look for, as in lock broken:ignores-expiry")
	f.StringVar(&write, "write", "", "the page to write the number found into, with the table beside it (default: print both)")
	return cmd
}

// measure says how mutants are looked for.
type measure struct {
	zklab   *command.Zklab
	explore time.Duration
	seeds   int
	only    regexp.Regexp
	dir     string
}

func (m *measure) run(ctx context.Context, file string) (err error) {
	if m.dir, err = os.MkdirTemp("", "mutants"); err != nil {
		return err
	}
	defer os.RemoveAll(m.dir)
	var all []found
	for _, s := range mutants(&m.only) {
		f, err := m.find(ctx, s)
		if err != nil {
			return fmt.Errorf("%s %s: %w", s.Recipe, s.Name, err)
		}
		fmt.Fprintln(os.Stderr, f.row())
		all = append(all, f)
	}
	return command.Publish(file, "mutants", count(all), table(all))
}

// mutants returns the mutants that match.
func mutants(pattern *regexp.Regexp) []specimens.Specimen {
	return slices.DeleteFunc(specimens.All(), func(s specimens.Specimen) bool {
		return s.Property == "" || !pattern.MatchString(s.Recipe+" "+s.Name)
	})
}

// found says what found a mutant.
type found struct {
	specimens.Specimen
	by     string // "" if nothing did
	broken []string
	runs   int
	took   time.Duration
}

// find looks for a mutant: it explores, then sweeps, and finally sweeps with the faults that the mutant
// declares.
func (m *measure) find(ctx context.Context, s specimens.Specimen) (found, error) {
	f := found{Specimen: s}
	began := time.Now()
	var e struct {
		Always   []string
		Runs     int
		Findings []struct {
			Faults string
			Broken []string
		}
	}
	if err := m.zklab.JSON(ctx, &e, "explore", s.Recipe, "--subject", s.Name, "--first", "--for", m.explore.String(), "--out", m.dir, "--json"); err != nil {
		return f, err
	}
	f.runs = e.Runs
	switch {
	case len(e.Always) > 0:
		f.by, f.broken = "explore, without any fault", e.Always
	case len(e.Findings) > 0:
		f.by, f.broken = "explore: "+e.Findings[0].Faults, e.Findings[0].Broken
	default:
		if err := m.sweep(ctx, &f, "sweep", "all"); err != nil {
			return f, err
		}
		if f.by == "" && s.Faults != "" {
			if err := m.sweep(ctx, &f, "sweep --faults "+s.Faults, s.Faults); err != nil {
				return f, err
			}
		}
	}
	f.took = time.Since(began)
	return f, nil
}

// sweep sweeps with some faults until the first violation. by is the table's name for such a sweep.
func (m *measure) sweep(ctx context.Context, f *found, by, faults string) error {
	var w struct {
		Runs     int
		Findings []struct {
			Property string
			Smallest struct{ Seed int64 }
		}
	}
	if err := m.zklab.JSON(ctx, &w, "sweep", f.Recipe, "--subject", f.Name, "--faults", faults, "--seeds", fmt.Sprintf("1..%d", m.seeds),
		"--until-violations", "1", "--out", m.dir, "--json"); err != nil {
		return err
	}
	f.runs += w.Runs
	for _, one := range w.Findings {
		f.by = fmt.Sprintf("%s: seed %d", by, one.Smallest.Seed)
		if !slices.Contains(f.broken, one.Property) {
			f.broken = append(f.broken, one.Property)
		}
	}
	return nil
}

// row returns the row of the table.
func (f found) row() []string {
	by, broken := f.by, strings.Join(f.broken, ", ")
	if by == "" {
		by, broken = "not found", "–"
	}
	return []string{f.Recipe, strings.TrimPrefix(f.Name, "broken:"), by, broken, strconv.Itoa(f.runs), fmt.Sprintf("%.1f s", f.took.Seconds())}
}

func table(all []found) [][]string {
	rows := [][]string{{"recipe", "mutant", "found by", "property", "runs", "after"}}
	for _, f := range all {
		rows = append(rows, f.row())
	}
	return rows
}

// count tells how many mutants were found.
func count(all []found) string {
	n := 0
	for _, f := range all {
		if f.by != "" {
			n++
		}
	}
	return fmt.Sprintf("%d of %d mutants were found.\n", n, len(all))
}
