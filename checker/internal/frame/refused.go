package frame

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file looks for committed writes of calls whose clients were told that the calls certainly had no
// effect, and never would. Values are unique in a run, so it is known which call wrote them, at
// whatever time and at whatever path below the key.

// written is a value that a client's session wrote.
type written struct {
	key, value string
	client     int
}

// refusedOf returns the calls that certainly had no effect, by the value that each was to write:
// the indices of their invocations. A value is left out if another call was also to write it.
var refusedOf = evidence.Once(func(a *evidence.Record) map[written]int {
	of := map[written]int{}
	if a.Foreign || !a.AnyTransaction() {
		return of
	}
	for _, k := range a.Keys {
		refused := map[string]written{}
		invoked := map[string]int{}
		for op := range k.EachOp() {
			if v, ok := refusedWrite(k.Object, op); ok {
				refused[v], invoked[v] = written{op.Key, v, op.Client}, op.Invoke.Index
			}
		}
		if len(refused) == 0 {
			continue
		}
		calls := map[string]int{} // that were to write a refused value
		for op := range k.EachOp() {
			if v, ok := writes(k.Object, op); ok {
				if _, is := refused[v]; is {
					calls[v]++
				}
			}
		}
		for v, call := range refused {
			if calls[v] == 1 {
				of[call] = invoked[v]
			}
		}
	}
	return of
})

// anyRefused reports whether there are any such calls.
func anyRefused(a *evidence.Record) bool { return len(refusedOf(a)) > 0 }

// writes returns the value that an operation was to write.
func writes(m *models.Model, op *history.Operation) (value string, ok bool) {
	of := m.Operation(op.F)
	if !of.Puts && of.Quorum == nil {
		return "", false // a read
	}
	_, v, known := m.Tell(op)
	switch {
	case !known:
		return "", false
	case of.Puts:
		return v.Item, v.Item != ""
	case v.Data != nil && !v.Seen:
		return *v.Data, *v.Data != ""
	}
	return "", false
}

// refusedWrite returns the value that an operation was to write, if the operation certainly
// had no effect.
func refusedWrite(m *models.Model, op *history.Operation) (value string, ok bool) {
	if op.Outcome() != history.Fail {
		return "", false
	}
	return writes(m, op)
}

// committedOf returns the zxids of the committed writes of refused calls, by the indices of their
// invocations. A znode that a client created and deleted again itself does not count.
var committedOf = evidence.Once(func(a *evidence.Record) map[int]uint64 {
	type call struct{ client, invoke int }
	of, refused, at := map[int]uint64{}, refusedOf(a), map[string]call{}
	if len(refused) == 0 {
		return of
	}
	for t := range a.EachTransaction() {
		s := a.Session(t.Session)
		for part := range t.Changes() {
			switch {
			case part.Type == "delete":
				if by, is := at[part.Path]; is && s != nil && s.Client == by.client {
					delete(of, by.invoke)
				}
				delete(at, part.Path)
			case part.Type == "setData" || part.Creates():
				key, below := a.KeyAt(part.Path)
				if s == nil || !below {
					continue
				}
				if invoke, is := refused[written{key, string(part.Data), s.Client}]; is {
					of[invoke], at[part.Path] = uint64(t.Zxid), call{s.Client, invoke}
				}
			}
		}
	}
	return of
})

// decideRefused looks for refused writes on a key among the committed ones.
func decideRefused(f *Finding, k *evidence.Key) {
	committed := committedOf(k.Record)
	for _, op := range k.Ops() {
		v, ok := refusedWrite(k.Object, op)
		if !ok {
			continue
		}
		if invoke, is := refusedOf(k.Record)[written{op.Key, v, op.Client}]; !is || invoke != op.Invoke.Index {
			continue
		}
		f.Count("refused", 1)
		if z, done := committed[op.Invoke.Index]; done && !f.Again() {
			f.ByLog = true
			f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that its %s of %s %s had no effect and never would, but the transaction log has it at %s",
				op.Client, words.At(op.Return.Time), op.F, k.Name, models.Quoted(v), words.Zxid(z))
		}
	}
}
