package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// answering returns a function that dials a server, which handles its end with the given function.
func answering(server func(net.Conn)) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			server(far)
		}()
		return near, nil
	}
}

func readFrom(c net.Conn) []byte {
	body, _ := ReadFrame(c, nil, 0)
	return body
}

var mine = Session{ID: 0x1a, Password: []byte("0123456789abcdef"), Timeout: 4 * time.Second}

func accept(c net.Conn) bool {
	req, err := DecodeConnectRequest(readFrom(c))
	if err != nil || req.Session != mine.ID || string(req.Password) != string(mine.Password) || req.Timeout != mine.Timeout {
		return false
	}
	WriteFrame(c, ConnectResponse{Timeout: req.Timeout, Session: req.Session, Password: req.Password}.Append(nil))
	return true
}

func reply(c net.Conn, h ReplyHeader) { WriteFrame(c, h.Append(nil)) }

func TestEndSession(t *testing.T) {
	for name, c := range map[string]struct {
		server func(net.Conn)
		zxid   int64
		want   error
	}{
		"closed": {func(c net.Conn) {
			if h, _, _ := DecodeRequestHeader(func() []byte { accept(c); return readFrom(c) }()); h.Op == CloseSession {
				reply(c, ReplyHeader{Xid: XidEvent, Zxid: -1})
				reply(c, ReplyHeader{Xid: h.Xid, Zxid: 0x77})
			}
		}, 0x77, nil},
		"given another": {func(c net.Conn) {
			readFrom(c)
			WriteFrame(c, ConnectResponse{Timeout: time.Second, Session: 0x1b, Password: mine.Password}.Append(nil))
			h, _, _ := DecodeRequestHeader(readFrom(c))
			reply(c, ReplyHeader{Xid: h.Xid, Zxid: 0x77})
		}, 0, ErrOtherSession},
		"refused": {func(c net.Conn) {
			readFrom(c)
			WriteFrame(c, ConnectResponse{Password: make([]byte, 16)}.Append(nil))
		}, 0, ErrRefused},
		"dropped at connect": {func(c net.Conn) { readFrom(c) }, 0, ErrNoReply},
		"dropped at close":   {func(c net.Conn) { accept(c); readFrom(c) }, 0, ErrNoReply},
		"moved away": {func(c net.Conn) {
			accept(c)
			h, _, _ := DecodeRequestHeader(readFrom(c))
			reply(c, ReplyHeader{Xid: h.Xid, Zxid: 5, Err: SessionMoved})
		}, 5, SessionMoved},
	} {
		h, err := EndSession(t.Context(), answering(c.server), mine)
		if h.Zxid != c.zxid || !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

func TestEndSessionGivesUpOnASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := EndSession(ctx, answering(func(c net.Conn) { accept(c); io.Copy(io.Discard, c) }), mine)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}
