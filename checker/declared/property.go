package declared

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/base/printable"
)

// Finding tells what a property found on a key.
type Finding struct {
	// Why says in a sentence what is wrong, or why it cannot be decided.
	Why string
	// Show is the shortest list of calls that shows it.
	Show []*Call
	// Undecided means that the finding is no violation: too little is known to decide.
	Undecided bool
}

// Property returns the rule that decide finds nothing wrong with any key. decide is called for
// several keys at the same time. If it panics, or takes longer than checks may, the key is
// undecided.
func Property(name, meaning string, decide func(*Key) []Finding) Rule {
	return Rule{property: &frame.Property{
		Name: name, Meaning: meaning, Declared: true, Decider: "a function of the program",
		Evidence: frame.FromTimes,
		Decide: func(ctx context.Context, k *evidence.Key) (f frame.Finding) {
			key := keyOf(k)
			found, err := await.Within(ctx, func() (found []Finding, err error) {
				defer func() {
					if p := recover(); p != nil {
						err = fmt.Errorf("the property panicked: %v%s", p, panics.Place())
					}
				}()
				return decide(key), nil
			})
			switch {
			case err != nil && ctx.Err() != nil:
				f.Unknown("the property did not return before the time for checking (--budget) was used up")
			case err != nil:
				f.Unknown("%v", err)
			}
			for _, one := range found {
				tell(&f, one)
			}
			return f
		},
	}}
}

// tell adds one finding of a property.
func tell(f *frame.Finding, one Finding) {
	why := printable.Text(one.Why, 500)
	if one.Undecided {
		f.Unknown("%s", why)
		return
	}
	var events []int
	for _, c := range one.Show {
		events = append(events, c.Events()...)
	}
	f.Violated(events, "%s", why)
}

// Quiesced returns when the load was over and all faults were healed: history.Never if that did not happen.
func (k *Key) Quiesced() time.Duration { return k.key.Phase(history.PhaseQuiesce) }

// Span is a time from one moment to another.
type Span = evidence.Span

// Faults returns when faults were in force, in order of their beginning.
func (k *Key) Faults() (all []Span) {
	for _, f := range k.key.Record.Faults.All {
		if f.Took {
			all = append(all, Span{From: f.From, To: f.Over})
		}
	}
	return all
}
