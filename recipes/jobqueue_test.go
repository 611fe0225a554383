package recipes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// states returns the jobs of the queue at path in each state, and fails if a job is in
// two states.
func (tr *tree) states(t *testing.T, path string) map[string][]string {
	t.Helper()
	in := make(map[string][]string)
	for _, state := range []string{"pending", "taken", "done", "dead"} {
		for _, name := range tr.children(path + "/" + state) {
			in[state] = append(in[state], name[:znodes.IDLength])
		}
	}
	all := slices.Concat(in["pending"], in["taken"], in["done"], in["dead"])
	slices.Sort(all)
	if n := len(all); len(slices.Compact(all)) != n {
		t.Errorf("a job is in two states: %v", in)
	}
	open, jobs := slices.Concat(in["pending"], in["taken"]), tr.children(path+"/jobs")
	slices.Sort(open)
	if !slices.Equal(open, jobs) {
		t.Errorf("pending or taken are %v, but there are the jobs %v", open, jobs)
	}
	return in
}

// clean checks that nothing but jobs is left.
func (tr *tree) clean(t *testing.T, path string) {
	t.Helper()
	for _, folder := range []string{"workers", "idle", "marks"} {
		if left := tr.children(path + "/" + folder); len(left) > 0 {
			t.Errorf("left in %s: %v", folder, left)
		}
	}
}

// finishAll takes and finishes every job, including those of workers that no longer
// exist.
func finishAll(ctx context.Context, t *testing.T, q *JobQueue) (data []string) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(ctx, 2*fakeTimeout)
		j, err := q.Take(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return data
		}
		must(t, err)
		data = append(data, string(j.Data))
		must(t, j.Finish(t.Context(), []byte("rest")))
	}
}

// TestJobPutAtEveryRequest checks that a put takes effect once, or not at all, or reports that it
// does not know.
func TestJobPutAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		q := NewJobQueue(m.a, m.path, 3)
		var id string
		err := m.during(ctx, func(ctx context.Context) (err error) {
			id, err = q.Put(ctx, []byte("job"))
			return err
		})
		must(t, q.Close(ctx))
		ids := m.tr.states(t, m.path)["pending"]
		switch {
		case err == nil && !slices.Equal(ids, []string{id}):
			t.Errorf("put %s, but there are %v", id, ids)
		case err != nil && isWithoutEffect(err) && (len(ids) > 0 || id != ""):
			t.Errorf("%v with %q, but there are %v", err, id, ids)
		case err != nil && !isWithoutEffect(err) && (!errors.Is(err, ErrUnknown) || id == "" || len(ids) > 1):
			t.Errorf("%v with %q: %v", err, id, ids)
		}
		m.tr.clean(t, m.path)
	})
}

// TestJobTakeAtEveryRequest checks that whatever becomes of a take, a worker gets the
// job again.
func TestJobTakeAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewJobQueue(m.a, m.path, 4), NewJobQueue(m.b, m.path, 4)
		id, err := b.Put(ctx, []byte("job"))
		must(t, err)
		var j *Job
		err = m.during(ctx, func(ctx context.Context) (err error) {
			j, err = a.Take(ctx)
			return err
		})
		switch {
		case err == nil && (j.ID != id || string(j.Data) != "job" || j.Attempt < 1 || j.Attempt > 2):
			t.Errorf("took %+v", j)
		case err == nil:
			if err := j.Finish(ctx, []byte("by a")); err != nil && (!m.expires() || !errors.Is(err, ErrLost)) {
				t.Errorf("finish: %v", err)
			}
		case m.fate != silence && !m.cancels && !m.expires():
			t.Errorf("take: %v", err)
		}
		if rest := finishAll(ctx, t, b); len(rest) > 1 {
			t.Errorf("b finished %v", rest)
		}
		_, err = b.Result(ctx, id)
		must(t, err)
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		if in := m.tr.states(t, m.path); len(in["done"]) != 1 || len(in["taken"])+len(in["pending"])+len(in["dead"]) > 0 {
			t.Errorf("in the end: %v", in)
		}
		m.tr.clean(t, m.path)
	})
}

// TestJobEndAtEveryRequest checks that the errors of finish and of giving back say what became of
// the job.
func TestJobEndAtEveryRequest(t *testing.T) {
	for _, tries := range []int{1, 2} {
		for _, finish := range []bool{true, false} {
			t.Run(fmt.Sprintf("finish %v, %d tries", finish, tries), func(t *testing.T) {
				everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
					endJob(ctx, t, m, tries, finish)
				})
			})
		}
	}
}

