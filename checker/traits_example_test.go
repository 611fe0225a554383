package checker_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
)

// A user's own property: the last call on each key, when all faults are over, is answered.
func ExampleKeys() {
	answered := checker.Func("answered-at-the-end", func(h *history.History) (vs []checker.Verdict) {
		over := history.Always
		for f := range checker.FaultWindows(h) {
			over = max(over, f.Over)
		}
		for key, ops := range checker.Keys(h) {
			last := ops[len(ops)-1]
			v := checker.Verdict{Property: "answered-at-the-end", Key: key, Result: checker.Valid}
			if last.Began() > over && last.Outcome() == history.Info {
				v.Result, v.Counterexample = checker.Violation, []int{last.Invoke.Index}
				v.Reason = fmt.Sprintf("client %d got no answer to its last %s of %s", last.Client, last.F, key)
			}
			vs = append(vs, v)
		}
		return vs
	})
	b := historytest.New("")
	b.Op(0, "next", "k1", 1, 3, history.OK, nil, 7)
	b.Op(0, "next", "k2", 5, historytest.Never, history.Info, nil, nil)
	h := b.History()
	h.Header.Version = 0 // of another tool: nothing is said about the run
	report := checker.Run(context.Background(), h, checker.Options{Extra: []checker.Check{answered}})
	for _, v := range report.Verdicts {
		if v.Property == answered.Name() {
			fmt.Println(v.Key, v.Result, len(v.Counterexample))
		}
	}
	// Output:
	// k1 valid 0
	// k2 violation 1
}

// Properties of a lock, for a recipe whose operations are called borrow and bringBack.
func ExampleExclusive() {
	b := historytest.New("")
	b.Op(0, "borrow", "k", 1, 2, history.OK, nil, nil)
	b.Op(1, "borrow", "k", 3, 4, history.OK, nil, nil)
	b.Op(0, "bringBack", "k", 5, 6, history.OK, nil, nil)
	h := b.History()
	h.Header.Version = 0 // of another tool: nothing is said about sessions
	checks := checker.Exclusive(checker.Hold{Begin: "borrow", End: "bringBack"})
	i := slices.IndexFunc(checks, func(c checker.Check) bool { return c.Name() == "exclusion" })
	for _, v := range checks[i].Check(context.Background(), h) {
		fmt.Println(v.Result, v.Reason)
	}
	// Output:
	// violation client 1 was granted k at 0.004 s while client 0 held it from 0.002 s until at least 0.005 s
}
