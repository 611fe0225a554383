package styles

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// board is the common part of job queues and of masters and workers. Each job has a znode in the folder of
// jobs, and another one of the same name in the folder of attempts, which counts the attempts and contains
// the name of the one under way. Clients change it only with its version, so a client that changes it knows
// that no other attempt has begun.
type board struct {
	base
	tries int
}

const attempts = "attempts"

// state is the data of a znode of attempts.
type state struct {
	n       int
	attempt string // the name of the attempt under way; "" if there is none
	version int32
}

func (s state) bytes() []byte { return fmt.Appendf(nil, "%d %s", s.n, s.attempt) }

func (b *board) state(s *session, job string) (state, error) {
	data, st, err := s.get(b.in(attempts, job))
	if err != nil {
		return state{}, err
	}
	now := state{version: st.Version}
	_, _ = fmt.Sscan(string(data), &now.n, &now.attempt) // there may be no attempt
	return now, nil
}

func (b *board) in(folder, name string) string { return b.path + "/" + folder + "/" + name }

func (b *board) become(job string, version int32, next state) any {
	return &zk.SetDataRequest{Path: b.in(attempts, job), Data: next.bytes(), Version: version}
}

// removal moves a job to another folder.
func (b *board) removal(job string, data []byte, version int32, folder, name string) []any {
	return []any{
		&zk.DeleteRequest{Path: b.in(attempts, job), Version: version},
		&zk.DeleteRequest{Path: b.in(subjects.OpenJobs, job), Version: -1},
		&zk.CreateRequest{Path: b.in(folder, name), Data: data, Acl: everyone},
	}
}

// folders makes the folders that every board needs, and others.
func (b *board) folders(s *session, others ...string) error {
	return b.folder(s, append([]string{subjects.OpenJobs, subjects.DoneJobs, subjects.DeadJobs, attempts}, others...)...)
}

// put adds a job. If the answer is lost, it looks whether the job is there.
func (b *board) put(ctx context.Context, data []byte, others ...string) error {
	return b.do(ctx, func() error {
		s, err := b.session(ctx)
		if err == nil {
			err = b.folders(s, others...)
		}
		if err != nil {
			return subjects.WithoutEffect(err) // without the folders no job was added
		}
		job := b.life.name(s)
		_, err = s.multi(
			&zk.CreateRequest{Path: b.in(subjects.OpenJobs, job), Data: data, Acl: everyone},
			&zk.CreateRequest{Path: b.in(attempts, job), Data: state{}.bytes(), Acl: everyone},
		)
		if err == nil || refused(err) {
			return told(err)
		}
		for s.live() && ctx.Err() == nil {
			st, unclear := s.stat(b.in(subjects.OpenJobs, job))
			if unclear == nil && st != nil {
				return nil
			}
			if unclear == nil {
				break // another client may have finished it
			}
			_ = pause(ctx, again)
		}
		return err
	})
}

// jobs lists the jobs that are open.
func (b *board) jobs(s *session) ([]string, error) {
	all, err := s.children(b.path + "/" + subjects.OpenJobs)
	return slices.DeleteFunc(all, func(job string) bool { return !named.MatchString(job) }), err
}

// job is an attempt at a job.
type job struct {
	b    *board
	s    *session
	of   string // the name of the job
	name string // of the attempt
	n    int
	data []byte
	held []string // znodes that exist for as long as the attempt lasts, and no longer
}

func (j *job) Job() []byte           { return j.data }
func (j *job) Attempt() int          { return j.n }
func (j *job) Session() int64        { return j.s.id }
func (j *job) Lost() <-chan struct{} { return j.s.lost }

var errLost = errors.New("the attempt is over")

// Finish implements subjects.Job.
func (j *job) Finish(ctx context.Context) error {
	return j.b.do(ctx, func() error {
		err := j.finish(ctx)
		if err != nil {
			j.release()
		}
		return err
	})
}

func (j *job) finish(ctx context.Context) error {
	certain := true
	failed := func(err error) error {
		if certain {
			return subjects.WithoutEffect(err)
		}
		return err
	}
	for {
		err := j.tryToFinish()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, zk.ErrNoNode) || errors.Is(err, errLost):
			if !certain && j.finished() {
				return nil
			}
			return failed(errors.Join(errLost, err))
		case errors.Is(err, errGone):
			return failed(err)
		case !refused(err):
			certain = false
		}
		if err := pause(ctx, again); err != nil {
			return failed(err)
		}
	}
}

func (j *job) tryToFinish() error {
	now, err := j.b.state(j.s, j.of)
	if err != nil {
		return readFailed(err)
	}
	if now.attempt != j.name {
		return errLost
	}
	ops := j.b.removal(j.of, j.data, now.version, subjects.DoneJobs, j.name)
	_, err = j.s.multi(append(ops, j.ends()...)...)
	return err
}

// readFailed turns an error of a read into one that refused recognizes: a read has no effect.
func readFailed(err error) error {
	if refused(err) {
		return err
	}
	return fmt.Errorf("%w: %w", zk.ErrNoServer, err)
}

// ends returns the requests that end the attempt.
func (j *job) ends() (ops []any) {
	for _, path := range j.held {
		ops = append(ops, &zk.DeleteRequest{Path: path, Version: -1})
	}
	return ops
}

// finished reports whether this attempt has moved the job to the finished ones.
func (j *job) finished() bool {
	st, err := j.s.stat(j.b.in(subjects.DoneJobs, j.name))
	return err == nil && st != nil
}

// GiveBack implements subjects.Job.
func (j *job) GiveBack(ctx context.Context) error {
	return j.b.do(ctx, func() error { j.release(); return nil })
}

// release ends the attempt, if it lasts.
func (j *job) release() {
	j.b.life.insist(func() error {
		if j.s.life != nil && !j.s.live() {
			return nil // the attempt ends with the session
		}
		s := &session{conn: j.s.conn, id: j.s.conn.SessionID(), lost: make(chan struct{})}
		if err := s.fence(); err != nil {
			return err
		}
		now, err := j.b.state(s, j.of)
		if errors.Is(err, zk.ErrNoNode) || err == nil && now.attempt != j.name {
			return nil
		}
		if err != nil {
			return err
		}
		ops := []any{j.b.become(j.of, now.version, state{n: now.n})}
		if now.n >= j.b.tries {
			ops = j.b.removal(j.of, j.data, now.version, subjects.DeadJobs, j.name)
		}
		_, err = s.multi(append(ops, j.ends()...)...)
		if errors.Is(err, zk.ErrNoNode) {
			return nil // it ended with its session, or by an earlier request
		}
		return err
	})
}
