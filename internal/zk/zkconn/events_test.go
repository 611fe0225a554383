package zkconn

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/go-zookeeper/zk"
)

// states reads the states from a channel until it is closed.
func states(events <-chan zk.Event) (all []zk.State) {
	for e := range events {
		all = append(all, e.State)
	}
	return all
}

// Each reader gets every event that comes after it subscribed, whatever the others do; a reader that
// left gets no more events, and one that subscribes after the end gets none.
func TestSubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvents()
		push := func(all ...zk.State) {
			for _, state := range all {
				e.push(zk.Event{State: state})
			}
		}
		read := func(events <-chan zk.Event) (got chan []zk.State) {
			got = make(chan []zk.State, 1)
			go func() { got <- states(events) }()
			return got
		}
		idle := e.Subscribe(t.Context()) // nobody reads this channel
		push(zk.StateConnecting)
		first := read(e.Subscribe(t.Context()))
		push(zk.StateConnected, zk.StateHasSession)
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		second, third := read(e.Subscribe(ctx)), read(e.Subscribe(t.Context()))
		push(zk.StateDisconnected)
		synctest.Wait()
		leave()
		if got := <-second; !slices.Equal(got, []zk.State{zk.StateDisconnected}) {
			t.Errorf("the second reader got %v", got)
		}
		for range 100 {
			push(zk.StateConnecting)
		}
		push(zk.StateExpired)
		synctest.Wait()
		all := read(e.All())
		synctest.Wait()
		e.close()
		end := append(slices.Repeat([]zk.State{zk.StateConnecting}, 100), zk.StateExpired)
		for _, tt := range []struct {
			name string
			got  []zk.State
			want []zk.State
		}{
			{"all", <-all, slices.Concat([]zk.State{zk.StateConnecting, zk.StateConnected, zk.StateHasSession, zk.StateDisconnected}, end)},
			{"first", <-first, slices.Concat([]zk.State{zk.StateConnected, zk.StateHasSession, zk.StateDisconnected}, end)},
			{"third", <-third, slices.Concat([]zk.State{zk.StateDisconnected}, end)},
			{"late", states(e.Subscribe(t.Context())), nil},
		} {
			if !slices.Equal(tt.got, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
			}
		}
		for range idle { // closed, although nobody read it
		}
	})
}
