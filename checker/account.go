package checker

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// Compared is how much of one kind a property compared in each stage of a run.
type Compared = frame.Compared

// Account is the table of what the verdicts of a run rest on: what clients were answered, what properties compared, and what
// faults reached. The verdict, what is said of faults without an answer, and the advice of what would decide a run are read
// from it.
type Account struct {
	Clients    []ClientAccount   `json:"clients"`
	Properties []PropertyAccount `json:"properties"`
	Faults     []FaultAccount    `json:"faults"`
}

// ClientAccount says how often, and for how long, a client was answered. Each operation of the record is in one count of one
// client.
type ClientAccount struct {
	Client int `json:"client"`
	// Answered counts the calls that succeeded, or got an answer that the operation declares as an error. Unanswered counts the
	// others. Aside counts what the harness does by itself, such as confirms, and operations that the model does not know.
	Answered   Stages `json:"answered"`
	Unanswered Stages `json:"unanswered"`
	Aside      Stages `json:"aside"`
	// Times divides the load; nil if the record has no load phase.
	Times *ClientTimes `json:"times,omitempty"`
}

// Stages counts operations by the stage of a run in which they were. All are in Struck if the record has no stages.
type Stages struct {
	Before int `json:"before_faults"` // ended before the first fault
	Struck int `json:"after_faults"`  // between the others: while faults struck, or after one had
	Healed int `json:"after_heal"`    // began after the heal
}

// Sum returns the number of operations in all stages.
func (s Stages) Sum() int { return s.Before + s.Struck + s.Healed }

// ClientTimes divides the time of the load, for one client. While it had several calls, the one that began first counts.
type ClientTimes struct {
	Answered   time.Duration `json:"answered"`   // in calls that were answered
	Unanswered time.Duration `json:"unanswered"` // in calls that were not
	Idle       time.Duration `json:"idle"`       // between calls
	// WithoutSession is the time before the client's first session, between sessions, and after the last one was over.
	WithoutSession time.Duration `json:"without_session"`
}

// PropertyAccount says what a property compared, and what it left out.
type PropertyAccount struct {
	Property string     `json:"property"`
	Compared []Compared `json:"compared,omitempty"` // empty: nothing, or nothing that is counted by stage
	LeftOut  []string   `json:"left_out,omitempty"` // each with its reason
	// Short means that all that was missing came too early or too late: before the first fault, or after the heal.
	Short bool `json:"short,omitempty"`
}

// FaultAccount says what a fault reached.
type FaultAccount struct {
	Number int           `json:"number"`
	Kind   string        `json:"kind"`
	Spec   string        `json:"spec,omitempty"`
	Took   bool          `json:"took_effect"`
	At     time.Duration `json:"at"` // when it took effect; else when it was tried
	// Servers and Clients count what it hit. Calls counts the calls under way when it took effect.
	Servers int `json:"servers"`
	Clients int `json:"clients"`
	Calls   int `json:"calls"`
	// Called counts the calls of the load that went on after it took effect, and Answered those that succeeded by the end
	// of the load.
	Called   int `json:"called_after"`
	Answered int `json:"answered_after"`
}

// accountOf returns the account of a record, without properties.
func accountOf(a *evidence.Record) *Account {
	acc := &Account{Clients: []ClientAccount{}, Properties: []PropertyAccount{}, Faults: []FaultAccount{}}
	b := bookkeeper{Record: a, rows: map[int]*clientRow{}, load: evidence.Span{From: a.Phase(history.PhaseLoad), To: a.Phase(history.PhaseHeal)}}
	b.end, b.load.To = b.load.To, min(b.load.To, a.End)
	if a.Params.Load > 0 {
		b.end = min(b.end, b.load.From+a.Params.Load)
	}
	if !a.Foreign { // others do not say when the load ended
		for _, f := range a.Faults.All {
			acc.Faults = append(acc.Faults, rowOf(f))
		}
	}
	b.faults = acc.Faults
	for op := range a.History.EachOperation() {
		b.enter(op)
	}
	for _, r := range b.rows {
		acc.Clients = append(acc.Clients, r.close(b.load))
	}
	slices.SortFunc(acc.Clients, func(x, y ClientAccount) int { return cmp.Compare(x.Client, y.Client) })
	return acc
}

// bookkeeper makes an account from operations.
type bookkeeper struct {
	*evidence.Record
	rows   map[int]*clientRow
	faults []FaultAccount
	load   evidence.Span
	end    time.Duration // of the load: the first faults are undone before the next phase begins
}

// clientRow is the row of a client under construction.
type clientRow struct {
	ClientAccount
	times   ClientTimes
	without []evidence.Span // a session
	until   time.Duration   // the time that is in the row
}

func (b *bookkeeper) row(client int) *clientRow {
	r := b.rows[client]
	if r == nil {
		r = &clientRow{ClientAccount: ClientAccount{Client: client}, without: b.WithoutSession(client, b.load), until: b.load.From}
		for _, s := range r.without {
			r.times.WithoutSession += s.Length()
		}
		b.rows[client] = r
	}
	return r
}

