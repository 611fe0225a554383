package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestOverstayed lets a session with a timeout of 4 s create an ephemeral znode and disconnect at
// 1 s. Another session looks at the znode later, after a write.
func TestOverstayed(t *testing.T) {
	for name, c := range map[string]struct {
		looks   time.Duration
		told    time.Duration // when the client is told of the expiry; 0 means never
		back    bool          // the client came back meanwhile
		plain   bool          // there is no write before the look
		fault   history.Span
		overdue bool
	}{
		"within two timeouts":         {looks: 8 * time.Second},
		"behind two timeouts":         {looks: 12 * time.Second, overdue: true},
		"behind them, by a server":    {looks: 12 * time.Second, plain: true},
		"behind them, with a fault":   {looks: 12 * time.Second, fault: history.Span{From: 5 * time.Second, To: 6 * time.Second}},
		"behind them, as it is back":  {looks: 12 * time.Second, back: true},
		"told that it expired":        {looks: 7 * time.Second, told: 5 * time.Second, overdue: true},
		"told right now":              {looks: 5500 * time.Millisecond, told: 5 * time.Second},
		"told by who was paused then": {looks: 7 * time.Second, told: 5 * time.Second, fault: history.Span{From: 4 * time.Second, To: 5 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			const owner, other = 7, 8
			run := promises.Run{Tick: 500 * time.Millisecond, Final: time.Hour}
			if c.fault.To != 0 {
				run.Faults, run.Disturbed = []history.Span{c.fault}, []history.Span{c.fault}
			}
			add := func(at time.Duration, f string, s, zxid history.ID, v any) {
				run.Events = append(run.Events, history.Event{
					Index: len(run.Events), Time: at, Process: history.SessionProcess, Client: int(s), Type: history.Info,
					F: f, Session: s, Zxid: zxid, Value: history.Value(v),
				})
			}
			for _, s := range []history.ID{owner, other} {
				add(0, history.FConnected, s, 0, history.Connected{Timeout: 4 * time.Second})
			}
			add(100*time.Millisecond, history.FRequest, owner, 0, history.Request{Xid: 1, Op: "create", Path: "/e", Ephemeral: true})
			add(101*time.Millisecond, history.FReply, owner, 0x11, history.Reply{Xid: 1, Path: "/e"})
			add(time.Second, history.FDisconnected, owner, 0, nil)
			if c.told != 0 {
				add(c.told, history.FExpired, owner, 0, nil)
			}
			if c.back {
				add(2*time.Second, history.FConnected, owner, 0, history.Connected{Timeout: 4 * time.Second})
			}
			if !c.plain {
				add(c.looks, history.FRequest, other, 0, history.Request{Xid: 1, Op: "setData", Path: "/a"})
				add(c.looks, history.FReply, other, 0x12, history.Reply{Xid: 1})
			}
			add(c.looks, history.FRequest, other, 0, history.Request{Xid: 2, Op: "exists", Path: "/e"})
			add(c.looks, history.FReply, other, 0x12, history.Reply{Xid: 2, Stat: &history.Stat{Czxid: 0x11, Mzxid: 0x11, Pzxid: 0x11, Owner: owner}})
			run.Decode = func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil && len(e.Value) > 0 {
					t.Fatal(err)
				}
			}
			r := promises.Check(t.Context(), run)
			if got := r[promises.Ephemeral].Text; (got != "") != c.overdue {
				t.Errorf("%q", got)
			}
		})
	}
}
