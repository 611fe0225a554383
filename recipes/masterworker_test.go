package recipes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// crew holds what the clients of one master-worker in a test have in common.
type crew struct {
	t    *testing.T
	tr   *tree
	path string
	all  []*MasterWorker
	leading
}

// leading lists the clients that stand for master.
type leading struct {
	calls sync.WaitGroup
	stops []context.CancelFunc
}

func (c *crew) add(cl *Client, tries int) *MasterWorker {
	m := NewMasterWorker(cl, c.path, fmt.Sprint("client ", len(c.all)), tries)
	c.all = append(c.all, m)
	return m
}

// lead makes a client stand for master until stop is called, or all clients are closed.
func (c *crew) lead(ctx context.Context, m *MasterWorker) (stop context.CancelFunc) {
	ctx, stop = context.WithCancel(ctx)
	c.stops = append(c.stops, stop)
	c.calls.Go(func() {
		if err := m.Lead(ctx); !failures.Stopped(err) && !errors.Is(err, ErrClosed) {
			c.t.Errorf("lead: %v", err)
		}
	})
	return stop
}

func (c *crew) submit(ctx context.Context, m *MasterWorker, data string) string {
	c.t.Helper()
	id, err := m.Submit(ctx, []byte(data))
	must(c.t, err)
	return id
}

// finishAll finishes every task, including those of workers that no longer exist.
func (c *crew) finishAll(ctx context.Context, m *MasterWorker) (data []string) {
	c.t.Helper()
	for {
		ctx, cancel := context.WithTimeout(ctx, 3*fakeTimeout)
		j, err := m.Take(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return data
		}
		must(c.t, err)
		data = append(data, string(j.Data))
		must(c.t, j.Finish(c.t.Context(), []byte("rest")))
	}
}

// close closes all clients and checks that nothing but tasks and results is left.
func (c *crew) close(ctx context.Context) {
	c.t.Helper()
	for _, m := range c.all {
		must(c.t, m.Close(ctx))
	}
	for _, stop := range c.stops {
		stop()
	}
	c.calls.Wait()
	c.tr.clean(c.t, c.path)
	if left := c.tr.children(c.path + "/master"); len(left) > 0 {
		c.t.Errorf("candidates are left: %v", left)
	}
}

func crewOf(t *testing.T, m *mishap) *crew { return &crew{t: t, tr: m.tr, path: m.path} }

// TestTaskTakeAtEveryRequest checks that whatever becomes of a take, a worker gets the
// task again.
func TestTaskTakeAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		c := crewOf(t, m)
		a, b := c.add(m.a, 4), c.add(m.b, 4)
		c.lead(ctx, b)
		id := c.submit(ctx, b, "task")
		var j *Job
		err := m.during(ctx, func(ctx context.Context) (err error) {
			j, err = a.Take(ctx)
			return err
		})
		places := map[string]int{}
		for _, n := range znodes.Nodes(m.tr.children(m.path+"/workers"), kindMember) {
			if places[n.ID]++; places[n.ID] > 1 {
				t.Errorf("the place %s was made %d times", n.ID, places[n.ID])
			}
		}
		switch {
		case err == nil && (j.ID != id || string(j.Data) != "task" || j.Attempt != 1):
			t.Errorf("took %+v", j)
		case err == nil:
			if err := j.Finish(ctx, []byte("by a")); err != nil && (!m.expires() || !errors.Is(err, ErrLost)) {
				t.Errorf("finish: %v", err)
			}
		case m.fate != silence && !m.cancels && !m.expires():
			t.Errorf("take: %v", err)
		}
		if rest := c.finishAll(ctx, b); len(rest) > 1 || err == nil && m.fate == fine && len(rest) > 0 {
			t.Errorf("b finished %v", rest)
		}
		_, err = b.Result(ctx, id)
		must(t, err)
		c.close(ctx)
		if in := m.tr.states(t, m.path); len(in["done"]) != 1 || len(in["taken"])+len(in["pending"])+len(in["dead"]) > 0 {
			t.Errorf("in the end: %v", in)
		}
	})
}

// TestTaskTakeSaysWhatItDid checks that a take that reports no effect has used no
// attempt.
func TestTaskTakeSaysWhatItDid(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		c := crewOf(t, m)
		a, b := c.add(m.a, 4), c.add(m.b, 4)
		c.lead(ctx, b)
		err := m.during(ctx, func(ctx context.Context) error {
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := a.Take(short)
			c.submit(t.Context(), b, "task") // before the silence ends
			return err
		})
		if err == nil {
			t.Error("took what is not there")
		}
		time.Sleep(time.Second)
		j, taken := b.Take(ctx)
		must(t, taken)
		if j.Attempt != 1 && isWithoutEffect(err) {
			t.Errorf("%v, but this is attempt %d", err, j.Attempt)
		}
		must(t, j.Finish(ctx, nil))
		c.close(ctx)
	})
}

