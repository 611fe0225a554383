package workloads

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// DoubleBarrier is the workload of a double barrier: rounds, each on a fresh znode, in
// which every client enters, stays inside for a moment and leaves. Clients whose sessions
// end inside come again after the round; they are too few for another round.
type DoubleBarrier struct {
	// New makes the subject of one client on one path, for a number of parties.
	New func(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error)
	// Late is the maximum delay of the client that is late in one round of ten; the
	// minimum is a sixth of it. 0 means 300 ms. Until it comes, the other clients may give
	// up and come again.
	Late time.Duration
}

// Name returns the name of the model.
func (DoubleBarrier) Name() string { return models.DoubleBarrier.Name }

// Maker serves the subjects to another process.
func (w DoubleBarrier) Maker() subjects.Maker { return contracts.DoubleBarriers.Serve(w.New) }

// Params notes that a round has as many members as there are clients.
func (DoubleBarrier) Params(p *history.Params) { p.Parties = p.Clients }

// Start makes nothing: every round makes its own barriers.
func (w DoubleBarrier) Start(_ context.Context, env *Env) (Run, error) {
	if w.Late < 0 {
		return nil, fmt.Errorf("nobody is late by %v: Late must not be negative", w.Late)
	}
	r := &doubleBarrierRun{env: env, make: onWith(contracts.DoubleBarriers, len(env.Clients), w.New), late: cmp.Or(w.Late, 300*time.Millisecond)}
	return &roundsRun{env: env, operations: 2 * len(env.Clients), play: r.round}, nil
}

type doubleBarrierRun struct {
	env  *Env
	make func(c *subjects.Client, path string) (contracts.At[subjects.DoubleBarrier], error)
	late time.Duration
}

func (r *doubleBarrierRun) round(ctx context.Context, n int, rng *rand.Rand, at time.Duration) error {
	key := fmt.Sprintf("d%d", n)
	made, err := makeAll(ctx, r.env, key, r.make)
	if err != nil {
		return err
	}
	defer closeAll(ctx, r.env, made)
	var passed atomic.Int32
	fates := make([]fate, len(made))
	var wg sync.WaitGroup
	straggler := -1
	if rng.IntN(stragglers) == 0 {
		straggler = rng.IntN(len(r.env.Clients))
	}
	long := rng.IntN(longRounds) == 0
	ending := at == 0                       // no faults any more
	lingers := n % (2 * len(r.env.Clients)) // in half of the rounds no client lingers
	for i, c := range r.env.Clients {
		m := r.member(rng, at)
		if ending {
			m.patience = max(m.patience, r.env.Bound+r.env.OpTimeout)
		}
		if ending && r.env.Patient && i == lingers {
			m.stay = r.env.OpTimeout + r.env.OpTimeout/4 // longer than a call of the others would otherwise last
		}
		if i == straggler {
			m.late = between(rng, r.late/6, r.late)
		}
		if long {
			m.stay += between(rng, 50*time.Millisecond, 300*time.Millisecond)
		}
		wg.Go(func() {
			pause(ctx, m.late)
			if life, in := r.enter(ctx, c, key, made[i], m, &passed); in {
				session := c.SessionID()
				pause(ctx, m.stay)
				r.leave(ctx, c, key, made[i], life)
				fates[i] = fate{crashed: c.gone(life), died: c.gone(life) || c.SessionID() != session}
			}
		})
	}
	wg.Wait()
	r.comeAgain(ctx, key, made, fates)
	return nil
}

// member describes what one client does in one round.
type member struct {
	at       time.Duration // when the round was meant to begin
	late     time.Duration // how long after the others it comes
	patience time.Duration // of its first attempt
	away     time.Duration // after an attempt that failed
	dead     time.Duration // like away, but longer, after its session was lost, as if its process had to start again
	stay     time.Duration // inside
}

// In one round of ten a client keeps the others waiting, and in one of ten all stay inside
// for long, so that faults find them there. One member in fifty gives up its first attempt
// after a moment.
const (
	stragglers = 10
	longRounds = 10
	impatients = 50
)

