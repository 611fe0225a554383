package evidence

import (
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

// What a link has seen binds the servers as far as the client says that it got it.
func TestTold(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name        string
		said        []history.ID // at connects 2 and 7 ms, when its link had seen 9 and 12
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
			b := historytest.New(history.ModelBarrier)
			know := func(e *history.Event, alive, seen int) {
				e.Alive, e.Seen = time.Duration(alive)*ms, history.ID(seen)
			}
			know(b.Session(1, 0, 7, history.FDisconnected, "", nil), 1, 5)
			for i, said := range c.said {
				e := b.Session(float64(2+5*i)+0.5, 0, 7, history.FConnected, "", history.Connected{Seen: said})
				know(e, 2+2*i, 9+3*i)
			}
			know(b.Session(4, 0, 7, history.FDisconnected, "", nil), c.alive, c.seen)
			op := b.Op(0, history.FAwait, "k", 5, 10, history.OK, nil, nil).Session(7)
			know(op.Invoke, c.alive, c.seen)
			know(op.Return, 4, 12)
			r := Read(t.Context(), b.History(), models.Barrier, nil)
			got := r.Keys[0].Ops[0]
			if told, view := r.Told(got), r.View(got); told != c.told || view != c.view {
				t.Errorf("told of %d, by a view of %v, want %d and %v", told, view, c.told, c.view)
			}
		})
	}
}
