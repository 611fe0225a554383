package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/measured"
)

// Writes lists the writes of one probe, in the order in which they were due.
type Writes struct {
	Server int
	Every  time.Duration // from one write to the next
	Points []ProbePoint
}

// ProbePoint is one write of a probe.
type ProbePoint struct {
	At      time.Duration // when it was due, since the run began
	Latency time.Duration // from then until it ended
	OK      bool
}

// Probes returns the writes of each probe, in order of server. It returns nil for a run without
// probes.
func Probes(h *history.History) []Writes {
	var all []Writes
	for _, e := range h.Facts() {
		p, ok := decoded[history.Probe](e, history.FProbe)
		if !ok {
			continue
		}
		at := slices.IndexFunc(all, func(w Writes) bool { return w.Server == p.Server })
		if at < 0 {
			at = len(all)
			all = append(all, Writes{Server: p.Server, Every: p.Every})
		}
		for i, took := range p.Took {
			d, ok := time.Duration(took)*time.Microsecond, took > 0
			if !ok {
				d = -d
			}
			all[at].Points = append(all[at].Points, ProbePoint{At: p.From + time.Duration(i)*p.Every, Latency: d, OK: ok})
		}
	}
	for _, w := range all {
		slices.SortFunc(w.Points, func(a, b ProbePoint) int { return cmp.Compare(a.At, b.At) })
	}
	slices.SortFunc(all, func(a, b Writes) int { return a.Server - b.Server })
	return all
}

// measureOutages adds to each verified fault the times without service.
func measureOutages(faults []Fault, h *history.History, probes []Writes) {
	if len(probes) == 0 {
		return
	}
	ended, successes := make([]time.Duration, len(probes)), make([][]time.Duration, len(probes))
	for i := range probes {
		ended[i], successes[i] = probes[i].ended(), probes[i].successes()
	}
	for i := range faults {
		f := &faults[i]
		if f.Outcome != history.StepVerified {
			continue
		}
		until, over := f.censored(End(h)), lasted(f, h)
		for j, w := range probes {
			if b, ok := longestGap(successes[j], Span{From: f.Injected, Until: min(until, ended[j])}, over); ok {
				f.Outages = append(f.Outages, Outage{Server: w.Server, Bound: b})
			}
		}
	}
}

// ended returns when the last write ended.
func (w *Writes) ended() (last time.Duration) {
	for _, p := range w.Points {
		last = max(last, p.At+p.Latency)
	}
	return last
}

// successes returns when writes succeeded, rising.
func (w *Writes) successes() []time.Duration {
	var at []time.Duration
	for _, p := range w.Points {
		if p.OK {
			at = append(at, p.At+p.Latency)
		}
	}
	slices.Sort(at)
	return at
}

// longestGap returns the longest time between successes that begins in the span, and before the
// fault was over. The first gap counts from the beginning of the span. ok is false for an empty
// span.
func longestGap(successes []time.Duration, in Span, over time.Duration) (longest measured.Bound, ok bool) {
	if in.Length() <= 0 {
		return measured.Bound{}, false
	}
	from := in.From
	for i := after(successes, from); from == in.From || from < min(in.Until, over); i++ {
		gap := measured.Bound{Time: in.Until - from, AtLeast: true}
		if i < len(successes) && successes[i] <= in.Until {
			gap = measured.Bound{Time: successes[i] - from}
		}
		if measured.Compare(gap, longest) > 0 {
			longest = gap
		}
		if gap.AtLeast {
			break
		}
		from = successes[i]
	}
	return longest, true
}
