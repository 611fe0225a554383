package recipes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
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
	*recipe
}

var (
	// ErrSites: a transaction has 1 to 1000 sites, of different names that are not empty, and
	// have no slash and no control character.
	ErrSites = errors.New("sites must be 1 to 1000 different names, without slashes or control characters")
	// ErrBegun: the transaction was begun with other sites.
	ErrBegun error = conclusion("transaction has begun with other sites")
	// ErrNotBegun: nobody has begun the transaction.
	ErrNotBegun error = conclusion("transaction has not begun")
	// ErrNotSite: the transaction has no site of that name.
	ErrNotSite error = conclusion("no site of the transaction")
	// ErrVoted: the site has voted otherwise.
	ErrVoted error = conclusion("site has voted otherwise")
	// ErrNoOutcome: the znode with the outcome holds something else.
	ErrNoOutcome error = conclusion("the outcome is neither commit nor abort")
)

const (
	sitesNode   = "sites"
	votePrefix  = "vote-"
	outcomeNode = "outcome"

	voteYes, voteNo             = "yes", "no"
	outcomeCommit, outcomeAbort = "commit", "abort"

	maxSites = 1000
	// opSize is more than a check takes in a multi beside its path.
	opSize = 32
)

// NewTwoPhaseCommit returns the transaction on path.
func NewTwoPhaseCommit(s *Session, path string) *TwoPhaseCommit {
	return &TwoPhaseCommit{newRecipe(s, path)}
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
		return t.definite(op, err)
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
		size += len(t.vote(site)) + opSize
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

func (t *TwoPhaseCommit) vote(site string) string { return join(t.path, votePrefix+site) }

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
	t.stopCalls()
	return t.drain(ctx, "close two-phase commit")
}

// settle runs a call in one session after the other. All znodes are created once, so what a
// lost session may have left under way does no harm to a further try: it makes the same.
func (t *TwoPhaseCommit) settle(ctx context.Context, op string, call func(context.Context, *transactionCall) error) error {
	ctx, end, err := t.start(ctx)
	if err != nil {
		return t.definite(op, err)
	}
	defer end()
	w := &transactionCall{TwoPhaseCommit: t}
	err = t.s.eachSession(ctx, func(z *zkSession) error {
		w.z, w.votes = z, map[string]value{}
		return call(ctx, w)
	})
	_, concluded := errors.AsType[conclusion](err)
	switch {
	case err == nil:
		return nil
	case w.unknown && !concluded:
		return t.indefinite(op, fmt.Errorf("%w: %w", ErrUnknown, t.cause(err)))
	}
	return t.definite(op, err)
}

// transactionCall is one call, in a session.
type transactionCall struct {
	*TwoPhaseCommit
	z       *zkSession
	votes   map[string]value // that were read in z, by site
	unknown bool             // the outcome of a write of this call is, in whichever session
}

// write sends a write until it is answered.
func (w *transactionCall) write(ctx context.Context, f func() error) error {
	var b backoff
	for {
		o, err := once(ctx, w.s, w.z, func() (struct{}, error) { return struct{}{}, f() })
		if o == unknown {
			w.unknown = true
		}
		if !unanswered(err) {
			return err
		}
		b.pause(ctx)
	}
}

// create creates a child of the path; the error is zk.ErrNodeExists if there is one.
func (w *transactionCall) create(ctx context.Context, path, data string) error {
	return w.write(ctx, func() error {
		_, err := w.s.conn.Create(path, []byte(data), 0)
		return err
	})
}

func (w *transactionCall) begin(ctx context.Context, sites []string) error {
	path, data := join(w.path, sitesNode), strings.Join(sites, "\n")
	for range maxRecreate {
		err := w.create(ctx, path, data)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			if err := w.s.ensurePath(ctx, w.z, w.path); err != nil {
				return err
			}
			continue
		case !errors.Is(err, zk.ErrNodeExists):
			return err
		}
		v, err := w.fresh(ctx, path)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err == nil && string(v.data) != data:
			return ErrBegun
		}
		return err
	}
	return ErrRemoved
}

func (w *transactionCall) give(ctx context.Context, site, vote string) error {
	for range maxRecreate {
		sites, err := w.sites(ctx)
		switch {
		case err != nil:
			return err
		case !slices.Contains(sites.names, site):
			return ErrNotSite
		}
		path := w.vote(site)
		err = w.create(ctx, path, vote)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case !errors.Is(err, zk.ErrNodeExists):
			return err
		}
		v, err := w.fresh(ctx, path)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err == nil && string(v.data) != vote:
			return ErrVoted
		}
		return err
	}
	return ErrRemoved
}

// sites reads who the sites are. As they never change an old view will do, but for one that
// has none.
func (w *transactionCall) sites(ctx context.Context) (value, error) {
	path := join(w.path, sitesNode)
	v, err := w.s.get(ctx, w.z, path)
	if errors.Is(err, zk.ErrNoNode) {
		v, err = w.fresh(ctx, path)
	}
	if errors.Is(err, zk.ErrNoNode) {
		return v, ErrNotBegun
	}
	v.names = strings.Split(string(v.data), "\n")
	return v, err
}