// enter enters an operation.
func (b *bookkeeper) enter(op *history.Operation) {
	r, s := b.row(op.Client), evidence.Span{From: op.Began(), To: evidence.Ended(op)}
	answered, counts, passed := answers(op), &r.Unanswered, &r.times.Unanswered
	if answered {
		counts, passed = &r.Answered, &r.times.Answered
	}
	aside := !b.Object.Knows(op.F) || b.Object.Operation(op.F).Local
	if aside {
		counts = &r.Aside
	}
	switch before, after := frame.StageOf(b.Record, s); {
	case before:
		counts.Before++
	case after:
		counts.Healed++
	default:
		counts.Struck++
	}
	*passed += r.take(evidence.Span{From: s.From, To: min(s.To, b.load.To)})
	for i := range b.faults {
		if f := &b.faults[i]; f.Took && !aside && s.From < b.end && s.To > f.At {
			f.reach(s, op.Outcome() == history.OK && s.To <= b.end)
		}
	}
}

// reach enters a call of the load that went on after the fault took effect.
func (f *FaultAccount) reach(s evidence.Span, succeeded bool) {
	f.Called++
	if s.From < f.At {
		f.Calls++
	}
	if succeeded {
		f.Answered++
	}
}

// answers reports whether a call succeeded, or got an answer that is no success.
func answers(op *history.Operation) bool {
	switch op.Outcome() {
	case history.OK:
		return true
	case history.Fail:
		return op.Return.Error != nil && !slices.Contains([]string{history.CodeError, history.CodePanic, history.CodeProcess, history.CodeTimeout, history.CodeCancelled}, op.Return.Error.Code)
	}
	return false
}

// take returns how much of a span no earlier call took, with a session.
func (r *clientRow) take(s evidence.Span) (n time.Duration) {
	s.From = max(s.From, r.until)
	if s.From >= s.To {
		return 0
	}
	r.until = s.To
	for _, left := range evidence.Subtract([]evidence.Span{s}, r.without) {
		n += left.Length()
	}
	return n
}

// close returns the finished row.
func (r *clientRow) close(load evidence.Span) ClientAccount {
	if load.From < load.To {
		r.times.Idle = load.Length() - r.times.Answered - r.times.Unanswered - r.times.WithoutSession
		r.Times = &r.times
	}
	return r.ClientAccount
}

// rowOf returns the row of a fault, before any call is entered.
func rowOf(f *evidence.Fault) FaultAccount {
	row := FaultAccount{Number: f.Number, Kind: f.Kind, Spec: f.Spec, Took: f.Took, At: f.From, Servers: len(f.Servers), Clients: len(f.Clients)}
	if f.Took {
		row.At = max(f.From, f.Verified)
	}
	return row
}

// silent returns the kinds of faults that took effect if no operation of the load succeeded after the first of them, in the order
// of their first effects; called reports whether clients called some then, or waited in one. A fault that comes late, after
// others, may leave no time for an answer.
func (acc *Account) silent() (kinds []string, at time.Duration, called bool) {
	took := slices.DeleteFunc(slices.Clone(acc.Faults), func(f FaultAccount) bool { return !f.Took })
	slices.SortStableFunc(took, func(x, y FaultAccount) int { return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Kind, y.Kind)) })
	if len(took) == 0 || took[0].Answered > 0 {
		return nil, 0, false
	}
	for _, f := range took {
		if !slices.Contains(kinds, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds, took[0].At, took[0].Called > 0
}

// without returns the kinds of faults that took effect if no operation succeeded after them: as unanswered if clients called
// some, or waited in one, else as uncalled.
func (acc *Account) without() (unanswered, uncalled []string) {
	kinds, _, called := acc.silent()
	if called {
		return kinds, nil
	}
	return nil, kinds
}

// addProperties adds the rows of properties.
func (acc *Account) addProperties(verdicts []Verdict, without []NotAvailable) {
	for i := range verdicts {
		v := &verdicts[i]
		n := len(acc.Properties)
		if n == 0 || acc.Properties[n-1].Property != v.Property {
			acc.Properties = append(acc.Properties, PropertyAccount{Property: v.Property, Compared: frame.AllCompared(v.Figures, v.Staged)})
			n++
		}
		row := &acc.Properties[n-1]
		row.Short = row.Short || v.Short
		row.LeftOut = append(row.LeftOut, frame.LeftOut(v.Figures)...)
		if v.Result == Unknown && !v.Unexercised {
			row.LeftOut = append(row.LeftOut, v.Reason)
		}
	}
	for _, n := range without {
		if n.Kind == "property" {
			acc.Properties = append(acc.Properties, PropertyAccount{Property: n.Name, LeftOut: []string{n.Why}})
		}
	}
}
