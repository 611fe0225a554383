package locks

import (
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// decideDeclined looks for a try-lock that is free but that no client gets any more: for longer
// than the bound, all clients that asked were told that another client holds it, although none did,
// and throughout that time there was a znode that some client had left behind. Without such a
// znode, clients may have asked for too short a time.
func decideDeclined(f *frame.Finding, k *evidence.Key) {
	free, ok := freeFrom(k)
	if !ok {
		return
	}
	var asked []*history.Operation
	var granted *history.Operation // the last acquire that was granted
	for _, op := range k.Ops() {
		switch {
		case op.F == models.FAcquire && op.Outcome() == history.OK && op.Return.Time < free:
			granted = op
		case op.F != models.FAcquire || evidence.Ended(op) < free:
		case op.Return == nil || !declined(op):
			return
		case op.Began() >= free:
			asked = append(asked, op)
		}
	}
	if granted == nil || len(asked) < 3 {
		return
	}
	first, middle, last := asked[0], asked[len(asked)/2], asked[len(asked)-1]
	s := evidence.Span{From: first.Began(), To: last.Began()}
	if frame.Overdue(k.Record, s, s.Length()) != frame.Violation {
		return
	}
	orphan := orphanOf(k, granted, first, last)
	if orphan == nil {
		return
	}
	var counterexample []int
	for _, op := range []*history.Operation{granted, first, middle, last} {
		counterexample = append(counterexample, evidence.EventsOf(op)...)
	}
	f.Violated(counterexample, "no client held %s from %s on, yet each of the %d times that a client asked for it from %s to %s it was told no (%s, of %s allowed); %s was left behind",
		k.Name, words.At(free), len(asked), words.At(s.From), words.At(s.To), words.Lasting(s.Length()), words.Lasting(k.Bound), orphan.Path)
	f.Names(orphan)
}

// orphanOf returns a znode that was created after a grant was asked for, and that existed from one
// call to another; nil if there is none, or if there is no log.
func orphanOf(k *evidence.Key, granted, first, last *history.Operation) (orphan *evidence.Znode) {
	if k.Log == nil {
		return nil
	}
	since, from, to := k.Zxids.Floor(granted.Began()), k.Zxids.Floor(first.Began()), k.Zxids.Floor(last.Began())
	k.Log.Group(func(n *evidence.Znode) (string, bool) {
		if key, below := k.KeyAt(n.Path); below && key == k.Name && n.Created > since && n.Created <= from && n.Deleted > to {
			if orphan == nil || n.Created < orphan.Created {
				orphan = n
			}
		}
		return "", false
	})
	return orphan
}

// freeFrom returns the time from which certainly no client held a key: for each client, the last
// acquire was answered, or its process ended, so long ago that its session has ended too. It
// returns false if there is no such time.
func freeFrom(k *evidence.Key) (free time.Duration, ok bool) {
	last := map[int]*history.Operation{}
	for _, op := range k.Ops() {
		if op.F == models.FAcquire {
			last[op.Client] = op
		}
	}
	free = k.Settled
	for _, op := range last {
		if op.Outcome() != history.Info {
			continue
		}
		exited, _ := k.EndOf(k.LifeOf(op))
		if exited == evidence.Never {
			return 0, false
		}
		free = max(free, exited+k.Bound)
	}
	for _, h := range holdsOf(k) {
		free = max(free, h.idleFrom())
	}
	return free, free < k.End
}
