package plan_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/link"
)

// A schedule of all sorts at one time, and the first minute of what it comes to.
func ExampleOverlay() {
	schedule := plan.Overlay(
		plan.At(10*time.Second, 5*time.Second, faults.Pause{Nodes: faults.Leader}),
		plan.Repeat(12*time.Second, 20*time.Second, time.Second, faults.Expire{Who: faults.Holder}),
		plan.Mix(7*time.Second,
			plan.Turn{Faults: []faults.Fault{faults.Kill{}}, Weight: 3},
			plan.Together(faults.Partition{Shape: faults.Halves}, faults.Expire{}),
			plan.Quiet(20*time.Second),
		),
		plan.AtPoint(link.Point{Client: 1, Operation: "acquire", Nth: 2, Message: "create", Which: 1}, time.Second, faults.Cut{}),
	)
	for _, step := range schedule.Plan(time.Minute, rand.New(rand.NewPCG(1, 0))) {
		fmt.Println(step.At, step.Spec(), "for", step.For)
	}
	// Output:
	// 0s cut@client1/acquire#2/create#1 for 1s
	// 7s partition:halves for 3.5s
	// 7s expire:next-or-any for 3.5s
	// 10s pause:leader for 5s
	// 12s expire:holder for 1s
	// 32s expire:holder for 1s
	// 34s kill:leader for 3.5s
	// 41s kill:leader for 3.5s
	// 48s kill:one for 3.5s
	// 52s expire:holder for 1s
	// 55s kill:leader for 3.5s
}

func ExampleParse() {
	schedule, err := plan.Parse("sequence,pause:leader+3s,quiet:5s,expire", 10*time.Second)
	if err != nil {
		panic(err)
	}
	for _, step := range schedule.Plan(40*time.Second, rand.New(rand.NewPCG(1, 0))) {
		fmt.Println(step.At, step.Fault.Spec(), "for", step.For)
	}
	_, err = plan.Parse("kill,slow-disk:majorty@10s", 10*time.Second)
	fmt.Println(err)
	// Output:
	// 10s pause:leader for 3s
	// 25s expire:waiter-or-any for 5s
	// 35s pause:leader for 3s
	// "kill,slow-disk:majorty@10s": position 16: slow-disk has no "majorty"; did you mean "majority"? it takes majority, all, by=100ms, weight=2
}
