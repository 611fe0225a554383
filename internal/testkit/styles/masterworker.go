package styles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// masterWorker is a board whose workers ask for tasks: each has an ephemeral znode for the time of an
// attempt, and for the wait before it. The master writes into it which task it gets. A goroutine makes
// each client a candidate for master, and does what the master does.
type masterWorker struct {
	board

	stop    context.CancelFunc
	stopped chan struct{}
}

const asks = "asks"

// newSeatMasterWorker uses the client's connection. A process that starts removes the candidates of its
// seat, so that others need not wait until the last session ends.
func newSeatMasterWorker(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error) {
	worker, leader := board{at(c, path, borrowed), tries}, board{at(c, path, borrowed), tries}
	ctx, stop := context.WithCancel(context.Background())
	w := &masterWorker{board: worker, stop: stop, stopped: make(chan struct{})}
	m := &master{board: leader}
	go func() {
		defer close(w.stopped)
		m.run(ctx)
		_ = m.Close(context.WithoutCancel(ctx))
	}()
	var once sync.Once
	worker.life.c.BeforeEnd(func(context.Context) { once.Do(stop) })
	return w, nil
}

// Close also ends the candidacy.
func (w *masterWorker) Close(ctx context.Context) error {
	w.stop()
	select {
	case <-w.stopped:
	case <-ctx.Done():
	}
	return w.base.Close(ctx)
}

func (w *masterWorker) Put(ctx context.Context, data []byte) error {
	return w.put(ctx, data, asks, subjects.Candidates, subjects.Assigned)
}

// Take implements subjects.JobQueue.
func (w *masterWorker) Take(ctx context.Context) (subjects.Job, error) {
	j, err := within(ctx, &w.base, func() (*job, error) { return w.ask(ctx) }, (*job).release)
	if err != nil {
		return nil, err
	}
	return j, nil
}

func (w *masterWorker) ask(ctx context.Context) (j *job, err error) {
	var s *session
	var name string
	err = w.until(ctx, again, func(now *session) (bool, error) {
		if err := w.folders(now, asks, subjects.Candidates, subjects.Assigned); err != nil {
			return false, err
		}
		s, name = now, w.life.name(now)
		_, err := w.life.plant(s, w.in(asks, name), nil)
		return err == nil || !refused(err), err
	})
	if err != nil {
		// The master may have given a task to an ask whose creation was not answered. That was this
		// call's attempt.
		return nil, err
	}
	for s.live() && ctx.Err() == nil {
		if j := w.answered(s, name); j != nil {
			return j, nil
		}
		_ = pause(ctx, 15*time.Millisecond)
	}
	w.life.drop(s, w.in(asks, name)) // if the master has given it a task, it sees that the worker is gone
	return nil, errors.Join(errGone, ctx.Err())
}

// answered returns the task that the master gave; nil if none.
func (w *masterWorker) answered(s *session, name string) *job {
	ask := w.in(asks, name)
	answer, _, err := s.get(ask)
	if err != nil || len(answer) == 0 {
		return nil
	}
	of, n, _ := strings.Cut(string(answer), " ")
	data, _, err := s.get(w.in(subjects.OpenJobs, of))
	if err != nil {
		return nil
	}
	j := &job{b: &w.board, s: s, of: of, name: name, data: data}
	j.n, _ = strconv.Atoi(n)
	j.held = []string{ask, w.assignment(of, j.n)}
	return j
}

// assignment returns the path of an assignment, whose name is used once.
func (b *board) assignment(of string, n int) string {
	return b.in(subjects.Assigned, fmt.Sprintf("%s.%d", of, n))
}

// master is the candidate of a client.
type master struct {
	board
	clean bool // what the last process of the seat left is removed
}

func (m *master) run(ctx context.Context) {
	for ctx.Err() == nil {
		if s, err := m.session(ctx); err == nil {
			m.serve(ctx, s)
		}
		_ = pause(ctx, again)
	}
}

