// Package counters decides histories of a counter to which clients add one at a time. It must not
// know how a counter is stored, nor what was done to the run: only values and times decide.
package counters

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Counter is an integer that begins with 0 and to which many clients add.
var Counter = frame.Model{
	Object:     models.Counter,
	Properties: []*frame.Property{linearizable, plainReads, frame.FencedReads},
	References: []*frame.Reference{reference},
}

// counter holds what happened to one counter.
type counter struct {
	*evidence.Key
	steps []*step // changes that may have happened and fenced reads, in order of invocation
	plain []*step // plain reads
	// odd is an operation that does not belong to a counter that only grows by one.
	odd     *history.Operation
	figures map[string]float64
}

var counterOf = evidence.OncePerKey(readCounter)

func readCounter(k *evidence.Key) *counter {
	c := &counter{Key: k, figures: map[string]float64{"conflicts": 0}}
	running := evidence.NewReach()
	for _, op := range k.Ops() {
		c.take(op)
		if op.F != models.FRead {
			if running.Beyond(op.Client, op.Began()) {
				frame.TallyCall(c.figures, k.Record, "conflicts", op)
			}
			running.Add(op.Client, evidence.Ended(op))
		}
	}
	c.figures["final_reads"] = float64(c.finals())
	return c
}

// take adds one operation. A failed operation had no effect.
func (c *counter) take(op *history.Operation) {
	if op.Outcome() == history.Fail {
		return
	}
	s := &step{op: op, inv: op.Began(), ret: evidence.EffectiveBy(op), event: evidence.EventsOf(op)}
	switch op.F {
	case models.FAdd:
		c.add(s)
	case models.FCAS:
		c.swap(s)
	case models.FRead:
		c.read(s)
		return
	}
	c.steps = append(c.steps, s)
}

func (c *counter) add(s *step) {
	var v models.Addition
	c.Decode(s.op.Invoke, &v)
	if v.Delta != 1 {
		c.odd = s.op
	}
	s.kind, s.text = either, fmt.Sprintf("the addition of client %d called at %s may have happened", s.op.Client, words.At(s.inv))
	if s.op.Outcome() == history.OK {
		s.kind, s.value = makes, c.answer(s.op)
		s.text = fmt.Sprintf("an addition of client %d made %s %d at %s", s.op.Client, c.Name, s.value, words.At(s.ret))
	}
}

func (c *counter) swap(s *step) {
	var v models.CountSwap
	c.Decode(s.op.Invoke, &v)
	if v.To != v.From+1 {
		c.odd = s.op
	}
	s.kind, s.value = might, v.To
	s.text = fmt.Sprintf("client %d may have changed %s from %d to %d", s.op.Client, c.Name, v.From, v.To)
	if s.op.Outcome() == history.OK {
		s.kind = makes
		s.text = fmt.Sprintf("client %d changed %s from %d to %d at %s", s.op.Client, c.Name, v.From, v.To, words.At(s.ret))
	}
}

func (c *counter) read(s *step) {
	if s.op.Outcome() != history.OK {
		return
	}
	var how models.HowRead
	c.Decode(s.op.Invoke, &how)
	s.value = c.answer(s.op)
	if how.Kind == models.ReadPlain {
		s.plain, s.text = true, fmt.Sprintf("client %d read %d of %s at %s", s.op.Client, s.value, c.Name, words.At(s.ret))
		c.plain = append(c.plain, s)
		return
	}
	s.text = fmt.Sprintf("client %d got the answer at %s that %s is %d", s.op.Client, words.At(s.ret), c.Name, s.value)
	c.steps = append(c.steps, s)
	c.figures["reads"]++
}

func (c *counter) answer(op *history.Operation) int64 {
	var v models.Count
	c.Decode(op.Return, &v)
	return v.Value
}

// finals counts the reads that were called after every change with a known outcome had
// returned: such reads show an addition that counted twice, or not at all.
func (c *counter) finals() (n int) {
	var changed time.Duration
	for _, s := range c.steps {
		if s.kind != reads {
			changed = max(changed, s.inv, evidence.Ended(s.op))
		}
	}
	for _, s := range c.steps {
		if s.kind == reads && s.inv > changed {
			n++
		}
	}
	return n
}

// onCounter decides a key as a counter, unless some change is not by one.
func onCounter(decide func(*frame.Finding, *counter)) func(context.Context, *evidence.Key) frame.Finding {
	return func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		c := counterOf(k)
		f.Add(c.figures)
		if c.odd != nil {
			f.Unknown("client %d did something other than add one to %s at %s: only additions of one are decided", c.odd.Client, c.Name, words.At(c.odd.Began()))
			return f
		}
		decide(&f, c)
		return f
	}
}

func fromTimes(*evidence.Record) string { return "R" }

// linearizable requires that additions, compare-and-sets and fenced reads can be put into
// one order in which each took effect between its call and its return. So no addition
// counted twice, and none that was acknowledged was lost.
var linearizable = &frame.Property{
	Name:     "linearizable",
	Meaning:  "every change took effect exactly once, in an order consistent with real time",
	Decider:  "order of values, and deadlines of those that nobody made",
	Evidence: fromTimes,
	Decide: onCounter(func(f *frame.Finding, c *counter) {
		if b := decide(c.steps); b != nil {
			f.Violated(b.events(), "%s", b.text)
		}
	}),
	Exercise: func(_ *evidence.Record, figures map[string]float64) string {
		if missing := frame.Few(figures["final_reads"], 1, "fenced reads after all changes"); missing != "" {
			return missing
		}
		return frame.Because(frame.Few(figures["conflicts"], 10, "changes that overlapped another change"), frame.MoreMeetings)
	},
}
