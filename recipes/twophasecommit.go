package recipes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// TwoPhaseCommit is one transaction that several sites commit together, or none of them:
// a coordinator begins it, each site votes, and what is decided stands for ever.
//
// Its path is a persistent znode, created if missing, with persistent children: "sites" names
// the sites, one a line; "vote-<site>" is the vote of a site, "yes" or "no"; "outcome" is
// "commit" or "abort". Each of them is created once, and never changed nor removed: a path is
// good for one transaction, and whoever is sure that nobody asks any more deletes it.
//
// What it guarantees: it is decided once, by the create of "outcome". It comes in one multi
// with checks of all votes if it is commit, and of the vote that was no if it is abort; so
// nothing is committed that not all have voted for, and of several who decide at once one is
// followed by all. The decision is in the tree, not with a coordinator: one that dies, or is
// paused and comes back, takes nothing with it and overrules nobody.
//
// Who waits: once all have voted, or one has voted no, everybody who calls [TwoPhaseCommit.Outcome]
// decides what follows from that, so nobody waits for a coordinator. As long as a vote is
// missing, and none is no, it is open, and whoever has voted yes has to wait: it may not
// abort by itself. It ends when the last vote comes, or when any client, the coordinator or
// one that takes its place, calls [TwoPhaseCommit.Decide] and its patience ends. A site that
// has not voted is free to vote no.
//
// What it cannot: a site that is told to commit may fail before it has done so; it asks again
// when it is back. A vote that comes after the decision is kept and changes nothing.
//
// What it costs: all who wait look again at each vote, so it suits some dozen sites. It is
// safe for concurrent use.
type TwoPhaseCommit struct {
	r *calls.Recipe
}

var (
	// ErrSites: a transaction has 1 to 1000 sites, of different names that are not empty, and
	// have no slash and no control character.
	ErrSites = errors.New("sites must be 1 to 1000 different names, without slashes or control characters")
	// ErrBegun: the transaction was begun with other sites.
	ErrBegun error = failures.Conclusion("transaction has begun with other sites")
	// ErrNotBegun: nobody has begun the transaction.
	ErrNotBegun error = failures.Conclusion("transaction has not begun")
	// ErrNotSite: the transaction has no site of that name.
	ErrNotSite error = failures.Conclusion("no site of the transaction")
	// ErrVoted: the site has voted otherwise.
	ErrVoted error = failures.Conclusion("site has voted otherwise")
	// ErrNoOutcome: the znode with the outcome holds something else.
	ErrNoOutcome error = failures.Conclusion("the outcome is neither commit nor abort")
)

const (
	sitesNode   = "sites"
	votePrefix  = "vote-"
	outcomeNode = "outcome"

	voteYes, voteNo             = "yes", "no"
	outcomeCommit, outcomeAbort = "commit", "abort"

	maxSites = 1000
)

// NewTwoPhaseCommit returns the transaction on path.
func NewTwoPhaseCommit(c *Client, path string) *TwoPhaseCommit {
	return &TwoPhaseCommit{calls.New(c.client, path)}
}

// Begin begins the transaction, with these sites. That it has begun with the same ones is
// fine, too: a coordinator that is not sure calls it again.
//
// Errors with NoEffect: [ErrSites], [ErrTooLarge], [ErrBegun], [ErrClosed], the error of ctx,
// or what a server refused. [ErrUnknown], with the reason, says that it may have begun, or
// may still begin: the call was cancelled while the request was under way.
func (t *TwoPhaseCommit) Begin(ctx context.Context, sites []string) error {
	const op = "begin"
	if err := t.checkSites(sites); err != nil {
		return t.r.Definite(op, err)
	}
	sites = slices.Clone(sites)
	return t.settle(ctx, op, func(ctx context.Context, w *transactionCall) error { return w.begin(ctx, sites) })
}

// checkSites looks whether there can be a transaction with these sites.
func (t *TwoPhaseCommit) checkSites(sites []string) error {
	if len(sites) == 0 || len(sites) > maxSites {
		return ErrSites
	}
	size := 0
	seen := make(map[string]bool, len(sites))
	for _, site := range sites {
		if site == "" || seen[site] || strings.ContainsFunc(site, notInSite) || strings.ToValidUTF8(site, "") != site {
			return ErrSites
		}
		seen[site] = true
		size += len(t.vote(site)) + client.OpSize
	}
	if size > MaxItem { // the checks of a commit are one request
		return ErrTooLarge
	}
	return nil
}

