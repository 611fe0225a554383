package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// This file has sets. The state is the elements in order, as JSON.

func elements(state string) []string { return drainedItems(state) }

func added(state, element string) string {
	all := append(elements(state), element)
	slices.Sort(all)
	return list(slices.Compact(all))
}

func setStep(state string, o op) []string {
	if o.f == "add" {
		return []string{added(state, o.arg)}
	}
	all := elements(o.res)
	slices.Sort(all)
	if o.out != ok || list(all) == state {
		return []string{state}
	}
	return nil
}

func set(model string, values int) *object {
	return &object{
		model: model, start: "[]", most: 8, step: setStep,
		any: func(r *rand.Rand, _ *object, op *op) {
			op.f, op.arg, op.res = pick(r, "add", "read"), "", ""
			if op.f == "add" {
				op.arg = fmt.Sprint(r.IntN(values))
				return
			}
			state := "[]"
			for range r.IntN(4) {
				state = added(state, fmt.Sprint(r.IntN(values)))
			}
			op.res = state
		},
		legal: func(r *rand.Rand, _ *object, state string, op *op) (string, bool) {
			if op.f == "read" {
				all := elements(state)
				r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				op.res = list(all)
			}
			return setStep(state, *op)[0], true
		},
	}
}

// jepsenSet is decided by the last read: it shows what was certainly added, and nothing
// that no client tried to add.
func jepsenSet(values int) *object {
	o := set("set", values)
	o.decide = func(_ *object, h plain) string {
		var tried, in []string
		last := int64(-1)
		for _, o := range h.ops {
			switch {
			case o.f == "read" && o.out == ok:
				last = max(last, o.ret)
			case o.f == "add":
				tried = append(tried, o.arg)
				if o.out == ok {
					in = append(in, o.arg)
				}
			}
		}
		answer := unknown
		for _, o := range h.ops {
			if o.f != "read" || o.out != ok || o.ret != last {
				continue
			}
			one := violation
			if shown := elements(o.res); shows(shown, in) && shows(tried, shown) {
				one = valid
			}
			if answer != unknown && answer != one {
				return undecided // at equal times, either may be the last
			}
			answer = one
		}
		return answer
	}
	return o
}

func shows(all, some []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}

func TestSets(t *testing.T) {
	jepsenSet(5).compare(t)
	set("linear-set", 8).compare(t)
	set("linear-set", 3).compare(t)
}
