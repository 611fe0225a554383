package memnet_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/delivery"
	"github.com/zklab/zklab/internal/virtual/memnet"
)

// delivered calls f with both ends of a connection over which messages take a while.
func delivered(t *testing.T, f func(t *testing.T, client, server net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.New(3, delivery.Latency{Mean: time.Millisecond, Spread: delivery.Tails})
		defer s.Close()
		n := &memnet.Network{Delivery: s}
		l := must.Get(n.Listen("zk:2181"))(t)
		defer l.Close()
		client := must.Get(n.DialTimeout("", "zk:2181", 0))(t)
		defer client.Close()
		server := must.Get(l.Accept())(t)
		defer server.Close()
		f(t, client, server)
	})
}

// Everything written arrives late and in order, however it is cut into pieces, and then the end of the
// stream; a writer waits while 64 KiB are under way or unread.
func TestDelivered(t *testing.T) {
	delivered(t, func(t *testing.T, client, server net.Conn) {
		random := rand.New(rand.NewPCG(1, 2))
		sent := make([]byte, 300<<10)
		for i := range sent {
			sent[i] = byte(random.Uint32())
		}
		began := time.Now()
		var written time.Duration
		go func() {
			for rest := sent; len(rest) > 0; {
				n := min(len(rest), 1+random.IntN(5000))
				if _, err := client.Write(rest[:n]); err != nil {
					t.Error(err)
				}
				rest = rest[n:]
			}
			written = time.Since(began)
			client.Close()
		}()
		time.Sleep(10 * time.Second)
		got, err := io.ReadAll(server)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes of %d, or others: %v", len(got), len(sent), err)
		}
		if written < 10*time.Second {
			t.Errorf("300 KiB were written after %v, though nobody read", written)
		}
	})
}

func TestDeliveredLate(t *testing.T) {
	delivered(t, func(t *testing.T, client, server net.Conn) {
		began := time.Now()
		must.Get(client.Write([]byte("x")))(t)
		if time.Since(began) != 0 {
			t.Error("the writer waited")
		}
		if _, err := server.Read(make([]byte, 10)); err != nil || time.Since(began) < time.Millisecond/2 {
			t.Errorf("read after %v: %v", time.Since(began), err)
		}
	})
}

// A reset drops the bytes under way.
func TestDeliveredReset(t *testing.T) {
	delivered(t, func(t *testing.T, client, server net.Conn) {
		must.Get(client.Write([]byte("lost")))(t)
		client.(*memnet.Conn).Reset()
		time.Sleep(time.Second)
		if n, err := server.Read(make([]byte, 10)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read %d bytes: %v", n, err)
		}
	})
}
