package ownobjects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// number is a number in a znode. A wrong number overwrites what another client has written meanwhile.
type number struct {
	*seat
	wrong bool
	block int64 // what is left of the numbers that a wrong clock reserved
	last  int64
}

func newNumber(life Life, wrong bool) func(*subjects.Client, string) (*number, error) {
	return seated(life, "0", func(s *seat) *number { return &number{seat: s, wrong: wrong} })
}

// change replaces the number n by f(n), and returns n.
func (n *number) change(ctx context.Context, f func(int64) int64) (before int64, err error) {
	now, done, err := n.session()
	if err != nil {
		return 0, err
	}
	defer done()
	for ctx.Err() == nil {
		data, stat, err := now.Conn.Get(n.path)
		if err != nil {
			return 0, subjects.WithoutEffect(err)
		}
		if before, err = strconv.ParseInt(string(data), 10, 64); err != nil {
			return 0, err
		}
		if n.wrong {
			stat.Version = -1
		}
		if _, err = now.Conn.Set(n.path, strconv.AppendInt(nil, f(before), 10), stat.Version); !errors.Is(err, zk.ErrBadVersion) {
			return before, err
		}
	}
	return 0, subjects.WithoutEffect(context.Cause(ctx))
}

func (n *number) Next(ctx context.Context) (int64, error) {
	before, err := n.change(ctx, func(n int64) int64 { return n + 1 })
	return before + 1, err
}

func (n *number) Swap(ctx context.Context, to int64) (int64, error) {
	return n.change(ctx, func(int64) int64 { return to })
}

// Tick returns a number that is not less than any before. A wrong clock takes several at once, and gives them
// to its client one by one.
func (n *number) Tick(ctx context.Context) (int64, error) {
	const block = 5
	if !n.wrong {
		return n.Next(ctx)
	}
	if n.block == 0 {
		before, err := n.change(ctx, func(n int64) int64 { return n + block })
		if err != nil {
			return 0, err
		}
		n.last, n.block = before, block
	}
	n.last, n.block = n.last+1, n.block-1
	return n.last, nil
}

// numbers declares numbers with a sequential specification: 1, 2, 3, …
func numbers(life Life, wrong bool) Declared {
	next := object.Ask("next", (*number).Next)
	return object.Object[*number]{
		Name: "own-numbers", New: newNumber(life, wrong), Operations: []object.Operation[*number]{next},
		Rules: []object.Rule{object.Sequential(int64(0),
			object.Runs(next, func(n int64, _ object.None) (int64, int64, error) { return n + 1, n + 1, nil }))},
	}
}

// endlessNumber is a number. The third call of a wrong one does not return before the end of the client.
type endlessNumber struct {
	*number
	hangs bool
	calls int
	end   chan struct{}
}

func (n *endlessNumber) Next(ctx context.Context) (int64, error) {
	if n.calls++; n.hangs && n.calls == 3 {
		<-n.end
		return 0, errDead
	}
	before, err := n.change(ctx, func(n int64) int64 { return n + 1 })
	return before + 1, err
}

// endless declares numbers that are all different.
func endless(life Life, wrong bool) Declared {
	next := object.Ask("next", (*endlessNumber).Next)
	return object.Object[*endlessNumber]{
		Name: "own-endless", Operations: []object.Operation[*endlessNumber]{next}, Rules: []object.Rule{object.Distinct(next)},
		New: func(c *subjects.Client, path string) (*endlessNumber, error) {
			s, err := life.at(c, path, "0")
			n := &endlessNumber{number: &number{seat: s}, hangs: wrong, end: make(chan struct{})}
			c.BeforeEnd(func(context.Context) { close(n.end) })
			return n, err
		},
	}
}

// swaps declares swaps with a model of porcupine: a swap returns the number before.
func swaps(life Life, wrong bool) Declared {
	swap := object.Call("swap", (*number).Swap, object.Any[int64](1, 2, 3, 4))
	model := porcupine.Model{
		Init: func() any { return int64(0) },
		Step: func(state, input, output any) (bool, any) { return output == state, input },
	}
	rule := object.Porcupine(model, func(d *object.Did) (any, any) {
		v, _ := object.Values(d, swap)
		return v.Arg, v.Got
	}).Outputs(func(any) []any { return []any{int64(0), int64(1), int64(2), int64(3), int64(4)} })
	return object.Object[*number]{
		Name: "own-swap", New: newNumber(life, wrong), Operations: []object.Operation[*number]{swap}, Rules: []object.Rule{rule},
	}
}

// clocks declares clocks, whose answers rise.
func clocks(life Life, wrong bool) Declared {
	tick := object.Ask("tick", (*number).Tick)
	return object.Object[*number]{
		Name: "own-clock", New: newNumber(life, wrong), Operations: []object.Operation[*number]{tick}, Rules: []object.Rule{object.Rising(tick)},
	}
}

// ticket takes the number of a sequential znode. A wrong one counts the znodes.
type ticket struct {
	*seat
	wrong bool
}

func (t *ticket) Next(context.Context) (int64, error) {
	now, done, err := t.session()
	if err != nil {
		return 0, err
	}
	defer done()
	made, err := now.Conn.Create(t.path+"/t-", nil, zk.FlagSequence, everyone)
	if err != nil {
		return 0, err
	}
	if t.wrong {
		all, _, err := now.Conn.Children(t.path)
		return int64(len(all)), err
	}
	return strconv.ParseInt(strings.TrimPrefix(made, t.path+"/t-"), 10, 64)
}

// tickets declares tickets, whose answers are distinct.
func tickets(life Life, wrong bool) Declared {
	next := object.Ask("next", (*ticket).Next)
	return object.Object[*ticket]{
		Name: "own-tickets", Operations: []object.Operation[*ticket]{next}, Rules: []object.Rule{object.Distinct(next)},
		New: seated(life, "", func(s *seat) *ticket { return &ticket{s, wrong} }),
	}
}

// Filed is the file that declares the objects whose program is filed.
const Filed = `object: own-filed # numbers from a file
operations:
  next: {}
promise:
  distinct: next
  rising: next
`

// served answers calls as the adapter of a program would.
type served struct {
	*number
	subjects.Object
}

func (s served) Call(ctx context.Context, operation string, _, answer any) error {
	if operation != "next" {
		return subjects.WithoutEffect(fmt.Errorf("no operation %q", operation))
	}
	n, err := s.Next(ctx)
	if err != nil {
		return err
	}
	return json.Unmarshal(strconv.AppendInt(nil, n, 10), answer)
}

func (s served) Close(ctx context.Context) error { return s.number.Close(ctx) }

// filed declares numbers by a declaration in a file.
func filed(life Life, wrong bool) Declared {
	o, err := object.Parse([]byte(Filed))
	if err != nil {
		panic(err)
	}
	made := newNumber(life, wrong)
	o.New = func(c *subjects.Client, path string) (subjects.Object, error) {
		n, err := made(c, path)
		return served{number: n}, err
	}
	return o
}
