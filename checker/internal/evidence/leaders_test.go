package evidence

import (
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
)

// A sync is known to lag by a bounded time only if the server that answers it is known to be a
// follower that has all that others were told of.
func TestSyncLag(t *testing.T) {
	known := func() *Record {
		return &Record{
			History: &history.History{},
			Params:  history.Params{Addresses: []string{"a", "b", "c"}},
			Timing:  Timing{Health: map[string]healthAt{"before": {Health: history.Health{Leader: 2, Epoch: 1}}, "after": {Health: history.Health{Leader: 2, Epoch: 1}}}},
		}
	}
	for _, c := range []struct {
		name, server string
		of           func(*Record)
		at           time.Duration
		want         time.Duration
	}{
		{name: "a follower", server: "a"},
		{name: "the leader", server: "b", want: history.LeaderLag},
		{name: "a server that is in no list", server: "d", want: history.LeaderLag},
		{name: "no list", server: "a", of: func(r *Record) { r.Params.Addresses = nil }, want: history.LeaderLag},
		{name: "nobody told who leads", server: "a", of: func(r *Record) { r.Health = nil }, want: history.LeaderLag},
		{name: "servers of our own", server: "b", of: func(r *Record) { r.Params.SameClock = true }},
		{name: "before an election", server: "c", at: 1, of: elected},
		{name: "elected", server: "c", at: 3, of: elected, want: history.LeaderLag},
		{name: "deposed", server: "b", at: 3, of: elected},
		{name: "an election that nobody saw", server: "a", of: func(r *Record) { r.Health["after"] = healthAt{Health: history.Health{Leader: 2, Epoch: 2}} }, want: history.LeaderLag},
		{name: "an election that only answers tell of", server: "a", at: 3, of: answered(1, 2), want: history.LeaderLag},
		{name: "before that", server: "a", at: 1, of: answered(1, 2)},
		{name: "an election that answers tell of, too", server: "b", at: 3, of: func(r *Record) { elected(r); answered(1, 2)(r) }},
		{name: "an answer of the next leader before it was seen to be that", server: "c", at: 1, of: func(r *Record) { elected(r); answered(0, 1)(r) }, want: history.LeaderLag},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := known()
			if c.of != nil {
				c.of(r)
			}
			if got := r.SyncLag(c.server, c.at); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func elected(r *Record) {
	r.Faults.Elections = []faults.Election{{At: 2, Server: 3}}
	r.Health["after"] = healthAt{Health: history.Health{Leader: 3, Epoch: 2}}
}

// answered adds answers at two moments, in the first epoch and in the second, without a look
// at the end.
func answered(first, second time.Duration) func(*Record) {
	return func(r *Record) {
		if len(r.Faults.Elections) == 0 {
			delete(r.Health, "after")
		}
		for i, at := range []time.Duration{first, second} {
			r.History.Events = append(r.History.Events, history.Event{
				Index: i, Time: at, Process: history.SessionProcess, Type: history.Info, F: history.FReply, Session: 1, Zxid: history.ID(i+1)<<32 + 1,
			})
		}
	}
}
