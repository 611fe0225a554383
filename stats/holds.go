package stats

import (
	"time"

	"github.com/zklab/zklab/history"
)

// Hold is a stretch in which a client held a key, as the client saw it: from
// the grant to the invocation of the release, or until it knew that the hold
// was lost. Whether the hold was right is package checker's business.
type Hold struct {
	Span
	Key     string
	Client  int
	Token   history.ID
	Session history.ID
	// Believed is how long the client certainly believed in the hold: to the
	// end, or where the end is not known exactly, to the answer of the last
	// confirm that was true.
	Believed time.Duration
	Lost     bool // it ended by being told so, not by a release
	Open     bool // the record ends before it does
}

// holding is a hold that has not ended yet.
type holding struct {
	*Hold
	confirmed time.Duration // when the last confirm answered true
}

type holdKey struct {
	client int
	key    string
}

// holdScan follows the events in order of time.
type holdScan struct {
	op   map[*history.Event]*history.Operation // by invocation and by completion
	open map[holdKey]*holding
	all  []*Hold
}

// Holds are the holds of a history, in order of their grants.
func Holds(h *history.History) []Hold {
	s := holdScan{op: map[*history.Event]*history.Operation{}, open: map[holdKey]*holding{}}
	for _, op := range h.Operations() {
		s.op[op.Invoke] = op
		if op.Return != nil {
			s.op[op.Return] = op
		}
	}
	for i := range h.Events {
		s.event(&h.Events[i])
	}
	end := End(h)
	for _, o := range s.open {
		o.Until, o.Believed, o.Open = end, max(o.From, o.confirmed), true
	}
	out := make([]Hold, len(s.all))
	for i, p := range s.all {
		out[i] = *p
	}
	return out
}

func (s *holdScan) event(e *history.Event) {
	at := holdKey{e.Client, e.Key}
	if e.Process == history.SessionProcess && e.F == history.FLost {
		s.lost(e, at)
		return
	}
	op := s.op[e]
	if e.Process < 0 || op == nil {
		return
	}
	at = holdKey{op.Client, op.Key}
	switch {
	case e == op.Invoke && op.F == history.FRelease && op.Outcome() != history.Fail:
		s.release(e, at)
	case e == op.Return && op.F == history.FAcquire && e.Type == history.OK:
		s.grant(op, at)
	case e == op.Return && op.F == history.FConfirm && e.Type == history.OK:
		s.confirm(op, at)
	}
}

func (s *holdScan) grant(op *history.Operation, at holdKey) {
	// A client that asks again no longer believes in the hold that it had.
	s.end(at, op.Began(), true)
	var g history.Grant
	_ = op.Return.Decode(&g) // a foreign value has no token
	s.begin(op, g.Token, at)
}

// begin is a hold that begins with the operation's return.
func (s *holdScan) begin(op *history.Operation, token history.ID, at holdKey) {
	h := &Hold{
		Span: Span{From: op.Return.Time}, Key: op.Key, Client: op.Client,
		Token: token, Session: op.Return.Session,
	}
	s.all = append(s.all, h)
	s.open[at] = &holding{Hold: h}
}

func (s *holdScan) release(e *history.Event, at holdKey) {
	held := history.Held{Held: true}
	_ = e.Decode(&held)
	s.end(at, e.Time, held.Held)
}

// confirm takes in the answer to "do you still hold?". A yes without a hold, or
// with another token, is a new hold: of a leader that leads again by itself.
func (s *holdScan) confirm(op *history.Operation, at holdKey) {
	var held history.Held
	if op.Return.Decode(&held) != nil {
		return
	}
	o := s.open[at]
	switch {
	case held.Held && (o == nil || held.Token != 0 && o.Token != 0 && held.Token != o.Token):
		s.end(at, op.Began(), false)
		s.begin(op, held.Token, at)
	case held.Held:
		o.confirmed = op.Return.Time
	case o != nil:
		s.end(at, op.Return.Time, false)
	}
}

func (s *holdScan) lost(e *history.Event, at holdKey) {
	o := s.open[at]
	var l history.LostHold
	if o == nil || e.Decode(&l) != nil {
		return
	}
	if l.Token != 0 && o.Token != 0 && l.Token != o.Token {
		return // news of an earlier hold
	}
	o.Lost = true
	s.end(at, e.Time, true)
}

// end ends the hold; believed says that it was believed in until then.
func (s *holdScan) end(at holdKey, t time.Duration, believed bool) {
	o := s.open[at]
	if o == nil {
		return
	}
	o.Until, o.Believed = max(o.From, t), max(o.From, t)
	if !believed {
		o.Believed = max(o.From, o.confirmed)
		o.Lost = true
	}
	delete(s.open, at)
}
