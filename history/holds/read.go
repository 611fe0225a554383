package holds

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Evidence is what is known of clients beside what they say.
type Evidence interface {
	// Exited is the first end of a client's process at t or later, or None.
	Exited(client int, t time.Duration) Moment
	// Expired is when its client was told that the session was gone in which the hold
	// lives that op tells of, or gave it up, or None. It is asked once for each hold, in
	// order; one of which the client must have known that earlier, and still claims it, is
	// resumed: by another session, if any.
	Expired(op *history.Operation, resumed *Hold) Moment
	// Resumes says that a hold may still go on at t, behind that, in another session which it
	// can have been granted in.
	Resumes(h *Hold, t time.Duration) bool
	// Knows says that the client of a hold must know that at t.
	Knows(h *Hold, t time.Duration) bool
}

// Reader reads the holds of keys. Its methods are safe for concurrent use, if its
// fields are.
type Reader struct {
	Evidence Evidence
	// Remote says that subjects live in other processes and tell of losses: what a
	// release says of the hold is what had been heard by then.
	Remote bool
	// Decode reads the value of an event into v.
	Decode func(e *history.Event, v any)
	// End is the time of the last event.
	End time.Duration
}

// Key is what happened to one key.
type Key struct {
	Holds      []*Hold     // in order of their grants
	Statements []Statement // in order of invocation
}

// Statement is what a client said of a hold: an answer to "do you still hold?", or a
// release.
type Statement struct {
	Op    *history.Operation
	Said  bool // that it holds, or that it does not
	Held  bool
	Token history.ID
}

// holdsStill says that the client held by its own word. A release from elsewhere
// says nothing, and knows no loss.
func (s *Statement) holdsStill() bool { return s.Held || !s.Said && s.Op.F == history.FRelease }

// event is the one of the statement's operation that says it.
func (s *Statement) event() *history.Event {
	if s.Op.F == history.FConfirm {
		return s.Op.Return
	}
	return s.Op.Invoke
}

// Read reads the operations on a key, in order of invocation, and the facts that tell of
// lost holds of it, in order.
func (r *Reader) Read(key string, ops []*history.Operation, lost []*history.Event) Key {
	k := Key{Statements: r.statements(ops)}
	f := follower{r: r, key: key, holds: make([]*Hold, 0, len(ops)/4)}
	client := -1
	for _, m := range moments(ops, lost, k.Statements) {
		if m.client != client {
			client, f.last = m.client, nil
		}
		f.take(m)
	}
	for _, h := range f.holds {
		h.settle(r.End)
	}
	slices.SortFunc(f.holds, byGrant)
	k.Holds = f.holds
	return k
}

// byGrant is the order of grants.
func byGrant(x, y *Hold) int {
	return cmp.Or(cmp.Compare(x.Granted, y.Granted), cmp.Compare(x.Grant.Return.Index, y.Grant.Return.Index))
}

func (r *Reader) statements(ops []*history.Operation) []Statement {
	var all []Statement
	for _, op := range ops {
		if op.F != history.FRelease && (op.F != history.FConfirm || op.Outcome() != history.OK) {
			continue
		}
		var v struct {
			Held  *bool      `json:"held"`
			Token history.ID `json:"token"`
		}
		s := Statement{Op: op}
		r.Decode(s.event(), &v)
		s.Said, s.Token = v.Held != nil, v.Token
		s.Held = s.Said && *v.Held
		all = append(all, s)
	}
	return all
}

// moment is one thing that bears on a client's holds, at one event: one of the
// four is set.
type moment struct {
	client    int
	index     int
	acquire   *history.Operation
	downgrade *history.Operation
	statement *Statement
	lost      *history.Event
}

// moments are those of each client, in order, one client after the other.
func moments(ops []*history.Operation, lost []*history.Event, stated []Statement) []moment {
	of := make([]moment, 0, len(ops))
	for _, op := range ops {
		if op.F == history.FAcquire && op.Outcome() == history.OK {
			of = append(of, moment{client: op.Client, index: op.Return.Index, acquire: op})
		}
		if op.F == history.FDowngrade {
			of = append(of, moment{client: op.Client, index: op.Invoke.Index, downgrade: op})
		}
	}
	for i := range stated {
		s := &stated[i]
		of = append(of, moment{client: s.Op.Client, index: s.event().Index, statement: s})
	}
	for _, e := range lost {
		of = append(of, moment{client: e.Client, index: e.Index, lost: e})
	}
	slices.SortFunc(of, func(x, y moment) int { return cmp.Or(cmp.Compare(x.client, y.client), cmp.Compare(x.index, y.index)) })
	return of
}
