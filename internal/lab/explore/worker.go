package explore

import (
	"bytes"
	"context"
	"encoding/gob"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/workers"
	"github.com/zklab/zklab/store"
)

// Worker runs the scenario in another process, whose program calls [workers.Serve] with [Served].
type Worker struct {
	*workers.Worker[Task, Packed]
}

// Task is a schedule to run the scenario with.
type Task struct {
	Steps []store.Scheduled `json:"steps"`
}

// Packed is an [Outcome] in the form in which processes exchange it, since verdicts contain more
// than their JSON.
type Packed struct {
	Outcome []byte `json:"outcome"`
}

// NewWorker returns a worker. The caller must close it.
func NewWorker(cfg workers.Config) Worker {
	return Worker{workers.New[Task, Packed](cfg)}
}

// Run implements [Runner].
func (w Worker) Run(ctx context.Context, s plan.Schedule) (o Outcome, err error) {
	var t Task
	for _, part := range s {
		t.Steps = append(t.Steps, engine.Scheduled(part.Steps)...)
	}
	packed, err := w.Do(ctx, t)
	if err != nil {
		return o, err
	}
	return o, gob.NewDecoder(bytes.NewReader(packed.Outcome)).Decode(&o)
}

// Served returns a worker's function for a runner.
func Served(run Runner) func(context.Context, Task) (Packed, error) {
	return func(ctx context.Context, t Task) (p Packed, err error) {
		s, err := engine.Given(t.Steps)
		if err != nil {
			return p, err
		}
		o, err := run(ctx, s)
		if err != nil {
			return p, err
		}
		o.Header.Declared = nil // it has functions, which the other process has from its experiment
		var b bytes.Buffer
		err = gob.NewEncoder(&b).Encode(o)
		return Packed{b.Bytes()}, err
	}
}
