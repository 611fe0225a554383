package groups

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// A service for the reference model, as each client was told of it. The changes that a client is
// told of, and its picks, show the service at some earlier moment, which may be long past. But the
// moments of the changes follow each other, and the moment of a pick is not before that of the last
// change of which the client had been told when it picked. The search finds these moments. It takes
// for granted what clients were told, apart from picks: other properties decide whether that is
// right.
var pickReference = &frame.Reference{
	Covers:     []string{"pick"},
	Refines:    true,
	Given:      func(k *evidence.Key) ([]porcupine.Operation, bool) { return pickSteps(k, false) },
	Operations: func(k *evidence.Key) ([]porcupine.Operation, bool) { return pickSteps(k, true) },
	Model:      func(*evidence.Record) porcupine.Model { return pickSpec },
	Size:       func(state any) int { return len(state.(believed).instances) },
}

// status is what is known of an instance at a moment: what has begun or ended by then, and whether a
// client was shown it.
type status byte

const (
	asked     status = 1 << iota // it may have registered
	unsteady                     // it may come and go until the call to register returns
	confirmed                    // it has registered
	loose                        // it may have vanished: its session may have ended, or it was asked to unregister
	free                         // it may have come back, any number of times
	removed                      // it has unregistered
	shown                        // the client was shown it, so it had registered
	vanished                     // a client that had registered the instance was not shown it: it had vanished
)

// view returns the status of an instance after a client was shown that it is there, or that it
// is not; false if the client cannot have been shown that.
func (s status) view(there bool) (status, bool) {
	switch {
	case s&removed != 0, s&asked == 0:
		return s, !there
	case s&free != 0, s&unsteady != 0 && s&confirmed == 0:
		return s, true
	case s&vanished != 0:
		return s, !there
	case there:
		return s | shown, true
	case s&(confirmed|shown) == 0: // it may still come
		return s, true
	}
	return s | vanished, s&loose != 0
}

// milestones holds when the status of an instance changed, apart from what clients were shown.
type milestones map[status]time.Duration

// registration holds what was done with one instance.
type registration struct {
	name   string
	steady bool                 // the call to register can have created the znode only once
	begins []*history.Operation // all that may have had an effect
	ends   []*history.Operation
}

// milestones returns the milestones of a registration; false if the evidence contradicts itself. An
// instance whose session is not known may come and go.
func (r registration) milestones(a *evidence.Record) (milestones, bool) {
	first := r.begins[0]
	at := milestones{asked: first.Began()}
	if len(r.begins) > 1 || first.Outcome() != history.OK {
		at[free] = first.Began()
		return at, true
	}
	at[confirmed] = first.Return.Time
	if !r.steady {
		at[unsteady] = first.Began()
	}
	at[loose], at[free] = first.Began(), first.Began()
	if len(a.Owners(first)) == 1 {
		death := a.DeathOf(first)
		if death.Contradictory {
			return nil, false
		}
		// While its own session lives, the instance stays, even if its client has other
		// sessions.
		at[loose], at[free] = max(death.From, first.Began()), max(death.From, first.Began())
		if len(a.InUse(first)) == 1 {
			at[free] = max(at[loose], newSession(a, first))
		}
	}
	for _, op := range r.ends {
		at[loose] = min(at[loose], op.Began())
		if op.Outcome() == history.OK {
			at[removed] = min(op.Return.Time, orNever(at, removed))
		}
	}
	for _, f := range a.Faults.All {
		if f.Traits.Deletes {
			at[free] = min(at[free], max(f.From, first.Began()))
		}
	}
	return at, true
}

func orNever(at milestones, s status) time.Duration {
	if t, ok := at[s]; ok {
		return t
	}
	return evidence.Never
}

