package plan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/link"
)

// Record is where a player writes its steps.
type Record interface {
	Record(history.Event) history.Event
	Now() time.Duration
}

// Play makes a Player with Ready and plays the plan at once.
func Play(ctx context.Context, plan []Step, t *faults.Target, r Record) error {
	return Ready(plan, t, r).Play(ctx)
}

// Player carries out a plan, once.
type Player struct {
	target *faults.Target
	record Record
	began  time.Duration
	lanes  [][][]numbered
	points []atPoint
	aims   []func(context.Context)
	mu     sync.Mutex
	steps  []Step  // guarded by mu
	failed []error // of steps of aims, guarded by mu
	errs   []error // of the other steps
	enough chan struct{}
	finish func()
}

// Ready makes the player of a plan. From then on messages stop at the plan's points, so
// that none is missed. The caller must call Play as soon as clients begin.
func Ready(plan []Step, t *faults.Target, r Record) *Player {
	p := &Player{target: t, record: r, enough: make(chan struct{})}
	p.finish = sync.OnceFunc(func() { close(p.enough) })
	var timed []numbered
	aimed := map[int][]Step{} // by lane
	for _, step := range plan {
		if step.Gap > 0 {
			aimed[step.Lane] = append(aimed[step.Lane], step)
			continue
		}
		p.steps = append(p.steps, step)
		if n := (numbered{step, len(p.steps)}); step.Point.Zero() {
			timed = append(timed, n)
		} else {
			p.points = append(p.points, p.breakAt(n))
		}
	}
	p.lanes, p.errs = lanes(timed), make([]error, len(p.steps))
	for _, lane := range slices.Sorted(maps.Keys(aimed)) {
		p.aimAt(aimed[lane])
	}
	return p
}

// Play returns when the plan is done or ctx ends. The lanes of the plan run concurrently.
// Every step is recorded with the times at which it really happened. When Play returns,
// everything that was injected is healed. The error says what could not be healed.
func (p *Player) Play(ctx context.Context) error {
	p.began = p.record.Now()
	var playing sync.WaitGroup
	for _, lane := range p.lanes {
		playing.Go(func() { p.lane(ctx, lane) })
	}
	for _, point := range p.points {
		playing.Go(func() { p.errs[point.number-1] = p.await(ctx, point) })
	}
	for _, follow := range p.aims {
		playing.Go(func() { follow(ctx) })
	}
	playing.Wait()
	return errors.Join(append(p.errs, p.failed...)...)
}

// Enough notes that there is no load left to disturb: no more steps begin, and those under
// way end as soon as their effect was seen. It is safe for concurrent use and may be called
// more than once.
func (p *Player) Enough() { p.finish() }

// numbered is a step with its number in the record, from 1.
type numbered struct {
	Step
	number int
}

