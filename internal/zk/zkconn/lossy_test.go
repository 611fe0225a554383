package zkconn

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// A request that is made while the connection is being closed, and whose write fails, does not leave a
// goroutine of go-zookeeper behind.
func TestCloseEndsTheClient(t *testing.T) {
	for range 20 { // without the tested code, each round deadlocks with a probability of one half
		synctest.Test(t, closeWithoutAnswer)
	}
}

func closeWithoutAnswer(t *testing.T) {
	end := make(chan struct{})
	serve := func(c net.Conn) {
		defer c.Close()
		if _, err := wire.ReadFrame(c, nil, 0); err != nil {
			return
		}
		res := wire.ConnectResponse{Timeout: 4 * time.Second, Session: 1, Password: make([]byte, 16)}
		_ = wire.WriteFrame(c, res.Append(nil))
		for { // until the server has got the request to close, which it does not answer
			body, err := wire.ReadFrame(c, nil, 0)
			if err != nil {
				return
			}
			if h, _, err := wire.DecodeRequestHeader(body); err != nil || h.Op == wire.CloseSession {
				break
			}
		}
		<-end
	}
	dial := func(string, string, time.Duration) (net.Conn, error) {
		near, far := net.Pipe()
		go serve(far)
		return near, nil
	}
	conn, events, err := Open(t.Context(), Config{Servers: []string{"a:1"}, Timeout: 4 * time.Second, Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		conn.Close()
		close(closed)
	}()
	synctest.Wait()
	for range 50 { // half of them are refused at once
		_, _, _ = conn.Get("/a")
	}
	synctest.Wait()
	close(end)
	<-closed
	for range events { //nolint:revive // closed when the client's goroutines have ended
	}
}
