package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// transactionCall is one call, in a session.
type transactionCall struct {
	*TwoPhaseCommit
	z       *client.Session
	votes   map[string]client.Value // the votes that were read in z, by site
	unknown bool                    // the outcome of a write of this call is unknown, in any session
}

// write repeats a write until a server answers.
func (w *transactionCall) write(ctx context.Context, f func() error) error {
	var b client.Backoff
	for {
		o, err := calls.Once(ctx, w.r.Client, w.z, func() (struct{}, error) { return struct{}{}, f() })
		if o == calls.Unknown {
			w.unknown = true
		}
		if !failures.Unanswered(err) {
			return err
		}
		b.Pause(ctx)
	}
}

// create creates a child of the path. It returns zk.ErrNodeExists if there is one.
func (w *transactionCall) create(ctx context.Context, path, data string) error {
	return w.write(ctx, func() error {
		_, err := w.r.Client.Conn.Create(path, []byte(data), 0)
		return err
	})
}

func (w *transactionCall) begin(ctx context.Context, sites []string) error {
	path, data := znodes.Join(w.r.Path, sitesNode), strings.Join(sites, "\n")
	for range client.MaxRecreate {
		err := w.declare(ctx, path, data, ErrBegun)
		if !errors.Is(err, zk.ErrNoNode) {
			return err
		}
		if err := w.r.Client.EnsurePath(ctx, w.z, w.r.Path); err != nil {
			return err
		}
	}
	return ErrRemoved
}

func (w *transactionCall) give(ctx context.Context, site, vote string) error {
	for range client.MaxRecreate {
		sites, err := w.sites(ctx)
		switch {
		case err != nil:
			return err
		case !slices.Contains(sites.Names, site):
			return ErrNotSite
		}
		if err := w.declare(ctx, w.vote(site), vote, ErrVoted); !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	return ErrRemoved
}

// declare creates a znode that is created once for all. It returns the error other if the znode has
// other data, and zk.ErrNoNode if there is no transaction, or another client removes znodes.
func (w *transactionCall) declare(ctx context.Context, path, data string, other error) error {
	err := w.create(ctx, path, data)
	if !errors.Is(err, zk.ErrNodeExists) {
		return err
	}
	v, err := w.fresh(ctx, path)
	if err == nil && string(v.Data) != data {
		return other
	}
	return err
}

// sites returns the sites. As they never change, an old view is good enough if it has them.
func (w *transactionCall) sites(ctx context.Context) (client.Value, error) {
	path := znodes.Join(w.r.Path, sitesNode)
	v, err := w.r.Client.Get(ctx, w.z, path)
	if errors.Is(err, zk.ErrNoNode) {
		v, err = w.fresh(ctx, path)
	}
	if errors.Is(err, zk.ErrNoNode) {
		return v, ErrNotBegun
	}
	v.Names = strings.Split(string(v.Data), "\n")
	return v, err
}

// fresh reads a znode as it is at some time during the call.
func (w *transactionCall) fresh(ctx context.Context, path string) (client.Value, error) {
	if _, err := w.r.Client.QuorumSync(ctx, w.z, path); err != nil {
		return client.Value{}, err
	}
	return w.r.Client.Get(ctx, w.z, path)
}

// learn waits in z for the outcome, or decides it. Before it takes a vote for missing, it reads
// everything after a QuorumSync that comes after due: a vote that was acknowledged by then counts.
func (w *transactionCall) learn(ctx context.Context, due time.Time) (outcome string, err error) {
	for removed := 0; removed <= client.MaxRecreate; {
		late := !due.IsZero() && !time.Now().Before(due)
		if late || removed > 0 {
			if _, err := w.r.Client.QuorumSync(ctx, w.z, w.r.Path); err != nil {
				return "", err
			}
		}
		event := w.r.Client.NextEvent()
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
		// Another client has decided the transaction, as the next look shows; or a client
		// removes znodes.
		w.votes, removed = map[string]client.Value{}, removed+1
	}
	return "", ErrRemoved
}

// overtaken reports whether a multi failed because a znode was not as it had been read.
func overtaken(err error) bool {
	return errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrBadVersion)
}