func endJob(ctx context.Context, t *testing.T, m *mishap, tries int, finish bool) {
	a, b := NewJobQueue(m.a, m.path, tries), NewJobQueue(m.b, m.path, tries)
	id, err := b.Put(ctx, []byte("job"))
	must(t, err)
	j, err := a.Take(ctx)
	must(t, err)
	err = m.during(ctx, func(ctx context.Context) error {
		if finish {
			return j.Finish(ctx, []byte("by a"))
		}
		return j.GiveBack(ctx)
	})
	switch {
	case m.expires() || m.fate == silence || m.cancels:
	case err != nil:
		t.Errorf("end: %v", err)
	}
	must(t, a.Close(ctx))
	finishAll(ctx, t, b)
	result, got := b.Result(ctx, id)
	switch {
	case err == nil && finish && string(result) != "by a",
		err != nil && isWithoutEffect(err) && string(result) == "by a",
		err == nil && !finish && (tries == 1) != errors.Is(got, ErrDead),
		got != nil && !errors.Is(got, ErrDead),
		tries > 1 && got != nil:
		t.Errorf("end: %v, but the result is %q, %v", err, result, got)
	}
	if err := j.Finish(ctx, nil); err == nil || !isWithoutEffect(err) {
		t.Errorf("finished again: %v", err)
	}
	must(t, b.Close(ctx))
	if in := m.tr.states(t, m.path); len(in["done"])+len(in["dead"]) != 1 || len(in["taken"])+len(in["pending"]) > 0 {
		t.Errorf("in the end: %v", in)
	}
	m.tr.clean(t, m.path)
}

// TestJobsComeBackAtEveryRequest makes the worker that gives jobs back die, or meet a
// mishap.
func TestJobsComeBackAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		f, cl := m.tr.connect(t, fakeTimeout)
		dying, a, b := NewJobQueue(cl, m.path, 9), NewJobQueue(m.a, m.path, 9), NewJobQueue(m.b, m.path, 1)
		for _, q := range []*JobQueue{b, dying, dying} {
			_, err := q.Put(ctx, []byte("job"))
			must(t, err)
		}
		for range 3 {
			_, err := dying.Take(ctx)
			must(t, err)
		}
		err := m.during(ctx, func(ctx context.Context) error { // it lines up behind the worker that dies
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			_, _ = a.TryTake(short)
			f.expire()
			time.Sleep(3 * time.Second)
			return nil
		})
		must(t, err)
		must(t, dying.Close(ctx))
		must(t, a.Close(ctx))
		finishAll(ctx, t, b)
		must(t, b.Close(ctx))
		if in := m.tr.states(t, m.path); len(in["done"]) != 2 || len(in["dead"]) != 1 {
			t.Errorf("in the end: %v", in)
		}
		m.tr.clean(t, m.path)
		must(t, cl.Close(ctx))
	})
}

// jobWorkers are clients of one job queue, each with its own connection.
type jobWorkers struct {
	t     *testing.T
	tr    *tree
	fakes []*fake
	all   []*JobQueue
	sent  []map[string]int
}

func newJobWorkers(t *testing.T, n, tries int) *jobWorkers {
	w := &jobWorkers{t: t, tr: newTree()}
	for range n {
		f, cl := w.tr.connect(t, fakeTimeout)
		w.fakes, w.all = append(w.fakes, f), append(w.all, NewJobQueue(cl, "/jobs", tries))
		sent := map[string]int{}
		f.fail(func(op, _ string) fault { sent[op]++; return fine })
		w.sent = append(w.sent, sent)
	}
	return w
}

func (w *jobWorkers) close() {
	for _, q := range w.all {
		must(w.t, q.Close(w.t.Context()))
		must(w.t, q.r.Client.Close(w.t.Context()))
	}
	w.tr.clean(w.t, "/jobs")
}

// put puts one job and returns its id.
func (w *jobWorkers) put(data string) string {
	w.t.Helper()
	id, err := w.all[0].Put(w.t.Context(), []byte(data))
	must(w.t, err)
	return id
}

func (w *jobWorkers) take(i int) *Job {
	w.t.Helper()
	j, err := w.all[i].Take(w.t.Context())
	must(w.t, err)
	return j
}

