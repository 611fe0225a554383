package runtest

import (
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Bare returns a record as it would be if the subject offered nothing beyond its contract: no tokens,
// no report of a loss, no session of its own; only what the links saw and what the operations say.
func Bare(t testing.TB, h *history.History) *history.History {
	t.Helper()
	bare := h.With(nil)
	now := map[int]history.ID{} // the session of each client
	for _, e := range h.Events {
		if e.F == history.FConnected && e.Process == history.SessionProcess {
			now[e.Client] = e.Session
		}
		switch e.F {
		case history.FOffers:
			var o history.Offers
			decode(t, &e, &o)
			e.Value = history.Value(history.Offers{Capacity: o.Capacity})
		case models.FConfirm, models.FLeader, models.FListen, models.FRevoke:
			continue
		case history.FLost:
			continue
		case models.FWrite, models.FRead:
			if guards(h) {
				continue
			}
		case models.FAcquire, models.FEnter:
			if e.Type == history.OK {
				e.Session = now[e.Client]
				if e.F == models.FAcquire {
					v := map[string]any{}
					decode(t, &e, &v)
					delete(v, "token")
					e.Value = history.Value(v)
				}
			}
		case models.FRelease:
			if e.Type == history.Invoke {
				e.Value = history.Value(models.Held{Held: true})
			}
		}
		e.Index = len(bare.Events)
		bare.Events = append(bare.Events, e)
	}
	return bare
}

// guards reports whether the writes and reads of a record are those that a hold guards.
func guards(h *history.History) bool {
	for i := range h.Events {
		if h.Events[i].F == models.FAcquire {
			return true
		}
	}
	return false
}

func decode(t testing.TB, e *history.Event, v any) {
	t.Helper()
	must.Do(t, e.Decode(v))
}
