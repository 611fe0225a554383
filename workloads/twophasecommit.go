package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// TwoPhaseCommit is the workload of transactions, one after the other, each on a fresh znode. All
// clients are sites; in each transaction, a different one is also the coordinator. Of ten
// transactions, one has a site that votes no, one has a site that does not vote and another one
// that votes twice, and one has a slow site. In two, a vote comes just when the patience of two
// coordinators ends. In three, the coordinator disappears after it has begun: in one of them all
// sites have voted, in the others another client takes its place.
type TwoPhaseCommit struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Transaction, error)
}

// Name returns the name of the model.
func (TwoPhaseCommit) Name() string { return models.TwoPhaseCommit.Name }

// Maker serves the subjects to another process.
func (w TwoPhaseCommit) Maker() subjects.Maker {
	return contracts.ServeOn(contracts.Transactions, w.New)
}

// Start makes nothing: every transaction makes its own subjects.
func (w TwoPhaseCommit) Start(_ context.Context, env *Env) (Run, error) {
	r := &transactionRun{env: env, make: on(contracts.Transactions, w.New)}
	r.kept = keepRounds(env, r.make, map[string]func(context.Context, *Client, string){
		models.FOutcome: func(ctx context.Context, c *Client, key string) {
			_ = r.outcome(ctx, c, key, r.kept.subjects[c.ID][key], Patience(env.Bound))
		},
	})
	r.rounds = roundsRun{env: env, operations: 2*len(env.Clients) + 1, play: r.round, after: r.kept.askAgain}
	return r, nil
}

type transactionRun struct {
	env    *Env
	make   func(c *subjects.Client, path string) (contracts.At[subjects.Transaction], error)
	kept   *keptRounds[subjects.Transaction]
	rounds roundsRun
	over   []string // transactions whose outcome some client knows
}

// Load does one transaction after the other.
func (r *transactionRun) Load(ctx context.Context, over <-chan struct{}) error {
	return r.rounds.Load(ctx, over)
}

const (
	// votesWithin is how long most coordinators wait for votes.
	votesWithin = 40 * time.Millisecond
	// votesSlowly is the patience of a coordinator with a slow site.
	votesSlowly = 2 * time.Second
	// crowd is the minimum number of clients for one of them to stay away.
	crowd = 3
)

// part is a client's part in one transaction.
type part struct {
	late     time.Duration // before it votes
	silent   bool          // it does not vote
	no       bool          // it votes no
	twice    bool          // it votes again, as if it had not voted
	decides  bool          // it calls Decide, and not only Outcome
	deserts  bool          // it does nothing after its vote
	cutShort time.Duration // it gives up deciding after this time, and deserts
	away     time.Duration // before it decides
	patience time.Duration
}

// parts draws what the clients do in the transaction with that number. The first client is
// the coordinator.
func (r *transactionRun) parts(n int, rng *rand.Rand) []part {
	all := make([]part, len(r.env.Clients))
	for i := range all {
		all[i] = part{late: between(rng, 0, 5*time.Millisecond), patience: votesWithin}
	}
	all[0].decides = true
	just := votesWithin + between(rng, 0, 20*time.Millisecond) // coordinators vote first, and look now and then
	slow := between(rng, 6*votesWithin, 9*votesWithin)
	cut := between(rng, 0, 5*time.Millisecond)
	away := between(rng, votesWithin/2, votesWithin)
	last := &all[len(all)-1]
	if n%10 == 2 {
		last.no = true
	}
	if len(all) < crowd {
		return all
	}
	switch other := &all[1]; n % 10 {
	case 3: // a site is dead
		last.silent, other.twice = true, true
	case 4: // a site is slow
		all[0].patience, last.late = votesSlowly, slow
	case 5, 6: // a vote at the last moment
		last.late, other.decides = just, true
	case 7: // a coordinator that is dead when all have voted
		all[0].decides, all[0].deserts = false, true
	case 8: // a coordinator that dies while a site is also dead
		all[0].decides, all[0].deserts = false, true
		last.silent, other.decides, other.away = true, true, away
	case 9: // a coordinator that dies while it decides
		all[0].deserts, all[0].cutShort, all[0].patience = true, votesWithin+cut, votesWithin
		last.late, other.decides, other.away = just, true, away
	}
	return all
}

