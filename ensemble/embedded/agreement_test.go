package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/agreement"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// compared compares all znodes, and returns the result and how long it took.
func (l *lab) compared(servers ...ensemble.Server) (history.Agreement, time.Duration) {
	if servers == nil {
		servers = l.Servers()
	}
	begin := time.Now()
	a := agreement.Config{Servers: servers, Dial: l.Dial, Root: "/", Fence: "/"}.Compare(l.ctx)
	return a, time.Since(begin)
}

// grown makes the znodes that tests of comparisons use, on a session of its own.
func (l *lab) grown() (session int64) {
	c := l.client(pinged(l.to(1)))
	l.create(c, "/a", "1", wire.Persistent)
	l.create(c, "/a/b", "2", wire.Persistent)
	l.create(c, "/a/b/c", "", wire.Persistent)
	l.create(c, "/a/e", "", wire.Ephemeral)
	l.set(c, "/a/b", strings.Repeat("x", 50))
	l.sync(c)
	return c.Session().ID
}

func says(field string, values ...history.TreeValue) history.TreeDifference {
	return history.TreeDifference{Field: field, Values: values}
}

func on(value string, servers ...int) history.TreeValue {
	return history.TreeValue{Servers: servers, Value: value}
}

// TestServerWithAnotherTreeIsFound alters the tree of one server, as little as can be, and
// altogether.
func TestServerWithAnotherTreeIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		server int
		alter  []tree.Body
		paths  []string
		want   history.TreeDifference // of the first
	}{
		"a znode lost":      {2, []tree.Body{&tree.Delete{Path: "/a/b/c"}}, []string{"/a/b/c"}, says("present", on("no", 2), on("yes", 1, 3))},
		"a znode more":      {3, []tree.Body{&tree.Create{Path: "/a/x", ACL: openToAll}}, []string{"/a/x"}, says("present", on("yes", 3), on("no", 1, 2))},
		"a version":         {1, []tree.Body{&tree.SetData{Path: "/a/b", Data: []byte(strings.Repeat("x", 50)), Version: 2}}, []string{"/a/b"}, says("version", on("2", 1), on("1", 2, 3))},
		"an ephemeral lost": {2, []tree.Body{&tree.Delete{Path: "/a/e"}}, []string{"/a/e"}, says("present", on("no", 2), on("yes", 1, 3))},
		"an ephemeral kept": {2, []tree.Body{&tree.Create{Path: "/a/b/e", ACL: openToAll, Owner: 7}}, []string{"/a/b/e"}, says("present", on("yes", 2), on("no", 1, 3))},
		"permissions": {
			2,
			[]tree.Body{&tree.SetACL{Path: "/a", ACL: []wire.ACL{{Perms: wire.PermRead, ID: tree.Anyone}}}},
			[]string{"/a"},
			says("acl", on(`"world:anyone:r"`, 2), on(`"world:anyone:cdrwa"`, 1, 3)),
		},
		"data": {2, []tree.Body{&tree.SetData{Path: "/a", Data: []byte("7")}}, []string{"/a"}, says("data", on(`"7"`, 2), on(`"1"`, 1, 3))},
		"null for empty data": {
			2, []tree.Body{&tree.SetData{Path: "/a/b/c"}}, []string{"/a/b/c"}, says("data", on("null", 2), on(`""`, 1, 3)),
		},
		"made at another time": {
			2,
			[]tree.Body{&tree.Delete{Path: "/a/b/c"}, &tree.Create{Path: "/a/b/c", Data: []byte{}, ACL: openToAll}},
			[]string{"/a/b/c"},
			says("czxid", on("0x0", 2)),
		},
		"all": {
			3,
			[]tree.Body{&tree.Delete{Path: "/a/b/c"}, &tree.Delete{Path: "/a/b"}, &tree.Delete{Path: "/a/e"}, &tree.Delete{Path: "/a"}},
			[]string{"/a", "/a/b", "/a/b/c", "/a/e"},
			says("present", on("no", 3), on("yes", 1, 2)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, embedded.Config{Latency: time.Millisecond}, func(l *lab) {
				l.grown()
				if a, _ := l.compared(); a.Znodes != 5 || a.Ephemerals != 1 || a.Differences != nil || a.Unsettled || len(a.Servers) != 3 {
					t.Fatalf("of right servers: %+v", a)
				}
				for _, x := range c.alter {
					l.Server(c.server).Alter(&tree.Txn{Body: x})
				}
				a, took := l.compared()
				var paths []string
				for i := range a.Differences {
					paths = append(paths, a.Differences[i].Path)
				}
				if d := cmp.Diff(c.paths, paths); d != "" || a.Different != len(paths) {
					t.Fatalf("%s %+v", d, a)
				}
				got := a.Differences[0]
				got.Path = ""
				if c.want.Field == "czxid" { // the right one belongs to some transaction
					got.Values = got.Values[:1]
				}
				if d := cmp.Diff(c.want, got); d != "" {
					t.Error(d)
				}
				if took > time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// Znodes come, change and go all the time, through every server, and sessions with them.
func TestChangesAreNoDifferences(t *testing.T) {
	for seed := range uint64(2) {
		virtually(t, embedded.Config{Latency: 3 * time.Millisecond}, func(l *lab) {
			l.grown()
			_, quiet := l.compared()
			ctx, stop := context.WithCancel(l.ctx)
			var writers sync.WaitGroup
			defer writers.Wait()
			defer stop()
			for i := 1; i <= 3; i++ {
				c := l.client(pinged(l.to(i)))
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				writers.Go(func() {
					for ctx.Err() == nil {
						path := fmt.Sprintf("/a/%d", rng.IntN(3))
						switch rng.IntN(3) {
						case 0:
							_, _ = c.Do(ctx, wire.Create, &wire.CreateRequest{Path: path, ACL: openToAll, Mode: wire.CreateMode(rng.IntN(2))})
						case 1:
							_, _ = c.Do(ctx, wire.Delete, &wire.VersionRequest{Path: path, Version: -1})
						case 2:
							_, _ = c.Do(ctx, wire.SetData, &wire.SetDataRequest{Path: path, Version: -1})
						}
					}
				})
			}
			again := 0
			for range 40 {
				a, took := l.compared()
				if a.Differences != nil || a.Unread != nil || took > 5*time.Second {
					t.Fatalf("%s: %+v", took, a)
				}
				if took > 2*quiet {
					again++
				}
			}
			if again < 3 {
				t.Errorf("only %d times there was a change meanwhile: this shows little", again)
			}
			// What is wrong is found all the same.
			l.Server(2).Alter(&tree.Txn{Body: &tree.SetData{Path: "/a/b", Version: 9}})
			if a, _ := l.compared(); a.Different != 1 || a.Differences[0].Path != "/a/b" {
				t.Errorf("%+v", a)
			}
		})
	}
}

// Servers that cannot be read are named, and the others compared.
func TestServersThatCannotBeRead(t *testing.T) {
	virtually(t, embedded.Config{Nodes: 5, Latency: time.Millisecond}, func(l *lab) {
		l.grown()
		others := l.others(1, l.leader()) // the ephemeral's client is on server 1
		killed, paused := others[0], others[1]
		l.ok(l.Server(killed).Kill(l.ctx))
		l.ok(l.Server(paused).Pause(l.ctx))
		a, took := l.compared()
		if killed > paused || len(a.Servers) != 3 || len(a.Unread) != 2 || a.Unread[0].Server != killed || a.Znodes != 5 || took > 6*time.Second ||
			a.Unread[1] != (history.ServerNote{Server: paused, Text: "it did not answer in time"}) {
			t.Errorf("%s: %+v", took, a)
		}
		l.Server(1).Alter(&tree.Txn{Body: &tree.Delete{Path: "/a/e"}})
		if a, _ := l.compared(); a.Different != 1 || len(a.Unread) != 2 {
			t.Errorf("%+v", a)
		}
	})
}

// elsewhere is a server at the address of another one, as behind a proxy.
type elsewhere struct{ *embedded.Server }

func (elsewhere) ID() int { return 9 }

func TestAddressesOfOneServer(t *testing.T) {
	virtually(t, embedded.Config{Latency: time.Millisecond}, func(l *lab) {
		a, _ := l.compared(l.Server(1), elsewhere{l.Server(1)}, l.Server(2))
		if d := cmp.Diff([][]int{{1, 2}, {9}}, [][]int{a.Servers, a.Aliases}); d != "" {
			t.Error(d)
		}
	})
}

// What the harness may not read is compared as far as anybody may see it.
func TestHiddenZnodesAreCompared(t *testing.T) {
	virtually(t, embedded.Config{Latency: time.Millisecond}, func(l *lab) {
		l.grown()
		c := l.client(pinged(l.to(1)))
		mine := []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "digest", ID: "me:x"}}}
		l.do(c, wire.SetACL, &wire.SetACLRequest{Path: "/a/b/c", ACL: mine, Version: -1})
		l.do(c, wire.SetACL, &wire.SetACLRequest{Path: "/a/e", ACL: mine, Version: -1})
		a, _ := l.compared()
		if a.Hidden != 2 || a.Znodes != 5 || a.Differences != nil || a.Unread != nil {
			t.Errorf("%+v", a)
		}
		l.Server(3).Alter(&tree.Txn{Body: &tree.Delete{Path: "/a/b/c"}})
		if a, _ := l.compared(); a.Different != 1 || a.Differences[0].Field != history.FieldPresent {
			t.Errorf("%+v", a)
		}
	})
}

// alters is a fault that changes a znode on one server alone, below the run's own.
type alters struct{ with func(path string) tree.Body }

func (alters) Kind() string                   { return "alters" }
func (alters) Spec() string                   { return "alters" }
func (alters) Available(faults.Setting) error { return nil }
func (alters) Verify(context.Context) error   { return nil }
func (alters) Heal(context.Context) error     { return nil }

func (alters) Describe() history.FaultStep { return history.FaultStep{Servers: []int{2}} }

func (a alters) Inject(_ context.Context, t *faults.Target, _ *rand.Rand) (faults.Effect, error) {
	path, err := t.Admin.Create(t.Root+"/marked", nil, 0, zk.WorldACL(zk.PermAll))
	if err == nil {
		time.Sleep(time.Second) // until all have it
		t.Ensemble.(*embedded.Ensemble).Server(2).Alter(&tree.Txn{Body: a.with(path)})
	}
	return a, err
}

// A run tells whether its servers agree, and which znode shows that they do not.
func TestRunComparesServers(t *testing.T) {
	for _, c := range []struct {
		name string
		with func(path string) tree.Body
		says string
	}{
		{"nothing", func(string) tree.Body { return &tree.Check{} }, ""},
		{"a znode", func(path string) tree.Body { return &tree.Delete{Path: path} }, "server 2 lacks /zklab/%s/marked, which servers 1 and 3 have; server 2 had been hit by alters at 2.005 s"},
		{"a version", func(path string) tree.Body { return &tree.SetData{Path: path, Version: 5} }, "server 2 has /zklab/%s/marked at version 5, servers 1 and 3 at version 0; server 2 had been hit by alters at 2.005 s"},
		{"permissions", func(path string) tree.Body {
			return &tree.SetACL{Path: path, ACL: []wire.ACL{{Perms: wire.PermRead, ID: tree.Anyone}}, Version: 1}
		}, "server 2 has /zklab/%s/marked at ACL version 1, servers 1 and 3 at ACL version 0; server 2 had been hit by alters at 2.005 s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := zklab.SimulateIn(t, zklab.Experiment{
				Workload: workloads.Register{New: subjects.NewRegister}, TimeLimit: 5 * time.Second, Seed: 1, Out: t.TempDir(),
				Faults: plan.Steps(plan.Step{Fault: alters{c.with}, At: 2 * time.Second}),
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range o.Result.Verdicts {
				if v.Property != "server-agreement" {
					continue
				}
				if c.says == "" {
					if v.Result != checker.Valid || v.Figures["compared_znodes"] < 5 {
						t.Errorf("%+v", v)
					}
					return
				}
				root := strings.TrimPrefix(o.History.Header.Params.Root, "/zklab/")
				if want := fmt.Sprintf(c.says, root); v.Result != checker.Violation || v.Reason != want || len(v.Counterexample) != 1 {
					t.Errorf("%s: %+v", want, v)
				}
				return
			}
			t.Error("not decided")
		})
	}
}

