package workloads

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

// This file finds subjects that have stopped answering since a session of their client ended. A refusal alone
// proves nothing: another client may lead, everything may be sold out, or the client may have voted already. So the
// client gets a new subject, as after a crash. If the new subject answers right after the old one refused, and
// takes nothing away from others, then only the old subject was the reason (property "recovers").

// spot is an operation of one object.
type spot struct{ key, f string }

// tally counts the answers that a client got to an operation of one object.
type tally struct {
	n      int
	gone   int  // sessions of the client that were gone at the last answer, see link.Gone
	failed bool // the latest call was not answered
}

// followAnswers makes clients count their answers from now on, for recover.
func (e *Env) followAnswers() {
	for _, c := range e.Clients {
		c.answers = map[spot]*tally{}
	}
}

// noteAnswer notes that an operation was answered. Operations that do not show whether the subject still works do
// not count.
func (c *Client) noteAnswer(op Op, value any, err error) {
	if c.answers == nil {
		return
	}
	o := c.model.Operation(op.F)
	if o.Local || o.Ends || o.Affirms {
		return
	}
	at, refused := spot{op.Key, op.F}, errors.Is(err, contracts.ErrRefused)
	a := c.answers[at]
	switch {
	case err != nil && !refused || o.Begins && (refused || isNo(value)):
		if a != nil {
			a.failed = true
		}
		return
	case a == nil:
		a = &tally{}
		c.answers[at] = a
	}
	a.n, a.gone, a.failed = a.n+1, c.Link.Gone(), false
}

// isNo reports whether the answer of an operation of a declared object is false.
func isNo(value any) bool {
	raw, ok := value.(json.RawMessage)
	return ok && string(raw) == "false"
}

// answered returns how often a client got an answer to an operation.
func (c *Client) answered(at spot) int {
	if a := c.answers[at]; a != nil {
		return a.n
	}
	return 0
}

// silent reports whether a client got answers to an operation before it lost a session, but none
// since.
func (c *Client) silent(at spot) bool {
	a := c.answers[at]
	return a != nil && c.stuck == nil && a.gone < c.Link.Gone()
}

// expects makes a client count as answered, although it got its subject only now.
func (c *Client) expects(at spot) { c.answers[at] = &tally{gone: c.Link.Gone(), failed: true} }

// recovering is a workload whose clients can get new subjects.
type recovering interface {
	// keys lists the objects.
	keys() []string
	// asks reports whether a client that got no answer since it lost a session should call an operation again.
	asks(c *Client, at spot) bool
	// again calls an operation once, if it is possible now, and ends the stay that it began.
	again(ctx context.Context, c *Client, at spot)
	// renew makes a new subject, which the client calls from then on.
	renew(ctx context.Context, c *Client, key string) error
}

// recover calls again the operations to which clients got no answer since they lost a session, for longer than the
// bound. It reports whether there were any.
func (e *Env) recover(ctx context.Context, r recovering) (called bool) {
	model := models.OfHeader(e.Record.Header())
	silent := make([][]spot, len(e.Clients))
	for i, c := range e.Clients {
		silent[i] = e.silentOf(r, c, model)
		called = called || len(silent[i]) > 0
	}
	if !called {
		return false
	}
	asking, end := context.WithCancel(ctx)
	defer end()
	var left atomic.Int64 // clients that still ask
	for _, of := range silent {
		if len(of) > 0 {
			left.Add(1)
		}
	}
	e.each(func(c *Client) {
		i := slices.Index(e.Clients, c)
		if len(silent[i]) == 0 {
			for e.stayAwake(asking, r, c, model); pause(asking, e.Bound/8); {
				e.stayAwake(asking, r, c, model)
			}
			return
		}
		if silent[i] = e.askSilent(ctx, r, c, silent[i]); left.Add(-1) == 0 {
			end()
		}
	})
	renewed := map[*Client]map[string]bool{}
	for i, c := range e.Clients {
		renewed[c] = map[string]bool{}
		for _, key := range r.keys() {
			of := slices.DeleteFunc(slices.Clone(silent[i]), func(at spot) bool { return at.key != key })
			if ctx.Err() != nil || len(of) == 0 {
				continue
			}
			renewed[c][key] = true
			for j, d := range e.Clients {
				if len(silent[j]) == 0 {
					e.stayAwake(ctx, r, d, model)
				}
			}
			works := e.askNew(ctx, r, c, key, of, renewed[c])
			for _, at := range works {
				e.askOther(ctx, r, c, at, func(d *Client) bool {
					return renewed[d][key] || slices.Contains(silent[slices.Index(e.Clients, d)], at)
				})
			}
		}
	}
	return called
}

