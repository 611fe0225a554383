package object_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// desk hands out tasks, from memory that all clients share.
type desk struct {
	mu   *sync.Mutex
	last *int64
	err  error // the error of each third task when it is finished
}

func (d *desk) Claim(context.Context) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*d.last++
	return *d.last, nil
}

func (d *desk) Finish(_ context.Context, task int64) error {
	if task%3 == 0 {
		return d.err
	}
	return nil
}

// A client finishes the tasks that it has claimed, each of them once: it finishes a task again only
// if the first try certainly had no effect.
func TestFrom(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		again bool // whether tasks are finished more than once
	}{
		"always done":    {nil, false},
		"perhaps done":   {errors.New("no answer"), false},
		"without effect": {subjects.WithoutEffect(errors.New("not now")), true},
	} {
		t.Run(name, func(t *testing.T) {
			claim := object.Ask("claim", (*desk).Claim)
			finish := object.Give("finish", (*desk).Finish, object.From(claim))
			var mu sync.Mutex
			last := map[string]*int64{}
			rule := object.Property("own", "clients finish what they have claimed", func(k *object.Key) (found []object.Finding) {
				mine := map[int][]int64{}
				for _, c := range k.Calls {
					switch v, _ := object.Values(c, claim); c.Operation {
					case "claim":
						mine[c.Client] = append(mine[c.Client], v.Got)
					case "finish":
						v, _ := object.Values(c, finish)
						i := slices.Index(mine[c.Client], v.Arg)
						if i < 0 {
							return append(found, object.Finding{Why: fmt.Sprintf("client %d finished %d, which it had not claimed, or had finished", c.Client, v.Arg), Show: []*object.Did{c}})
						}
						mine[c.Client] = slices.Delete(mine[c.Client], i, i+1)
					}
				}
				return nil
			})
			out, err := zklab.SimulateIn(t, zklab.Experiment{Seed: 2, TimeLimit: 3 * time.Second, Workload: object.Object[*desk]{
				Name: "desk", Operations: []object.Operation[*desk]{claim, finish}, Rules: []object.Rule{rule}, Exercise: []object.Need{},
				New: func(c *subjects.Client, path string) (*desk, error) {
					if _, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
						return nil, err
					}
					mu.Lock()
					defer mu.Unlock()
					if last[path] == nil {
						last[path] = new(int64)
					}
					return &desk{&mu, last[path], tt.err}, nil
				},
			}.Workload()})
			if err != nil {
				t.Fatal(err)
			}
			if out.Result.Verdict != checker.Valid {
				t.Errorf("%s: %+v", out.Result.Verdict, out.Result.Verdicts)
			}
			finished := map[string]int{}
			again := false
			for _, op := range out.History.Operations() {
				if op.F == "finish" {
					finished[op.Key+string(op.Invoke.Value)]++
					again = again || finished[op.Key+string(op.Invoke.Value)] > 1
				}
			}
			if len(finished) < 10 || again != tt.again {
				t.Errorf("%d tasks were finished; one twice: %v, want %v", len(finished), again, tt.again)
			}
		})
	}
}
