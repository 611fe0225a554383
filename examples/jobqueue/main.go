// Jobqueue sends mails: a producer puts them into a queue, workers take them out, and each mail is sent
// once, even if processes die. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	takes = flag.Duration("work", time.Second, "how long a worker is busy with a job")
	tries = flag.Int("tries", 3, "how often a job that is put is tried before it counts as dead")
)

func main() {
	program.Main(program.About{
		Path: "/jobqueue", Usage: "[flags] work | put RECIPIENT...",
		Args: func(args []string) bool {
			return len(args) == 1 && args[0] == "work" || len(args) > 1 && args[0] == "put"
		},
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	jobs := recipes.NewJobQueue(p.Client, p.Path+"/jobs", *tries)
	defer p.Close(jobs)
	if p.Args[0] == "put" {
		return produce(ctx, p, jobs, p.Args[1:])
	}
	return work(ctx, p, jobs)
}

// work does one job after the other. If a job fails, or its lease is lost, the job goes back into the
// queue, and work continues. It ends only if it cannot take jobs.
func work(ctx context.Context, p *program.Program, jobs *recipes.JobQueue) error {
	p.Say("waits for jobs")
	for {
		err := jobs.Do(ctx, func(ctx context.Context, j *recipes.Job) ([]byte, error) { return send(ctx, p, j) })
		switch failed, taken := errors.AsType[*recipes.JobError](err); {
		case ctx.Err() != nil:
			p.Say("works no more")
			return nil
		case taken:
			p.Say("not done: %v", failed.Err)
		case err != nil:
			return err
		}
	}
}

// send sends one mail. ctx ends if the job is given to another worker.
func send(ctx context.Context, p *program.Program, j *recipes.Job) (result []byte, err error) {
	p.Say("takes the mail to %s, attempt %d", j.Data, j.Attempt)
	if err := program.Sleep(ctx, *takes); err != nil {
		return nil, err
	}
	if string(j.Data) == "nobody" {
		return nil, errors.New("nobody has no address")
	}
	err = deliver(ctx, p, j)
	return fmt.Appendf(nil, "done by %s, attempt %d", p.Name, j.Attempt), err
}

// deliver puts the mail into the outbox, unless an earlier attempt has done so and died before it could
// finish the job: the znode of a job can be created only once. (That is also why a lost reply, which
// makes the attempt fail, does no harm.) If the job has been given to another worker, the servers
// refuse the mail.
func deliver(ctx context.Context, p *program.Program, j *recipes.Job) error {
	outbox := p.Path + "/outbox"
	if err := create(ctx, p, outbox, nil); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return err
	}
	err := create(ctx, p, outbox+"/"+j.ID, j.Data)
	switch {
	case errors.Is(err, zk.ErrNodeExists):
		p.Say("the mail to %s is sent already", j.Data)
		return nil
	case err == nil:
		p.Say("sent the mail to %s", j.Data)
	}
	return err
}

func create(ctx context.Context, p *program.Program, path string, data []byte) error {
	return p.Client.Multi(ctx, &zk.CreateRequest{Path: path, Data: data})
}

// produce puts a job for each recipient, and then waits for their results.
func produce(ctx context.Context, p *program.Program, jobs *recipes.JobQueue, recipients []string) error {
	ids := make([]string, len(recipients))
	for i, r := range recipients {
		id, err := jobs.Put(ctx, []byte(r))
		if err != nil && !errors.Is(err, recipes.ErrUnknown) { // if the outcome is unknown, the result will tell
			return err
		}
		ids[i] = id
		p.Say("put the mail to %s", r)
	}
	for i, r := range recipients {
		result, err := jobs.Result(ctx, ids[i])
		switch {
		case errors.Is(err, recipes.ErrDead), errors.Is(err, recipes.ErrNoJob):
			p.Say("the mail to %s is not sent: %v", r, err)
		case err != nil:
			return err
		default:
			p.Say("the mail to %s: %s", r, result)
		}
		if err := jobs.Forget(ctx, ids[i]); err != nil { // a result that is not forgotten stays for ever
			return err
		}
	}
	return nil
}
