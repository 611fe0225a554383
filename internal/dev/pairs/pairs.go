// Package pairs explores the smallest scenario of each object with all single faults and all pairs of faults. It
// uses "zklab explore", which continues where it ended, so it can be interrupted. It writes its claim into
// docs/track-record.md, and its table into docs/pairs.csv.
package pairs

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/specimens"
)

// The smallest scenario in which clients can meet.
const (
	clients = 2
	ops     = 1
)

// Command is "dev pairs".
func Command(z *command.Zklab) *cobra.Command {
	m := measure{zklab: z}
	var write string
	cmd := &cobra.Command{
		Use: "pairs", Short: "Try all single faults and pairs of faults in the smallest scenario of each object", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return m.run(cmd.Context(), write) },
	}
	f := cmd.Flags()
	f.DurationVar(&m.total, "for", 2*time.Hour, "how long all of them are explored at most, in one call: what small objects leave, large ones get")
	f.StringVar(&m.out, "out", "bin/pairs", "the store in which explorations go on where they ended")
	f.TextVar(&m.only, "only", new(regexp.Regexp), "a regular expression of the objects to explore, as in ^queue$")
	f.StringVar(&write, "write", "", "the page to write the claim into, with the table beside it (default: print both)")
	return cmd
}

// measure says how objects are explored.
type measure struct {
	zklab *command.Zklab
	total time.Duration // for all objects
	out   string
	only  regexp.Regexp // of objects
}

func (m *measure) run(ctx context.Context, file string) (err error) {
	var all []explored
	began := time.Now()
	left := func() time.Duration { return max(m.total-time.Since(began), time.Second) }
	for _, recipe := range specimens.Recipes() {
		if !m.only.MatchString(recipe) {
			continue
		}
		e, err := m.object(ctx, recipe, left(), "--singles")
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b explored) int { return cmp.Compare(a.Singles.All, b.Singles.All) })
	for i := range all {
		share := left() / time.Duration(len(all)-i) // the smallest come first, and most of them need less
		if all[i], err = m.object(ctx, all[i].object, share); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, all[i].row())
	}
	return command.Publish(file, "pairs", claim(all), table(all))
}

// object explores one object.
func (m *measure) object(ctx context.Context, recipe string, limit time.Duration, more ...string) (explored, error) {
	e := explored{object: recipe}
	args := append([]string{
		"explore", recipe, "--clients", strconv.Itoa(clients), "--ops", strconv.Itoa(ops),
		"--for", limit.Round(time.Second).String(), "--out", m.out, "--json",
	}, more...)
	if err := m.zklab.JSON(ctx, &e, args...); err != nil {
		return e, fmt.Errorf("%s: %w", recipe, err)
	}
	return e, nil
}

// explored is the output of "zklab explore --json".
type explored struct {
	object         string
	Points, Runs   int
	Always         []string
	Singles, Pairs counted
	Properties     []struct{ Property, Result string }
	Findings       []struct {
		Faults string
		Broken []string
	}
}

type counted struct {
	All, Tried, Broke, Implied int
	ImpliedBy                  struct{ Loops, Alone, Never, Alike int } `json:"implied_by"`
}

func (c counted) done() bool { return c.All > 0 && c.Tried+c.Implied == c.All }

// complete reports whether all single faults and all pairs were tried or are implied.
func (e *explored) complete() bool { return e.Singles.done() && e.Pairs.done() }

// broken returns the promises that some faults break.
func (e *explored) broken() []string {
	all := slices.Clone(e.Always)
	for _, f := range e.Findings {
		all = append(all, f.Broken...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// open returns the properties that even all runs of the scenario together have too little evidence to
// decide.
func (e *explored) open() (all []string) {
	for _, p := range e.Properties {
		if p.Result == "unknown" {
			all = append(all, p.Property)
		}
	}
	return all
}

// columns are the headers of the table.
var columns = []string{
	"object", "points", "single faults", "pairs", "tried or implied", "run", "second message never comes", "like another pair", "broken", "too little to decide",
}

func (e *explored) row() []string {
	share := "all"
	if !e.complete() {
		share = fmt.Sprintf("%.1f %%", 100*float64(e.Pairs.Tried+e.Pairs.Implied)/float64(max(1, e.Pairs.All)))
	}
	by := e.Pairs.ImpliedBy
	return []string{
		e.object, strconv.Itoa(e.Points), prose.Grouped(e.Singles.Tried), prose.Grouped(e.Pairs.All), share,
		prose.Grouped(e.Pairs.Tried), prose.Grouped(by.Never), prose.Grouped(by.Alike), names(e.broken()), names(e.open()),
	}
}

func names(all []string) string { return cmp.Or(strings.Join(all, ", "), "–") }

func table(all []explored) [][]string {
	rows := [][]string{columns}
	for _, e := range all {
		rows = append(rows, e.row())
	}
	return rows
}

// claim tells what the table shows.
func claim(all []explored) string {
	points, runs, implied := 0, 0, 0
	var objects, left strings.Builder
	n, partly := 0, 0
	for _, e := range all {
		switch {
		case len(e.broken()) > 0:
		case e.complete():
			n++
			points, runs, implied = points+e.Points, runs+e.Runs, implied+e.Singles.Implied+e.Pairs.Implied
		default:
			partly++
		}
	}
	if n > 0 {
		fmt.Fprintf(&objects, "No single fault and no pair of faults at any of the %s points of %s breaks a promise: %s runs, and %s pairs and single faults that are implied.", prose.Grouped(points), prose.Count(n, "scenario"), prose.Grouped(runs), prose.Grouped(implied))
	}
	if partly > 0 {
		fmt.Fprintf(&left, " Of %s more, not all pairs were tried; none of those that were breaks one.", prose.Count(partly, "scenario"))
	}
	return strings.TrimSpace(objects.String()+left.String()) + "\n"
}
