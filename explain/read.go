package explain

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
)

// Reader makes scenes of the counterexamples in one history.
type Reader struct {
	h      *history.History
	facts  []*history.Event // what became of sessions and processes
	faults []Fault
	lost   []history.LostMessage // by faults, in order of time
	open   []openRequest         // in order of the ends of their connections
	holds  *holds.Record         // read when it is first asked for
}

// Read reads a history once, for later calls of Scene.
func Read(h *history.History) *Reader {
	r := &Reader{h: h, faults: faultsOf(h), lost: lostMessages(h), open: openRequests(h)}
	for i := range h.Events {
		if e := &h.Events[i]; e.Process == history.SessionProcess && slices.Contains(ends, e.F) {
			r.facts = append(r.facts, e)
		}
	}
	return r
}

// record returns the record of the history's holds: who held what when.
func (r *Reader) record() *holds.Record {
	if r.holds == nil {
		r.holds = holds.Of(r.h)
	}
	return r.holds
}

// ends are the facts about the end of a session or of a process.
var ends = []string{history.FExpired, history.FDead, history.FExited}

// place returns the place of the event with an index in the history, or -1 if there is none.
func (r *Reader) place(index int) int {
	if index < 0 {
		return -1
	}
	if index < len(r.h.Events) && r.h.Events[index].Index == index {
		return index
	}
	return slices.IndexFunc(r.h.Events, func(e history.Event) bool { return e.Index == index })
}

// Scene returns what the counterexample of a violated property shows about a key, or about all keys
// if key is "". telling is the property's. counterexample and beside are indices of events.
// beside are operations, given by any of their events, that explain the counterexample. Scene
// ignores indices that the history does not have.
func (r *Reader) Scene(telling Telling, key string, counterexample []int, beside ...int) *Scene {
	s := &Scene{Telling: telling, key: key}
	t := narrator{h: r.h, s: s, lived: map[history.ID]time.Duration{}}
	told := map[*history.Event]bool{}
	for _, index := range counterexample {
		at := r.place(index)
		if at < 0 {
			continue
		}
		e := &r.h.Events[at]
		if e.Session != 0 && e.Alive != 0 {
			t.lived[e.Session] = max(t.lived[e.Session], e.Alive)
		}
		if told[e] {
			continue
		}
		switch told[e] = true; {
		case e.Process == history.SessionProcess && (e.F == history.FRequest || e.F == history.FReply):
			request, reply := r.exchange(at)
			told[request], told[reply] = true, true
			t.exchanged(request, reply)
			continue
		case e.Process < 0:
			t.fact(e)
			continue
		case key != "" && e.Key != key && e.Alive != 0: // it only shows that its session was alive
			t.alive(e)
			continue
		}
		op := r.h.OperationAt(at)
		if op == nil { // no invocation
			op = &history.Operation{Process: e.Process, Client: e.Client, F: e.F, Key: e.Key, Invoke: e}
		}
		told[op.Invoke], told[op.Return] = true, true
		t.operation(op)
	}
	r.deaths(&t, told)
	for _, index := range beside {
		at := r.place(index)
		if at < 0 || told[&r.h.Events[at]] {
			continue
		}
		if op := r.h.OperationAt(at); op != nil && !told[op.Invoke] {
			told[op.Invoke] = true
			t.operation(op)
			s.Steps[len(s.Steps)-1].beside = true
		}
	}
	s.sort()
	t.stays(r)
	r.messages(s)
	s.conclude()
	s.overlapping(r.faults)
	return s
}

// mostDeaths is the maximum number of ends of sessions that are described although the
// counterexample does not contain them.
const mostDeaths = 4

// deaths adds the ends of sessions of the scene's clients. For clients with operations, it starts
// at the first operation of the scene: an earlier end, while another client was only connected,
// does not matter.
func (r *Reader) deaths(t *narrator, told map[*history.Event]bool) {
	begin, to, ok := t.s.span()
	if !ok {
		return
	}
	since, first := map[int]time.Duration{}, Never
	for i := range t.s.Steps {
		if t.s.Steps[i].op != nil {
			first = min(first, t.s.Steps[i].From)
		}
		since[t.s.Steps[i].Row] = begin
	}
	for i := range t.s.Steps {
		if t.s.Steps[i].op != nil {
			since[t.s.Steps[i].Row] = first
		}
	}
	n := 0
	for _, e := range r.facts {
		if e.Time > to || n == mostDeaths {
			return
		}
		if from, in := since[e.Client]; in && e.Time >= from && !told[e] {
			n++
			t.fact(e)
		}
	}
}
