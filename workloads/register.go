package workloads

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zkconn"
	"github.com/zklab/zklab/subjects"
)

// Register is a workload for the store itself: every client writes, compares and
// sets, and reads several znodes. Every value is written once, so that a read
// tells which write it saw.
type Register struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Register, error)
}

// Name is "register".
func (Register) Name() string { return history.ModelRegister }

// InProcesses is nil: the adapter protocol knows no registers.
func (Register) InProcesses() Workload { return nil }

// Params says that a register needs nothing more.
func (Register) Params(*history.Params) {}

// Start makes the znodes, which hold the value "", and the subjects.
func (w Register) Start(ctx context.Context, env *Env) (Run, error) {
	r := &registerRun{env: env, registers: map[int]map[string]subjects.Register{}, meetings: max(meanGap(perMeeting, env.Rate), time.Millisecond)}
	for i := range env.Keys {
		if err := env.makeZnode(ctx, env.Path(env.Key(i))); err != nil {
			return nil, err
		}
	}
	for _, c := range env.Clients {
		r.registers[c.ID] = map[string]subjects.Register{}
		for i := range env.Keys {
			key := env.Key(i)
			reg, err := makeSubject(ctx, env, c, key, w.New)
			if err != nil {
				return nil, err
			}
			r.registers[c.ID][key] = reg
		}
	}
	return r, nil
}

type registerRun struct {
	env       *Env
	registers map[int]map[string]subjects.Register // by client and key
	meetings  time.Duration                        // from one to the next
}

// perMeeting is in how many operations, of all clients, there is one meeting:
// every sixteenth of them is a compare-and-set, so that two clients come to it on
// average.
const perMeeting = 32

// mood is what a client does for some seconds: in one of two it only reads, and in
// half of those only plainly. Who waits for a server that has lost its leader to
// write, or to fence, sees nothing of how old its values are.
type mood struct {
	reads, plain bool
	until        time.Duration
}

// draw gives the mood of the next seconds.
func (r *registerRun) draw(rng *rand.Rand) mood {
	m := mood{until: r.env.Record.Now() + between(rng, time.Second, 5*time.Second)}
	m.reads = rng.IntN(2) == 0
	m.plain = m.reads && rng.IntN(2) == 0
	return m
}

// Load lets every client read and change registers. Each arrival is two
// operations: a read and a change in either order, two reads, or a compare-and-set
// of what was read.
func (r *registerRun) Load(ctx context.Context, over <-chan struct{}) error {
	return r.env.each(func(c *Client) error {
		rng := random(r.env, c.ID)
		pace := newPace(r.env, 2, rng)
		m := r.draw(rng)
		for n := 1; ; n++ {
			at, ok := pace.wait(ctx, over)
			if !ok {
				return nil
			}
			if r.env.Record.Now() > m.until {
				m = r.draw(rng)
			}
			r.arrival(ctx, over, c, rng, m, at, fmt.Sprintf("c%d-%d", c.ID, n))
		}
	})
}

// arrival is what a client does when its time has come.
func (r *registerRun) arrival(ctx context.Context, over <-chan struct{}, c *Client, rng *rand.Rand, m mood, at time.Duration, value string) {
	key := r.env.Key(rng.IntN(r.env.Keys))
	kinds := []string{history.ReadPlain, history.ReadSync, history.ReadFenced}
	kind, other, what := kinds[rng.IntN(3)], kinds[rng.IntN(3)], rng.IntN(4)
	if m.reads {
		what = 2
	}
	if m.plain {
		kind, other = history.ReadPlain, history.ReadPlain
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
		if at, key, ok := r.meet(ctx, over); ok {
			r.swap(ctx, c, key, at, kind, value)
		}
	}
}

// meet waits for the next meeting: at certain moments all who want to compare and
// set do so at one register, and not all can win.
func (r *registerRun) meet(ctx context.Context, over <-chan struct{}) (at time.Duration, key string, ok bool) {
	n := r.env.Record.Now()/r.meetings + 1
	at = n * r.meetings
	t := time.NewTimer(at - r.env.Record.Now())
	defer t.Stop()
	select {
	case <-t.C:
		return at, r.env.Key(int(n) % r.env.Keys), true
	case <-over:
	case <-ctx.Done():
	}
	return 0, "", false
}

