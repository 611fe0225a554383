package gotests

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/store"
)

// looked sums up what the runs of one experiment checked, and what they could not check.
type looked struct {
	runs    int
	names   []string       // properties, in order
	decided map[string]int // number of runs that decided each property
	without []checker.NotAvailable
	missing map[checker.NotAvailable]int // number of runs that lacked it
	happens map[string]happened          // by property; measured ones only
	grew    []grew
}

// grew is a group of znodes that grew with the load, as in the first run in which it grew.
type grew struct {
	checker.LeftGroup
	runs int
}

// happened is the number of runs that violated a measured property, and the longest time for which a
// run violated it.
type happened struct {
	runs    int
	longest time.Duration
}

func (l *looked) add(r *store.Result) {
	if l.runs == 0 {
		l.decided, l.missing, l.happens = map[string]int{}, map[checker.NotAvailable]int{}, map[string]happened{}
	}
	l.runs++
	undecided, happens := map[string]bool{}, map[string]bool{}
	var names []string
	for _, v := range r.Verdicts {
		if !slices.Contains(names, v.Property) {
			names = append(names, v.Property)
		}
		undecided[v.Property] = undecided[v.Property] || v.Result == checker.Unknown
		if v.Measured && v.Result == checker.Violation {
			h := l.happens[v.Property]
			if !happens[v.Property] {
				h.runs++
			}
			happens[v.Property] = true
			h.longest = max(h.longest, time.Duration(v.Figures["longest_seconds"]*float64(time.Second)))
			l.happens[v.Property] = h
		}
	}
	for _, name := range names {
		if !slices.Contains(l.names, name) {
			l.names = append(l.names, name)
		}
		if !undecided[name] {
			l.decided[name]++
		}
	}
	for _, n := range r.NotAvailable {
		if n.Kind == "property" {
			if l.missing[n]++; l.missing[n] == 1 {
				l.without = append(l.without, n)
			}
		}
	}
	if r.Leftovers != nil {
		l.addLeft(r.Leftovers)
	}
}

func (l *looked) addLeft(left *checker.Leftovers) {
	for _, g := range left.Groups {
		if !g.Grows {
			continue
		}
		i := slices.IndexFunc(l.grew, func(o grew) bool {
			return o.Pattern == g.Pattern && o.Kind == g.Kind && o.F == g.F && o.Outcome == g.Outcome
		})
		if i < 0 {
			i = len(l.grew)
			l.grew = append(l.grew, grew{LeftGroup: g})
		}
		l.grew[i].runs++
	}
}

// text says how often each property was checked, what was not checked and why, what was measured, and
// what grew with the load, one line each.
func (l *looked) text(recipe string) string {
	var checked, lines []string
	for _, name := range l.names {
		checked = append(checked, fmt.Sprintf("%s in %d", name, l.decided[name]))
	}
	if len(checked) > 0 {
		lines = append(lines, fmt.Sprintf("decided, of %s: %s", prose.Count(l.runs, "run"), strings.Join(checked, ", ")))
	}
	whys := map[string][]string{}
	var order []string
	for _, n := range l.without {
		text := n.Name
		if l.missing[n] < l.runs {
			text += fmt.Sprintf(" (in %s)", prose.Count(l.missing[n], "run"))
		}
		if whys[n.Why] == nil {
			order = append(order, n.Why)
		}
		whys[n.Why] = append(whys[n.Why], text)
	}
	for _, why := range order {
		lines = append(lines, fmt.Sprintf("not checked: %s: %s", prose.List(whys[why], "and"), why))
	}
	for _, name := range l.names {
		if h := l.happens[name]; h.runs > 0 {
			lines = append(lines, l.measured(recipe, name, h))
		}
	}
	for _, g := range l.grew {
		lines = append(lines, fmt.Sprintf("warning, of %d of %s: %s", g.runs, prose.Count(l.runs, "run"), g.Warning()))
	}
	return strings.Join(lines, "\n")
}

// measured says how often a measured property did not hold, for how long at most, and what would prevent it.
func (l *looked) measured(recipe, name string, h happened) string {
	m := checker.Measured(recipe, name)
	what := name + " violated"
	if m != nil {
		what = m.What
	}
	text := fmt.Sprintf("%s in %d of %s", what, h.runs, prose.Count(l.runs, "run"))
	if h.longest > 0 {
		text += fmt.Sprintf(", for %s at most", h.longest.Round(time.Millisecond))
	}
	text += ", which does not fail the test; the promise is: " + checker.Meaning(recipe, name)
	if m != nil && slices.ContainsFunc(l.without, func(n checker.NotAvailable) bool { return n.Name == m.Guard }) {
		text += "; " + m.Unguarded
	}
	return text
}
