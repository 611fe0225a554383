package prep

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

var sizes = []int{100, 100_000}

// crowd returns a leader with n siblings below /q, the ephemerals of n sessions.
func crowd(b *testing.B, n int) *leader {
	l := newLeader()
	l.do(create("/q"))
	for i := range n {
		r := l.do(Request{Session: int64(i + 1), Op: wire.Create, Record: &wire.CreateRequest{
			Path: fmt.Sprintf("/q/e-%07d", i), ACL: open, Mode: wire.Ephemeral,
		}})
		if r.Err != wire.OK {
			b.Fatal(r.Err)
		}
	}
	return l
}

func perSize(b *testing.B, f func(b *testing.B, l *leader, n int)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) { l := crowd(b, n); b.ReportAllocs(); f(b, l, n) })
	}
}

// BenchmarkCreateAndDelete prepares and applies a sequential create and the delete of its znode.
func BenchmarkCreateAndDelete(b *testing.B) {
	perSize(b, func(b *testing.B, l *leader, _ int) {
		r := sequentialCreate("/q/n-")
		d := wire.VersionRequest{Version: -1}
		for b.Loop() {
			d.Path = l.do(r).Path
			if res := l.do(Request{Op: wire.Delete, Record: &d}); res.Err != wire.OK {
				b.Fatal(res.Err)
			}
		}
	})
}

func BenchmarkSetData(b *testing.B) {
	perSize(b, func(b *testing.B, l *leader, n int) {
		q := &wire.SetDataRequest{Path: fmt.Sprintf("/q/e-%07d", n/2), Data: []byte("x"), Version: -1}
		for b.Loop() {
			if res := l.do(Request{Op: wire.SetData, Record: q}); res.Err != wire.OK {
				b.Fatal(res.Err)
			}
		}
	})
}

// BenchmarkCloseSession closes a session with one ephemeral and creates the ephemeral again.
func BenchmarkCloseSession(b *testing.B) {
	perSize(b, func(b *testing.B, l *leader, n int) {
		path := fmt.Sprintf("/q/e-%07d", n/2)
		again := Request{Session: int64(n/2 + 1), Op: wire.Create, Record: &wire.CreateRequest{Path: path, ACL: open, Mode: wire.Ephemeral}}
		for b.Loop() {
			l.do(Request{Session: int64(n/2 + 1), Op: wire.CloseSession})
			if res := l.do(again); res.Err != wire.OK {
				b.Fatal(res.Err)
			}
		}
	})
}

// BenchmarkCloseAllSessions closes all sessions before the first transaction is applied.
func BenchmarkCloseAllSessions(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		l := crowd(b, 10_000)
		b.StartTimer()
		var under []*tree.Txn
		for i := range 10_000 {
			under = append(under, l.prepare(Request{Session: int64(i + 1), Op: wire.CloseSession}))
		}
		for _, x := range under {
			l.apply(x)
		}
	}
}

func BenchmarkPrepareCreate(b *testing.B) {
	perSize(b, func(b *testing.B, l *leader, _ int) {
		r := sequentialCreate("/q/n-")
		r.Session, r.Time = 1, 1
		zxid := l.zxid
		for b.Loop() {
			zxid++
			l.prep.Prepare(&r, zxid)
			l.prep.Applied(zxid - 100)
		}
	})
}
