package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Membership is the workload of groups: all clients join and leave several groups, list the
// members, and wait for changes. Half of the clients, drawn from the seed, keep a name when
// their process is started again: it joins as the member that its client was before. At the
// end all clients join all groups, then every other one leaves, and each time all clients must
// see it.
type Membership struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Group, error)
}

// Name returns the name of the model.
func (Membership) Name() string { return models.Membership.Name }

// Maker serves the subjects to another process.
func (w Membership) Maker() subjects.Maker { return contracts.ServeOn(contracts.Groups, w.New) }

// Start makes the groups.
func (w Membership) Start(ctx context.Context, env *Env) (Run, error) {
	make := on(contracts.Groups, w.New)
	groups, err := makePerKey(ctx, env, make)
	calls := groupCalls[subjects.Group]{join: contracts.GroupJoin, leave: contracts.GroupLeave, list: contracts.GroupList, changed: contracts.GroupChanged, kinds: 8}
	if err != nil {
		return nil, err
	}
	return newMembershipRun(env, groups, make, calls), nil
}

func newMembershipRun[S any](env *Env, groups perKey[contracts.At[S]], make func(*subjects.Client, string) (contracts.At[S], error), calls groupCalls[S]) *membershipRun[S] {
	snapshots := groups[env.Clients[0].ID][env.Key(0)].Offers(contracts.OfferSnapshots) // all are of one kind
	env.fact(history.FOffers, "", history.Offers{Snapshots: snapshots})
	r := &membershipRun[S]{env: env, groups: groups, groupCalls: calls, in: map[int]map[string]joined{}, kept: perKey[bool]{}}
	for _, c := range env.Clients {
		r.in[c.ID], r.kept[c.ID] = map[string]joined{}, map[string]bool{}
	}
	r.plain = plainly(env, groups, make, map[string]func(context.Context, *Client, string){
		calls.list.Name(): func(ctx context.Context, c *Client, key string) { _, _ = r.ask(ctx, c, r.list, key, 0, env.OpTimeout) },
	})
	return r
}

// groupCalls are the operations on a group. If a member can be picked, there are more kinds of arrivals than 8: most of the
// others are picks.
type groupCalls[S any] struct {
	join          *contracts.Op[S, models.Joining, contracts.None]
	leave         *contracts.Op[S, contracts.None, contracts.None]
	list, changed *contracts.Op[S, contracts.None, models.Members]
	kinds         int
	pick          *contracts.Op[S, contracts.None, models.Picked] // nil if none can be picked
}

type membershipRun[S any] struct {
	groupCalls[S]
	env    *Env
	groups perKey[contracts.At[S]]
	plain  plain[contracts.At[S]]
	in     map[int]map[string]joined // by client and key; only the client's goroutine uses its part
	kept   perKey[bool]              // whether a client no longer leaves the group
}

// joined is a membership of a client.
type joined struct {
	member string
	life   int // of its process, in which the membership began
	// session is the session in which the membership began; 0 if unknown.
	session int64
}

// Load makes every client join, leave, list, and wait for changes.
func (r *membershipRun[S]) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.eachArrival(ctx, over, 1, func(c *Client, n int, at time.Duration, rng *rand.Rand) {
		r.arrival(ctx, c, rng, at, fmt.Sprintf("c%d-%d", c.ID, n))
	})
	return nil
}

const (
	// changePatience is the longest time for which a client in the load waits for a change.
	changePatience = 60 * time.Millisecond
	// staying is how rarely a client leaves the first group: one time in this many. Most of its
	// members live long enough to lose their sessions, and to be seen after the load. If clients
	// have only one group, every second client behaves as in the other groups, or too little would
	// change.
	staying = 12
)

// arrival acts for a client at an arrival. Half of the lists come after a touch, so
// that the client's session has seen everything done before.
func (r *membershipRun[S]) arrival(ctx context.Context, c *Client, rng *rand.Rand, at time.Duration, member string) {
	key := r.env.Key(rng.IntN(r.env.Keys))
	patience := between(rng, changePatience/6, changePatience)
	settled := key == r.env.Key(0) && (r.env.Keys > 1 || c.ID%2 == 0)
	stays := settled && rng.IntN(staying) > 0 || r.came(c, key)
	switch rng.IntN(r.kinds) {
	case 0, 1, 8:
		switch in := r.is(c, key); {
		case !in:
			_ = r.enter(ctx, c, key, at, r.name(c, key, member))
		case !stays:
			_ = r.exit(ctx, c, key, at)
		default:
			_, _ = r.ask(ctx, c, r.list, key, at, r.env.OpTimeout)
		}
	case 2, 3:
		_ = c.touchFor(ctx, r.env.OpTimeout, r.env.Root)
		_, _ = r.ask(ctx, c, r.list, key, at, r.env.OpTimeout)
	case 4, 5:
		_, _ = r.ask(ctx, c, r.list, key, at, r.env.OpTimeout)
	case 6, 7:
		_, _ = r.ask(ctx, c, r.changed, key, at, patience)
	default:
		r.picks(ctx, c, key, at)
	}
}

// is reports whether a client is a member: a client whose process has ended is not.
func (r *membershipRun[S]) is(c *Client, key string) bool {
	in, ok := r.in[c.ID][key]
	return ok && !c.gone(in.life)
}

// came reports whether a client should stay in a group because it must return to it after its
// session ended. One client that stays is enough; most continue to join and leave. Leaving and
// joining anew would hide that a client did not return.
func (r *membershipRun[S]) came(c *Client, key string) bool {
	kept := r.kept[c.ID]
	if r.is(c, key) && r.in[c.ID][key].session != c.SessionID() && len(kept) == 0 {
		kept[key] = true
	}
	return kept[key]
}

