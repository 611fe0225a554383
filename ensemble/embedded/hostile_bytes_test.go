package embedded_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// noise returns n bytes, which are the same in each run.
func noise(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// lengths has lengths of frames that no server accepts.
var lengths = map[string][]byte{
	"negative length": {0xff, 0xff, 0xff, 0xff},
	"least length":    {0x80, 0, 0, 0},
	"giant length":    {0x7f, 0xff, 0xff, 0xff},
	"length too much": wire.AppendInt(nil, wire.MaxRequest+1),
}

func TestHostileFirstBytes(t *testing.T) {
	long := wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil)
	first := map[string][]byte{
		"noise":                noise(1000),
		"another protocol":     []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"no body":              {0, 0, 0, 0},
		"short body":           {0, 0, 0, 3, 1, 2, 3},
		"a request":            requestFrame(1, wire.GetData, wire.ReadRequest{Path: "/"}.Append(nil)),
		"a ping":               requestFrame(wire.XidPing, wire.Ping, nil),
		"password beyond":      wire.AppendFrame(nil, append(long[:24:24], 0, 0, 1, 0)),
		"password of 2 GB":     wire.AppendFrame(nil, append(long[:24:24], 0x7f, 0xff, 0xff, 0xff)),
		"words one by one":     []byte("ruokruokruok"),
		"a session of others":  wire.AppendFrame(nil, wire.ConnectRequest{Timeout: time.Second, Session: 1 << 56, Password: noise(16)}.Append(nil)),
		"a guessed password":   wire.AppendFrame(nil, wire.ConnectRequest{Timeout: time.Second, Session: 1 << 56, Password: noise(wire.MaxRequest - 100)}.Append(nil)),
		"a zxid of the future": wire.AppendFrame(nil, wire.ConnectRequest{Timeout: time.Second, LastZxid: 1 << 62, Password: noise(16)}.Append(nil)),
	}
	for name, length := range lengths {
		first[name] = length
	}
	transports(t, func(t *testing.T, s besieged) {
		for name, b := range first {
			t.Run(name, func(t *testing.T) {
				conn := s.raw()
				conn.Write(b) // may fail: the server does not wait for the end
				expectEnd(t, conn)
			})
		}
	})
}

// An unnecessary password is ignored, however long it is.
func TestHostilePassword(t *testing.T) {
	transports(t, func(t *testing.T, s besieged) {
		conn := s.raw()
		r := wire.ConnectRequest{Timeout: time.Second, Password: noise(wire.MaxRequest - 100)}
		must.Get(conn.Write(wire.AppendFrame(nil, r.Append(nil))))(t)
		frame := must.Get(wire.ReadFrame(conn, nil, 0))(t)
		if res, err := wire.DecodeConnectResponse(frame); err != nil || res.Session == 0 {
			t.Error(res, err)
		}
	})
}

func TestHostileFramesOfASession(t *testing.T) {
	frames := map[string][]byte{
		"noise":              noise(1000),
		"no body":            {0, 0, 0, 0},
		"short header":       {0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0},
		"connect again":      connectFrame(time.Second),
		"session by request": requestFrame(1, wire.CreateSession, wire.AppendInt(nil, 1000)),
		"auth cut short":     requestFrame(wire.XidAuth, wire.Auth, []byte{0, 0}),
	}
	for name, length := range lengths {
		frames[name] = length
	}
	for op := wire.Op(-200); op < 300; op++ {
		if !slices.Contains(knownOps, op) {
			frames[op.String()] = requestFrame(1, op, nil)
		}
	}
	transports(t, func(t *testing.T, s besieged) {
		for name, b := range frames {
			l := s.open()
			l.Write(b)
			if expectEnd(t, l); t.Failed() {
				t.Fatal("after ", name)
			}
		}
	})
}

// records has a record of each request type that has one.
var records = []struct {
	op  wire.Op
	req any
}{
	{wire.Create, &wire.CreateRequest{Path: "/h", Data: benchData, ACL: benchACL}},
	{wire.Create2, &wire.CreateRequest{Path: "/h2", Data: benchData, ACL: benchACL}},
	{wire.CreateContainer, &wire.CreateRequest{Path: "/hc", ACL: benchACL, Mode: wire.Container}},
	{wire.CreateTTL, &wire.CreateRequest{Path: "/ht", ACL: benchACL, Mode: wire.PersistentTTL, TTL: time.Hour}},
	{wire.Delete, &wire.VersionRequest{Path: "/none", Version: -1}},
	{wire.Exists, &wire.ReadRequest{Path: "/h", Watch: true}},
	{wire.GetData, &wire.ReadRequest{Path: "/h", Watch: true}},
	{wire.SetData, &wire.SetDataRequest{Path: "/h", Data: benchData, Version: -1}},
	{wire.GetACL, &wire.PathRequest{Path: "/h"}},
	{wire.SetACL, &wire.SetACLRequest{Path: "/h", ACL: benchACL, Version: -1}},
	{wire.GetChildren, &wire.ReadRequest{Path: "/h", Watch: true}},
	{wire.GetChildren2, &wire.ReadRequest{Path: "/h", Watch: true}},
	{wire.Sync, &wire.PathRequest{Path: "/h"}},
	{wire.Multi, []wire.MultiOp{
		{Op: wire.Create, Request: &wire.CreateRequest{Path: "/hm", Data: benchData, ACL: benchACL}},
		{Op: wire.Check, Request: &wire.VersionRequest{Path: "/hm"}},
		{Op: wire.SetData, Request: &wire.SetDataRequest{Path: "/hm", Data: benchData}},
		{Op: wire.Delete, Request: &wire.VersionRequest{Path: "/hm", Version: -1}},
	}},
	{wire.MultiRead, []wire.MultiOp{
		{Op: wire.GetData, Request: &wire.ReadRequest{Path: "/h"}},
		{Op: wire.GetChildren, Request: &wire.ReadRequest{Path: "/h"}},
	}},
	{wire.Reconfig, &wire.ReconfigRequest{Joining: "server.9=h:1:2;3", FromConfig: -1}},
	{wire.CheckWatches, &wire.WatchesRequest{Path: "/h", Type: wire.WatcherAny}},
	{wire.RemoveWatches, &wire.WatchesRequest{Path: "/h", Type: wire.WatcherAny}},
	{wire.GetEphemerals, &wire.PathRequest{Path: "/"}},
	{wire.GetAllChildrenNumber, &wire.PathRequest{Path: "/h"}},
	{wire.SetWatches, &wire.SetWatchesRequest{Data: []string{"/h"}, Exist: []string{"/none"}, Child: []string{"/h"}}},
	{wire.SetWatches2, &wire.SetWatchesRequest{Data: []string{"/h"}, Exist: []string{"/none"}, Child: []string{"/h"}, Persistent: []string{"/h"}, PersistentRecursive: []string{"/"}}},
	{wire.AddWatch, &wire.AddWatchRequest{Path: "/h", Mode: wire.AddPersistentRecursive}},
}