// TestJobTries checks that a job is dead after its last attempt, whether workers died or
// gave it back.
func TestJobTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 2, 3)
		id := w.put("job")
		if j := w.take(0); j.Attempt != 1 {
			t.Errorf("attempt %d", j.Attempt)
		}
		other := w.put("other")
		w.fakes[0].expire()
		second := w.take(1)
		for string(second.Data) != "job" { // until it is known that the first worker has died
			must(t, second.Finish(t.Context(), []byte("result")))
			second = w.take(1)
		}
		if second.Attempt != 2 {
			t.Errorf("attempt %d after a death", second.Attempt)
		}
		must(t, second.GiveBack(t.Context()))
		third := w.take(0)
		if third.Attempt != 3 || third.ID != id {
			t.Errorf("attempt %d after it was given back", third.Attempt)
		}
		dead := make(chan error)
		go func() {
			_, err := w.all[1].Result(t.Context(), id)
			dead <- err
		}()
		must(t, third.GiveBack(t.Context()))
		if err := <-dead; !errors.Is(err, ErrDead) {
			t.Errorf("result of a dead job: %v", err)
		}
		ids, err := w.all[1].Dead(t.Context())
		must(t, err)
		if !slices.Equal(ids, []string{id}) {
			t.Errorf("dead are %v", ids)
		}
		got, err := w.all[1].Result(t.Context(), other)
		must(t, err)
		if string(got) != "result" {
			t.Errorf("result %q", got)
		}
		for _, id := range []string{id, other, other, "nonsense"} {
			must(t, w.all[0].Forget(t.Context(), id))
		}
		for _, id := range []string{id, other, "nonsense"} {
			if _, err := w.all[0].Result(t.Context(), id); !errors.Is(err, ErrNoJob) {
				t.Errorf("result of a forgotten job: %v", err)
			}
		}
		w.close()
	})
}

// TestJobZombie checks that a worker whose session has died, and that does not know it,
// cannot finish a job.
func TestJobZombie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 2, 3)
		id := w.put("job")
		zombie := w.take(0)
		if zombie.Session() != w.all[0].r.Client.ID() || await.Closed(zombie.Lost()) {
			t.Error("the lease is not that of the session")
		}
		// The worker does not learn of its expiry, and its request is carried out in the next
		// session.
		w.fakes[0].fail(nth(1, "multi", "", nextSession))
		if err := zombie.Finish(t.Context(), nil); err == nil {
			t.Error("a zombie finished")
		}
		j := w.take(1)
		if j.ID != id || j.Attempt != 2 {
			t.Errorf("took %+v", j)
		}
		<-zombie.Lost()
		if err := zombie.GiveBack(t.Context()); !isWithoutEffect(err) {
			t.Errorf("a zombie gave back: %v", err)
		}
		must(t, j.Finish(t.Context(), nil))
		w.close()
	})
}

// TestJobOfUnknownOutcome checks that if a worker lives on, but does not know whether it has a
// job, or has finished it, another worker gets the job.
func TestJobOfUnknownOutcome(t *testing.T) {
	for _, carriedOut := range []bool{true, false} {
		for _, finish := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				w := newJobWorkers(t, 2, 3)
				id := w.put("job")
				if finish {
					j := w.take(0)
					w.quiet(0, carriedOut, func(ctx context.Context) error { return j.Finish(ctx, nil) })
				} else {
					w.quiet(0, carriedOut, func(ctx context.Context) error {
						_, err := w.all[0].Take(ctx)
						return err
					})
				}
				began := time.Now()
				if !finish || !carriedOut {
					must(t, w.take(1).Finish(t.Context(), nil))
				}
				_, err := w.all[0].Result(t.Context(), id)
				must(t, err)
				if took := time.Since(began); took > fakeTimeout/2 || await.Closed(w.all[0].enlisted().Lost) {
					t.Errorf("finish %v, carried out %v: it took %v, and the worker did not live on", finish, carriedOut, took)
				}
				w.close()
			})
		}
	}
}

