package shell

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Batches contain all operations in their order, and each is as long as servers accept and no shorter
// than possible.
func TestBatchesFit(t *testing.T) {
	for seed := range uint64(200) {
		draw := rand.New(rand.NewPCG(seed, 0))
		w := writePlan{name: "test", limit: 400 + draw.IntN(100)}
		for i := range draw.IntN(60) {
			data := make([]byte, draw.IntN(w.limit/2))
			if i%2 == 0 {
				w.ops = append(w.ops, setOf("/a", data, 0))
			} else {
				w.ops = append(w.ops, client.CreateOp("/a/b", data, nil, wire.Persistent, 0))
			}
		}
		batches := must.Get(w.batches())(t)
		if all := slices.Concat(batches...); fmt.Sprint(all) != fmt.Sprint(w.ops) && len(w.ops) > 0 {
			t.Fatalf("seed %d: other operations", seed)
		}
		for i, ops := range batches {
			if n := requestSize(ops); len(ops) > 1 && n > w.limit {
				t.Errorf("seed %d: a transaction of %d bytes, limit %d", seed, n, w.limit)
			}
			if i+1 < len(batches) && requestSize(append(slices.Clone(ops), batches[i+1][0])) <= w.limit {
				t.Errorf("seed %d: the next operation has room in it", seed)
			}
		}
	}
	w := writePlan{name: "test", limit: wire.MaxRequest, ops: slices.Repeat([]wire.MultiOp{setOf("/a", nil, 0)}, 2*mostOps+1)}
	if batches, err := w.batches(); len(batches) != 3 || err != nil {
		t.Error(len(batches), err)
	}
}

// An interrupted copy tells what was written.
func TestInterruptedCopySaysHowFarItCame(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a")
		for i := range mostOps + 100 {
			b.put(fmt.Sprintf("/a/%d", i), nil, nil, wire.Persistent)
		}
		ctx, interrupt := context.WithCancel(b.ctx)
		b.Progress = writer(func(p []byte) {
			if strings.Contains(string(p), "written: 1000") {
				interrupt()
			}
		})
		err := b.Do(ctx, "cp -r /a /b")
		if err == nil || !strings.HasSuffix(err.Error(), "1000 of 1101 znodes were written") || errors.Is(err, context.Canceled) {
			t.Error(err) // of context.Canceled, a terminal would tell only that the copy was interrupted
		}
		b.script("count /b\n= 999\\n")
	})
}

type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// Permissions that let nobody create children are written once the children exist.
func TestParentsThatLetNobodyCreate(t *testing.T) {
	virtually(t, func(b *bench) {
		file := b.TempDir() + "/x.json"
		b.script(`
			create /a x; create /a/b y; create /a/b/c z; create /a/d z
			acl set /a/b/c world:anyone:r
			acl set /a/b world:anyone:r
			acl set /a world:anyone:rw
			export /a ` + file + `
			import ` + file + ` /imported
			> ^created 4 znodes, wrote the data of 0 and the permissions of 0;
			diff /imported ` + file + `
			=
			cp -r /a /copied
			diff /a /copied
			=
			auth digest me:secret
			cp -r /a /mine
			diff /a /mine
			=
			stat /mine/d
			> ^  version .*acl 0\)$
			stat /mine
			> ^  version .*acl 1\)$
			create -p /own/x; acl set -R /own auth::cdrwa
			cp -r /own /own2
			stat /own2
			> ^  version .*acl 0\)$
		`)
	})
}

// before37 is a connection to a server that does not know whoAmI.
type before37 struct{ net.Conn }

func (c before37) Write(frame []byte) (int, error) {
	sent := bytes.Clone(frame)
	if len(sent) == 12 && binary.BigEndian.Uint32(sent[8:]) == uint32(wire.WhoAmI) {
		copy(sent[8:], []byte{0, 0, 0x7f, 0x7f})
	}
	_, err := c.Conn.Write(sent)
	return len(frame), err
}

// A copy that ends half-way tells for how many znodes the permissions are still to be written. Until
// then the identities of the session have more permissions on them, and everybody has more only if the
// session has shown no credential.
func TestInterruptedWithParentsOpen(t *testing.T) {
	for name, known := range map[string]bool{"whoAmI": true, "servers before 3.7": false} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(b *bench) {
				if whole := b.dial; !known {
					b.dial = func(network, addr string, timeout time.Duration) (net.Conn, error) {
						conn, err := whole(network, addr, timeout)
						return before37{conn}, err
					}
					b.Client = b.client()
				}
				b.script("create /a; auth digest me:secret")
				for i := range mostOps + 100 {
					b.put(fmt.Sprintf("/a/%d", i), nil, nil, wire.Persistent)
				}
				b.script("acl set /a world:anyone:r")
				ctx, interrupt := context.WithCancel(b.ctx)
				b.Progress = writer(func(p []byte) {
					if strings.Contains(string(p), "written: 1000") {
						interrupt()
					}
				})
				err := b.Do(ctx, "cp -r /a /b")
				if Code(err) != Interrupted || !strings.HasSuffix(err.Error(), "1000 of 1102 znodes were written, 1 of them still without their permissions") {
					t.Error(err)
				}
				b.script("acl get /b\n> ^digest:me:.*:ca$")
			})
		})
	}
}

// losing is a connection that loses some requests.
type losing struct {
	net.Conn
	lost func(op wire.Op) bool
}

func (c losing) Write(frame []byte) (int, error) {
	if len(frame) > 12 && c.lost(wire.Op(binary.BigEndian.Uint32(frame[8:]))) {
		return len(frame), nil
	}
	return c.Conn.Write(frame)
}

// An interrupted write without an answer is reported as possibly done.
func TestInterruptedWrite(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a; create /a/0")
		for i := range mostOps {
			b.put(fmt.Sprintf("/a/%d", i+1), nil, nil, wire.Persistent)
		}
		lost := func(wire.Op) bool { return false }
		whole := b.dial
		b.dial = func(network, addr string, timeout time.Duration) (net.Conn, error) {
			conn, err := whole(network, addr, timeout)
			return losing{conn, func(op wire.Op) bool { return lost(op) }}, err
		}
		b.Client = b.client()
		ctx, interrupt := context.WithCancel(b.ctx)
		defer interrupt()
		multis := 0
		lost = func(op wire.Op) bool {
			if op == wire.Multi {
				multis++
			}
			if op != wire.Create2 && multis < 2 {
				return false
			}
			interrupt()
			return true
		}
		err := b.Do(ctx, "cp -r /a /b")
		if err == nil || err.Error() != "interrupted: 1000 of 1002 znodes were written, and the last write may have been done" {
			t.Error(err)
		}
		if got := Interruption(b.Do(ctx, "ls /")); got != "interrupted" {
			t.Error(got)
		}
		for _, line := range []string{"create /c", "cp /a /c"} {
			ctx, interrupt = context.WithCancel(b.ctx)
			defer interrupt()
			multis = 0
			if err := b.Do(ctx, line); !errors.Is(err, context.Canceled) || !strings.Contains(Interruption(err), "may or may not have been done") {
				t.Errorf("%s: %v", line, err)
			}
		}
	})
}