// serve is a candidate in one session.
func (m *master) serve(ctx context.Context, s *session) {
	if m.folders(s, asks, subjects.Candidates, subjects.Assigned) != nil {
		return
	}
	if !m.clean {
		m.clean = m.cleanUp(s) == nil
	}
	if _, err := s.create(m.in(subjects.Candidates, "candidate-"+m.life.name(s)+"-"), nil, zk.FlagEphemeral|zk.FlagSequence); err != nil && refused(err) {
		return
	}
	for ctx.Err() == nil && s.live() {
		first, own, err := m.candidates(s)
		switch {
		case err == nil && len(own) == 0:
			return // it was not created, or is gone
		case err == nil && first == own[0]:
			m.lead(ctx, s, first)
		}
		_ = pause(ctx, 20*time.Millisecond)
	}
	_, own, _ := m.candidates(s)
	for _, candidate := range own {
		if s.life == nil { // otherwise it goes with its session
			m.life.drop(s, candidate)
		}
	}
}

var candidate = regexp.MustCompile(`^candidate-(.*)-([0-9]{10})$`)

// candidates returns the path of the first candidate, and those of this session in their order.
func (m *master) candidates(s *session) (first string, own []string, err error) {
	all, err := s.children(m.path + "/" + subjects.Candidates)
	if err != nil {
		return "", nil, err
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(a[max(0, len(a)-10):], b[max(0, len(b)-10):]) })
	for _, child := range all {
		match := candidate.FindStringSubmatch(child)
		if match == nil {
			continue
		}
		path := m.in(subjects.Candidates, child)
		st, err := s.stat(path)
		if err != nil {
			return "", nil, err
		}
		if st == nil || !isOfSession(match[1], st.EphemeralOwner) {
			continue
		}
		first = cmp.Or(first, path)
		if st.EphemeralOwner == s.id {
			own = append(own, path)
		}
	}
	return first, own, nil
}

func (m *master) cleanUp(s *session) error {
	all, err := s.children(m.path + "/" + subjects.Candidates)
	for _, child := range all {
		if match := candidate.FindStringSubmatch(child); match != nil && m.life.ofSeat(match[1]) {
			if err := s.remove(m.in(subjects.Candidates, child)); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
	}
	return err
}

// lead gives tasks to workers that ask. It reads which tasks are being worked on before it reads which
// workers are there: an ask that is missing by then will not come back.
func (m *master) lead(ctx context.Context, s *session, me string) {
	all, err := m.jobs(s)
	if err != nil {
		return
	}
	states := map[string]state{}
	for _, of := range all {
		now, err := m.state(s, of)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return
		}
		states[of] = now
	}
	there, err := s.children(m.path + "/" + asks)
	if err != nil {
		return
	}
	idle, err := m.idle(s, there)
	if err != nil {
		return
	}
	for _, of := range all {
		now, known := states[of]
		if !known || now.attempt != "" && slices.Contains(there, now.attempt) {
			continue
		}
		if ctx.Err() != nil || !s.live() {
			return
		}
		switch {
		case now.n >= m.tries:
			m.bury(s, me, of, now)
		case len(idle) > 0:
			m.assign(s, me, of, now, idle[0])
			idle = idle[1:]
		}
	}
}

// asker is a worker that waits.
type asker struct {
	name    string
	version int32
}

func (m *master) idle(s *session, there []string) (idle []asker, err error) {
	for _, name := range there {
		data, st, err := s.get(m.in(asks, name))
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(data) == 0 && isOfSession(name, st.EphemeralOwner) {
			idle = append(idle, asker{name, st.Version})
		}
	}
	return idle, nil
}

// over returns the requests that end the assignment of a worker that is gone.
func (m *master) over(me, of string, now state) []any {
	ops := []any{&zk.CheckVersionRequest{Path: me, Version: -1}}
	if now.attempt != "" {
		ops = append(ops, &zk.DeleteRequest{Path: m.assignment(of, now.n), Version: -1})
	}
	return ops
}

func (m *master) assign(s *session, me, of string, now state, to asker) {
	next := state{n: now.n + 1, attempt: to.name}
	ops := append(m.over(me, of, now),
		m.become(of, now.version, next),
		&zk.SetDataRequest{Path: m.in(asks, to.name), Data: fmt.Appendf(nil, "%s %d", of, next.n), Version: to.version},
		&zk.CreateRequest{Path: m.assignment(of, next.n), Data: []byte(to.name), Acl: everyone},
	)
	_, _ = s.multi(ops...) // the next look tells what came of it
}

func (m *master) bury(s *session, me, of string, now state) {
	data, _, err := s.get(m.in(subjects.OpenJobs, of))
	if err != nil {
		return
	}
	_, _ = s.multi(append(m.over(me, of, now), m.removal(of, data, now.version, subjects.DeadJobs, m.life.name(s))...)...)
}
