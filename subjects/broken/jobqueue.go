package broken

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// defectiveJobQueue is a job queue that leaves a job where it is and creates a lease beside it,
// with a defect in how it does so. The version of a job's znode counts its attempts.
type defectiveJobQueue struct {
	conn  *zk.Conn
	path  string
	tries int

	// lease creates the lease of a job and returns its path; "" if another client has one.
	lease func(job string) (string, error)
	// count begins an attempt and returns its number.
	count func(job string, data []byte, version int32) (attempt int, err error)
	// finish ends a job for good.
	finish func(j *defectiveJob) error
	// remove removes the job when it is taken.
	remove bool
}

func newDefectiveJobQueue(c *subjects.Client, path string, tries int, wrong func(*defectiveJobQueue)) (subjects.JobQueue, error) {
	q := &defectiveJobQueue{path: path, tries: tries}
	for _, folder := range []string{"", "/" + subjects.OpenJobs, "/" + subjects.DoneJobs, "/" + subjects.DeadJobs, "/leases"} {
		if err := ensure(c, path+folder); err != nil {
			return nil, err
		}
	}
	q.conn = c.Conn
	q.lease = q.fixedLease(zk.FlagEphemeral)
	q.count = func(job string, data []byte, version int32) (int, error) {
		stat, err := q.conn.Set(q.open(job), data, version)
		if err != nil {
			return 0, err
		}
		return int(stat.Version), nil
	}
	q.finish = q.finishGuarded
	wrong(q)
	return q, nil
}

func (q *defectiveJobQueue) open(job string) string {
	return q.path + "/" + subjects.OpenJobs + "/" + job
}

func (q *defectiveJobQueue) done(job string) string {
	return q.path + "/" + subjects.DoneJobs + "/" + job
}

func (q *defectiveJobQueue) dead(job string) string {
	return q.path + "/" + subjects.DeadJobs + "/" + job
}

func (q *defectiveJobQueue) fixedLease(flags int32) func(string) (string, error) {
	return func(job string) (string, error) {
		lease, err := q.conn.Create(q.path+"/leases/"+job, nil, flags, openACL)
		if errors.Is(err, zk.ErrNodeExists) {
			return "", nil
		}
		return lease, err
	}
}

func (q *defectiveJobQueue) finishGuarded(j *defectiveJob) error {
	_, err := q.conn.Multi(
		&zk.CheckVersionRequest{Path: q.open(j.name), Version: j.version},
		&zk.DeleteRequest{Path: j.lease, Version: -1},
		&zk.DeleteRequest{Path: q.open(j.name), Version: -1},
		&zk.CreateRequest{Path: q.done(j.name), Data: j.data, Acl: openACL},
	)
	if errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrBadVersion) {
		return subjects.WithoutEffect(err)
	}
	return err
}

func (q *defectiveJobQueue) Put(_ context.Context, job []byte) error {
	_, err := q.conn.Create(q.open("job-"), job, zk.FlagSequence, openACL)
	return err
}

func (q *defectiveJobQueue) Take(ctx context.Context) (subjects.Job, error) {
	for {
		names, _, err := q.conn.Children(q.path + "/" + subjects.OpenJobs)
		if err != nil {
			return nil, subjects.WithoutEffect(err)
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
		for _, name := range names {
			if j, err := q.try(name); err != nil {
				return nil, err
			} else if j != nil {
				return j, nil
			}
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return nil, subjects.WithoutEffect(context.Cause(ctx))
		}
	}
}

// try takes a job. It returns nil if the job cannot be taken.
func (q *defectiveJobQueue) try(name string) (subjects.Job, error) {
	lease, err := q.lease(name)
	if err != nil || lease == "" {
		return nil, err
	}
	data, stat, err := q.conn.Get(q.open(name))
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return nil, q.conn.Delete(lease, -1)
	case err != nil:
		return nil, err
	}
	attempt, err := q.count(name, data, stat.Version)
	switch {
	case errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNoNode):
		return nil, q.conn.Delete(lease, -1)
	case err == nil && attempt > q.tries:
		return nil, q.bury(name, lease, data)
	case err == nil && q.remove:
		err = q.conn.Delete(q.open(name), -1)
	}
	if err != nil {
		return nil, err
	}
	return &defectiveJob{q: q, name: name, lease: lease, data: data, attempt: attempt, version: stat.Version + 1, session: q.conn.SessionID()}, nil
}

// bury makes a job that was tried too often a dead letter.
func (q *defectiveJobQueue) bury(name, lease string, data []byte) error {
	_, err := q.conn.Multi(
		&zk.DeleteRequest{Path: lease, Version: -1}, &zk.DeleteRequest{Path: q.open(name), Version: -1},
		&zk.CreateRequest{Path: q.dead(name), Data: data, Acl: openACL},
	)
	return err
}

type defectiveJob struct {
	q           *defectiveJobQueue
	name, lease string
	data        []byte
	attempt     int
	version     int32
	session     int64
}

func (j *defectiveJob) Job() []byte    { return j.data }
func (j *defectiveJob) Attempt() int   { return j.attempt }
func (j *defectiveJob) Session() int64 { return j.session }

