package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/subjects"
)

// Register is a workload for the store itself: every client writes, compares and sets, and
// reads several znodes. Every value is written once, so a read shows which write it saw.
type Register struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Register, error)
	// Proxy wraps the connections to the servers, each time for one run; nil for none.
	Proxy func(zk.Dialer) zk.Dialer
}

// Through implements Proxied.
func (w Register) Through(dial zk.Dialer) zk.Dialer { return through(w.Proxy, dial) }

// Name returns the name of the model.
func (Register) Name() string { return models.Register.Name }

// Start makes the znodes, which hold the value "", and the subjects.
func (w Register) Start(ctx context.Context, env *Env) (Run, error) {
	for i := range env.Keys {
		if err := env.makeZnode(ctx, env.Path(env.Key(i))); err != nil {
			return nil, err
		}
	}
	registers, err := makePerKey(ctx, env, w.New)
	r := &registerRun{env: env, registers: registers, meetings: newMeetings(env, perMeeting)}
	r.plain = plainly(env, registers, w.New, map[string]func(context.Context, *Client, string){
		models.FWrite: func(ctx context.Context, c *Client, key string) {
			r.write(ctx, c, key, 0, fmt.Sprintf("c%d-again-%d", c.ID, env.Record.Now()))
		},
		models.FRead: func(ctx context.Context, c *Client, key string) { _, _ = r.read(ctx, c, key, 0, models.ReadFenced) },
	})
	return r, err
}

type registerRun struct {
	env       *Env
	registers perKey[subjects.Register]
	plain     plain[subjects.Register]
	meetings  meetings
}

// perMeeting is the mean number of operations, of all clients, between two meetings. Two of five
// arrivals wait for one, so on average two of three clients come to it, even at low load.
const perMeeting = 16

// mix describes a client's actions for some seconds. A third of the time it only reads, and half
// of that only plainly. A client that waits to write to a server without a leader, or to
// sync with it, does not see how stale its values are.
type mix struct {
	reads, plain bool
	until        time.Duration
}

// draw returns the mix for the next seconds.
func (r *registerRun) draw(rng *rand.Rand) mix {
	m := mix{until: r.env.Record.Now() + between(rng, time.Second, 5*time.Second)}
	m.reads = rng.IntN(3) == 0
	m.plain = m.reads && rng.IntN(2) == 0
	if r.env.Ops > 0 { // with few operations, all kinds at once
		m.reads, m.plain = false, false
	}
	return m
}

// Load makes every client read and change registers. Each arrival is two operations: a read
// and a change in either order, two reads, or a compare-and-set of what was read.
func (r *registerRun) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.each(func(c *Client) {
		rng := random(r.env, c.ID)
		pace := newPace(r.env, 2, rng)
		m := r.draw(rng)
		for n, at := range pace.arrivals(ctx, over) {
			if r.env.Record.Now() > m.until {
				m = r.draw(rng)
			}
			c.arrives(r.env, n)
			r.arrival(ctx, over, c, rng, m, at, fmt.Sprintf("c%d-%d", c.ID, n))
		}
	})
	return nil
}

// arrival acts for a client at an arrival.
func (r *registerRun) arrival(ctx context.Context, over <-chan struct{}, c *Client, rng *rand.Rand, m mix, at time.Duration, value string) {
	key := r.env.Key(rng.IntN(r.env.Keys))
	kinds := []string{models.ReadPlain, models.ReadSync, models.ReadFenced}
	kind, other, what := kinds[rng.IntN(3)], kinds[rng.IntN(3)], rng.IntN(5)
	if m.reads && what < 2 {
		what = 2
	}
	if m.plain {
		kind, other = models.ReadPlain, models.ReadPlain
	}
	switch what {
	case 0:
		r.write(ctx, c, key, at, value)
		_, _ = r.read(ctx, c, key, 0, kind)
	case 1:
		_, _ = r.read(ctx, c, key, at, kind)
		r.write(ctx, c, key, 0, value)
	case 2:
		_, _ = r.read(ctx, c, key, at, kind)
		_, _ = r.read(ctx, c, key, 0, other)
	default:
		r.meet(ctx, over, c, m, kind, value)
	}
}

