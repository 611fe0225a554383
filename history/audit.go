package history

import (
	"fmt"
	"time"
)

// maxDamage is the number of damaged lines that are described one by one.
const maxDamage = 20

// auditor looks for contradictions in a record.
type auditor struct {
	found []string
	more  int

	next    int // the index that the next line should have
	missing int // missing lines, by the indices

	last  time.Duration
	ended bool
	procs map[Process]*procState
}

// procState is the state of one process of a client.
type procState struct {
	client int
	begun  called // its last invocation
	open   bool   // begun has not ended yet
	over   bool   // its last completion was an info
}

// called is the operation and the object of an event.
type called struct{ f, key string }

func (a *auditor) note(line int, format string, args ...any) {
	if len(a.found) >= maxDamage {
		a.more++
		return
	}
	a.found = append(a.found, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
}

// damage returns descriptions of everything that was found.
func (a *auditor) damage() []string {
	if a.more > 0 {
		return append(a.found, fmt.Sprintf("and %d more", a.more))
	}
	return a.found
}

// look checks the event of a line against the events before it.
func (a *auditor) look(line int, e *Event) {
	if e.Index != a.next {
		a.note(line, "index is %d, not %d", e.Index, a.next)
		a.missing += max(1, e.Index-a.next) // lines out of order may also stand for missing ones
	}
	a.next = e.Index + 1
	if e.Time < a.last {
		a.note(line, "time runs back from %v to %v", a.last, e.Time)
	}
	a.last = max(a.last, e.Time)
	if a.ended {
		a.note(line, "%s after the end mark", e.F)
	}
	if e.Process < 0 {
		a.fact(line, e)
		return
	}
	a.operation(line, e)
}

func (a *auditor) fact(line int, e *Event) {
	if e.Type != Info {
		a.note(line, "the fact %s has type %s, not info", e.F, e.Type)
	}
	if e.Process != Nemesis {
		return
	}
	if e.F == FBegin && line > 1 {
		a.note(line, "a second beginning")
	}
	a.ended = a.ended || e.F == FEnd
}

func (a *auditor) operation(line int, e *Event) {
	p := a.procs[e.Process]
	if p == nil {
		p = &procState{client: e.Client}
		if a.procs == nil {
			a.procs = map[Process]*procState{}
		}
		a.procs[e.Process] = p
	}
	if p.client != e.Client {
		a.note(line, "process %d is of client %d and of client %d", e.Process, p.client, e.Client)
	}
	if e.Type == Invoke {
		a.invoke(line, e, p)
		return
	}
	a.completion(line, e, p)
}

func (a *auditor) invoke(line int, e *Event, p *procState) {
	switch {
	case p.over:
		a.note(line, "process %d goes on after an info", e.Process)
	case p.open:
		a.note(line, "process %d begins %s while its %s is open", e.Process, e.F, p.begun.f)
	}
	p.begun = called{e.F, e.Key}
	p.open, p.over = true, false
}

func (a *auditor) completion(line int, e *Event, p *procState) {
	switch {
	case !p.open:
		a.note(line, "process %d completes %s without an invocation", e.Process, e.F)
	case p.begun != (called{e.F, e.Key}):
		a.note(line, "process %d completes %s, but invoked %s", e.Process, called{e.F, e.Key}, p.begun)
	}
	p.open, p.over = false, e.Type == Info
}

func (c called) String() string {
	if c.key == "" {
		return c.f
	}
	return c.f + " " + c.key
}
