package zklab_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/wire"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// registerOf is the workload of a register that is made of the right one.
func registerOf(wrong func(inner subjects.Register) subjects.Register) workloads.Register {
	return workloads.Register{New: func(c *subjects.Client, path string) (subjects.Register, error) {
		inner, err := subjects.NewRegister(c, path)
		return wrong(inner), err
	}}
}

// registerDefects are planted in a register, and need no fault of servers.
func registerDefects() []defect {
	const short = 5 * time.Second
	lost := faults.Every(300*time.Millisecond, loseReply{wire.SetData})
	return []defect{
		{"register/cas-without-version", workloads.Register{New: subjects.BrokenRegister}, nil, "linearizable", short},
		{"register/retry-cas-blind", registerOf(func(inner subjects.Register) subjects.Register {
			return retriesCAS{inner}
		}), lost, "zxid-order", 0},
		{"register/retry-write-blind", registerOf(func(inner subjects.Register) subjects.Register {
			return retriesWrite{inner}
		}), lost, "zxid-order", short},
		{"register/swallows-errors", registerOf(func(inner subjects.Register) subjects.Register {
			return swallowsErrors{inner}
		}), faults.Every(300*time.Millisecond, loseRequest{loseReply{wire.SetData}}), "durable", short},
		{"register/cache-goes-back", registerOf(func(inner subjects.Register) subjects.Register {
			return &caches{Register: inner, kind: history.ReadPlain}
		}), nil, "plain-reads", short},
		{"register/cache-behind-sync", registerOf(func(inner subjects.Register) subjects.Register {
			return &caches{Register: inner, kind: history.ReadSync}
		}), nil, "sync-reads", short},
	}
}

// plainAsFenced is found where a server lags: one that is cut off from its leader
// still answers its clients for a while.
func plainAsFenced() defect {
	return defect{
		"register/plain-as-fenced", registerOf(func(inner subjects.Register) subjects.Register {
			return neverFences{inner}
		}), faults.Every(3*time.Second, faults.Partition{Nodes: faults.One}), "linearizable", 20 * time.Second,
	}
}

// loseRequest loses one client's next request of a type.
type loseRequest struct{ loseReply }

func (loseRequest) Kind() string   { return "lose-request" }
func (f loseRequest) Spec() string { return "lose-request:" + f.op.String() }

func (f loseRequest) Inject(_ context.Context, t *faults.Target, rng *rand.Rand) (faults.Effect, error) {
	c := t.Clients[rng.IntN(len(t.Clients))]
	loss, err := c.Link.Lose(link.Rule{What: link.Request, Op: f.op})
	return &lossEffect{loss, c.ID, f.loseReply}, err
}

// What needs faults of servers has them to itself.
func TestDefectsOfRegistersOnDisturbedServers(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time")
	}
	findIn(t, plainAsFenced(), func(t *testing.T, x zklab.Experiment) *zklab.Outcome {
		x.Out = t.TempDir()
		o, err := x.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return o
	})
}

func TestDefectsOfRegistersOnDisturbedServersInVirtualTime(t *testing.T) {
	findIn(t, plainAsFenced(), virtually)
}

// A single client on idle servers sees nothing of what is planted.
func TestDefectsOfRegistersPassAlone(t *testing.T) {
	for _, d := range append(registerDefects(), plainAsFenced()) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			o := virtually(t, zklab.Experiment{Workload: d.workload, Clients: 1, TimeLimit: 10 * time.Second, Seed: 1}.Brief())
			for _, v := range o.Result.Verdicts {
				if violated(o.Result, v.Property) {
					t.Errorf("%s is violated: %s", v.Property, v.Reason)
				}
			}
		})
	}
}

// neverFences takes every read for as good as any.
type neverFences struct{ subjects.Register }

func (r neverFences) Read(ctx context.Context, _ string) (string, subjects.Mark, error) {
	return r.Register.Read(ctx, history.ReadPlain)
}

// again calls f until its reply is not lost, for a while.
func again(ctx context.Context, f func() (subjects.Mark, error)) (subjects.Mark, error) {
	for {
		m, err := f()
		if !errors.Is(err, zk.ErrConnectionClosed) || ctx.Err() != nil {
			return m, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// retriesWrite writes again what it has perhaps written.
type retriesWrite struct{ subjects.Register }

func (r retriesWrite) Write(ctx context.Context, value string) (subjects.Mark, error) {
	return again(ctx, func() (subjects.Mark, error) { return r.Register.Write(ctx, value) })
}

// retriesCAS compares again after it has perhaps set, and takes what it finds then
// for the truth about the first time.
type retriesCAS struct{ subjects.Register }

func (r retriesCAS) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	return again(ctx, func() (subjects.Mark, error) { return r.Register.CAS(ctx, from, to) })
}

// swallowsErrors takes a write for done when it was sent.
type swallowsErrors struct{ subjects.Register }

func (r swallowsErrors) Write(ctx context.Context, value string) (subjects.Mark, error) {
	m, err := r.Register.Write(ctx, value)
	if errors.Is(err, zk.ErrConnectionClosed) {
		err = nil
	}
	return m, err
}

// caches answers reads of one kind from what it read so the last time, for two
// seconds, and forgets it only when it writes itself.
type caches struct {
	subjects.Register
	kind  string
	until time.Time
	value string
	mark  subjects.Mark
}

func (r *caches) Read(ctx context.Context, kind string) (value string, m subjects.Mark, err error) {
	if kind == r.kind && time.Now().Before(r.until) {
		return r.value, r.mark, nil
	}
	value, m, err = r.Register.Read(ctx, kind)
	if err == nil && kind == r.kind {
		r.value, r.mark, r.until = value, m, time.Now().Add(2*time.Second)
	}
	return value, m, err
}

func (r *caches) Write(ctx context.Context, value string) (subjects.Mark, error) {
	r.until = time.Time{}
	return r.Register.Write(ctx, value)
}

func (r *caches) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	r.until = time.Time{}
	return r.Register.CAS(ctx, from, to)
}

// The store keeps its promises whatever happens to servers, links and sessions.
func TestRegistersUnderAllFaultsInVirtualTime(t *testing.T) {
	x, err := faults.Parse("all")
	if err != nil {
		t.Fatal(err)
	}
	seeds := int64(2)
	if n, err := strconv.Atoi(os.Getenv("ZKLAB_SEEDS")); err == nil {
		seeds = int64(n)
	} else if testing.Short() {
		t.Skip("minutes, if only virtual ones")
	}
	for seed := int64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			o := virtually(t, zklab.Experiment{
				Workload: workloads.Register{New: subjects.NewRegister}, TimeLimit: 4 * time.Minute, Seed: seed, Faults: x.Schedule(8 * time.Second),
			}.Brief())
			if o.Result.Verdict != checker.Valid {
				t.Errorf("verdict %s", o.Result.Verdict)
				explain(t, o.Result)
			}
		})
	}
}