// await waits until another look is worth while, or votes are due.
func (w *transactionCall) await(ctx context.Context, due time.Time, event <-chan struct{}, changed <-chan zk.Event) error {
	most := w.r.Client.Timeout
	if !due.IsZero() {
		most = max(min(most, time.Until(due)), 0)
	}
	return w.r.Client.WaitFor(ctx, w.z, most, event, changed)
}

// seenTransaction holds what a look shows.
type seenTransaction struct {
	outcome string // that was decided, or that follows from the votes; "" if there is none
	decided bool
	checks  []any // checks that hold as long as the outcome follows from the votes
	changed <-chan zk.Event
}

// look reads the state of the transaction. The watch on the children is for votes and outcome
// alike.
func (w *transactionCall) look(ctx context.Context) (seen seenTransaction, err error) {
	children, err := w.r.Client.ChildrenW(ctx, w.z, w.r.Path)
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		return seen, err
	}
	seen.changed = children.Changed
	if slices.Contains(children.Names, outcomeNode) {
		v, err := w.r.Client.Get(ctx, w.z, znodes.Join(w.r.Path, outcomeNode))
		if err == nil {
			return decided(string(v.Data))
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return seen, err
		}
	}
	sites, err := w.sites(ctx)
	if err != nil {
		return seen, err
	}
	seen.checks = []any{unchanged(znodes.Join(w.r.Path, sitesNode), sites)}
	missing := false
	for _, site := range sites.Names {
		v, there, err := w.voteOf(ctx, site, children.Names)
		switch {
		case err != nil:
			return seen, err
		case !there:
			missing = true
			continue
		case string(v.Data) != voteYes: // anything other than yes counts as no
			seen.outcome, seen.checks = outcomeAbort, []any{unchanged(w.vote(site), v)}
			return seen, nil
		}
		seen.checks = append(seen.checks, unchanged(w.vote(site), v))
	}
	if missing {
		seen.checks = seen.checks[:1] // no outcome follows from the present votes
		return seen, nil
	}
	seen.outcome = outcomeCommit
	return seen, nil
}

// decided parses the outcome's znode.
func decided(outcome string) (seenTransaction, error) {
	if outcome != outcomeCommit && outcome != outcomeAbort {
		return seenTransaction{}, ErrNoOutcome
	}
	return seenTransaction{outcome: outcome, decided: true}, nil
}

// unchanged returns an op that checks that a znode is as it was read.
func unchanged(path string, v client.Value) *zk.CheckVersionRequest {
	return &zk.CheckVersionRequest{Path: path, Version: v.Stat.Version}
}

// voteOf returns the vote of a site, which it reads once in a session. It returns false if there is
// no vote.
func (w *transactionCall) voteOf(ctx context.Context, site string, children []string) (v client.Value, there bool, err error) {
	if !slices.Contains(children, votePrefix+site) {
		return v, false, nil
	}
	if v, there = w.votes[site]; there {
		return v, true, nil
	}
	v, err = w.r.Client.Get(ctx, w.z, w.vote(site))
	if errors.Is(err, zk.ErrNoNode) {
		return v, false, nil
	}
	if err == nil {
		w.votes[site] = v
	}
	return v, err == nil, err
}

// decide creates the outcome, if the znodes from which it follows are unchanged.
func (w *transactionCall) decide(ctx context.Context, seen seenTransaction) error {
	ops := append(slices.Clone(seen.checks), &zk.CreateRequest{
		Path: znodes.Join(w.r.Path, outcomeNode), Data: []byte(seen.outcome),
	})
	return w.write(ctx, func() error {
		_, err := w.r.Client.Conn.Multi(ops...)
		return err
	})
}
