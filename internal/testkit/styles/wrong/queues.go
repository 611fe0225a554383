package wrong

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// queue is a FIFO queue. Take reads the first item and deletes it, again after an error. If the item is
// gone then, Take believes that its first request deleted it.
type queue struct{ *base }

func (q *queue) IsItem(child string) bool { return strings.HasPrefix(child, "item-") }

func (q *queue) Put(ctx context.Context, item []byte) error {
	return q.calls.Do(ctx, func() error {
		if err := q.make(); err != nil {
			return subjects.WithoutEffect(err)
		}
		_, err := q.Conn.Create(q.in("item-"), item, zk.FlagSequence, everyone)
		if err != nil && refused(err) {
			return subjects.WithoutEffect(err)
		}
		return err
	}, nil)
}

func (q *queue) Take(ctx context.Context) (item []byte, err error) {
	var got []byte
	unknown := false
	err = q.calls.Do(ctx, func() error {
		var fails error
		err := q.poll(ctx, func() bool {
			items, err := q.line("item-")
			if err != nil || len(items) == 0 {
				return false
			}
			path := q.in(items[0])
			data, _, err := q.Conn.Get(path)
			if err != nil {
				return false
			}
			got = data
			switch err := q.Conn.Delete(path, -1); {
			case err == nil:
				return true
			case refused(err):
				return false
			case q.right:
				unknown, fails = true, err
				return true
			default:
				return q.remove(path) == nil
			}
		})
		return errors.Join(err, fails)
	}, nil)
	if err != nil {
		if ctx.Err() == nil && !unknown {
			err = subjects.WithoutEffect(err)
		}
		return nil, err
	}
	return got, nil
}

// jobs is a job queue whose workers lease jobs: an ephemeral znode with the name of the worker.
type jobs struct {
	*base
	tries   int
	byHost  bool // a worker that finds its name on a lease continues with the job
	unbound bool // a worker looks whose the lease is, and then finishes the job
}

func (q *jobs) Put(ctx context.Context, data []byte) error {
	return q.calls.Do(ctx, func() error {
		if err := q.make(subjects.OpenJobs, subjects.DoneJobs, subjects.DeadJobs, "leases", "tries"); err != nil {
			return subjects.WithoutEffect(err)
		}
		q.count++
		name := fmt.Sprintf("job-%d-%x-%d", q.ID, uint64(q.Conn.SessionID()), q.count)
		_, err := q.Conn.Multi(
			&zk.CreateRequest{Path: q.in(subjects.OpenJobs, name), Data: data, Acl: everyone},
			&zk.CreateRequest{Path: q.in("tries", name), Data: []byte("0"), Acl: everyone})
		if err != nil && refused(err) {
			return subjects.WithoutEffect(err)
		}
		return err
	}, nil)
}

// attempt is an attempt at a job. Its lease is bound to a mark, unless it was found.
type attempt struct {
	q    *jobs
	name string
	data []byte
	n    int
	has  *claim
}

func (a *attempt) Job() []byte  { return a.data }
func (a *attempt) Attempt() int { return a.n }

func (q *jobs) Take(ctx context.Context) (subjects.Job, error) {
	var got *attempt
	err := q.calls.Do(ctx, func() error {
		var fails error // the outcome is unknown
		err := q.poll(ctx, func() bool {
			names, _, err := q.Conn.Children(q.in(subjects.OpenJobs))
			if err != nil {
				return false
			}
			slices.Sort(names)
			for _, name := range names {
				if !strings.HasPrefix(name, "job-") {
					continue
				}
				if got, fails = q.try(name); got != nil || fails != nil {
					return true
				}
			}
			return false
		})
		return errors.Join(err, fails)
	}, func() error { return got.giveBack() })
	if err != nil {
		return nil, err
	}
	return got, nil
}

func (q *jobs) try(name string) (*attempt, error) {
	data, _, err := q.Conn.Get(q.in(subjects.OpenJobs, name))
	if err != nil {
		return nil, nil
	}
	tries, st, err := q.Conn.Get(q.in("tries", name))
	a := &attempt{q: q, name: name, data: data}
	if _, err2 := fmt.Sscan(string(tries), &a.n); err != nil || err2 != nil {
		return nil, nil
	}
	lease := q.in("leases", name)
	if owner, _, err := q.Conn.Get(lease); err == nil {
		if q.byHost && !q.right && string(owner) == q.host() {
			return a, nil
		}
		return nil, nil
	}
	if a.has, err = q.claim(q.host(), lease); err != nil {
		return nil, nil
	}
	if a.n >= q.tries {
		_ = a.move(subjects.DeadJobs)
		return nil, nil
	}
	a.n++
	if _, err := q.Conn.Set(q.in("tries", name), fmt.Append(nil, a.n), st.Version); err != nil {
		_ = q.unclaim(a.has)
		if refused(err) {
			return nil, nil
		}
		return nil, err
	}
	return a, nil
}

