package zklab_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/recipes"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// newLock makes one client's lock on one path. Whatever has the two methods of
// subjects.Lock will do.
func newLock(c *subjects.Client, path string) (subjects.Lock, error) {
	client := recipes.NewClient(c.Conn, c.Events, c.Timeout)
	return recipes.NewLock(client, path), nil
}

// Five clients use a lock on three servers in this process, for fifteen seconds of real time, while
// sessions expire. It prints "valid".
func ExampleExperiment_Run() {
	out, err := os.MkdirTemp("", "zklab-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(out)
	outcome, err := zklab.Experiment{
		Workload:  workloads.Lock{New: newLock},
		Keys:      1, // one path, so one recipes.Client for each client
		TimeLimit: 15 * time.Second,
		Faults:    plan.Every(4*time.Second, faults.Expire{Who: faults.Holder}),
		Out:       out,
	}.Run(context.Background())
	if err != nil {
		log.Fatal(err) // it could not be run
	}
	fmt.Println(outcome.Result.Verdict)
}

// As a test, ten seconds of a lock under paused servers and expired sessions in real
// time, and three minutes of it in virtual time. The folder examples/mylock has this
// with a lock of its own.
func ExampleTest() {
	experiment := zklab.Experiment{
		Workload: workloads.Lock{New: newLock},
		Keys:     1,
		Faults:   plan.Every(4*time.Second, faults.Pause{}, faults.Expire{Who: faults.Holder}),
	}
	_ = func(t *testing.T) { // TestMyLock
		zklab.Test(t, experiment)
	}
	_ = func(t *testing.T) { // TestMyLockForThreeMinutes
		experiment.TimeLimit = 3 * time.Minute
		synctest.Test(t, func(t *testing.T) { zklab.Test(t, experiment) })
	}
}
