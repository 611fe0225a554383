package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
)

// Letter names a group in tables: A for the first.
func Letter(i int) string {
	const letters = 26
	if i < letters {
		return string(rune('A' + i))
	}
	return fmt.Sprint("G", i+1)
}

// warn adds warnings about what limits the comparison.
func (c *Comparison) warn() {
	for i, g := range c.Groups {
		for _, source := range g.going {
			c.warnf("%s: %s still has seeds to run", Letter(i), source)
		}
	}
	c.warnOfFaults()
	for i, g := range c.Groups {
		if g.open != "" {
			c.warnf("%s: %d of %s undecided, such as %s", Letter(i), g.Unknown, prose.Count(g.Runs, "run"), g.open)
		}
	}
	c.warnOfUnits()
	c.warnOfPower()
	for _, d := range c.Differences {
		c.Warnings = append(c.Warnings, d.text())
	}
}

func (c *Comparison) warnf(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// warnOfFaults names the faults that were asked for and took effect in no run of a group.
func (c *Comparison) warnOfFaults() {
	for i, g := range c.Groups {
		for _, text := range slices.Compact(slices.Sorted(slices.Values(g.noEffect))) {
			c.warnf("%s: faults %s", Letter(i), text)
		}
	}
}

// warnOfUnits names the rows that have no test, or one with faults as its unit.
func (c *Comparison) warnOfUnits() {
	var rare, untested, byFault []string
	enough := !slices.ContainsFunc(c.Groups, func(g *Group) bool { return g.Runs < needed })
	for _, r := range c.Rows {
		switch tested := slices.ContainsFunc(r.Cells, func(cell Cell) bool { return cell.Change != nil }); {
		case !tested && enough:
			rare = append(rare, r.Name)
		case !tested:
			untested = append(untested, r.Name)
		case r.Unit == ByFault:
			byFault = append(byFault, r.Name)
		}
	}
	var runs []string
	for _, g := range c.Groups {
		runs = append(runs, strconv.Itoa(g.Runs))
	}
	if len(untested) > 0 {
		c.warnf("too few runs, so no p-value for %s: %s, and there are %s",
			some(untested), advice.RunsEach.Text(needed), InGroups(runs))
	}
	if len(rare) > 0 {
		c.warnf("too few samples, so no p-value for %s: a test needs %d runs in each group that have such times, and for a p99 %d of them each", some(rare), needed, perRun(0.99))
	}
	if len(byFault) > 0 {
		c.warnf("too few runs (%s): the test of %s takes faults for independent, also those of one run", InGroups(runs), some(byFault))
	}
}

// some lists the first of many names.
func some(names []string) string {
	const most = 6
	if more := len(names) - most; more > 0 {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("%d more", more))
	}
	return prose.List(names, "and")
}

// warnOfPower warns that no difference could be found, however large.
func (c *Comparison) warnOfPower() {
	var weak []string
	for _, r := range c.Rows {
		for _, cell := range r.Cells {
			if cell.Change != nil && r.Unit.leastP(r.Cells[0].N, cell.N)*float64(c.Tests) >= Alpha {
				weak = append(weak, r.Name)
			}
		}
	}
	if len(weak) > 0 {
		c.warnf("too few samples: with %s, no difference in %s can be found, however large; %d in each group are enough",
			prose.Count(c.Tests, "test"), some(slices.Compact(weak)), c.Enough())
	}
}

// Enough returns the number of measurements that each group needs so that a test can find a large difference.
func (c *Comparison) Enough() int {
	least, unit := needed, ByRun
	if slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Unit == BySeed }) {
		unit = BySeed
	}
	for unit.leastP(least, least)*float64(c.Tests) >= Alpha {
		least++
	}
	return least
}

// Powerful reports whether some test could find a large difference.
func (c *Comparison) Powerful() bool {
	return slices.ContainsFunc(c.Rows, func(r Row) bool {
		return slices.ContainsFunc(r.Cells, func(cell Cell) bool {
			return cell.Change != nil && r.Unit.leastP(r.Cells[0].N, cell.N)*float64(c.Tests) < Alpha
		})
	})
}

// text describes the difference.
func (d Difference) text() string {
	return fmt.Sprintf("groups differ in %s: %s", d.Name, InGroups(d.Values))
}

// InGroups says in which groups each value is, given a value for each group: "2s in A and C; 4s in B".
func InGroups(values []string) string {
	var distinct []string
	groups := map[string][]string{}
	for i, v := range values {
		if groups[v] == nil {
			distinct = append(distinct, v)
		}
		groups[v] = append(groups[v], Letter(i))
	}
	var parts []string
	for _, v := range distinct {
		parts = append(parts, v+" in "+prose.List(groups[v], "and"))
	}
	if len(distinct) == len(values) {
		return strings.Join(parts, ", ")
	}
	return strings.Join(parts, "; ")
}
