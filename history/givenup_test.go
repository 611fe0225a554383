package history_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

func TestGivenUp(t *testing.T) {
	const s1, s2, s3 = history.ID(1), history.ID(2), history.ID(3)
	type fact struct {
		client int
		f      string
		s      history.ID
	}
	for _, tt := range []struct {
		name  string
		facts []fact
		want  map[history.ID]int // session → the index of the event at which its successor was connected
	}{
		{"opens another", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}}, map[history.ID]int{s1: 2}},
		{"two, one after the other", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}, {0, history.FDisconnected, s2}, {0, history.FConnected, s3}}, map[history.ID]int{s1: 2, s2: 4}},
		{"two at once", []fact{{0, history.FConnected, s1}, {0, history.FConnected, s2}, {0, history.FDisconnected, s1}}, map[history.ID]int{}},
		{"returns to an older one", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}, {0, history.FDisconnected, s2}, {0, history.FConnected, s1}}, map[history.ID]int{}},
		{"one more beside another, while it is disconnected", []fact{{0, history.FConnected, s1}, {0, history.FConnected, s2}, {0, history.FDisconnected, s2}, {0, history.FConnected, s3}}, map[history.ID]int{}},
		{"two at once later", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}, {0, history.FConnected, s3}}, map[history.ID]int{}},
		{"two at once in its next process", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}, {0, history.FExited, 0}, {0, history.FConnected, s3}, {0, history.FConnected, 4}}, map[history.ID]int{s1: 2}},
		{"opens another while one that it closed is still connected", []fact{{0, history.FConnected, s1}, {0, history.FDead, s1}, {0, history.FConnected, s2}, {0, history.FDisconnected, s2}, {0, history.FConnected, s3}}, map[history.ID]int{s2: 4}},
		{"comes back", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}, {0, history.FConnected, s1}}, map[history.ID]int{}},
		{"is told later", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}, {0, history.FExpired, s1}}, map[history.ID]int{}},
		{"is told before", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FExpired, s1}, {0, history.FConnected, s2}}, map[history.ID]int{}},
		{"closed it", []fact{{0, history.FConnected, s1}, {0, history.FDead, s1}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}}, map[history.ID]int{s1: 3}},
		{"its process ended", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {0, history.FExited, 0}, {0, history.FConnected, s2}}, map[history.ID]int{}},
		{"its process ended, and was heard to be disconnected later", []fact{{0, history.FConnected, s1}, {0, history.FExited, 0}, {0, history.FDisconnected, s1}, {0, history.FConnected, s2}}, map[history.ID]int{}},
		{"another client's", []fact{{0, history.FConnected, s1}, {0, history.FDisconnected, s1}, {1, history.FConnected, s2}}, map[history.ID]int{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var events []history.Event
			for i, f := range tt.facts {
				events = append(events, history.Event{Index: i, Process: history.SessionProcess, Client: f.client, Type: history.Info, F: f.f, Session: f.s})
			}
			got := map[history.ID]int{}
			for s, g := range history.GivenUp((&history.History{Events: events}).Facts()) {
				got[s] = g.Next.Index
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