// TestTaskTakeGivenUpEarly covers a place whose create is still under way when its worker
// gives up: it may get a task, until it is removed.
func TestTaskTakeGivenUpEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crew{t: t, tr: newTree(), path: "/tasks"}
		f, sa := c.tr.connect(t, fakeTimeout)
		_, sb := c.tr.connect(t, fakeTimeout)
		a, b := c.add(sa, 9), c.add(sb, 9)
		c.lead(t.Context(), b)
		time.Sleep(time.Second)
		givenUp := false
		f.fail(func(op, path string) fault {
			switch {
			case op == "create" && strings.HasPrefix(path, "/tasks/workers/"):
				return silence
			case givenUp:
				return lostRequest
			}
			return fine
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		_, err := a.Take(ctx)
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("take: %v", err)
		}
		c.submit(t.Context(), b, "task")
		givenUp = true
		close(f.spoken)
		time.Sleep(time.Second)
		f.fail(nil)
		j, err := b.Take(t.Context())
		must(t, err)
		if j.Attempt != 2 {
			t.Errorf("it was assigned to nobody else before: %+v", j)
		}
		must(t, j.Finish(t.Context(), nil))
		c.close(t.Context())
		must(t, sa.Close(t.Context()))
		must(t, sb.Close(t.Context()))
	})
}

// TestTaskEndAtEveryRequest checks that the errors of finish and of giving back say what
// became of the task.
func TestTaskEndAtEveryRequest(t *testing.T) {
	for _, tries := range []int{1, 2} {
		for _, finish := range []bool{true, false} {
			t.Run(fmt.Sprintf("finish %v, %d tries", finish, tries), func(t *testing.T) {
				everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) { endTask(ctx, t, m, tries, finish) })
			})
		}
	}
}

func endTask(ctx context.Context, t *testing.T, m *mishap, tries int, finish bool) {
	c := crewOf(t, m)
	a, b := c.add(m.a, tries), c.add(m.b, tries)
	c.lead(ctx, b)
	id := c.submit(ctx, b, "task")
	j, err := a.Take(ctx)
	must(t, err)
	err = m.during(ctx, func(ctx context.Context) error {
		if finish {
			return j.Finish(ctx, []byte("by a"))
		}
		return j.GiveBack(ctx)
	})
	if err != nil && !m.expires() && m.fate != silence && !m.cancels {
		t.Errorf("end: %v", err)
	}
	must(t, a.Close(ctx))
	c.finishAll(ctx, b)
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
	c.close(ctx)
	if in := m.tr.states(t, m.path); len(in["done"])+len(in["dead"]) != 1 || len(in["taken"])+len(in["pending"]) > 0 {
		t.Errorf("in the end: %v", in)
	}
}

// TestMasterAtEveryRequest makes the master meet a mishap, from before it stands until it
// has put back the task of a worker that died. Another candidate stands behind it.
func TestMasterAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		c := crewOf(t, m)
		f, cl := m.tr.connect(t, fakeTimeout)
		dying, a, b := c.add(cl, 9), c.add(m.a, 9), c.add(m.b, 9)
		for _, data := range []string{"one", "two", "three"} {
			c.submit(ctx, b, data)
		}
		err := m.during(ctx, func(ctx context.Context) error {
			c.lead(ctx, a)
			time.Sleep(100 * time.Millisecond)
			c.lead(context.WithoutCancel(ctx), b)
			if _, err := dying.Take(t.Context()); err != nil {
				t.Errorf("take: %v", err)
			}
			f.expire()
			j, err := b.Take(t.Context())
			if err != nil {
				return err
			}
			time.Sleep(2 * fakeTimeout)
			return j.Finish(t.Context(), nil)
		})
		must(t, err)
		if rest := c.finishAll(ctx, b); len(rest) != 2 {
			t.Errorf("the rest is %v", rest)
		}
		c.close(ctx)
		if in := m.tr.states(t, m.path); len(in["done"]) != 3 {
			t.Errorf("in the end: %v", in)
		}
		must(t, cl.Close(ctx))
	})
}