// meet comes to a meeting. All clients read in the same way there, since otherwise fast readers
// would finish before the others begin. Clients that only read do so while others change.
func (r *registerRun) meet(ctx context.Context, over <-chan struct{}, c *Client, m mix, kind, value string) {
	at, key, ok := r.meetings.next(ctx, over, c)
	switch {
	case !ok:
	case m.reads:
		_, _ = r.read(ctx, c, key, at, kind)
	default:
		kinds := []string{models.ReadPlain, models.ReadSync, models.ReadFenced}
		r.swap(ctx, c, key, at, kinds[int(at/r.meetings.every)%len(kinds)], value)
	}
}

// swap reads a value and sets another one, if the register still has that value.
func (r *registerRun) swap(ctx context.Context, c *Client, key string, at time.Duration, kind, value string) {
	from, err := r.read(ctx, c, key, at, kind)
	if err != nil {
		return
	}
	r.change(ctx, c, Op{F: models.FCAS, Key: key, Arg: models.Swap{From: from, To: value}}, func(ctx context.Context, reg subjects.Register) (subjects.Mark, error) {
		return reg.CAS(ctx, from, value)
	})
}

func (r *registerRun) write(ctx context.Context, c *Client, key string, at time.Duration, value string) {
	r.change(ctx, c, Op{F: models.FWrite, Key: key, Arg: models.Writing{Value: value}, Intended: at}, func(ctx context.Context, reg subjects.Register) (subjects.Mark, error) {
		return reg.Write(ctx, value)
	})
}

// change makes a write or a compare-and-set.
func (r *registerRun) change(ctx context.Context, c *Client, op Op, do func(context.Context, subjects.Register) (subjects.Mark, error)) {
	var made subjects.Mark
	op.Timeout = r.env.OpTimeout
	op.Run = func(ctx context.Context) (any, error) {
		m, err := do(ctx, r.registers[c.ID][op.Key])
		if err != nil {
			return nil, err
		}
		made = m
		return models.Stored{Version: m.Version}, nil
	}
	op.Zxid = func() int64 { return made.Zxid }
	_ = c.Do(ctx, op)
}

// read returns the value that was read.
func (r *registerRun) read(ctx context.Context, c *Client, key string, at time.Duration, kind string) (string, error) {
	var found models.Reading
	err := c.Do(ctx, Op{
		F: models.FRead, Key: key, Arg: models.HowRead{Kind: kind}, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) {
			value, m, err := r.registers[c.ID][key].Read(ctx, kind)
			if err != nil {
				return nil, err
			}
			found = models.Reading{Value: value, Mzxid: history.ID(m.Zxid), Version: m.Version}
			return found, nil
		},
	})
	if err != nil {
		return "", err // the call may still be under way
	}
	return found.Value, nil
}

// Quiesce makes every client read every register once more, fenced, reads each register from the
// servers, and closes the subjects.
func (r *registerRun) Quiesce(ctx context.Context) error {
	r.env.eachKey(func(c *Client, key string) { _, _ = r.read(ctx, c, key, 0, models.ReadFenced) })
	r.env.recover(ctx, r.plain)
	err := r.env.look(history.FFinal, "final read", func(key string) (any, error) {
		found, err := r.final(ctx, key)
		return models.Final{Register: &found}, err
	})
	r.plain.close(ctx)
	return err
}

// final returns the value of a register at the end.
func (r *registerRun) final(ctx context.Context, key string) (found models.Reading, err error) {
	err = retry(ctx, r.env.Bound, func() (err error) {
		found, err = within(ctx, r.env.Bound, func() (models.Reading, error) { return freshValue(ctx, r.env.Admin, r.env.Path(key)) })
		return err
	})
	return found, err
}

func freshValue(ctx context.Context, conn *zk.Conn, path string) (models.Reading, error) {
	session := conn.SessionID()
	if err := zkconn.NoopWrite(ctx, conn, path); err != nil {
		return models.Reading{}, err
	}
	data, stat, err := conn.Get(path)
	if err != nil {
		return models.Reading{}, err
	}
	if id := conn.SessionID(); id != session {
		return models.Reading{}, fmt.Errorf("session %s ended meanwhile", history.ID(session))
	}
	return models.Reading{Value: string(data), Mzxid: history.ID(stat.Mzxid), Version: stat.Version}, nil
}
