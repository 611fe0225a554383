package corruptproxy

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// far is the server's end of a connection: it gets what is written, and sends what the test tells it
// to.
type far struct {
	net.Conn
	got, says bytes.Buffer
	rng       *rand.Rand
}

func (f *far) Close() error                     { return nil }
func (f *far) SetWriteDeadline(time.Time) error { return nil }

func (f *far) Write(p []byte) (int, error) { return f.got.Write(p) }

func (f *far) Read(p []byte) (int, error) {
	if f.says.Len() == 0 {
		return 0, io.EOF
	}
	return f.says.Read(p[:min(len(p), 1+f.rng.IntN(100))])
}

func open(t *testing.T, l *Proxy, f *far) net.Conn {
	t.Helper()
	return must.Get(l.Dialer(func(string, string, time.Duration) (net.Conn, error) { return f, nil })("tcp", "a:2181", time.Second))(t)
}

// talk returns the frames of a connection in both directions: a handshake, and requests of many kinds
// with their replies and events in between.
func talk(rng *rand.Rand) (up, down []byte) {
	up = wire.AppendFrame(up, wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil))
	down = wire.AppendFrame(down, wire.ConnectResponse{Timeout: time.Second, Session: 7, Password: make([]byte, 16)}.Append(nil))
	for xid := int32(1); xid < 60; xid++ {
		path := []string{"/a", "/b", "/c"}[rng.IntN(3)]
		zxid := 10 * int64(xid)
		for n := range rng.IntN(3) {
			e := wire.WatchEvent{Type: wire.EventDataChanged, State: wire.StateConnected, Path: path}
			down = wire.AppendFrame(down, e.Append(wire.ReplyHeader{Xid: wire.XidEvent, Zxid: zxid + int64(n) - 1}.Append(nil)))
		}
		var op wire.Op
		var request any
		reply := wire.ReplyHeader{Xid: xid, Zxid: zxid}.Append(nil)
		stat := wire.Stat{Czxid: 1, Mzxid: zxid / 40, Version: xid / 4, EphemeralOwner: 7}
		switch rng.IntN(6) {
		case 0:
			op, request, reply = wire.GetData, &wire.ReadRequest{Path: path}, wire.DataReply{Data: []byte{1}, Stat: stat}.Append(reply)
		case 1:
			op, request, reply = wire.SetData, &wire.SetDataRequest{Path: path, Version: -1}, stat.Append(reply)
		case 2:
			op, request, reply = wire.Exists, &wire.ReadRequest{Path: path}, stat.Append(reply)
		case 3:
			op, request = wire.Create, &wire.CreateRequest{Path: path, Mode: wire.PersistentSequential, ACL: []wire.ACL{}}
			reply = wire.AppendCreateReply(reply, op, wire.CreateReply{Path: fmt.Sprintf("%s%010d", path, xid)})
		case 4:
			op, request, reply = wire.Sync, &wire.PathRequest{Path: path}, wire.AppendSyncReply(reply, path)
		case 5:
			op, request = wire.Multi, []wire.MultiOp{{Op: wire.SetData, Request: &wire.SetDataRequest{Path: "/a"}}, {Op: wire.SetData, Request: &wire.SetDataRequest{Path: "/b"}}}
			reply = wire.AppendMultiReply(reply, []wire.OpResult{{Op: wire.SetData}, {Op: wire.SetData}})
		}
		up = wire.AppendFrame(up, wire.AppendRequest(wire.RequestHeader{Xid: xid, Op: op}.Append(nil), op, request))
		down = wire.AppendFrame(down, reply)
	}
	return up, down
}

// pass sends all of up to the server in pieces, and then reads all of down.
func pass(t *testing.T, c net.Conn, f *far, up, down []byte) (got []byte) {
	t.Helper()
	for len(up) > 0 {
		n := min(len(up), 1+f.rng.IntN(200))
		must.Get(c.Write(up[:n]))(t)
		up = up[n:]
	}
	f.says.Write(down)
	return must.Get(io.ReadAll(c))(t)
}

// A proxy without corruptions changes nothing, whatever pieces the bytes come in, also on a connection
// that does not use the protocol.
func TestUnchanged(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		up, down := talk(rng)
		if seed%5 == 4 {
			up, down = []byte("srvr"), []byte("Zookeeper version: 3.9\nMode: leader\n")
		}
		f := &far{rng: rng}
		l := New(EventTwice)
		l.newCorrupter = func() corrupter { return unchanged{} }
		got := pass(t, open(t, l, f), f, up, down)
		if !bytes.Equal(f.got.Bytes(), up) || !bytes.Equal(got, down) {
			t.Fatalf("seed %d: %d bytes of %d went up, %d of %d came down", seed, f.got.Len(), len(up), len(got), len(down))
		}
	}
}

// frames splits a stream, which must end with a complete frame.
func frames(t *testing.T, b []byte) (all [][]byte) {
	t.Helper()
	for len(b) > 0 {
		body, ok := cut(&b)
		if !ok || body == nil {
			t.Fatalf("%d bytes are left", len(b))
		}
		all = append(all, body)
	}
	return all
}

// takesAnswers lists the corruptions that leave requests without an answer.
var takesAnswers = []Corruption{Unanswered, ExpiredAlive}

