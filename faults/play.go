package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
)

// Record is where a player writes its steps.
type Record interface {
	Record(history.Event) history.Event
	Now() time.Duration
}

// patience bounds each action on an ensemble: injecting, verifying, healing.
const patience = 15 * time.Second

// Play carries a plan out until it is done or ctx ends. Each lane of the plan
// goes its own way. Every step is recorded, with the times at which it really
// happened; everything that was injected is healed when Play returns, however it
// ends. The error says what could not be healed.
func Play(ctx context.Context, plan []Step, t *Target, r Record) error {
	p := &player{target: t, record: r, began: r.Now(), errs: make([]error, len(plan))}
	var playing sync.WaitGroup
	for _, lane := range lanes(plan) {
		playing.Go(func() { p.lane(ctx, lane) })
	}
	playing.Wait()
	return errors.Join(p.errs...)
}

type player struct {
	target *Target
	record Record
	began  time.Duration
	errs   []error // of each step
}

// numbered is a step with its number in the record, from 1.
type numbered struct {
	Step
	number int
}

// lanes divides a plan into what waits for each other: for each lane its
// moments, and for each of those the steps that begin then.
func lanes(plan []Step) [][][]numbered {
	var all [][][]numbered
	index := map[int]int{} // of lanes in all
	for i, step := range plan {
		n := numbered{step, i + 1}
		at, known := index[step.Lane]
		if !known || step.Lane == 0 {
			index[step.Lane] = len(all)
			all = append(all, [][]numbered{{n}})
			continue
		}
		lane := all[at]
		if last := len(lane) - 1; lane[last][0].At == step.At {
			lane[last] = append(lane[last], n)
			continue
		}
		all[at] = append(lane, []numbered{n})
	}
	return all
}

// lane plays moments one after the other, late where one takes too long.
func (p *player) lane(ctx context.Context, moments [][]numbered) {
	for _, steps := range moments {
		if !doze(ctx, p.began+steps[0].At-p.record.Now()) {
			return
		}
		var together sync.WaitGroup
		for _, s := range steps {
			together.Go(func() { p.errs[s.number-1] = p.play(ctx, s.number, s.Step) })
		}
		together.Wait()
	}
}

func (p *player) play(ctx context.Context, number int, step Step) error {
	say := p.teller(number, step.Fault)
	say(history.StepInject, history.FaultStep{})
	p.warn(say, step)
	before, _, _ := ensemble.LeaderOf(ctx, p.target.Ensemble.Servers())

	effect, err := p.inject(ctx, step)
	if err != nil {
		say(failedStep(ctx, err), history.FaultStep{Detail: err.Error()})
		return nil
	}
	if err := p.verify(ctx, effect, step.For); err != nil {
		failed := effect.Describe()
		failed.Detail = err.Error()
		say(failedStep(ctx, err), failed)
	} else {
		say(history.StepVerified, effect.Describe())
		p.last(ctx, effect, step.For, before, say)
	}
	return p.heal(ctx, effect, step.For, say)
}

// teller records steps of one fault.
func (p *player) teller(number int, f Fault) func(string, history.FaultStep) {
	return func(step string, v history.FaultStep) {
		v.Fault, v.Step = number, step
		v.Detail = strings.ReplaceAll(v.Detail, "\n", "; ") // joined errors
		if v.Spec == "" {
			v.Spec = f.Spec()
		}
		p.record.Record(history.Event{
			Process: history.Nemesis, Client: -1, Type: history.Info, F: f.Kind(), Value: history.Value(v),
		})
	}
}

// failedStep tells a fault that failed from one that there was nothing to do to,
// or no time any more.
func failedStep(ctx context.Context, err error) string {
	if errors.Is(err, ErrNoTarget) || ctx.Err() != nil {
		return history.StepSkipped
	}
	return history.StepFailed
}

// warn says of a step that it is too short: for servers, or for clients.
func (p *player) warn(say func(string, history.FaultStep), step Step) {
	var text string
	switch f := step.Fault.(type) {
	case Lasting:
		text = f.Warn(p.target.Ensemble.Profile(), step.For)
	case warnsClients:
		text = f.warnClients(p.target.Clients, step.For)
	}
	if text != "" {
		say(history.StepWarning, history.FaultStep{Detail: text})
	}
}

// again is when a fault that found no target is tried once more: another fault
// may have ended by then, or somebody may hold.
const again = time.Second

// inject tries a fault that finds no target once more, with another draw.
func (p *player) inject(ctx context.Context, step Step) (e Effect, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for try := range uint64(2) {
		e, err = step.Fault.Inject(ctx, p.target.lasting(step.For), rand.New(rand.NewPCG(step.Seed, try)))
		if !errors.Is(err, ErrNoTarget) || try > 0 || !doze(ctx, min(again, step.For)) {
			break
		}
	}
	return e, err
}

// verify has patience beyond the time that an effect may wait for its occasion.
func (p *player) verify(ctx context.Context, e Effect, lasts time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience+lasts)
	defer cancel()
	return e.Verify(ctx)
}

// last lets the effect last until its time is over, or it is over by itself, and
// looks meanwhile whether a fault of servers makes another one lead.
func (p *player) last(ctx context.Context, e Effect, d time.Duration, before ensemble.Server, say func(string, history.FaultStep)) {
	var ended <-chan struct{} // never, unless the effect says when
	if ending, ok := e.(Ending); ok {
		ended = ending.Ended()
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	if before == nil || len(e.Describe().Servers) == 0 {
		look.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ended:
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
func healing(e Effect, lasted time.Duration) time.Duration {
	return patience + lasted + time.Duration(len(e.Describe().Servers))*eachTurn
}

// heal goes on although ctx has ended: nothing injected may outlive the run.
func (p *player) heal(ctx context.Context, e Effect, lasted time.Duration, say func(string, history.FaultStep)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healing(e, lasted))
	defer cancel()
	say(history.StepHeal, e.Describe())
	if err := e.Heal(ctx); err != nil {
		failed := e.Describe()
		failed.Detail = err.Error()
		say(history.StepWarning, failed)
		return fmt.Errorf("heal %s: %w", e.Describe().Spec, err)
	}
	say(history.StepHealed, e.Describe())
	return nil
}
