package zkconn

import (
	"net"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/virtual/inside"
	"github.com/zklab/zklab/internal/zk/wire"
)

// closers keeps goroutines that close the same connection from waiting for each other in a bubble of
// testing/synctest.
//
// zk.Conn.Close (v1.0.4) waits inside a sync.Once: for the server's reply, or a second. Another goroutine
// that calls Close meanwhile waits for the mutex of the Once. Such a goroutine does not count as idle, so the
// bubble's time stands still, and the first call never returns. Programs close a connection twice with good
// reason, for example when a context ends: context.AfterFunc closes the connection, which ends a request, and
// then a deferred call of the requesting function closes it again. Likewise, the subject may already be
// closing the connection that the harness closes at the end of a process.
//
// So, as soon as the first call has begun, closers marks the Once as done: calls that come later return at
// once. No way without package unsafe is known: subjects call Close on a *zk.Conn, which can neither be
// wrapped nor asked whether it is being closed, and nothing below it can end the first wait while the client
// is still connecting.
//
// The race detector shuffles the run queue, so with it a second call of the same instant may come first, and
// wait: see letGo. Outside of bubbles closers does nothing. The zero value is ready to use.
type closers struct{ done *atomic.Bool }

// watch is an option of zk.Connect: it is called before the client has any goroutine. The goroutine that it
// starts is the first one that waits for the channel which the first call of Close closes. So Go's runtime
// makes it ready after all others that wait for that channel, and lets it run before them: the goroutine that
// was made ready last runs next. If the first call then makes the client's sending loop ready, that loop runs
// before the others: see closingConn.
func (s *closers) watch(c *zk.Conn) {
	if !inside.Bubble() {
		return
	}
	begun, done, mutex := closing(c)
	s.done = done
	first := make(chan struct{})
	go func() {
		close(first)
		<-begun
		done.Store(true)
		mutex.letGo()
	}()
	<-first // otherwise the caller's first request might wait for begun earlier
}

// closing returns the channel that the first call of Close closes, the mark that the call sets when it
// ends, and the mutex that it holds until then.
func closing(c *zk.Conn) (begun <-chan struct{}, done *atomic.Bool, mutex onceMutex) {
	conn := reflect.ValueOf(c).Elem()
	once := conn.FieldByName("shouldQuitOnce")
	m := once.FieldByName("m")
	mutex = onceMutex{at[sync.Mutex](m), at[int32](m.FieldByName("mu").FieldByName("state"))}
	return *at[chan struct{}](conn.FieldByName("shouldQuit")), at[atomic.Bool](once.FieldByName("done")), mutex
}

// onceMutex is the mutex of a sync.Once whose function runs.
type onceMutex struct {
	*sync.Mutex
	state *int32
}

// waiters returns how many goroutines wait for the mutex (Go 1.26, internal/sync.Mutex).
func (m onceMutex) waiters() int32 { return atomic.LoadInt32(m.state) >> 3 }

// letGo lets all goroutines that wait for the mutex go, and locks it again for the function that runs. The
// function must not end meanwhile. So letGo first yields the processor until all other goroutines are idle:
// then the function has ended, or it ends only after some time.
func (m onceMutex) letGo() {
	for range 1000 {
		if m.waiters() == 0 {
			return
		}
		runtime.Gosched()
	}
	go m.Unlock() // once the next line waits, behind all others
	m.Lock()
}

// at returns a pointer to a field, which must have the type T.
func at[T any](field reflect.Value) *T {
	if !field.IsValid() || field.Type() != reflect.TypeFor[T]() {
		panic("zkconn: a field of go-zookeeper's connection, or of sync.Once, is not what it was")
	}
	return (*T)(unsafe.Pointer(field.UnsafeAddr()))
}

func (s *closers) around(c net.Conn) net.Conn {
	if s.done == nil {
		return c
	}
	return closingConn{c, s.done}
}

// closingConn is a connection that notices the client's request to close the session.
type closingConn struct {
	net.Conn
	done *atomic.Bool
}

func (c closingConn) Write(b []byte) (int, error) {
	if len(b) > 4 {
		if h, _, err := wire.DecodeRequestHeader(b[4:]); err == nil && h.Op == wire.CloseSession && h.Xid != 0 {
			c.done.Store(true)
		}
	}
	return c.Conn.Write(b)
}
