package subjects

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

type promise bool

func (promise) Error() string    { return "promise" }
func (p promise) NoEffect() bool { return bool(p) }

// An error means no effect only if it can promise so, and does.
func TestNoEffect(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("plain"), false},
		{promise(false), false},
		{promise(true), true},
		{fmt.Errorf("lock: %w", promise(true)), true},
		{context.Canceled, false},
		{zk.ErrNoServer, false},
	} {
		if got := NoEffect(tt.err); got != tt.want {
			t.Errorf("%v: %v", tt.err, got)
		}
	}
}

// unreachable returns a connection that never finds a server.
func unreachable(t *testing.T) *zk.Conn {
	t.Helper()
	conn, _, err := zk.Connect([]string{"127.0.0.1:1"}, time.Second, zk.WithLogInfo(false), zk.WithLogger(silent{}), zk.WithDialer(
		func(_, _ string, timeout time.Duration) (net.Conn, error) {
			time.Sleep(timeout)
			return nil, errors.New("nobody there")
		},
	))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// zk.Lock knows no context; its adapter keeps to a context all the same, one call after
// the other, and ends with the connection.
func TestGoZookeeperLockKeepsToItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := must.Get(GoZookeeperLock(&Client{Conn: unreachable(t)}, "/lock"))(t)
		// The first call is inside the zk.Lock; the other calls wait for it.
		for i, call := range []func(context.Context) error{l.Lock, l.Lock, l.Unlock} {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) || NoEffect(err) != (i > 0) {
				t.Errorf("call %d: %v", i, err)
			}
			if took := time.Since(began); took != 50*time.Millisecond {
				t.Errorf("call %d took %s", i, took)
			}
		}
	})
}

// Closing a client that never shared anything does nothing; nothing is opened after it.
func TestCloseClient(t *testing.T) {
	c := &Client{}
	for range 2 {
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if c.recipeClient() != nil {
		t.Error("a session was opened after Close")
	}
}
