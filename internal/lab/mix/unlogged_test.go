package mix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/tally"
)

// This file sums up what verdicts are worth without the servers' transactions, for "make unlogged".

// worth tells what the runs of one recipe show, decided with the transactions and without.
type worth struct {
	Name          string
	Right         bool // the recipe keeps its promise
	Runs          int
	With, Without tally.Tally
}

// unlogged returns a history as an external ensemble would have given it: the clocks of its servers are not that of the record,
// and it is not known how often they look for znodes that may be deleted. Its transactions are left to the caller.
func unlogged(h *history.History) *history.History {
	u := h.With(h.Events)
	u.Header.Params.Unlogged, u.Header.Params.SameClock, u.Header.Params.Sweep = true, false, 0
	return u
}

// worthSummary has a line for each sum: with the log and without.
func worthSummary(all []worth) string {
	type sums struct{ recipes, runs, found int }
	var wrong, right, wrongWithout, rightWithout sums
	for _, w := range all {
		with, without := &wrong, &wrongWithout
		if w.Right {
			with, without = &right, &rightWithout
		}
		for _, s := range []struct {
			*sums
			tally.Tally
		}{{with, w.With}, {without, w.Without}} {
			s.recipes++
			s.sums.runs += w.Runs
			s.sums.found += s.Violated
		}
	}
	found := func(of func(worth) tally.Tally) (n int) {
		for _, w := range all {
			if !w.Right && of(w).Violated > 0 {
				n++
			}
		}
		return n
	}
	var b strings.Builder
	b.WriteString("| | with the log | without |\n|---|--:|--:|\n")
	row := func(what string, with, without, of int) {
		fmt.Fprintf(&b, "| %s | %d of %d | %d of %d |\n", what, with, of, without, of)
	}
	row("wrong recipes convicted", found(func(w worth) tally.Tally { return w.With }), found(func(w worth) tally.Tally { return w.Without }), wrong.recipes)
	row("their runs that convict", wrong.found, wrongWithout.found, wrong.runs)
	row("runs of right recipes that accuse", right.found, rightWithout.found, right.runs)
	return b.String()
}

// worthByProperty has a row for each property, those that lose most without the log first.
func worthByProperty(all []worth) [][]string {
	type sums struct{ runs, without, recipes, recipesWithout int }
	of := map[string]sums{}
	for _, w := range all {
		if w.Right {
			continue
		}
		for p, n := range w.With.Properties {
			s := of[p]
			s.runs, s.recipes = s.runs+n, s.recipes+1
			of[p] = s
		}
		for p, n := range w.Without.Properties {
			s := of[p]
			s.without, s.recipesWithout = s.without+n, s.recipesWithout+1
			of[p] = s
		}
	}
	names := slices.Sorted(maps.Keys(of))
	slices.SortStableFunc(names, func(p, q string) int { return cmp.Compare(of[q].runs-of[q].without, of[p].runs-of[p].without) })
	rows := [][]string{{"property", "convicts runs with the log", "runs without", "wrong recipes with the log", "wrong recipes without"}}
	for _, p := range names {
		s := of[p]
		rows = append(rows, []string{p, strconv.Itoa(s.runs), strconv.Itoa(s.without), strconv.Itoa(s.recipes), strconv.Itoa(s.recipesWithout)})
	}
	return rows
}

func TestWorth(t *testing.T) {
	all := []worth{
		{
			Name: "lock, a", Runs: 4,
			With:    tally.Tally{Violated: 4, Properties: map[string]int{"grant": 4, "exclusion": 1}},
			Without: tally.Tally{Violated: 1, Properties: map[string]int{"exclusion": 1}},
		},
		{Name: "lock, b", Runs: 4, With: tally.Tally{Violated: 2, Properties: map[string]int{"exclusion": 2}}, Without: tally.Tally{Violated: 2, Properties: map[string]int{"exclusion": 2}}},
		{Name: "lock, c", Runs: 4, With: tally.Tally{Violated: 1, Properties: map[string]int{"grant": 1}}},
		{Name: "lock, d", Runs: 4},
		{Name: "lock, right", Right: true, Runs: 4},
	}
	want := `| | with the log | without |
|---|--:|--:|
| wrong recipes convicted | 3 of 4 | 2 of 4 |
| their runs that convict | 7 of 16 | 3 of 16 |
| runs of right recipes that accuse | 0 of 4 | 0 of 4 |
`
	if diff := gocmp.Diff(want, worthSummary(all)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	rows := [][]string{{"grant", "5", "0", "2", "0"}, {"exclusion", "3", "3", "2", "2"}}
	if diff := gocmp.Diff(rows, worthByProperty(all)[1:]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
