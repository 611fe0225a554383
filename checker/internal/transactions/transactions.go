// Package transactions decides histories of a two-phase commit: all sites are told the same outcome
// of a transaction, which follows from the votes, and stands. The package must not know how votes
// are counted, nor what was done to the run.
package transactions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// TwoPhaseCommit is a transaction on which each site has one vote.
var TwoPhaseCommit = frame.Model{
	Object: models.TwoPhaseCommit,
	Properties: []*frame.Property{
		agreement, validity, noLazyAbort, irrevocable, termination,
		frame.LogAgrees(func(a *evidence.Record) bool { return outcomesOf(a).Trusted() }, inLog),
	},
	References: []*frame.Reference{reference},
}

// transaction holds what happened to one transaction.
type transaction struct {
	*evidence.Key
	prepare  *history.Operation // the call that names the sites; nil: the sites are not known
	sites    []string
	votes    map[string]*ballot
	asked    []*outcomeQuery // all calls that ask for the outcome, in order of invocation
	told     []*outcomeQuery // the queries that were answered, in order of their answers
	confused string          // why nothing can be said about it; "" if it is usable
	figures  map[string]float64
}

// ballot holds the vote of a site.
type ballot struct {
	site string
	yes  bool
	ops  []*history.Operation // votes that did not fail
	in   *history.Operation   // the first of these votes that was acknowledged; nil if there is none
}

// inBy returns when the vote had certainly been cast; never if that is not known.
func (b *ballot) inBy() time.Duration {
	if b == nil || b.in == nil {
		return evidence.Never
	}
	return b.in.Return.Time
}

// outcomeQuery is a call that asks for the outcome.
type outcomeQuery struct {
	op     *history.Operation
	commit bool          // the outcome that the client was told
	due    time.Duration // from when on it may count missing votes as no; never if it may not
}

func (q *outcomeQuery) ret() time.Duration { return q.op.Return.Time }

func (q *outcomeQuery) events() []int { return evidence.EventsOf(q.op) }

// mayLapse reports whether the call may have aborted the transaction because votes were
// missing.
func (q *outcomeQuery) mayLapse() bool {
	outcome := q.op.Outcome()
	return q.due != evidence.Never && outcome != history.Fail && !(outcome == history.OK && (q.commit || q.ret() < q.due))
}

var transactionOf = evidence.OncePerKey(readTransaction)

func readTransaction(k *evidence.Key) *transaction {
	t := &transaction{Key: k, votes: map[string]*ballot{}, figures: map[string]float64{}}
	for _, op := range k.Ops() {
		switch op.F {
		case models.FPrepare:
			t.begins(op)
		case models.FVote:
			t.vote(op)
		case models.FDecide, models.FOutcome:
			t.ask(op)
		}
	}
	slices.SortStableFunc(t.told, func(x, y *outcomeQuery) int { return cmp.Compare(x.ret(), y.ret()) })
	t.count()
	return t
}

func (t *transaction) begins(op *history.Operation) {
	var v models.Sites
	t.Decode(op.Invoke, &v)
	if len(v.Sites) == 0 {
		t.confused = "it was begun without a site"
	}
	if t.prepare != nil && !slices.Equal(v.Sites, t.sites) {
		t.confused = "it was begun with different sites"
	}
	// A successful call is the most likely one to have begun the transaction.
	if t.prepare == nil || t.prepare.Outcome() != history.OK && op.Outcome() == history.OK {
		t.prepare, t.sites = op, v.Sites
	}
}

func (t *transaction) vote(op *history.Operation) {
	if op.Outcome() == history.Fail {
		return
	}
	var v models.Ballot
	t.Decode(op.Invoke, &v)
	b := t.votes[v.Site]
	if b == nil {
		b = &ballot{site: v.Site, yes: v.Yes}
		t.votes[v.Site] = b
	}
	if b.yes != v.Yes {
		t.confused = "site " + strconv.Quote(v.Site) + " voted both yes and no"
	}
	b.ops = append(b.ops, op)
	if op.Outcome() == history.OK && op.Return.Time < b.inBy() {
		b.in = op
	}
}

