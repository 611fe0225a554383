package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// Objects of this file are counters. Their state is the sum.

func counterStep(state string, o op) []string {
	sum := num(state)
	switch o.f {
	case "add":
		return []string{fmt.Sprint(sum + num(o.arg))}
	case "increment":
		if next := fmt.Sprint(sum + 1); o.out != ok || o.res == next {
			return []string{next}
		}
	case "read":
		if o.out != ok || o.res == state {
			return []string{state}
		}
	}
	return nil
}

func num(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

func counter(model string, steps []string, fs ...string) *object {
	return &object{
		model: model, start: "0", most: 8, step: counterStep,
		any: func(r *rand.Rand, _ *object, op *op) {
			op.f, op.arg, op.res = pick(r, fs...), "", ""
			switch op.f {
			case "add":
				op.arg = pick(r, steps...)
			case "read", "increment":
				op.res = fmt.Sprint(int64(r.IntN(6)) * num(pick(r, steps...)))
			}
		},
		legal: func(_ *rand.Rand, _ *object, state string, op *op) (string, bool) {
			switch op.f {
			case "read":
				op.res = state
			case "increment":
				op.res = fmt.Sprint(num(state) + 1)
			}
			return counterStep(state, *op)[0], true
		},
	}
}

// bounds is decided read by read: a read shows no less than the least sum at any moment
// of it, and no more than the greatest. An add may be in the sum from its call on, and
// certainly is when it has returned.
func bounds(steps ...string) *object {
	o := counter("counter-bounds", steps, "add", "read")
	o.decide = func(_ *object, h plain) string {
		if ownTie(h.ops) {
			return undecided // zklab may leave this undecided
		}
		for i, read := range h.ops {
			if read.f != "read" || read.out != ok {
				continue
			}
			low, high := sumAt(h.ops, i, read.inv)
			moments := []int64{read.ret}
			for _, o := range h.ops {
				if o.inv > read.inv && o.inv <= read.ret {
					moments = append(moments, o.inv)
				}
			}
			for _, at := range moments {
				l, h := sumAt(h.ops, i, at)
				low, high = min(low, l), max(high, h)
			}
			if sum := num(read.res); sum < low || sum > high {
				return violation
			}
		}
		return valid
	}
	return o
}

// sumAt returns the least and the greatest sum at a moment of a read.
func sumAt(ops []op, read int, at int64) (low, high int64) {
	for i, o := range ops {
		own := o.client == ops[read].client
		if o.f != "add" || o.out == fail || o.inv > at || own && i > read {
			continue
		}
		k := num(o.arg)
		if o.out == ok && (o.ret < at || own) {
			low, high = low+k, high+k
		} else {
			low, high = low+min(0, k), high+max(0, k)
		}
	}
	return low, high
}

func TestCounters(t *testing.T) {
	counter("counter", []string{"1"}, "add", "increment", "read").compare(t)
	counter("counter", []string{"1"}, "add", "add", "read").compare(t)
	counter("counter", []string{"3"}, "add", "add", "read").compare(t)
	counter("counter", []string{"-1"}, "add", "add", "read").compare(t)
	counter("counter", []string{"1", "2", "-1", "0"}, "add", "read").compare(t)
	counter("counter", []string{"0"}, "add", "read").compare(t)
	bounds("1", "2").compare(t)
	bounds("1", "-1").compare(t)
}
