package configs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// A configuration for the referee: all that it was so far, and how far each watcher has
// come in that. It weighs all watchers together.
var referee = &frame.Referee{
	Covers:     []string{"valid", "order"},
	Refines:    true,
	Operations: operations,
	Model:      func(*evidence.Record) porcupine.Model { return spec },
	Size:       size,
}

// past is what a configuration was, each value with a separator behind it, and where in
// that each watcher is. It is not changed.
type past struct {
	text string
	at   string // a byte pair for each watcher
}

func size(states any) (n int) {
	for _, s := range states.([]any) {
		n += len(s.(past).text) + len(s.(past).at)
	}
	return n
}

// step is an operation for the referee.
type step struct {
	watcher  int // -1: a change
	value    string
	optional bool
	text     string
}

const none = "-"

func operations(k *evidence.Key) ([]porcupine.Operation, bool) {
	c := configOf(k)
	if c.doubled != nil || len(c.changes) > 1<<15 {
		return nil, false
	}
	var ops []porcupine.Operation
	add := func(op *history.Operation, ret time.Duration, s step) {
		ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: s, Call: int64(op.Began()), Return: k.Clamp(ret)})
	}
	for _, x := range c.changes {
		s := step{watcher: -1, value: stated(x.value, x.absent), optional: x.op.Outcome() != history.OK}
		s.text = fmt.Sprintf("client %d: %s", x.op.Client, named(x.value, x.absent))
		add(x.op, x.ret, s)
	}
	for i, w := range c.watches {
		for _, s := range w.sights {
			add(s.op, s.ret, step{watcher: i, value: stated(s.value, s.absent), text: fmt.Sprintf("client %d was told: %s", w.client, s.what())})
		}
	}
	return ops, true
}

// stated is what there was, in one line.
func stated(value string, absent bool) string {
	if absent {
		return none
	}
	return strconv.Quote(value)
}

var spec = func() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{past{text: none + "\n"}} },
		Step: func(state, input, _ any) []any {
			p, s := state.(past), input.(step)
			if s.watcher >= 0 {
				return p.tell(s)
			}
			next := past{p.text + s.value + "\n", p.at}
			if s.optional {
				return []any{p, next}
			}
			return []any{next}
		},
		Equal:             func(a, b any) bool { return a == b },
		DescribeOperation: func(input, _ any) string { return input.(step).text },
	}
	return m.ToModel()
}()

// tell has a watcher be told a value: the earliest that is not before where it is. A value
// may have been there for a while, its server lags behind.
func (p past) tell(s step) []any {
	at := make([]byte, max(len(p.at), 2*(s.watcher+1)))
	copy(at, p.at)
	from := int(at[2*s.watcher])<<8 | int(at[2*s.watcher+1])
	for i, value := range strings.Split(strings.TrimSuffix(p.text, "\n"), "\n") {
		if i >= from && value == s.value {
			at[2*s.watcher], at[2*s.watcher+1] = byte(i>>8), byte(i)
			return []any{past{p.text, string(at)}}
		}
	}
	return nil
}
