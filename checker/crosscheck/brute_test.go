package crosscheck

import "strconv"

// call is a call that takes effect at one moment from inv to ret. If it is not certain,
// it takes effect at any moment from inv on, or never.
type call struct {
	op       op
	inv, ret int64
	certain  bool
	again    bool  // it may take effect any number of times
	after    []int // calls that come before this one, whatever their times are
	process  int   // the process, whose calls come one after the other, even at equal times; 0 if the order does not matter
}

// explainable tries all orders of the calls, with and without those that are not
// certain. It reports whether there is an order in which the object answers as
// recorded. A call that returned before another was invoked comes before it; at equal
// times either may be first. step returns the states to which a call may lead; none if
// the call cannot have the recorded answer.
func explainable(calls []call, start string, step func(state string, o op) []string) bool {
	tried := map[string]bool{}
	var from func(done uint64, state string) bool
	from = func(done uint64, state string) bool {
		name := strconv.FormatUint(done, 16) + " " + state
		if tried[name] {
			return false
		}
		tried[name] = true
		if allCertain(calls, done) {
			return true
		}
		for i, c := range calls {
			if !mayBeNext(calls, done, i) {
				continue
			}
			then := done | 1<<i
			if c.again {
				then = done
			}
			for _, next := range step(state, c.op) {
				if from(then, next) {
					return true
				}
			}
		}
		return false
	}
	return from(0, start)
}

func allCertain(calls []call, done uint64) bool {
	for i, c := range calls {
		if c.certain && done&(1<<i) == 0 {
			return false
		}
	}
	return true
}

func mayBeNext(calls []call, done uint64, i int) bool {
	c := calls[i]
	if done&(1<<i) != 0 {
		return false
	}
	for _, j := range c.after {
		if done&(1<<j) == 0 {
			return false
		}
	}
	for j, other := range calls {
		own := other.process != 0 && other.process == c.process && j < i
		if other.certain && done&(1<<j) == 0 && (other.ret < c.inv || own && other.ret == c.inv) {
			return false
		}
	}
	return true
}

// callsOf returns the calls of operations. Failed operations did nothing, so they are
// left out.
func callsOf(ops []op) []call {
	var calls []call
	for _, o := range ops {
		if o.out != fail {
			calls = append(calls, call{op: o, inv: o.inv, ret: o.ret, certain: o.out == ok})
		}
	}
	return calls
}