// stayAwake calls one operation of each object that was answered before, a read if there is one, and nothing that puts
// something in or begins a stay: a client that sends no heartbeats would lose its session while it waits, and could not
// show any more that others are still answered.
func (e *Env) stayAwake(ctx context.Context, r recovering, c *Client, model *models.Model) {
	for _, key := range r.keys() {
		var of []spot
		for _, o := range model.Operations {
			if at := (spot{key, o.F}); !o.Puts && !o.Begins && c.answered(at) > 0 {
				of = append(of, at)
			}
		}
		if len(of) > 0 && c.stuck == nil && ctx.Err() == nil {
			r.again(ctx, c, slices.MinFunc(of, func(a, b spot) int { return rankOf(model.Operation(a.f)) - rankOf(model.Operation(b.f)) }))
		}
	}
}

// silentOf lists the operations to which a client got answers before it lost a session, but none since: reads first,
// and operations that put something in last.
func (e *Env) silentOf(r recovering, c *Client, model *models.Model) (of []spot) {
	for _, key := range r.keys() {
		for _, o := range model.Operations {
			if at := (spot{key, o.F}); c.silent(at) && r.asks(c, at) {
				of = append(of, at)
			}
		}
	}
	slices.SortStableFunc(of, func(a, b spot) int {
		return rankOf(model.Operation(a.f)) - rankOf(model.Operation(b.f))
	})
	return of
}

func rankOf(o *models.Operation) int {
	switch {
	case o.Puts:
		return 2
	case o.Quorum == nil:
		return 0
	}
	return 1
}

// askSilent calls operations until they are answered, and begins no call after Patience has passed. It returns those
// that were not answered.
func (e *Env) askSilent(ctx context.Context, r recovering, c *Client, of []spot) []spot {
	until := e.Record.Now() + Patience(e.Bound)
	for len(of) > 0 {
		for _, at := range of {
			r.again(ctx, c, at)
		}
		of = slices.DeleteFunc(of, func(at spot) bool { return !c.silent(at) })
		if len(of) == 0 || e.Record.Now() >= until || !pause(ctx, e.Bound/4) {
			break
		}
	}
	return of
}

// askNew calls a client's subject once more, while no other client calls anything, and then a new subject. If that does
// not answer, because the process of the client may be to blame, it calls the subject of a new process, if the client
// lives in one: then the subjects of all keys are renewed. It returns the operations that a new one answered and the
// old one did not.
func (e *Env) askNew(ctx context.Context, r recovering, c *Client, key string, of []spot, renewed map[string]bool) (works []spot) {
	for _, at := range of {
		r.again(ctx, c, at)
	}
	of = slices.DeleteFunc(of, func(at spot) bool { return !c.silent(at) })
	if len(of) == 0 {
		return nil
	}
	if r.renew(ctx, c, key) == nil {
		c.Fact(history.FRenewed, key, nil)
		works = e.answeredAnew(ctx, r, c, of)
	}
	if len(works) > 0 || c.Process == nil || c.Process.Renew(ctx) != nil {
		return works
	}
	for _, key := range r.keys() {
		c.Fact(history.FRenewed, key, nil)
		renewed[key] = true
	}
	return e.answeredAnew(ctx, r, c, of)
}

// answeredAnew calls operations of a new subject, and returns those that it answered.
func (e *Env) answeredAnew(ctx context.Context, r recovering, c *Client, of []spot) (works []spot) {
	for _, at := range of {
		n := c.answered(at)
		if r.again(ctx, c, at); c.answered(at) > n {
			works = append(works, at)
		}
	}
	return works
}

// askOther lets other clients call the operation that a new subject answered, until one of them
// also gets an answer.
func (e *Env) askOther(ctx context.Context, r recovering, c *Client, at spot, except func(*Client) bool) {
	for _, d := range e.Clients {
		n := d.answered(at)
		if d == c || n == 0 || d.stuck != nil || except(d) {
			continue
		}
		if r.again(ctx, d, at); d.answered(at) > n {
			return
		}
	}
}