func (t *transaction) ask(op *history.Operation) {
	q := &outcomeQuery{op: op, due: evidence.Never}
	if op.F == models.FDecide {
		var v models.Deciding
		t.Decode(op.Invoke, &v)
		q.due = op.Began() + v.Length()
	}
	t.asked = append(t.asked, q)
	if op.Outcome() == history.OK {
		var d models.Decision
		t.Decode(op.Return, &d)
		q.commit = d.Commit
		t.told = append(t.told, q)
	}
}

// first returns the first query that was answered commit, or abort; nil if there is none.
func (t *transaction) first(commit bool) *outcomeQuery {
	for _, q := range t.told {
		if q.commit == commit {
			return q
		}
	}
	return nil
}

// allIn returns when the yes of every site had certainly been cast; never if that is not
// known.
func (t *transaction) allIn() time.Duration {
	if len(t.sites) == 0 {
		return evidence.Never
	}
	last := evidence.Always
	for _, site := range t.sites {
		b := t.votes[site]
		if b == nil || !b.yes {
			return evidence.Never
		}
		last = max(last, b.inBy())
	}
	return last
}

// allVotes returns the events that show which sites there are, and that all of them
// voted yes.
func (t *transaction) allVotes() []int {
	counterexample := evidence.EventsOf(t.prepare)
	for _, site := range t.sites {
		counterexample = append(counterexample, evidence.EventsOf(t.votes[site].in)...)
	}
	return counterexample
}

// isSite reports whether a vote counts. If the sites are not known, all votes do.
func (t *transaction) isSite(site string) bool {
	return t.prepare == nil || slices.Contains(t.sites, site)
}

// count counts what the exercise conditions require.
func (t *transaction) count() {
	for _, name := range []string{"committed", "aborted", "orphaned", "told_again"} {
		t.figures[name] = 0
	}
	if len(t.told) == 0 {
		return
	}
	first := t.told[0]
	if first.commit {
		frame.TallyKey(t.figures, t.Key, "committed")
	} else {
		frame.TallyKey(t.figures, t.Key, "aborted")
	}
	for _, q := range t.told {
		if q.op.Began() > first.ret() {
			t.figures["told_again"]++
		}
	}
	if t.orphaned(first) {
		t.figures["orphaned"]++
	}
}

// orphaned reports whether the client that began the transaction was no longer active, after a vote
// was cast, when another client was first told the outcome.
func (t *transaction) orphaned(first *outcomeQuery) bool {
	if t.prepare == nil || len(t.votes) == 0 || first.op.Client == t.prepare.Client {
		return false
	}
	for _, q := range t.asked {
		if q.op.Client == t.prepare.Client && q.op.Began() <= first.ret() && evidence.Ended(q.op) >= first.ret() {
			return false
		}
	}
	return true
}

// enough describes which transactions are missing for the property to have been
// exercised, or returns "".
func enough(_ *evidence.Record, figures map[string]float64) string {
	return cmp.Or(
		frame.Few(figures["committed"], 1, "transactions that were committed"),
		frame.Few(figures["aborted"], 1, "transactions that were aborted"),
		frame.Few(figures["orphaned"], 1, "transactions whose coordinator was gone when a client saw the outcome"),
	)
}

// says describes which outcome a client was told, and when.
func (t *transaction) says(q *outcomeQuery) string {
	return fmt.Sprintf("client %d saw %s for %s at %s", q.op.Client, models.Decision{Commit: q.commit}, t.Name, words.At(q.ret()))
}

// onTransaction decides a key as a transaction, unless its record is unusable.
func onTransaction(decide func(*frame.Finding, *transaction)) func(context.Context, *evidence.Key) frame.Finding {
	return func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		t := transactionOf(k)
		f.Add(t.figures)
		if t.confused != "" {
			f.Unknown("%s cannot be decided: %s", t.Name, t.confused)
			return f
		}
		decide(&f, t)
		return f
	}
}