// member draws how a client behaves. After a failed attempt all clients stay away for a
// while; the others must not be let in without them meanwhile.
func (r *doubleBarrierRun) member(rng *rand.Rand, at time.Duration) member {
	m := member{
		at: at, patience: r.env.OpTimeout,
		late: between(rng, 0, 5*time.Millisecond),
		stay: between(rng, time.Millisecond, 20*time.Millisecond),
		away: between(rng, 50*time.Millisecond, 300*time.Millisecond),
		dead: between(rng, 500*time.Millisecond, time.Second),
	}
	if rng.IntN(impatients) == 0 {
		m.patience = between(rng, time.Millisecond, 10*time.Millisecond)
	}
	return m
}

// enter enters the barrier. A client whose call failed (its session expired, its timeout
// passed) tries again as long as no client has passed, since the others wait for it. Once
// one has passed, the round was complete without a further member. enter returns the life
// of the client's process that is inside.
func (r *doubleBarrierRun) enter(ctx context.Context, c *Client, key string, b contracts.At[subjects.DoubleBarrier], m member, passed *atomic.Int32) (life int, in bool) {
	for range enterAttempts {
		session := c.SessionID()
		life, err := r.try(ctx, c, key, b, m)
		if err == nil {
			passed.Add(1)
			return life, true
		}
		pause(ctx, m.away)
		if c.SessionID() != session {
			pause(ctx, m.dead)
		}
		if passed.Load() > 0 { // the round was completed while it was away
			return 0, false
		}
		m.at, m.patience = 0, r.env.OpTimeout
	}
	return 0, false
}

const enterAttempts = 10

// fate says what happened to a member inside: its session ended, or its process ended and with it
// the session.
type fate struct{ died, crashed bool }

// comeAgain makes the clients that died inside come to the place of a finished round, but
// never as many as a round has. What the round left there (a "ready" that the last to leave
// removes) must not let them in. The sessions of processes that have ended live on for a
// while. If no client is left to leave, comeAgain waits until they have expired, or they
// would count.
func (r *doubleBarrierRun) comeAgain(ctx context.Context, key string, made []contracts.At[subjects.DoubleBarrier], fates []fate) {
	var again []int
	crashed := false
	for i, f := range fates {
		if f.died {
			again = append(again, i)
		}
		crashed = crashed || f.crashed
	}
	if len(again) == len(made) {
		again = again[1:]
		if crashed {
			pause(ctx, r.env.toExpire())
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, i := range again {
		wg.Go(func() {
			c := r.env.Clients[i]
			_ = c.touchFor(ctx, r.env.OpTimeout, r.env.Root) // proves that the others' sessions ended before
			m := member{patience: min(returnersPatience, r.env.OpTimeout)}
			if life, err := r.try(ctx, c, key, made[i], m); err == nil {
				r.leave(ctx, c, key, made[i], life)
			}
		})
	}
}

// returnersPatience is long enough for a client that is wrongly let in without the others.
const returnersPatience = 300 * time.Millisecond

// try is one attempt to enter.
func (r *doubleBarrierRun) try(ctx context.Context, c *Client, key string, b contracts.At[subjects.DoubleBarrier], m member) (life int, err error) {
	var owner func() int64
	if s, ok := subjects.Offered[subjects.Owner](b.Subject()); ok {
		owner = s.Session
	}
	_, err = operate(ctx, c, b, contracts.DoubleBarrierEnter, contracts.None{}, Op{Key: key, Intended: m.at, Timeout: m.patience, Owner: owner})
	return c.life, err
}

// leave leaves the barrier. It may take until the bound, and not only the operation's
// timeout: the others may be slow to leave, and a stuck client must be noticed. The touch
// before the call proves that its session was alive while it was inside. A member whose
// process has ended inside does not leave; the end of its session does that.
func (r *doubleBarrierRun) leave(ctx context.Context, c *Client, key string, b contracts.At[subjects.DoubleBarrier], life int) {
	if c.gone(life) {
		return
	}
	_ = c.touchFor(ctx, r.env.OpTimeout, r.env.Root)
	_, _ = operate(ctx, c, b, contracts.DoubleBarrierLeave, contracts.None{}, Op{Key: key, Life: life, Timeout: r.env.Bound + r.env.OpTimeout})
}
