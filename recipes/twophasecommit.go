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

// TwoPhaseCommit is a transaction that several sites commit together, or none of them. A
// coordinator begins it, each site votes, and the decision stands for ever.
//
// Its path is a persistent znode, which the recipe creates if it is missing, with persistent
// children: "sites" names the sites, one in each line; "vote-<site>" is the vote of a site, "yes"
// or "no"; "outcome" is "commit" or "abort". Each child is created once, and never changed or
// deleted. Use a path for one transaction only, and delete it when no client asks for it any more.
//
// Guarantees: the transaction is decided once, when "outcome" is created. The same multi checks all
// votes for a commit, and the vote that was no for an abort. So nothing is committed without all
// votes, and if several clients decide at once, all follow one of them. The decision is in the
// tree, not with a coordinator: if a coordinator dies, or is paused and comes back, the decision is
// not lost and does not change.
//
// When all sites have voted, or one has voted no, each client that calls [TwoPhaseCommit.Outcome]
// decides what follows from the votes, so no site waits for a coordinator. While a vote is missing,
// and none is no, the transaction is open, and a site that has voted yes has to wait: it may not
// abort by itself. The last vote decides it, or any client that calls [TwoPhaseCommit.Decide] when
// its patience ends: the coordinator, or a client that replaces it. A site that has not voted may
// vote no.
//
// Limits: a site may fail between learning of a commit and carrying it out. It asks again when it
// is back. A vote that comes after the decision is kept and changes nothing.
//
// Cost: all clients that wait look again at each vote, so it is good for some dozen sites.
//
// A TwoPhaseCommit is safe for concurrent use.
type TwoPhaseCommit struct {
	r *calls.Recipe
}

var (
	// ErrSites: a transaction has 1 to 1000 sites with different names, which are not empty and
	// have no slashes or control characters.
	ErrSites = errors.New("sites must be 1 to 1000 different names, without slashes or control characters")
	// ErrBegun: the transaction has begun with other sites.
	ErrBegun error = failures.Conclusion("transaction has begun with other sites")
	// ErrNotBegun: the transaction has not begun.
	ErrNotBegun error = failures.Conclusion("transaction has not begun")
	// ErrNotSite: the transaction has no site of that name.
	ErrNotSite error = failures.Conclusion("no site of the transaction")
	// ErrVoted: the site has given the other vote.
	ErrVoted error = failures.Conclusion("site has voted otherwise")
	// ErrNoOutcome: the znode "outcome" holds neither "commit" nor "abort".
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

// NewTwoPhaseCommit returns the transaction at path.
func NewTwoPhaseCommit(c *Client, path string) *TwoPhaseCommit {
	return &TwoPhaseCommit{calls.New(c.client, path)}
}

// Begin begins the transaction with these sites. It also succeeds if the transaction has begun with
// the same sites, so a coordinator that is not sure calls it again.
//
// Errors with NoEffect: [ErrSites], [ErrTooLarge], [ErrBegun], [ErrClosed], the error of ctx, or
// what a server refused. [ErrUnknown], with the reason, means that the transaction may have begun,
// or may yet begin: the call was cancelled while the request was under way.
func (t *TwoPhaseCommit) Begin(ctx context.Context, sites []string) error {
	const op = "begin"
	if err := t.checkSites(sites); err != nil {
		return t.r.Definite(op, err)
	}
	sites = slices.Clone(sites)
	return t.settle(ctx, op, func(ctx context.Context, w *transactionCall) error { return w.begin(ctx, sites) })
}

// checkSites checks that a transaction can have these sites.
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
	if size > MaxItem { // so that the checks of a commit fit into one request
		return ErrTooLarge
	}
	return nil
}

// notInSite reports whether a character cannot be in a znode's name ("ZooKeeper Programmer's
// Guide", The ZooKeeper Data Model), or ends a line.
func notInSite(r rune) bool {
	return r == '/' || r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 && r <= 0xffff
}

func (t *TwoPhaseCommit) vote(site string) string { return znodes.Join(t.r.Path, votePrefix+site) }

// Vote votes that a site can commit the transaction, or that it cannot. A site has one vote. It may
// give the same vote again, so a site that is not sure calls Vote again. A site that has called Vote
// with yes must be able to commit until it knows the outcome.
//
// Errors with NoEffect: [ErrNotBegun], [ErrNotSite], [ErrVoted], [ErrClosed], the error of ctx, or
// what a server refused. [ErrUnknown], with the reason, means that the vote may count: the call was
// cancelled while the request was under way.
func (t *TwoPhaseCommit) Vote(ctx context.Context, site string, yes bool) error {
	vote := voteNo
	if yes {
		vote = voteYes
	}
	return t.settle(ctx, "vote", func(ctx context.Context, w *transactionCall) error { return w.give(ctx, site, vote) })
}

// Outcome waits until the transaction is decided, and returns whether it was committed. It decides
// the transaction itself if all sites have voted yes, or one has voted no. If the session is lost,
// it goes on in the next one.
//
// An error with NoEffect means that this call has decided nothing: [ErrNotBegun], [ErrNoOutcome],
// [ErrClosed], the error of ctx, or what a server refused. [ErrUnknown] means that it may have
// decided what follows from the votes.
func (t *TwoPhaseCommit) Outcome(ctx context.Context) (committed bool, err error) {
	return t.learn(ctx, "outcome", time.Time{})
}

// Decide is like Outcome, but aborts the transaction if votes are missing when patience has passed.
// Any client may call it, and several may at once: the coordinator, or a client that replaces it.
//
// An error with NoEffect means that this call has decided nothing: [ErrNotBegun], [ErrNoOutcome],
// [ErrClosed], the error of ctx, or what a server refused. After [ErrUnknown] this call may have
// aborted the transaction, or may yet abort it, even if it was cancelled before patience had
// passed.
func (t *TwoPhaseCommit) Decide(ctx context.Context, patience time.Duration) (committed bool, err error) {
	return t.learn(ctx, "decide", time.Now().Add(patience))
}

// learn waits for the outcome. From due on, missing votes count as no; a zero due means never.
func (t *TwoPhaseCommit) learn(ctx context.Context, op string, due time.Time) (committed bool, err error) {
	err = t.settle(ctx, op, func(ctx context.Context, w *transactionCall) error {
		outcome, err := w.learn(ctx, due)
		committed = outcome == outcomeCommit
		return err
	})
	return committed && err == nil, err
}

// Close ends calls that wait, and waits until they have returned. If ctx ends first, it
// returns the error of ctx. It leaves the transaction as it is. You may call Close again.
func (t *TwoPhaseCommit) Close(ctx context.Context) error {
	t.r.StopCalls()
	return t.r.Drain(ctx, "close two-phase commit")
}

// settle runs a call in one session after the other. All znodes are created once, so a request that
// a lost session has left under way does no harm to the next try: it creates the same znode.
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
