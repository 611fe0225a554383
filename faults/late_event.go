package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
)

// LateEvent makes the watch events of a client come late while it lasts: behind
// later replies, or when the fault is healed.
//
// No network does that: on one connection an event comes before the reply that
// shows its change. A client library that delivers events on a thread of their
// own does it to its users.
type LateEvent struct {
	// Behind is how many later replies overtake each event; 0 is 1, negative all
	// until the fault is healed.
	Behind int
	Who    Who
	orElse bool
}

const untilHeal = "heal"

var lateEventKind = kind{
	name:  "late-event",
	about: "lets watch events of clients come behind later replies",
	words: whoWords, word: whoWord, examples: whoExamples,
	options: []option{{
		key: "behind", about: "how many replies overtake each, or " + untilHeal, example: "2",
		check: func(value string) error {
			if value == untilHeal || checkCount(value) == nil {
				return nil
			}
			return fmt.Errorf("%q is no number from 1, nor %s", value, untilHeal)
		},
	}},
	build: func(a arguments) Fault {
		f := LateEvent{Who: Who(a.word), Behind: a.count("behind")}
		if a.options["behind"] == untilHeal {
			f.Behind = -1
		}
		return f
	},
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		l := f.(LateEvent)
		if l.Who == AnyWho {
			l.Who, l.orElse = []Who{Waiter, Next, Holder, Anyone}[n%4], true
		}
		if l.Behind == 0 {
			l.Behind = []int{1, 2, 5, -1}[rng.IntN(4)]
		}
		return l
	},
}

// Kind is "late-event".
func (LateEvent) Kind() string { return "late-event" }

// Spec is late-event, whom, and behind how many.
func (f LateEvent) Spec() string {
	s := spec("late-event", string(f.Who))
	if f.Behind < 0 {
		return withOption(s, "behind", untilHeal)
	}
	return withCount(s, "behind", f.Behind)
}

// Available is always true: every client has a link.
func (LateEvent) Available(Setting) error { return nil }

// Inject lies in wait for events.
func (f LateEvent) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	rule := link.EventRule{Behind: f.Behind}
	switch {
	case f.Behind == 0:
		rule.Behind = 1
	case f.Behind < 0:
		rule.Behind = 0 // the link's word for it
	}
	e := &late{target: t, spec: f.Spec(), held: map[int]*link.HeldEvents{}}
	hold := func(c Client) (func(), error) {
		held, err := c.Link.HoldEvents(rule)
		if err != nil {
			return nil, err
		}
		e.held[c.ID] = held
		return held.Release, nil
	}
	all, err := choice{who: f.Who, orElse: f.orElse, early: true}.strike(ctx, t, rng, hold)
	if err != nil {
		return nil, err
	}
	e.struck = all
	return e, nil
}

type late struct {
	target *Target
	spec   string
	struck strikes
	held   map[int]*link.HeldEvents // by client
}

// Describe tells which events were held back so far.
func (e *late) Describe() history.FaultStep {
	step := e.struck.step(e.spec)
	var details []string
	for _, s := range e.struck {
		for _, x := range e.held[s.client.ID].Events() {
			details = append(details, fmt.Sprintf("client %d: %v of %s, overtaken by %d", s.client.ID, x.Type, x.Path, x.Overtaken))
		}
	}
	step.Detail = strings.Join(details, "; ")
	return step
}

// Verify waits for an event that is held back; ErrNoTarget if none comes.
func (e *late) Verify(ctx context.Context) error {
	deadline := time.Now().Add(e.target.Lasts)
	for {
		for _, h := range e.held {
			select {
			case <-h.Happened():
				return nil
			default:
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no event came within %s: %w", e.target.Lasts, ErrNoTarget)
		}
		if !doze(ctx, observed) {
			return context.Cause(ctx)
		}
	}
}

// Heal delivers what is still held back.
func (e *late) Heal(context.Context) error {
	e.struck.undo()
	return nil
}