// TestMasterStale checks that a request that a master sent in time does nothing once it is
// no longer the master.
func TestMasterStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crew{t: t, tr: newTree(), path: "/tasks"}
		f, sa := c.tr.connect(t, fakeTimeout)
		_, sb := c.tr.connect(t, fakeTimeout)
		a, b := c.add(sa, 9), c.add(sb, 9)
		must(t, a.master.Campaign(t.Context()))
		p := &plan{m: a, master: a.master.x.Held()}
		c.submit(t.Context(), b, "task")
		working, stop := context.WithCancel(t.Context())
		defer stop()
		c.calls.Go(func() {
			j, err := b.Take(working)
			if err == nil {
				err = j.Finish(working, nil)
			}
			if err != nil {
				t.Errorf("work: %v", err)
			}
		})
		time.Sleep(time.Second)
		now, err := p.look(t.Context(), p.master.Session)
		if err != nil || len(now.pending) != 1 || len(now.free) != 1 {
			t.Fatalf("there is %+v, %v", now, err)
		}
		f.fail(nth(1, "multi", "/taken/", nextSession)) // it is carried out in the next session
		if done, err := p.assign(t.Context(), p.master.Session, now.pending[0], now.free[0]); done || err == nil {
			t.Errorf("assigned: %v, %v", done, err)
		}
		if in := c.tr.states(t, "/tasks"); len(in["taken"]) > 0 || len(in["pending"]) != 1 {
			t.Errorf("assigned by one who is master no more: %v", in)
		}
		c.lead(t.Context(), b)
		time.Sleep(2 * fakeTimeout)
		if in := c.tr.states(t, "/tasks"); len(in["done"]) != 1 {
			t.Errorf("the next master has not assigned it: %v", in)
		}
		c.close(t.Context())
		must(t, sa.Close(t.Context()))
		must(t, sb.Close(t.Context()))
	})
}

// TestMasterWorkerCrashes checks that everything survives the crash of any client: each of
// several clients stands for master, works, and has its session end again and again.
func TestMasterWorkerCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, tasks = 4, 60
		c := &crew{t: t, tr: newTree(), path: "/tasks"}
		var fakes []*fake
		for range clients {
			f, cl := c.tr.connect(t, fakeTimeout)
			fakes = append(fakes, f)
			c.lead(t.Context(), c.add(cl, 1000))
		}
		ctx, stop := context.WithCancel(t.Context())
		var working sync.WaitGroup
		for _, m := range c.all {
			working.Go(func() {
				err := m.Work(ctx, func(ctx context.Context, j *Job) ([]byte, error) {
					select {
					case <-time.After(50 * time.Millisecond):
					case <-ctx.Done():
					}
					return j.Data, ctx.Err()
				})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("work: %v", err)
				}
			})
		}
		ids := map[string]string{}
		for i := range tasks {
			data := fmt.Sprint("task ", i)
			ids[c.submit(ctx, c.all[i%clients], data)] = data
			if i%7 == 3 {
				fakes[i/7%clients].expire()
			}
			time.Sleep(20 * time.Millisecond)
		}
		for id, data := range ids {
			if result, err := c.all[0].Result(ctx, id); err != nil || string(result) != data {
				t.Errorf("result of %s: %q, %v", data, result, err)
			}
		}
		time.Sleep(fakeTimeout) // the last client whose session has ended registers again
		if names, err := c.all[0].Workers(ctx); err != nil || len(names) != clients {
			t.Errorf("workers: %v, %v", names, err)
		}
		if master, err := c.all[0].Master(ctx); err != nil || master == "" {
			t.Errorf("the master is %q, %v", master, err)
		}
		stop()
		working.Wait()
		c.close(t.Context())
		for _, m := range c.all {
			must(t, m.q.r.Client.Close(t.Context()))
		}
		if in := c.tr.states(t, c.path); len(in["done"]) != tasks {
			t.Errorf("in the end: %v", in)
		}
	})
}

