package stats

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/entry"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// consequences holds the consequences of the verified faults of one kind and target.
type consequences struct {
	kind                       string
	verified, felt, noMajority int
	all, affected, handOvers   []measured.Bound // all and affected of felt faults only
	outage, best, worst        []measured.Bound
	phases                     samples.Phases // of felt faults
}

// consequencesOf groups verified faults by kind and target.
func consequencesOf(faults []Fault) map[string]*consequences {
	var groups map[string]*consequences
	for i := range faults {
		f := &faults[i]
		if f.Outcome != history.StepVerified {
			continue
		}
		c := entry.Of(&groups, f.name())
		c.kind = f.Kind
		c.verified++
		if f.NoMajority {
			c.noMajority++
		}
		all, affected, handOvers := f.Bounds()
		c.handOvers = append(c.handOvers, handOvers...)
		outage, best, worst := f.Outage()
		c.outage, c.best, c.worst = appended(c.outage, outage), appended(c.best, best), appended(c.worst, worst)
		if f.Felt {
			c.felt++
			c.phases.Merge(f.phases())
			c.all, c.affected = append(c.all, all...), append(c.affected, affected...)
		}
	}
	return groups
}

// appended appends a bound, unless it is nil.
func appended(to []measured.Bound, b *measured.Bound) []measured.Bound {
	if b == nil {
		return to
	}
	return append(to, *b)
}

// failovers summarizes the consequences of faults, in order of name.
func failovers(groups map[string]*consequences) []FailoverSum {
	sums := make([]FailoverSum, 0, len(groups))
	for name, c := range groups {
		sums = append(sums, FailoverSum{
			Spec: name, Kind: c.kind, Verified: c.verified, Felt: c.felt, NoMajority: c.noMajority,
			All: measured.SpreadOf(c.all), Affected: measured.SpreadOf(c.affected), HandOver: measured.SpreadOf(c.handOvers),
			Outage: measured.SpreadOf(c.outage), OutageBest: measured.SpreadOf(c.best), OutageWorst: measured.SpreadOf(c.worst),
		})
	}
	slices.SortFunc(sums, func(a, b FailoverSum) int { return cmp.Compare(a.Spec, b.Spec) })
	return sums
}