// keeps reports whether a client keeps its names. A client that takes the place of another client
// while a run is shrunk does the same as that client.
func (r *membershipRun[S]) keeps(c *Client) bool {
	which := rand.New(rand.NewPCG(uint64(r.env.Seed), 0)).IntN(2)
	return r.env.source(c.ID)%2 == which
}

// name returns the name as which a client joins next: the name of its earlier process, if it keeps
// names, and otherwise another one. A name is used once in each life of a process.
func (r *membershipRun[S]) name(c *Client, key, another string) string {
	if in, had := r.in[c.ID][key]; had && r.keeps(c) {
		return in.member
	}
	return another
}

func (r *membershipRun[S]) enter(ctx context.Context, c *Client, key string, at time.Duration, member string) error {
	_, err := operate(ctx, c, r.groups[c.ID][key], r.join, models.Joining{Member: member}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
	switch {
	case c.idle:
	case err == nil, c.gone(c.life): // a process that ended meanwhile also had the name
		r.in[c.ID][key] = joined{member, c.life, c.SessionID()}
	case !subjects.NoEffect(err): // the process has yet to remove what is left of this member
		delete(r.in[c.ID], key)
	}
	return err
}

// exit ends a client's membership. If it had no effect, it is tried again later.
func (r *membershipRun[S]) exit(ctx context.Context, c *Client, key string, at time.Duration) error {
	in := r.in[c.ID][key]
	err := c.Do(ctx, Op{
		F: r.leave.Name(), Key: key, Arg: models.Joining{Member: in.member}, Intended: at, Life: in.life, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) {
			_, err := r.leave.On(ctx, r.groups[c.ID][key], contracts.None{})
			return nil, err
		},
	})
	if err == nil || !subjects.NoEffect(err) && !c.idle {
		delete(r.in[c.ID], key)
	}
	return err
}

// ask calls an operation that answers with members.
func (r *membershipRun[S]) ask(ctx context.Context, c *Client, o *contracts.Op[S, contracts.None, models.Members], key string, at, patience time.Duration) ([]string, error) {
	got, err := operate(ctx, c, r.groups[c.ID][key], o, contracts.None{}, Op{Key: key, Intended: at, Timeout: patience})
	return got.Members, err
}

// picks picks a member, if the subject can.
func (r *membershipRun[S]) picks(ctx context.Context, c *Client, key string, at time.Duration) {
	if r.pick != nil {
		_, _ = operate(ctx, c, r.groups[c.ID][key], r.pick, contracts.None{}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
	}
}

// Quiesce makes all clients join, and then every other client leave. Each time, all clients
// list the members and wait for changes until they see the result, or long enough to show
// that they never will.
func (r *membershipRun[S]) Quiesce(ctx context.Context) error {
	r.settle(ctx, func(c *Client, key string) error {
		if r.is(c, key) {
			return nil
		}
		return r.enter(ctx, c, key, 0, r.name(c, key, fmt.Sprintf("c%d-last-%d", c.ID, r.env.Record.Now())))
	})
	r.settle(ctx, func(c *Client, key string) error {
		if c.ID%2 == 0 || !r.is(c, key) {
			return nil
		}
		return r.exit(ctx, c, key, 0)
	})
	r.env.recover(ctx, r.plain)
	r.plain.close(ctx)
	return nil
}

// settle makes all clients do something with every key, repeated within the bound while it
// fails, and then look until they see the result.
func (r *membershipRun[S]) settle(ctx context.Context, do func(c *Client, key string) error) {
	until := r.env.Record.Now() + r.env.Bound
	r.env.eachKey(func(c *Client, key string) {
		for do(c, key) != nil && r.env.Record.Now() < until && pause(ctx, 50*time.Millisecond) {
		}
	})
	want := r.members()
	until = r.env.Record.Now() + Patience(r.env.Bound)
	r.env.each(func(c *Client) {
		for i := range r.env.Keys {
			key := r.env.Key((i + c.ID) % r.env.Keys)
			r.sees(ctx, c, key, want[key], until)
		}
	})
}

// members returns the names of the members, by key.
func (r *membershipRun[S]) members() map[string][]string {
	of := map[string][]string{}
	for _, c := range r.env.Clients {
		for i := range r.env.Keys {
			if key := r.env.Key(i); r.is(c, key) {
				of[key] = append(of[key], r.in[c.ID][key].member)
			}
		}
	}
	for _, members := range of {
		slices.Sort(members)
	}
	return of
}

// sees makes a client list the members of a group until it is shown want, and wait for
// changes until it is told of want. It does each at least once, and not after until.
func (r *membershipRun[S]) sees(ctx context.Context, c *Client, key string, want []string, until time.Duration) {
	late := func() bool { return r.env.Record.Now() >= until || ctx.Err() != nil }
	for {
		got, err := r.ask(ctx, c, r.list, key, 0, r.env.OpTimeout)
		if err == nil && slices.Equal(got, want) || late() {
			break
		}
		pause(ctx, r.env.Bound/100)
	}
	for n, told := 1, []string(nil); !slices.Equal(told, want); n++ {
		got, err := r.ask(ctx, c, r.changed, key, 0, max(until-r.env.Record.Now(), changePatience))
		if err == nil {
			told = got
		}
		r.picks(ctx, c, key, 0)
		if late() || !r.env.linger(ctx, n) {
			break
		}
	}
}
