package subjects

import (
	"context"
	"errors"
	"sync"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes"
)

// doer is a Do of package recipes: it acquires a hold, runs a function, and releases the
// hold.
type doer func(ctx context.Context, f func(context.Context) error) error

// doing is a hold by a Do. One call begins the hold and another one ends it; meanwhile the function
// of the Do waits.
type doing struct {
	mu  sync.Mutex
	now *function // nil if there is none
}

// function is a function that runs, or waits to run, in a Do.
type function struct {
	within context.Context    // the context that Do gives it
	lost   chan struct{}      // closed when within has ended because the hold was lost
	cancel context.CancelFunc // cancels the Do
	end    chan struct{}      // closed when the function is to return
	over   chan error         // receives the result of Do
}

// begin waits until the function of do runs.
func (d *doing) begin(ctx context.Context, do doer) error {
	_ = d.end(ctx) // ends a lost hold
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &function{lost: make(chan struct{}), cancel: cancel, end: make(chan struct{}), over: make(chan error, 1)}
	begun := make(chan struct{})
	unbind := context.AfterFunc(ctx, cancel)
	go func() { f.over <- do(own, func(ctx context.Context) error { f.run(ctx, begun); return nil }) }()
	select {
	case <-begun:
	case err := <-f.over:
		if !await.Closed(begun) {
			cancel()
			return err
		}
		f.over <- err // it began and has already ended
	}
	d.set(f)
	if unbind() {
		return nil
	}
	_ = d.end(ctx) // ctx ended when the function began
	return WithoutEffect(context.Cause(ctx))
}

// run is the function that Do calls. Like any function of a Do, it also returns when the hold is
// lost.
func (f *function) run(ctx context.Context, begun chan struct{}) {
	f.within = ctx
	context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), recipes.ErrLost) {
			close(f.lost)
		}
	})
	close(begun)
	select {
	case <-f.end:
	case <-ctx.Done():
	}
}

// end makes the function return, and also waits until Do returns. Without a function it
// does nothing.
func (d *doing) end(ctx context.Context) error {
	f := d.set(nil)
	if f == nil {
		return nil
	}
	defer f.cancel()
	defer context.AfterFunc(ctx, f.cancel)()
	close(f.end)
	if err := <-f.over; err != nil {
		return err
	}
	return ctx.Err() // a cancelled Do cleans up in the background
}

// set sets the present function and returns the former one.
func (d *doing) set(f *function) (was *function) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was, d.now = d.now, f
	return was
}

func (d *doing) present() *function {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

// Lost implements [Holder].
func (d *doing) Lost() <-chan struct{} {
	if f := d.present(); f != nil {
		return f.lost
	}
	return nil
}

// Fence implements [Fencer]: it returns the token in the function's context.
func (d *doing) Fence() int64 {
	if f := d.present(); f != nil {
		return recipes.Fence(f.within)
	}
	return 0
}

// NewDoLock returns zklab's own lock, used through its Do.
func NewDoLock(c *Client, path string) (Lock, error) {
	return ofRecipe(c, func(cl *recipes.Client) Lock { return &doLock{of: recipes.NewLock(cl, path)} })
}

type doLock struct {
	doing
	of *recipes.Lock
}

func (l *doLock) Lock(ctx context.Context) error { return l.begin(ctx, l.of.Do) }

func (l *doLock) Unlock(ctx context.Context) error {
	if l.present() == nil {
		return l.of.Unlock(ctx)
	}
	return l.end(ctx)
}

// Session implements [Owner].
func (l *doLock) Session() int64 { return l.of.Session() }

// Close implements [Closer].
func (l *doLock) Close(ctx context.Context) error {
	err := l.of.Close(ctx)
	_ = l.end(ctx)
	return err
}

// NewDoRWLock returns zklab's own read-write lock, used through its Do and RDo.
func NewDoRWLock(c *Client, path string) (RWLock, error) {
	return ofRecipe(c, func(cl *recipes.Client) RWLock { return &doRWLock{of: recipes.NewRWLock(cl, path)} })
}

type doRWLock struct {
	doing
	of *recipes.RWLock
}

func (l *doRWLock) Lock(ctx context.Context) error { return l.begin(ctx, l.of.Do) }

func (l *doRWLock) RLock(ctx context.Context) error { return l.begin(ctx, l.of.RDo) }

func (l *doRWLock) Unlock(ctx context.Context) error {
	if l.present() == nil {
		return l.of.Unlock(ctx)
	}
	return l.end(ctx)
}

// Downgrade implements [Downgrader].
func (l *doRWLock) Downgrade(ctx context.Context) error { return l.of.Downgrade(ctx) }

// Revoke and Listen implement [Revocable].
func (l *doRWLock) Revoke(ctx context.Context) error { return l.of.Revoke(ctx) }

// Listen implements [Revocable], like that of zklab's other read-write lock.
func (l *doRWLock) Listen(ctx context.Context) (bool, error) { return ownRWLock{l.of}.Listen(ctx) }

// Session implements [Owner].
func (l *doRWLock) Session() int64 { return l.of.Session() }

// Close implements [Closer].
func (l *doRWLock) Close(ctx context.Context) error {
	err := l.of.Close(ctx)
	_ = l.end(ctx)
	return err
}

// jobDoer is a Do of package recipes that takes a job, runs a function, and ends the job.
type jobDoer func(ctx context.Context, f func(ctx context.Context, j *recipes.Job) (result []byte, err error)) error

// doJobs takes each job by a Do whose function waits until the job is to be ended.
type doJobs struct {
	JobQueue
	do jobDoer
}

// NewDoJobQueue returns zklab's own job queue, whose workers take jobs by Do.
func NewDoJobQueue(c *Client, path string, n int) (JobQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) JobQueue {
		q := recipes.NewJobQueue(cl, path, n)
		return doJobs{ownJobQueue{q}, q.Do}
	})
}