// move moves the job, and ends the attempt.
func (a *attempt) move(folder string) error {
	q := a.q
	ops := []any{
		&zk.DeleteRequest{Path: q.in(subjects.OpenJobs, a.name), Version: -1},
		&zk.DeleteRequest{Path: q.in("tries", a.name), Version: -1},
		&zk.CreateRequest{Path: q.in(folder, a.name), Data: a.data, Acl: everyone},
	}
	switch {
	case q.unbound && !q.right:
		if !q.mine(q.in("leases", a.name)) {
			return errors.New("the lease is lost")
		}
	case a.has != nil:
		ops = append(a.has.deletes(), ops...)
	default:
		ops = append([]any{&zk.DeleteRequest{Path: q.in("leases", a.name), Version: -1}}, ops...)
	}
	_, err := q.Conn.Multi(ops...)
	if err == nil && a.has != nil {
		_ = q.unclaim(a.has)
	}
	if err != nil {
		_ = a.end()
	}
	if err != nil && refused(err) {
		return subjects.WithoutEffect(err)
	}
	return err
}

func (a *attempt) end() error {
	if a.has != nil {
		return a.q.unclaim(a.has)
	}
	return a.q.remove(a.q.in("leases", a.name))
}

func (a *attempt) giveBack() error {
	if a.n >= a.q.tries {
		return a.move(subjects.DeadJobs)
	}
	return a.end()
}

func (a *attempt) Finish(ctx context.Context) error {
	return a.q.calls.Do(ctx, func() error { return a.move(subjects.DoneJobs) }, nil)
}

func (a *attempt) GiveBack(ctx context.Context) error {
	return a.q.calls.Do(ctx, a.giveBack, nil)
}

// adder is a counter whose clients read the value, look whether it is still the same, and set it.
type adder struct{ *base }

func (c *adder) Add(ctx context.Context, delta int64) (sum int64, err error) {
	err = c.change(ctx, func(now int64) (int64, error) { return now + delta, nil }, &sum)
	return sum, err
}

func (c *adder) CompareAndSet(ctx context.Context, from, to int64) error {
	var sum int64
	return c.change(ctx, func(now int64) (int64, error) {
		if now != from {
			return 0, subjects.WithoutEffect(subjects.ErrMismatch)
		}
		return to, nil
	}, &sum)
}

func (c *adder) change(ctx context.Context, f func(int64) (int64, error), sum *int64) error {
	var got int64
	err := c.calls.Do(ctx, func() (err error) {
		var fails error
		err = c.poll(ctx, func() bool {
			if c.make() != nil {
				return false
			}
			data, st, err := c.Conn.Get(c.path)
			if err != nil {
				return false
			}
			now := int64(0)
			_, _ = fmt.Sscan(string(data), &now)
			if got, fails = f(now); fails != nil {
				return true
			}
			again, _, err := c.Conn.Get(c.path)
			if err != nil || string(again) != string(data) {
				return false
			}
			version := int32(-1)
			if c.right {
				version = st.Version
			}
			_, err = c.Conn.Set(c.path, fmt.Append(nil, got), version)
			if err != nil && !refused(err) {
				fails = err
				return true
			}
			return err == nil
		})
		return errors.Join(err, fails)
	}, nil)
	*sum = got
	return err
}

func (c *adder) Read(ctx context.Context, kind string) (int64, error) {
	var now int64
	err := c.calls.Do(ctx, func() error {
		if err := c.make(); err != nil {
			return err
		}
		if kind != models.ReadPlain { // a quorum write
			if _, err := c.Conn.Set(c.path+"/fence", nil, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
		data, _, err := c.Conn.Get(c.path)
		now = 0
		_, _ = fmt.Sscan(string(data), &now)
		return err
	}, nil)
	if err != nil {
		return 0, subjects.WithoutEffect(err)
	}
	return now, nil
}