// quiet runs a call that sends a job's next step, which is not answered in time.
func (w *jobWorkers) quiet(i int, carriedOut bool, call func(context.Context) error) {
	w.t.Helper()
	f := w.fakes[i]
	f.fail(nth(1, "multi", "/taken/", silence))
	ctx, cancel := context.WithTimeout(w.t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := call(ctx); !errors.Is(err, ErrUnknown) {
		w.t.Errorf("want an unknown outcome, not %v", err)
	}
	f.connected(carriedOut)
	close(f.spoken)
	synctest.Wait()
	f.connected(true)
}

// TestJobFinishKeepsNoBuffer checks that a late request has the data that the caller had when
// it called.
func TestJobFinishKeepsNoBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 1, 3)
		id, result := w.put("job"), []byte("good")
		j := w.take(0)
		w.quiet(0, true, func(ctx context.Context) error {
			defer copy(result, "evil")
			return j.Finish(ctx, result)
		})
		got, err := w.all[0].Result(t.Context(), id)
		must(t, err)
		if string(got) != "good" {
			t.Errorf("result %q", got)
		}
		w.close()
	})
}

// TestJobOfOneWhoComes checks that a worker that comes, and takes a job, while the
// first worker looks is not mistaken for one that has gone.
func TestJobOfOneWhoComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 1, 3)
		comes := jobName{id: someID, worker: strings.Repeat("b", znodes.IDLength), attempt: 1, tries: 3}
		w.fakes[0].fail(func(op, path string) fault {
			if op == "children" && strings.HasSuffix(path, "/taken") && w.tr.nodes[w.all[0].job(someID)] == nil {
				_, _ = w.tr.create("/jobs/workers/"+comes.worker+"-worker-", nil, 3, 1)
				_, _ = w.tr.create(w.all[0].job(someID), nil, 0, 0)
				_, _ = w.tr.create(w.all[0].taken(comes), nil, 0, 0)
			}
			return fine
		})
		_, err := w.all[0].TryTake(t.Context())
		if !errors.Is(err, ErrEmpty) {
			t.Error(err)
		}
		synctest.Wait()
		if in := w.tr.states(t, "/jobs"); len(in["taken"]) != 1 {
			t.Errorf("in the end: %v", in)
		}
		must(t, w.all[0].Close(t.Context()))
		must(t, w.all[0].r.Client.Close(t.Context()))
	})
}

// TestJobCosts checks that the cost of a take and a put does not grow with the number
// of workers.
func TestJobCosts(t *testing.T) {
	most := map[int]int{}
	for _, workers := range []int{5, 40} {
		synctest.Test(t, func(t *testing.T) {
			w := newJobWorkers(t, workers, 3)
			sum := func() (n int) {
				w.tr.mu.Lock()
				defer w.tr.mu.Unlock()
				for _, sent := range w.sent {
					for _, m := range sent {
						n += m
					}
				}
				return n
			}
			got := make(chan *Job, workers)
			for i := range workers {
				go func() { got <- w.take(i) }()
				synctest.Wait()
			}
			for range workers {
				before := sum()
				w.put("job")
				must(t, (<-got).Finish(t.Context(), nil))
				synctest.Wait()
				most[workers] = max(most[workers], sum()-before)
			}
			w.close()
		})
	}
	// The requests are: a put, a take by one of two workers that are woken (perhaps both
	// try the same job), the place of the next in line, a finish, and lining up again.
	if most[40] > 30 {
		t.Errorf("most requests for a job that is put, taken and finished, by the number of workers: %v", most)
	}
}

// TestJobsUnderContention makes workers die, requests get lost, and callers give up. Every
// job is finished once or is dead.
func TestJobsUnderContention(t *testing.T) {
	const workers, jobs = 6, 60
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, workers, 4)
		var mu sync.Mutex
		finished, put := map[string]int{}, map[string]bool{}
		var wg sync.WaitGroup
		for i, q := range w.all {
			rng, own := rand.New(rand.NewPCG(1, uint64(i))), rand.New(rand.NewPCG(2, uint64(i)))
			w.fakes[i].fail(func(op, _ string) fault {
				switch rng.IntN(15) {
				case 0:
					return lostRequest
				case 1:
					return lostReply
				case 2:
					return lostReplyBehind
				}
				return fine
			})
			wg.Go(func() {
				for n := range jobs / workers {
					id, err := q.Put(t.Context(), fmt.Append(nil, i, n))
					if err == nil {
						mu.Lock()
						put[id] = true
						mu.Unlock()
					} else if !errors.Is(err, ErrUnknown) {
						t.Errorf("put: %v", err)
					}
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+own.IntN(3000))*time.Millisecond)
					err = q.Do(ctx, func(_ context.Context, j *Job) ([]byte, error) {
						time.Sleep(time.Duration(own.IntN(100)) * time.Millisecond)
						switch own.IntN(6) {
						case 0:
							w.fakes[i].expire()
						case 1:
							return nil, errors.New("no good")
						}
						mu.Lock()
						finished[j.ID]++
						mu.Unlock()
						return nil, nil
					})
					cancel()
					_ = err
				}
			})
		}
		wg.Wait()
		for _, f := range w.fakes {
			f.fail(nil)
		}
		finishAll(t.Context(), t, w.all[0])
		w.close()
		in := w.tr.states(t, "/jobs")
		if len(in["done"]) < jobs/2 || len(in["pending"])+len(in["taken"]) > 0 {
			t.Errorf("in the end: %v", in)
		}
		for id := range put {
			if !slices.Contains(in["done"], id) && !slices.Contains(in["dead"], id) {
				t.Errorf("%s is lost", id)
			}
		}
	})
}

