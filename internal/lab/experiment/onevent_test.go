package experiment

import (
	"bytes"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/progress"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/settings"
)

func TestEventsOfASimulationAreFollowed(t *testing.T) {
	x := least()
	x.Ensemble, x.Seed, x.Settings = embedded.Config{InMemory: true}, 3, settings.Settings{TimeLimit: 20 * time.Second}
	alone := must.Get(x.Simulate(t.Context(), t))(t)
	var seen []history.Event
	var elapsed time.Duration
	x.OnEvent = func(e history.Event) { seen = append(seen, e) }
	x.Progress = func(s progress.State) { elapsed = max(elapsed, s.Elapsed) }
	followed := must.Get(x.Simulate(t.Context(), t))(t)
	if len(seen) < len(followed.History.Events)/2 || elapsed == 0 {
		t.Errorf("%d of %d events, %s", len(seen), len(followed.History.Events), elapsed)
	}
	for i, e := range seen {
		if e.Index != seen[0].Index+i {
			t.Fatalf("event #%d comes after %d others", e.Index, i)
		}
	}
	before, _ := alone.Record()
	after, _ := followed.Record()
	if bubble.Exact() && !bytes.Equal(withoutWall(before), withoutWall(after)) {
		t.Error("the run is another one")
	}
}

// withoutWall leaves out the first line of a record, which has the time of day.
func withoutWall(record []byte) []byte { return record[bytes.IndexByte(record, '\n')+1:] }
