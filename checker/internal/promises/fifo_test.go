package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestMovedSession lets a client send a write and a read. The read is answered first. If a copy
// of the client has the session, that excuses the order, provided that the write never gets an
// answer.
func TestMovedSession(t *testing.T) {
	for name, c := range map[string]struct {
		first    string
		copied   bool
		answered bool // the first request is also answered, but later
		broken   bool
	}{
		"no copy":                         {first: "setData", broken: true},
		"a copy":                          {first: "setData", copied: true},
		"a copy, and a read passed over":  {first: "exists", copied: true, broken: true},
		"a copy, and an answer after all": {first: "setData", copied: true, answered: true, broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			run := promises.Run{Final: time.Hour, Copied: func(int, time.Duration) bool { return c.copied }}
			run.Decode = func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil {
					t.Error(err)
				}
			}
			add := func(f string, zxid history.ID, v any) {
				run.Events = append(run.Events, history.Event{
					Index: len(run.Events), Time: time.Duration(len(run.Events)) * time.Millisecond, Process: history.SessionProcess,
					Type: history.Info, F: f, Session: 7, Zxid: zxid, Value: history.Value(v),
				})
			}
			add(history.FConnected, 0, history.Connected{Timeout: 4 * time.Second})
			add(history.FRequest, 0, history.Request{Xid: 1, Op: c.first, Path: "/a"})
			add(history.FRequest, 0, history.Request{Xid: 2, Op: "exists", Path: "/b"})
			add(history.FReply, 0x11, history.Reply{Xid: 2, Error: -101})
			if c.answered {
				add(history.FReply, 0x12, history.Reply{Xid: 1, Error: -101})
			}
			add(history.FDisconnected, 0, nil)
			if f := promises.Check(t.Context(), run)[promises.Fifo]; (f.Text != "") != c.broken {
				t.Errorf("broken: %q", f.Text)
			}
		})
	}
}
