package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history/foreign"
)

// This file has plain registers. The state is the value as JSON.

func registerStep(state string, o op) []string {
	switch o.f {
	case "read", "get":
		if o.out != ok || o.res == state {
			return []string{state}
		}
	case "write", "put":
		return []string{o.arg}
	case "append":
		return []string{appended(state, o.arg)}
	case "cas":
		from, to := pair(o.arg)
		switch {
		case o.out == fail && from != state: // a failed compare-and-set is an observation
			return []string{state}
		case o.out != fail && from == state:
			return []string{to}
		}
	}
	return nil
}

func pair(arg string) (from, to string) {
	from, to, _ = strings.Cut(strings.Trim(arg, "[]"), ",")
	return from, to
}

func appended(state, text string) string {
	if state == "null" {
		return text
	}
	return strings.TrimSuffix(state, `"`) + strings.TrimPrefix(text, `"`)
}

func registerLegal(r *rand.Rand, _ *object, state string, o *op) (string, bool) {
	switch o.f {
	case "read", "get":
		o.res = state
	case "cas":
		_, to := pair(o.arg)
		o.arg = fmt.Sprintf("[%s,%s]", state, to)
	}
	return registerStep(state, *o)[0], true
}

// register makes an object whose writes have the given values: each value once if there
// are enough.
func register(model string, values []string, fs ...string) *object {
	begins := []string{"0", "1", `"a"`}
	if model == "kv" {
		begins = begins[2:] // text that can be appended to
	}
	return &object{
		model: model, start: "null", most: 8, calls: observes, legal: registerLegal, step: registerStep, values: values,
		begins: begins,
		any: func(r *rand.Rand, o *object, op *op) {
			o.next++
			value := func() string {
				if len(o.values) > 0 {
					return pick(r, o.values...)
				}
				return fmt.Sprint(o.next % 8)
			}
			op.f, op.arg, op.res = pick(r, fs...), "", ""
			switch op.f {
			case "read", "get":
				op.res = value()
				if chance(r, 4) {
					op.res = "null"
				}
			case "cas":
				op.arg = fmt.Sprintf("[%s,%s]", pick(r, value(), fmt.Sprint(r.IntN(8))), value())
			default:
				op.arg = value()
			}
		},
	}
}

func observation(h plain, o op) bool {
	return h.format == foreign.JepsenLog && o.f == "cas" && o.out == fail
}

// observes returns the calls of a history. In Jepsen's older log, a failed
// compare-and-set is an observation. A read of nil is a read of an unknown value if the
// register began with something else, no client wrote nil, and the format is EDN.
func observes(h plain) []call {
	calls := callsOf(h.ops)
	nobody := h.begins != "" && h.format == foreign.EDN && !slices.ContainsFunc(h.ops, func(o op) bool {
		_, to := pair(o.arg)
		return o.arg == "null" || to == "null"
	})
	for i, c := range calls {
		if nobody && c.op.res == "null" {
			calls[i].op.out = info
		}
	}
	for _, o := range h.ops {
		if observation(h, o) {
			calls = append(calls, call{op: o, inv: o.inv, ret: o.ret, certain: true})
		}
	}
	return calls
}

func TestRegisters(t *testing.T) {
	register("register", nil, "read", "write").compare(t)
	register("register", []string{"1", "2", `"1"`, "null"}, "read", "read", "write").compare(t)
	distinct := register("cas-register", nil, "read", "write", "cas", "cas")
	distinct.compare(t)
	few := register("cas-register", []string{"1", "2", "3"}, "read", "write", "cas", "cas")
	few.formats = []foreign.Format{foreign.JSONL, foreign.JepsenLog, foreign.EDN}
	few.compare(t)
	kv := register("kv", []string{`"a"`, `"b"`, `"ab"`, `""`}, "get", "get", "put", "append", "append", "cas")
	kv.compare(t)
	register("kv", []string{`"a"`, `"b"`, `"c"`, `"d"`, `"e"`, `"f"`}, "get", "append", "append").compare(t)
}
