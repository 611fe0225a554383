package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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

// Play carries a plan out, one step after the other, until it is done or ctx
// ends. Every step is recorded; everything that was injected is healed when
// Play returns, however it ends. The error says what could not be healed.
func Play(ctx context.Context, plan []Step, t *Target, r Record) error {
	p := &player{target: t, record: r, began: r.Now()}
	var errs []error
	for i, step := range plan {
		if !p.sleep(ctx, p.began+step.At-r.Now()) {
			break
		}
		errs = append(errs, p.play(ctx, i+1, step))
	}
	return errors.Join(errs...)
}

type player struct {
	target *Target
	record Record
	began  time.Duration
}

// sleep waits; false when ctx ended first.
func (p *player) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (p *player) play(ctx context.Context, number int, step Step) error {
	say := p.teller(number, step.Fault)
	say(history.StepInject, history.FaultStep{})
	p.warn(say, step)
	before, _, _ := ensemble.LeaderOf(ctx, p.target.Ensemble.Servers())

	effect, err := p.inject(ctx, step)
	if err != nil {
		say(failedStep(err), history.FaultStep{Detail: err.Error()})
		return nil
	}
	if err := p.verify(ctx, effect); err != nil {
		failed := effect.Describe()
		failed.Detail = err.Error()
		say(history.StepFailed, failed)
	} else {
		say(history.StepVerified, effect.Describe())
		if _, lasts := step.Fault.(Lasting); lasts {
			p.last(ctx, step.For, before, say)
		}
	}
	return p.heal(ctx, effect, say)
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

func failedStep(err error) string {
	if errors.Is(err, ErrNoTarget) {
		return history.StepSkipped
	}
	return history.StepFailed
}

func (p *player) warn(say func(string, history.FaultStep), step Step) {
	l, ok := step.Fault.(Lasting)
	if !ok {
		return
	}
	if text := l.Warn(p.target.Ensemble.Profile(), step.For); text != "" {
		say(history.StepWarning, history.FaultStep{Detail: text})
	}
}

func (p *player) inject(ctx context.Context, step Step) (Effect, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return step.Fault.Inject(ctx, p.target, rand.New(rand.NewPCG(step.Seed, 0)))
}

func (p *player) verify(ctx context.Context, e Effect) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return e.Verify(ctx)
}

// last lets the fault last, and looks meanwhile whether another leader takes over.
func (p *player) last(ctx context.Context, d time.Duration, before ensemble.Server, say func(string, history.FaultStep)) {
	end := p.record.Now() + d
	for elected := false; p.record.Now() < end; {
		if !p.sleep(ctx, min(100*time.Millisecond, end-p.record.Now())) {
			return
		}
		if elected || before == nil {
			continue
		}
		if now, _, err := ensemble.LeaderOf(ctx, p.target.Ensemble.Servers()); err == nil && now.ID() != before.ID() {
			say(history.StepElected, history.FaultStep{Servers: []int{now.ID()}})
			elected = true
		}
	}
}

// heal goes on although ctx has ended: nothing injected may outlive the run.
func (p *player) heal(ctx context.Context, e Effect, say func(string, history.FaultStep)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
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
