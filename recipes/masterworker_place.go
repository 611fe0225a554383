package recipes

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// takePlace waits at a place of its own for a task. If it cannot tell whether a task was assigned
// to the place, the outcome is unknown.
func (m *MasterWorker) takePlace(ctx context.Context, z *client.Session) (*Job, calls.Outcome, error) {
	line := m.workers.line
	c := line.NewContender(z)
	if err := line.Create(ctx, c, placeData("", m.id)); err != nil {
		if c.Left {
			return nil, calls.Unknown, err
		}
		return nil, calls.NotApplied, contend.Again(err)
	}
	h := contend.NewHold(line, c)
	if !m.keep(h) {
		m.vacate(h)
		return nil, calls.Unknown, ErrClosed
	}
	if err := line.Verify(ctx, c); err != nil {
		o, err := m.withdraw(h, err)
		line.SweepIf(o == calls.Unknown, c.ID) // the znode may belong to another session
		return nil, o, err
	}
	h.Watch()
	var v client.Value
	var n jobName
	err := h.During(ctx, func(ctx context.Context) (err error) {
		if n, err = m.assigned(ctx, c); err == nil {
			v, err = m.q.r.Client.Get(ctx, z, m.q.job(n.id))
		}
		return err
	})
	if err != nil {
		o, err := m.withdraw(h, err)
		return nil, o, err
	}
	j := newJob(m.q, n, h, v.Data)
	j.over = func(o calls.Outcome) {
		if o == calls.Applied {
			m.left(h)
		} else {
			m.vacate(h)
		}
	}
	return j, calls.Applied, nil
}

// placeData returns the data of a place's znode.
func placeData(assigned, worker string) []byte {
	if assigned != "" && worker != "" {
		assigned += " "
	}
	return []byte(assigned + worker)
}

// parsePlace parses the data of a place's znode: the task assigned to it, if any, and the id of its
// worker.
func parsePlace(data []byte) (assigned jobName, worker string) {
	name, rest, _ := strings.Cut(string(data), " ")
	if n, ok := parseJob(name, kindTaken); ok {
		return n, rest
	}
	return jobName{}, string(data)
}

// assigned waits until a task is assigned to a place.
func (m *MasterWorker) assigned(ctx context.Context, c *contend.Contender) (jobName, error) {
	for data, changed := c.Data, c.Changed; ; {
		event := m.q.r.Client.NextEvent()
		if n, _ := parsePlace(data); n.worker == c.ID {
			return n, nil
		}
		if err := m.q.r.Client.Wait(ctx, c.Session, event, changed); err != nil {
			return jobName{}, err
		}
		v, err := m.q.r.Client.GetW(ctx, c.Session, znodes.Join(m.workers.line.Path, c.Name))
		if err != nil {
			return jobName{}, err
		}
		data, changed = v.Data, v.Changed
	}
}

// withdraw gives up a place, because of an error. If it can remove the znode at its first version,
// no task was assigned to the place, and none will be.
func (m *MasterWorker) withdraw(h *contend.Hold, why error) (calls.Outcome, error) {
	cl, c := m.q.r.Client, h.Contender
	switch {
	case h.IsLost() && m.q.r.Context.Err() == nil:
		why = ErrSessionLost
	case errors.Is(why, zk.ErrNoNode):
		why = ErrRemoved
	}
	h.End(false)
	ctx, cancel := cl.WithGrace()
	defer cancel()
	_, err := client.Retry(ctx, cl, c.Session, client.Write, func() (struct{}, error) {
		return struct{}{}, cl.Conn.Delete(znodes.Join(m.workers.line.Path, c.Name), 0)
	})
	if err == nil {
		m.left(h)
		return calls.NotApplied, why
	}
	m.vacate(h)
	return calls.Unknown, why
}

// keep remembers a place until it is vacated or lost. It returns false if this value was closed.
func (m *MasterWorker) keep(h *contend.Hold) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.q.r.Context.Err() != nil {
		return false
	}
	maps.DeleteFunc(m.places, func(h *contend.Hold, _ bool) bool { return h.IsLost() }) // whichever goroutine noticed the loss has vacated the place
	m.places[h] = true
	return true
}

// left ends a place whose znode has been removed.
func (m *MasterWorker) left(h *contend.Hold) {
	m.forget(h)
	h.End(false)
	m.workers.line.SweepIf(h.Contender.Unsure, h.Contender.ID)
}

// vacate gives up a place, in the background. The master puts back what is assigned to it.
func (m *MasterWorker) vacate(h *contend.Hold) {
	m.forget(h)
	h.End(true)
	m.workers.line.Abandon(h.Contender)
}

func (m *MasterWorker) forget(h *contend.Hold) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.places, h)
}