// notInSite are characters that cannot be in a znode's name ("ZooKeeper Programmer's Guide",
// The ZooKeeper Data Model), or end a line.
func notInSite(r rune) bool {
	return r == '/' || r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 && r <= 0xffff
}

func (t *TwoPhaseCommit) vote(site string) string { return znodes.Join(t.r.Path, votePrefix+site) }

// Vote says that a site can commit the transaction, or that it cannot. A site has one vote;
// to give the same again is fine: a site that is not sure calls it again. Once a site has
// called it with yes it has to be able to commit until it knows the outcome.
//
// Errors with NoEffect: [ErrNotBegun], [ErrNotSite], [ErrVoted], [ErrClosed], the error of
// ctx, or what a server refused. [ErrUnknown], with the reason, says that the vote may count:
// the call was cancelled while the request was under way.
func (t *TwoPhaseCommit) Vote(ctx context.Context, site string, yes bool) error {
	vote := voteNo
	if yes {
		vote = voteYes
	}
	return t.settle(ctx, "vote", func(ctx context.Context, w *transactionCall) error { return w.give(ctx, site, vote) })
}

// Outcome returns whether the transaction was committed, and waits until that is decided. It
// decides it if all have voted yes, or one has voted no. It goes on in the next session when
// one is lost.
//
// Errors: [ErrNotBegun], [ErrNoOutcome], [ErrClosed], the error of ctx, or what a server
// refused. An error with NoEffect says that this call has decided nothing; [ErrUnknown] says
// that it may have decided what follows from the votes.
func (t *TwoPhaseCommit) Outcome(ctx context.Context) (committed bool, err error) {
	return t.learn(ctx, "outcome", time.Time{})
}

// Decide is Outcome that aborts the transaction if votes are still missing when patience has
// passed, and none of those that are there is no. Any client may call it, and several at
// once: the coordinator, or whoever takes its place.
//
// Errors are those of Outcome. After [ErrUnknown] the transaction may be, or come to be,
// aborted by this call though patience was cut short.
func (t *TwoPhaseCommit) Decide(ctx context.Context, patience time.Duration) (committed bool, err error) {
	return t.learn(ctx, "decide", time.Now().Add(patience))
}

// learn waits for the outcome; from due on (zero: never) votes that are missing count as no.
func (t *TwoPhaseCommit) learn(ctx context.Context, op string, due time.Time) (committed bool, err error) {
	err = t.settle(ctx, op, func(ctx context.Context, w *transactionCall) error {
		outcome, err := w.learn(ctx, due)
		committed = outcome == outcomeCommit
		return err
	})
	return committed && err == nil, err
}

// Close ends the calls that wait, and waits for them, no longer than ctx (its error). It
// leaves the transaction as it is. Closing again is fine.
func (t *TwoPhaseCommit) Close(ctx context.Context) error {
	t.r.StopCalls()
	return t.r.Drain(ctx, "close two-phase commit")
}

// settle runs a call in one session after the other. All znodes are created once, so what a
// lost session may have left under way does no harm to a further try: it makes the same.
func (t *TwoPhaseCommit) settle(ctx context.Context, op string, call func(context.Context, *transactionCall) error) error {
	ctx, end, err := t.r.Start(ctx)
	if err != nil {
		return t.r.Definite(op, err)
	}
	defer end()
	w := &transactionCall{TwoPhaseCommit: t}
	err = t.r.Client.EachSession(ctx, func(z *client.Session) error {
		w.z, w.votes = z, map[string]client.Value{}
		return call(ctx, w)
	})
	_, concluded := errors.AsType[failures.Conclusion](err)
	switch {
	case err == nil:
		return nil
	case w.unknown && !concluded:
		return t.r.Indefinite(op, fmt.Errorf("%w: %w", ErrUnknown, t.r.Cause(err)))
	}
	return t.r.Definite(op, err)
}
