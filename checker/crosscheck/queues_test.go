package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file has queues, bags and priority queues. The state lists the items, in the
// order in which they come out if there is one.

func items(state string) []string { return strings.Fields(state) }

func queueStep(model string) func(state string, o op) []string {
	return func(state string, o op) []string {
		in := items(state)
		switch {
		case o.f == "enqueue":
			return []string{arrange(model, append(in, o.arg))}
		case o.out == ok && o.res == "null" && len(in) == 0:
			return []string{""}
		case o.out == ok && o.res == "null":
			return nil
		case len(in) == 0 && o.out != ok:
			return []string{""}
		}
		var all []string
		for i, item := range in {
			if i > 0 && model != "bag" {
				break // only the first comes out
			}
			if o.out != ok || o.res == item {
				all = append(all, strings.Join(slices.Delete(slices.Clone(in), i, i+1), " "))
			}
		}
		return all
	}
}

// arrange puts items in an order: the one in which they come out, or, for a bag, any
// fixed order.
func arrange(model string, in []string) string {
	if model != "queue" {
		slices.SortFunc(in, func(a, b string) int {
			x, _ := strconv.ParseInt(a, 10, 64)
			y, _ := strconv.ParseInt(b, 10, 64)
			return int(min(1, max(-1, x-y)))
		})
	}
	return strings.Join(in, " ")
}

// drained splits drains: one that succeeded becomes the dequeues of its items, one
// after the other, and a last dequeue that found the queue empty. For a drain of
// unknown outcome, the number of dequeues is not known.
func drained(h plain) []call {
	var calls []call
	for _, c := range callsOf(h.ops) {
		if c.op.f != "drain" {
			calls = append(calls, c)
			continue
		}
		o := c.op
		o.f = "dequeue"
		if !c.certain {
			o.res = ""
			calls = append(calls, call{op: o, inv: c.inv, again: true})
			continue
		}
		var after []int
		for _, item := range append(drainedItems(c.op.res), "null") {
			o.res = item
			calls = append(calls, call{op: o, inv: c.inv, ret: c.ret, certain: true, after: after})
			after = []int{len(calls) - 1}
		}
	}
	return calls
}

func drainedItems(res string) []string {
	return strings.FieldsFunc(strings.Trim(res, "[]"), func(r rune) bool { return r == ',' })
}

func queue(model string, values []string, fs ...string) *object {
	return &object{
		model: model, start: "", most: 9, values: values, step: queueStep(model), calls: drained,
		any: func(r *rand.Rand, o *object, op *op) {
			o.next++
			value := func() string {
				if len(o.values) > 0 {
					return pick(r, o.values...)
				}
				return fmt.Sprint(o.next % 9)
			}
			op.f, op.arg, op.res = pick(r, fs...), "", ""
			switch op.f {
			case "enqueue":
				op.arg = value()
			case "dequeue":
				op.res = pick(r, value(), value(), "null", fmt.Sprint(r.IntN(9)))
			case "drain":
				op.res = list(pick(r, nil, nil, []string{value()}, []string{value(), fmt.Sprint(r.IntN(9))}))
			}
		},
		legal: func(r *rand.Rand, o *object, state string, op *op) (string, bool) {
			in := items(state)
			switch op.f {
			case "enqueue":
				return o.step(state, *op)[0], true
			case "drain":
				if op.out != ok {
					in = in[:r.IntN(len(in)+1)]
				}
				if model == "bag" {
					r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
				}
				op.res = list(in)
				return strings.Join(items(state)[len(in):], " "), true
			}
			if len(in) == 0 {
				op.res = "null"
				return state, true
			}
			i := 0
			if model == "bag" {
				i = r.IntN(len(in))
			}
			op.res = in[i]
			return strings.Join(slices.Delete(in, i, i+1), " "), true
		},
	}
}

func list(items []string) string { return "[" + strings.Join(items, ",") + "]" }

// totalQueue is decided by counting: each item that certainly went in came out at least
// as often, and nothing came out that no client tried to put in.
func totalQueue() *object {
	o := queue("total-queue", []string{"1", "2", "3", "4", "5"}, "enqueue", "enqueue", "dequeue", "drain")
	o.decide = func(_ *object, h plain) string {
		tried, in, out := map[string]int{}, map[string]int{}, map[string]int{}
		lost := violation
		for _, o := range h.ops {
			switch {
			case o.f == "enqueue":
				tried[o.arg]++
				if o.out == ok {
					in[o.arg]++
				}
			case o.f == "drain" && (o.out == info || o.out == open):
				lost = unknown // a drain may have taken anything
			case o.out != ok:
			case o.f == "drain":
				for _, item := range drainedItems(o.res) {
					out[item]++
				}
			case o.res != "null":
				out[o.res]++
			}
		}
		for item := range out {
			if tried[item] == 0 {
				return violation
			}
		}
		for item, n := range in {
			if out[item] < n {
				return lost
			}
		}
		return valid
	}
	return o
}

func TestQueues(t *testing.T) {
	for _, model := range []string{"queue", "bag", "priority-queue"} {
		queue(model, nil, "enqueue", "enqueue", "dequeue", "dequeue").compare(t)
		queue(model, nil, "enqueue", "enqueue", "enqueue", "dequeue", "dequeue", "drain").compare(t)
		queue(model, []string{"1", "2", "3"}, "enqueue", "dequeue", "dequeue").compare(t)
		queue(model, []string{"1", "2", "3", "4", "5"}, "enqueue", "enqueue", "enqueue", "dequeue", "drain").compare(t)
	}
	totalQueue().compare(t)
}
