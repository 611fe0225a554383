package object_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// store is a small map in one znode. A stale one answers from what it read first.
type store struct {
	conn  *zk.Conn
	path  string
	stale bool
	first string
}

func newStore(stale bool) func(*subjects.Client, string) (*store, error) {
	return func(c *subjects.Client, path string) (*store, error) {
		if _, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return nil, err
		}
		return &store{conn: c.Conn, path: path, stale: stale}, nil
	}
}

// setting is what put sets.
type setting struct{ Key, Value string }

// change writes what f makes of the content, so that also a read is ordered by the leader.
func (s *store) change(ctx context.Context, f func(map[string]string)) (map[string]string, error) {
	for ctx.Err() == nil {
		data, stat, err := s.conn.Get(s.path)
		if err != nil {
			return nil, err
		}
		content := map[string]string{}
		for pair := range strings.FieldsSeq(string(data)) {
			key, value, _ := strings.Cut(pair, "=")
			content[key] = value
		}
		f(content)
		text := ""
		for _, key := range []string{"a", "b"} {
			text += key + "=" + content[key] + " "
		}
		if _, err = s.conn.Set(s.path, []byte(text), stat.Version); !errors.Is(err, zk.ErrBadVersion) {
			return content, err
		}
	}
	return nil, ctx.Err()
}

func (s *store) Put(ctx context.Context, v setting) error {
	_, err := s.change(ctx, func(content map[string]string) { content[v.Key] = v.Value })
	return err
}

func (s *store) Get(ctx context.Context, key string) (string, error) {
	if s.stale && s.first != "" {
		return s.first, nil
	}
	content, err := s.change(ctx, func(map[string]string) {})
	s.first = content[key]
	return content[key], err
}

// kvInput and kvModel are those of porcupine's documentation: a state for each key, by Partition.
type kvInput struct {
	put        bool
	key, value string
}

var kvModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		of := map[string][]porcupine.Operation{}
		for _, op := range history {
			of[op.Input.(kvInput).key] = append(of[op.Input.(kvInput).key], op)
		}
		for _, key := range []string{"a", "b"} {
			parts = append(parts, of[key])
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		in := input.(kvInput)
		if in.put {
			return true, in.value
		}
		return output.(string) == state.(string), state
	},
}

func stores(stale bool) zklab.Experiment {
	put := object.Give("put", (*store).Put, func(d *object.Draw) setting {
		return setting{[]string{"a", "b"}[d.IntN(2)], strconv.FormatInt(d.Unique(), 10)}
	})
	get := object.Call("get", (*store).Get, object.Any("a", "b")).ReadOnly()
	o := object.Object[*store]{
		Name: "key-value", New: newStore(stale), Operations: []object.Operation[*store]{put, get},
		Rules: []object.Rule{object.Porcupine(kvModel, func(d *object.Did) (any, any) {
			if d.Operation == "put" {
				v, _ := object.Values(d, put)
				return kvInput{put: true, key: v.Arg.Key, value: v.Arg.Value}, ""
			}
			v, _ := object.Values(d, get)
			return kvInput{key: v.Arg}, v.Got
		})},
	}
	return zklab.Experiment{Workload: o.Workload()}
}

// A model for porcupine runs unchanged, and a planted stale read is convicted.
func TestPorcupine(t *testing.T) {
	for stale, want := range map[bool]checker.Result{false: checker.Valid, true: checker.Violation} {
		x := stores(stale)
		x.Seed, x.TimeLimit = 5, 5*time.Second
		o, err := zklab.SimulateIn(t, x)
		if err != nil {
			t.Fatal(err)
		}
		if o.Result.Verdict != want {
			t.Errorf("stale %v: %s: %+v", stale, o.Result.Verdict, o.Result.Verdicts)
		}
	}
}

// All front doors take an object of one's own.
func TestFrontDoors(t *testing.T) {
	t.Run("simulate", func(t *testing.T) { zklab.Simulate(t, stores(false)) })
	t.Run("sweep", func(t *testing.T) { zklab.Sweep(t, stores(false), zklab.SweepOptions{Seeds: 6}) })
	t.Run("crashes", func(t *testing.T) {
		x := stores(false)
		x.Faults, x.Seed, x.TimeLimit = crashes, 1, 10*time.Second
		o, err := zklab.SimulateIn(t, x)
		if err != nil {
			t.Fatal(err)
		}
		if o.Result.Verdict != checker.Valid || !slices.ContainsFunc(o.History.Events, func(e history.Event) bool { return e.F == history.FExited }) {
			t.Errorf("%s, or no process ended: %+v", o.Result.Verdict, o.Result.Verdicts)
		}
		zklab.Sweep(t, x, zklab.SweepOptions{Seeds: 3})
	})
	t.Run("explore", func(t *testing.T) {
		x := stores(false)
		x.Ops, x.Clients, x.AllowUnknown, x.Budget = 2, 2, true, 10*time.Second
		zklab.Explore(t, x)
	})
	t.Run("test", func(t *testing.T) {
		x := stores(false)
		x.TimeLimit, x.AllowUnknown = time.Second, true
		zklab.Test(t, x)
	})
}
