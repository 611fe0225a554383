package workloads

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// holder is a hold of any kind (of a lock, a leadership, a lease) as the client loop uses
// it. lost and asked are nil if the subject does not offer them.
type holder struct {
	at      interface{ Subject() any }
	acquire func(context.Context, purpose) (contracts.Granted, error)
	release func(context.Context) error
	fences  bool // grants have tokens
	lost    func() <-chan struct{}
	asked   func(context.Context) (held bool, err error)
	// keys are the keys within the object that it locks; nil if the object has no keys.
	keys []string
	// The following functions say how the holds of an object differ from those of a lock; they are nil where they do
	// not differ. asks returns what an acquire asks for besides the key, and shares returns the value of a grant.
	// stays waits while the client holds, for a time or until it must give its share back. wants draws the purpose
	// of a hold, and serves acts on it while the client holds. instead is what a client now and then does in place
	// of an acquire.
	asks   func(purpose) any
	shares func(models.Grant) any
	stays  func(ctx context.Context, c *Client, key string, length time.Duration)

	wants   func(draw func(n int) int) purpose
	serves  func(ctx context.Context, r *holdRun, c *Client, key string, b *belief, length time.Duration, want purpose)
	instead func(ctx context.Context, c *Client, key string, at, timeout time.Duration)
}

// Subject returns the subject.
func (h *holder) Subject() any { return h.at.Subject() }

// holderOf returns a function that makes holders of one kind.
func holderOf[S any](
	make func(*subjects.Client, string) (contracts.At[S], error),
	acquire *contracts.Op[S, contracts.None, contracts.Granted], release *contracts.Op[S, contracts.None, contracts.None],
) func(c *subjects.Client, path string) (*holder, error) {
	return func(c *subjects.Client, path string) (*holder, error) {
		at, err := make(c, path)
		if err != nil {
			return nil, err
		}
		return newHolder(at, func(ctx context.Context, _ purpose) (contracts.Granted, error) {
			return acquire.On(ctx, at, contracts.None{})
		}, release), nil
	}
}

func newHolder[S any](at contracts.At[S], acquire func(context.Context, purpose) (contracts.Granted, error), release *contracts.Op[S, contracts.None, contracts.None]) *holder {
	h := &holder{at: at, acquire: acquire, fences: at.Offers(contracts.OfferFence)}
	h.release = func(ctx context.Context) error {
		_, err := release.On(ctx, at, contracts.None{})
		return err
	}
	if s, ok := subjects.Offered[subjects.Holder](at.Subject()); ok {
		h.lost = s.Lost
	}
	if s, ok := subjects.Offered[contracts.Asked](at.Subject()); ok {
		h.asked = s.Held
	}
	return h
}

// holdRun is the run of a hold workload: every client contends for every key.
type holdRun struct {
	env       *Env
	holders   perKey[*holder]
	resources map[string]*resource // by object, or key of an object; nil if holders write to none
	rushes    *rushes              // moments at which half of the acquires are made; nil if there are none
	shortest  time.Duration        // shortest hold
	brief     time.Duration        // a hold of the quiesce phase, in which each client has its turn
	longest   time.Duration
	scene     func(ctx context.Context, key string) // played at the end if that costs no time; nil if there is none
	impatient int                                   // one acquisition in this many is given up after a moment
	// For objects that have keys:
	lines  []string                                             // znodes below the object's, each with contenders
	choose func(rng *rand.Rand, client int, key string) *holder // a holder of some keys; those in holders hold all
	others []perKey[*holder]
}

// newHoldRun makes the holders of every client and key.
func newHoldRun(ctx context.Context, env *Env, shortest, longest time.Duration, make func(c *subjects.Client, path string) (*holder, error)) (*holdRun, error) {
	holders, err := makePerKey(ctx, env, make)
	if err != nil {
		return nil, err
	}
	r := holdRunOf(env, shortest, longest, holders)
	for i := range env.Keys {
		r.resources[env.Key(i)] = &resource{}
	}
	return r, nil
}

// holdRunOf returns a run with existing holders.
func holdRunOf(env *Env, shortest, longest time.Duration, holders perKey[*holder]) *holdRun {
	r := &holdRun{
		env: env, brief: shortest, shortest: shortest, longest: longest, impatient: impatient,
		holders: holders, resources: map[string]*resource{},
	}
	if env.Hold > 0 {
		r.shortest, r.longest = env.Hold/2, env.Hold/2*3
	}
	r.offers()
	return r
}

// offers records what the subject can do beyond its contract. Properties that it does not
// offer are not checked.
func (r *holdRun) offers() {
	one := r.holders[r.env.Clients[0].ID][r.env.Key(0)] // all are of one kind
	r.env.fact(history.FOffers, "", history.Offers{Fencing: one.fences, TellsLost: one.lost != nil, Remote: r.env.Clients[0].Remote != nil})
}