// removeByHand removes a znode and everything below it.
func removeByHand(tr *tree, path string) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, p := range slices.Backward(tr.paths()) {
		if p == path || strings.HasPrefix(p, path+"/") {
			if err := tr.delete(p, -1); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestMasterWorkerRemovedByHand checks that no client is kept from working by what
// another client removes.
func TestMasterWorkerRemovedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crew{t: t, tr: newTree(), path: "/tasks"}
		_, cl := c.tr.connect(t, fakeTimeout)
		m := c.add(cl, 9)
		c.lead(t.Context(), m)
		id := c.submit(t.Context(), m, "one")
		must(t, removeByHand(c.tr, "/tasks/jobs/"+id))
		c.submit(t.Context(), m, "two")
		j, err := m.Take(t.Context())
		must(t, err)
		if string(j.Data) != "two" {
			t.Errorf("took %q", j.Data)
		}
		must(t, removeByHand(c.tr, "/tasks/workers"))
		<-j.Lost()
		if err := j.Finish(t.Context(), nil); !errors.Is(err, ErrLost) {
			t.Errorf("finish without a place: %v", err)
		}
		if rest := c.finishAll(t.Context(), m); !slices.Equal(rest, []string{"two"}) {
			t.Errorf("the rest is %v", rest)
		}
		must(t, removeByHand(c.tr, "/tasks/taken"))
		must(t, removeByHand(c.tr, "/tasks/pending"))
		c.submit(t.Context(), m, "three")
		if rest := c.finishAll(t.Context(), m); !slices.Equal(rest, []string{"three"}) {
			t.Errorf("the rest is %v", rest)
		}
		c.close(t.Context())
		must(t, cl.Close(t.Context()))
	})
}

// TestMasterWorkerMisuse checks that mistakes are reported.
func TestMasterWorkerMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crew{t: t, tr: newTree(), path: "/tasks"}
		_, cl := c.tr.connect(t, fakeTimeout)
		m := c.add(cl, 0)
		if _, err := m.Submit(t.Context(), nil); !errors.Is(err, ErrTries) {
			t.Errorf("no tries: %v", err)
		}
		c.lead(t.Context(), m)
		time.Sleep(time.Second)
		if err := m.Lead(t.Context()); !errors.Is(err, ErrHeld) {
			t.Errorf("a second candidate: %v", err)
		}
		c.close(t.Context())
		if err := m.Lead(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("lead when closed: %v", err)
		}
		if _, err := m.Take(t.Context()); !errors.Is(err, ErrClosed) || !isWithoutEffect(err) {
			t.Errorf("take when closed: %v", err)
		}
		must(t, m.Close(t.Context()))
		must(t, cl.Close(t.Context()))
	})
}

// ofTwoWorkers runs a test with two workers. f is the connection of dying. The other one
// stands for master.
func ofTwoWorkers(t *testing.T, tries int, test func(ctx context.Context, c *crew, f *fake, dying, m *MasterWorker)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &crew{t: t, tr: newTree(), path: "/tasks"}
		f, sa := c.tr.connect(t, fakeTimeout)
		_, sb := c.tr.connect(t, fakeTimeout)
		dying, m := c.add(sa, tries), c.add(sb, tries)
		c.lead(t.Context(), m)
		test(t.Context(), c, f, dying, m)
		c.close(t.Context())
		must(t, sa.Close(t.Context()))
		must(t, sb.Close(t.Context()))
	})
}

// goesOn checks that tasks are still assigned.
func (c *crew) goesOn(ctx context.Context, m *MasterWorker) {
	c.t.Helper()
	c.submit(ctx, m, "next")
	if rest := c.finishAll(ctx, m); !slices.Equal(rest, []string{"next"}) {
		c.t.Errorf("the rest is %v", rest)
	}
}

