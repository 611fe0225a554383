package object_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
)

// ids hands out 1, 2, 3, … from a znode.
type ids struct {
	conn *zk.Conn
	path string
	mind *mind // the mind of a wrong generator; nil for a right one
}

// mind holds the beliefs of a wrong generator.
type mind struct {
	trusts bool // that last is the last number
	leads  bool // that it leads, and that no other client writes
	last   int64
}

func newIDs(c *subjects.Client, path string, m *mind) (*ids, error) {
	if _, err := c.Conn.Create(path, []byte("0"), 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &ids{c.Conn, path, m}, nil
}

var errFollower = errors.New("this client does not lead")

// Next returns the next number.
func (g *ids) Next(ctx context.Context) (int64, error) {
	for ctx.Err() == nil {
		data, stat, err := g.conn.Get(g.path)
		if err != nil {
			return 0, err
		}
		last, err := strconv.ParseInt(string(data), 10, 64)
		if err != nil {
			return 0, err
		}
		version := stat.Version
		if g.mind != nil && g.mind.trusts {
			last, version, g.mind.trusts = g.mind.last, -1, false
		}
		if _, err = g.conn.Set(g.path, strconv.AppendInt(nil, last+1, 10), version); errors.Is(err, zk.ErrBadVersion) {
			continue
		}
		if err == nil && g.mind != nil {
			g.mind.last = last + 1
		}
		return last + 1, err
	}
	return 0, ctx.Err()
}

// NextOfLeader returns the next number if this client leads.
func (g *ids) NextOfLeader(context.Context) (int64, error) {
	if !g.mind.leads {
		_, err := g.conn.Create(g.path+"/leader", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
		if errors.Is(err, zk.ErrNodeExists) {
			return 0, errFollower
		}
		if err != nil {
			return 0, err
		}
		data, _, err := g.conn.Get(g.path)
		if err != nil {
			return 0, err
		}
		g.mind.last, _ = strconv.ParseInt(string(data), 10, 64)
		g.mind.leads = true
	}
	g.mind.last++
	_, err := g.conn.Set(g.path, strconv.AppendInt(nil, g.mind.last, 10), -1)
	return g.mind.last, err
}

// numbers returns a generator with the rule of all generators: each number is one more
// than the number before.
func numbers(what string, makes func(*subjects.Client, string) (*ids, error), next *object.Op[*ids, object.None, int64]) object.Object[*ids] {
	return object.Object[*ids]{
		Name: what, New: makes, Operations: []object.Operation[*ids]{next},
		Rules: []object.Rule{object.Sequential(int64(0), object.Allows(next, func(last int64, _ object.None, got int64) (int64, error) {
			if got != last+1 {
				return last, errors.New(strconv.FormatInt(got, 10) + " does not follow " + strconv.FormatInt(last, 10))
			}
			return got, nil
		}, func(last int64, _ object.None) []int64 { return []int64{last, last + 1} }))},
	}
}

func experiment(o object.Object[*ids]) zklab.Experiment {
	x := zklab.Experiment{TimeLimit: 20 * time.Second, MinLoad: -1, Workload: o.Workload()}
	x.SessionTimeout = time.Second
	return x
}

func rightIDs() zklab.Experiment {
	return experiment(numbers("ids", func(c *subjects.Client, path string) (*ids, error) { return newIDs(c, path, nil) }, object.Ask("next", (*ids).Next)))
}

// forgetful returns an experiment with generators that believe, after a restart of their process,
// that no other client wrote in between.
func forgetful() zklab.Experiment {
	var mu sync.Mutex
	minds := map[string]*mind{} // the disks of the clients
	return experiment(numbers("forgetful-ids", func(c *subjects.Client, path string) (*ids, error) {
		mu.Lock()
		defer mu.Unlock()
		disk := strconv.Itoa(c.ID) + path
		if m := minds[disk]; m != nil {
			m.trusts = m.last > 0
		} else {
			minds[disk] = &mind{}
		}
		return newIDs(c, path, minds[disk])
	}, object.Ask("next", (*ids).Next)))
}

// proudIDs returns generators that, once they lead, believe that they lead for as long
// as they live.
func proudIDs() object.Object[*ids] {
	return numbers("proud-ids", func(c *subjects.Client, path string) (*ids, error) { return newIDs(c, path, &mind{}) },
		object.Ask("next", (*ids).NextOfLeader).Refuses(errFollower))
}

func proud() zklab.Experiment { return experiment(proudIDs()) }

var (
	crashes = plan.Every(3*time.Second, faults.Crash{})
	freezes = plan.Every(6*time.Second, faults.Freeze{}) // for longer than a session lasts
)

func played(t *testing.T, x zklab.Experiment, f plan.Schedule, seed int64) *zklab.Outcome {
	t.Helper()
	x.Faults, x.Seed, x.PlayProcesses = f, seed, true
	o, err := zklab.SimulateIn(t, x)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A right generator is valid while its processes crash and freeze, even though some calls have an
// unknown outcome because their process was killed.
func TestProcesses(t *testing.T) {
	for name, f := range map[string]plan.Schedule{"crash": crashes, "freeze": freezes} {
		t.Run(name, func(t *testing.T) {
			killed := 0
			for seed := int64(1); seed <= 10; seed++ {
				o := played(t, rightIDs(), f, seed)
				if o.Result.Verdict != checker.Valid {
					t.Errorf("seed %d: %s: %+v %+v", seed, o.Result.Verdict, o.Result.Verdicts, o.Result.Assumptions)
				}
				for _, op := range o.History.Operations() {
					if op.Return != nil && op.Return.Error != nil && op.Return.Error.Code == history.CodeProcess && op.Outcome() == history.Info {
						killed++
					}
				}
			}
			t.Logf("%d calls were under way when their process was killed", killed)
			if name == "crash" && killed == 0 {
				t.Error("no call was under way when its process was killed")
			}
		})
	}
}

// Mistakes that only a crash or a freeze brings to light are convicted; without these faults
// nothing is.
func TestProcessesOfWrongObjects(t *testing.T) {
	for name, c := range map[string]struct {
		x func() zklab.Experiment
		f plan.Schedule
	}{"forgetful": {forgetful, crashes}, "proud": {proud, freezes}} {
		t.Run(name, func(t *testing.T) {
			if o := played(t, c.x(), plan.Schedule{}, 1); len(o.Result.Violated()) != 0 {
				t.Errorf("without faults: %+v", o.Result.Verdicts)
			}
			for seed := int64(1); seed <= 10; seed++ { // a freeze may not hit the leader
				o := played(t, c.x(), c.f, seed)
				if v := o.Result.Decisive(checker.Violation); len(v) > 0 {
					if !strings.Contains(v[0].Reason, "does not follow") {
						t.Errorf("%+v", v[0])
					}
					t.Logf("convicted by seed %d", seed)
					return
				}
			}
			t.Error("not convicted")
		})
	}
}

// lease is held by the client that made the znode below the path.
type lease struct {
	conn *zk.Conn
	path string
}

var errTaken = errors.New("taken")

func (l *lease) Take(context.Context) error {
	_, err := l.conn.Create(l.path+"/holder", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) {
		return errTaken
	}
	return err
}

// The ends of the sessions of processes that are killed are known to a specification. A
// specification that ignores them is wrong, and is reported as wrong.
func TestSessionsOfProcesses(t *testing.T) {
	leases := func(ends bool) zklab.Experiment {
		take := object.Do("take", (*lease).Take).Refuses(errTaken)
		free := int64(0)
		spec := object.Sequential(free, object.RunsBy(take, func(holder int64, who object.Caller, _ object.None) (int64, object.None, error) {
			if holder != free {
				return holder, object.None{}, errTaken
			}
			return who.Session, object.None{}, nil
		}))
		if ends {
			spec.SessionEnds(func(holder int64, who object.Caller) int64 {
				if holder == who.Session {
					return free
				}
				return holder
			})
		}
		return zklab.Experiment{TimeLimit: 20 * time.Second, MinLoad: -1, Workload: object.Object[*lease]{
			Name: "lease", New: func(c *subjects.Client, path string) (*lease, error) {
				if _, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
					return nil, err
				}
				return &lease{c.Conn, path}, nil
			},
			Operations: []object.Operation[*lease]{take}, Rules: []object.Rule{spec},
		}.Workload()}
	}
	violated := 0
	for seed := int64(1); seed <= 3; seed++ {
		o := played(t, leases(true), crashes, seed)
		if o.Result.Verdict != checker.Valid {
			t.Errorf("seed %d: %s: %+v", seed, o.Result.Verdict, o.Result.Verdicts)
		}
		for _, op := range o.History.Operations() {
			if op.Outcome() == history.OK && op.Return.Value != nil {
				t.Fatalf("an operation without an answer answered %s", op.Return.Value)
			}
		}
		violated += len(played(t, leases(false), crashes, seed).Result.Violated())
	}
	if violated == 0 {
		t.Error("no session of a holder ended")
	}
}

// The clients are real processes: answers, refusals and their text pass through the adapter
// protocol.
func TestRealProcesses(t *testing.T) {
	x := proud()
	x.Command, x.Seed, x.Out = []string{os.Args[0], clientArgument}, 1, t.TempDir()
	x.Ops, x.SessionTimeout = 20, 20*time.Second // no session ends, however slow the machine is
	o, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Result.Violated()) > 0 {
		t.Errorf("%+v", o.Result.Verdicts)
	}
	answers, refusals := 0, 0
	for _, op := range o.History.Operations() {
		switch {
		case op.Outcome() == history.OK && string(op.Return.Value) != "":
			answers++
		case op.Outcome() == history.Fail && op.Return.Error.Code == history.CodeRefused && op.Return.Error.Message == errFollower.Error():
			refusals++
		}
	}
	if answers == 0 || refusals == 0 {
		t.Errorf("%d answers and %d refusals", answers, refusals)
	}
}

// clientArgument makes this test binary run as a client's process.
const clientArgument = "client-of-own-objects"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == clientArgument {
		err := adapter.Serve(context.Background(), os.Stdin, os.Stdout, adapter.Subjects{
			Name: "own objects", Recipes: map[string]subjects.Maker{"proud-ids": proudIDs().Maker()},
		})
		if err != nil {
			os.Exit(1)
		}
		return
	}
	testmain.Main(m)
}
