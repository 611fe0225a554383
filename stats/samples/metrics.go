package samples

import (
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/stats/measured"
)

// Metric is a figure of samples that a gate can bound and that groups of runs are compared by: times,
// a share or a ratio. [Metric.Timed] reports whether it has times.
type Metric struct {
	Name string
	// About says in a few words what is measured.
	About string
	// Split says what its parts are: "operation", "fault" or "".
	Split string
	// Whole says what the metric means without a part in parentheses.
	Whole Whole
	// OnePerFault means that each fault has at most one time, so that the times are independent.
	OnePerFault bool
	// Probed reports whether only runs with a probe measure the metric.
	Probed bool
	// Share returns how many of all operations count; nil if the metric is no share.
	Share func(s *Samples, part string) (some, all int)
	// Ratio returns how many events there were for each operation; nil if the metric is no ratio.
	Ratio func(s *Samples) Ratio

	ofFault func(*Fault) *measured.Times                  // the times of a kind and target of faults
	of      func(s *Samples, part string) *measured.Times // the times of another part
}

// Values of Metric.Split.
const (
	ByOperation = "operation"
	ByFault     = "fault"
)

// Whole says what a metric means without a part.
type Whole int

// Values of Metric.Whole.
const (
	NoWhole Whole = iota // it always has a part
	Sum                  // all parts together
	Apart                // the whole is something that is in no part
)

// Latency is the metric of a gate that begins with the name of an operation.
const Latency = "latency"

// Metrics lists all metrics. A new one is an entry here.
var Metrics = []Metric{
	{
		Name: Latency, About: "from the intended start of an operation to its end, of those with outcome ok", Split: ByOperation,
		of: func(s *Samples, operation string) *measured.Times {
			if o := s.Operations[operation]; o != nil {
				return o.Latency
			}
			return nil
		},
	},
	{
		Name: "failover", About: "from the effect of a fault to the next success that needed a majority of the servers", Split: ByFault, Whole: Sum,
		OnePerFault: true, ofFault: func(f *Fault) *measured.Times { return f.Failovers },
	},
	{
		Name: "outage", About: "without service during a fault, as the probe saw it that uses all servers", Split: ByFault, Whole: Sum,
		OnePerFault: true, Probed: true, ofFault: func(f *Fault) *measured.Times { return f.Outages },
	},
	{
		Name: "handover", About: "from the end of a hold to the next grant; holds that a fault ended count apart", Split: ByFault, Whole: Apart,
		ofFault: func(f *Fault) *measured.Times { return f.HandOvers },
		of:      func(s *Samples, _ string) *measured.Times { return s.HandOvers },
	},
	{Name: "errors", About: "the share of operations whose outcome is not ok", Split: ByOperation, Whole: Sum, Share: errorShare},
	{Name: "herd", About: "watch events per release or, of objects that clients do not hold, per write", Whole: Sum, Ratio: herdRatio},
}

// probe is the name of the measure of the probe's writes.
const probe = "probe"

// finer lists times that are not metrics: gates and comparisons do not use them.
var finer = []Metric{
	{
		Name: "affected", About: "from the effect of a fault to the next success of a client that it affected", Split: ByFault, Whole: Sum,
		ofFault: func(f *Fault) *measured.Times { return f.Affected },
	},
	{
		Name: "elected", About: "from the effect of a fault until a new leader was seen", Split: ByFault, Whole: Sum,
		ofFault: func(f *Fault) *measured.Times {
			if f.Phases == nil {
				return nil
			}
			return f.Phases.Elected
		},
	},
	{
		Name: "outage_best", About: "the shortest time without service that a probe of one server saw during a fault", Split: ByFault, Whole: Sum,
		ofFault: func(f *Fault) *measured.Times { return f.OutagesBest },
	},
	{
		Name: "outage_worst", About: "the longest time without service that a probe of one server saw during a fault", Split: ByFault, Whole: Sum,
		ofFault: func(f *Fault) *measured.Times { return f.OutagesWorst },
	},
	{
		Name: "belief", About: "while two clients believed that they held one key", Whole: Sum,
		of: func(s *Samples, _ string) *measured.Times { return s.BeliefWindows },
	},
	{
		Name: probe, About: "from when a write of the probe was due to its end, of those with outcome ok", Whole: Sum,
		of: func(s *Samples, _ string) *measured.Times {
			if s.Probe == nil {
				return nil
			}
			return s.Probe.Latency
		},
	},
}

// MetricNamed returns the metric of a name; nil if there is none.
func MetricNamed(name string) *Metric { return named(Metrics, name) }

