// Masterworker lets a master assign tasks to workers. Masters, workers and clients that submit tasks
// are separate processes. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	takes = flag.Duration("work", time.Second, "how long a worker is busy with a task")
	tries = flag.Int("tries", 5, "how often a task that is submitted is tried before it counts as dead")
)

func main() {
	program.Main(program.About{
		Path: "/masterworker", Usage: "[flags] master | worker | submit TASK...",
		Args: func(args []string) bool {
			return len(args) == 1 && (args[0] == "master" || args[0] == "worker") || len(args) > 1 && args[0] == "submit"
		},
	}, run)
}

// process is a process with the recipes by which it works with the others.
type process struct {
	*program.Program
	tasks *recipes.MasterWorker
	crew  *recipes.Group // the present workers, busy or not
}

func run(ctx context.Context, p *program.Program) error {
	w := process{
		Program: p,
		tasks:   recipes.NewMasterWorker(p.Client, p.Path+"/tasks", p.Name, *tries),
		crew:    recipes.NewGroup(p.Client, p.Path+"/crew"),
	}
	defer p.Close(w.crew)
	defer p.Close(w.tasks)
	switch p.Args[0] {
	case "master":
		return w.master(ctx)
	case "worker":
		return w.worker(ctx)
	}
	return w.submit(ctx, p.Args[1:])
}

// worker does one task after the other. A worker whose session was lost joins again by itself; a task
// that it had then goes to another worker, and the context of that task has ended.
func (w process) worker(ctx context.Context) error {
	if err := w.crew.Join(ctx, []byte(w.Name)); err != nil {
		return err
	}
	w.Say("is registered, waits for tasks")
	err := w.tasks.Work(ctx, w.process)
	if ctx.Err() != nil {
		w.Say("works no more")
		return nil
	}
	return err
}

func (w process) process(ctx context.Context, j *recipes.Job) (result []byte, err error) {
	w.Say("received task %s, attempt %d", j.Data, j.Attempt)
	if err := program.Sleep(ctx, *takes); err != nil {
		w.Say("gave up task %s: %v", j.Data, err)
		return nil, err
	}
	w.Say("has done task %s", j.Data)
	return []byte("done by " + w.Name), nil
}

// submit adds tasks, and waits for their results.
func (w process) submit(ctx context.Context, tasks []string) error {
	ids := make([]string, len(tasks))
	for i, task := range tasks {
		id, err := w.tasks.Submit(ctx, []byte(task))
		if err != nil && !errors.Is(err, recipes.ErrUnknown) { // if the outcome is unknown, the result will tell
			return err
		}
		ids[i] = id
		w.Say("submitted task %s", task)
	}
	for i, task := range tasks {
		result, err := w.tasks.Result(ctx, ids[i])
		switch {
		case errors.Is(err, recipes.ErrDead), errors.Is(err, recipes.ErrNoJob):
			w.Say("task %s: not done: %v", task, err)
		case err != nil:
			return err
		default:
			w.Say("task %s: %s", task, result)
		}
		if err := w.tasks.Forget(ctx, ids[i]); err != nil { // a result that is not forgotten stays for ever
			return err
		}
	}
	return nil
}
