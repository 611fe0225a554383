package evidence

import (
	"testing"
	"time"

	"github.com/zklab/zklab/history"
)

// Only a server that is known to follow answers a sync when it has all that others were told of.
func TestSyncLag(t *testing.T) {
	known := func() *Record {
		return &Record{
			Params: history.Params{Addresses: []string{"a", "b", "c"}},
			Timing: Timing{Health: map[string]healthAt{"before": {Health: history.Health{Leader: 2, Epoch: 1}}, "after": {Health: history.Health{Leader: 2, Epoch: 1}}}},
		}
	}
	for _, c := range []struct {
		name, server string
		of           func(*Record)
		at           time.Duration
		want         time.Duration
	}{
		{name: "a follower", server: "a"},
		{name: "the leader", server: "b", want: LeaderLag},
		{name: "a server that is in no list", server: "d", want: LeaderLag},
		{name: "no list", server: "a", of: func(r *Record) { r.Params.Addresses = nil }, want: LeaderLag},
		{name: "nobody told who leads", server: "a", of: func(r *Record) { r.Health = nil }, want: LeaderLag},
		{name: "servers of our own", server: "b", of: func(r *Record) { r.Params.SameClock = true }},
		{name: "before an election", server: "c", at: 1, of: elected},
		{name: "elected", server: "c", at: 3, of: elected, want: LeaderLag},
		{name: "deposed", server: "b", at: 3, of: elected},
		{name: "an election that nobody saw", server: "a", of: func(r *Record) { r.Health["after"] = healthAt{Health: history.Health{Leader: 2, Epoch: 2}} }, want: LeaderLag},
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
	r.Faults.Elected = []Election{{At: 2, Server: 3}}
	r.Health["after"] = healthAt{Health: history.Health{Leader: 3, Epoch: 2}}
}
