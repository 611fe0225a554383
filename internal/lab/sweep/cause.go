package sweep

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/stats"
)

// Cause is what the violations of one finding have in common.
type Cause struct {
	Property string `json:"property"`
	// Shape describes the counterexample without numbers, keys and times: what each client in it
	// did, in order. Clients that did the same appear once. The order between clients is left out,
	// since it differs from run to run.
	Shape string `json:"shape"`
	// Faults lists the kinds of faults that hit a client of the counterexample within its time. If
	// there are more than a few kinds, none of them explains much, and Faults is only [ManyKinds].
	Faults []string `json:"faults,omitempty"`
	// Measured means that the property is only measured, and does not decide the verdict.
	Measured bool `json:"measured,omitempty"`
	// Errors are the sorts of errors in the counterexample. They do not distinguish findings of a
	// sweep; see Covers.
	Errors []string `json:"-"`
	// Told says in a sentence what happened in the run whose cause it is.
	Told string `json:"-"`
}

// ManyKinds replaces the kinds of faults if there are more than mostKinds.
const ManyKinds = "several kinds"

const mostKinds = 2

// Key returns a text that differs between causes.
func (c Cause) Key() string { return c.Property + "\n" + c.Shape + "\n" + strings.Join(c.Faults, ",") }

// causesOfRun finds the causes of the violations of one run.
type causesOfRun struct {
	h       *history.History
	windows []coverage.Window // read when they are first asked for
	read    bool
}

// of returns the shape of a counterexample, and the kinds of the faults in it.
func (c *causesOfRun) of(v checker.Verdict) (shape string, faults []string) {
	events := c.events(v.Counterexample)
	if len(events) == 0 {
		return "no events", nil
	}
	return shapeOf(c.h, events), c.faults(events)
}

// events returns the events of a counterexample, in order.
func (c *causesOfRun) events(counterexample []int) (events []*history.Event) {
	for _, i := range slices.Sorted(slices.Values(counterexample)) {
		if i >= 0 && i < len(c.h.Events) && c.h.Events[i].Index == i {
			events = append(events, &c.h.Events[i])
		}
	}
	return events
}

// Bounds of a shape: a large counterexample is described only by its beginning.
const (
	mostSteps   = 8
	mostClients = 6
)

// shapeOf describes what each client did.
func shapeOf(h *history.History, events []*history.Event) string {
	did := map[int][]string{}
	told := map[*history.Operation]bool{}
	for _, e := range events {
		text := fact(e)
		if op := h.OperationAt(e.Index); op != nil {
			if told[op] {
				continue
			}
			told[op] = true
			text = op.F + " " + outcome(op)
		}
		steps := did[e.Client]
		switch n := len(steps); {
		case n > 0 && strings.TrimSuffix(steps[n-1], again) == text:
			steps[n-1] = text + again
		case n < mostSteps:
			did[e.Client] = append(steps, text)
		}
	}
	return joinClients(did)
}

// fact describes an event that belongs to no operation, and the sort of message if it went over the
// wire.
func fact(e *history.Event) string {
	var of struct {
		Op   string `json:"op"`   // of a request
		Type string `json:"type"` // of a watch event
	}
	if e.F == history.FRequest || e.F == history.FEvent {
		_ = e.Decode(&of)
	}
	return strings.TrimSpace(e.F + " " + of.Op + of.Type)
}

const (
	again          = " again"
	betweenSteps   = ", "
	betweenClients = " | "
)

// joinClients joins what clients did, and names equal behaviour only once.
func joinClients(did map[int][]string) string {
	var all []string
	for client, steps := range did {
		text := strings.Join(steps, betweenSteps)
		if client < 0 {
			text = "harness: " + text
		}
		all = append(all, text)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > mostClients {
		all = append(all[:mostClients], "others")
	}
	return strings.Join(all, betweenClients)
}

// outcome returns ok, fail, info, or open for an operation that never returned.
func outcome(op *history.Operation) string {
	if op.Return == nil {
		return "open"
	}
	return string(op.Return.Type)
}

// faults returns the kinds of faults that hit a client of the counterexample within its time.
func (c *causesOfRun) faults(events []*history.Event) (kinds []string) {
	if !c.read {
		c.windows, c.read = coverage.Windows(c.h), true
	}
	span := stats.Span{From: events[0].Time, Until: events[len(events)-1].Time}
	for _, e := range events {
		for i := range c.windows {
			w := &c.windows[i]
			if w.From <= span.Until && span.From <= w.Until && w.Hits(e.Client) && !slices.Contains(kinds, w.Kind) {
				kinds = append(kinds, w.Kind)
			}
		}
	}
	if len(kinds) > mostKinds {
		return []string{ManyKinds}
	}
	slices.Sort(kinds)
	return kinds
}
