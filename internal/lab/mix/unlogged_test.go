package mix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
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

// worthText is the text of docs/external.md.
func worthText(all []worth) string {
	return worthSummary(all) + "\n" + worthByProperty(all) + "\n" + worthLost(all)
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

// worthByProperty has a line for each property that convicts less without the log, those that lose most first, and names the
// others.
func worthByProperty(all []worth) string {
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
	var lose, keep []string
	for _, p := range slices.Sorted(maps.Keys(of)) {
		if of[p].without < of[p].runs {
			lose = append(lose, p)
		} else {
			keep = append(keep, "`"+p+"`")
		}
	}
	slices.SortStableFunc(lose, func(p, q string) int { return cmp.Compare(of[q].runs-of[q].without, of[p].runs-of[p].without) })
	var b strings.Builder
	b.WriteString("| property | convicts runs with the log | without | wrong recipes with the log | without |\n|---|--:|--:|--:|--:|\n")
	for _, p := range lose {
		fmt.Fprintf(&b, "| `%s` | %d | %d | %d | %d |\n", p, of[p].runs, of[p].without, of[p].recipes, of[p].recipesWithout)
	}
	if len(keep) > 0 {
		fmt.Fprintf(&b, "\nThese properties convict as many runs without the log, or more: %s.\n", strings.Join(keep, ", "))
	}
	return b.String()
}

// worthLost has a line for each wrong recipe that loses at least half of its convictions.
func worthLost(all []worth) string {
	lost := slices.DeleteFunc(slices.Clone(all), func(w worth) bool {
		return w.Right || 2*w.Without.Violated > w.With.Violated || w.With.Violated == 0
	})
	slices.SortFunc(lost, func(v, w worth) int {
		return cmp.Or(cmp.Compare(v.Without.Violated, w.Without.Violated), cmp.Compare(w.With.Violated, v.With.Violated), cmp.Compare(v.Name, w.Name))
	})
	if len(lost) == 0 {
		return "No wrong recipe loses half of its convictions.\n"
	}
	var b strings.Builder
	b.WriteString("| wrong recipe | convicted in runs with the log | without | by, with the log |\n|---|--:|--:|---|\n")
	for _, w := range lost {
		var by []string
		for _, p := range slices.Sorted(maps.Keys(w.With.Properties)) {
			by = append(by, fmt.Sprintf("`%s` %d", p, w.With.Properties[p]))
		}
		fmt.Fprintf(&b, "| %s | %d of %d | %d | %s |\n", w.Name, w.With.Violated, w.Runs, w.Without.Violated, strings.Join(by, ", "))
	}
	return b.String()
}

func TestWorthText(t *testing.T) {
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

| property | convicts runs with the log | without | wrong recipes with the log | without |
|---|--:|--:|--:|--:|
| ` + "`grant`" + ` | 5 | 0 | 2 | 0 |

These properties convict as many runs without the log, or more: ` + "`exclusion`" + `.

| wrong recipe | convicted in runs with the log | without | by, with the log |
|---|--:|--:|---|
| lock, c | 1 of 4 | 0 | ` + "`grant` 1" + ` |
| lock, a | 4 of 4 | 1 | ` + "`exclusion` 1, `grant` 4" + ` |
`
	if diff := gocmp.Diff(want, worthText(all)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := worthLost(all[1:2]); got != "No wrong recipe loses half of its convictions.\n" {
		t.Errorf("nothing lost: %q", got)
	}
}
