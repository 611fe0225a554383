package embedded_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The tests of hostile clients show that the server closes their connections, memory stays bounded, and
// an honest client of the same server notices nothing. They run in real time, because only then do they
// show what the server's real work for one client costs in memory, and in delay of the other client.

// besieged is an ensemble with an honest client on its first server.
type besieged struct {
	*contender
	t testing.TB
}

// transports runs a test over both transports, memory and TCP.
func transports(t *testing.T, test func(t *testing.T, s besieged)) {
	for name, inMemory := range map[string]bool{"tcp": false, "memory": true} {
		t.Run(name, func(t *testing.T) {
			s := besiege(t, embedded.Config{InMemory: inMemory, SyncLimit: 20})
			defer s.guard()()
			test(t, s)
		})
	}
}

func besiege(t testing.TB, cfg embedded.Config) besieged {
	t.Helper()
	c := must.Get(embeddedHere(cfg)(t)())(t)
	t.Cleanup(c.close)
	return besieged{c, t}
}

// patient limits waits that would otherwise hang.
const patient = time.Minute

// guard begins to write and read as an honest client, until the function that it returns is called.
// That function returns the longest time that the client had to wait.
func (s besieged) guard() (end func() (longest time.Duration)) {
	s.t.Helper()
	l, paths := s.honest()
	var waits []time.Duration
	done := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() {
		write, read := writing(paths), reading(paths)
		for n := 0; ; n++ {
			began := time.Now()
			for _, next := range []operation{write, read} {
				if err := l.do(next(0, n)); err != nil {
					s.t.Errorf("an honest client: %v", err)
					return
				}
			}
			waits = append(waits, time.Since(began))
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	return func() time.Duration {
		close(done)
		working.Wait()
		l.Close()
		if len(waits) == 0 {
			return 0 // the error was already reported
		}
		slices.Sort(waits)
		s.t.Logf("an honest client's write and read: %v, at most %v, of %d", waits[len(waits)/2], waits[len(waits)-1], len(waits))
		return waits[len(waits)-1]
	}
}

// honest returns a client with a znode.
func (s besieged) honest() (*loader, []string) {
	s.t.Helper()
	l := s.open()
	paths, err := crew{l}.nodes("/honest")
	if err != nil {
		s.t.Fatal(err)
	}
	return l, paths
}

// open opens a session on the first server.
func (s besieged) open() *loader {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patient)
	defer cancel()
	l, err := s.connect(ctx, s.addrs[0])
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { l.Close() })
	return l
}

// raw opens a connection to the first server.
func (s besieged) raw() net.Conn {
	s.t.Helper()
	conn, err := s.dial(s.addrs[0])
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return conn
}

// expectEnd reads until the server ends the connection, which it must do soon.
func expectEnd(t testing.TB, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patient))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection was not closed")
	}
}

// connectFrame returns a request for a new session.
func connectFrame(timeout time.Duration) []byte {
	r := wire.ConnectRequest{Timeout: timeout, Password: make([]byte, wire.PasswordSize)}
	return wire.AppendFrame(nil, r.Append(nil))
}

// requestFrame returns a request with any record.
func requestFrame(xid int32, op wire.Op, record []byte) []byte {
	return wire.AppendFrame(nil, append(wire.RequestHeader{Xid: xid, Op: op}.Append(nil), record...))
}

// peak watches the memory of the process until the function that it returns is called. That function returns
// by how many bytes the memory grew at most. Meanwhile garbage is collected as often as in programs, not as
// rarely as in tests.
func peak() (grown func() uint64) {
	percent := debug.SetGCPercent(100)
	runtime.GC()
	before, most := inUse(), uint64(0)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			most = max(most, inUse())
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	return func() uint64 {
		close(done)
		watching.Wait()
		debug.SetGCPercent(percent)
		return max(most, before) - before
	}
}

// inUse returns the memory of objects, live or not yet collected, and of stacks.
func inUse() (sum uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		sum += s.Value.Uint64()
	}
	return sum
}

// expectGrowth fails if memory grew by more than most.
func expectGrowth(t testing.TB, grown, most uint64) {
	t.Helper()
	t.Logf("memory grew by %d kB", grown>>10)
	if grown > most {
		t.Errorf("memory grew by more than %d kB", most>>10)
	}
}
