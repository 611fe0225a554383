package crosscheck

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// config returns what a record tells of a configuration.
func (h record) config(key string) watched {
	w := watched{faults: h.deletions()}
	watcher := h.watchers()
	for i, o := range h.ops {
		a := act{op: o, place: i, by: o.client}
		var v models.Setting
		switch {
		case o.key != key || o.out == fail:
			continue
		case o.f == models.FObserve && o.out == ok:
			must(json.Unmarshal([]byte(o.res), &v))
			a.client, a.res = watcher(o), shownAs(v)
			w.shown = append(w.shown, a)
		case o.f == models.FSet:
			must(json.Unmarshal([]byte(o.arg), &v))
			a.f, a.arg = isChanged, v.Value
			w.changes = append(w.changes, a)
		case o.f == models.FDelete:
			a.f, a.arg = isChanged, absent
			w.changes = append(w.changes, a)
		}
	}
	return w
}

func shownAs(v models.Setting) string {
	if v.Absent {
		return absent
	}
	return v.Value
}

func configAnswers(h record) answers {
	all := answers{"defect": valid}
	for _, key := range keysOf(h.ops) {
		w := h.config(key)
		if w.real() {
			all.worse("valid", valid)
		} else {
			all.worse("valid", violation)
		}
		switch {
		case h.log == nil:
			all.worse("order", w.order())
			all.worse("reference", w.together(anyShown))
		case h.faithful(w, key):
			all.worse("order", h.orderInLog(w, key))
			all.worse("first", h.first(key))
		default:
			all.worse("order", unknown)
			all.worse("first", unknown)
		}
	}
	return all
}

// ownConfig generates configurations, without a log of transactions.
func ownConfig(r *rand.Rand) record {
	h := record{model: "config", order: r.Uint64(), ops: lived(r)}
	keys := pick(r, []string{"k"}, []string{"k"}, []string{"k"}, []string{"k", "l"})
	s := watching{record: &h, r: r, nodes: keys}
	s.fill(models.FSet, models.FDelete, models.FObserve)
	s.asConfig()
	h.disturb(r)
	return h
}

// asConfig records what was changed and shown as operations of configurations: each key
// is one znode.
func (s *watching) asConfig() {
	for i := range s.ops {
		o := &s.ops[i]
		o.key, o.arg, o.res = s.node[i], "", ""
		switch {
		case o.f == models.FSet:
			o.arg = asJSON(models.Setting{Value: fmt.Sprint("v", i)})
		case o.f == models.FObserve && s.shows[i] != nil:
			o.res = asJSON(settingOf(s.shows[i][o.key]))
		}
	}
}

func TestOwnConfig(t *testing.T) {
	own{name: "config", generate: ownConfig, ours: configAnswers, zklab: withDefects}.compare(t)
}

// orderInLog tells whether each watcher was told of changes in the order of the
// transactions.
func (h record) orderInLog(w watched, key string) string {
	was := h.versions(key)
	at := map[int]int{}
	for _, o := range w.shown {
		for at[o.client] < len(was) && was[at[o.client]].value != o.res {
			at[o.client]++
		}
		if at[o.client] == len(was) {
			if w.real() && h.logged(w, was) {
				return violation
			}
			return unknown
		}
	}
	if w.real() && w.right(watchedStory{sees: anyShown, strictly: true}) {
		return valid
	}
	return unknown
}

// faithful reports whether the log has exactly the changes that clients claim to have made,
// including one that was certainly made, by which the layout is recognised.
func (h record) faithful(w watched, key string) bool {
	if recognised := h.config("last"); len(recognised.changes) < 2 {
		return false
	}
	count := map[string][3]int{} // by value: how many are certain, possible and logged
	for _, o := range w.changes {
		n := count[o.arg]
		if n[1]++; o.out == ok {
			n[0]++
		}
		count[o.arg] = n
	}
	for _, v := range h.versions(key)[1:] {
		n := count[v.value]
		n[2]++
		count[v.value] = n
	}
	for value, n := range count {
		if n[2] > n[1] || n[2] < n[0] && value != absent { // there may have been nothing to delete
			return false
		}
	}
	return true
}

// logged reports whether the log has every value that was shown.
func (h record) logged(w watched, was []version) bool {
	for _, o := range w.shown {
		found := false
		for _, v := range was {
			found = found || v.value == o.res
		}
		if !found {
			return false
		}
	}
	return true
}

// versions returns all versions of a key, as the log has them.
func (h record) versions(key string) []version {
	all := []version{{value: absent}}
	for _, t := range h.log {
		if t.Path == "/config/"+key {
			v := version{value: string(t.Data), zxid: int64(t.Zxid)}
			if t.Type == "delete" {
				v.value = absent
			}
			all = append(all, v)
		}
	}
	return all
}