// round performs one transaction.
func (r *transactionRun) round(ctx context.Context, n int, rng *rand.Rand, at time.Duration) error {
	key := fmt.Sprintf("t%d", n)
	made, err := makeAll(ctx, r.env, key, r.make)
	if err != nil {
		return err
	}
	defer r.kept.ends(ctx, key, made)
	parts := r.parts(n, rng)
	host := n % len(r.env.Clients)
	if !r.prepare(ctx, r.env.Clients[host], key, at, made[host]) {
		return nil
	}
	var learned atomic.Bool
	var wg sync.WaitGroup
	for i, c := range r.env.Clients {
		p := parts[(i-host+len(parts))%len(parts)]
		if !p.deserts && !p.decides {
			r.kept.begins(c, key)
		}
		wg.Go(func() {
			if r.takePart(ctx, c, key, made[i], p) {
				learned.Store(true)
			}
		})
	}
	wg.Wait()
	if learned.Load() {
		r.over = append(r.over, key)
	}
	return nil
}

// site returns the name of a client as a site.
func site(c *Client) string { return fmt.Sprintf("c%d", c.ID) }

// prepare begins a transaction, and reports whether it has certainly begun.
func (r *transactionRun) prepare(ctx context.Context, c *Client, key string, at time.Duration, t contracts.At[subjects.Transaction]) bool {
	var sites []string
	for _, c := range r.env.Clients {
		sites = append(sites, site(c))
	}
	return r.persist(ctx, c, func() error {
		_, err := operate(ctx, c, t, contracts.TransactionPrepare, models.Sites{Sites: sites}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
		at = 0
		return err
	})
}

// persist repeats a failing call until it succeeds, within the bound.
func (r *transactionRun) persist(ctx context.Context, c *Client, try func() error) (done bool) {
	for until := r.env.Record.Now() + r.env.Bound; ; {
		if try() == nil {
			return true
		}
		if c.stuck != nil || r.env.Record.Now() >= until || !pause(ctx, 20*time.Millisecond) {
			return false
		}
	}
}

// takePart does a client's part, and reports whether it has learned the outcome.
func (r *transactionRun) takePart(ctx context.Context, c *Client, key string, t contracts.At[subjects.Transaction], p part) bool {
	pause(ctx, p.late)
	if !p.silent {
		r.vote(ctx, c, key, t, !p.no)
	}
	if p.twice {
		r.vote(ctx, c, key, t, !p.no)
	}
	pause(ctx, p.away)
	switch {
	case p.cutShort > 0:
		return r.decide(ctx, c, key, t, p.patience, p.cutShort) == nil
	case p.deserts:
		return false
	case p.decides:
		return r.persist(ctx, c, func() error { return r.decide(ctx, c, key, t, p.patience, p.patience+r.env.OpTimeout) })
	}
	return r.persist(ctx, c, func() error { return r.outcome(ctx, c, key, t, r.env.Bound+r.env.OpTimeout) })
}

// vote casts a client's vote, and repeats it while it may not have counted.
func (r *transactionRun) vote(ctx context.Context, c *Client, key string, t contracts.At[subjects.Transaction], yes bool) {
	r.persist(ctx, c, func() error {
		_, err := operate(ctx, c, t, contracts.TransactionVote, models.Ballot{Site: site(c), Yes: yes}, Op{Key: key, Timeout: r.env.OpTimeout})
		return err
	})
}

func (r *transactionRun) decide(ctx context.Context, c *Client, key string, t contracts.At[subjects.Transaction], patience, timeout time.Duration) error {
	_, err := operate(ctx, c, t, contracts.TransactionDecide, models.Deciding{Patience: int(patience.Milliseconds())}, Op{Key: key, Timeout: timeout})
	return err
}

func (r *transactionRun) outcome(ctx context.Context, c *Client, key string, t contracts.At[subjects.Transaction], timeout time.Duration) error {
	_, err := operate(ctx, c, t, contracts.TransactionOutcome, contracts.None{}, Op{Key: key, Timeout: timeout})
	return err
}

// lookBack bounds the outcomes that clients ask for once more at the end.
const lookBack = 20

// Quiesce performs some transactions without faults. Then clients ask for earlier outcomes, as if
// they had been away since they voted.
func (r *transactionRun) Quiesce(ctx context.Context) error {
	if err := r.rounds.Quiesce(ctx); err != nil {
		return err
	}
	step := max(1, len(r.over)/lookBack)
	r.env.each(func(c *Client) {
		for i := c.ID * step; i < len(r.over); i += len(r.env.Clients) * step {
			r.ask(ctx, c, r.over[i])
		}
	})
	return nil
}

// ask makes a client ask for a known outcome, with a new subject.
func (r *transactionRun) ask(ctx context.Context, c *Client, key string) {
	t, err := makeSubject(ctx, r.env, c, key, r.make)
	if err != nil {
		return
	}
	defer r.env.closeOne(ctx, c, t)
	r.persist(ctx, c, func() error { return r.outcome(ctx, c, key, t, r.env.Bound+r.env.OpTimeout) })
}
