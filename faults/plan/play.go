package plan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/virtual/apart"
	"github.com/zklab/zklab/link"
)

// Record is where a player writes its steps.
type Record interface {
	Record(history.Event) history.Event
	Now() time.Duration
}

// Play is Ready, and playing at once.
func Play(ctx context.Context, plan []Step, t *faults.Target, r Record) error {
	return Ready(plan, t, r).Play(ctx)
}

// Player carries a plan out, once.
type Player struct {
	target *faults.Target
	record Record
	began  time.Duration
	lanes  [][][]numbered
	points []atPoint
	errs   []error // of each step
	enough chan struct{}
	finish func()
}

// Ready makes the player of a plan. From then on messages stop at the plan's points, so
// that none is missed: whoever makes it plays it, as soon as clients begin.
func Ready(plan []Step, t *faults.Target, r Record) *Player {
	p := &Player{target: t, record: r, errs: make([]error, len(plan)), enough: make(chan struct{})}
	p.finish = sync.OnceFunc(func() { close(p.enough) })
	var timed []numbered
	for i, step := range plan {
		if n := (numbered{step, i + 1}); step.Point.Zero() {
			timed = append(timed, n)
		} else {
			p.points = append(p.points, p.breakAt(n))
		}
	}
	p.lanes = lanes(timed)
	return p
}

// Play goes on until the plan is done or ctx ends. Each lane of the plan
// goes its own way. Every step is recorded, with the times at which it really
// happened; everything that was injected is healed when Play returns, however it
// ends. The error says what could not be healed.
func (p *Player) Play(ctx context.Context) error {
	p.began = p.record.Now()
	var playing sync.WaitGroup
	for _, lane := range p.lanes {
		playing.Go(func() { p.lane(ctx, lane) })
	}
	for _, point := range p.points {
		playing.Go(func() { p.errs[point.number-1] = p.await(ctx, point) })
	}
	playing.Wait()
	return errors.Join(p.errs...)
}

// Enough says that nothing is left to disturb: no more steps begin, and those under way end
// as soon as their effect was seen. Safe for concurrent use; more than once is fine.
func (p *Player) Enough() { p.finish() }

// numbered is a step with its number in the record, from 1.
type numbered struct {
	Step
	number int
}

// lanes divides a plan into what waits for each other: for each lane its
// moments, and for each of those the steps that begin then.
func lanes(plan []numbered) [][][]numbered {
	var all [][][]numbered
	index := map[int]int{} // of lanes in all
	for _, n := range plan {
		at, known := index[n.Lane]
		if !known || n.Lane == 0 {
			index[n.Lane] = len(all)
			all = append(all, [][]numbered{{n}})
			continue
		}
		lane := all[at]
		if last := len(lane) - 1; lane[last][0].At == n.At {
			lane[last] = append(lane[last], n)
			continue
		}
		all[at] = append(lane, []numbered{n})
	}
	return all
}

// lane plays moments one after the other, late where one takes too long. Clients began when the
// plan did, and what they do in round periods comes due together with a step at a round moment.
func (p *Player) lane(ctx context.Context, moments [][]numbered) {
	for _, steps := range moments {
		if !p.doze(ctx, apart.Odd(p.began+steps[0].At-p.record.Now())) {
			return
		}
		var together sync.WaitGroup
		for _, s := range steps {
			together.Go(func() {
				apart.Wait(s.number)
				p.errs[s.number-1] = p.play(ctx, s, nil)
			})
		}
		together.Wait()
	}
}

// play carries out a step, at the message that is stopped if there is one.
func (p *Player) play(ctx context.Context, step numbered, stopped *link.Stopped) error {
	say := p.teller(step)
	p.begin(say, step.Step)
	var before ensemble.Server
	if stopped == nil || faults.NeedsLeader(step.Fault) {
		before, _, _ = ensemble.LeaderOf(ctx, p.target.Ensemble.Servers())
	}
	effect, err := p.inject(ctx, step.Step, stopped)
	if err != nil {
		say(failedStep(ctx, err), history.FaultStep{Detail: late(err, "it could not be injected", faults.Patience).Error()})
		return nil
	}
	if err := p.verify(ctx, effect, step.For); err != nil {
		failed := effect.Describe()
		failed.Detail = late(err, "it was not seen to take effect", faults.Patience+step.For).Error()
		say(failedStep(ctx, err), failed)
	} else {
		say(history.StepVerified, effect.Describe())
		p.last(ctx, effect, step.For, before, say)
	}
	return p.heal(ctx, effect, step.For, say)
}

// teller records steps of one fault. One at a message is called by that, whatever
// followed from it.
func (p *Player) teller(of numbered) func(string, history.FaultStep) {
	return func(step string, v history.FaultStep) {
		v.Fault, v.Step = of.number, step
		v.Detail = strings.ReplaceAll(v.Detail, "\n", "; ") // joined errors
		if v.Spec == "" || !of.Point.Zero() {
			v.Spec = of.Spec()
		}
		p.record.Record(history.Event{
			Process: history.Nemesis, Client: -1, Type: history.Info, F: of.Fault.Kind(), Value: history.Value(v),
		})
	}
}

