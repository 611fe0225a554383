package embedded_test

import (
	"io"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// FuzzConnection sends anything to a server, before a session or in one. Whatever is sent, an honest
// client continues.
func FuzzConnection(f *testing.F) {
	ping := requestFrame(wire.XidPing, wire.Ping, nil)
	for _, in := range [][]byte{nil, ping, noise(100), []byte("srvr"), []byte("dump"), connectFrame(time.Second)} {
		f.Add(false, in)
		f.Add(true, in)
	}
	for _, r := range records {
		f.Add(true, requestFrame(1, r.op, wire.AppendRequest(nil, r.op, r.req)))
	}
	f.Add(true, requestFrame(wire.XidAuth, wire.Auth, wire.AuthRequest{Scheme: "digest", Auth: []byte("a:b")}.Append(nil)))
	f.Add(true, append(requestFrame(1, wire.CloseSession, nil), ping...))
	s := besiege(f, embedded.Config{InMemory: true})
	honest, paths := s.honest()
	write := writing(paths)
	f.Fuzz(func(t *testing.T, session bool, in []byte) {
		conn := must.Get(s.dial(s.addrs[0]))(t)
		if session {
			conn.Write(connectFrame(time.Second))
		}
		conn.Write(in)
		// If the connection lasts, the answer to a ping shows that everything was handled.
		conn.Write(ping)
		conn.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		io.Copy(io.Discard, conn)
		conn.Close()
		honest.SetDeadline(time.Now().Add(patient))
		if err := honest.do(write(0, 0)); err != nil {
			t.Fatalf("an honest client: %v", err)
		}
	})
}
