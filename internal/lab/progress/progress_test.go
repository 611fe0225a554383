package progress

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

func step(step string) history.Event {
	return history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: "pause",
		Value: history.Value(history.FaultStep{Fault: 1, Step: step, Spec: "pause:one"}),
	}
}

func TestProgressFollowsTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Follow(models.Lock, 10*time.Second)
		p.Planned(2)
		p.Phase(history.PhaseLoad)
		for _, e := range []history.Event{
			{Process: 0, Type: history.Invoke, F: models.FAcquire},
			{Process: 0, Type: history.OK, F: models.FAcquire},
			{Process: 0, Type: history.OK, F: models.FConfirm}, // sends no request to the servers
			{Process: 0, Type: history.Fail, F: models.FAcquire},
			{Process: 0, Type: history.Info, F: models.FRelease},
			{Process: history.SessionProcess, Type: history.Info, F: history.FExpired},
			step(history.StepInject), step(history.StepVerified),
		} {
			p.Observe(e)
		}
		time.Sleep(3 * time.Second)
		want := State{
			Phase: "load", Elapsed: 3 * time.Second, Limit: 10 * time.Second,
			OK: 1, Failed: 1, Unknown: 1, Fault: "pause:one", Faults: 1, Planned: 2,
		}
		if diff := cmp.Diff(want, p.State()); diff != "" {
			t.Error(diff)
		}
		p.Observe(step(history.StepHealed))
		time.Sleep(time.Hour)
		if s := p.State(); s.Fault != "" || s.Elapsed != s.Limit {
			t.Errorf("%+v", s)
		}
	})
}

// One goroutine reports progress at a steady pace, and ends with the run.
func TestProgressIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		stop := Follow(models.Lock, 0).Tell(func(State) { told++ })
		time.Sleep(10*every + every/2)
		stop()
		time.Sleep(time.Hour)
		if told != 10 {
			t.Errorf("told %d times", told)
		}
	})
}
