package zklab_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/recipes"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// A lock of one's own under paused servers and expired sessions. Whatever has
// the two methods of subjects.Lock will do.
func ExampleExperiment_Run() {
	outcome, err := zklab.Experiment{
		Workload: workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
			session := recipes.NewSession(c.Conn, c.Events, c.Timeout)
			return recipes.NewLock(session, path), nil
		}},
		Ensemble:  container.Config{},
		Keys:      1, // one path, so one session for each client
		TimeLimit: time.Minute,
		Faults:    faults.Every(10*time.Second, faults.Pause{}, faults.Expire{Who: faults.Holder}),
	}.Run(context.Background())
	if err != nil {
		log.Fatal(err) // it could not be run
	}
	fmt.Println(outcome.Result.Verdict, outcome.Run.Report())
}