// first tells whether the first value that each watcher was told was already over when it first
// asked, judged by all that its session had seen. A call that was not answered counts as well.
func (h record) first(key string) string {
	since, told := map[int]int64{}, map[int]bool{}
	answer := answers{}
	was := h.versions(key)
	watcher := h.watchers()
	for _, o := range h.ops {
		w := watcher(o)
		if o.key != key || o.f != models.FObserve || told[w] {
			continue
		}
		if _, asked := since[w]; !asked {
			since[w] = o.with.seen[0]
		}
		if told[w] = o.with.owner != o.with.session; told[w] {
			answer.worse("first", unknown)
		} else if o.out == ok {
			var v models.Setting
			must(json.Unmarshal([]byte(o.res), &v))
			answer.worse("first", inForce(was, shownAs(v), since[w]))
			told[w] = true
		}
	}
	answer.worse("first", valid)
	return answer["first"]
}

func inForce(was []version, value string, since int64) string {
	answer := unknown
	for i, v := range was {
		switch {
		case v.value != value:
		case v.zxid > since:
			return unknown // it came after the call, and perhaps after the answer
		case i == len(was)-1 || was[i+1].zxid > since:
			return valid
		default:
			answer = violation
		}
	}
	return answer
}

// loggedConfig generates a configuration with the log of its transactions, and with
// what sessions had seen.
func loggedConfig(r *rand.Rand) record {
	h := record{model: "config", order: r.Uint64(), ops: lived(r)}
	h.ops = h.ops[:min(len(h.ops), 8)]
	s := watching{record: &h, r: r, nodes: []string{"k"}, zxid: 1<<32 + 5, logged: true}
	s.fill(models.FSet, models.FDelete, models.FObserve)
	s.asConfig()
	h.inOrder()
	s.end()
	for i := range h.ops {
		h.ops[i].with.session, h.ops[i].with.owner = int64(0x10+h.ops[i].client), int64(0x10+h.ops[i].client)
	}
	h.log = s.transactions()
	s.seen()
	h.place(pick[int64](r, 1, 1000, 1e6), 1e9)
	return h
}

// transactions returns the whole log of the history.
func (s *watching) transactions() []history.Txn {
	all := []history.Txn{}
	for c := range 5 {
		all = append(all, history.Txn{Zxid: history.ID(1<<32 + 1 + c), Session: history.ID(0x10 + c), Type: "createSession"})
	}
	version := int32(0)
	last := history.ID(s.zxid)
	was := s.was["k"]
	for i, v := range was[1:] {
		t := history.Txn{Zxid: history.ID(v.zxid), Type: "setData", Path: "/config/k", Data: []byte(v.value)}
		version++
		switch {
		case v.value == absent:
			t.Type, t.Data = "delete", nil
		case was[i].value == absent:
			t.Type, t.ParentCversion, version = "create", int32(i+1), 0
		default:
			t.Version = version
		}
		t.Session = history.ID(0x10 + s.ops[v.op].client)
		all = append(all, t)
	}
	return append(all,
		history.Txn{Zxid: last + 1, Session: 0x14, Type: "create", Path: "/config/last", Data: []byte("last0"), ParentCversion: 99},
		history.Txn{Zxid: last + 2, Session: 0x14, Type: "setData", Path: "/config/last", Data: []byte("last1"), Version: 1})
}

// end sets another key twice after everything else, which shows that nothing more happened to the
// first key.
func (s *watching) end() {
	at := int64(0)
	for _, o := range s.ops {
		at = max(at, o.ret+8)
	}
	s.was["last"] = []version{{value: absent}}
	for i := range int64(2) {
		value := fmt.Sprint("last", i)
		s.ops = append(s.ops, op{client: 4, f: models.FSet, key: "last", arg: asJSON(models.Setting{Value: value}), inv: at + 2*i, ret: at + 2*i + 1, out: ok})
		s.was["last"] = append(s.was["last"], version{value, s.zxid + 1 + i, len(s.ops) - 1, at + 2*i + 1})
		s.shows = append(s.shows, nil)
	}
}

// seen records what the links saw by each call and by its reply, including a change's
// own reply. Half of the calls have seen everything that existed.
func (s *watching) seen() {
	was := append(s.was["k"], s.was["last"][1:]...)
	seen, alive := map[int]int64{}, map[int]int64{}
	by := func(client int, at int64) int64 {
		most := int64(1<<32 + 5)
		for _, v := range was {
			if v.zxid > 0 && v.at <= at {
				most = v.zxid
			}
		}
		seen[client] = max(seen[client], most-pick(s.r, 0, s.r.Int64N(4)))
		return seen[client]
	}
	for i := range s.ops {
		o := &s.ops[i]
		o.with.seen[0] = by(o.client, o.inv)
		o.with.alive = [2]int64{alive[o.client], alive[o.client]}
		o.with.seen[1] = o.with.seen[0]
		for _, v := range was[1:] {
			if v.op == i && o.out == ok {
				seen[o.client] = max(seen[o.client], v.zxid)
				alive[o.client] = o.inv
				o.with.seen[1], o.with.zxid, o.with.alive[1] = seen[o.client], v.zxid, o.inv
			}
		}
	}
}

func TestOwnConfigLogged(t *testing.T) {
	own{name: "config with a log", generate: loggedConfig, ours: configAnswers, zklab: withDefects}.compare(t)
}