// agreement requires that all clients were told the same outcome.
var agreement = &frame.Property{
	Name:     "agreement",
	Meaning:  "all clients that learned the outcome of a transaction learned the same outcome",
	Decider:  "comparison",
	Evidence: frame.FromTimes,
	Decide: onTransaction(func(f *frame.Finding, t *transaction) {
		if c, a := t.first(true), t.first(false); c != nil && a != nil {
			x, y := c, a
			if a.ret() < c.ret() {
				x, y = a, c
			}
			f.Violated(append(x.events(), y.events()...), "%s, but %s", t.says(x), t.says(y))
		}
	}),
	Exercise: enough,
}

// validity requires that no transaction was committed unless all sites had voted for it. A
// vote of unknown outcome may count, from its call on.
var validity = &frame.Property{
	Name:     "validity",
	Meaning:  "no transaction was committed before all its sites had voted yes",
	Decider:  "votes",
	Evidence: frame.FromTimes,
	Decide: onTransaction(func(f *frame.Finding, t *transaction) {
		c := t.first(true)
		if c == nil {
			return
		}
		if no := t.firstNo(); no != nil {
			f.Violated(append(c.events(), evidence.EventsOf(no.in)...), "%s, but site %q voted no, which was acknowledged at %s", t.says(c), no.site, words.At(no.inBy()))
			return
		}
		if t.prepare == nil {
			f.Unknown("the sites of %s are not known", t.Name)
			return
		}
		for _, site := range t.sites {
			if b := t.votes[site]; b == nil || !b.yes || b.ops[0].Began() > c.ret() {
				f.Violated(append(c.events(), evidence.EventsOf(t.prepare)...), "%s, but site %q had not voted yes by then", t.says(c), site)
				return
			}
		}
	}),
	Exercise: enough,
}

// firstNo returns the first acknowledged no of a site; nil if there is none.
func (t *transaction) firstNo() (first *ballot) {
	for _, b := range t.votes {
		if !b.yes && b.in != nil && t.isSite(b.site) && (first == nil || b.in.Return.Index < first.in.Return.Index) {
			first = b
		}
	}
	return first
}

// noLazyAbort requires that a transaction is aborted for a reason: a site has voted no, or a vote was
// missing at some time after the patience of a deciding client had ended.
var noLazyAbort = &frame.Property{
	Name:     "no-lazy-abort",
	Meaning:  "no transaction was aborted without a no vote, or a vote still missing when a coordinator stopped waiting",
	Decider:  "votes",
	Evidence: frame.FromTimes,
	Decide: onTransaction(func(f *frame.Finding, t *transaction) {
		a := t.first(false)
		if a == nil || t.mayBeNo(a.ret()) {
			return
		}
		var lapsed *outcomeQuery // the query whose patience ended first
		for _, q := range t.asked {
			if q.mayLapse() && q.due <= a.ret() && (lapsed == nil || q.due < lapsed.due) {
				lapsed = q
			}
		}
		switch in := t.allIn(); {
		case lapsed == nil:
			f.Violated(a.events(), "%s, though no site had voted no, and no client's patience had ended", t.says(a))
		case in == evidence.Never:
		case t.lapsedBefore(in, a.ret()):
		default:
			if lapsed.op.Outcome() == history.OK { // the client was told so itself, so its own events suffice
				a = lapsed
			}
			f.Violated(slices.Concat(a.events(), lapsed.events(), t.allVotes()), "%s, though all had voted yes by %s, and the first whose patience ended was client %d, at %s",
				t.says(a), words.At(in), lapsed.op.Client, words.At(lapsed.due))
		}
	}),
	Exercise: enough,
}

// mayBeNo reports whether some site may have voted no by the given time.
func (t *transaction) mayBeNo(by time.Duration) bool {
	for _, b := range t.votes {
		if !b.yes && t.isSite(b.site) && b.ops[0].Began() <= by {
			return true
		}
	}
	return false
}

// lapsedBefore reports whether a client's patience had ended while the last vote may still have been
// missing, and before a client was told the outcome.
func (t *transaction) lapsedBefore(in, told time.Duration) bool {
	return slices.ContainsFunc(t.asked, func(q *outcomeQuery) bool { return q.mayLapse() && q.due <= min(in, told) })
}
