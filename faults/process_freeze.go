package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
)

// Freeze stops the processes of clients (SIGSTOP), like a long garbage collection or a
// machine that sleeps. No code in the process notices. If it lasts longer than the session
// timeout, the client goes on after its session has expired.
type Freeze struct {
	Who Who
}

var _ = declare(kinds.Freeze, withWho(ofClients(Kind{
	About: "stops client processes (SIGSTOP) for a while",
	guide: []row{{"", "SIGSTOP; if it lasts longer than the session timeout, the client continues after its session expired. `owner`, `returned`: [see below](#a-look-that-is-out-of-date)", "the operating system, and no traffic on its link", "SIGCONT"}},
	at:    atMessages{which: link.AnyMessage},
}, func(who Who) Fault { return Freeze{who} }), Owner, Returned))

// Kind returns "freeze".
func (Freeze) Kind() string { return kinds.Freeze.Name }

// Spec returns freeze or freeze:<who>.
func (f Freeze) Spec() string { return spec(kinds.Freeze, string(f.Who)) }

// Available checks that clients are processes of their own.
func (Freeze) Available(s Setting) error { return ownProcesses(s) }

// errOneProcess is why a fault of processes is not available.
var errOneProcess = errors.New("all clients run in one process: add --clients-as process")

func ownProcesses(s Setting) error {
	if !s.Processes {
		return errOneProcess
	}
	return nil
}

// WarnClients returns a warning if the freeze is too short for a session to expire.
func (Freeze) WarnClients(clients []Client, lasts time.Duration) string {
	for _, c := range clients {
		if s, ok := c.Link.Session(); ok && lasts <= s.Timeout {
			return fmt.Sprintf("clients frozen for %s keep their sessions, whose timeout is %s", lasts, s.Timeout)
		}
	}
	return ""
}

// Inject freezes the chosen clients.
func (f Freeze) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	if of, ok := shownTo[f.Who]; ok {
		return f.injectAtAnswer(ctx, t, of)
	}
	victims, err := choice{who: f.Who, alone: true}.hit(ctx, t, rng, freeze)
	if err != nil {
		return nil, err
	}
	return &frozen{victims: victims, effect: effect{step: victims.doing(f.Spec())}}, nil
}

// freeze stops a client's process.
func freeze(c Client) (thaw func(), err error) {
	if c.Process == nil {
		return nil, errOneProcess
	}
	if err := c.Process.Freeze(); err != nil {
		return nil, err
	}
	return func() { _ = c.Process.Thaw() }, nil
}

// frozen is the effect.
type frozen struct {
	effect
	victims victims
}

// Verify asks the operating system whether the processes are stopped, and sees that nothing
// comes from them any more.
func (e *frozen) Verify(ctx context.Context) error {
	return e.victims.each(func(v *victim) error { return v.stands(ctx) })
}

// The link may still be passing on what a stopped process wrote before.
const (
	quiet   = 100 * time.Millisecond // without a frame: the process is silent
	settles = 2 * time.Second
)

func (v *victim) stands(ctx context.Context) error {
	is, err := v.client.Process.Frozen()
	if err != nil {
		return fmt.Errorf("client %d: %w", v.client.ID, err)
	}
	if !is {
		return fmt.Errorf("the process of client %d is not stopped", v.client.ID)
	}
	deadline := time.Now().Add(settles)
	for {
		before, _ := v.client.Link.Passed()
		if !doze(ctx, quiet) {
			return context.Cause(ctx)
		}
		if after, _ := v.client.Link.Passed(); after == before {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("client %d goes on sending, though its process is stopped", v.client.ID)
		}
	}
}

// Heal resumes the processes.
func (e *frozen) Heal(context.Context) error {
	return e.victims.each(func(v *victim) error {
		defer v.undo()
		return v.client.Process.Thaw()
	})
}

// doing is like step, and adds what each client was doing when it was hit.
func (all victims) doing(spec string) history.FaultStep {
	step := all.step(spec)
	for _, s := range all {
		step.Holding = append(step.Holding, s.doing)
	}
	return step
}