var knownOps = func() []wire.Op {
	ops := []wire.Op{wire.Ping, wire.Auth, wire.SASL, wire.WhoAmI, wire.CloseSession, wire.DeleteContainer, wire.Check}
	for _, r := range records {
		ops = append(ops, r.op)
	}
	return ops
}()

// Each record, cut off anywhere, is refused, and the session continues, and so it does when any four
// bytes of a record are a huge or negative length.
func TestHostileRecords(t *testing.T) {
	transports(t, func(t *testing.T, s besieged) {
		l := s.open()
		for _, r := range records {
			record := wire.AppendRequest(nil, r.op, r.req)
			for end := range record {
				if code := s.answer(&l, r.op, record[:end]); code == wire.OK {
					t.Errorf("%v, of which %d bytes of %d came, was done", r.op, end, len(record))
				}
			}
			for at := 0; at+4 <= len(record); at++ {
				for _, n := range []int32{-1, -2, -1 << 31, 1<<31 - 1, 1 << 20, 1000} {
					binary.BigEndian.PutUint32(record[at:], uint32(n))
					s.answer(&l, r.op, record)
					record = wire.AppendRequest(record[:0], r.op, r.req)
				}
			}
		}
	})
}

// answer sends a request and returns the error code of the reply. If the server ends the session
// instead of answering, it returns Unimplemented and opens a new session.
func (s besieged) answer(l **loader, op wire.Op, record []byte) wire.Code {
	s.t.Helper()
	const xid = 1 << 20
	(*l).Write(requestFrame(xid, op, record))
	(*l).SetReadDeadline(time.Now().Add(patient))
	for {
		h, err := (*l).next()
		switch {
		case isTimeout(err):
			s.t.Fatalf("%v %x: no answer", op, record)
		case err != nil:
			(*l).Close()
			*l = s.open()
			return wire.Unimplemented
		case h.Xid == xid:
			return h.Err
		}
	}
}

func isTimeout(err error) bool {
	t, ok := err.(net.Error)
	return ok && t.Timeout()
}

// A client may be slow, byte by byte, as long as its requests keep its session.
func TestHostileSlowWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := besiege(t, embedded.Config{InMemory: true})
		end := s.guard()
		conn := s.raw()
		slowly := func(b []byte) {
			for i := range b {
				if _, err := conn.Write(b[i : i+1]); err != nil {
					t.Fatalf("byte %d: %v", i, err)
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
		slowly(connectFrame(10 * time.Second))
		must.Get(wire.ReadFrame(conn, nil, 0))(t)
		for range 5 {
			slowly(requestFrame(7, wire.Exists, wire.ReadRequest{Path: "/"}.Append(nil)))
			if frame, err := wire.ReadFrame(conn, nil, 0); err != nil || !bytes.HasPrefix(frame, []byte{0, 0, 0, 7}) {
				t.Fatalf("%x %v", frame, err)
			}
		}
		// Half a request is not a sign of life for a session.
		began := time.Now()
		conn.Write(requestFrame(8, wire.SetData, noise(2000))[:1000])
		expectSilentEnd(t, conn)
		if took := time.Since(began); took < 9*time.Second || took > 12*time.Second {
			t.Errorf("closed after %v of silence", took)
		}
		if longest := end(); longest != 0 {
			t.Errorf("an honest client had to wait for %v", longest)
		}
	})
}

func expectSilentEnd(t testing.TB, conn net.Conn) {
	t.Helper()
	var b [1]byte
	if n, err := conn.Read(b[:]); n != 0 || isTimeout(err) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// The server closes the connection of a client that sends nothing, or half of a frame, after ten
// seconds.
func TestHostileSilence(t *testing.T) {
	for _, said := range [][]byte{nil, {0}, []byte("ruo"), connectFrame(time.Hour)[:30], wire.AppendInt(nil, wire.MaxRequest)} {
		t.Run(fmt.Sprintf("%d bytes", len(said)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := besiege(t, embedded.Config{InMemory: true})
				began := time.Now()
				conn := s.raw()
				conn.Write(said)
				expectSilentEnd(t, conn)
				if took := time.Since(began); took != 10*time.Second {
					t.Errorf("closed after %v", took)
				}
			})
		})
	}
}