// One acquisition in impatient is given up after a moment: the recipe must not leave behind a
// contender that others wait for. At one arrival in curious, the client calls the holder's
// instead, which asks for the leader, for example.
const (
	impatient = 10
	curious   = 10
)

func (r *holdRun) Load(ctx context.Context, over <-chan struct{}) error {
	// Each arrival: acquire and release.
	r.env.eachArrival(ctx, over, 2, func(c *Client, _ int, at time.Duration, rng *rand.Rand) {
		r.arrival(ctx, over, c, rng, at)
	})
	return nil
}

// arrival acts for a client at an arrival.
func (r *holdRun) arrival(ctx context.Context, over <-chan struct{}, c *Client, rng *rand.Rand, at time.Duration) {
	key := r.env.Key(rng.IntN(r.env.Keys))
	if r.rushes != nil {
		var ok bool
		if at, key, ok = r.rushes.comes(ctx, over, c, at, key, rng.IntN(2) == 0); !ok {
			return
		}
	}
	hold := between(rng, r.shortest, r.longest)
	patience := r.env.OpTimeout
	if rng.IntN(r.impatient) == 0 {
		patience = between(rng, 5*time.Millisecond, 50*time.Millisecond)
	}
	ask := rng.IntN(curious) == 0
	h := r.holders[c.ID][key]
	if r.choose != nil {
		h = r.choose(rng, c.ID, key)
	}
	if ask && h.instead != nil {
		h.instead(ctx, c, key, at, r.env.OpTimeout)
		return
	}
	_ = r.section(ctx, c, h, key, at, patience, hold, h.purpose(rng.IntN))
}

// lossPatience is longer than the second within which a holder that was told of its expiry
// must report that its hold is lost. So a holder that never reports it is noticed.
const lossPatience = 1200 * time.Millisecond

// criticalSection performs one section with the client's own holder of the key.
func (r *holdRun) criticalSection(ctx context.Context, c *Client, key string, at, patience, length time.Duration, want purpose) error {
	return r.section(ctx, c, r.holders[c.ID][key], key, at, patience, length, want)
}

// section performs one acquisition and everything that a holder then does. It returns the error of
// the acquire. Two touches prove that the session was alive at the beginning of the hold and right
// before its release, whatever the subject's own requests show. A holder whose process has ended
// does nothing more: its hold ends with its session.
func (r *holdRun) section(ctx context.Context, c *Client, h *holder, key string, at, patience, length time.Duration, want purpose) error {
	rush := r.rushes.of(key)
	rush.change(+1, 0)
	grant, err := r.acquire(ctx, c, h, key, at, patience, want)
	if err != nil {
		rush.change(-1, 0)
		return err
	}
	rush.change(-1, +1)
	life, session := c.life, c.SessionID()
	belief := watchHold(c, h, key, grant.Token, life)
	r.env.touch(ctx, c, life)
	r.confirm(ctx, c, key, h, belief)
	r.access(ctx, c, h, key, grant, life, want.reads)
	rush.stay(ctx)
	h.stay(ctx, c, key, length+time.Duration(c.ID)) // clients that stayed would otherwise go on at the same instant
	if h.serves != nil {
		h.serves(ctx, r, c, key, belief, length, want)
	}
	r.confirm(ctx, c, key, h, belief)
	r.env.touch(ctx, c, life)
	changed := c.SessionID() != session
	if changed && !c.gone(life) {
		belief.await(ctx, lossPatience)
	}
	if changed || h.asked != nil { // the subject's answer is the last information about the hold
		r.confirm(ctx, c, key, h, belief)
	}
	belief.stop()
	rush.change(0, -1)
	r.release(ctx, c, Op{
		F: models.FRelease, Key: key, Life: life, Timeout: r.env.OpTimeout,
		Late: func() any { return models.Held{Held: belief.held(), Token: grant.Token} },
		Run:  func(ctx context.Context) (any, error) { return nil, h.release(ctx) },
	})
	return nil
}

// acquire performs the acquire of a section. It returns the operation's error.
func (r *holdRun) acquire(ctx context.Context, c *Client, h *holder, key string, at, patience time.Duration, want purpose) (grant models.Grant, err error) {
	var asks any
	if h.asks != nil {
		asks = h.asks(want)
	}
	var owner history.ID
	err = c.Do(ctx, Op{
		F: models.FAcquire, Key: key, Arg: asks, Intended: at, Timeout: patience, Owner: func() int64 { return int64(owner) },
		Run: func(ctx context.Context) (any, error) {
			granted, err := h.acquire(ctx, want)
			if err != nil {
				return nil, err
			}
			grant.Token, owner = granted.Token, granted.Session
			if h.shares != nil {
				return h.shares(grant), nil
			}
			return grant, nil
		},
	})
	return grant, err
}

// purpose draws what a client wants from a hold besides its duration.
func (h *holder) purpose(draw func(n int) int) purpose {
	if h.wants == nil {
		return purpose{}
	}
	return h.wants(draw)
}

