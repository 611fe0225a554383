package faults

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/zk/wire"
)

// WallClock sets the wall clocks of servers wrong, ahead or back. Healing sets them right. Apache ZooKeeper measures with a
// monotonic clock how long it has not heard of a session (Time.currentElapsedTime), so sessions must not feel it. What
// the wall clock changes: ctime and mtime are those of the leader's clock; the age of a znode with a TTL counts from
// its mtime; and a leader looks for containers and such znodes at a time of its wall clock. The zero value hits the
// leader, by a time that is drawn.
type WallClock struct {
	Nodes Nodes
	By    time.Duration // ahead; if negative, back; 0: drawn
}

var clockOption = Option{Key: "by", About: "how far ahead, or back", Example: "-1h", Check: checkShift}

var _ = declare(kinds.WallClock, clockKind())

// clockKind is like other kinds of servers, with an option.
func clockKind() Kind {
	k := ofServers(Kind{
		About:   "sets the wall clocks of servers wrong; they are right again at the end",
		guide:   []row{{"", "wall clocks jump, ahead or back, by a second to some hours. The ensemble must be started for this", "what the servers' clocks show; if the leader is among them, the ctime of a znode", "clocks jump back"}},
		words:   nodeWords,
		Options: []Option{clockOption},
	}, func(n Nodes) Fault { return WallClock{Nodes: n} }, Leader, One, Minority, Majority, All)
	k.build = func(a arguments) Fault { return WallClock{Nodes: Nodes(a.word), By: a.by()} }
	return k
}

// The bounds of a shift.
const (
	leastShift = time.Second
	mostShift  = 24 * time.Hour
	drawnShift = 4 * time.Hour // the most that is drawn
)

func checkShift(value string) error {
	by, err := time.ParseDuration(value)
	if err != nil || by.Abs() < leastShift || by.Abs() > mostShift {
		return fmt.Errorf("%q is not a time from 1s to 24h, or from -24h to -1s", value)
	}
	return nil
}

// Kind returns "wall-clock".
func (WallClock) Kind() string { return kinds.WallClock.Name }

// Spec returns wall-clock, with :<nodes> and :by=<duration> where they were given.
func (f WallClock) Spec() string { return specBy(kinds.WallClock, f.Nodes, f.By) }

// Needs asks for an ensemble that was started with wall clocks that can be set.
func (WallClock) Needs() ensemble.Ability { return ensemble.CanShiftClock }

// Available checks that servers have wall clocks of their own.
func (f WallClock) Available(s Setting) error {
	if err := everyServer[ensemble.ClockShifter](s.Ensemble, "%s ensembles cannot set the wall clocks of servers", ensemble.CanShiftClock); err != nil {
		return err
	}
	if f.By != 0 {
		if err := checkShift(f.By.String()); err != nil {
			return err
		}
	}
	return f.Nodes.or(Leader).available(s.Ensemble)
}

// drawShift returns a time ahead or back. Its logarithm is drawn evenly.
func drawShift(rng *rand.Rand) time.Duration {
	times := math.Pow(float64(drawnShift/leastShift), rng.Float64())
	by := time.Duration(times * float64(leastShift)).Round(time.Millisecond)
	if rng.IntN(2) == 0 {
		return -by
	}
	return by
}

// Inject sets the clocks of the chosen servers, all by the same time.
func (f WallClock) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(Leader)
	servers, release, err := f.Nodes.take(ctx, t, rng, "clock")
	if err != nil {
		return nil, err
	}
	if f.By == 0 {
		f.By = drawShift(rng)
	}
	e := &shifted{target: t, servers: servers, by: f.By, effect: t.hit(f.Spec(), servers, release)}
	if err := e.set(ctx, f.By); err != nil {
		return nil, undo(ctx, e, err)
	}
	return e, nil
}

// shifted are servers whose wall clocks are wrong.
type shifted struct {
	effect
	target  *Target
	servers []ensemble.Server
	by      time.Duration
}

func (e *shifted) set(ctx context.Context, by time.Duration) error {
	return inTurn(e.servers, func(s ensemble.Server) error {
		return onServer("set the wall clock of server %d", s, s.(ensemble.ClockShifter).ShiftClock(ctx, by))
	})
}

// Verify looks at the servers' clocks. If one of them leads, a znode gets its time from it.
func (e *shifted) Verify(ctx context.Context) error {
	for _, s := range e.servers {
		shows, err := s.(ensemble.ClockShifter).Clock(ctx)
		if err == nil {
			err = e.wrong(shows)
		}
		if err != nil {
			return onServer("the wall clock of server %d", s, err)
		}
	}
	e.step.Detail = "the clocks are " + shiftedBy(e.by)
	leader, err := leaderOf(ctx, e.target.Ensemble.Servers())
	if err != nil || len(unchosen([]ensemble.Server{leader}, e.servers)) > 0 {
		return nil // nobody leads, or another server whose clock is right
	}
	dated, err := e.date(ctx, leader)
	if err == nil {
		err = e.wrong(dated)
	}
	if after, err := leaderOf(ctx, e.target.Ensemble.Servers()); err != nil || after.ID() != leader.ID() {
		return nil // a fault at the same time has ended its lead
	}
	if err != nil {
		return fmt.Errorf("the ctime of a znode, while server %d leads: %w", leader.ID(), err)
	}
	e.step.Detail += ", and so was the ctime of a znode"
	return nil
}

// wrong returns an error if a time is not as wrong as it should be, but for half of the jump or half a second: looking
// takes some time.
func (e *shifted) wrong(shows time.Time) error {
	off := time.Until(shows)
	if (off - e.by).Abs() > min(e.by.Abs()/2, promptly) {
		return fmt.Errorf("it is wrong by %s, not by %s", off.Round(time.Millisecond), e.by)
	}
	return nil
}

func shiftedBy(by time.Duration) string {
	if by < 0 {
		return (-by).String() + " behind"
	}
	return by.String() + " ahead"
}

// date returns the ctime of a new znode.
func (e *shifted) date(ctx context.Context, through ensemble.Server) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	p, err := openProbe(ctx, e.target.Ensemble, through)
	if err != nil {
		return time.Time{}, err
	}
	defer p.close()
	path := fmt.Sprintf("/zklab-clock-%d", e.target.Now())
	if err := p.done(ctx, wire.Create, ephemeral(path)); err != nil {
		return time.Time{}, err
	}
	reply, err := p.conn.Do(ctx, wire.Exists, &wire.ReadRequest{Path: path})
	if err != nil {
		return time.Time{}, err
	}
	body, err := reply.Decode()
	if err != nil {
		return time.Time{}, err
	}
	stat, ok := body.(wire.Stat)
	if !ok {
		return time.Time{}, errors.New("the new znode is not there")
	}
	return time.UnixMilli(stat.Ctime), nil
}

// Heal sets the clocks right.
func (e *shifted) Heal(ctx context.Context) error {
	return e.once(func() error { return e.set(ctx, 0) })
}