// TestJobDo checks that what f returns decides, and that an f that panics gives its job
// back.
func TestJobDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 2, 9)
		id := w.put("job")
		ctx := t.Context()
		bad := errors.New("bad")
		if err := w.all[0].Do(ctx, func(context.Context, *Job) ([]byte, error) { return nil, bad }); !errors.Is(err, bad) {
			t.Errorf("failed: %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = w.all[0].Do(ctx, func(context.Context, *Job) ([]byte, error) { panic("bad") })
		}()
		err := w.all[0].Do(ctx, func(ctx context.Context, _ *Job) ([]byte, error) {
			w.fakes[0].expire()
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		if !errors.Is(err, ErrLost) {
			t.Errorf("lost: %v", err)
		}
		attempt := 0
		must(t, w.all[1].Do(ctx, func(_ context.Context, j *Job) ([]byte, error) { attempt = j.Attempt; return j.Data, nil }))
		if attempt != 4 {
			t.Errorf("attempt %d", attempt)
		}
		got, err := w.all[0].Result(ctx, id)
		must(t, err)
		if string(got) != "job" {
			t.Errorf("result %q", got)
		}
		w.close()
	})
}

func TestJobMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 1, 1)
		q, ctx := w.all[0], t.Context()
		check := func(what string, err, want error) {
			t.Helper()
			if !errors.Is(err, want) || !isWithoutEffect(err) {
				t.Errorf("%s: %v, want %v without effect", what, err, want)
			}
		}
		put := func(q *JobQueue, data []byte) error { _, err := q.Put(ctx, data); return err }
		take := func() error { _, err := q.TryTake(ctx); return err }
		check("nothing there", take(), ErrEmpty)
		check("no tries", put(NewJobQueue(clientOver(q.r.Client), "/jobs", 0), nil), ErrTries)
		check("many tries", put(NewJobQueue(clientOver(q.r.Client), "/jobs", maxTries+1), nil), ErrTries)
		check("much", put(q, make([]byte, MaxItem+1)), ErrTooLarge)
		w.tr.mu.Lock()
		for _, name := range []string{"foreign", someID + "-job-1-1-0000000001", someID + "-job-x-1-0000000001", someID + "-taken-1-1-0000000001"} {
			_, _ = w.tr.create("/jobs/pending/"+name, nil, 0, 0)
			_, _ = w.tr.create("/jobs/taken/"+name, nil, 0, 0)
		}
		w.tr.mu.Unlock()
		check("foreign ones there", take(), ErrEmpty)
		w.put("job")
		j, err := q.TryTake(ctx)
		must(t, err)
		check("much of a result", j.Finish(ctx, make([]byte, MaxItem+1)), ErrTooLarge)
		must(t, j.Finish(ctx, nil))
		check("finished", j.Finish(ctx, nil), ErrNotHeld)
		check("finished", j.GiveBack(ctx), ErrNotHeld)
		w.close()
		check("closed", take(), ErrClosed)
		check("closed", put(q, nil), ErrClosed)
		check("closed", j.GiveBack(ctx), ErrClosed)
	})
}

