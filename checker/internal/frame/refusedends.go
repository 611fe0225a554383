package frame

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file finds calls to end a hold or a membership that reported to have had no effect, now or later,
// although the client's znode was deleted during the call.
//
// The call is blamed for the delete only if nothing else can explain it. A session of the same process
// deleted the znode, and that process had created it when the stay began. Until then the client was
// connected and was not told of a loss, and it had no other call that might change the object, neither
// under way nor with an unknown outcome. So the recipe had no other reason to delete the znode.

// refusedEnd is a call to end a stay that reported to have had no effect, with the call
// that began the stay.
type refusedEnd struct{ began, end *history.Operation }

// refusedEndsOf returns the calls of a key that were to end a stay, and certainly had no effect.
var refusedEndsOf = evidence.OncePerKey(func(k *evidence.Key) (all []refusedEnd) {
	if k.Foreign || evidence.MarksOf(k.Record) == nil {
		return nil
	}
	stays := map[int]*history.Operation{} // by client; none if something else may have ended it
	for _, op := range k.Ops() {
		o := k.Object.Operation(op.F)
		began := stays[op.Client]
		if o.Begins || o.Ends || o.Quorum != nil {
			all = slices.DeleteFunc(all, func(r refusedEnd) bool { // another call of the client was under way
				return r.end.Client == op.Client && r.end.Return.Index > op.Invoke.Index
			})
		}
		switch {
		case o.Begins && op.Outcome() == history.OK:
			stays[op.Client] = op
		case o.Affirms && op.Outcome() == history.OK:
			if !holds(k, op.Return) {
				delete(stays, op.Client)
			}
		case o.Ends && op.Outcome() == history.Fail:
			if began != nil && began.Return.Index < op.Invoke.Index && k.LifeOf(began) == k.LifeOf(op) && holds(k, op.Invoke) && !lost(k, began, op) {
				all = append(all, refusedEnd{began, op})
			}
		case o.Begins || o.Ends || o.Quorum != nil:
			delete(stays, op.Client)
		}
	}
	return all
})

// holds reports whether the client of an event may still have held something, as the
// event shows.
func holds(k *evidence.Key, e *history.Event) bool {
	v := models.Held{Held: true}
	k.Decode(e, &v)
	return v.Held
}

// lost reports whether the client was told, after a stay had begun and before a call returned, that
// the stay was over.
func lost(k *evidence.Key, began, until *history.Operation) bool {
	return slices.ContainsFunc(k.Facts, func(e *history.Event) bool {
		return e.F == history.FLost && e.Client == until.Client && began.Return.Index < e.Index && e.Time <= until.Return.Time
	})
}

// anyRefusedEnds reports whether there are any such calls.
func anyRefusedEnds(a *evidence.Record) bool {
	return slices.ContainsFunc(a.Keys, func(k *evidence.Key) bool { return len(refusedEndsOf(k)) > 0 })
}

// decideRefusedEnds looks for the deletes of such calls among the committed ones.
func decideRefusedEnds(f *Finding, k *evidence.Key) {
	for _, r := range refusedEndsOf(k) {
		f.Count("refused", 1)
		n, event := r.deleted(k)
		if n == nil || f.Again() {
			continue
		}
		f.ByLog = true
		f.Violated(append(slices.Concat(evidence.EventsOf(r.began), evidence.EventsOf(r.end)), event), "client %d got the answer at %s that its %s of %s had no effect and never would, but the transaction log has its delete of %s at %s",
			r.end.Client, words.At(r.end.Return.Time), r.end.F, k.Name, strings.TrimPrefix(n.Path, k.Params.Root+"/"), words.Zxid(n.Deleted))
	}
}

// deleted returns the znode of the stay that was deleted during the call, and the event that shows
// when; nil if none was, or the call may not have done it.
func (r refusedEnd) deleted(k *evidence.Key) (*evidence.Znode, int) {
	for _, m := range k.MadeIn(r.began) {
		n := m.Znode
		by := k.Session(n.Remover)
		if n.Deleted == evidence.StillThere || m.WithSession() || by == nil || by.Life != m.Of.Life || !k.Log.Covers(n.Created-1, n.Deleted) {
			continue
		}
		at, event, ok := k.Zxids.Unanswered(n.Deleted)
		if !ok {
			at, event = k.Zxids.CommittedBy(n.Deleted)
			ok = event >= 0 && n.Deleted > max(k.SeenBy(r.end), k.Zxids.Floor(r.end.Began()))
		}
		again := evidence.MarksOf(k.Record).Made(k.Name, by.Life, n.Deleted-1, k.ShownBy(r.end))
		during := r.end.Began() <= at && at <= r.end.Return.Time
		before := evidence.Span{From: r.began.Return.Time, To: at - 1}
		if ok && during && len(again) == 0 && k.ConnectedThroughout(r.end.Client, before) {
			return n, event
		}
	}
	return nil, -1
}