// fresh reads a znode as it is at some time during the call.
func (w *transactionCall) fresh(ctx context.Context, path string) (value, error) {
	if _, err := w.s.quorumSync(ctx, w.z, path); err != nil {
		return value{}, err
	}
	return w.s.get(ctx, w.z, path)
}

// learn waits in z for the outcome, or decides it. Before votes are taken for missing all is
// read behind a quorumSync that comes after due: what was acknowledged by then counts.
func (w *transactionCall) learn(ctx context.Context, due time.Time) (outcome string, err error) {
	for removed := 0; removed <= maxRecreate; {
		late := !due.IsZero() && !time.Now().Before(due)
		if late || removed > 0 {
			if _, err := w.s.quorumSync(ctx, w.z, w.path); err != nil {
				return "", err
			}
		}
		event := w.s.nextEvent()
		seen, err := w.look(ctx)
		switch {
		case err != nil || seen.decided:
			return seen.outcome, err
		case seen.outcome == "" && late:
			seen.outcome = outcomeAbort
		case seen.outcome == "":
			if err := w.await(ctx, due, event, seen.changed); err != nil {
				return "", err
			}
			continue
		}
		err = w.decide(ctx, seen)
		if err == nil || !overtaken(err) {
			return seen.outcome, err
		}
		// Another one has decided it, which the next look shows; or somebody removes znodes.
		w.votes, removed = map[string]value{}, removed+1
	}
	return "", ErrRemoved
}

// overtaken says that a multi was not carried out because of what there is.
func overtaken(err error) bool {
	return errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrBadVersion)
}

// await waits until it is worth looking again, or votes are due.
func (w *transactionCall) await(ctx context.Context, due time.Time, event <-chan struct{}, changed <-chan zk.Event) error {
	most := w.s.timeout
	if !due.IsZero() {
		most = max(min(most, time.Until(due)), 0)
	}
	return w.s.waitFor(ctx, w.z, most, event, changed)
}

// seenTransaction is what a look shows.
type seenTransaction struct {
	outcome string // that was decided, or that follows from the votes; "" if none does
	decided bool
	checks  []any // that hold for as long as the outcome follows
	changed <-chan zk.Event
}

// look reads where the transaction is. The watch on the children is one on votes and outcome
// alike.
func (w *transactionCall) look(ctx context.Context) (seen seenTransaction, err error) {
	children, err := w.s.childrenW(ctx, w.z, w.path)
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		return seen, err
	}
	seen.changed = children.changed
	if slices.Contains(children.names, outcomeNode) {
		v, err := w.s.get(ctx, w.z, join(w.path, outcomeNode))
		if err == nil {
			return decided(string(v.data))
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return seen, err
		}
	}
	sites, err := w.sites(ctx)
	if err != nil {
		return seen, err
	}
	seen.checks = []any{unchanged(join(w.path, sitesNode), sites)}
	missing := false
	for _, site := range sites.names {
		v, there, err := w.voteOf(ctx, site, children.names)
		switch {
		case err != nil:
			return seen, err
		case !there:
			missing = true
			continue
		case string(v.data) != voteYes: // whatever it is, a yes it is not
			seen.outcome, seen.checks = outcomeAbort, []any{unchanged(w.vote(site), v)}
			return seen, nil
		}
		seen.checks = append(seen.checks, unchanged(w.vote(site), v))
	}
	if missing {
		seen.checks = seen.checks[:1] // nothing follows from the votes that are there
		return seen, nil
	}
	seen.outcome = outcomeCommit
	return seen, nil
}

// decided is what a znode with the outcome says.
func decided(outcome string) (seenTransaction, error) {
	if outcome != outcomeCommit && outcome != outcomeAbort {
		return seenTransaction{}, ErrNoOutcome
	}
	return seenTransaction{outcome: outcome, decided: true}, nil
}

// unchanged asks of a multi that a znode is as it was read.
func unchanged(path string, v value) *zk.CheckVersionRequest {
	return &zk.CheckVersionRequest{Path: path, Version: v.stat.Version}
}

// voteOf reads the vote of a site, once in a session; false if it is not there.
func (w *transactionCall) voteOf(ctx context.Context, site string, children []string) (v value, there bool, err error) {
	if !slices.Contains(children, votePrefix+site) {
		return v, false, nil
	}
	if v, there = w.votes[site]; there {
		return v, true, nil
	}
	v, err = w.s.get(ctx, w.z, w.vote(site))
	if errors.Is(err, zk.ErrNoNode) {
		return v, false, nil
	}
	if err == nil {
		w.votes[site] = v
	}
	return v, err == nil, err
}

// decide creates the outcome, if what it follows from is still so.
func (w *transactionCall) decide(ctx context.Context, seen seenTransaction) error {
	ops := append(slices.Clone(seen.checks), &zk.CreateRequest{
		Path: join(w.path, outcomeNode), Data: []byte(seen.outcome),
	})
	return w.write(ctx, func() error {
		_, err := w.s.conn.Multi(ops...)
		return err
	})
}