// TestJobDoEndsItsJob checks that only Do ends the job, whatever f did with it.
func TestJobDoEndsItsJob(t *testing.T) {
	bad := errors.New("bad")
	for name, c := range map[string]struct {
		f     func(cancel func()) ([]byte, error)
		state string
		err   error
	}{
		"fails when cancelled":    {func(cancel func()) ([]byte, error) { cancel(); return nil, bad }, "pending", bad},
		"panics when cancelled":   {func(cancel func()) ([]byte, error) { cancel(); panic(bad) }, "pending", bad},
		"succeeds when cancelled": {func(cancel func()) ([]byte, error) { cancel(); return []byte("all"), nil }, "done", nil},
		"result is too large":     {func(func()) ([]byte, error) { return make([]byte, MaxItem+1), nil }, "pending", ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newJobWorkers(t, 1, 9)
				id := w.put("job")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				err := func() (err error) {
					defer func() {
						if p := recover(); p != nil {
							err = p.(error)
						}
					}()
					return w.all[0].Do(ctx, func(context.Context, *Job) ([]byte, error) { return c.f(cancel) })
				}()
				if !errors.Is(err, c.err) || errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
				if of, had := errors.AsType[*JobError](err); had && (of.ID != id || of.Attempt != 1) || had != (err != nil && !strings.HasPrefix(name, "panics")) {
					t.Errorf("error %v of %+v", err, of)
				}
				synctest.Wait()
				if in := w.tr.states(t, "/jobs"); !slices.Equal(in[c.state], []string{id}) {
					t.Errorf("the job is not %s: %v", c.state, in)
				}
				w.close()
			})
		})
	}
}

// TestJobDoWithoutAJob checks that the error of a Do without a job differs from one of
// f, even if f fails with the same error.
func TestJobDoWithoutAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 1, 9)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		do := func() error {
			return w.all[0].Do(ctx, func(context.Context, *Job) ([]byte, error) { return nil, context.DeadlineExceeded })
		}
		w.put("job")
		err := do()
		if _, had := errors.AsType[*JobError](err); !had || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a job: %v", err)
		}
		j, err := w.all[0].Take(ctx)
		must(t, err)
		err = do()
		if _, had := errors.AsType[*JobError](err); had || !errors.Is(err, context.DeadlineExceeded) || !isWithoutEffect(err) {
			t.Errorf("without a job: %v", err)
		}
		must(t, j.GiveBack(t.Context()))
		w.close()
	})
}

// TestJobPutOnceAtEveryRequest puts a job again and again, as it goes through its states.
func TestJobPutOnceAtEveryRequest(t *testing.T) {
	for _, state := range []string{"", "pending", "taken", "done", "dead"} {
		t.Run("state "+state, func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				a, b := NewJobQueue(m.a, m.path, 1), NewJobQueue(m.b, m.path, 1)
				once := func(ctx context.Context, q *JobQueue) error {
					id, err := q.PutOnce(ctx, "name", []byte("data"))
					if id != JobID("name") || len(id) != znodes.IDLength || !znodes.IsHex(id) {
						t.Errorf("id %q", id)
					}
					return err
				}
				if state != "" {
					must(t, once(ctx, b))
				}
				var taken *Job
				if state != "" && state != "pending" {
					j, err := b.Take(ctx)
					must(t, err)
					switch state {
					case "done":
						must(t, j.Finish(ctx, []byte("result")))
					case "dead":
						must(t, j.GiveBack(ctx))
					default:
						taken = j
					}
				}
				err := m.during(ctx, func(ctx context.Context) error { return once(ctx, a) })
				if err != nil && !isWithoutEffect(err) && !errors.Is(err, ErrUnknown) || err != nil && m.fate == fine && !m.cancels {
					t.Errorf("put: %v", err)
				}
				time.Sleep(2 * fakeTimeout) // for whatever is still under way
				must(t, once(ctx, a))
				in := m.tr.states(t, m.path)
				want := cmp.Or(state, "pending")
				for _, s := range []string{"pending", "taken", "done", "dead"} {
					if n := len(in[s]); s == want && n != 1 || s != want && n != 0 {
						t.Errorf("of a job that is %s: %v", want, in)
					}
				}
				if taken != nil {
					must(t, taken.Finish(ctx, nil))
				}
				if want == "pending" {
					must(t, b.Do(ctx, func(context.Context, *Job) ([]byte, error) { return nil, nil }))
				}
				must(t, b.Forget(ctx, JobID("name")))
				must(t, once(ctx, a)) // the name is no longer known
				if in := m.tr.states(t, m.path); len(in["pending"]) != 1 {
					t.Errorf("after it was forgotten: %v", in)
				}
				must(t, a.Close(ctx))
				must(t, b.Close(ctx))
			})
		})
	}
}

