package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// A client that connects again waits for the creation of a znode, and then its watch on
// the children of that znode is set again. Although it is told that the znode is gone,
// it still gets the event of the creation, once.
func TestSettingAgainUsesUpNoWatch(t *testing.T) {
	for name, c := range map[string]struct {
		created int // how many events
		again   bool
		broken  bool
	}{
		"set again":        {created: 1, again: true},
		"set again, twice": {created: 2, again: true, broken: true},
		"alone":            {created: 1},
		"alone, twice":     {created: 2, broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			run := promises.Run{Final: time.Hour, Decode: func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil {
					t.Error(err)
				}
			}}
			add := func(f string, zxid history.ID, v any) {
				i := len(run.Events)
				run.Events = append(run.Events, history.Event{
					Index: i, Time: time.Duration(i) * time.Millisecond, Process: history.SessionProcess, Type: history.Info,
					F: f, Session: 7, Zxid: zxid, Value: history.Value(v),
				})
			}
			add(history.FConnected, 0, history.Connected{Seen: 0x100000005})
			add(history.FRequest, 0, history.Request{Xid: 1, Op: "exists", Path: "/k", Watch: true})
			if c.again {
				add(history.FRequest, 0, history.Request{Xid: 2, Op: "setWatches", Since: 0x100000005, ChildWatches: []string{"/k"}})
			}
			add(history.FReply, 0x100000006, history.Reply{Xid: 1, Error: -101})
			if c.again {
				add(history.FEvent, -1, history.WatchEvent{Type: "nodeDeleted", Path: "/k"})
				add(history.FReply, 0x100000006, history.Reply{Xid: 2})
			}
			for range c.created {
				add(history.FEvent, 0x100000007, history.WatchEvent{Type: "nodeCreated", Path: "/k"})
			}
			r := promises.Check(t.Context(), run)
			if got := r[promises.OneEvent].Text != ""; got != c.broken || len(broken(r)) > 1 {
				t.Errorf("broken: %v, %s", broken(r), r[promises.OneEvent].Text)
			}
		})
	}
}
