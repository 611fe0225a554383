package workloads

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/subjects"
)

// Client is one client of a run: what its subjects get, and its place in the
// record. It does one operation at a time; one goroutine uses it.
type Client struct {
	*subjects.Client
	Link *link.Link
	// Process is the process that the client lives in; nil for this one.
	Process Process

	record  *history.Recorder
	model   *models.Model
	process history.Process
	stride  int // number of clients: a process that ended goes on as process + stride
	life    int // of its own process, in which the latest operation began

	idle bool // its operations are left out; see arrives

	calm  <-chan struct{} // closed once nothing disturbs calls any more; nil: never
	grace time.Duration   // what a call may take from then on, or from its own end
	stuck error           // why the client does nothing any more: a call that was given up
}

// NewClient makes the client with number c.ID of n.
func NewClient(c *subjects.Client, l *link.Link, r *history.Recorder, n int) *Client {
	return &Client{Client: c, Link: l, record: r, model: models.Named(r.Header().Model), process: history.Process(c.ID), stride: n}
}

// GiveUp bounds calls that do not return although their context has ended. Such
// a call is waited for until calm is closed (every fault has been healed), and
// for grace more. Then it stays open in the record for ever, and the client does
// nothing any more: its subject is still inside. Without GiveUp there is no bound.
func (c *Client) GiveUp(calm <-chan struct{}, grace time.Duration) { c.calm, c.grace = calm, grace }

// Stuck is the call that was given up, nil if none was.
func (c *Client) Stuck() error {
	if errors.Is(c.stuck, errStuck) {
		return c.stuck
	}
	return nil
}

// Op is an operation to do and record.
type Op struct {
	F   string
	Key string
	// Arg is the invocation's value; Late, if set, gives it after the
	// invocation's time was taken.
	Arg  any
	Late func() any
	// Intended is when an open-loop client meant to begin; 0 is now.
	Intended time.Duration
	// Life is the life of the client's process to which the operation belongs: in
	// another one there is nothing left to do it with. 0 is whichever there is.
	Life int
	// Timeout bounds the call; 0 is no bound.
	Timeout time.Duration
	// Run does it and gives the completion's value. With a Timeout it runs on a
	// goroutine of its own.
	Run func(ctx context.Context) (any, error)
	// Owner, if set, gives the session that owns what an ok operation made.
	Owner func() int64
	// Zxid, if set, gives the zxid of an ok operation's reply; 0 if it is not known.
	Zxid func() int64
}

// Do records the invocation, runs the operation, and records what came of it.
// The error is Run's own; or it says why nothing was done: a call got this
// client stuck, its process is gone, ctx ended before that was back, or the arrival is
// left out.
func (c *Client) Do(ctx context.Context, op Op) error {
	if c.idle {
		return errLeftOut
	}
	if err := c.begin(ctx, op); err != nil {
		return err
	}
	c.tellLink(op)
	invoke := c.event(op, history.Invoke)
	invoke.Intended = op.Intended
	if op.Late != nil {
		c.record.RecordLate(invoke, op.Late)
	} else {
		invoke.Value = history.Value(op.Arg)
		c.record.Record(invoke)
	}
	value, err := c.call(ctx, op)
	if errors.Is(err, errStuck) {
		c.stuck = err
		return err
	}
	c.complete(op, value, err)
	return err
}

// tellLink says what the client does, if it is anything that messages belong to.
func (c *Client) tellLink(op Op) {
	if !c.model.Operation(op.F).Local {
		c.Link.Operation(op.F)
	}
}

// complete records what came of an operation.
func (c *Client) complete(op Op, value any, err error) {
	done := c.event(op, outcome(err))
	if err == nil {
		done.Value = history.Value(value)
		if s := ownerOf(op); s != 0 {
			done.Session = history.ID(s)
		}
		if op.Zxid != nil {
			done.Zxid = history.ID(op.Zxid())
		}
	} else {
		done.Error = describe(err)
	}
	c.evidence(&done)
	c.record.Record(done)
	if done.Type == history.Info {
		c.process += history.Process(c.stride)
	}
}

// ownerOf asks for the owner; 0 if it is not known.
func ownerOf(op Op) (session int64) {
	if op.Owner == nil {
		return 0
	}
	_ = safely(func() error { session = op.Owner(); return nil })
	return session
}

// Fact records something that happened to this client's session or hold.
func (c *Client) Fact(f, key string, value any) {
	c.record.Record(history.Event{
		Process: history.SessionProcess, Client: c.ID, Type: history.Info, F: f, Key: key,
		Value: history.Value(value), Session: history.ID(c.SessionID()),
	})
}

func (c *Client) event(op Op, t history.Type) history.Event {
	e := history.Event{
		Process: c.process, Client: c.ID, Type: t, F: op.F, Key: op.Key,
		Session: history.ID(c.SessionID()),
	}
	c.evidence(&e)
	return e
}

// evidence adds what the link knows of the event's session.
func (c *Client) evidence(e *history.Event) {
	alive, seen := c.Link.Evidence(int64(e.Session))
	e.Alive, e.Seen = alive, history.ID(seen)
}

func outcome(err error) history.Type {
	switch {
	case err == nil:
		return history.OK
	case subjects.NoEffect(err):
		return history.Fail
	}
	return history.Info
}

// describe is an error for the record.
func describe(err error) *history.Error {
	return &history.Error{Code: codeOf(err), Message: strings.TrimSpace(err.Error())}
}

func codeOf(err error) string {
	switch {
	case errors.Is(err, errExit):
		return history.CodePanic
	case errors.Is(err, subjects.ErrProcess):
		return history.CodeProcess
	}
	return subjects.Code(err)
}