func (j *defectiveJob) Finish(context.Context) error { return j.q.finish(j) }

// GiveBack checks that no other client has begun an attempt, whose lease has the same name.
func (j *defectiveJob) GiveBack(context.Context) error {
	ops := []any{&zk.CheckVersionRequest{Path: j.q.open(j.name), Version: j.version}, &zk.DeleteRequest{Path: j.lease, Version: -1}}
	if j.q.remove {
		ops[0] = &zk.CreateRequest{Path: j.q.open(j.name), Data: j.data, Acl: openACL}
	}
	_, err := j.q.conn.Multi(ops...)
	if errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNodeExists) {
		return subjects.WithoutEffect(err)
	}
	return err
}

// LeasesOfTheirOwn returns a job queue whose workers check whether a job has a lease, and if not
// create their own: two workers can do that at once. Property "lease-exclusion" finds it whenever
// clients compete.
func LeasesOfTheirOwn(c *subjects.Client, path string, tries int) (subjects.JobQueue, error) {
	return newDefectiveJobQueue(c, path, tries, func(q *defectiveJobQueue) {
		q.lease = func(job string) (string, error) {
			if err := ensure(c, q.path+"/leases/"+job); err != nil {
				return "", err
			}
			names, _, err := q.conn.Children(q.path + "/leases/" + job)
			if err != nil || len(names) > 0 {
				return "", err
			}
			return q.conn.Create(fmt.Sprintf("%s/leases/%s/%d", q.path, job, c.ID), nil, zk.FlagEphemeral, openACL)
		}
		q.count = func(job string, data []byte, _ int32) (int, error) {
			stat, err := q.conn.Set(q.open(job), data, -1)
			if err != nil {
				return 0, err
			}
			return int(stat.Version), nil
		}
	})
}

// FinishUnguarded returns a job queue whose workers finish a job even after they have lost their
// lease. Property "finish-once" finds it when sessions expire.
func FinishUnguarded(c *subjects.Client, path string, tries int) (subjects.JobQueue, error) {
	return newDefectiveJobQueue(c, path, tries, func(q *defectiveJobQueue) {
		q.finish = func(j *defectiveJob) error {
			if _, err := q.conn.Create(q.done(j.name), j.data, 0, openACL); err != nil && !errors.Is(err, zk.ErrNodeExists) {
				return err
			}
			for _, path := range []string{q.open(j.name), j.lease} {
				if err := q.conn.Delete(path, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
					return err
				}
			}
			return nil
		}
	})
}

// DeleteOnTake returns a job queue that removes a job when a worker takes it, so that the job is
// lost with the worker, or with the reply. Property "conservation" finds it when replies are lost.
func DeleteOnTake(c *subjects.Client, path string, tries int) (subjects.JobQueue, error) {
	return newDefectiveJobQueue(c, path, tries, func(q *defectiveJobQueue) {
		q.remove = true
		q.count = func(job string, _ []byte, _ int32) (int, error) {
			counts := q.path + "/attempts-" + job
			if err := ensure(c, counts); err != nil {
				return 0, err
			}
			stat, err := q.conn.Set(counts, nil, -1)
			if err != nil {
				return 0, err
			}
			return int(stat.Version), nil
		}
		q.finish = func(j *defectiveJob) error {
			_, err := q.conn.Create(q.done(j.name), j.data, 0, openACL)
			if err != nil {
				return err
			}
			return q.conn.Delete(j.lease, -1)
		}
	})
}

// CountsItsOwn returns a job queue whose workers each count their own attempts at a job. Property
// "attempts" finds it whenever a job is given back.
func CountsItsOwn(c *subjects.Client, path string, tries int) (subjects.JobQueue, error) {
	return newDefectiveJobQueue(c, path, tries, func(q *defectiveJobQueue) {
		right := q.count
		var mu sync.Mutex
		own := map[string]int{}
		q.count = func(job string, data []byte, version int32) (int, error) {
			if _, err := right(job, data, version); err != nil {
				return 0, err
			}
			mu.Lock()
			defer mu.Unlock()
			own[job]++
			return own[job], nil
		}
	})
}

// NeverRequeues returns a job queue whose leases are persistent znodes: the job of a worker whose
// session ends never comes back. Property "progress" finds it when sessions expire.
func NeverRequeues(c *subjects.Client, path string, tries int) (subjects.JobQueue, error) {
	return newDefectiveJobQueue(c, path, tries, func(q *defectiveJobQueue) {
		q.lease = q.fixedLease(0)
		q.finish = func(j *defectiveJob) error {
			if q.conn.SessionID() != j.session {
				return subjects.WithoutEffect(zk.ErrSessionExpired)
			}
			return q.finishGuarded(j)
		}
	})
}

// LeavesLease returns a job queue that leaves a lease behind if the reply to its create was lost:
// the take fails, and no client gets the job until the session ends. Property "progress" finds it
// when replies are lost.
func LeavesLease(c *subjects.Client, path string, tries int) (subjects.JobQueue, error) {
	return newDefectiveJobQueue(c, path, tries, func(*defectiveJobQueue) {})
}
