package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// Crash kills processes of clients (SIGKILL): no session is closed, no znode is deleted,
// and no process is left that knows of them. Healing starts the clients again, with new
// sessions.
type Crash struct {
	Who Who
}

// Created is a choice of Crash only: a client whose create the server has carried out,
// before the client does anything else.
const Created Who = "created"

var _ = declare(kinds.Crash, withWho(Kind{
	About: "kills client processes (SIGKILL), and starts them again",
	guide: []row{{"", "SIGKILL; with `created`, between a create and the next step", "the operating system", "they are started again, with new sessions"}},
	at:    atClients(link.AnyMessage, func(who Who) Fault { return Crash{Who: who} }),
	build: func(a arguments) Fault { return Crash{Who: Who(a.word)} },
	vary: func(f Fault, n int, _ *rand.Rand) Fault {
		if f != (Crash{}) {
			return f
		}
		turns := []Who{Holder.OrAny(), Waiter.OrAny(), Created.OrAny(), Anyone}
		return Crash{Who: turns[n%len(turns)]}
	},
}, Created))

// Kind returns "crash".
func (Crash) Kind() string { return kinds.Crash.Name }

// Spec returns crash or crash:<who>.
func (x Crash) Spec() string { return spec(kinds.Crash, string(x.Who)) }

// Available checks that clients are processes of their own.
func (Crash) Available(s Setting) error { return ownProcesses(s) }

// Inject kills the chosen clients. It stops a client first, so that a client that turns out
// to do something else by now can be let go.
func (x Crash) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	e := &crashed{}
	var err error
	if first, anybody := x.Who.orElse(); first == Created {
		e.victims, err = created(ctx, t, rng, anybody)
	} else {
		e.victims, err = choice{who: x.Who, alone: true}.hit(ctx, t, rng, freeze)
	}
	if err != nil {
		return nil, err
	}
	e.step = e.victims.doing(x.Spec())
	if err := e.victims.each((*victim).kill); err != nil {
		return nil, errors.Join(err, e.Heal(ctx))
	}
	return e, nil
}

func (v *victim) kill() error {
	if err := v.client.Process.Kill(); err != nil {
		return fmt.Errorf("client %d: %w", v.client.ID, err)
	}
	return nil
}

// created stops a client right after a create. If no client creates a znode and any client may be hit,
// it stops any. If no client was seen to create one in this run, it does not wait for long: in some
// objects, clients create only the znodes that they begin with.
func created(ctx context.Context, t *Target, rng *rand.Rand, anybody bool) (victims, error) {
	patience := wait
	if anybody && !t.Activity.Ever(making) {
		patience /= 4
	}
	all, err := afterCreate(ctx, t, rng, patience)
	switch {
	case err == nil:
		t.Activity.saw(making)
	case anybody && errors.Is(err, ErrNoTarget):
		return choice{who: Anyone, alone: true}.hit(ctx, t, rng, freeze)
	}
	return all, err
}

// afterCreate stops a client right after a server has carried out its create below the
// run's root. The client never sees the reply. It tries one client after the other, for so long.
func afterCreate(ctx context.Context, t *Target, rng *rand.Rand, patience time.Duration) (victims, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		for _, i := range rng.Perm(len(t.Clients)) {
			c := t.Clients[i]
			if !hasSession(c) {
				continue
			}
			v, err := hitOne(t, c, func(c Client) (func(), error) { return stopAtCreate(ctx, t, c) })
			if err != nil {
				return nil, err
			}
			if v == nil {
				continue
			}
			if stopped, _ := c.Process.Frozen(); stopped {
				v.doing = t.Activity.Doing(c.ID)
				return victims{v}, nil
			}
			v.undo()
		}
		doze(ctx, observed)
	}
	return nil, fmt.Errorf("no client made a znode within %s: %w", patience, ErrNoTarget)
}

// oneTry is how long each client is watched for a create, one after the other.
const oneTry = 500 * time.Millisecond

// stopAtCreate loses the reply to the client's next create, and with it the connection. It
// stops the client before it connects again. If no create comes, it does nothing.
func stopAtCreate(ctx context.Context, t *Target, c Client) (undo func(), err error) {
	if c.Process == nil {
		return nil, errOneProcess
	}
	release := c.Link.Hold()
	defer release()
	loss, err := c.Link.Lose(link.Rule{What: link.Reply, Op: wire.Create, Path: t.Root})
	if err != nil {
		return nil, err
	}
	defer loss.Cancel()
	select {
	case <-loss.Done():
		return freeze(c)
	case <-time.After(oneTry):
	case <-ctx.Done():
	}
	return nil, nil
}

// crashed is the effect.
type crashed struct {
	effect
	victims victims
}

// Verify asks the operating system whether the processes are gone, and the links whether
// their connections are.
func (e *crashed) Verify(ctx context.Context) error {
	return e.victims.each(func(v *victim) error { return v.isGone(ctx) })
}

func (v *victim) isGone(ctx context.Context) error {
	deadline := time.Now().Add(settles)
	for {
		var left []string
		if v.client.Process.Running() {
			left = append(left, "its process runs")
		}
		if s, ok := v.client.Link.Session(); ok && s.Connected {
			left = append(left, "its session is connected")
		}
		switch {
		case len(left) == 0:
			return nil
		case time.Now().After(deadline) || !doze(ctx, observed):
			return fmt.Errorf("client %d was killed, but %s", v.client.ID, strings.Join(left, ", "))
		}
	}
}

// Heal starts the processes again.
func (e *crashed) Heal(ctx context.Context) error {
	return e.victims.each(func(v *victim) error {
		defer v.undo()
		return v.client.Process.Restart(ctx)
	})
}
