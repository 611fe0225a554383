package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestTimeliness acknowledges a write at 1 s with zxid 0x11, and lets another session, which
// connected at 0 s, read later. The bound is 10 s.
func TestTimeliness(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		reads, back time.Duration // when the reader asks, and when it has connected again; 0 means never
		zxid        history.ID    // of the reply
		late        time.Duration // how long the reply takes
		halted      map[string]history.Span
		stalled     history.Span
		bound       time.Duration
		broken      bool
	}{
		"an old state":                        {reads: 12 * s, zxid: 0x10, broken: true},
		"the state of the write":              {reads: 12 * s, zxid: 0x11},
		"a newer state":                       {reads: 12 * s, zxid: 0x12},
		"an old state within the bound":       {reads: 10 * s, zxid: 0x10},
		"a reply that took its time":          {reads: 10 * s, zxid: 0x10, late: 5 * s},
		"a bound that is not known":           {reads: 12 * s, zxid: 0x10, bound: -1},
		"a longer bound":                      {reads: 12 * s, zxid: 0x10, bound: 12 * s},
		"a client that had come back":         {reads: 14 * s, back: 5 * s, zxid: 0x10},
		"a client that had come back earlier": {reads: 16 * s, back: 5 * s, zxid: 0x10, broken: true},
		"a server that stood still":           {reads: 12 * s, zxid: 0x10, halted: map[string]history.Span{"zk2": {From: 2 * s, To: 5 * s}}},
		"a server that stood still for less":  {reads: 16 * s, zxid: 0x10, halted: map[string]history.Span{"zk2": {From: 2 * s, To: 5 * s}}, broken: true},
		"a server that still stands still":    {reads: 12 * s, zxid: 0x10, halted: map[string]history.Span{"zk2": {From: 9 * s, To: 1<<63 - 1}}},
		"another server that stood still":     {reads: 12 * s, zxid: 0x10, halted: map[string]history.Span{"zk1": {From: 2 * s, To: 5 * s}}, broken: true},
		"a recorder that stood still":         {reads: 12 * s, zxid: 0x10, stalled: history.Span{From: 2 * s, To: 5 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			const writer, reader = 7, 8
			run := promises.Run{Final: time.Hour, Age: 10 * s, Halted: func(server string) (of []history.Span) {
				if h, ok := c.halted[server]; ok {
					of = append(of, h)
				}
				return of
			}}
			if c.bound != 0 {
				run.Age = max(0, c.bound)
			}
			if c.stalled.To != 0 {
				run.Stalled = []history.Span{c.stalled}
			}
			add := func(at time.Duration, f string, s, zxid history.ID, v any) {
				run.Events = append(run.Events, history.Event{
					Index: len(run.Events), Time: at, Process: history.SessionProcess, Client: int(s), Type: history.Info,
					F: f, Session: s, Zxid: zxid, Value: history.Value(v),
				})
			}
			add(0, history.FConnected, writer, 0, history.Connected{Server: "zk1"})
			add(0, history.FConnected, reader, 0, history.Connected{Server: "zk2"})
			add(s, history.FRequest, writer, 0, history.Request{Xid: 1, Op: "setData", Path: "/a"})
			add(s, history.FReply, writer, 0x11, history.Reply{Xid: 1})
			if c.back != 0 {
				add(c.back, history.FDisconnected, reader, 0, nil)
				add(c.back, history.FConnected, reader, 0, history.Connected{Server: "zk2"})
			}
			add(c.reads, history.FRequest, reader, 0, history.Request{Xid: 1, Op: "exists", Path: "/b"})
			add(c.reads+c.late, history.FReply, reader, c.zxid, history.Reply{Xid: 1, Error: -101})
			run.Decode = func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil && len(e.Value) > 0 {
					t.Fatal(err)
				}
			}
			r := promises.Check(t.Context(), run)
			for name, f := range r {
				if want := c.broken && name == promises.Timeliness; (f.Text != "") != want {
					t.Errorf("%s: %q", name, f.Text)
				}
			}
		})
	}
}
