package checker

import (
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/zones"
	"github.com/zklab/zklab/history"
)

// linearizable says that writes, compare-and-sets and fenced reads can each have
// happened at one moment between invocation and return.
var linearizable = &property{
	name:     "linearizable",
	decider:  "chains and zones",
	evidence: realTime,
	decide: onRegister(func(_ context.Context, f *finding, _ *analysis, k *keyRecord, r *register) {
		f.add(r.figures)
		if decideWritten(f, k.key, r, history.ReadFenced); f.result == "" {
			decideZones(f, k.key, r)
		}
	}),
	exercise: registerExercise,
}

// decideWritten says that reads of some kinds find what somebody had begun to
// write.
func decideWritten(f *finding, key string, r *register, kinds ...string) {
	for _, l := range r.unwritten {
		if !slices.Contains(kinds, l.kind) {
			continue
		}
		switch c, failed := r.writer[l.value], r.failed[l.value]; {
		case c != nil:
			f.violated(append(l.events(), events(c.op)...), "%s: %s had ended before %s began", key, r.seen(l), r.spanOf(c))
		case failed != nil:
			f.violated(append(l.events(), events(failed.op)...), "%s: %s shows what %s, which had failed, cannot have written", key, r.seen(l), r.spanOf(failed))
		default:
			f.violated(l.events(), "%s: %s shows what nobody had written", key, r.seen(l))
		}
	}
}

// decideZones decides the values.
func decideZones(f *finding, key string, r *register) {
	ops := make([]zones.Op, 0, len(r.changes)+len(r.reads))
	times := r.times()
	rank := func(t time.Duration) int32 {
		if t == never {
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
		if l.kind == history.ReadFenced {
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
		f.unknown("%s", got.Reason)
	case zones.Violated:
		var witness []int
		for _, i := range got.Witness {
			if c, l := of(i); c != nil {
				witness = append(witness, events(c.op)...)
			} else {
				witness = append(witness, l.events()...)
			}
		}
		f.violated(witness, "%s: %s", key, got.Reason)
	}
}

// times are all moments at which something began or ended, each once, in order.
// At equal times nothing comes before anything.
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