// forgetful is a fault on servers that, as a defect of theirs, lose a znode when they take over everything from
// the others.
type forgetful struct{ faults.Fault }

func (f forgetful) Inject(ctx context.Context, t *faults.Target, rng *rand.Rand) (faults.Effect, error) {
	path, err := t.Admin.Create(t.Root+"/marked", nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil {
		return nil, err
	}
	e, err := f.Fault.Inject(ctx, t, rng)
	return forgot{e, t.Ensemble.(*embedded.Ensemble), path}, err
}

type forgot struct {
	faults.Effect
	ensemble *embedded.Ensemble
	path     string
}

func (e forgot) Heal(ctx context.Context) error {
	s := e.ensemble.Server(e.Describe().Servers[0])
	empty, err := s.DiskEmpty(ctx)
	err = errors.Join(err, e.Effect.Heal(ctx))
	if empty {
		s.Alter(&tree.Txn{Body: &tree.Delete{Path: e.path}})
	}
	return err
}

// Only a disk that is emptied makes a server take over everything, and so shows that it loses something then.
func TestRunFindsWhatAServerDoesNotTakeOver(t *testing.T) {
	for want, f := range map[checker.Result]faults.Fault{checker.Valid: faults.Kill{Nodes: faults.One}, checker.Violation: faults.EmptyDisk{Nodes: faults.One}} {
		o, err := zklab.SimulateIn(t, zklab.Experiment{
			Workload: workloads.Register{New: subjects.NewRegister}, TimeLimit: 8 * time.Second, Seed: 1, Out: t.TempDir(),
			Faults: plan.Steps(plan.Step{Fault: forgetful{f}, At: 2 * time.Second, For: 2 * time.Second}),
		})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(o.Result.Verdicts, func(v checker.Verdict) bool { return v.Property == "server-agreement" })
		if i < 0 || o.Result.Verdicts[i].Result != want {
			t.Errorf("%s: %+v", f.Spec(), o.Result.Verdicts)
		}
	}
}
