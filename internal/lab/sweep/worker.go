package sweep

import (
	"context"
	"errors"
	"os"

	"github.com/zklab/zklab/internal/lab/workers"
)

// Worker runs seeds in another process.
type Worker struct {
	*workers.Worker[Task, Line]
}

// NewWorker returns a worker, whose program calls [workers.Serve] with a [Runner]. The caller must
// close it.
func NewWorker(cfg workers.Config) Worker {
	return Worker{workers.New[Task, Line](cfg)}
}

// Run implements [Runner]. If the process dies, the seed is run once more in another one; if that
// dies, too, the seed counts as the cause, and the line says so.
func (w Worker) Run(ctx context.Context, t Task) (Line, error) {
	line, err := w.Do(ctx, t)
	if !errors.Is(err, workers.ErrDied) || ctx.Err() != nil {
		return line, err
	}
	if err := os.RemoveAll(t.Folder); err != nil {
		return line, err
	}
	line, err = w.Do(ctx, t)
	if errors.Is(err, workers.ErrDied) && ctx.Err() == nil {
		return Line{Seed: t.Seed, Error: "twice " + err.Error()}, nil
	}
	return line, err
}
