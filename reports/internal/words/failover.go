package words

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
)

// Bound formats a measured time, or a lower bound as "> 10 s".
func Bound(b measured.Bound) string {
	if b.AtLeast {
		return "> " + prose.Length(b.Time)
	}
	return prose.Length(b.Time)
}

// Failover formats the fail-over of one fault over all clients.
func Failover(f *stats.Fault) string {
	switch {
	case f.NoMajority:
		return "none possible"
	case f.Failover >= 0:
		return prose.Length(f.Failover)
	case f.FailoverAtLeast > 0:
		return Bound(measured.Bound{Time: f.FailoverAtLeast, AtLeast: true})
	}
	return "no client tried"
}

// Affected formats the fail-over of the clients that one fault affected, best to worst.
func Affected(f *stats.Fault) string {
	bounds := make([]measured.Bound, 0, len(f.Affected))
	for _, c := range f.Affected {
		bounds = append(bounds, c.Bound)
	}
	slices.SortFunc(bounds, ByLength)
	switch n := len(bounds); {
	case n == 1:
		return Bound(bounds[0])
	case n > 1:
		return Bound(bounds[0]) + " to " + Bound(bounds[n-1])
	case len(f.Clients) == 0:
		return "no client affected"
	}
	return ""
}

// ByLength orders measured times before equal lower bounds.
func ByLength(a, b measured.Bound) int {
	longest := func(b measured.Bound) time.Duration {
		if b.AtLeast {
			return b.Time + 1
		}
		return b.Time
	}
	return int(longest(a) - longest(b))
}

// HandOvers formats the hand-overs after the holds that one fault ended.
func HandOvers(f *stats.Fault) string {
	var parts []string
	for _, o := range f.HandOvers {
		parts = append(parts, Label(o.Key, 20)+": "+Bound(o.Bound))
	}
	return strings.Join(parts, ", ")
}

// Spread returns "median 1 s, longest > 3 s", or the figure itself if there is only one.
func Spread(s *measured.Spread) string {
	if s.Count == 1 {
		return Bound(s.Median)
	}
	return fmt.Sprintf("median %s, longest %s", Bound(s.Median), Bound(s.Worst))
}

// FailoverSum describes the fail-over after faults of one kind and target. It returns "" if there
// is nothing to tell.
func FailoverSum(k stats.FailoverSum) string {
	var parts []string
	if k.NoMajority > 0 {
		parts = append(parts, "none possible before the heal, no majority of the servers was left")
	}
	if k.All != nil {
		parts = append(parts, Spread(k.All)+withoutSuccess(k.All))
	}
	switch a := k.Affected; {
	case a == nil || k.All != nil && *a == *k.All:
	case a.Count == 1:
		parts = append(parts, "the affected client "+Bound(a.Median))
	default:
		parts = append(parts, fmt.Sprintf("affected clients best %s, median %s, worst %s", Bound(a.Best), Bound(a.Median), Bound(a.Worst)))
	}
	if len(parts) == 0 {
		return ""
	}
	return k.Spec + ": " + strings.Join(parts, "; ")
}

// withoutSuccess counts the faults after which no operation succeeded in time.
func withoutSuccess(s *measured.Spread) string {
	switch {
	case s.Censored == 0:
		return ""
	case s.Count == 1:
		return " (no client had a success before the heal)"
	}
	return fmt.Sprintf(" (no client had a success before the heal of %d of %d)", s.Censored, s.Count)
}

// OutageSum describes the times without service that probes saw. It returns "" if there was no
// probe.
func OutageSum(k stats.FailoverSum) string {
	if k.Outage == nil || k.OutageBest == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s; least affected server %s, most affected server %s", k.Spec,
		Spread(k.Outage), Spread(k.OutageBest), Spread(k.OutageWorst))
}

// HandOverSum describes the hand-over after faults of one kind and target. It returns "" if they
// ended no hold.
func HandOverSum(k stats.FailoverSum) string {
	if k.HandOver == nil {
		return ""
	}
	return k.Spec + ": " + Spread(k.HandOver) + NeverGranted(k.HandOver)
}

// NeverGranted counts the keys that were not granted again.
func NeverGranted(s *measured.Spread) string {
	if s.Censored == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d not granted again)", s.Censored, s.Count)
}
