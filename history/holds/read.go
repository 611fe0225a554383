package holds

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Evidence tells more about clients than their own answers do.
type Evidence interface {
	// Exited returns the first end of the client's process at t or later, or None.
	Exited(client int, t time.Duration) Moment
	// Expired returns when the client learned that the session of its hold ended, or when it gave
	// the session up, or None. op is the operation that shows the hold. Expired is called once for
	// each hold, in order. resumed is the client's previous hold, if the client claims it although
	// it must have known of its end; the claim then belongs to another session, if any.
	Expired(op *history.Operation, resumed *Hold) Moment
	// Resumes reports whether the hold may still last at t, after its expiry, in another session in
	// which it can have been granted.
	Resumes(h *Hold, t time.Duration) bool
	// Knows reports whether the client of a hold must know of its expiry at t.
	Knows(h *Hold, t time.Duration) bool
}

// Reader reads the holds of keys. Its methods are safe for concurrent use if its fields are.
type Reader struct {
	Object   *models.Model // whose operations grant and end holds
	Evidence Evidence
	// Remote means that subjects live in other processes and report losses. A release then tells
	// about the hold only what the harness had heard by that time.
	Remote bool
	// Decode reads the value of an event into v.
	Decode func(e *history.Event, v any)
	// End is the time of the last event.
	End time.Duration
}

// Key lists what happened to one key.
type Key struct {
	Holds      []*Hold     // in order of their grants
	Statements []Statement // in order of invocation
}

// Statement is a client's own word about a hold: an answer to "do you still hold?", or a release.
type Statement struct {
	Op    *history.Operation
	Said  bool // the client said whether it holds
	Held  bool
	Token history.ID

	ends bool // it is a release
}

// holdsStill reports whether the client held according to itself. A release in a history from
// another tool says nothing and knows of no loss.
func (s *Statement) holdsStill() bool { return s.Held || !s.Said && s.ends }

// event returns the event of the operation that makes the statement.
func (s *Statement) event() *history.Event {
	if s.ends {
		return s.Op.Invoke
	}
	return s.Op.Return
}

// Read reads the operations on a key, in order of invocation, and the facts that report lost holds
// of the key, in order.
func (r *Reader) Read(key string, ops []*history.Operation, lost []*history.Event) Key {
	k := Key{Statements: r.statements(ops)}
	f := follower{r: r, key: key, holds: make([]*Hold, 0, len(ops)/4)}
	client := -1
	for _, m := range r.moments(ops, lost, k.Statements) {
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

// byGrant orders holds by their grants.
func byGrant(x, y *Hold) int {
	return cmp.Or(cmp.Compare(x.Granted, y.Granted), cmp.Compare(x.Grant.Return.Index, y.Grant.Return.Index))
}

func (r *Reader) statements(ops []*history.Operation) []Statement {
	var all []Statement
	for _, op := range ops {
		ends := r.Object.Releases(op.F)
		if !ends && (!r.Object.Operation(op.F).Affirms || op.Outcome() != history.OK) {
			continue
		}
		var v struct {
			Held  *bool      `json:"held"`
			Token history.ID `json:"token"`
		}
		s := Statement{Op: op, ends: ends}
		r.Decode(s.event(), &v)
		s.Said, s.Token = v.Held != nil, v.Token
		s.Held = s.Said && *v.Held
		all = append(all, s)
	}
	return all
}

// moment is one event that concerns a client's holds. One of the four fields is set.
type moment struct {
	client    int
	index     int
	acquire   *history.Operation
	downgrade *history.Operation
	statement *Statement
	lost      *history.Event
}

// moments returns the moments of each client in order, one client after another.
func (r *Reader) moments(ops []*history.Operation, lost []*history.Event, stated []Statement) []moment {
	of := make([]moment, 0, len(ops))
	for _, op := range ops {
		if r.Object.Grants(op.F) && op.Outcome() == history.OK {
			of = append(of, moment{client: op.Client, index: op.Return.Index, acquire: op})
		}
		if r.Object.Operation(op.F).Lessens {
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
