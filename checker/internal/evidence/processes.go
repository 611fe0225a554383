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

// Processes are those of clients.
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
	// Broken says that no fault ended it: it died by itself, or did not keep to
	// the protocol. That is not the recipe's doing.
	Broken bool
	Detail string
}

// readProcess takes in what an event says of a client's process.
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

// ExitAfter is the first end of a client's process at t or later: what it began
// before, it began in the process that ended then. It is never, and event -1, if
// there is none.
func (a *Processes) ExitAfter(client int, t time.Duration) (at time.Duration, event int) {
	exits := a.Exits[client]
	i, _ := slices.BinarySearchFunc(exits, t, func(x exit, t time.Duration) int { return cmp.Compare(x.At, t) })
	if i == len(exits) {
		return Never, -1
	}
	return exits[i].At, exits[i].event
}

// OverBy is when an operation came to its end, one way or the other: nobody
// waits in a process that is gone.
func (a *Processes) OverBy(op *history.Operation) time.Duration {
	exited, _ := a.ExitAfter(op.Client, op.Began())
	return min(Ended(op), exited)
}

// absences finds out when each client could do nothing: its process did not run
// or was stopped, or its link was held up.
func (a *Record) absences() {
	for _, f := range a.Faults.All {
		if !f.Traits.Absent {
			continue
		}
		hits := kinds.Named(f.Kind).Hits
		for _, c := range f.Clients {
			a.away[c] = append(a.away[c], Span{f.From, f.Over})
			if hits != kinds.Links && hits != kinds.Sessions { // one of a kind that is not known may have stopped it
				a.still[c] = append(a.still[c], Span{f.From, f.Over})
			}
		}
	}
	for client, exits := range a.Exits {
		for _, x := range exits {
			s := Span{x.At, Never}
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

// lastWord is when a client last answered before t: a process that turned out
// to hang may have done so since.
func (a *Record) lastWord(client int, t time.Duration) time.Duration {
	last := Always
	for _, k := range a.Keys {
		for _, op := range k.Ops {
			if op.Client == client && op.Return != nil && op.Return.Time < t && !cutShort(op.Return) {
				last = max(last, op.Return.Time)
			}
		}
	}
	return last
}

// cutShort says of a completion that it is the end of the client's process, and no
// answer of it. It comes right before the fact of the end, or right after.
func cutShort(e *history.Event) bool { return e.Error != nil && e.Error.Code == history.CodeProcess }

// Present is how long s lasted for a client: what it was away for does not count.
func (a *Processes) Present(client int, s Span) time.Duration {
	return without(a.away[client], s)
}

// Ran is how long a client's process ran within s, whether or not its link did.
func (a *Processes) Ran(client int, s Span) time.Duration {
	return without(a.still[client], s)
}

// without is how long s lasts but for the spans of a union.
func without(union []Span, s Span) time.Duration {
	left := s.Length()
	for _, w := range Intersect([]Span{s}, union[Reaching(union, s.From):]) {
		left -= w.Length()
	}
	return left
}

// ExpectsDeaths says that sessions were to end while their clients held: those of
// tellings, and of holders that crashed.
func (a *Record) ExpectsDeaths() bool {
	return a.ExpectsExpiries() || a.hitHolder(func(f *Fault) bool { return f.Traits.Crashes })
}

// ExpectsExpiries says that clients which held were to be told that their sessions had
// expired: after a crash nobody is left to be told.
func (a *Record) ExpectsExpiries() bool {
	long := a.Params.SessionTimeout + a.Params.Tick
	return slices.ContainsFunc(a.Params.Expects, a.endsAtOnce) || a.hitHolder(func(f *Fault) bool {
		return f.Traits.Sessions != "" && f.Traits.Sessions != history.EndAtOnce && f.Over-f.From > long
	})
}

// endsAtOnce says of a fault that was scheduled that it ends sessions of holders by itself. One that
// nobody asked for by name, and that found no occasion, was not to end any; nor was one that
// hit only clients that did not hold.
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

// hitHolder says that one of these faults took effect on a client that held, and was asked for:
// of a mix of which none has to take effect a run is judged by what happened.
func (a *Record) hitHolder(these func(*Fault) bool) bool {
	for _, f := range a.Faults.All {
		if f.Took && f.HitHolder() && slices.ContainsFunc(a.Params.Expects, func(spec string) bool { return FaultKind(spec) == f.Kind }) && these(f) {
			return true
		}
	}
	return false
}
