package stats

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/history"
)

// failovers summarizes faults by kind and target, in order of name.
func failovers(faults []Fault) []FailoverSum {
	groups := map[string][]*Fault{}
	for i := range faults {
		if f := &faults[i]; f.Outcome == history.StepVerified {
			groups[f.name()] = append(groups[f.name()], f)
		}
	}
	sums := make([]FailoverSum, 0, len(groups))
	for name, group := range groups {
		sums = append(sums, sumFailovers(name, group))
	}
	slices.SortFunc(sums, func(a, b FailoverSum) int { return cmp.Compare(a.Spec, b.Spec) })
	return sums
}

func sumFailovers(name string, faults []*Fault) FailoverSum {
	s := FailoverSum{Spec: name, Kind: faults[0].Kind, Verified: len(faults)}
	var all, affected, handOver []Bound
	for _, f := range faults {
		for _, o := range f.HandOvers {
			handOver = append(handOver, o.Bound)
		}
		if f.NoMajority {
			s.NoMajority++
		}
		if !f.Felt {
			continue
		}
		s.Felt++
		switch {
		case f.Failover >= 0:
			all = append(all, Bound{Time: f.Failover})
		case f.FailoverAtLeast > 0:
			all = append(all, Bound{Time: f.FailoverAtLeast, AtLeast: true})
		}
		for _, c := range f.Affected {
			affected = append(affected, c.Bound)
		}
	}
	s.All, s.Affected, s.HandOver = spreadOf(all), spreadOf(affected), spreadOf(handOver)
	return s
}
