package crosscheck

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file has what a configuration and a cached subtree have in common: znodes that
// clients change, and watchers that are told of the changes in order, though perhaps
// late.

// absent is the answer to a watcher if there is no znode.
const absent = "-"

// The events of a watched znode, for watchedStep.
const (
	isChanged  = "changed"  // arg is the value, or absent
	isShown    = "shown"    // a watcher was shown res, which may be old
	isLatest   = "latest"   // the same, but res was not over when the call began
	mayVanish  = "vanish"   // a fault may delete the znode
	isRepaired = "repaired" // the fault is over
)

// act is an operation's effect on a znode, or its view of it.
type act struct {
	op        // arg is the value of a change, res what was shown
	place int // its place among the operations of the record
	by    int // the client that did it
}

// watched holds what a record tells about one znode.
type watched struct {
	changes []act // without those that failed
	shown   []act // the field client is the watcher
	faults  []op  // faults that delete znodes: in force from inv to ret
}

// watchedStory selects the orders that may explain a znode. sees selects some of what was shown,
// and how it counts.
type watchedStory struct {
	sees func(act) (f string, is bool)
	// deadlines: a change was done by the time at which any watcher was shown its value, even if
	// sees leaves that look out.
	deadlines bool
	// strictly: at equal times, what a client did first came first, and a fault ends when it is
	// healed.
	strictly bool
}

// right reports whether some order of the changes, with and without the unknown ones, shows
// each watcher what it was shown, one after the other.
func (w watched) right(s watchedStory) bool {
	acts, watchers := w.acts(s)
	var calls []call
	last := map[int]int{}
	for i, a := range acts {
		c := call{op: a.op, inv: a.inv, ret: a.ret, certain: a.out == ok}
		if s.strictly {
			c.process = a.by + 1
		}
		if a.f != isChanged {
			if before, is := last[a.client]; is {
				c.after = []int{before}
			}
			last[a.client] = i
		} else if by := w.firstShown(a.arg); s.deadlines && by < never {
			if !c.certain {
				c.ret = by
			}
			c.certain, c.ret = true, min(c.ret, by)
		}
		calls = append(calls, c)
	}
	for _, o := range w.faults {
		calls = append(calls, call{op: op{f: mayVanish}, inv: o.inv, again: true})
		if s.strictly {
			calls = append(calls, call{op: op{f: isRepaired}, inv: o.ret, ret: o.ret, certain: true})
		}
	}
	return explainable(calls, "|"+strings.Repeat("0", watchers)+"|"+absent, watchedStep)
}

// acts returns the acts that a story uses, in the order of the record.
func (w watched) acts(s watchedStory) (all []act, watchers int) {
	all = slices.Clone(w.changes)
	for _, a := range w.shown {
		f, is := s.sees(a)
		if a.f = f; is {
			all, watchers = append(all, a), max(watchers, a.client+1)
		}
	}
	slices.SortFunc(all, func(a, b act) int { return a.place - b.place })
	return all, watchers
}

func (w watched) firstShown(value string) int64 {
	by := int64(never)
	for _, o := range w.shown {
		if o.res == value && value != absent {
			by = min(by, o.ret)
		}
	}
	return by
}

// watchedStep's state is all that the znode has been so far, and the place of each
// watcher in that sequence. The earliest place at which it can be is as good as any
// later one.
func watchedStep(state string, o op) []string {
	parts := strings.Split(state, "|")
	was := strings.Split(parts[2], " ")
	last := was[len(was)-1]
	moved := func(at int) []string {
		places := []byte(parts[1])
		places[o.client] = byte('0' + at)
		return []string{parts[0] + "|" + string(places) + "|" + parts[2]}
	}
	switch o.f {
	case isChanged, mayVanish:
		value := o.arg
		if o.f == mayVanish {
			value = absent
		}
		switch {
		case o.f == mayVanish && (parts[0] != "" || last == absent):
			return nil
		case value == absent && last == absent:
			return []string{state}
		}
		return []string{state + " " + value}
	case isRepaired:
		return []string{"repaired|" + parts[1] + "|" + parts[2]}
	case isLatest:
		if last == o.res {
			return moved(len(was) - 1)
		}
		return nil
	}
	for at := int(parts[1][o.client] - '0'); at < len(was); at++ {
		if was[at] == o.res {
			return moved(at)
		}
	}
	return nil
}

// real reports whether each value that was shown had begun to be set.
func (w watched) real() bool {
	return !slices.ContainsFunc(w.shown, func(o act) bool {
		return o.res != absent && !slices.ContainsFunc(w.changes, func(c act) bool { return c.arg == o.res && c.inv <= o.ret })
	})
}

func anyShown(act) (string, bool) { return isShown, true }

func shownTo(watcher int) func(act) (string, bool) {
	return func(a act) (string, bool) { return isShown, a.client == watcher }
}

