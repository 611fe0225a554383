package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/stats"
)

// bound formats a measured time, or a lower bound as "> 10 s".
func bound(b stats.Bound) string {
	if b.AtLeast {
		return "> " + length(b.Time)
	}
	return length(b.Time)
}

// failoverOf formats the fail-over of one fault over all clients.
func failoverOf(f *stats.Fault) string {
	switch {
	case f.NoMajority:
		return "none possible"
	case f.Failover >= 0:
		return length(f.Failover)
	case f.FailoverAtLeast > 0:
		return bound(stats.Bound{Time: f.FailoverAtLeast, AtLeast: true})
	}
	return "no client tried"
}

// affectedOf formats the fail-over of the clients that one fault affected, best to worst.
func affectedOf(f *stats.Fault) string {
	bounds := make([]stats.Bound, 0, len(f.Affected))
	for _, c := range f.Affected {
		bounds = append(bounds, c.Bound)
	}
	slices.SortFunc(bounds, byLength)
	switch n := len(bounds); {
	case n == 1:
		return bound(bounds[0])
	case n > 1:
		return bound(bounds[0]) + " to " + bound(bounds[n-1])
	case len(f.Clients) == 0:
		return "no client affected"
	}
	return ""
}

// byLength orders measured times before equal lower bounds.
func byLength(a, b stats.Bound) int {
	longest := func(b stats.Bound) time.Duration {
		if b.AtLeast {
			return b.Time + 1
		}
		return b.Time
	}
	return int(longest(a) - longest(b))
}

// handOversOf formats the hand-overs after the holds that one fault ended.
func handOversOf(f *stats.Fault) string {
	var parts []string
	for _, o := range f.HandOvers {
		parts = append(parts, label(o.Key, 20)+": "+bound(o.Bound))
	}
	return strings.Join(parts, ", ")
}

// spread returns "median 1 s, longest > 3 s", or the figure itself if there is only one.
func spread(s *stats.Spread) string {
	if s.Count == 1 {
		return bound(s.Median)
	}
	return fmt.Sprintf("median %s, longest %s", bound(s.Median), bound(s.Worst))
}

// failoverWords describes the fail-over after faults of one kind and target. It returns "" if there
// is nothing to tell.
func failoverWords(k stats.FailoverSum) string {
	var parts []string
	if k.NoMajority > 0 {
		parts = append(parts, "none possible before the heal, no majority of the servers was left")
	}
	if k.All != nil {
		parts = append(parts, spread(k.All)+withoutSuccess(k.All))
	}
	switch a := k.Affected; {
	case a == nil || k.All != nil && *a == *k.All:
	case a.Count == 1:
		parts = append(parts, "the affected client "+bound(a.Median))
	default:
		parts = append(parts, fmt.Sprintf("affected clients best %s, median %s, worst %s", bound(a.Best), bound(a.Median), bound(a.Worst)))
	}
	if len(parts) == 0 {
		return ""
	}
	return k.Spec + ": " + strings.Join(parts, "; ")
}

// withoutSuccess counts the faults after which no operation succeeded in time.
func withoutSuccess(s *stats.Spread) string {
	switch {
	case s.Censored == 0:
		return ""
	case s.Count == 1:
		return " (no client had a success before the heal)"
	}
	return fmt.Sprintf(" (no client had a success before the heal of %d of %d)", s.Censored, s.Count)
}

// outageWords describes the times without service that probes saw. It returns "" if there was no
// probe.
func outageWords(k stats.FailoverSum) string {
	if k.Outage == nil || k.OutageBest == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s; least affected server %s, most affected server %s", k.Spec,
		spread(k.Outage), spread(k.OutageBest), spread(k.OutageWorst))
}

// handOverWords describes the hand-over after faults of one kind and target. It returns "" if they
// ended no hold.
func handOverWords(k stats.FailoverSum) string {
	if k.HandOver == nil {
		return ""
	}
	return k.Spec + ": " + spread(k.HandOver) + neverGranted(k.HandOver)
}

// neverGranted counts the keys that were not granted again.
func neverGranted(s *stats.Spread) string {
	if s.Censored == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d not granted again)", s.Censored, s.Count)
}
