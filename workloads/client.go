package workloads

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/subjects"
)

// Client is one client of a run: what its subjects get, and its place in the record. It
// does one operation at a time and is for one goroutine.
type Client struct {
	*subjects.Client
	Link *link.Link
	// Process is the process that the client lives in; nil for this process.
	Process Process

	record  *history.Recorder
	model   *models.Model
	process history.Process
	stride  int // number of clients: after its process ended, a client continues as process + stride
	life    int // life of its own process in which the latest operation began

	idle bool // its operations are left out; see arrives

	used    map[use]history.Use // what the record last said about sessions that the client used
	answers map[spot]*tally     // answers that the client got; nil unless followAnswers was called

	calm  <-chan struct{} // closed once no fault disturbs calls any more; nil: never
	grace time.Duration   // how long a call may take from then on, or from the end of its context
	stuck error           // the call that was given up; the client does nothing more
}

// NewClient makes the client with number c.ID of n.
func NewClient(c *subjects.Client, l *link.Link, r *history.Recorder, n int) *Client {
	return &Client{Client: c, Link: l, record: r, model: models.OfHeader(r.Header()), process: history.Process(c.ID), stride: n}
}

// use is a session that the client used for a key.
type use struct {
	key     string
	session history.ID
}

// GiveUp bounds calls that do not return although their context has ended. The client waits
// for such a call until calm is closed (every fault has been healed), and then for grace.
// After that the call stays open in the record, and the client does nothing more, because
// its subject is still inside. Without GiveUp there is no limit.
func (c *Client) GiveUp(calm <-chan struct{}, grace time.Duration) { c.calm, c.grace = calm, grace }

// Stuck returns an error about the call that was given up; nil if there was none.
func (c *Client) Stuck() error {
	if errors.As(c.stuck, new(*stuckError)) {
		return c.stuck
	}
	return nil
}

// Op is an operation to do and record.
type Op struct {
	F   string
	Key string
	// Arg is the invocation's value; Late, if set, returns it after the invocation's time
	// was taken.
	Arg  any
	Late func() any
	// Intended is when an open-loop client meant to begin; 0 means now.
	Intended time.Duration
	// Life is the life of the client's process to which the operation belongs: in another
	// life it cannot be done. 0 means any life.
	Life int
	// Timeout bounds the call; 0 is no limit.
	Timeout time.Duration
	// Run does the operation and returns the completion's value. If Timeout is set, it runs
	// on its own goroutine.
	Run func(ctx context.Context) (any, error)
	// Owner, if set, returns the session that owns what an ok operation created.
	Owner func() int64
	// Zxid, if set, returns the zxid of an ok operation's reply; 0 if it is unknown.
	Zxid func() int64
}

// Do records the invocation, runs the operation, and records the completion. It returns the
// error of Run; or, if nothing was done, an error that says why: a call of this client is
// stuck, its process is gone, ctx ended before the process was back, or the arrival is left
// out.
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
	if t := c.traffic(op); t != nil && t.Any() {
		invoke.Traffic = t
	}
	if op.Late != nil {
		c.record.RecordLate(invoke, op.Late)
	} else {
		invoke.Value = history.Value(op.Arg)
		c.record.Record(invoke)
	}
	value, err := c.call(ctx, op)
	if stuck, ok := errors.AsType[*stuckError](err); ok {
		c.Fact(history.FUnreturned, op.Key, history.Unreturned{Of: op.F, Until: stuck.until})
		c.stuck = err
		return err
	}
	c.complete(op, value, err)
	c.noteAnswer(op, value, err)
	return err
}

// operate calls an operation of a subject and records it: its argument and its answer are the values of the record.
// op has the rest. The answer is zero if there is an error: the call may then still be under way.
func operate[S, A, R any](ctx context.Context, c *Client, at contracts.At[S], o *contracts.Op[S, A, R], a A, op Op) (R, error) {
	var got, none R
	op.F = o.Name()
	op.Arg = recorded(a)
	op.Run = func(ctx context.Context) (any, error) {
		r, err := o.On(ctx, at, a)
		if err != nil {
			return nil, err
		}
		got = r
		return recorded(r), nil
	}
	if err := c.Do(ctx, op); err != nil {
		return none, err
	}
	return got, nil
}

// recorded returns a value as the record has it: nil for None.
func recorded(value any) any {
	if _, none := value.(contracts.None); none {
		return nil
	}
	return value
}

// tellLink tells the link which operation begins, if messages belong to it.
func (c *Client) tellLink(op Op) {
	if !c.model.Operation(op.F).Local {
		c.Link.Operation(op.F)
	}
}

// traffic returns what passed through the link since the last event of an operation to which
// messages belong; nil for an operation to which none belong.
func (c *Client) traffic(op Op) *history.Traffic {
	if c.model.Operation(op.F).Local {
		return nil
	}
	t := c.Link.TakeTraffic()
	return &t
}

// complete records the completion of an operation.
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
		done.Error = &history.Error{Code: codeOf(err), Message: strings.TrimSpace(err.Error())}
	}
	c.evidence(&done)
	done.Traffic = c.traffic(op)
	done.Used = c.news(done)
	c.record.Record(done)
	if done.Type == history.Info {
		c.process += history.Process(c.stride)
	}
}

// news returns the sessions that the client used for the key of a completion, without what the
// record or the completion itself already says.
func (c *Client) news(done history.Event) (news []history.Use) {
	if c.used == nil {
		c.used = map[use]history.Use{}
	}
	for _, u := range c.Link.Used(done.Key) {
		if u.Session == done.Session {
			u.Alive, u.Seen = 0, 0 // the completion has them
		}
		id := use{done.Key, u.Session}
		if was, known := c.used[id]; !known || was != u || u.Made {
			news = append(news, u)
		}
		c.used[id] = u
	}
	return news
}

// ownerOf returns the owner; 0 if it is unknown.
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

// evidence adds what the link knows about the event's session.
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

func codeOf(err error) string {
	switch {
	case errors.Is(err, errExit):
		return history.CodePanic
	case errors.Is(err, subjects.ErrProcess):
		return history.CodeProcess
	}
	return contracts.Code(err)
}