// order tells whether the watchers were told in order: certainly if one story explains all
// of them, and certainly not if one of them by itself has no story.
func (w watched) order() string {
	if !w.real() {
		return unknown
	}
	if w.right(watchedStory{sees: anyShown, strictly: true}) {
		return valid
	}
	for _, o := range w.shown {
		if !w.right(watchedStory{sees: shownTo(o.client), deadlines: true}) {
			return violation
		}
	}
	return unknown
}

// together tells whether one story explains all that watchers were shown.
func (w watched) together(sees func(act) (string, bool)) string {
	switch {
	case w.right(watchedStory{sees: sees, strictly: true}):
		return valid
	case !w.right(watchedStory{sees: sees}):
		return violation
	}
	return unknown
}

// worse keeps the worse answer about a property.
func (a answers) worse(property, answer string) {
	rank := func(s string) int { return slices.Index([]string{"", valid, unknown, violation}, s) }
	if rank(answer) > rank(a[property]) {
		a[property] = answer
	}
}

// watchers numbers the watchers. A client whose process was killed begins anew.
func (h record) watchers() func(o op) int {
	numbers := map[[2]int]int{}
	return func(o op) int {
		started := 0
		for _, f := range h.facts {
			if f.f == history.FStarted && f.client == o.client && f.at <= o.inv {
				started++
			}
		}
		who := [2]int{o.client, started}
		if _, is := numbers[who]; !is {
			numbers[who] = len(numbers)
		}
		return numbers[who]
	}
}

// deletions returns the faults of a record that delete znodes.
func (h record) deletions() []op {
	var all []op
	for _, f := range h.facts {
		step, is := f.value.(history.FaultStep)
		if !is || step.Step != history.StepInject || !step.Traits.Deletes {
			continue
		}
		o := op{inv: f.at, ret: never}
		for _, g := range h.facts {
			if end, is := g.value.(history.FaultStep); is && end.Fault == step.Fault && end.Step == history.StepHealed {
				o.ret = g.at
			}
		}
		all = append(all, o)
	}
	return all
}

// withDefects also answers whether zklab's reference model contradicted its checks.
func withDefects(h record) answers {
	all := h.zklab()
	for _, answer := range all {
		if strings.HasPrefix(answer, "defect") {
			all["defect"] = violation
		}
	}
	return all
}

// watching is a history under construction: znodes that are changed, and what each
// watcher is shown.
type watching struct {
	*record
	r       *rand.Rand
	nodes   []string
	node    []string            // by operation: the znode that it changes
	shows   []map[string]string // by operation
	latest  []bool
	current bool // looks can ask for a current copy
	was     map[string][]version
	zxid    int64
	logged  bool // the transactions are told, so that nothing happens at another time
}

// version is a version of a znode, until the next one.
type version struct {
	value string
	zxid  int64
	op    int   // the operation that made it
	at    int64 // when it was made
}

func (s *watching) fill(set, remove, look string) {
	n := len(s.ops)
	s.node, s.shows, s.latest = make([]string, n), make([]map[string]string, n), make([]bool, n)
	known := chance(s.r, 2) // all outcomes are known
	for i := range s.ops {
		o := &s.ops[i]
		o.f, s.node[i] = pick(s.r, set, set, set, remove, look, look, look, look), pick(s.r, s.nodes...)
		switch {
		case known && o.out != fail:
			o.out = ok
		case !known && o.f == set && chance(s.r, 5): // replies are lost more often than elsewhere
			o.out = info
		}
		s.latest[i] = s.current && o.f == look && chance(s.r, 3)
	}
	s.was = map[string][]version{}
	for _, node := range s.nodes {
		s.was[node] = []version{{value: absent}}
	}
	s.simulate(set, look)
	if !chance(s.r, 3) {
		for range 1 + s.r.IntN(4) {
			s.mutate(set, look)
		}
	}
}

// simulate lets each change take effect, and makes watchers follow, some of them late.
func (s *watching) simulate(set, look string) {
	at := map[string]int{}
	for _, m := range moments(s.r, s.ops) {
		o := s.ops[m.op]
		if o.f != look {
			value := absent
			if o.f == set {
				value = fmt.Sprint("v", m.op)
			}
			was := s.was[s.node[m.op]]
			if value != absent || was[len(was)-1].value != absent {
				s.zxid++
				s.was[s.node[m.op]] = append(was, version{value, s.zxid, m.op, m.at})
			}
			continue
		}
		s.shows[m.op] = map[string]string{}
		for _, node := range s.nodes {
			who := fmt.Sprint(o.client, node)
			was := s.was[node]
			lags := s.r.IntN(2) == 0 && !s.latest[m.op]
			if !lags {
				at[who] = len(was) - 1
			} else if at[who]+1 < len(was) {
				at[who] += s.r.IntN(2)
			}
			s.shows[m.op][node] = was[at[who]].value
		}
	}
}