// NewDoMasterWorker returns zklab's own master-worker, whose workers take tasks by Do.
func NewDoMasterWorker(c *Client, path string, n int) (MasterWorker, error) {
	m, err := NewMasterWorker(c, path, n)
	if err != nil {
		return nil, err
	}
	return doJobs{m, m.(*ownMasterWorker).of.Do}, nil
}

// Close implements [Closer].
func (q doJobs) Close(ctx context.Context) error {
	if c, ok := Offered[Closer](q.JobQueue); ok {
		return c.Close(ctx)
	}
	return nil
}

func (q doJobs) Take(ctx context.Context) (Job, error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	j := &doJob{cancel: cancel, end: make(chan error, 1), over: make(chan struct{})}
	begun := make(chan struct{})
	unbind := context.AfterFunc(ctx, cancel)
	go func() {
		defer close(j.over)
		j.err = q.do(own, func(ctx context.Context, of *recipes.Job) ([]byte, error) {
			j.ownJob = ownJob{of}
			close(begun)
			select {
			case err := <-j.end:
				return of.Data, err
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		})
	}()
	select {
	case <-begun:
	case <-j.over:
		if !await.Closed(begun) {
			cancel()
			return nil, j.err
		}
	}
	if unbind() {
		return j, nil
	}
	_ = j.GiveBack(ctx) // ctx ended just after a job was taken
	return nil, context.Cause(ctx)
}

// doJob is a job that a Do has taken, and whose function waits.
type doJob struct {
	ownJob
	cancel context.CancelFunc
	end    chan error    // receives what the function is to return
	over   chan struct{} // closed when Do has returned err
	err    error
}

// errGivenBack is the error with which a function gives its job back.
var errGivenBack = errors.New("given back")

// Lost implements [Holder]. A job whose Do has failed is also lost.
func (j *doJob) Lost() <-chan struct{} {
	if await.Closed(j.over) && j.err != nil {
		return j.over
	}
	return j.ownJob.Lost()
}

func (j *doJob) Finish(ctx context.Context) error { return j.ends(ctx, nil) }

func (j *doJob) GiveBack(ctx context.Context) error { return j.ends(ctx, errGivenBack) }

// ends makes the function return err, and also waits until Do returns.
func (j *doJob) ends(ctx context.Context, err error) error {
	defer j.cancel()
	defer context.AfterFunc(ctx, j.cancel)()
	select {
	case j.end <- err:
	default:
		return WithoutEffect(recipes.ErrNotHeld) // it had returned before
	}
	<-j.over
	if job, is := errors.AsType[*recipes.JobError](j.err); is {
		return besides(job.Err, err)
	}
	return j.err
}

// besides returns the errors joined in err without the given one; nil if there are no others.
func besides(err, one error) error {
	joined, is := err.(interface{ Unwrap() []error })
	if !is || one == nil {
		return err
	}
	var rest []error
	for _, err := range joined.Unwrap() {
		if !errors.Is(err, one) {
			rest = append(rest, err)
		}
	}
	return errors.Join(rest...)
}
