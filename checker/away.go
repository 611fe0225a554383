package checker

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file is about clients that are processes of their own: they end, are
// started again, and can be stopped for a while.

// exit is the end of a client's process.
type exit struct {
	at    time.Duration
	event int
	// broken says that no fault ended it: it died by itself, or did not keep to
	// the protocol. That is not the recipe's doing.
	broken bool
	detail string
}

// readProcess takes in what an event says of a client's process.
func (a *analysis) readProcess(e *history.Event) {
	if e.Process != history.SessionProcess {
		return
	}
	switch e.F {
	case history.FExited:
		var v history.Exited
		a.decode(e, &v)
		a.exits[e.Client] = append(a.exits[e.Client], exit{e.Time, e.Index, v.By != history.ByCrash, v.Detail})
	case history.FStarted:
		a.starts[e.Client] = append(a.starts[e.Client], e.Time)
	}
}

// exitAfter is the first end of a client's process at t or later: what it began
// before, it began in the process that ended then. It is never, and event -1, if
// there is none.
func (a *analysis) exitAfter(client int, t time.Duration) (at time.Duration, event int) {
	exits := a.exits[client]
	i, _ := slices.BinarySearchFunc(exits, t, func(x exit, t time.Duration) int { return cmp.Compare(x.at, t) })
	if i == len(exits) {
		return never, -1
	}
	return exits[i].at, exits[i].event
}

// over is when an operation came to its end, one way or the other: nobody
// waits in a process that is gone.
func (a *analysis) over(op *history.Operation) time.Duration {
	exited, _ := a.exitAfter(op.Client, op.Began())
	return min(ended(op), exited)
}

// holdUps are the kinds of faults in which a client cannot do anything, though
// its session may live, or cannot be heard.
var holdUps = []string{"freeze", "stall-link", "slow-link", "silence"}

// absences finds out when each client could do nothing: its process did not run
// or was stopped, or its link was held up.
func (a *analysis) absences() {
	for _, f := range a.faults {
		if !slices.Contains(holdUps, f.kind) {
			continue
		}
		for _, c := range f.clients {
			a.away[c] = append(a.away[c], span{f.from, f.over})
		}
	}
	for client, exits := range a.exits {
		for _, x := range exits {
			s := span{x.at, never}
			if x.broken {
				s.from = a.lastWord(client, x.at)
			}
			for _, t := range a.starts[client] {
				if t >= x.at {
					s.to = min(s.to, t)
				}
			}
			a.away[client] = append(a.away[client], s)
		}
	}
	for client, spans := range a.away {
		a.away[client] = union(spans)
	}
}

// lastWord is when a client last answered before t: a process that turned out
// to hang may have done so since.
func (a *analysis) lastWord(client int, t time.Duration) time.Duration {
	last := always
	for _, k := range a.keys {
		for _, op := range k.ops {
			if op.Client == client && op.Return != nil && op.Return.Time < t && !cutShort(op.Return) {
				last = max(last, op.Return.Time)
			}
		}
	}
	return last
}

// cutShort says of a completion that it is the end of the client's process, and no
// answer of it. It comes right before the fact of the end, or right after.
func cutShort(e *history.Event) bool { return e.Error != nil && e.Error.Code == "process" }

// absent sums the time within s in which a client could do nothing.
func (a *analysis) absent(client int, s span) time.Duration {
	var sum time.Duration
	away := a.away[client]
	for _, w := range both([]span{s}, away[reaching(away, s.from):]) {
		sum += w.length()
	}
	return sum
}

// present is how long s lasted for a client: what it was away for does not count.
func (a *analysis) present(client int, s span) time.Duration {
	return s.length() - a.absent(client, s)
}

// deathly are the kinds of faults that end the session of a client that lives,
// if they last longer than it; "expire" always does.
var deathly = []string{"freeze", "silence"}

// deaths says that sessions were to end while their clients held: those of
// tellings, and of holders that crashed.
func (a *analysis) deaths() bool {
	return a.tellings() || a.hitHolder(func(f *faultRecord) bool { return f.kind == "crash" })
}

// tellings says that clients which held were to be told that their sessions had
// expired: after a crash nobody is left to be told.
func (a *analysis) tellings() bool {
	long := a.params.SessionTimeout + a.params.Tick
	return a.expects("expire") || a.hitHolder(func(f *faultRecord) bool {
		return slices.Contains(deathly, f.kind) && f.over-f.from > long
	})
}

// hitHolder says that one of these faults took effect on a client that held.
func (a *analysis) hitHolder(these func(*faultRecord) bool) bool {
	for _, f := range a.faults {
		if f.verified && f.holding && these(f) {
			return true
		}
	}
	return false
}

// unbroken asks that every client's process kept to the protocol to the end.
func (a *analysis) unbroken() Assumption {
	for _, client := range slices.Sorted(maps.Keys(a.exits)) {
		for _, x := range a.exits[client] {
			if x.broken {
				text := "client " + itoa(client) + " dropped out at " + at(x.at)
				if x.detail != "" {
					text += ": " + x.detail
				}
				return Assumption{"clients", false, text}
			}
		}
	}
	return Assumption{"clients", true, "no client dropped out"}
}
