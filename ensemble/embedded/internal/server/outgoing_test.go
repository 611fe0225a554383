package server

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/memnet"
)

// pipe returns a connection with a writer, and its other end.
func pipe(t *testing.T, room func()) (o *outgoing, peer io.ReadCloser) {
	t.Helper()
	var network memnet.Network
	l := must.Get(network.Listen("server:2181"))(t)
	defer l.Close()
	client := must.Get(network.Dial(t.Context(), "tcp", "server:2181"))(t)
	server := must.Get(l.Accept())(t)
	o = newOutgoing(nil)
	go o.writer(server, room)
	return o, client
}

func TestReaderWaitsWhileRequestsAreUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, peer := pipe(t, func() {})
		defer o.close()
		begun := 0
		go func() {
			for o.begin(window / 4) {
				begun++
			}
		}()
		for _, want := range []int{4, 5, 7} {
			synctest.Wait()
			if begun != want {
				t.Errorf("%d requests were read, want %d", begun, want)
			}
			o.send(nil, window/4*(want-3), false, false) // answers 1, then 2, then 4 requests
		}
		synctest.Wait()
		peer.Close()
	})
}

func TestReaderWaitsWhileRepliesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, peer := pipe(t, func() {})
		o.send(make([]byte, highWater), 0, false, false) // is being written
		synctest.Wait()
		o.send(make([]byte, highWater+1), 0, false, false)
		begun := false
		go func() { begun = o.begin(1) }()
		if synctest.Wait(); begun {
			t.Error("reads on")
		}
		io.CopyN(io.Discard, peer, highWater)
		if synctest.Wait(); !begun {
			t.Error("waits for ever")
		}
		o.close()
		peer.Close()
	})
}

// TestFull: the sender is told when there is too much to send, and, once the client has read some, that
// there is room.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rooms := 0
		o, peer := pipe(t, func() { rooms++ })
		send := func(n int) (full, ok bool) {
			full, ok = o.send(make([]byte, n), 0, false, false)
			synctest.Wait()
			return full, ok
		}
		if full, ok := send(1 << 10); full || !ok {
			t.Error("full at once")
		}
		read := func(n int) {
			if _, err := io.ReadFull(peer, make([]byte, n)); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		read(1 << 10)
		send(highWater) // the writer has everything, and waits for the client
		if full, ok := send(highWater); full || !ok {
			t.Error("full below the mark")
		}
		if full, ok := send(1); !full || !ok || rooms != 0 {
			t.Error("not full", full, ok, rooms)
		}
		read(highWater)
		if rooms != 1 {
			t.Errorf("told %d times that there is room", rooms)
		}
		if _, ok := send(overflow); !ok {
			t.Error("too much, but it is just the limit")
		}
		if full, ok := send(1); !full || ok {
			t.Error("not too much")
		}
		o.close()
		peer.Close()
	})
}

func TestClosingSendsAllFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, peer := pipe(t, func() {})
		want := bytes.Repeat([]byte("zk"), highWater)
		o.send(want, 0, true, false)
		if got, err := io.ReadAll(peer); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if o.begin(1) {
			t.Error("takes requests")
		}
	})
}

// TestSendWritesAtOnce: a turn writes what the connection accepts without blocking, unless data waits
// for the writer, or the writer is writing: that data comes first.
func TestSendWritesAtOnce(t *testing.T) {
	const room = 2
	var sent []byte
	o := newOutgoing(func(p []byte) int {
		n := min(room, len(p))
		sent = append(sent, p[:n]...)
		return n
	})
	for _, p := range []string{"ab", "cdef", "gh"} {
		o.send([]byte(p), 0, false, true)
	}
	rest, _ := o.next(nil)
	o.send([]byte("ij"), 0, false, true)
	last, _ := o.next(nil)
	if string(sent) != "abcd" || string(rest) != "efgh" || string(last) != "ij" {
		t.Errorf("sent %q at once, left %q and then %q to the writer", sent, rest, last)
	}
}
