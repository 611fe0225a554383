package zklab_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// seldom is a configuration without a watch: it ignores the recipe's watch and instead looks
// again at an interval.
type seldom struct {
	subjects.Config
	interval time.Duration
	next     time.Time // when it looks again
}

func (s *seldom) Next(ctx context.Context) (models.Setting, error) {
	select {
	case <-time.After(time.Until(s.next)):
	case <-ctx.Done():
		return models.Setting{}, ctx.Err()
	}
	setting, err := s.Config.Next(ctx)
	if err == nil {
		s.next = time.Now().Add(s.interval)
	}
	return setting, err
}

// A recipe that looks again after twenty seconds keeps its promise if the experiment allows that
// much slack. Without it, the story says how much was allowed.
func TestSlack(t *testing.T) {
	for _, c := range []struct {
		slack time.Duration
		want  checker.Result
	}{{0, checker.Violation}, {25 * time.Second, checker.Valid}} {
		o, err := zklab.SimulateIn(t, zklab.Experiment{
			Workload: workloads.Config{New: func(c *subjects.Client, path string) (subjects.Config, error) {
				own, err := subjects.NewConfig(c, path)
				return &seldom{Config: own, interval: 20 * time.Second}, err
			}},
			Seed: 1, Keys: 1, Rate: 20, TimeLimit: 4 * time.Minute, Slack: c.slack,
		})
		if err != nil {
			t.Fatal(err)
		}
		if o.Result.Verdict != c.want {
			t.Errorf("with a slack of %s: %s, violated: %q\n%+v", c.slack, o.Result.Verdict, o.Result.Violated(), o.Result.Verdicts)
		}
		if c.want == checker.Violation && !slices.Equal(o.Result.Violated(), []string{"converge"}) {
			t.Errorf("violated: %q", o.Result.Violated())
		}
		if got := o.History.Header.Params.Slack; got != c.slack {
			t.Errorf("the history's slack is %s (%s if it is none)", got, history.UsualSlack)
		}
	}
}
