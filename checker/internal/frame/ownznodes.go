package frame

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// OwnZnodes requires that no client deletes an ephemeral znode that another client still relies on. The
// other client's hold or membership would go with the znode, without its being told. A client that
// deletes by path alone, after the end of its own session, makes that mistake. Objects have this
// property if their clients hold something, or are members, by such znodes.
var OwnZnodes = &Property{
	Name:     "own-znodes",
	NoModel:  Given,
	Meaning:  "no client deleted an ephemeral znode that another client still relied on",
	Common:   true,
	Logged:   true,
	Decider:  "deletes in the transaction log",
	Watched:  "deletes that zklab's tree watch saw",
	Evidence: func(a *evidence.Record) string { return "S, " + a.ZnodeEvidence() },
	Applies: func(a *evidence.Record) bool {
		return slices.ContainsFunc(a.Keys, func(k *evidence.Key) bool { return len(ephemeralsOf(a)[k.Name]) > 0 })
	},
	Decide: func(ctx context.Context, k *evidence.Key) Finding {
		var f Finding
		for _, n := range ephemeralsOf(k.Record)[k.Name] {
			if ctx.Err() != nil {
				return f
			}
			decideDeleted(&f, k, n)
		}
		return f
	},
}

// ephemeralsOf returns the ephemeral znodes of clients that were deleted, by key.
var ephemeralsOf = evidence.Once(func(a *evidence.Record) map[string][]*evidence.Znode {
	znodes := evidence.ZnodesOf(a)
	if a.Foreign || znodes == nil {
		return nil
	}
	return znodes.Group(func(n *evidence.Znode) (key string, ok bool) {
		s := a.Session(n.Owner)
		key, below := a.KeyAt(n.Path)
		return key, below && s != nil && s.Client >= 0 && n.Deleted != evidence.StillThere
	})
})

// decideDeleted checks which session deleted an ephemeral znode. Other sessions of the znode's own
// client may delete it, and so may faults. A znode whose process has ended may be deleted by any
// client.
func decideDeleted(f *Finding, k *evidence.Key, n *evidence.Znode) {
	f.Count("ephemerals", 1)
	of, by := k.Session(n.Owner), k.Session(n.Remover)
	if by == nil || by.Client < 0 || by.Client == of.Client || !evidence.ZnodesOf(k.Record).Covers(n.Created-1, n.Deleted) {
		return
	}
	at, event := k.Tie().CommittedBy(n.Deleted)
	exited, _ := k.EndOf(of.Life)
	if event < 0 || min(of.Expired, of.DiedBy, exited) <= at || gaveUp(k, n, at) || f.Again() {
		return
	}
	counterexample := []int{event}
	for _, op := range k.Ops() {
		if op.Client == by.Client && op.Began() <= at && evidence.Ended(op) >= sentFrom(k, n) || op == madeIn(k, n) {
			counterexample = append(counterexample, evidence.EventsOf(op)...)
		}
	}
	f.ByLog = true
	f.Violated(counterexample, "client %d deleted %s by %s, which client %d had created in session %s: that session lived on, and its client had not given it up",
		by.Client, strings.TrimPrefix(n.Path, k.Params.Root+"/"), words.At(at), of.Client, of.ID)
	f.Names(n)
}

// sentFrom returns the time before which no client can have sent the delete of a znode.
func sentFrom(k *evidence.Key, n *evidence.Znode) time.Duration {
	at, _ := k.Tie().SentBelow(n.Deleted)
	return at
}

// madeIn returns the last call that the znode's client began before the znode was there, or nil if
// there is none.
func madeIn(k *evidence.Key, n *evidence.Znode) (made *history.Operation) {
	there, _ := k.Tie().CommittedBy(n.Created)
	for _, op := range k.Ops() {
		if op.Client == k.Session(n.Owner).Client && op.Began() <= there && k.Object.Operation(op.F).Begins {
			made = op
		}
	}
	return made
}

// gaveUp reports whether the client of a znode no longer relies on it at a time: since the first
// call that may have created the znode, the client has begun to end its hold, or was told that it
// holds nothing.
func gaveUp(k *evidence.Key, n *evidence.Znode, at time.Duration) bool {
	client := k.Session(n.Owner).Client
	i, _ := slices.BinarySearchFunc(k.Ops(), at+1, func(op *history.Operation, t time.Duration) int { return cmp.Compare(op.Began(), t) })
	var own []*history.Operation
	for _, op := range k.Ops()[:i] {
		if op.Client == client {
			own = append(own, op)
		}
	}
	return slices.ContainsFunc(own[firstMaker(k, n, own):], func(op *history.Operation) bool {
		o := k.Object.Operation(op.F)
		return o.Ends || o.Begins && op.Outcome() != history.OK && evidence.Ended(op) <= at
	})
}

// firstMaker returns the index of the first of its client's calls that may have created a znode, or
// 0 if there is none, as when a client comes back by itself in its next session.
func firstMaker(k *evidence.Key, n *evidence.Znode, own []*history.Operation) int {
	from, _ := k.Tie().SentBelow(n.Created)
	there, _ := k.Tie().CommittedBy(n.Created)
	return max(0, slices.IndexFunc(own, func(op *history.Operation) bool {
		return k.Object.Operation(op.F).Begins && op.Began() <= there && evidence.Ended(op) >= from
	}))
}