// MeasureNamed returns one of [Measures]; nil if there is none of that name.
func MeasureNamed(name string) *Metric { return named(Measures(), name) }

func named(all []Metric, name string) *Metric {
	if i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Latencies returns the measures that have no lower bounds: the latencies of operations, and of the
// probe's writes.
func Latencies() []Metric {
	return slices.DeleteFunc(Measures(), func(m Metric) bool { return m.Name != Latency && m.Name != probe })
}

// Measures returns everything for which samples have times: the metrics with times, and those that
// neither gates nor comparisons use.
func Measures() []Metric {
	return append(slices.DeleteFunc(slices.Clone(Metrics), func(m Metric) bool { return !m.Timed() }), finer...)
}

// Timed reports whether the metric has times, rather than a share or a ratio.
func (m *Metric) Timed() bool { return m.Share == nil && m.Ratio == nil }

// Parts returns the parts of the metric that samples have, in order of name. "" is one of them if
// the metric has no parts, or is [Apart]. s may be nil.
func (m *Metric) Parts(s *Samples) (parts []string) {
	if s == nil {
		return nil
	}
	switch m.Split {
	case ByOperation:
		parts = slices.Sorted(maps.Keys(s.Operations))
	case ByFault:
		parts = slices.Sorted(maps.Keys(s.Faults))
	}
	if m.Whole == Apart || m.Split == "" {
		parts = append([]string{""}, parts...)
	}
	return parts
}

// Of returns the times of exactly one of the metric's Parts; nil if there are none.
func (m *Metric) Of(s *Samples, part string) *measured.Times {
	if f := s.Faults[part]; f != nil && m.ofFault != nil {
		return m.ofFault(f)
	}
	if m.of != nil && (part == "" || m.Split != ByFault) {
		return m.of(s, part)
	}
	return nil
}

// Times returns the times of a part as a gate names it, "" for the whole. A kind of faults (kill)
// includes the times of all its targets (kill:leader). It returns nil if there are none.
func (m *Metric) Times(s *Samples, part string) (sum *measured.Times) {
	if m.ofFault == nil || part == "" && m.Whole == Apart {
		return m.Of(s, part)
	}
	for name := range s.Faults {
		if ofPart(name, part) {
			merge(&sum, m.Of(s, name))
		}
	}
	return sum
}

// Verified counts the verified faults of a part, as a gate names it. ofFaults is false if no fault leads to
// the times of the part.
func (m *Metric) Verified(s *Samples, part string) (verified int, ofFaults bool) {
	if m.ofFault == nil || part == "" && m.Whole == Apart {
		return 0, false
	}
	for name, f := range s.Faults {
		if ofPart(name, part) {
			verified += f.Verified
		}
	}
	return verified, true
}

// ofPart reports whether a kind and target of faults, such as kill:leader, belongs to a part as a gate names it.
func ofPart(fault, part string) bool {
	return part == "" || fault == part || strings.HasPrefix(fault, part+":")
}

// Title returns the metric with a part as gates write it: acquire, failover(kill:leader).
func (m *Metric) Title(part string) string {
	switch {
	case m.Name == Latency:
		return part
	case part == "":
		return m.Name
	}
	return m.Name + "(" + part + ")"
}

func errorShare(s *Samples, operation string) (failed, all int) {
	for name, o := range s.Operations {
		if operation == "" || operation == name {
			failed += o.Fail + o.Info
			all += o.OK + o.Fail + o.Info
		}
	}
	return failed, all
}

// Ratio is a number of events for each of some operations.
type Ratio struct {
	Events     int
	Operations int
	// Telling is the number of the operations that can have caused events for other clients. Without
	// such operations, a low ratio says nothing.
	Telling int
	// What is an operation in words, such as "release".
	What string
}

// Value returns the events per operation; 0 without operations.
func (r Ratio) Value() float64 { return float64(r.Events) / float64(max(r.Operations, 1)) }

// herdRatio returns the ratio of watch events to releases or writes. Of releases, only those while
// another client held the key or waited for it are telling.
func herdRatio(s *Samples) Ratio {
	if s.Cost == nil || s.Cost.Herd == nil {
		return Ratio{What: Releases}
	}
	h := s.Cost.Herd
	r := Ratio{Events: h.Events, Operations: h.OK, Telling: h.OK, What: h.Of}
	if h.Of == Releases {
		r.Telling = 0
		for _, p := range h.ByContenders {
			if p.Contenders > 1 {
				r.Telling += p.OK
			}
		}
	}
	return r
}
