// Masterworker counts primes on several processes. All of them work; one is the master, who
// splits the work into jobs and sums up, and whom any other can replace. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"math/big"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	parts = flag.Int("parts", 20, "how many jobs the master makes, the same for all processes")
	size  = flag.Int("size", 1000, "how many numbers a job has, the same for all processes")
	takes = flag.Duration("work", 500*time.Millisecond, "how long a worker is busy with a job, at least")
)

func main() {
	program.Main(program.About{
		Path: "/masterworker", Usage: "[flags]",
		Args: func(args []string) bool { return len(args) == 0 },
	}, run)
}

// process is one of the processes, with all by which it meets the others.
type process struct {
	*program.Program
	workers  *recipes.Group
	election *recipes.Election
	jobs     *recipes.JobQueue
	total    *recipes.Config // there is one when all is done
}

func run(ctx context.Context, p *program.Program) error {
	if *parts < 1 || *size < 1 {
		return program.Usage("-parts and -size must be 1 at least")
	}
	w := process{
		Program:  p,
		workers:  recipes.NewGroup(p.Client, p.Path+"/workers"),
		election: recipes.NewElection(p.Client, p.Path+"/master", p.Name),
		jobs:     recipes.NewJobQueue(p.Client, p.Path+"/jobs", 10),
		total:    recipes.NewConfig(p.Client, p.Path+"/total"),
	}
	defer p.Close(w.workers)
	defer p.Close(w.election)
	defer p.Close(w.jobs)
	defer p.Close(w.total)
	if err := w.workers.Join(ctx, []byte(p.Name)); err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return w.work(ctx) })
	all.Go(func() error { return w.election.DoEach(ctx, w.lead) })
	all.Go(func() error { return w.awaitTotal(ctx) })
	err := all.Wait()
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// errDone ends a process when the work is done.
var errDone = errors.New("all is done")

func (w process) awaitTotal(ctx context.Context) error {
	for watch := w.total.Watch(); ; {
		switch s, err := watch.Next(ctx); {
		case err != nil:
			return err
		case s.Exists:
			w.Say("there are %s primes below %d", s.Data, *parts**size)
			return errDone
		}
	}
}

// work does one job after the other. Whatever becomes of one, another attempt at it comes
// to the same result.
func (w process) work(ctx context.Context) error {
	for {
		err := w.jobs.Do(ctx, w.count)
		switch failed, taken := errors.AsType[*recipes.JobError](err); {
		case err != nil && (!taken || ctx.Err() != nil):
			return err
		case taken:
			w.Say("not done: %v", failed.Err)
		}
	}
}

// count counts the primes of a part.
func (w process) count(ctx context.Context, j *recipes.Job) ([]byte, error) {
	part, err := strconv.Atoi(string(j.Data))
	if err != nil {
		return nil, err
	}
	w.Say("counts part %d, attempt %d", part, j.Attempt)
	primes := 0
	for n := part * *size; n < (part+1)**size; n++ {
		if big.NewInt(int64(n)).ProbablyPrime(0) { // which it is, for such small ones
			primes++
		}
	}
	return strconv.AppendInt(nil, int64(primes), 10), program.Sleep(ctx, *takes)
}
