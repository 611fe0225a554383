package broken

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// SiteAbortsOnTimeout returns a transaction that a site aborts by itself when it has waited for the
// outcome for some time, although it has voted yes. Property "agreement" finds it when another site
// or the coordinator is slow.
func SiteAbortsOnTimeout(c *subjects.Client, path string) (subjects.Transaction, error) {
	right, err := subjects.NewTransaction(c, path)
	return &timedSite{Transaction: right}, err
}

type timedSite struct {
	subjects.Transaction
	aborted bool
}

// sitePatience is how long a site waits before it gives up.
const sitePatience = 200 * time.Millisecond

func (s *timedSite) Outcome(ctx context.Context) (bool, error) {
	if s.aborted {
		return false, nil
	}
	limited, cancel := context.WithTimeout(ctx, sitePatience)
	defer cancel()
	committed, err := s.Transaction.Outcome(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.aborted = true
		return false, nil
	}
	return committed, err
}

// ballots is a transaction with the znodes of the recipe, except that its outcome is set,
// and with a defect in how it is decided.
type ballots struct {
	conn *zk.Conn
	path string

	name   func(site string) string         // the name of a vote's znode
	flags  int32                            // flags of its create
	count  func(sites, votes []string) bool // reports whether all have voted
	decide func(outcome string) error
	rash   bool // it counts missing votes as "no" at once
	waits  bool // only Decide decides
}

func newBallots(c *subjects.Client, path string, plant func(*ballots)) (subjects.Transaction, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Transaction {
		b := &ballots{conn: conn, path: path, name: voteName, count: haveAllVoted}
		b.decide = b.create
		plant(b)
		return b
	})
}

// DecisionBySet returns a transaction whose decision is set if it is not set yet: of two clients
// that look at once, the later one replaces the decision of the other. Property "irrevocable" finds
// it when the last vote comes just when a coordinator's patience ends.
func DecisionBySet(c *subjects.Client, path string) (subjects.Transaction, error) {
	return newBallots(c, path, func(b *ballots) { b.decide = b.set })
}

// CountsVotesNotSites returns a transaction that is committed once there are as many votes as
// sites. Each call of Vote adds one. Property "validity" finds it when one site votes twice and
// another one does not vote.
func CountsVotesNotSites(c *subjects.Client, path string) (subjects.Transaction, error) {
	return newBallots(c, path, func(b *ballots) {
		b.name = func(site string) string { return voteName(site) + "-" }
		b.flags = zk.FlagSequence
		b.count = func(sites, votes []string) bool { return len(votes) >= len(sites) }
	})
}

// HasNoPatience returns a transaction whose coordinator looks at the votes once, and aborts if one
// is missing. Property "no-lazy-abort" finds it whenever a coordinator looks before a vote.
func HasNoPatience(c *subjects.Client, path string) (subjects.Transaction, error) {
	return newBallots(c, path, func(b *ballots) { b.rash = true })
}

// WaitsForCoordinator returns a transaction whose sites wait for a decision although all have
// voted. Property "termination" finds it when the coordinator dies before it decides.
func WaitsForCoordinator(c *subjects.Client, path string) (subjects.Transaction, error) {
	return newBallots(c, path, func(b *ballots) { b.waits = true })
}

const (
	votePrefix = "vote-"
	commits    = "commit"
	aborts     = "abort"
)

func voteName(site string) string { return votePrefix + site }

// answered repeats a request until it is answered.
func answered(ctx context.Context, f func() error) (err error) {
	for range retries {
		if err = f(); err == nil || errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNoNode) || ctx.Err() != nil {
			return err
		}
		time.Sleep(retryPause)
	}
	return err
}

// makes creates a znode below the path, unless it exists.
func (b *ballots) makes(ctx context.Context, name, data string, flags int32) error {
	err := answered(ctx, func() error {
		_, err := b.conn.Create(b.path+"/"+name, []byte(data), flags, openACL)
		return err
	})
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

func (b *ballots) Prepare(ctx context.Context, sites []string) error {
	return b.makes(ctx, "sites", strings.Join(sites, "\n"), 0)
}

func (b *ballots) Vote(ctx context.Context, site string, yes bool) error {
	vote := "no"
	if yes {
		vote = "yes"
	}
	return b.makes(ctx, b.name(site), vote, b.flags)
}

func (b *ballots) Decide(ctx context.Context, patience time.Duration) (bool, error) {
	due := time.Now().Add(patience)
	if b.rash {
		due = time.Now()
	}
	return b.learn(ctx, func() bool { return !time.Now().Before(due) }, true)
}

func (b *ballots) Outcome(ctx context.Context) (bool, error) {
	return b.learn(ctx, func() bool { return false }, !b.waits)
}

// learn looks again and again until the transaction is decided. If decides is set, it decides the
// transaction itself when the votes allow that.
func (b *ballots) learn(ctx context.Context, late func() bool, decides bool) (bool, error) {
	for ctx.Err() == nil {
		isLate := late()
		outcome, err := b.outcome()
		if outcome != "" {
			return outcome == commits, nil
		}
		if err == nil && decides {
			outcome, err = b.follows(isLate)
		}
		if err == nil && outcome != "" && answered(ctx, func() error { return b.decide(outcome) }) == nil {
			return outcome == commits, nil
		}
		time.Sleep(lookAgain)
	}
	return false, context.Cause(ctx)
}

// outcome returns the decision; "" if there is none.
func (b *ballots) outcome() (string, error) {
	data, _, err := b.conn.Get(b.path + "/outcome")
	if errors.Is(err, zk.ErrNoNode) {
		return "", nil
	}
	return string(data), err
}

// create creates the outcome.
func (b *ballots) create(outcome string) error {
	_, err := b.conn.Create(b.path+"/outcome", []byte(outcome), 0, openACL)
	return err
}

// set creates the outcome or replaces it, after a pause as if to write down its intention
// first.
func (b *ballots) set(outcome string) error {
	time.Sleep(retryPause)
	_, err := b.conn.Set(b.path+"/outcome", []byte(outcome), -1)
	if errors.Is(err, zk.ErrNoNode) {
		err = b.create(outcome)
	}
	if errors.Is(err, zk.ErrNodeExists) {
		return b.set(outcome)
	}
	return err
}

// follows returns the outcome that follows from the votes; "" if none does.
func (b *ballots) follows(late bool) (string, error) {
	if late { // what was acknowledged by now counts
		if _, err := b.conn.Multi(&zk.CheckVersionRequest{Path: b.path, Version: -1}); err != nil {
			return "", err
		}
	}
	data, _, err := b.conn.Get(b.path + "/sites")
	if err != nil {
		return "", err
	}
	names, _, err := b.conn.Children(b.path)
	if err != nil {
		return "", err
	}
	var votes []string
	for _, name := range names {
		if !strings.HasPrefix(name, votePrefix) {
			continue
		}
		vote, _, err := b.conn.Get(b.path + "/" + name)
		switch {
		case err != nil:
			return "", err
		case string(vote) == "no":
			return aborts, nil
		}
		votes = append(votes, name)
	}
	switch {
	case b.count(strings.Split(string(data), "\n"), votes):
		return commits, nil
	case late:
		return aborts, nil
	}
	return "", nil
}

// haveAllVoted reports whether there is a vote of each site.
func haveAllVoted(sites, votes []string) bool {
	have := map[string]bool{}
	for _, vote := range votes {
		have[strings.TrimPrefix(vote, votePrefix)] = true
	}
	for _, site := range sites {
		if !have[site] {
			return false
		}
	}
	return true
}
