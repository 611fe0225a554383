package mix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// This file summarizes for "make yield" what the default test finds and how much processor time it
// takes.

// mixNames are the names of the mixes in the tables, in the order of the mixes.
var mixNames = [kindsOfRuns]string{
	"all faults", "crashes", "no faults", "expiries", "all faults, one key", "aimed", "crashes and early restarts, one key",
	"late writes, one key", "aimed, one key", "a server that lags",
}

// yield tells how the default test convicted one wrong recipe.
type yield struct {
	name  string
	runs  int
	found []int         // the numbers of the runs that convicted it, from 0
	cut   bool          // no run was made after the first that convicted it
	spent time.Duration // processor time up to the end of the first such run, or else of the last run
}

// seconds writes a time in seconds.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

// summary tells how many recipes were convicted, and the processor time up to the first conviction of half of the
// recipes, of nine tenths, and of all that were convicted.
func summary(all []yield) string {
	var spent []time.Duration
	for _, y := range all {
		if len(y.found) > 0 {
			spent = append(spent, y.spent)
		}
	}
	if len(spent) == 0 {
		return fmt.Sprintf("0 of %d wrong recipes were convicted.\n", len(all))
	}
	slices.Sort(spent)
	of := func(tenths int) string { return seconds(spent[(len(spent)*tenths+9)/10-1]) }
	return fmt.Sprintf("%d of %d wrong recipes were convicted. Processor time to the first conviction: median %s s, 90 %% within %s s, worst %s s.\n",
		len(spent), len(all), of(5), of(9), of(10))
}

// table has a row for each recipe, the dearest ones first.
func table(all []yield) [][]string {
	rows := [][]string{{"wrong recipe", "convicted in", "first in run", "of runs with", "CPU s"}}
	all = slices.Clone(all)
	slices.SortFunc(all, func(x, y yield) int { return cmp.Or(cmp.Compare(y.spent, x.spent), cmp.Compare(x.name, y.name)) })
	for _, y := range all {
		in, first, by := "–", "–", "–"
		if !y.cut {
			in = fmt.Sprintf("%d of %d", len(y.found), y.runs)
		}
		if len(y.found) > 0 {
			first, by = fmt.Sprint(1+y.found[0]), mixNames[kindOf(y.found[0])]
		}
		rows = append(rows, []string{y.name, in, first, by, seconds(y.spent)})
	}
	return rows
}

// byKind tells, for each mix, how many recipes its runs convicted first, convicted at all, and were the only ones to
// convict, and how much processor time all its runs took. Recipes that were not run again after their conviction
// count only as convicted first.
func byKind(all []yield, spent [kindsOfRuns]time.Duration) string {
	var ever, first, alone [kindsOfRuns]int
	for _, y := range all {
		var by []int
		for _, run := range y.found {
			by = append(by, kindOf(run))
		}
		if len(by) == 0 {
			continue
		}
		if first[by[0]]++; y.cut {
			continue
		}
		slices.Sort(by)
		by = slices.Compact(by)
		for _, kind := range by {
			ever[kind]++
		}
		if len(by) == 1 {
			alone[by[0]]++
		}
	}
	var b strings.Builder
	b.WriteString("| runs with | first | convicted | alone | CPU s |\n|---|--:|--:|--:|--:|\n")
	for kind, name := range mixNames {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %.0f |\n", name, first[kind], ever[kind], alone[kind], spent[kind].Seconds())
	}
	return b.String()
}

// kindOf returns the mix of a run of the default test. Its first seed is 1.
func kindOf(run int) int { return (run + 1) % kindsOfRuns }

func TestYield(t *testing.T) {
	all := []yield{
		{name: "always", runs: 4, found: []int{0, 1, 2, 3}, spent: 100 * time.Millisecond},
		{name: "once", runs: 4, found: []int{2}, spent: 300 * time.Millisecond},
		{name: "never", runs: 4, spent: 400 * time.Millisecond},
		{name: "first", runs: 2, found: []int{1}, cut: true, spent: 200 * time.Millisecond},
	}
	got := summary(all) + fmt.Sprintln(table(all)) + byKind(all, [kindsOfRuns]time.Duration{3: time.Second})
	want := `3 of 4 wrong recipes were convicted. Processor time to the first conviction: median 0.20 s, 90 % within 0.30 s, worst 0.30 s.
[[wrong recipe convicted in first in run of runs with CPU s] [never 0 of 4 – – 0.40] [once 1 of 4 3 expiries 0.30] [first – 2 no faults 0.20] [always 4 of 4 1 crashes 0.10]]
| runs with | first | convicted | alone | CPU s |
|---|--:|--:|--:|--:|
| all faults | 0 | 0 | 0 | 0 |
| crashes | 1 | 1 | 0 | 0 |
| no faults | 1 | 1 | 0 | 0 |
| expiries | 1 | 2 | 1 | 1 |
| all faults, one key | 0 | 1 | 0 | 0 |
| aimed | 0 | 0 | 0 | 0 |
| crashes and early restarts, one key | 0 | 0 | 0 | 0 |
| late writes, one key | 0 | 0 | 0 | 0 |
| aimed, one key | 0 | 0 | 0 | 0 |
| a server that lags | 0 | 0 | 0 | 0 |
`
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := summary(all[2:3]); got != "0 of 1 wrong recipes were convicted.\n" {
		t.Errorf("of none: %q", got)
	}
}
