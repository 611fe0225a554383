package evidence

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// This file is about clients that are processes of their own: they end, are
// started again, and can be stopped for a while.

// Processes are the processes of clients.
type Processes struct {
	Exits  map[int][]exit // client → the ends of its process, in order
	starts map[int][]time.Duration
	away   map[int][]Span // client → when it could do nothing: a union
	still  map[int][]Span // the part of it in which its process did not run
}

func newProcesses() Processes {
	return Processes{map[int][]exit{}, map[int][]time.Duration{}, map[int][]Span{}, map[int][]Span{}}
}

// exit is the end of a client's process.
type exit struct {
	At    time.Duration
	event int
	// Broken means that no fault ended the process. It died by itself, or broke the protocol, which is
	// not the recipe's doing.
	Broken bool
	Detail string
}

// readProcess reads what an event says about a client's process.
func (a *Record) readProcess(e *history.Event) {
	if e.Process != history.SessionProcess {
		return
	}
	switch e.F {
	case history.FExited:
		var v history.Exited
		a.Decode(e, &v)
		a.Exits[e.Client] = append(a.Exits[e.Client], exit{e.Time, e.Index, v.By != history.ByCrash, v.Detail})
	case history.FStarted:
		a.starts[e.Client] = append(a.starts[e.Client], e.Time)
	}
}

// ExitAfter returns the first end of a client's process at t or later: whatever the client began
// before, it began in the process that ended then. It returns never, and event -1, if there is
// none.
func (a *Processes) ExitAfter(client int, t time.Duration) (at time.Duration, event int) {
	exits := a.Exits[client]
	i, _ := slices.BinarySearchFunc(exits, t, func(x exit, t time.Duration) int { return cmp.Compare(x.At, t) })
	if i == len(exits) {
		return Never, -1
	}
	return exits[i].At, exits[i].event
}

// OverBy returns when an operation ended, one way or the other: no call waits in a process that is
// gone.
func (a *Processes) OverBy(op *history.Operation) time.Duration {
	exited, _ := a.ExitAfter(op.Client, op.Began())
	return min(Ended(op), exited)
}

// absences finds when each client could do nothing: its process did not run or was stopped, or its
// link was held up.
func (a *Record) absences() {
	for _, f := range a.Faults.All {
		if !f.Traits.Absent {
			continue
		}
		hits := kinds.Named(f.Kind).Hits
		for _, c := range f.Clients {
			a.away[c] = append(a.away[c], Span{From: f.From, To: f.Over})
			if hits != kinds.Links && hits != kinds.Sessions { // a fault of an unknown kind may have stopped it
				a.still[c] = append(a.still[c], Span{From: f.From, To: f.Over})
			}
		}
	}
	for client, exits := range a.Exits {
		for _, x := range exits {
			s := Span{From: x.At, To: Never}
			if x.Broken {
				s.From = a.lastWord(client, x.At)
			}
			for _, t := range a.starts[client] {
				if t >= x.At {
					s.To = min(s.To, t)
				}
			}
			a.away[client] = append(a.away[client], s)
			a.still[client] = append(a.still[client], s)
		}
	}
	for _, of := range []map[int][]Span{a.away, a.still} {
		for client, spans := range of {
			of[client] = Union(spans)
		}
	}
}

// lastWord returns when a client last answered before t: a process that turned out to hang may have
// hung since then.
func (a *Record) lastWord(client int, t time.Duration) time.Duration {
	last := Always
	for op := range a.History.EachOperation() {
		if op.Client == client && op.Return != nil && op.Return.Time < t && !cutShort(op.Return) {
			last = max(last, op.Return.Time)
		}
	}
	return last
}

// cutShort reports whether a completion is the end of the client's process, and not an answer. It
// comes right before the fact of the end, or right after it.
func cutShort(e *history.Event) bool { return e.Error != nil && e.Error.Code == history.CodeProcess }

// Present returns how long s lasted for a client: time in which it was away does not count.
func (a *Processes) Present(client int, s Span) time.Duration {
	return without(a.away[client], s)
}

// Ran returns how long a client's process ran within s, whether or not its link did.
func (a *Processes) Ran(client int, s Span) time.Duration {
	return without(a.still[client], s)
}

// without returns how long s lasts, less the spans of a union.
func without(union []Span, s Span) time.Duration {
	left := s.Length()
	for _, w := range Intersect([]Span{s}, union[Reaching(union, s.From):]) {
		left -= w.Length()
	}
	return left
}

// ExpectsDeaths reports whether sessions were to end while their clients held: expired sessions,
// and sessions of holders that crashed.
func (a *Record) ExpectsDeaths() bool {
	return a.ExpectsExpiries() || a.hitHolder(func(f *Fault) bool { return f.Traits.Crashes })
}

// ExpectsExpiries reports whether clients that held were to be told that their sessions had
// expired: after a crash there is no client to tell.
func (a *Record) ExpectsExpiries() bool {
	long := a.Params.SessionTimeout + a.Params.Tick
	return slices.ContainsFunc(a.Params.Expects, a.endsAtOnce) || a.hitHolder(func(f *Fault) bool {
		return f.Traits.Sessions != "" && f.Traits.Sessions != history.EndAtOnce && f.Over-f.From > long
	})
}

// endsAtOnce reports whether a scheduled fault ends sessions of holders by itself. A fault that the
// user did not name does not count if it found no occasion, and neither does a fault that hit only
// clients that did not hold.
func (a *Record) endsAtOnce(spec string) bool {
	kind := FaultKind(spec)
	if kinds.Named(kind).Traits.Sessions != history.EndAtOnce {
		return false
	}
	verified, others := 0, 0
	for _, f := range a.Faults.All {
		if f.Kind == kind && f.Took {
			verified++
			if len(f.Holding) > 0 && !f.HitHolder() {
				others++
			}
		}
	}
	if verified == 0 {
		return !slices.Contains(a.Params.Optional, kind)
	}
	return others < verified
}

// hitHolder reports whether one of these faults was asked for by name and took effect on a
// client that held. A mix, none of whose faults has to take effect, is judged by what happened.
func (a *Record) hitHolder(these func(*Fault) bool) bool {
	for _, f := range a.Faults.All {
		if f.Took && f.HitHolder() && slices.ContainsFunc(a.Params.Expects, func(spec string) bool { return FaultKind(spec) == f.Kind }) && these(f) {
			return true
		}
	}
	return false
}