// newSession returns when the client of an operation was first seen with a session that began after the
// session in which the operation was answered. A later event of an older session does not count.
func newSession(a *evidence.Record, op *history.Operation) time.Duration {
	begun := false
	for _, e := range beginnings(a)[op.Client] {
		switch {
		case e.Session == op.Invoke.Session:
			begun = true
		case begun:
			return max(e.Time, op.Began())
		}
	}
	return evidence.Never
}

// beginnings lists the events of each client that are the first to name one of its
// sessions.
var beginnings = evidence.Once(func(a *evidence.Record) map[int][]*history.Event {
	type session struct {
		client int
		id     history.ID
	}
	of, known := map[int][]*history.Event{}, map[session]bool{}
	for i := range a.History.Events {
		e := &a.History.Events[i]
		begun := session{e.Client, e.Session}
		if e.Session != 0 && !known[begun] {
			known[begun] = true
			of[e.Client] = append(of[e.Client], e)
		}
	}
	return of
})

// pickStep is a milestone of an instance, or what a client was shown.
type pickStep struct {
	client string // the client, and which of its lives
	text   string

	instance  int // of the milestone
	milestone status

	told    bool // told by a change, which shows all instances; otherwise it is a pick
	after   int  // of a pick: how many changes its client had been told of, at least; of a change: exactly
	shows   []bool
	nothing bool // a pick that found none: no member is there
}

// believed holds what one client can know: the status of each instance, and how many changes it
// has been told of.
type believed struct {
	instances string // one status for each instance
	told      int
}

// pickSteps returns the milestones of all instances for each client, what it was told of, and
// what it picked.
func pickSteps(k *evidence.Key, picks bool) ([]porcupine.Operation, bool) {
	all := registrations(k)
	number := map[string]int{}
	var at []milestones
	for i, r := range all {
		m, ok := r.milestones(k.Record)
		if !ok {
			return nil, false
		}
		number[r.name], at = i, append(at, m)
	}
	var ops []porcupine.Operation
	for _, of := range livesOf(k) {
		for i, m := range at {
			for s := asked; s <= removed; s <<= 1 {
				if t, ok := m[s]; ok && t <= k.End {
					step := &pickStep{client: of.name, text: all[i].name, instance: i, milestone: s}
					ops = append(ops, porcupine.Operation{ClientId: of.client, Input: step, Call: k.Clamp(t), Return: k.Clamp(t)})
				}
			}
		}
		seen, ok := of.views(k, number, at, picks)
		if !ok {
			return nil, false
		}
		ops = append(ops, seen...)
	}
	return ops, true
}

// registrations lists the registrations of all instances, in the order in which they were asked for.
func registrations(k *evidence.Key) []registration {
	var all []registration
	of, g := map[string]int{}, groupOf(k)
	for _, op := range k.Ops() {
		o := k.Object.Operation(op.F)
		if op.Outcome() == history.Fail || o == nil || !o.Begins && !o.Ends {
			continue
		}
		var v models.Joining
		k.Decode(op.Invoke, &v)
		i, known := of[v.Member]
		switch {
		case o.Begins && !known:
			of[v.Member] = len(all)
			m := g.only(v.Member)
			all = append(all, registration{name: v.Member, steady: m != nil && m.steady, begins: []*history.Operation{op}})
		case o.Begins:
			all[i].begins = append(all[i].begins, op)
		case known:
			all[i].ends = append(all[i].ends, op)
		}
	}
	return all
}

// life holds what a client did during one life of its process: the next process has not been
// told of anything.
type life struct {
	name   string
	client int
	ops    []*history.Operation
}

// livesOf lists the lives with a pick, in order of their first operation.
func livesOf(k *evidence.Key) []*life {
	var all []*life
	of := map[string]*life{}
	for _, op := range k.Ops() {
		if op.F != models.FPick && op.F != models.FChanged || op.Outcome() != history.OK {
			continue
		}
		ended, _ := k.ExitAfter(op.Client, op.Began())
		name := strconv.Itoa(op.Client) + " until " + ended.String()
		if of[name] == nil {
			of[name] = &life{name: name, client: op.Client}
			all = append(all, of[name])
		}
		of[name].ops = append(of[name].ops, op)
	}
	return slices.DeleteFunc(all, func(l *life) bool {
		return !slices.ContainsFunc(l.ops, func(op *history.Operation) bool { return op.F == models.FPick })
	})
}

