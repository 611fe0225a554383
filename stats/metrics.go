package stats

import (
	"maps"
	"slices"
	"strings"
)

// Metric is a figure of samples that a [Gate] can bound and that groups of runs are compared by. It
// has either Times or Share.
type Metric struct {
	Name string
	// About says in a few words what is measured.
	About string
	// Split says what its parts are: "operation", "fault" or "".
	Split string
	// Whole says what the metric is without a part in parentheses.
	Whole Whole
	// Times returns the times of a part, "" for the whole; nil if there are none.
	Times func(s *Samples, part string) *Times
	// Share returns how many of all operations count.
	Share func(s *Samples, part string) (some, all int)
}

// What a metric is split by.
const (
	byOperation = "operation"
	byFault     = "fault"
)

// Whole says what a metric is without a part.
type Whole int

// Values of Metric.Whole.
const (
	NoWhole Whole = iota // it always has a part
	Sum                  // all parts together
	Apart                // something that is in no part
)

// Latency is the metric of a gate that begins with the name of an operation.
const Latency = "latency"

// Metrics are all metrics. A new one is a line here.
var Metrics = []Metric{
	{Latency, "from the intended start of an operation to its end, of those with outcome ok", byOperation, NoWhole, latencyTimes, nil},
	{"failover", "from the effect of a fault to the next success that needed a majority of the servers", byFault, Sum, faultTimes(func(f *FaultSamples) *Times { return f.Failovers }), nil},
	{"handover", "from the end of a hold to the next grant: of holds that a fault ended, or that no fault ended", byFault, Apart, handOverTimes, nil},
	{"errors", "the share of operations whose outcome is not ok", byOperation, Sum, nil, errorShare},
}

// MetricNamed returns the metric of a name; nil if there is none.
func MetricNamed(name string) *Metric {
	if i := slices.IndexFunc(Metrics, func(m Metric) bool { return m.Name == name }); i >= 0 {
		return &Metrics[i]
	}
	return nil
}

// Parts returns the parts of the metric that samples have, in order of name. "" is one of them if
// the metric has no parts, or is [Apart]. s may be nil.
func (m *Metric) Parts(s *Samples) (parts []string) {
	if s == nil {
		return nil
	}
	switch m.Split {
	case byOperation:
		parts = slices.Sorted(maps.Keys(s.Operations))
	case byFault:
		parts = slices.Sorted(maps.Keys(s.Faults))
	}
	if m.Whole == Apart || m.Split == "" {
		parts = append([]string{""}, parts...)
	}
	return parts
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

func latencyTimes(s *Samples, operation string) *Times {
	if o := s.Operations[operation]; o != nil {
		return o.Latency
	}
	return nil
}

// faultTimes adds up the times after the faults of a part: all, a kind (kill), or a kind with its
// target (kill:leader).
func faultTimes(of func(*FaultSamples) *Times) func(*Samples, string) *Times {
	return func(s *Samples, part string) (sum *Times) {
		for name, f := range s.Faults {
			if part == "" || name == part || strings.HasPrefix(name, part+":") {
				merge(&sum, of(f))
			}
		}
		return sum
	}
}

var faultHandOvers = faultTimes(func(f *FaultSamples) *Times { return f.HandOvers })

func handOverTimes(s *Samples, part string) *Times {
	if part == "" {
		return s.HandOvers
	}
	return faultHandOvers(s, part)
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

// probe is the measure of the probe's writes.
const probe = "probe"

// finer are times that are no metrics of their own: gates and comparisons do without them.
var finer = []Metric{
	{"affected", "from the effect of a fault to the next success of a client that it affected", byFault, Sum, faultTimes(func(f *FaultSamples) *Times { return f.Affected }), nil},
	{"elected", "from the effect of a fault until a new leader was seen", byFault, Sum, faultTimes(func(f *FaultSamples) *Times {
		if f.Phases == nil {
			return nil
		}
		return f.Phases.Elected
	}), nil},
	{"outage", "without service during a fault, as the probe saw it that uses all servers", byFault, Sum, faultTimes(func(f *FaultSamples) *Times { return f.Outages }), nil},
	{"outage_best", "the shortest time without service that a probe of one server saw during a fault", byFault, Sum, faultTimes(func(f *FaultSamples) *Times { return f.OutagesBest }), nil},
	{"outage_worst", "the longest time without service that a probe of one server saw during a fault", byFault, Sum, faultTimes(func(f *FaultSamples) *Times { return f.OutagesWorst }), nil},
	{probe, "from when a write of the probe was due to its end, of those with outcome ok", "", Sum, func(s *Samples, _ string) *Times {
		if s.Probe == nil {
			return nil
		}
		return s.Probe.Latency
	}, nil},
}

// Latencies returns the measures that have no lower bounds: the latencies of operations, and of the
// probe's writes.
func Latencies() []Metric {
	return slices.DeleteFunc(Measures(), func(m Metric) bool { return m.Name != Latency && m.Name != probe })
}

// Measures returns everything whose times samples have: the metrics with times, and those that neither
// gates nor comparisons use.
func Measures() []Metric {
	return append(slices.DeleteFunc(slices.Clone(Metrics), func(m Metric) bool { return m.Times == nil }), finer...)
}