// mutate makes one change.
func (s *watching) mutate(set, look string) {
	i, j := s.r.IntN(len(s.ops)), s.r.IntN(len(s.ops))
	for range 5 { // in most cases, something that was shown
		if s.shows[i] == nil {
			i = s.r.IntN(len(s.ops))
		}
		if s.shows[j] == nil || s.ops[j].client != s.ops[i].client || i == j {
			j = s.r.IntN(len(s.ops))
		}
	}
	node := pick(s.r, s.nodes...)
	o := &s.ops[i]
	switch s.r.IntN(16) {
	case 0, 1, 9, 10, 11, 12: // two watchers were told what the other one should have been told
		if s.shows[i] != nil && s.shows[j] != nil {
			s.shows[i][node], s.shows[j][node] = s.shows[j][node], s.shows[i][node]
		}
	case 2, 3, 13, 14, 15: // an old value, once more
		if s.shows[i] != nil {
			s.shows[i][node] = pick(s.r, s.was[node]...).value
		}
	case 4: // a value that was not set, or failed, or was not set yet
		if s.shows[i] != nil {
			s.shows[i][node] = pick(s.r, fmt.Sprint("v", j), fmt.Sprint("v", j), "w", "")
		}
	case 5: // no znode
		if s.shows[i] != nil {
			s.shows[i][node] = absent
		}
	case 6:
		o.out = pick(s.r, ok, info, fail)
		if s.logged {
			o.out = info
		}
	case 7, 8:
		if s.logged {
			break
		}
		o.inv, o.ret = max(0, o.inv+int64(s.r.IntN(9)-4)), o.ret+int64(s.r.IntN(9)-4)
	}
	if o.f == look && s.shows[i] == nil && o.out == ok {
		o.out = info
	}
}

// lived returns operations as calls makes them, or operations of which few overlap.
func lived(r *rand.Rand) []op {
	ops := calls(r, 3+r.IntN(8), 1+r.IntN(3))
	if chance(r, 3) {
		return ops
	}
	now, free := int64(0), map[int]int64{}
	for i := range ops {
		o := &ops[i]
		now += r.Int64N(4)
		o.inv = max(now, free[o.client])
		o.ret = o.inv + r.Int64N(3)
		free[o.client] = o.ret
	}
	return ops
}

// disturb makes a record possible, gives its clients sessions, lets something happen to
// their processes and to znodes now and then, and puts the record at some place in time.
func (h *record) disturb(r *rand.Rand) {
	h.inOrder()
	h.reconnects(r)
	if chance(r, 4) {
		h.restarts(r)
	}
	if chance(r, 6) {
		h.deletes(r)
	}
	base := pick[int64](r, 0, 0, 1, 1e9, 1<<53, 1<<60)
	h.place(pick[int64](r, 1, 1, 1000, 1e6), base)
}

// reconnects gives clients sessions, some of which end: a client may have two sessions, one after
// the other.
func (h *record) reconnects(r *rand.Rand) {
	session := map[int]int64{}
	for i := range h.ops {
		o := &h.ops[i]
		if session[o.client] == 0 {
			session[o.client] = int64(0x10 + o.client)
		}
		o.with.session = session[o.client]
		if chance(r, 8) {
			session[o.client] += 0x10
			h.facts = append(h.facts, fact{at: o.inv, of: history.SessionProcess, client: o.client, session: o.with.session, f: pick(r, history.FExpired, history.FDisconnected)})
			h.facts = append(h.facts, fact{at: o.ret, of: history.SessionProcess, client: o.client, session: session[o.client], f: history.FConnected, value: history.Connected{Server: "a"}})
		}
		o.with.owner = session[o.client]
	}
}

// restarts kills a client's process between two of its operations.
func (h *record) restarts(r *rand.Rand) {
	i := r.IntN(len(h.ops))
	o := h.ops[i]
	for j := range h.ops {
		if later := &h.ops[j]; j > i && later.client == o.client {
			later.inv, later.ret = later.inv+3, later.ret+3
		}
	}
	if o.out == open {
		return
	}
	at := o.ret + 1
	h.facts = append(h.facts,
		fact{at: at, of: history.SessionProcess, client: o.client, session: o.with.owner, f: history.FExited, value: history.Exited{By: history.ByCrash}},
		fact{at: at + 1, of: history.SessionProcess, client: o.client, session: o.with.owner, f: history.FStarted})
}

// deletes makes a fault delete znodes for a while.
func (h *record) deletes(r *rand.Rand) {
	at := int64(r.IntN(12))
	step := history.FaultStep{Fault: 1, Step: history.StepInject, Servers: []int{}, Clients: []int{}, Traits: history.FaultTraits{Deletes: true}}
	h.facts = append(h.facts, fact{at: at, of: history.Nemesis, client: -1, f: "delete-folder", value: step})
	if !chance(r, 4) {
		step.Step, step.Traits = history.StepHealed, history.FaultTraits{}
		h.facts = append(h.facts, fact{at: at + 1 + int64(r.IntN(5)), of: history.Nemesis, client: -1, f: "delete-folder", value: step})
	}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	must(err)
	return string(b)
}

func settingOf(value string) models.Setting {
	if value == absent {
		return models.Setting{Absent: true}
	}
	return models.Setting{Value: value}
}