// begin says that a step begins, and what should be known of it.
func (p *Player) begin(say func(string, history.FaultStep), step Step) {
	say(history.StepInject, history.FaultStep{Traits: traits(step.Fault)})
	p.warn(say, step)
}

// traits asks the fault, or what its kind declares.
func traits(f faults.Fault) history.FaultTraits {
	if t, ok := f.(faults.Traited); ok {
		return t.Traits()
	}
	return kinds.Named(f.Kind()).Traits
}

// failedStep tells a fault that failed from one that there was nothing to do to,
// or no time any more.
func failedStep(ctx context.Context, err error) string {
	if errors.Is(err, faults.ErrNoTarget) || ctx.Err() != nil {
		return history.StepSkipped
	}
	return history.StepFailed
}

// warn says of a step that it is too short: for servers, or for clients.
func (p *Player) warn(say func(string, history.FaultStep), step Step) {
	var text string
	switch f := step.Fault.(type) {
	case faults.Lasting:
		text = f.Warn(p.target.Ensemble.Profile(), step.For)
	case faults.LastingForClients:
		text = f.WarnClients(p.target.Clients, step.For)
	}
	if text != "" {
		say(history.StepWarning, history.FaultStep{Detail: text})
	}
}

// again is when a fault that found no target is tried once more: another fault
// may have ended by then, or somebody may hold.
const again = time.Second

// inject tries a fault that finds no target once more, with another draw; but one at a
// message has that moment alone, and then lets the message go on.
func (p *Player) inject(ctx context.Context, step Step, stopped *link.Stopped) (e faults.Effect, err error) {
	ctx, cancel := context.WithTimeout(ctx, faults.Patience)
	defer cancel()
	if stopped != nil {
		defer stopped.Resume()
		t := p.target.For(step.For)
		t.At = stopped
		return faults.AtMessage(step.Fault, t).Inject(ctx, t, rand.New(rand.NewPCG(step.Seed, 0)))
	}
	for try := range uint64(2) {
		e, err = step.Fault.Inject(ctx, p.target.For(step.For), rand.New(rand.NewPCG(step.Seed, try)))
		if !errors.Is(err, faults.ErrNoTarget) || try > 0 || !p.doze(ctx, min(again, step.For)) {
			break
		}
	}
	return e, err
}

// verify has patience beyond the time that an effect may wait for its occasion.
func (p *Player) verify(ctx context.Context, e faults.Effect, lasts time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, faults.Patience+lasts)
	defer cancel()
	return e.Verify(ctx)
}

// last lets the effect last until its time is over, or it is over by itself, and
// looks meanwhile whether a fault of servers makes another one lead.
func (p *Player) last(ctx context.Context, e faults.Effect, d time.Duration, before ensemble.Server, say func(string, history.FaultStep)) {
	var ended <-chan struct{} // never, unless the effect says when
	if ending, ok := e.(faults.Ending); ok {
		ended = ending.Ended()
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	look := time.NewTicker(apart.Odd(100 * time.Millisecond))
	defer look.Stop()
	if before == nil || len(e.Describe().Servers) == 0 {
		look.Stop()
	}
	for ctx.Err() == nil { // to look may take long, and the next look is due by then, too
		select {
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-p.enough:
			return
		case <-look.C:
			if now, _, err := ensemble.LeaderOf(ctx, p.target.Ensemble.Servers()); err == nil && now.ID() != before.ID() {
				say(history.StepElected, history.FaultStep{Servers: []int{now.ID()}})
				look.Stop()
			}
		}
	}
}

// healing is how long a heal may take: more for an effect that lasted long, since
// servers have to catch up, and for each server that may have to start.
func healing(e faults.Effect, lasted time.Duration) time.Duration {
	return faults.Patience + lasted + time.Duration(len(e.Describe().Servers))*faults.RestartTime
}

// heal goes on although ctx has ended: nothing injected may outlive the run.
func (p *Player) heal(ctx context.Context, e faults.Effect, lasted time.Duration, say func(string, history.FaultStep)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healing(e, lasted))
	defer cancel()
	say(history.StepHeal, e.Describe())
	if err := e.Heal(ctx); err != nil {
		failed := e.Describe()
		err = fmt.Errorf("heal %s: %w", failed.Spec, late(err, "it was not done", healing(e, lasted)))
		failed.Detail = err.Error()
		say(history.StepWarning, failed)
		return err
	}
	say(history.StepHealed, e.Describe())
	return nil
}

// late says of an error that is nothing but the end of a context what was waited for, and how long.
func late(err error, what string, within time.Duration) error {
	if err.Error() != context.DeadlineExceeded.Error() {
		return err
	}
	return fmt.Errorf("%s within %s: %w", what, within.Round(time.Millisecond), err)
}

// doze waits, and says whether there is still something to do.
func (p *Player) doze(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return ctx.Err() == nil
	case <-p.enough:
		return false
	case <-ctx.Done():
		return false
	}
}