// swap reads a value and sets another one, if it still is there.
func (r *registerRun) swap(ctx context.Context, c *Client, key string, at time.Duration, kind, value string) {
	from, err := r.read(ctx, c, key, at, kind)
	if err != nil {
		return
	}
	r.change(ctx, c, Op{F: history.FCAS, Key: key, Arg: history.Swap{From: from, To: value}}, func(ctx context.Context, reg subjects.Register) (subjects.Mark, error) {
		return reg.CAS(ctx, from, value)
	})
}

func (r *registerRun) write(ctx context.Context, c *Client, key string, at time.Duration, value string) {
	r.change(ctx, c, Op{F: history.FWrite, Key: key, Arg: history.Writing{Value: value}, Intended: at}, func(ctx context.Context, reg subjects.Register) (subjects.Mark, error) {
		return reg.Write(ctx, value)
	})
}

// change does a write or a compare-and-set.
func (r *registerRun) change(ctx context.Context, c *Client, op Op, do func(context.Context, subjects.Register) (subjects.Mark, error)) {
	var made subjects.Mark
	op.Timeout = r.env.OpTimeout
	op.Run = func(ctx context.Context) (any, error) {
		m, err := do(ctx, r.registers[c.ID][op.Key])
		if err != nil {
			return nil, err
		}
		made = m
		return history.Stored{Version: m.Version}, nil
	}
	op.Zxid = func() int64 { return made.Zxid }
	_ = c.Do(ctx, op)
}

// read gives the value that was read.
func (r *registerRun) read(ctx context.Context, c *Client, key string, at time.Duration, kind string) (string, error) {
	var found history.Reading
	err := c.Do(ctx, Op{
		F: history.FRead, Key: key, Arg: history.HowRead{Kind: kind}, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) {
			value, m, err := r.registers[c.ID][key].Read(ctx, kind)
			if err != nil {
				return nil, err
			}
			found = history.Reading{Value: value, Mzxid: history.ID(m.Zxid), Version: m.Version}
			return found, nil
		},
	})
	if err != nil {
		return "", err // the call may still be under way
	}
	return found.Value, nil
}

// Quiesce lets every client read every register once more, fenced, looks at each
// itself, and closes the subjects.
func (r *registerRun) Quiesce(ctx context.Context) error {
	_ = r.env.each(func(c *Client) error {
		for i := range r.env.Keys {
			_, _ = r.read(ctx, c, r.env.Key((i+c.ID)%r.env.Keys), 0, history.ReadFenced)
		}
		return nil
	})
	var errs []error
	for i := range r.env.Keys {
		key := r.env.Key(i)
		if err := r.final(ctx, key); err != nil {
			errs = append(errs, fmt.Errorf("final read of %s: %w", key, err))
		}
	}
	r.env.closeEach(ctx, func(c *Client) (all []any) {
		for _, reg := range r.registers[c.ID] {
			all = append(all, reg)
		}
		return all
	})
	return errors.Join(errs...)
}

// final records what a register holds in the end.
func (r *registerRun) final(ctx context.Context, key string) error {
	var found history.Reading
	err := retry(ctx, r.env.Bound, func() (err error) {
		found, err = within(ctx, r.env.Bound, func() (history.Reading, error) { return fencedValue(ctx, r.env.Admin, r.env.Path(key)) })
		return err
	})
	if err != nil {
		return err
	}
	r.env.Record.Record(history.Event{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FFinal, Key: key,
		Value: history.Value(history.Final{Register: &found}),
	})
	return nil
}

func fencedValue(ctx context.Context, conn *zk.Conn, path string) (history.Reading, error) {
	session := conn.SessionID()
	if err := zkconn.Touch(ctx, conn, path); err != nil {
		return history.Reading{}, err
	}
	data, stat, err := conn.Get(path)
	if err != nil {
		return history.Reading{}, err
	}
	if id := conn.SessionID(); id != session {
		return history.Reading{}, fmt.Errorf("session %s ended meanwhile", history.ID(session))
	}
	return history.Reading{Value: string(data), Mzxid: history.ID(stat.Mzxid), Version: stat.Version}, nil
}
