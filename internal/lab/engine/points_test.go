package engine_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// repeats is a queue in which client 1 puts its second item again if the reply is lost. It has no other
// defect.
type repeats struct {
	*subjects.Client
	path string
	puts int
}

func newRepeats(c *subjects.Client, path string) (subjects.Queue, error) {
	_, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &repeats{Client: c, path: path}, nil
}

func (q *repeats) Put(_ context.Context, item []byte) error {
	q.puts++
	for {
		_, err := q.Conn.Create(q.path+"/i-", item, zk.FlagSequence, zk.WorldACL(zk.PermAll))
		if err == nil || q.ID != 1 || q.puts != 2 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (q *repeats) Take(ctx context.Context) ([]byte, error) {
	for ctx.Err() == nil {
		names, _, err := q.Conn.Children(q.path)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		path := q.path + "/" + slices.Min(names)
		item, _, err := q.Conn.Get(path)
		if err == nil {
			err = q.Conn.Delete(path, -1)
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return item, err
		}
	}
	return nil, subjects.WithoutEffect(ctx.Err())
}

// small is a scenario of a few operations.
func small() engine.Config {
	return engine.Config{
		Workload: workloads.Queue{New: newRepeats}, Settings: settings.Settings{Clients: 2, Keys: 1, Rate: 20, TimeLimit: 400 * time.Millisecond}, Seed: 1, MinLoad: -1,
	}
}

// A defect that shows only if one reply is lost is convicted by the fault at that point, and at no
// other.
func TestOnePointConvicts(t *testing.T) {
	var mu sync.Mutex
	var points []link.Point
	x := small()
	x.OnPoint = func(p link.Point) {
		mu.Lock()
		defer mu.Unlock()
		points = append(points, p)
	}
	if o := virtually(t, x); o.Result.Verdict == checker.Violation {
		t.Fatal("it is wrong without any fault")
	}
	var guilty []string
	tried := 0
	for _, p := range points {
		if p.Kind() != link.Replies {
			continue
		}
		tried++
		x := small()
		x.Faults = plan.AtPoint(p, time.Second, faults.LoseReply{})
		o := virtually(t, x)
		if f := o.Result.Stats.Faults; len(f) != 1 || f[0].Outcome == history.StepFailed {
			t.Errorf("%s: %+v", p, f)
		}
		if runtest.Violated(o.Result, "integrity") {
			guilty = append(guilty, p.String())
		} else if o.Result.Verdict == checker.Violation {
			t.Errorf("%s: another violation", p)
			runtest.Explain(t, o.Result)
		}
	}
	if want := "client1/enqueue#2/create#1/reply"; !slices.Equal(guilty, []string{want}) || tried < 10 {
		t.Errorf("of %d points it is found at %q", tried, guilty)
	}
}

// The fault hits the same message even if the rest of the run differs, because of other faults.
func TestPointsAmongOtherFaults(t *testing.T) {
	p := must.Get(link.ParsePoint("client1/enqueue#2/create#1/reply"))(t)
	before := must.Get(link.ParsePoint("client1/enqueue#1/create#1/reply"))(t)
	x := small()
	x.Faults = plan.Steps(
		plan.Step{Point: p, For: time.Second, Fault: faults.LoseReply{}},
		plan.Step{Point: before, For: time.Second, Fault: faults.LoseReply{}},
		plan.Step{For: 100 * time.Millisecond, Fault: faults.Cut{Who: faults.TheClient(0)}},
	)
	o := virtually(t, x)
	if !runtest.Violated(o.Result, "integrity") {
		t.Errorf("verdict %s", o.Result.Verdict)
	}
	for _, f := range o.Result.Stats.Faults {
		if f.Outcome != history.StepVerified {
			t.Errorf("%s: %s", f.Spec, f.Outcome)
		}
	}
	if !slices.ContainsFunc(o.Result.Stats.Faults, func(f stats.Fault) bool { return f.Spec == "lose-reply@"+p.String() }) {
		t.Errorf("no fault is called by its point: %+v", o.Result.Stats.Faults)
	}
}