// TestJobRemovedByHand checks that a job that another client removed keeps no worker
// busy.
func TestJobRemovedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 1, 9)
		must(t, w.fakes[0].Delete("/jobs/jobs/"+w.put("job"), -1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := w.all[0].TryTake(ctx); !errors.Is(err, ErrEmpty) {
			t.Errorf("try take: %v", err)
		}
		w.close()
	})
}

func TestJobNames(t *testing.T) {
	for _, n := range []jobName{
		{id: someID, attempt: 0, tries: 3, seq: 7},
		{id: someID, attempt: 2, tries: 1000, seq: -1 << 31},
		{id: someID, attempt: 3, tries: 3, seq: 1<<31 - 1, worker: strings.Repeat("a", znodes.IDLength)},
	} {
		kind := kindJob
		if n.worker != "" {
			kind = kindTaken
		}
		got, ok := parseJob(n.String(), kind)
		if !ok || got != n {
			t.Errorf("%s is read as %+v, %v", n, got, ok)
		}
	}
	longest := jobName{id: someID, attempt: maxTries, tries: maxTries, seq: -1 << 31}
	if n := len(longest.String()); n > 64 {
		t.Errorf("a name has %d bytes", n)
	}
}

// TestJobQueueIsFull also counts results.
func TestJobQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 1, 1)
		q := w.all[0]
		q.room.most = 100
		var ids []string
		for {
			id, err := q.Put(t.Context(), nil)
			if errors.Is(err, ErrFull) {
				break
			}
			must(t, err)
			ids = append(ids, id)
			must(t, w.take(0).Finish(t.Context(), nil))
		}
		if len(ids) != 100 {
			t.Errorf("%d jobs went in", len(ids))
		}
		must(t, q.Forget(t.Context(), ids[0]))
		w.put("one more")
		w.close()
	})
}

// TestJobPutOnceIntoAFullQueue repeats the put of a job that exists, whatever has become of it.
func TestJobPutOnceIntoAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 1, 1)
		q := w.all[0]
		q.room.most = 3
		ctx := t.Context()
		put := func(name string) error { _, err := q.PutOnce(ctx, name, nil); return err }
		must(t, put("done"))
		must(t, w.take(0).Finish(ctx, nil))
		must(t, put("dead"))
		must(t, w.take(0).GiveBack(ctx))
		must(t, put("pending"))
		check := func() {
			t.Helper()
			for _, name := range []string{"done", "dead", "pending"} {
				if err := put(name); err != nil {
					t.Errorf("the one that is %s: %v", name, err)
				}
			}
			if err := put("another"); !errors.Is(err, ErrFull) || !isWithoutEffect(err) {
				t.Errorf("another one: %v", err)
			}
		}
		check()
		j := w.take(0)
		check() // the pending one is taken
		must(t, j.Finish(ctx, nil))
		must(t, q.Forget(ctx, JobID("done")))
		must(t, put("done"))
		w.close()
	})
}

// TestJobWithoutItsFolder checks that if another client removed the folder to which a job
// goes, it is created again, and that the job is neither reported as lost nor left behind.
func TestJobWithoutItsFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newJobWorkers(t, 2, 2)
		removed := func(folder string) { t.Helper(); must(t, w.fakes[0].Delete("/jobs/"+folder, -1)) }
		id := w.put("finished")
		j := w.take(0)
		removed("done")
		must(t, j.Finish(t.Context(), []byte("well")))
		if result, err := w.all[1].Result(t.Context(), id); err != nil || string(result) != "well" {
			t.Errorf("result: %q, %v", result, err)
		}

		id = w.put("given back")
		j = w.take(0)
		removed("pending")
		must(t, j.GiveBack(t.Context()))
		j = w.take(0)
		if _, err := w.all[1].TryTake(t.Context()); !errors.Is(err, ErrEmpty) { // it is a worker by now
			t.Errorf("try take: %v", err)
		}
		removed("dead") // only now, because a client that begins to work creates the folders
		w.fakes[0].expire()
		<-j.Lost()
		time.Sleep(2 * fakeTimeout)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := w.all[1].Result(ctx, id); !errors.Is(err, ErrDead) {
			t.Fatalf("after its last attempt: %v", err)
		}

		j = func() *Job { w.put("removed"); return w.take(0) }()
		removed("jobs/" + j.ID)
		if err := j.Finish(t.Context(), nil); !errors.Is(err, ErrLost) || !isWithoutEffect(err) {
			t.Errorf("finish of what was removed: %v", err)
		}
		w.close()
	})
}
