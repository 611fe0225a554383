package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/link"
)

// LateEvent delays the watch events of a client while it lasts: each arrives behind later
// replies, or when the fault is healed.
//
// No network does that: on one connection an event comes before the reply that shows its
// change (Programmer's Guide, Watches), and go-zookeeper keeps that order. So "all" leaves
// this fault out. Client libraries that deliver events on a separate thread, as those for
// Java and Python do, can show it to their users: name the fault when you test those.
type LateEvent struct {
	// Behind is how many later replies overtake each event. 0 means 1; a negative number
	// holds events until the fault is healed. At a message, 0 also holds until then.
	Behind int
	Who    Who
}

const untilHeal = "heal"

var _ = declare(kinds.LateEvent, Kind{
	About: "delivers watch events to clients after later replies",
	Harsh: true,
	guide: []row{{"", "watch events are delivered after so many later replies", "an event held back", "held events are delivered"}},
	words: whoWords,
	Options: []Option{{
		Key: "behind", About: "how many replies overtake each event, or " + untilHeal, Example: "2",
		Check: func(value string) error {
			if value == untilHeal || checkCount(value) == nil {
				return nil
			}
			return fmt.Errorf("%q is neither a number from 1 nor %s", value, untilHeal)
		},
	}},
	at: atMessages{which: link.Events, takes: "the client, and how late the event is (behind=, or +5s)", open: func(f Fault) bool { return f.(LateEvent).Who == AnyWho }},
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
			l.Who = []Who{Waiter.OrAny(), Next.OrAny(), Holder.OrAny(), Anyone}[n%4]
		}
		if l.Behind == 0 {
			l.Behind = []int{1, 2, 5, -1}[rng.IntN(4)]
		}
		return l
	},
})

// Kind returns "late-event".
func (LateEvent) Kind() string { return kinds.LateEvent.Name }

// Spec returns late-event, with the clients and Behind where they were given.
func (f LateEvent) Spec() string {
	s := spec(kinds.LateEvent, string(f.Who))
	if f.Behind < 0 {
		return withOption(s, "behind", untilHeal)
	}
	return withCount(s, "behind", f.Behind)
}

// Available returns nil: every client has a link.
func (LateEvent) Available(Setting) error { return nil }

// Inject starts waiting for events.
func (f LateEvent) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	rule := link.EventRule{Behind: f.Behind}
	who := choice{who: f.Who, early: true}
	switch {
	case t.At != nil:
		rule.Behind, who.who = max(f.Behind, 0), TheClient(t.At.Point().Client)
	case f.Behind == 0:
		rule.Behind = 1
	case f.Behind < 0:
		rule.Behind = 0 // in a link's rule: until released
	}
	e := &late{target: t, spec: f.Spec(), held: map[int]*link.HeldEvents{}}
	hold := func(c Client) (func(), error) {
		held, err := t.holdEvents(c, rule)
		if err != nil {
			return nil, err
		}
		e.held[c.ID] = held
		return held.Release, nil
	}
	all, err := who.hit(ctx, t, rng, hold)
	if err != nil {
		return nil, err
	}
	e.victims = all
	return e, nil
}

// holdEvents starts waiting for events, or holds back the event that is stopped.
func (t *Target) holdEvents(c Client, rule link.EventRule) (*link.HeldEvents, error) {
	if t.At != nil {
		held, err := t.At.HoldEvent(rule.Behind)
		return held, taken(err)
	}
	return c.Link.HoldEvents(rule)
}

type late struct {
	target  *Target
	spec    string
	victims victims
	held    map[int]*link.HeldEvents // by client
}

// Describe lists the events that were held back so far.
func (e *late) Describe() history.FaultStep {
	step := e.victims.step(e.spec)
	var details []string
	for _, s := range e.victims {
		for _, x := range e.held[s.client.ID].Events() {
			details = append(details, fmt.Sprintf("client %d: %v of %s, overtaken by %d", s.client.ID, x.Type, x.Path, x.Overtaken))
		}
	}
	step.Detail = strings.Join(details, "; ")
	return step
}

// Verify waits until an event is held back; it returns ErrNoTarget if none comes.
func (e *late) Verify(ctx context.Context) error {
	deadline := time.Now().Add(e.target.Lasts)
	for {
		for _, h := range e.held {
			if await.Closed(h.Happened()) {
				return nil
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
	e.victims.undo()
	return nil
}