// views lists what a client was shown. It leaves out a pick of an instance that no client can have
// registered by then, which another property decides.
func (l *life) views(k *evidence.Key, number map[string]int, at []milestones, picks bool) ([]porcupine.Operation, bool) {
	var ops []porcupine.Operation
	var changes []*history.Operation
	for _, op := range l.ops {
		if op.F == models.FChanged {
			changes = append(changes, op)
		}
	}
	earliest := []int64{-1} // the earliest place at which the view can be after so many changes
	for n, op := range changes {
		var v models.Members
		k.Decode(op.Return, &v)
		step := &pickStep{client: l.name, told: true, after: n, text: "told of " + models.Listed(v.Members), shows: make([]bool, len(at))}
		call := earliest[n]
		for _, name := range v.Members {
			i, known := number[name]
			if !known {
				return nil, false
			}
			step.shows[i] = true
			call = max(call, k.Clamp(at[i][asked]))
		}
		ret := k.Clamp(op.Return.Time)
		if call > ret {
			return nil, false
		}
		earliest = append(earliest, call)
		ops = append(ops, porcupine.Operation{ClientId: l.client, Input: step, Call: call, Return: ret})
	}
	if !picks {
		return ops, true
	}
	for _, op := range l.ops {
		var v models.Picked
		if op.F != models.FPick {
			continue
		}
		k.Decode(op.Return, &v)
		last := 0
		for last < len(changes) && changes[last].Return.Index < op.Invoke.Index {
			last++
		}
		step := &pickStep{client: l.name, after: last, nothing: v.Member == "", text: "picked " + strings.TrimSpace(v.Member+" after "+strconv.Itoa(last))}
		call, ret := earliest[last], k.Clamp(op.Return.Time)
		if !step.nothing {
			i, known := number[v.Member]
			if !known || at[i][asked] > op.Return.Time {
				continue
			}
			step.instance, call = i, max(call, k.Clamp(at[i][asked]))
		}
		ops = append(ops, porcupine.Operation{ClientId: l.client, Input: step, Call: min(call, ret), Return: ret})
	}
	return ops, true
}

var pickSpec = porcupine.Model{
	Partition: func(ops []porcupine.Operation) [][]porcupine.Operation {
		var parts [][]porcupine.Operation
		at := map[string]int{}
		for _, op := range ops {
			client := op.Input.(*pickStep).client
			i, ok := at[client]
			if !ok {
				i = len(parts)
				at[client], parts = i, append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	},
	Init: func() any { return believed{} },
	Step: func(state, input, _ any) (bool, any) {
		now, s := state.(believed), input.(*pickStep)
		ok := s.step(&now)
		return ok, now
	},
	DescribeOperation: func(input, _ any) string { return input.(*pickStep).text },
}

// step changes what is believed. It returns false if the step cannot have happened then.
func (s *pickStep) step(now *believed) bool {
	all := []byte(now.instances)
	need := max(s.instance+1, len(s.shows))
	for len(all) < need {
		all = append(all, 0)
	}
	see := func(i int, there bool) bool {
		next, ok := status(all[i]).view(there)
		all[i] = byte(next)
		return ok
	}
	ok := true
	switch {
	case s.milestone != 0:
		all[s.instance] |= byte(s.milestone)
	case s.told:
		ok = now.told == s.after
		now.told++
		for i := range all {
			ok = ok && see(i, i < len(s.shows) && s.shows[i])
		}
	case s.nothing:
		ok = now.told >= s.after
		for i := range all {
			ok = ok && see(i, false)
		}
	default:
		ok = now.told >= s.after && see(s.instance, true)
	}
	now.instances = string(all)
	return ok
}
