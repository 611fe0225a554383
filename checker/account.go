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
	Load       LoadAccount       `json:"load"`
	Clients    []ClientAccount   `json:"clients"`
	Properties []PropertyAccount `json:"properties"`
	Faults     []FaultAccount    `json:"faults"`
}

// LoadAccount counts the calls that succeeded or were refused ([history.CodeRefused]), which show that a subject works.
type LoadAccount struct {
	// Before counts those that ended before the first fault; or, without faults, before the heal. OnKey counts them on the key
	// that has most.
	Before int `json:"before_faults"`
	OnKey  int `json:"on_one_key"`
	// Ended counts those that ended before the heal. Refused counts those that were refused, in the whole run.
	Ended   int `json:"before_heal"`
	Refused int `json:"refused"`
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
	// Stuck means that the call that began last never returned.
	Stuck bool `json:"stuck"`
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
	if !a.Foreign { // others do not say when the load ended
		for _, f := range a.Faults.All {
			acc.Faults = append(acc.Faults, rowOf(f))
		}
	}
	heal := a.Phase(history.PhaseHeal)
	b := bookkeeper{
		Record: a, acc: acc, rows: map[int]*clientRow{}, onKey: map[string]int{}, strikes: acc.strikes(),
		load: evidence.Span{From: a.Phase(history.PhaseLoad), To: min(heal, a.End)}, fault: a.Faults.First(), heal: heal, end: heal,
	}
	if b.fault == evidence.Never {
		b.fault = heal
	}
	if a.Params.Load > 0 {
		b.end = min(b.end, b.load.From+a.Params.Load)
	}
	b.reached = make([]FaultAccount, len(b.strikes)+1)
	for op := range a.History.EachOperation() {
		b.enter(op)
	}
	b.closeFaults()
	for _, r := range b.rows {
		acc.Clients = append(acc.Clients, r.close(b.load))
	}
	slices.SortFunc(acc.Clients, func(x, y ClientAccount) int { return cmp.Compare(x.Client, y.Client) })
	return acc
}

// bookkeeper makes an account from operations.
type bookkeeper struct {
	*evidence.Record
	acc     *Account
	rows    map[int]*clientRow
	onKey   map[string]int  // LoadAccount.OnKey of each key
	strikes []*FaultAccount // those that took effect, in order of time
	// reached has at i what is to be added to each of the first i strikes.
	reached []FaultAccount
	load    evidence.Span
	fault   time.Duration // when the first fault began; without faults, the heal
	heal    time.Duration
	end     time.Duration // of the load: the first faults are undone before the next phase begins
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
	r.Stuck = op.Return == nil
	answered, counts, passed := answers(op), &r.Unanswered, &r.times.Unanswered
	if answered {
		counts, passed = &r.Answered, &r.times.Answered
	}
	aside := !b.Object.Knows(op.F) || b.Object.Operation(op.F).Local
	if aside {
		counts = &r.Aside
	} else {
		b.enterLoad(op)
		b.enterFaults(s, op.Outcome() == history.OK)
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
}

// enterLoad enters a call that a client made, if it shows that the subject works.
func (b *bookkeeper) enterLoad(op *history.Operation) {
	load := &b.acc.Load
	switch {
	case refused(op):
		load.Refused++
	case op.Outcome() != history.OK:
		return
	}
	if op.Return.Time <= b.heal {
		load.Ended++
	}
	if op.Return.Time > b.fault {
		return
	}
	key := op.Key
	if b.Object.Keyless {
		key = ""
	}
	load.Before++
	b.onKey[key]++
	load.OnKey = max(load.OnKey, b.onKey[key])
}

// refused reports whether a call got an answer that its operation declares as an error.
func refused(op *history.Operation) bool {
	return op.Return != nil && op.Return.Error != nil && op.Return.Error.Code == history.CodeRefused
}

// enterFaults enters a call for the faults that took effect before it ended, if it began in the load.
func (b *bookkeeper) enterFaults(s evidence.Span, succeeded bool) {
	if s.From >= b.end {
		return
	}
	at := func(f *FaultAccount, t time.Duration) int { return cmp.Compare(f.At, t) }
	ended, _ := slices.BinarySearchFunc(b.strikes, s.To, at)
	begun, _ := slices.BinarySearchFunc(b.strikes, s.From+1, at)
	b.reached[ended].Called++
	if begun < ended {
		b.reached[ended].Calls++
		b.reached[begun].Calls--
	}
	if succeeded && s.To <= b.end {
		b.reached[ended].Answered++
	}
}

// closeFaults finishes the rows of the faults.
func (b *bookkeeper) closeFaults() {
	var sum FaultAccount
	for i, f := range slices.Backward(b.strikes) {
		more := b.reached[i+1]
		sum.Calls, sum.Called, sum.Answered = sum.Calls+more.Calls, sum.Called+more.Called, sum.Answered+more.Answered
		f.Calls, f.Called, f.Answered = sum.Calls, sum.Called, sum.Answered
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
	for len(r.without) > 0 && r.without[0].To <= s.From {
		r.without = r.without[1:] // later calls begin later
	}
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

// strikes returns the faults that took effect, in the order of their effects.
func (acc *Account) strikes() (took []*FaultAccount) {
	for i := range acc.Faults {
		if acc.Faults[i].Took {
			took = append(took, &acc.Faults[i])
		}
	}
	slices.SortStableFunc(took, func(x, y *FaultAccount) int { return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Kind, y.Kind)) })
	return took
}

// silent returns the kinds of faults that took effect if no operation of the load succeeded after the first of them, in the order
// of their first effects; called reports whether clients called some then, or waited in one. A fault that comes late, after
// others, may leave no time for an answer.
func (acc *Account) silent() (kinds []string, at time.Duration, called bool) {
	took := acc.strikes()
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
			acc.Properties = append(acc.Properties, PropertyAccount{Property: v.Property, Compared: v.Compared})
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
