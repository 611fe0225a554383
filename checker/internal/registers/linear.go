package registers

import (
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/zones"
	"github.com/zklab/zklab/history/models"
)

// linearizable requires that writes, compare-and-sets and fenced reads can each have
// happened at one moment between invocation and return.
var linearizable = &frame.Property{
	Name:     "linearizable",
	Meaning:  "writes, compare-and-sets and fenced reads agree on one order of values",
	Decider:  "chains and zones",
	Evidence: frame.FromTimes,
	Decide: onRegister(func(_ context.Context, f *frame.Finding, r *register) {
		f.Add(r.figures)
		if decideWritten(f, r.Name, r, models.ReadFenced); f.Result == "" {
			decideZones(f, r.Name, r)
		}
	}),
	Exercise: registerExercise,
}

// decideWritten checks that reads of some kinds find only values that a client had begun to write.
func decideWritten(f *frame.Finding, key string, r *register, kinds ...string) {
	for _, l := range r.unwritten {
		if !slices.Contains(kinds, l.kind) {
			continue
		}
		switch c, failed := r.writer[l.value], r.failed[l.value]; {
		case c != nil:
			f.Violated(append(l.events(), evidence.EventsOf(c.op)...), "%s: %s had ended before %s began", key, r.seen(l), r.spanOf(c))
		case failed != nil:
			f.Violated(append(l.events(), evidence.EventsOf(failed.op)...), "%s: %s shows the value of %s, which had failed", key, r.seen(l), r.spanOf(failed))
		default:
			f.Violated(l.events(), "%s: %s shows a value that no client had written", key, r.seen(l))
		}
	}
}

// decideZones decides the values.
func decideZones(f *frame.Finding, key string, r *register) {
	ops := make([]zones.Op, 0, len(r.changes)+len(r.reads))
	times := r.times()
	rank := func(t time.Duration) int32 {
		if t == evidence.Never {
			return zones.Never
		}
		i, _ := slices.BinarySearch(times, t)
		return int32(i)
	}
	of := func(i int32) (*change, *look) {
		if int(i) < len(r.changes) {
			return r.changes[i], nil
		}
		return nil, r.reads[int(i)-len(r.changes)]
	}
	for _, c := range r.changes {
		op := zones.Op{Inv: rank(c.inv()), Ret: rank(c.ret()), A: c.to, Kind: zones.Write}
		if c.from != noValue {
			op.A, op.B, op.Kind = c.from, c.to, zones.CAS
		}
		ops = append(ops, op)
	}
	for _, l := range r.reads {
		op := zones.Op{Inv: rank(l.inv), Ret: rank(l.ret), A: l.value}
		if l.kind == models.ReadFenced {
			op.Kind = zones.Read
		}
		ops = append(ops, op)
	}
	z := zones.Register{
		Len: len(ops), Op: func(i int32, o *zones.Op) { *o = ops[i] }, Value: r.name,
		Span: func(i int32) string {
			c, l := of(i)
			if c != nil {
				return r.spanOf(c)
			}
			return r.seen(l)
		},
	}
	got := z.Decide()
	switch got.Result {
	case zones.Inapplicable:
		f.Unknown("%s", got.Reason)
	case zones.Violated:
		var counterexample []int
		for _, i := range got.Counterexample {
			if c, l := of(i); c != nil {
				counterexample = append(counterexample, evidence.EventsOf(c.op)...)
			} else {
				counterexample = append(counterexample, l.events()...)
			}
		}
		f.Violated(counterexample, "%s: %s", key, got.Reason)
	}
}

// times returns all moments at which something began or ended, each once, in order.
// Events at equal times have no order.
func (r *register) times() []time.Duration {
	of := make([]time.Duration, 0, 2*(len(r.changes)+len(r.reads)))
	for _, c := range r.changes {
		of = append(of, c.inv(), c.ret())
	}
	for _, l := range r.reads {
		of = append(of, l.inv, l.ret)
	}
	slices.Sort(of)
	return slices.Compact(of)
}
