package cli

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// ownNumber is a number in a znode that only increases. A careless one writes without checking the version.
type ownNumber struct {
	conn     *zk.Conn
	path     string
	careless bool
}

func newOwnNumber(careless bool) func(*subjects.Client, string) (*ownNumber, error) {
	return func(c *subjects.Client, path string) (*ownNumber, error) {
		if _, err := c.Conn.Create(path, []byte("0"), 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return nil, err
		}
		return &ownNumber{c.Conn, path, careless}, nil
	}
}

func (n *ownNumber) Next(ctx context.Context) (int64, error) {
	for ctx.Err() == nil {
		data, stat, err := n.conn.Get(n.path)
		if err != nil {
			return 0, err
		}
		last, err := strconv.ParseInt(string(data), 10, 64)
		if err != nil {
			return 0, err
		}
		if n.careless {
			stat.Version = -1
		}
		if _, err = n.conn.Set(n.path, strconv.AppendInt(nil, last+1, 10), stat.Version); !errors.Is(err, zk.ErrBadVersion) {
			return last + 1, err
		}
	}
	return 0, ctx.Err()
}

// ownNumbers is a kind of object with one operation.
func ownNumbers(name, operation string, careless bool) object.Object[*ownNumber] {
	next := object.Ask(operation, (*ownNumber).Next).Weight(1)
	return object.Object[*ownNumber]{
		Name: name, About: "numbers without gaps", New: newOwnNumber(careless),
		Operations: []object.Operation[*ownNumber]{next},
		Rules: []object.Rule{object.Sequential(int64(0),
			object.Runs(next, func(n int64, _ object.None) (int64, int64, error) { return n + 1, n + 1, nil }))},
	}
}

// ownProgram runs a command with two recipes of its own, and with a mistake if its environment names one.
func ownProgram() {
	ids := ownNumbers("id-generator", "next", false)
	own := []Recipe{
		Subjects{ids, []Subject{{
			Name: "broken:careless", About: "writes without checking the version", Recipe: ownNumbers("id-generator", "next", true),
			Property: "sequential", Faults: "pause:leader",
		}}},
		ownNumbers("ticket", "draw", false),
	}
	switch os.Getenv("ZKLAB_TEST_MISTAKE") {
	case "other":
		own = []Recipe{ownNumbers("id-generator", "draw", false), own[1]}
	case "twice":
		own = append(own, ids)
	case "taken":
		own = append(own, ownNumbers("lock", "next", false))
	}
	Main(own...)
}

// lockItself is a recipe that declares no objects.
type lockItself struct{ name string }

func (l lockItself) Workload() workloads.Workload { return renamedLock{name: l.name} }

type renamedLock struct {
	workloads.Lock
	name string
}

func (l renamedLock) Name() string { return l.name }

func TestMistakesInOwnRecipes(t *testing.T) {
	ids := ownNumbers("ids", "next", false)
	with := func(name string, other Recipe) Recipe { return Subjects{ids, []Subject{{Name: name, Recipe: other}}} }
	otherRule := ids
	otherRule.Rules = []object.Rule{object.Property("other", "nothing is wrong", func(*object.Key) []object.Finding { return nil })}
	for _, tt := range []struct {
		want string
		own  []Recipe
	}{
		{`argument 2 of cli.Main: the recipe is nil`, []Recipe{ids, nil}},
		{`argument 1 of cli.Main: the recipe is nil`, []Recipe{(*lockItself)(nil)}},
		{`argument 1 of cli.Main: the recipe is nil`, []Recipe{Subjects{}}},
		{`argument 2 of cli.Main: another one is called "ids", too: give each recipe a name of its own`, []Recipe{ids, ids}},
		{`argument 1 of cli.Main: own_test.go:`, []Recipe{ownNumbers("lock", "next", false)}},
		{`argument 1 of cli.Main: the name "queue" is taken by a recipe of zklab's: choose another one`, []Recipe{lockItself{"queue"}}},
		{`argument 1 of cli.Main: recipe "mine" does not declare its objects: make it with package object`, []Recipe{lockItself{"mine"}}},
		{`argument 1 of cli.Main: two subjects of recipe "ids" are called "own"`, []Recipe{with("own", ids)}},
		{`argument 1 of cli.Main: a subject of recipe "ids" has the name "a b": give it one word`, []Recipe{with("a b", ids)}},
		{`argument 1 of cli.Main: subject "a": the recipe is nil`, []Recipe{with("a", nil)}},
		{`argument 1 of cli.Main: subject "a" names the property "other": recipe "ids" has sequential`, []Recipe{Subjects{ids, []Subject{{Name: "a", Recipe: ids, Property: "other"}}}}},
		{`argument 1 of cli.Main: the faults of subject "a": `, []Recipe{Subjects{ids, []Subject{{Name: "a", Recipe: ids, Faults: "pause:nobody"}}}}},
		{`argument 1 of cli.Main: subject "a" must declare the same objects as recipe "ids", but has other names`, []Recipe{with("a", ownNumbers("x", "next", false))}},
		{`argument 1 of cli.Main: subject "a" must declare the same objects as recipe "ids", but has other operations`, []Recipe{with("a", ownNumbers("ids", "draw", false))}},
		{`argument 1 of cli.Main: subject "a" must declare the same objects as recipe "ids", but has other rules`, []Recipe{with("a", otherRule)}},
	} {
		if _, err := catalogOf("mine", tt.own); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}
