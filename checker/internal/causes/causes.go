package causes

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Transaction is a committed transaction that explains part of a violation.
type Transaction struct {
	Zxid history.ID `json:"zxid"`
	// Session made the request, or its end made the transaction. Client is the client that had the
	// session, or -1 if none of the record's clients had it.
	Session history.ID `json:"session,omitempty"`
	Client  int        `json:"client"`
	// Type is the type of a history.Txn; for a multi, of the part that matters. Path is the znode.
	Type string `json:"type"`
	Path string `json:"path,omitempty"`
	// Text is a sentence: which client did what to which znode, whose znode it was, and when. It
	// names znodes relative to the run's root. It has no control characters.
	Text string `json:"text"`
	// Calls lists the events that began the calls that explain the transaction: the call that made
	// a remaining znode, the call that was to delete it, the call that deleted an item.
	Calls []int `json:"calls,omitempty"`
	// Faults are the kinds of zklab's faults that the text names.
	Faults []string `json:"faults,omitempty"`
}

// most is the maximum number of transactions that explain one violation.
const most = 8

// weight is how much a transaction explains. If there are too many, the lightest are left out.
type weight int

const (
	shown   weight = iota // the last answer of the counterexample shows it
	taken                 // something was removed by a client that had not made it
	left                  // something was made that no client removed
	made                  // something was made, or written
	given                 // something was ended by its maker
	changed               // a call of the counterexample changed something
	between               // another call changed the same znode
	aside                 // an outsider did something besides
)

// line is a transaction that may be reported.
type line struct {
	Transaction
	weight weight
}

// search finds the transactions that explain one counterexample.
type search struct {
	*evidence.Record
	of     *models.Model
	tie    *evidence.Zxids
	actors *actors
	key    *evidence.Key
	ops    []*history.Operation        // of the counterexample
	facts  []*history.Event            // of the counterexample
	asked  map[*history.Operation]bool // those of ops whose call, but not whose completion, is in the counterexample
	low    uint64                      // everything in the counterexample was committed after this zxid,
	high   uint64                      // and before this one
	lines  []line
	trails []trail
	faults []string // kinds that the sentence under construction names
	// waiting means that the violation is that something did not happen in time.
	waiting bool
	about   []*evidence.Znode                      // znodes that the violation names
	blamed  map[*evidence.Znode]bool               // znodes of the key that it names, or shows to have been left
	claims  map[*evidence.Znode]bool               // znodes that name an item that was left
	grants  map[*evidence.Znode]*history.Operation // the calls that made znodes to begin a stay
}

// Violation is the violation to explain.
type Violation struct {
	Key            string // "": it may be about any
	Counterexample []int
	Znodes         []*evidence.Znode // znodes that the violation names
	Waiting        bool              // the violation is that something did not happen in time
}

// Of returns the transactions that explain a violation, in order of zxids: a few at most, and none
// if the log or the record does not show them. It is safe for concurrent use.
func Of(a *evidence.Record, v Violation) []Transaction {
	if len(a.Transactions) == 0 || a.Params.Root == "" || a.Object.Keyless || !a.AnySession() {
		return nil
	}
	counterexample := evidence.Indices(v.Counterexample...)
	s := &search{Record: a, of: a.Object, tie: a.Tie(), actors: actorsOf(a), about: v.Znodes, waiting: v.Waiting}
	for _, k := range keysOf(a, v.Key) {
		s.look(k, counterexample)
	}
	return s.heaviest()
}

// byName maps the names of a record's keys to the keys.
var byName = evidence.Once(func(a *evidence.Record) map[string]*evidence.Key {
	of := map[string]*evidence.Key{}
	for _, k := range a.Keys {
		of[k.Name] = k
	}
	return of
})

// keysOf returns the key with a name, or all.
func keysOf(a *evidence.Record, name string) []*evidence.Key {
	if k := byName(a)[name]; k != nil && name != "" {
		return []*evidence.Key{k}
	}
	return a.Keys
}

// look examines a key, as far as the counterexample is about it.
func (s *search) look(k *evidence.Key, counterexample []int) {
	in := func(e *history.Event) bool {
		if e == nil {
			return false
		}
		_, found := slices.BinarySearch(counterexample, e.Index)
		return found
	}
	s.key, s.ops, s.facts, s.asked = k, nil, nil, map[*history.Operation]bool{}
	for _, op := range k.Ops() {
		if in(op.Invoke) || in(op.Return) {
			s.ops = append(s.ops, op)
			s.asked[op] = !in(op.Return)
		}
	}
	for _, e := range k.Facts {
		if in(e) {
			s.facts = append(s.facts, e)
		}
	}
	if len(s.ops)+len(s.facts) == 0 || !s.bound(in) {
		return
	}
	s.of = asBuiltIn(s.Object, s.ops)
	if s.of.OnZnodes {
		s.znodes()
		if !models.Known(s.of.Name) {
			s.changes()
		}
	} else {
		s.values()
	}
}

// bound finds the zxids between which the counterexample's operations on a key took place.
func (s *search) bound(in func(*history.Event) bool) bool {
	from, to := evidence.Never, evidence.Always
	note := func(e *history.Event) {
		if in(e) {
			from, to = min(from, e.Time), max(to, e.Time)
		}
	}
	for _, op := range s.ops {
		note(op.Invoke)
		note(op.Return)
	}
	for _, e := range s.facts {
		note(e)
	}
	s.low, s.high = s.tie.Floor(from), s.ceil(to)
	return from <= to
}

// ceil returns a zxid above everything that can have been seen by t.
func (s *search) ceil(t time.Duration) uint64 {
	if z, _, ok := s.tie.Ceil(t); ok {
		return z
	}
	return math.MaxUint64
}

// span returns zxids, low and high, such that an operation that took effect before it
// returned did so above low and below high.
func (s *search) span(op *history.Operation) (low, high uint64) {
	low, high = s.tie.Floor(op.Began()), math.MaxUint64
	if op.Return != nil {
		high = s.ceil(op.Return.Time)
	}
	return low, high
}

// add adds a transaction, unless it is there already: one that ends several znodes is reported
// once. A line about a program's own object has all that its transaction did.
func (s *search) add(w weight, zxid uint64, session history.ID, of, path, text string, calls ...*history.Operation) {
	t := Transaction{Zxid: history.ID(zxid), Session: session, Client: s.client(session), Type: of, Path: path, Text: text}
	t.Faults, s.faults = s.faults, nil
	for _, op := range calls {
		t.Calls = append(t.Calls, op.Invoke.Index)
	}
	same := func(l line) bool {
		return l.Zxid == t.Zxid && (l.Path == t.Path && l.Type == t.Type || of != "closeSession" && !models.Known(s.of.Name))
	}
	if !slices.ContainsFunc(s.lines, same) {
		s.lines = append(s.lines, line{t, w})
	}
}

// heaviest returns the transactions that explain most, in order of zxids.
func (s *search) heaviest() []Transaction {
	slices.SortStableFunc(s.lines, func(x, y line) int { return cmp.Compare(x.weight, y.weight) })
	if len(s.lines) > most {
		s.lines = s.lines[:most]
	}
	slices.SortStableFunc(s.lines, func(x, y line) int { return x.Zxid.Compare(y.Zxid) })
	for i := range s.trails {
		s.leaveOut(&s.trails[i])
	}
	var of []Transaction
	for _, l := range s.lines {
		of = append(of, l.Transaction)
	}
	return of
}
