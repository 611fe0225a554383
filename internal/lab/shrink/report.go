package shrink

import (
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Report is the outcome of shrinking.
type Report struct {
	Shrunk   store.Experiment // the smallest experiment
	From, To Size
	Runs     int // the number of all runs
	NotRun   int // how many runs could not be made, and why the last of these could not
	Last     error
	Ended    End
	Mattered []Mattered
	Untold   int // how many remaining faults there was no time to leave out
	Took     time.Duration
}

// End is why nothing more was tried; "" means that nothing more can be left out.
type End string

// The reasons to end earlier.
const (
	Interrupted End = "it was interrupted"
	TimeIsUp    End = "its time was up"
	RunsAreUp   End = "its limit of runs was reached"
)

// Size describes how large a run is.
type Size struct {
	Faults   int           `json:"faults"`
	Clients  int           `json:"clients"`
	Arrivals int           `json:"arrivals"` // at which clients begin something
	Keys     int           `json:"keys"`
	Servers  int           `json:"servers"`
	Length   time.Duration `json:"length"` // of the load, in nanoseconds
}

func sizeOf(x store.Experiment, begun []workloads.Arrival) Size {
	return Size{Faults: len(x.Schedule), Clients: x.Clients, Arrivals: len(begun), Keys: x.Keys, Servers: x.Nodes, Length: x.TimeLimit}
}

// String returns the size in words.
func (s Size) String() string {
	calls := prose.Count(s.Arrivals, "call")
	if s.Arrivals == 0 { // "0 calls" would look as if clients had done nothing
		calls = "no calls but those after the load"
	}
	return fmt.Sprintf("%s, %s, %s, %s, %s, %s", prose.Count(s.Faults, "fault"), prose.Count(s.Clients, "client"),
		calls, prose.Count(s.Keys, "key"), prose.Count(s.Servers, "server"), s.Length)
}

// Mattered is the outcome of the smallest run without one of its steps.
type Mattered struct {
	Step   int // from 1
	Causes []sweep.Cause
	Same   bool // the violation remains
	NotRun bool
}

// What describes the outcome, given the property that the smallest run violates.
func (m Mattered) What(property string) string {
	switch {
	case m.NotRun:
		return "it could not be run"
	case m.Same:
		return "the violation remains"
	case len(m.Causes) == 0:
		return "every promise is kept"
	}
	var names []string
	for _, c := range m.Causes {
		if !slices.Contains(names, c.Property) {
			names = append(names, c.Property)
		}
	}
	if len(names) == 1 && names[0] == property {
		return property + " is violated in another way"
	}
	return "another thing is wrong: " + prose.List(names, "and")
}

// whatMattered runs the smallest experiment without each of its steps, as long as there is time. These runs do not
// count against the bound of runs: they are few, and they explain the result.
func (s *shrinker) whatMattered() {
	s.doing = "what mattered"
	for i := range s.best.Schedule {
		if s.ctx.Err() != nil {
			return
		}
		if s.timeIsUp(0) {
			s.report.Untold = len(s.best.Schedule) - i
			return
		}
		x := s.with(func(x *store.Experiment) {
			x.Schedule = slices.Concat(x.Schedule[:i], x.Schedule[i+1:])
		})
		if m, ok := s.without(x); ok {
			m.Step = i + 1
			s.report.Mattered = append(s.report.Mattered, m)
		}
	}
}

// without runs an experiment that lacks one step of the smallest experiment, up to Times times, until
// it fails.
func (s *shrinker) without(x store.Experiment) (m Mattered, ok bool) {
	m.NotRun = true
	for range s.Times { // all of them even if the time is up: fewer would tell less of a fault than of the others
		o, err := s.Run(s.ctx, x)
		s.report.Runs++
		if s.ctx.Err() != nil {
			return m, false
		}
		if err != nil {
			continue
		}
		call(o.Drop)
		m.NotRun, m.Causes = false, append(m.Causes, o.Causes...)
		s.tell(x, false)
		if m.Same = slices.ContainsFunc(o.Causes, s.Cause.Covers); m.Same {
			break
		}
	}
	return m, true
}