// lanes divides a plan into steps that wait for each other: for each lane its moments, and
// for each moment the steps that begin then.
func lanes(plan []numbered) [][][]numbered {
	var all [][][]numbered
	index := map[int]int{} // of each lane in all
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

// lane plays its moments one after the other, late if one takes too long. Clients began
// when the plan did, so an operation that a client does at a round time is due together
// with a step at a round time.
func (p *Player) lane(ctx context.Context, moments [][]numbered) {
	for _, steps := range moments {
		if !p.doze(ctx, jitter.Stretch(p.began+steps[0].At-p.record.Now())) {
			return
		}
		var together sync.WaitGroup
		for _, s := range steps {
			together.Go(func() {
				jitter.Wait(s.number)
				p.errs[s.number-1] = p.play(ctx, s, nil)
			})
		}
		together.Wait()
	}
}

// play carries out a step, at the stopped message if there is one.
func (p *Player) play(ctx context.Context, step numbered, stopped *link.Stopped) error {
	say := p.teller(step)
	began := time.Now()
	p.begin(say, step.Step)
	var before ensemble.Server
	if stopped == nil || faults.NeedsLeader(step.Fault) {
		before, _, _ = ensemble.LeaderOf(ctx, p.target.Ensemble.Servers())
	}
	effect, err := p.inject(ctx, step.Step, stopped)
	if err != nil {
		failed := history.FaultStep{Detail: late(err, "it could not be injected", faults.Patience).Error()}
		say(failedStep(ctx, err, step.Fault, began, &failed), failed)
		return nil
	}
	if err := p.verify(ctx, effect, step.For); err != nil {
		failed := effect.Describe()
		failed.Detail = late(err, "it was not seen to take effect", faults.Patience+step.For).Error()
		say(failedStep(ctx, err, step.Fault, began, &failed), failed)
	} else {
		say(history.StepVerified, effect.Describe())
		p.last(ctx, effect, step.For, before, say)
	}
	return p.heal(ctx, effect, step.For, say)
}

// teller records steps of one fault. The record names a fault at a message by its point,
// whatever arguments followed from the message.
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

// begin records that a step begins, with its traits.
func (p *Player) begin(say func(string, history.FaultStep), step Step) {
	say(history.StepInject, history.FaultStep{Traits: traits(step.Fault)})
	p.warn(say, step)
}

// traits returns the traits of the fault itself, or those that its kind declares.
func traits(f faults.Fault) history.FaultTraits {
	if t, ok := f.(faults.Traited); ok {
		return t.Traits()
	}
	return kinds.Named(f.Kind()).Traits
}

// failedStep distinguishes a fault that failed from one that had no target, and from one that the end of the load
// overtook, where errors only tell of that.
func failedStep(ctx context.Context, err error, f faults.Fault, began time.Time, step *history.FaultStep) string {
	switch {
	case ctx.Err() != nil:
		step.TooLate = true
		step.Detail = fmt.Sprintf("the load ended %s after %s began, before it took effect", prose.Length(time.Since(began)), f.Kind())
		return history.StepSkipped
	case errors.Is(err, faults.ErrNoTarget):
		return history.StepSkipped
	}
	return history.StepFailed
}

// warn records that a step is too short for servers or for clients to notice.
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

// again is when a fault that found no target is tried once more. By then another fault may
// have ended, or a client may hold.
const again = time.Second

// inject retries a fault that finds no target once, with another draw. A fault at a message
// has only that moment; then the message goes on.
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

// verify allows Patience beyond the time that an effect may wait for its occasion.
func (p *Player) verify(ctx context.Context, e faults.Effect, lasts time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, faults.Patience+lasts)
	defer cancel()
	return e.Verify(ctx)
}

// last lets the effect last until its time is over or it ends by itself. Meanwhile it looks
// whether a fault on servers leads to a new leader.
func (p *Player) last(ctx context.Context, e faults.Effect, d time.Duration, before ensemble.Server, say func(string, history.FaultStep)) {
	var ended <-chan struct{} // never closed, unless the effect ends by itself
	if ending, ok := e.(faults.Ending); ok {
		ended = ending.Ended()
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	look := time.NewTicker(jitter.Stretch(100 * time.Millisecond))
	defer look.Stop()
	if before == nil || len(e.Describe().Servers) == 0 {
		look.Stop()
	}
	for ctx.Err() == nil { // a look may take so long that the next one is due
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

// healing returns how long a heal may take: more for an effect that lasted long, since
// servers have to catch up, and for each server that may have to start.
func healing(e faults.Effect, lasted time.Duration) time.Duration {
	return faults.Patience + lasted + time.Duration(len(e.Describe().Servers))*faults.RestartTime
}

// heal continues after ctx has ended: no injected fault may outlive the run.
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

// late replaces an error that only reports the end of a context: the new error names what was awaited,
// and for how long.
func late(err error, what string, within time.Duration) error {
	if err.Error() != context.DeadlineExceeded.Error() {
		return err
	}
	return fmt.Errorf("%s within %s: %w", what, within.Round(time.Millisecond), err)
}

// doze waits, and reports whether there is still something to do.
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
