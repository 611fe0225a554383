package crosscheck

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// queueAnswers returns whether the queue is linearizable, which is what integrity,
// order and loss say together, and the answer for empty.
func queueAnswers(h record) answers {
	all := answers{"linearizable": valid, "empty": valid}
	for _, key := range keysOf(h.ops) {
		if putTwice(h, key) {
			return answers{}
		}
		if !explainable(queueCalls(h, key), "", queueStep("queue")) {
			all["linearizable"] = violation
		}
		if blind(h, key) {
			all["empty"] = violation
		}
	}
	return all
}

func putTwice(h record, key string) bool {
	put := map[string]bool{}
	for _, o := range h.ops {
		if o.f == models.FEnqueue && o.key == key {
			if put[o.arg] {
				return true
			}
			put[o.arg] = true
		}
	}
	return false
}

// queueCalls leaves out answers that the queue was empty, which may be old. What a
// drain saw at the end was not old.
func queueCalls(h record, key string) []call {
	var calls []call
	for _, c := range callsOf(h.ops) {
		o := &c.op
		if o.key != key || o.f == models.FDequeue && o.out == ok && o.res == "" {
			continue
		}
		calls = append(calls, c)
	}
	for _, f := range h.facts {
		if drained, is := f.value.(models.Drained); is && drained.Empty && f.key == key {
			calls = append(calls, call{op: op{f: models.FDequeue, res: "null", out: ok}, inv: f.at, ret: f.at, certain: true})
		}
	}
	return calls
}

// blind reports whether a client found the queue empty although its session had put in
// more items than others can have taken out.
func blind(h record, key string) bool {
	for _, e := range h.ops {
		if e.key != key || e.f != models.FDequeue || e.out != ok || e.res != "" {
			continue
		}
		left := 0
		for _, o := range h.ops {
			switch {
			case o.key != key || o.f != models.FEnqueue && o.f != models.FDequeue:
			case o.f == models.FDequeue && (o.out == info || o.out == open) && o.inv <= e.ret:
				left--
			case o.f == models.FEnqueue && o.out == ok && o.ret < e.inv && o.with.owner == e.with.session && !taken(h, key, o.arg, e.ret):
				left++
			}
		}
		if left > 0 {
			return true
		}
	}
	return false
}

// taken reports whether some client had begun to take an item by a time.
func taken(h record, key, item string, by int64) bool {
	for _, o := range h.ops {
		if o.key == key && o.f == models.FDequeue && o.out == ok && o.res == item && o.inv <= by {
			return true
		}
	}
	return false
}

// ownQueue generates a queue of zklab's own, which is sometimes drained completely.
func ownQueue(r *rand.Rand) record {
	h := record{model: models.Queue.Name, order: r.Uint64(), ops: intervals(r, 9)}
	keys := pick(r, []string{"k"}, []string{"k"}, []string{"k", "l"})
	item := func(n int) string { return fmt.Sprintf(`{"item":"%d"}`, n) }
	random := func(i int) {
		o := &h.ops[i]
		o.f, o.arg, o.res = pick(r, models.FEnqueue, models.FDequeue), "", ""
		if o.f == models.FEnqueue {
			o.arg = item(i)
		} else {
			o.res = pick(r, item(r.IntN(len(h.ops))), item(r.IntN(len(h.ops))), "")
		}
	}
	for i := range h.ops {
		h.ops[i].key = pick(r, keys...)
		h.ops[i].with.session = int64(0x10 + h.ops[i].client)
		h.ops[i].with.owner = h.ops[i].with.session
		random(i)
	}
	if !chance(r, 3) {
		in := map[string][]string{}
		for _, m := range moments(r, h.ops) {
			o := &h.ops[m.op]
			if o.f == models.FEnqueue {
				in[o.key] = append(in[o.key], o.arg)
				continue
			}
			o.res = ""
			if len(in[o.key]) > 0 {
				o.res, in[o.key] = in[o.key][0], in[o.key][1:]
			}
		}
		if i := r.IntN(len(h.ops)); chance(r, 2) {
			random(i)
			h.ops[i].out = pick(r, h.ops[i].out, ok, fail, info)
		}
	}
	for _, key := range keys {
		if chance(r, 2) {
			h.facts = append(h.facts, fact{at: int64(4 + r.IntN(20)), of: history.Nemesis, client: -1, f: history.FDrained, key: key, value: models.Drained{Empty: !chance(r, 4)}})
		}
	}
	h.tidy(r)
	return h
}

// together compares "linearizable" with the properties that it consists of.
func together(h record) answers { return whole(h, "linearizable", "integrity", "order", "loss") }

func TestOwnQueue(t *testing.T) {
	own{name: "queue", generate: ownQueue, ours: queueAnswers, zklab: together}.compare(t)
}
