package evidence

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Damage is the unreadable parts of a record. It is safe for concurrent use.
type Damage struct {
	mu sync.Mutex
	at map[int]string // by event
}

// note records what is wrong at an event.
func (d *Damage) note(event int, what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at == nil {
		d.at = map[int]string{}
	}
	d.at[event] = what
}

// Damages returns all damage, by event.
func (d *Damage) Damages() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, i := range slices.Sorted(maps.Keys(d.at)) {
		all = append(all, d.at[i])
	}
	return all
}

// damaged records that an event says something impossible.
func (d *Damage) damaged(e *history.Event, format string, args ...any) {
	d.note(e.Index, fmt.Sprintf(format, args...))
}

// Decode reads a value. If it cannot, it records damage.
func (d *Damage) Decode(e *history.Event, v any) {
	if err := e.Decode(v); err != nil {
		d.damaged(e, "%v", err)
	}
}

// inOrder returns a history in which time does not run back: an event that is recorded after
// another one, with an earlier time, gets the time of that one. The order of the record is the order in which its
// writer saw the events; a call that returned before it was made would turn correct behaviour into violations.
// That time ran back is damage, which the reader of the file has noted already.
func inOrder(h *history.History) *history.History {
	last := time.Duration(Always)
	ordered := true
	for e := range h.All() {
		ordered = ordered && e.Time >= last
		last = e.Time
	}
	if ordered {
		return h
	}
	h = h.Unpacked()
	mended := h.With(slices.Clone(h.Events))
	for i := range mended.Events[1:] {
		last, e := &mended.Events[i], &mended.Events[i+1]
		if e.Time >= last.Time {
			continue
		}
		if len(mended.Damage) == 0 {
			mended.Damage = []string{fmt.Sprintf("event %d: time runs back from %v to %v", e.Index, last.Time, e.Time)}
		}
		e.Time = last.Time
	}
	return mended
}

// unpaired records events that no client's process can have made: half of an operation must be
// missing. It skips foreign records, which their reader has refused.
func (a *Record) unpaired() {
	if a.Foreign {
		return
	}
	open := map[history.Process]history.Event{} // the last invocations, of those that never return
	for op := range a.History.EachOperation() {
		if e, is := open[op.Process]; is {
			a.damaged(&e, "event %d: %s of process %d never returns, though that goes on", e.Index, e.F, e.Process)
			delete(open, op.Process)
		}
		switch r := op.Return; {
		case r == nil:
			open[op.Process] = *op.Invoke
		case r.F != op.F || r.Key != op.Key:
			a.notInvoked(r)
		}
	}
	for _, i := range a.History.Unpaired() {
		a.notInvoked(a.History.At(int(i)))
	}
}

func (a *Record) notInvoked(e *history.Event) {
	a.damaged(e, "event %d: %s of process %d was not invoked", e.Index, e.F, e.Process)
}

// Doubts returns the reason why a violation on a key is not certain: something unreadable or missing
// might explain it. It returns "" if the record of the key is complete, and so is everything that
// belongs to all keys. Lines that cannot be attributed may belong to any key.
func (a *Record) Doubts(key string) string {
	a.Damage.mu.Lock()
	defer a.Damage.mu.Unlock()
	unpaired := 0
	for _, i := range slices.Sorted(maps.Keys(a.Damage.at)) {
		e := a.History.At(i)
		if e.Process >= 0 {
			unpaired++
		}
		if of := a.keyOf(e.Key); of == key || of == "" || key == "" {
			return a.Damage.at[i]
		}
	}
	if a.History.Missing > unpaired {
		return prose.Count(a.History.Missing, "line") + " of the record missing"
	}
	return ""
}
