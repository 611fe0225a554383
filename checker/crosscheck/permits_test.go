package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// This file has mutexes, locks and semaphores. The state is the number of permits that
// are taken; for a lock, it is the holder.

func permits(model string, n, most int) *object {
	step := func(state string, o op) []string {
		taken, _ := strconv.Atoi(state)
		k := 1
		if o.arg != "" {
			k, _ = strconv.Atoi(o.arg)
		}
		if o.f == "release" {
			k = -k
		}
		if taken += k; taken < 0 || taken > n {
			return nil
		}
		return []string{strconv.Itoa(taken)}
	}
	return &object{
		model: model, start: "0", most: 9, step: step,
		any: func(r *rand.Rand, _ *object, op *op) {
			op.f, op.arg = pick(r, "acquire", "release"), ""
			if most > 1 {
				op.arg = fmt.Sprint(1 + r.IntN(most))
			}
		},
		legal: anyOf("acquire", "release"),
	}
}

func lock(model string) *object {
	return &object{
		model: model, start: "none", most: 9,
		step: func(state string, o op) []string {
			me := strconv.Itoa(o.client)
			switch {
			case o.f == "acquire" && state == "none":
				return []string{me}
			case o.f == "release" && state == me:
				return []string{"none"}
			}
			return nil
		},
		any: func(r *rand.Rand, _ *object, op *op) {
			op.f = pick(r, "acquire", "release")
		},
		legal: anyOf("acquire", "release"),
	}
}

// anyOf returns a function that turns an operation into one of some that the object can
// do.
func anyOf(fs ...string) func(r *rand.Rand, o *object, state string, op *op) (string, bool) {
	return func(r *rand.Rand, o *object, state string, op *op) (string, bool) {
		was := op.f
		for _, i := range r.Perm(len(fs)) {
			op.f = fs[i]
			if next := o.step(state, *op); len(next) > 0 {
				return next[0], true
			}
		}
		op.f = was
		return "", false
	}
}

func TestPermits(t *testing.T) {
	permits("mutex", 1, 1).compare(t)
	permits("semaphore:1", 1, 1).compare(t)
	permits("semaphore:2", 2, 1).compare(t)
	permits("semaphore:3", 3, 1).compare(t)
	permits("semaphore:3", 3, 3).compare(t)
	lock("lock").compare(t)
}
