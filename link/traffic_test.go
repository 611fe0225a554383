package link

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Traffic counts every message except handshakes and pings. A held event counts when it is delivered, a
// lost request counts, and a lost reply does not.
func TestTraffic(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		hold(t, l, EventRule{Path: "/late", Behind: 1})
		request := len(c.frame(wire.Exists, "/x"))
		const reply = frameLength + 16 + 68 // header and stat
		event := len(wire.AppendFrame(nil, wire.WatchEvent{Path: "/late"}.Append(wire.ReplyHeader{}.Append(nil))))
		if diff := cmp.Diff(history.Traffic{}, l.TakeTraffic()); diff != "" {
			t.Errorf("after the handshake: %s", diff)
		}
		s.fire(id, wire.EventCreated, "/late")
		s.fire(id, wire.EventCreated, "/same")
		time.Sleep(time.Second)
		c.list(1)
		time.Sleep(time.Second)
		c.Write(wire.AppendFrame(nil, wire.RequestHeader{Xid: wire.XidPing, Op: wire.Ping}.Append(nil)))
		c.send(wire.Exists, 2)
		c.list(4)
		want := history.Traffic{
			Requests: 2, Sent: 2 * request, Received: 2*reply + 2*event,
			Events: []time.Duration{time.Second, 2 * time.Second},
		}
		if diff := cmp.Diff(want, l.TakeTraffic()); diff != "" {
			t.Error(diff)
		}
		must.Get(l.Lose(Rule{What: Reply, Op: wire.Exists, Times: 1}))(t)
		c.send(wire.Exists, 1)
		c.next()
		if diff := cmp.Diff(history.Traffic{Requests: 1, Sent: request}, l.TakeTraffic()); diff != "" {
			t.Errorf("with a lost reply: %s", diff)
		}
		again := dial(t, l)
		again.connect(id)
		must.Get(l.Lose(Rule{What: Request, Op: wire.Exists, Times: 1}))(t)
		again.send(wire.Exists, 1)
		if diff := cmp.Diff(history.Traffic{Requests: 1, Sent: request}, l.TakeTraffic()); diff != "" {
			t.Errorf("with a lost request: %s", diff)
		}
	})
}
