package server

import (
	"context"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/memnet"
	"github.com/zklab/zklab/internal/zk/wire"
)

// exhausted fails a few times before it accepts, as if there were no free file descriptor.
type exhausted struct {
	net.Listener
	failures int
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.failures--; l.failures >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestAcceptsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l := must.Get(network.Listen("server:2181"))(t)
		s := New(Config{
			Zab:        zab.Config{ID: 1, Voters: []int{1}, Tick: tick, InitLimit: 20, SyncLimit: 4},
			MinSession: 2 * tick, MaxSession: time.Minute, Sweep: time.Minute,
			Disk: zab.NewDisk(NewState()), Listener: &exhausted{l, 3}, Send: func(zab.Message) {},
		})
		s.Run()
		defer s.Stop()
		<-s.Ready()
		conn := must.Get(network.Dial(context.Background(), "tcp", "server:2181"))(t)
		defer conn.Close()
		r := wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, wire.PasswordSize)}
		must.Do(t, wire.WriteFrame(conn, r.Append(nil)))
		if _, err := wire.ReadFrame(conn, nil, 0); err != nil {
			t.Error(err)
		}
	})
}