// TestMasterOfATaskThatWasRemoved checks that a task that another client removed while a
// worker made the last attempt at it leaves nothing behind, and that the master goes on.
func TestMasterOfATaskThatWasRemoved(t *testing.T) {
	ofTwoWorkers(t, 1, func(ctx context.Context, c *crew, f *fake, dying, m *MasterWorker) {
		id := c.submit(ctx, m, "task")
		_, err := dying.Take(ctx)
		must(t, err)
		must(t, removeByHand(c.tr, "/tasks/jobs/"+id))
		f.expire()
		c.goesOn(ctx, m)
		if left := c.tr.children("/tasks/taken"); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// TestMasterWithoutAFolder checks that a master goes on if another client has removed a folder,
// wherever that shows.
func TestMasterWithoutAFolder(t *testing.T) {
	for _, folder := range []string{"pending", "taken", "done", "dead", "workers"} {
		t.Run(folder, func(t *testing.T) {
			ofTwoWorkers(t, 1, func(ctx context.Context, c *crew, f *fake, dying, m *MasterWorker) {
				c.submit(ctx, m, "task")
				_, err := dying.Take(ctx)
				must(t, err)
				must(t, removeByHand(c.tr, "/tasks/"+folder))
				f.expire()
				time.Sleep(time.Second)
				c.goesOn(ctx, m)
			})
		})
	}
}

// TestTaskPlacesAreForgotten checks that lost places are not kept in memory.
func TestTaskPlacesAreForgotten(t *testing.T) {
	ofTwoWorkers(t, 9, func(ctx context.Context, c *crew, f *fake, dying, m *MasterWorker) {
		c.submit(ctx, m, "task")
		for range 5 {
			j, err := dying.Take(ctx)
			must(t, err)
			f.expire()
			<-j.Lost()
			if err := j.Finish(ctx, nil); !errors.Is(err, ErrLost) {
				t.Errorf("finish: %v", err)
			}
		}
		if n := len(dying.open()); n > 1 {
			t.Errorf("%d places are kept", n)
		}
		if rest := c.finishAll(ctx, m); len(rest) != 1 {
			t.Errorf("the rest is %v", rest)
		}
	})
}

// TestMasterOfAForeignPlace checks that nothing is assigned to a persistent znode that looks
// like a place.
func TestMasterOfAForeignPlace(t *testing.T) {
	ofTwoWorkers(t, 9, func(ctx context.Context, c *crew, _ *fake, _, m *MasterWorker) {
		c.goesOn(ctx, m)
		const foreign = "/tasks/workers/0123456789abcdef0123456789abcdef-member-0000000000"
		c.tr.mu.Lock()
		_, err := c.tr.create(foreign, nil, 0, 0)
		c.tr.mu.Unlock()
		must(t, err)
		c.goesOn(ctx, m)
		must(t, removeByHand(c.tr, foreign))
	})
}

// TestMasterTells checks that a master's trace tells which tasks it assigns, to which workers, and
// which it puts back, even if it became master only after the assignment.
func TestMasterTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crew{t: t, tr: newTree(), path: "/tasks"}
		f, sa := c.tr.connect(t, fakeTimeout)
		_, sb := c.tr.connect(t, fakeTimeout)
		a, b := c.add(sa, 9), c.add(sb, 9)
		var told []string
		traced := func(master string) context.Context {
			tell := func(word string) func(Assignment) {
				return func(a Assignment) {
					told = append(told, fmt.Sprintf("%s: %s %s, attempt %d, %s of %q", master, word, a.Data, a.Attempt, a.Worker, a.Free))
				}
			}
			return WithTrace(t.Context(), Trace{Assigned: tell("assigned"), PutBack: tell("put back")})
		}
		c.lead(traced("first"), a)
		c.submit(t.Context(), b, "task")
		_, err := a.Take(t.Context())
		must(t, err)
		c.stops[0]()
		time.Sleep(time.Second)
		c.lead(traced("second"), b)
		time.Sleep(time.Second)
		f.expire()
		j, err := b.Take(t.Context())
		must(t, err)
		must(t, j.Finish(t.Context(), nil))
		want := []string{
			`first: assigned task, attempt 1, client 0 of ["client 0"]`,
			`second: put back task, attempt 1, client 0 of []`,
			`second: assigned task, attempt 2, client 1 of ["client 1"]`,
		}
		if !slices.Equal(told, want) {
			t.Errorf("told %q", told)
		}
		c.close(t.Context())
		must(t, sa.Close(t.Context()))
		must(t, sb.Close(t.Context()))
	})
}

// TestMasterTerms checks that every client is told which client is the master.
func TestMasterTerms(t *testing.T) {
	ofTwoWorkers(t, 9, func(ctx context.Context, c *crew, _ *fake, other, m *MasterWorker) {
		c.goesOn(ctx, m)
		for term, err := range other.Terms(ctx) {
			if err != nil || term.ID != "client 1" || term.Fence == 0 {
				t.Errorf("%+v, %v", term, err)
			}
			break
		}
	})
}

// TestTaskWorkerID checks that an id that does not fit into a znode is an error, and that
// any other id is kept.
func TestTaskWorkerID(t *testing.T) {
	const taken = "0123456789abcdef0123456789abcdef-taken-0123456789abcdef0123456789abcdef-1-2-0000000003"
	for _, id := range []string{"", "a", "a b", " ", taken + "x"} {
		for _, assigned := range []string{"", taken} {
			n, worker := parsePlace(placeData(assigned, id))
			if worker != id || (n.id != "") != (assigned != "") || assigned != "" && n.String() != assigned {
				t.Errorf("%q, %q: %v, %q", assigned, id, n, worker)
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		_, s := newTree().connect(t, fakeTimeout)
		m := NewMasterWorker(s, "/tasks", strings.Repeat("a", MaxItem+1), 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := m.Take(ctx); !errors.Is(err, ErrTooLarge) || !isWithoutEffect(err) {
			t.Errorf("take: %v", err)
		}
		must(t, m.Close(t.Context()))
		must(t, s.Close(t.Context()))
	})
}
