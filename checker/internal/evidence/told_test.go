package evidence

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

// What a link has seen binds the servers only as far as the client certainly got it.
func TestTold(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name        string
		said        []history.ID // what the client said that it had seen, at connects at 2 and 7 ms, when its link had seen 9 and 12
		alive, seen int          // of an await from 5 to 10 ms
		told        uint64
		view        time.Duration
	}{
		{name: "never connected again", alive: 2, seen: 9, told: 9, view: 2 * ms},
		{name: "all came", said: []history.ID{9}, alive: 2, seen: 9, told: 9, view: 2 * ms},
		{name: "the last did not", said: []history.ID{5}, alive: 2, seen: 9, told: 5, view: 1 * ms},
		{name: "nothing did", said: []history.ID{0}, alive: 2, seen: 9, told: 0, view: 0},
		{name: "another one did since", said: []history.ID{5}, alive: 3, seen: 10, told: 10, view: 3 * ms},
		{name: "the last did not, as shows only then", said: []history.ID{9, 6}, alive: 3, seen: 10, told: 6, view: 1 * ms},
		{name: "one of then did not", said: []history.ID{9, 11}, alive: 3, seen: 10, told: 10, view: 3 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := historytest.New(models.Barrier.Name)
			know := func(e *history.Event, alive, seen int) {
				e.Alive, e.Seen = time.Duration(alive)*ms, history.ID(seen)
			}
			know(b.Session(1, 0, 7, history.FDisconnected, "", nil), 1, 5)
			for i, said := range c.said {
				e := b.Session(float64(2+5*i)+0.5, 0, 7, history.FConnected, "", history.Connected{Seen: said})
				know(e, 2+2*i, 9+3*i)
			}
			know(b.Session(4, 0, 7, history.FDisconnected, "", nil), c.alive, c.seen)
			op := b.Op(0, models.FAwait, "k", 5, 10, history.OK, nil, nil).Session(7)
			know(op.Invoke, c.alive, c.seen)
			know(op.Return, 4, 12)
			r := Read(t.Context(), b.History(), models.Barrier, nil)
			got := r.Keys[0].Ops()[0]
			if told, view := r.Told(got), r.View(got); told != c.told || view != c.view {
				t.Errorf("told of %d, by a view of %v, want %d and %v", told, view, c.told, c.view)
			}
		})
	}
}

// The search finds what a look at all of them would find, even if a record tells zxids
// and signs of life in no order.
func TestToldOfMany(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := &Session{ID: 7, ExpiredEvent: -1, closed: -1}
		a := &Record{Sessions: Sessions{ByID: map[history.ID]*Session{7: s}, ofClient: map[int][]*Session{0: {s}}}}
		var events []*history.Event
		for i := range 1 + r.IntN(12) {
			e := &history.Event{Index: i, Session: 7, Alive: time.Duration(r.IntN(9)), Seen: history.ID(r.IntN(9))}
			if r.IntN(2) == 0 {
				e.Process, e.F, e.Value = history.SessionProcess, history.FConnected, history.Value(history.Connected{Seen: history.ID(r.IntN(9))})
			}
			events = append(events, e)
			a.readTold(e, s)
		}
		op := &history.Operation{
			Invoke: &history.Event{Session: 7, Alive: time.Duration(r.IntN(9)), Seen: history.ID(r.IntN(9)), Time: 100},
			Return: &history.Event{Session: 7, Index: r.IntN(len(events) + 1)},
		}
		told, view := wentThrough(events, op)
		if got, since := a.Told(op), a.View(op); got != told || since != view {
			t.Fatalf("told of %d, by a view of %v, want %d and %v", got, since, told, view)
		}
	}
}

// wentThrough returns what Told and View must return for an operation after some
// events.
func wentThrough(events []*history.Event, op *history.Operation) (told uint64, view time.Duration) {
	told, view = uint64(op.Invoke.Seen), op.Invoke.Alive
	var signs []sign
	for _, e := range events {
		var c history.Connected
		if e.F == history.FConnected {
			_ = e.Decode(&c)
		}
		if e.F == history.FConnected && c.Seen < e.Seen && e.Index < op.Return.Index {
			since := time.Duration(0)
			for _, x := range signs {
				if x.seen <= uint64(c.Seen) {
					since = x.alive
				}
			}
			if op.Invoke.Seen <= e.Seen {
				told = min(told, uint64(c.Seen))
			}
			if op.Invoke.Alive <= e.Alive {
				view = min(view, since)
			}
		}
		if n := len(signs); n == 0 || signs[n-1].alive < e.Alive {
			signs = append(signs, sign{e.Alive, uint64(e.Seen)})
		}
	}
	return told, view
}
