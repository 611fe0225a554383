package transactions

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// A transaction for the reference model: which sites have voted, and what is decided. It is decided
// when a client is first told the outcome, since nothing can contradict the outcome earlier; or it
// lapses at some time after the patience of a client has ended.
var reference = &frame.Reference{
	Covers:     []string{"agreement", "validity", "no-lazy-abort"},
	Operations: operations,
	Model:      func(*evidence.Record) porcupine.Model { return spec },
}

// mostSites is how many sites the reference model supports.
const mostSites = 60

type stepKind int

const (
	votesYes stepKind = iota
	votesNo
	lapses
	isTold
)

// step is a step for the reference model.
type step struct {
	kind   stepKind
	bit    uint64 // the site's bit
	all    uint64 // the bits of all sites
	commit bool
	maybe  bool
	text   string
}

func operations(k *evidence.Key) ([]porcupine.Operation, bool) {
	t := transactionOf(k)
	if t.confused != "" || t.prepare == nil || len(t.sites) > mostSites {
		return nil, false
	}
	all := uint64(1)<<len(t.sites) - 1
	var ops []porcupine.Operation
	add := func(client int, in step, s evidence.Span) {
		in.all = all
		ops = append(ops, porcupine.Operation{ClientId: client, Input: in, Call: k.Clamp(s.From), Return: k.Clamp(s.To)})
	}
	for _, op := range k.Ops() {
		if op.F != models.FVote || op.Outcome() == history.Fail {
			continue
		}
		var v models.Ballot
		k.Decode(op.Invoke, &v)
		i := slices.Index(t.sites, v.Site)
		if i < 0 {
			continue
		}
		in := step{kind: votesNo, bit: 1 << i, maybe: op.Outcome() != history.OK, text: fmt.Sprintf("%s votes no", v.Site)}
		if v.Yes {
			in.kind, in.text = votesYes, fmt.Sprintf("%s votes yes", v.Site)
		}
		add(op.Client, in, evidence.Span{From: op.Began(), To: evidence.EffectiveBy(op)})
	}
	for _, q := range t.asked {
		if q.op.Outcome() == history.OK {
			add(q.op.Client, step{kind: isTold, commit: q.commit, text: "told " + models.Decision{Commit: q.commit}.String()}, evidence.Span{From: q.op.Began(), To: q.ret()})
		}
		if q.mayLapse() {
			add(q.op.Client, step{kind: lapses, maybe: true, text: "lapses"}, evidence.Span{From: q.due, To: evidence.EffectiveBy(q.op)})
		}
	}
	return ops, true
}

// tally is the state of a transaction.
type tally struct {
	yes         uint64
	no          bool
	over        bool // the transaction is decided
	asCommitted bool
}

var spec = func() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{tally{}} },
		Step: func(state, input, _ any) []any {
			now, in := state.(tally), input.(step)
			next, ok := now.after(in)
			switch {
			case ok && in.maybe && next != now:
				return []any{now, next}
			case ok:
				return []any{next}
			case in.maybe:
				return []any{now}
			}
			return nil
		},
		DescribeOperation: func(input, _ any) string { return input.(step).text },
	}
	return m.ToModel()
}()

// after returns the state after a step; false if the step is not possible.
func (t tally) after(in step) (tally, bool) {
	switch in.kind {
	case votesYes:
		t.yes |= in.bit
	case votesNo:
		t.no = true
	case lapses:
		if t.over || t.yes == in.all {
			return t, false
		}
		t.over, t.asCommitted = true, false
	case isTold:
		if t.over {
			return t, t.asCommitted == in.commit
		}
		if in.commit && (t.yes != in.all || t.no) || !in.commit && !t.no {
			return t, false
		}
		t.over, t.asCommitted = true, in.commit
	}
	return t, true
}
