package witness

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Reader makes scenes of one history's witnesses.
type Reader struct {
	h       *history.History
	partner map[int]int           // of the events asked for: the place of the other end of the operation
	facts   []int                 // places of what became of sessions and processes
	ends    map[int]time.Duration // by the index of a return that begins a stay: when its end was called for
	faults  []Fault
}

// Read goes through a history once, for the witnesses that are asked for later:
// all are given by the indices of their events.
func Read(h *history.History, all ...[]int) *Reader {
	r := &Reader{h: h, partner: map[int]int{}, ends: map[int]time.Duration{}, faults: faultsOf(h)}
	wanted := map[int]bool{}
	for _, is := range all {
		for _, i := range is {
			if at := r.place(i); at >= 0 {
				wanted[at] = true
			}
		}
	}
	open := map[history.Process]int{}
	type place struct {
		client int
		key    string
	}
	staying := map[place]int{} // the beginning that was asked for and has no end yet
	for i := range h.Events {
		e := &h.Events[i]
		switch {
		case e.Process == history.SessionProcess && slices.Contains(ends, e.F):
			r.facts = append(r.facts, i)
		case e.Process < 0:
		case e.Type == history.Invoke:
			open[e.Process] = i
		default:
			began, ok := open[e.Process]
			if ok && (wanted[i] || wanted[began]) {
				r.partner[i], r.partner[began] = began, i
				if _, begins := pairs[e.F]; begins && e.Type == history.OK {
					staying[place{e.Client, e.Key}] = i
				}
			}
			delete(open, e.Process)
		}
		if len(staying) > 0 && e.Process >= 0 && e.Type == history.Invoke {
			at := place{e.Client, e.Key}
			if begin, ok := staying[at]; ok && pairs[h.Events[begin].F].end == e.F {
				r.ends[h.Events[begin].Index] = e.Time
				delete(staying, at)
			}
		}
	}
	return r
}

// ends are the facts about the end of a session or of a process.
var ends = []string{history.FExpired, history.FDead, history.FExited}

// place is where the event with an index is; -1: nowhere.
func (r *Reader) place(index int) int {
	if index < 0 {
		return -1
	}
	if index < len(r.h.Events) && r.h.Events[index].Index == index {
		return index
	}
	return slices.IndexFunc(r.h.Events, func(e history.Event) bool { return e.Index == index })
}

// Scene is what a witness of a property that is violated on a key shows; without
// a key, of all. Indices that the history does not have are passed over.
func (r *Reader) Scene(property, key string, witness []int) *Scene {
	s := &Scene{Property: property, key: key}
	t := teller{h: r.h, s: s, ends: r.ends}
	told, named := map[int]bool{}, make(map[int]bool, len(witness))
	for _, index := range witness {
		named[index] = true
	}
	for _, index := range witness {
		at := r.place(index)
		if at < 0 || told[at] {
			continue
		}
		e := &r.h.Events[at]
		told[at] = true
		switch {
		case e.Process == history.SessionProcess && (e.F == history.FRequest || e.F == history.FReply):
			t.exchanged(r.both(at, told))
			continue
		case e.Process < 0:
			t.fact(e)
			continue
		case key != "" && e.Key != key && e.Alive != 0: // it only shows that its session was alive
			t.alive(e)
			continue
		}
		op := &history.Operation{Process: e.Process, Client: e.Client, F: e.F, Key: e.Key, Invoke: e}
		if other, ok := r.partner[at]; ok {
			op.Invoke, op.Return = &r.h.Events[min(at, other)], &r.h.Events[max(at, other)]
			told[other] = true
		}
		alive := e.Alive // what an event says of its session, if the witness names it
		if other, ok := r.partner[at]; ok {
			if o := &r.h.Events[other]; named[o.Index] {
				alive = max(alive, o.Alive)
			}
		}
		t.operation(op, alive)
	}
	r.deaths(&t, told)
	s.sort()
	t.stays()
	s.conclude()
	s.overlapping(r.faults)
	return s
}

// both are a request and its reply, one of which is at a place; nil for what is
// not there. They count as told.
func (r *Reader) both(at int, told map[int]bool) (request, reply *history.Event) {
	q, p := r.exchange(at)
	for _, i := range []int{q, p} {
		told[i] = true
	}
	if q >= 0 {
		request = &r.h.Events[q]
	}
	if p >= 0 {
		reply = &r.h.Events[p]
	}
	return request, reply
}

// mostDeaths is how many ends of sessions are told that the witness does not
// name.
const mostDeaths = 4

// deaths adds what became of the sessions of the clients meanwhile.
func (r *Reader) deaths(t *teller, told map[int]bool) {
	from, to, ok := t.s.span()
	if !ok {
		return
	}
	clients := map[int]bool{}
	for i := range t.s.Steps {
		clients[t.s.Steps[i].Row] = true
	}
	n := 0
	for _, at := range r.facts {
		e := &r.h.Events[at]
		if e.Time > to || n == mostDeaths {
			return
		}
		if e.Time >= from && clients[e.Client] && !told[at] {
			n++
			t.fact(e)
		}
	}
}
