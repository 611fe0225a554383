package sweep

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
)

// Asked lists the faults that the user asked for. Each must take effect in some run, and in one of these runs an
// operation of the load must succeed after that. A run is judged only by what happened in it, so without this nothing
// would show that a fault never took effect, or that nothing could go wrong any more after it did. If Asked lists no
// faults, no effect is required; but if some fault took effect, an operation must succeed after one.
type Asked struct {
	Faults []plan.Asked `json:"faults"`
	// Load is how long a run lasts; 0 if the seeds draw the times of faults.
	Load time.Duration `json:"load,omitempty"`
}

// AskedOf returns what a schedule asks for, given the length of the loads. drawn means that the seeds draw
// the times of faults.
func AskedOf(s plan.Schedule, load time.Duration, drawn bool) *Asked {
	if len(s) == 0 {
		return nil
	}
	if drawn {
		load = 0
	}
	return &Asked{Faults: s.Asked(), Load: load}
}

// Never returns the faults that took effect in no run, each with a sentence that says why. took has
// the counts of faults of each kind.
func (a *Asked) Never(took []FaultCount) (never []NeverTook) {
	if a == nil {
		return nil
	}
	for _, f := range a.Faults {
		var sum FaultCount
		for _, t := range took {
			if t.Kind == f.Kind || f.Kind == "" {
				sum.Scheduled, sum.Verified = sum.Scheduled+t.Scheduled, sum.Verified+t.Verified
				if t.WhyNot != "" {
					sum.WhyNot = t.WhyNot
				}
			}
		}
		if sum.Verified == 0 {
			never = append(never, NeverTook{f.Fault, f.Kind, a.why(f, sum)})
		}
	}
	return never
}

// Unanswered returns the faults that took effect and after which clients called operations of the load, or waited in them,
// and none succeeded in any run. took has the counts of faults of each kind.
func (a *Asked) Unanswered(took []FaultCount) (names []string) {
	if a == nil {
		return nil
	}
	asked := a.Faults
	if len(asked) == 0 {
		asked = []plan.Asked{{Fault: "the faults"}}
	}
	for _, f := range asked {
		var sum FaultCount
		for _, t := range took {
			if t.Kind == f.Kind || f.Kind == "" {
				sum.Unanswered, sum.Answered = sum.Unanswered+t.Unanswered, sum.Answered+t.Answered
			}
		}
		if sum.unanswered() && !slices.Contains(names, f.Fault) {
			names = append(names, f.Fault)
		}
	}
	return names
}

// Unseen says, in sentences without full stops, which faults had no effect in any run, and after which faults
// no client got an answer. It returns "" if there is nothing.
func (a *Asked) Unseen(took []FaultCount) string {
	var texts []string
	for _, n := range a.Never(took) {
		texts = append(texts, n.String())
	}
	if silent := a.Unanswered(took); len(silent) > 0 {
		texts = append(texts, NoAnswer(silent))
	}
	return strings.Join(texts, "; ")
}

// NoAnswer returns a sentence about faults after which nothing could go wrong, given their names.
func NoAnswer(faults []string) string {
	return fmt.Sprintf("no operation of the load succeeded in any run from when %s took effect to the end of the load: nothing could have gone wrong any more", prose.List(faults, "or"))
}

// FaultsText returns a fault expression for people, with a note on the faults that took effect in no run or, if there
// are none, on those after which no client got an answer.
func FaultsText(expression string, took []FaultCount) string {
	s, err := plan.Parse(expression, time.Second)
	var names []string
	for _, n := range AskedOf(s, 0, true).Never(took) {
		names = append(names, n.Fault)
	}
	silent := AskedOf(s, 0, true).Unanswered(took)
	effective := slices.ContainsFunc(took, func(f FaultCount) bool { return f.Verified > 0 })
	switch {
	case expression != "" && len(names) == 0 && len(silent) > 0:
		return fmt.Sprintf("%s (no answer after: %s)", expression, strings.Join(silent, ", "))
	case expression == "" || err == nil && len(names) == 0:
		return expression
	case !effective:
		return expression + " (took no effect)"
	case err != nil:
		return expression
	}
	return fmt.Sprintf("%s (no effect: %s)", expression, strings.Join(names, ", "))
}

// NeverTook is a fault that was asked for and took effect in no run.
type NeverTook struct {
	Fault string `json:"fault"`
	Kind  string `json:"kind,omitempty"` // "" for all
	Why   string `json:"why"`
}

// String returns a sentence about it, without a full stop.
func (n NeverTook) String() string {
	return n.Fault + " was asked for and never took effect: " + n.Why
}

// why says why a fault never took effect, and what to do about it.
func (a *Asked) why(f plan.Asked, sum FaultCount) string {
	const least = time.Second // suggest whole seconds for the flag of the time limit
	longer := advice.ThisLimit.Text((f.Enough + least - 1).Truncate(least))
	switch {
	case sum.Scheduled > 0 && sum.WhyNot != "":
		return fmt.Sprintf("its turn came %s (%s)", prose.Times(sum.Scheduled), sum.WhyNot)
	case sum.Scheduled > 0:
		return fmt.Sprintf("its turn came %s", prose.Times(sum.Scheduled))
	case f.Point != "":
		return "the message " + f.Point + " never passed"
	case a.Load == 0:
		return "no seed drew it and had a turn for it; " + advice.MoreSeeds.Text()
	case f.First >= a.Load:
		return fmt.Sprintf("its first turn is at %s, and the load ended at %s; %s", f.First, a.Load, longer)
	case f.Enough > a.Load:
		return fmt.Sprintf("its turn came in no run, since the load ended at %s; %s", a.Load, longer)
	}
	return "its turn came in no run; " + advice.FullLoad.Text()
}
