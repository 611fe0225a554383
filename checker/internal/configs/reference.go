package configs

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// A configuration for the reference model: all its states so far, and how far each watcher has
// come in them. The model considers all watchers together.
var (
	reference      = referenceOf("valid", "order")
	cacheReference = referenceOf("valid", "current", "order")
)

func referenceOf(covers ...string) *frame.Reference {
	return &frame.Reference{
		Covers:     covers,
		Refines:    true,
		Operations: operations,
		Model:      func(*evidence.Record) porcupine.Model { return spec },
		Size:       size,
	}
}

// past lists the states of a configuration so far, each followed by a separator, and the
// place of each watcher in the list. It is never changed.
type past struct {
	text string
	at   string // two byte pairs for each watcher: its place, and how often it was told
}

func size(states any) (n int) {
	for _, s := range states.([]any) {
		n += len(s.(past).text) + len(s.(past).at)
	}
	return n
}

// step is an operation for the reference model.
type step struct {
	part     int // the configuration, of those of a key
	watcher  int // -1: a change
	nth      int // place among the answers to the watcher, which come in order, also within one instant
	value    string
	optional bool
	current  bool // earlier states do not count
	text     string
}

const none = "-"

func operations(k *evidence.Key) ([]porcupine.Operation, bool) {
	var ops []porcupine.Operation
	for part, c := range configsOf(k) {
		if c.doubled != nil || len(c.changes) > 1<<15 {
			return nil, false
		}
		add := func(client int, inv, ret time.Duration, s step) {
			s.part = part
			ops = append(ops, porcupine.Operation{ClientId: client, Input: s, Call: int64(inv), Return: k.Clamp(ret)})
		}
		for _, x := range c.changes {
			s := step{watcher: -1, value: stated(x.value, x.absent), optional: x.op.Outcome() != history.OK}
			s.text = fmt.Sprintf("client %d: %s", x.op.Client, named(x.value, x.absent))
			add(x.op.Client, x.inv, x.ret, s)
		}
		for _, x := range c.faults {
			add(k.Params.Clients, x.inv, x.ret, step{watcher: -1, value: none, optional: true, text: "a fault: " + named("", true)})
		}
		for i, w := range c.watches {
			for n, s := range w.observations {
				add(w.client, s.inv, s.ret, step{
					watcher: i, nth: n, value: stated(s.value, s.absent), current: s.current,
					text: fmt.Sprintf("client %d saw: %s", w.client, s.what()),
				})
			}
		}
	}
	return ops, true
}

// partition makes each znode of a subtree a problem of its own.
func partition(ops []porcupine.Operation) [][]porcupine.Operation {
	var parts [][]porcupine.Operation
	for _, op := range ops {
		part := op.Input.(step).part
		for len(parts) <= part {
			parts = append(parts, nil)
		}
		parts[part] = append(parts[part], op)
	}
	return parts
}

// stated describes a value in one line.
func stated(value string, absent bool) string {
	if absent {
		return none
	}
	return strconv.Quote(value)
}

var spec = func() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: partition,
		Init:      func() []any { return []any{past{text: none + "\n"}} },
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
		DescribeOperation: func(input, _ any) string { return input.(step).text },
	}
	return m.ToModel()
}()

// tell moves a watcher to a value that it is told: the earliest that is not before its
// place. The value may have existed for a while, if the watcher's server lags.
func (p past) tell(s step) []any {
	at := make([]byte, max(len(p.at), 4*(s.watcher+1)))
	copy(at, p.at)
	place, told := at[4*s.watcher:], at[4*s.watcher+2:]
	if binary.BigEndian.Uint16(told) != uint16(s.nth) {
		return nil
	}
	binary.BigEndian.PutUint16(told, uint16(s.nth+1))
	from := int(binary.BigEndian.Uint16(place))
	all := strings.Split(strings.TrimSuffix(p.text, "\n"), "\n")
	if s.current {
		from = len(all) - 1
	}
	for i, value := range all {
		if i >= from && value == s.value {
			binary.BigEndian.PutUint16(place, uint16(i))
			return []any{past{p.text, string(at)}}
		}
	}
	return nil
}
