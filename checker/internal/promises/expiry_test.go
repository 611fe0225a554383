package promises_test

import (
	"math"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestExpiry lets a session with a timeout of 4 s write at 1 s and disconnect at 2 s,
// while another session writes every 100 ms. Servers end the first session at some
// time, or never.
func TestExpiry(t *testing.T) {
	for name, c := range map[string]struct {
		ends    time.Duration // 0 means never
		asked   bool          // some client asked for it
		fault   history.Span
		untimed bool
		broken  bool
		judged  float64
	}{
		"in time":               {ends: 6200 * time.Millisecond, judged: 1},
		"at once":               {ends: 2500 * time.Millisecond, broken: true, judged: 1},
		"at once, as asked":     {ends: 2500 * time.Millisecond, asked: true},
		"a little early":        {ends: 4500 * time.Millisecond, judged: 1},
		"late":                  {ends: 9 * time.Second, broken: true, judged: 1},
		"never":                 {broken: true},
		"at once, with a fault": {ends: 2500 * time.Millisecond, fault: history.Span{From: 1500 * time.Millisecond, To: 2 * time.Second}},
		"late, with a fault":    {ends: 9 * time.Second, fault: history.Span{From: 5 * time.Second, To: 6 * time.Second}},
		"at once, by no clock":  {ends: 2500 * time.Millisecond, untimed: true},
	} {
		t.Run(name, func(t *testing.T) {
			run := expiryRun(c.ends, c.asked)
			run.Timed = !c.untimed
			if c.fault.To != 0 {
				run.Faults, run.Disturbed = []history.Span{c.fault}, []history.Span{c.fault}
			}
			r := promises.Check(t.Context(), run)
			f := r[promises.Expiry]
			if (f.Text != "") != c.broken || f.Figures["ends"] != c.judged {
				t.Errorf("broken: %q, %v judged", f.Text, f.Figures["ends"])
			}
			for _, other := range broken(r) {
				if other != promises.Expiry {
					t.Errorf("%s: %s", other, r[other].Text)
				}
			}
		})
	}
}

func expiryRun(ends time.Duration, asked bool) promises.Run {
	const leaver, stayer = 7, 8
	run := promises.Run{Tick: 500 * time.Millisecond, Final: time.Hour}
	z := history.ID(1 << 32)
	commit := func(x history.Txn) history.ID {
		z++
		x.Zxid = z
		run.Transactions = append(run.Transactions, x)
		return z
	}
	add := func(at time.Duration, f string, s, zxid history.ID, v any) {
		run.Events = append(run.Events, history.Event{
			Index: len(run.Events), Time: at, Process: history.SessionProcess, Client: int(s), Type: history.Info,
			F: f, Session: s, Zxid: zxid, Value: history.Value(v),
		})
	}
	write := func(at time.Duration, s history.ID, xid int32) {
		add(at, history.FRequest, s, 0, history.Request{Xid: xid, Op: "setData", Path: "/a"})
		got := commit(history.Txn{Session: s, Cxid: xid, Type: "setData", Path: "/a", Version: xid})
		add(at+time.Millisecond, history.FReply, s, got, history.Reply{Xid: xid})
	}
	commit(history.Txn{Type: "create", Path: "/a", ParentCversion: 1})
	for _, s := range []history.ID{leaver, stayer} {
		add(0, history.FConnected, s, 0, history.Connected{Timeout: 4 * time.Second})
	}
	for i := range 150 {
		at := time.Duration(i) * 100 * time.Millisecond
		switch {
		case at == time.Second:
			write(at, leaver, 1)
		case at == 2*time.Second:
			add(at, history.FDisconnected, leaver, 0, nil)
		case at == ends && ends != 0:
			x := history.Txn{Session: leaver, Type: "closeSession"}
			if asked { // as a fault asks: by a request that belongs to no connection of the record
				x.Cxid = math.MaxInt32
			}
			commit(x)
		}
		write(at+10*time.Millisecond, stayer, int32(i+1))
	}
	run.Decode = func(e *history.Event, v any) {
		if err := e.Decode(v); err != nil {
			panic(err)
		}
	}
	return run
}
