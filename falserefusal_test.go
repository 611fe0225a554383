package zklab_test

import (
	"context"
	"errors"
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

// retrying is a lock that deletes again after a lost answer, and takes "no node" for a refusal.
type retrying struct{ locker }

type locker = subjects.Lock

func (l retrying) Unlock(ctx context.Context) error {
	err := l.locker.Unlock(ctx)
	for errors.Is(err, zk.ErrConnectionClosed) && ctx.Err() == nil {
		err = l.locker.Unlock(ctx)
	}
	if errors.Is(err, zk.ErrNoNode) {
		return subjects.WithoutEffect(err)
	}
	return err
}

// A release that says that it had no effect, although its delete was committed, is found.
func TestFalseRefusalOfARelease(t *testing.T) {
	lost := must.Get(plan.Parse("lose-reply:delete", time.Second))(t)
	o := simulate(t, zklab.Experiment{
		Workload: workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
			l, err := subjects.GoZookeeperLock(c, path)
			return retrying{l}, err
		}},
		Faults: lost, Seed: 1,
	})
	for _, v := range o.Result.Verdicts {
		if v.Property == "log" && (v.Result != checker.Violation || !strings.Contains(v.Reason, "its release of "+v.Key+" had no effect and never would")) {
			t.Errorf("log is %s: %s", v.Result, v.Reason)
		}
	}
}