// stay waits while the client holds.
func (h *holder) stay(ctx context.Context, c *Client, key string, length time.Duration) {
	if h.stays != nil {
		h.stays(ctx, c, key, length)
		return
	}
	pause(ctx, length)
}

// deniedFor is how long a holder goes on asking for a release that the servers refuse because its
// client may not do it. It is longer than any fault, or administrator, takes permissions away.
const deniedFor = time.Minute

// release gives a hold up. If the client lacks the permission, it still holds, and asks again until
// it has it.
func (r *holdRun) release(ctx context.Context, c *Client, op Op) {
	ctx, cancel := context.WithTimeout(ctx, deniedFor)
	defer cancel()
	for errors.Is(c.Do(ctx, op), zk.ErrNoAuth) && !c.gone(op.Life) && pause(ctx, r.env.OpTimeout/100) {
	}
}

// touch proves that the session is alive, or finds that it is not. It retries after a lost
// connection, until there is another session or the operation's timeout has passed. So a
// holder that was expired knows it when it releases.
func (e *Env) touch(ctx context.Context, c *Client, life int) {
	ctx, cancel := context.WithTimeout(ctx, e.OpTimeout)
	defer cancel()
	session := c.SessionID()
	for !c.gone(life) {
		err := c.Touch(ctx, e.Root)
		if err == nil || errors.Is(err, subjects.ErrCannot) || c.SessionID() != session || !pause(ctx, 5*time.Millisecond) {
			return
		}
	}
}

// confirm asks whether the client still holds. A subject in another process is asked there;
// a stopped process does not answer.
func (r *holdRun) confirm(ctx context.Context, c *Client, key string, h *holder, b *belief) {
	if h.lost == nil {
		return // a subject that does not report losses has no answer to record
	}
	op := Op{
		F: models.FConfirm, Key: key, Life: b.life,
		Run: func(context.Context) (any, error) {
			return models.Held{Held: b.held(), Token: b.token}, nil
		},
	}
	if h.asked != nil {
		op.Timeout = r.env.OpTimeout
		op.Run = func(ctx context.Context) (any, error) {
			held, err := h.asked(ctx)
			return models.Held{Held: held && b.held(), Token: b.token}, err
		}
	}
	_ = c.Do(ctx, op)
}

// access writes to, or reads, each resource that the hold guards, once.
func (r *holdRun) access(ctx context.Context, c *Client, h *holder, key string, grant models.Grant, life int, reads bool) {
	if r.resources == nil {
		return
	}
	f, of := models.FWrite, (*resource).write
	if reads {
		f, of = models.FRead, (*resource).read
	}
	to := func(resource string, arg any) {
		_ = c.Do(ctx, Op{
			F: f, Key: key, Arg: arg, Life: life,
			Run: func(context.Context) (any, error) {
				accepted, order := of(r.resources[resource], int64(grant.Token))
				return models.Written{Accepted: accepted, Token: grant.Token, Order: order}, nil
			},
		})
	}
	if h.keys == nil {
		to(key, grant)
	}
	for _, part := range h.keys {
		to(key+"/"+part, models.GuardedKey{Key: part, Token: grant.Token})
	}
}

// quiesceBounds is the time, as a multiple of the bound, in which clients begin critical sections
// at the end: enough for some that never succeed, and for hundreds that do.
const quiesceBounds = 4

// lastTurn is a critical section with more patience than the bound, so that a client that never
// gets its turn is noticed. If there were few operations before, a client that is refused asks
// again.
func (r *holdRun) lastTurn(ctx context.Context, c *Client, key string) {
	h := r.holders[c.ID][key]
	turn := func() error {
		return r.criticalSection(ctx, c, key, 0, Patience(r.env.Bound), r.brief, h.purpose(lastPurpose(c)))
	}
	if r.env.Ops == 0 {
		_ = turn()
		return
	}
	r.env.askAgain(ctx, turn)
}

// Quiesce gives every client its turn on every key, in random order, closes the subjects,
// and lists the contenders that are left.
func (r *holdRun) Quiesce(ctx context.Context) error {
	r.turns(ctx)
	if r.scene != nil && r.env.Patient {
		for i := range r.env.Keys {
			r.scene(ctx, r.env.Key(i))
		}
	}
	return r.end(ctx)
}

// turns gives every client its turn on every key.
func (r *holdRun) turns(ctx context.Context) {
	until := r.env.Record.Now() + quiesceBounds*r.env.Bound
	r.env.eachKey(func(c *Client, key string) {
		if ctx.Err() == nil && r.env.Record.Now() <= until {
			r.lastTurn(ctx, c, key)
		}
	})
}

// end closes the subjects and lists the contenders that are left.
func (r *holdRun) end(ctx context.Context) error {
	for _, holders := range append(r.others, r.holders) {
		holders.close(ctx, r.env)
	}
	return r.finals(ctx)
}
