package zklab_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// leaky is the library's lock without what it offers beyond the contract. It leaves something behind.
type leaky struct {
	inner    subjects.Lock
	conn     *zk.Conn
	path     string
	acquired func(l *leaky) // nil, or called after each acquire that succeeded
	failed   func(l *leaky) // nil, or called after each acquire that did not
}

func newLeaky(acquired, failed func(*leaky)) workloads.Lock {
	return workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
		inner, err := subjects.NewLock(c, path)
		return &leaky{inner, c.Conn, path, acquired, failed}, err
	}}
}

func (l *leaky) Lock(ctx context.Context) error {
	err := l.inner.Lock(ctx)
	leave := l.acquired
	if err != nil {
		leave = l.failed
	}
	if leave != nil {
		leave(l)
	}
	return err
}

func (l *leaky) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

func (l *leaky) create(path string, flags int32) {
	_, _ = l.conn.Create(path, nil, flags, zk.WorldACL(zk.PermAll))
}

// Znodes that a lock leaves behind at each acquire give a warning that describes them, with and
// without faults, and change no verdict. Those that it leaves once give none.
func TestLeftovers(t *testing.T) {
	mark := func(l *leaky) { l.create(l.path+"-mark-", zk.FlagEphemeral|zk.FlagSequence) }
	tests := []struct {
		name     string
		lock     workloads.Lock
		warnings []string // a part of each warning
	}{
		{"nothing", newLeaky(nil, nil), nil},
		{"an ephemeral znode beside the folder", newLeaky(mark, nil), []string{"acquires left one ephemeral znode each (k*-mark-*)"}},
		{"an ephemeral znode below the folder's own child", newLeaky(func(l *leaky) {
			l.create(l.path+"/waiting", 0)
			l.create(l.path+"/waiting/"+rand.Text(), zk.FlagEphemeral)
		}, nil), []string{"ephemeral znode each (k*/waiting/*)"}},
		{"a persistent znode with a child", newLeaky(func(l *leaky) {
			path := l.path + "/by-" + rand.Text()
			l.create(path, 0)
			l.create(path+"/x", 0)
		}, nil), []string{"persistent znode each (k*/by-*)", "persistent znode each (k*/by-*/x)"}},
		{"a znode outside of the run's root", newLeaky(func(l *leaky) { l.create("/marks-", zk.FlagSequence) }, nil), []string{"persistent znode each (/marks-*)"}},
		{"a znode when an acquire fails", newLeaky(nil, mark), []string{"acquires that failed left one ephemeral znode each (k*-mark-*)"}},
		{"a watch on a deleted znode", newLeaky(func(l *leaky) {
			path, err := l.conn.Create(l.path+"/turn-", nil, zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll))
			if err == nil && l.conn.Delete(path, -1) == nil {
				_, _, _, _ = l.conn.ExistsW(path)
			}
		}, nil), []string{"acquires left one watch on a deleted znode each (k*/turn-*)"}},
		{"a znode for each client", newLeaky(func(l *leaky) { l.create(l.path+"/client", 0) }, nil), nil},
	}
	all := must.Get(plan.Parse("all", time.Second))(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, faults := range []plan.Schedule{nil, all} {
				o := must.Get(zklab.SimulateIn(t, zklab.Experiment{Workload: tt.lock, Rate: 150, Keys: 1, TimeLimit: 5 * time.Second, Seed: 7, Faults: faults}))(t)
				if faults == nil && o.Result.Verdict != checker.Valid {
					t.Errorf("verdict %s", o.Result.Verdict)
				}
				if o.Result.Leftovers.Watches < 0 {
					t.Error("the servers did not tell of watches")
				}
				for _, g := range o.Result.Leftovers.Groups {
					if faults == nil && g.AtEnd != g.Left {
						t.Errorf("%d were there at the end: %+v", g.AtEnd, g)
					}
				}
				warned := o.Result.Leftovers.Warnings()
				if len(warned) != len(tt.warnings) {
					t.Fatalf("%d warnings: %q", len(warned), warned)
				}
				for _, want := range tt.warnings {
					if !strings.Contains(strings.Join(warned, "\n"), want) {
						t.Errorf("%q, without %q", warned, want)
					}
				}
			}
		})
	}
}