// needsOthers lists the corruptions that need other clients' requests, or more than one connection.
var needsOthers = []Corruption{
	EphemeralKept, HalfMulti, ReadBehind, StaleSync, OtherSession, Undying, ReadBack, OwnReadBack, EventFalse, EventOfFailed,
	ChildMissing, PzxidKept, MultiIndex, WatchesForgotten, VersionIgnored, EphemeralStays, SequenceReused, PartDone,
	RefusedWrongly, OtherError, CversionOff, EventKind, StuckServer, RightsIgnored,
	ContainerEarly, ContainerFull, TTLEarly, PersistentMissing, PersistentSwapped, RemovedTells,
}

// Each corruption has an effect, but keeps to the protocol: each request has one answer, and none is
// invented.
func TestEachCorrupts(t *testing.T) {
	for _, kind := range Corruptions() {
		t.Run(string(kind), func(t *testing.T) {
			l := New(kind)
			l.every = 1
			changed := false
			for seed := range uint64(20) {
				rng := rand.New(rand.NewPCG(seed, 2))
				up, down := talk(rng)
				f := &far{rng: rng}
				c := open(t, l, f)
				c.(*conn).resumed = true
				got := pass(t, c, f, up, down)
				answers := map[int32]int{}
				for _, body := range frames(t, got)[1:] {
					h, _, err := wire.DecodeReplyHeader(body)
					if err != nil {
						t.Fatal(err)
					}
					answers[h.Xid]++
				}
				for xid, n := range answers {
					if xid > 0 && n != 1 {
						t.Errorf("request %d has %d answers", xid, n)
					}
				}
				if missing := 59 - (len(answers) - min(1, answers[wire.XidEvent])); missing > 0 && !slices.Contains(takesAnswers, kind) {
					t.Errorf("%d requests have no answer", missing)
				}
				changed = changed || !bytes.Equal(got, down) || !bytes.Equal(f.got.Bytes(), up)
			}
			if !changed && !slices.Contains(needsOthers, kind) {
				t.Errorf("nothing was changed, %d corruptions", l.Corrupted())
			}
		})
	}
}

// handshake connects through a proxy, and returns the connection with the request that the server
// received.
func handshake(t *testing.T, p *Proxy, session int64) (net.Conn, *far, wire.ConnectRequest) {
	t.Helper()
	f := &far{rng: rand.New(rand.NewPCG(1, 4))}
	c := open(t, p, f)
	password := bytes.Repeat([]byte{7}, wire.PasswordSize)
	up := wire.AppendFrame(nil, wire.ConnectRequest{Timeout: time.Second, Session: session, Password: password}.Append(nil))
	down := wire.AppendFrame(nil, wire.ConnectResponse{Timeout: time.Second, Session: 7, Password: password}.Append(nil))
	pass(t, c, f, up, down)
	asked := must.Get(wire.DecodeConnectRequest(frames(t, f.got.Bytes())[0]))(t)
	f.got.Reset()
	return c, f, asked
}

func TestHandshakes(t *testing.T) {
	if _, _, asked := handshake(t, New(OtherSession), 7); asked.Session != 0 {
		t.Errorf("asked for session %d, want a new one", asked.Session)
	}
	p := New(ExpiredAlive)
	p.every = 1
	c, f, _ := handshake(t, p, 0)
	read := wire.AppendRequest(wire.RequestHeader{Xid: 1, Op: wire.GetData}.Append(nil), wire.GetData, &wire.ReadRequest{Path: "/a"})
	pass(t, c, f, wire.AppendFrame(nil, read), wire.AppendFrame(nil, wire.ReplyHeader{Xid: 1, Err: wire.NoNode}.Append(nil)))
	if _, _, asked := handshake(t, p, 7); !bytes.Equal(asked.Password, make([]byte, wire.PasswordSize)) {
		t.Error("the session is not refused")
	}
}

// A session goes on after its client has left, unless the client closed it.
func TestUndying(t *testing.T) {
	for _, closes := range []bool{true, false} {
		p := New(Undying)
		c, f, _ := handshake(t, p, 0)
		if closes {
			must.Get(c.Write(wire.AppendFrame(nil, wire.RequestHeader{Xid: 1, Op: wire.CloseSession}.Append(nil))))(t)
		}
		f.got.Reset()
		c.Close()
		handshake(t, p, 0)
		if pings := len(frames(t, f.got.Bytes())); pings > 0 == closes {
			t.Errorf("closed: %v, %d pings", closes, pings)
		}
	}
}

// Invalid frames do no harm.
func TestNonsense(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		up, down := talk(rng)
		for range 1 + rng.IntN(5) {
			up[rng.IntN(len(up))] = byte(rng.Uint32())
			down[rng.IntN(len(down))] = byte(rng.Uint32())
		}
		f := &far{rng: rng}
		l := New(Corruptions()[seed%uint64(len(Corruptions()))])
		l.every = 1
		c := open(t, l, f)
		for len(up) > 0 {
			n := min(len(up), 1+rng.IntN(300))
			c.Write(up[:n])
			up = up[n:]
		}
		f.says.Write(down)
		io.ReadAll(c)
	}
}
