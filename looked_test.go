package zklab_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

// plain is a lock that offers nothing but its two methods.
type plain struct{ contract }

type contract = subjects.Lock

// onItsOwn is go-zookeeper's lock on a connection that the subject opens by itself.
func onItsOwn(c *subjects.Client, path string) (subjects.Lock, error) {
	conn, events, err := zk.Connect(c.Servers, c.Timeout, zk.WithDialer(c.Dial), zk.WithLogInfo(false))
	if err != nil {
		return nil, err
	}
	for e := range events {
		if e.State == zk.StateHasSession {
			break
		}
	}
	go func() {
		for range events {
		}
	}()
	c.BeforeEnd(func(context.Context) { conn.Close() })
	l, err := subjects.GoZookeeperLock(&subjects.Client{ID: c.ID, Timeout: c.Timeout, Conn: conn}, path)
	return plain{l}, err
}

// The tree shows enough: a lock that offers nothing more is found out all the same, and a lock on
// a connection of its own is not accused of what happens to the harness's connection.
func TestLocksThatOfferNothing(t *testing.T) {
	for _, tt := range []struct {
		name     string
		make     func(*subjects.Client, string) (subjects.Lock, error)
		who      faults.Who
		violated string
	}{
		{"whoever is not in line is first", broken.MissingIsFirst, faults.Waiter, "grant"},
		{"its own connection", onItsOwn, faults.Holder, ""},
		{"zklab's own", func(c *subjects.Client, path string) (subjects.Lock, error) {
			l, err := subjects.NewLock(c, path)
			return plain{l}, err
		}, faults.Holder, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := false
			for seed := range int64(2) {
				o := simulate(t, zklab.Experiment{
					Workload: workloads.Lock{New: tt.make}, Keys: 1, TimeLimit: 5 * time.Second, Seed: seed + 1,
					Faults: plan.Every(time.Second, faults.Expire{Who: tt.who}),
				})
				violated := o.Result.Violated()
				switch {
				case tt.violated == "" && len(violated) > 0:
					runtest.Explain(t, o.Result)
					t.Errorf("seed %d: violated: %v", o.Result.Seed, violated)
				case tt.violated != "" && o.Result.Verdict == checker.Violation:
					for _, name := range violated {
						found = found || name == tt.violated
					}
				}
			}
			if tt.violated != "" && !found {
				t.Errorf("%s is not found", tt.violated)
			}
		})
	}
}
