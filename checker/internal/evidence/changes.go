package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file finds which calls changed the znodes of a key. The transaction log names the session that made a
// change, and the links tell between which requests of that session it lies. A client makes its calls one
// after the other.

// Change is a transaction that changed znodes of a key.
type Change struct {
	Zxid    uint64
	Session history.ID
	Client  int
	Parts   []history.Txn // those about the key's znodes, without checks
}

// ChangesOf returns the changes that clients made to a key's znodes, in order of zxids. There are none without
// a log.
var ChangesOf = OncePerKey(func(k *Key) []Change {
	return slices.DeleteFunc(slices.Clone(AllChanges(k)), func(c Change) bool { return c.Client < 0 })
})

// AllChanges is like [ChangesOf], but includes the changes that others than clients made: their Client is -1.
var AllChanges = OncePerKey(func(k *Key) (all []Change) {
	for i := range k.Transactions {
		t := &k.Transactions[i]
		var parts []history.Txn
		for part := range t.Changes() {
			changes := part.Type == "delete" || part.Type == "setData" || part.Creates()
			if key, below := k.KeyAt(part.Path); changes && below && key == k.Name {
				parts = append(parts, *part)
			}
		}
		client := -1
		if s := k.Session(t.Session); s != nil {
			client = max(client, s.Client)
		}
		if len(parts) > 0 {
			all = append(all, Change{uint64(t.Zxid), t.Session, client, parts})
		}
	}
	return all
})

// MadeDuring returns the changes that the client of each call made to the key's znodes during that call, in
// order of zxids. A change belongs to the last call that began before it, unless the log or the links show
// that its request was sent at another time.
var MadeDuring = OncePerKey(func(k *Key) map[*history.Operation][]Change {
	of := map[*history.Operation][]Change{}
	if k.Log == nil {
		return of
	}
	calls := map[int][]*history.Operation{}
	for _, op := range k.Ops() {
		calls[op.Client] = append(calls[op.Client], op)
	}
	for _, c := range ChangesOf(k) {
		if op := k.during(c, calls[c.Client]); op != nil {
			of[op] = append(of[op], c)
		}
	}
	return of
})

// during finds the call in which a client sent the request of a change, among the client's calls; nil if there is
// none. What the change's session had seen when a call ended was sent in that call or before, also if the
// next call began at once.
func (k *Key) during(c Change, calls []*history.Operation) *history.Operation {
	zxid, in := c.Zxid, k.Session(c.Session)
	if sent, _, lost := k.Zxids.Unanswered(zxid); lost {
		i := slices.IndexFunc(calls, func(op *history.Operation) bool { return op.Began() > sent })
		if i < 0 {
			i = len(calls)
		}
		if i == 0 || returned(calls[i-1]) < sent {
			return nil
		}
		return calls[i-1]
	}
	after, _ := k.Zxids.SentBelow(zxid)
	for _, op := range slices.Backward(calls) {
		if max(k.Zxids.Floor(op.Began()), k.seenIn(in, op.Invoke.Index)) >= zxid {
			continue
		}
		if returned(op) < after {
			return nil
		}
		return op
	}
	return nil
}

// returned returns when a call returned; it never did if its client may have gone on with it.
func returned(op *history.Operation) time.Duration {
	if op.Outcome() == history.Info {
		return Never
	}
	return Ended(op)
}
