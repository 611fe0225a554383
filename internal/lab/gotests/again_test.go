package gotests

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/mix"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

// A test says so if the seed of the shown run violates nothing when it runs again.
func TestRepeating(t *testing.T) {
	for name, onlyOnce := range map[string]bool{"always wrong": false, "wrong once": true} {
		t.Run(name, func(t *testing.T) {
			wrong := true
			x, _, err := forSimulation(experiment.Experiment{Config: engine.Config{Workload: workloads.Lock{
				New: func(c *subjects.Client, path string) (subjects.Lock, error) {
					if wrong {
						return broken.MissingIsFirst(c, path)
					}
					return subjects.NewLock(c, path)
				},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			var s simulations
			for ; s.violated == 0 && x.Seed < 10; x.Seed++ {
				o := must.Get(mix.Simulate(t, x))(t)
				s.add(o)
			}
			if s.violated == 0 {
				t.Fatal("the lock is not convicted")
			}
			wrong = !onlyOnce
			property, o, note := s.repeating(t)
			if toldOf, told := s.told(); property != toldOf || o != told {
				t.Error("another run is shown")
			}
			if told := strings.Contains(note, "repeats no: run again, seed "); told != (onlyOnce && !bubble.Exact()) {
				t.Errorf("the note is %q", note)
			}
		})
	}
}
