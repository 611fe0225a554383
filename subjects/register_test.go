package subjects_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/subjects"
)

// onRegister gives f a register at /r on a server of its own, and the server's
// other client.
func onRegister(t *testing.T, f func(t *testing.T, r subjects.Register, other *zk.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{Nodes: 1, InMemory: true}))(t)
		defer e.Close()
		var conns []*zk.Conn
		for range 2 {
			conn, events, err := zkconn.Open(t.Context(), zkconn.Config{Servers: e.Addrs(), Timeout: 10 * time.Second, Dial: e.Dial})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() {
				for range events {
				}
			}()
			conns = append(conns, conn)
		}
		must.Get(conns[1].Create("/r", nil, 0, zk.WorldACL(zk.PermAll)))(t)
		r := must.Get(subjects.NewRegister(&subjects.Client{Conn: conns[0]}, "/r"))(t)
		f(t, r, conns[1])
	})
}

// Marks show which write a read saw, and only one of several compare-and-sets wins.
func TestRegister(t *testing.T) {
	onRegister(t, func(t *testing.T, r subjects.Register, _ *zk.Conn) {
		first, err := r.Write(t.Context(), "a")
		if err != nil || first.Version != 1 || first.Zxid == 0 {
			t.Fatalf("%+v, %v", first, err)
		}
		second, err := r.CAS(t.Context(), "a", "b")
		if err != nil || second.Version != 2 || second.Zxid <= first.Zxid {
			t.Fatalf("%+v, %v", second, err)
		}
		if _, err := r.CAS(t.Context(), "a", "c"); !errors.Is(err, subjects.ErrMismatch) || !subjects.NoEffect(err) {
			t.Errorf("a value that is not there any more: %v", err)
		}
		for _, kind := range []string{models.ReadPlain, models.ReadSync, models.ReadFenced} {
			if value, m, err := r.Read(t.Context(), kind); err != nil || value != "b" || m != second {
				t.Errorf("%s read: %q, %+v, %v", kind, value, m, err)
			}
		}
		if _, _, err := r.Read(t.Context(), "odd"); err == nil {
			t.Error("no such kind of reads")
		}
	})
}

// A write that the tree refuses has no effect, and its error says so.
func TestRegisterThatMayNotBeWritten(t *testing.T) {
	onRegister(t, func(t *testing.T, r subjects.Register, other *zk.Conn) {
		must.Get(other.SetACL("/r", zk.WorldACL(zk.PermRead|zk.PermAdmin), -1))(t)
		if _, err := r.Write(t.Context(), "a"); !errors.Is(err, zk.ErrNoAuth) || !subjects.NoEffect(err) {
			t.Errorf("write: %v", err)
		}
		if _, err := r.CAS(t.Context(), "", "a"); !errors.Is(err, zk.ErrNoAuth) || !subjects.NoEffect(err) {
			t.Errorf("compare-and-set: %v", err)
		}
		must.Do(t, other.Delete("/r", -1))
		if _, err := r.Write(t.Context(), "a"); !errors.Is(err, zk.ErrNoNode) || !subjects.NoEffect(err) {
			t.Errorf("write to nothing: %v", err)
		}
	})
}

// A write whose caller has given up may have happened; a read never changes anything.
func TestRegisterThatIsGivenUp(t *testing.T) {
	onRegister(t, func(t *testing.T, r subjects.Register, _ *zk.Conn) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 { // the answer may come before the cancelled context is seen
			if _, err := r.Write(ctx, "a"); err != nil && (!errors.Is(err, context.Canceled) || subjects.NoEffect(err)) {
				t.Errorf("write: %v", err)
			}
		}
		if _, _, err := r.Read(ctx, models.ReadPlain); err != nil && (!errors.Is(err, context.Canceled) || !subjects.NoEffect(err)) {
			t.Errorf("read: %v", err)
		}
		synctest.Wait()
	})
}
