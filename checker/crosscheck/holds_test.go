package crosscheck

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

const never = math.MaxInt64

// hold is a hold with the bounds that the record gives it: granted from ai to ao, over
// from x to e.
type hold struct {
	ai, ao, x, e int64
	token        int64
	client       int
	session      int64
	asked        int64    // when its release was called
	keys         []string // the keys that it covers, for a multi-lock or a partitioner
}

// begun returns the hold that an acquire began.
func begun(a op) hold {
	one := hold{ai: a.inv, ao: a.ret, token: field(a.res, "token"), client: a.client, session: a.with.owner, e: never}
	for _, value := range []string{a.arg, a.res} {
		var of models.Keys // for a partitioner: the keys that it was granted
		if value == "" {
			continue
		}
		if must(json.Unmarshal([]byte(value), &of)); len(of.Keys) > 0 {
			one.keys = of.Keys
		}
	}
	return one
}

// holdsOf returns the holds of a key. agrees is false if the evidence of a session
// contradicts itself, if a session is granted what it has not released, or if a hold may
// belong to several sessions.
func holdsOf(h record, key string) (holds []hold, agrees bool) {
	agrees = asked(h, key)
	for i, a := range h.ops {
		if a.key != key || a.f != models.FAcquire || a.out != ok {
			continue
		}
		one := begun(a)
		ri, again := release(h, i, &one)
		agrees = agrees && !again
		lo, hi := deaths(h, one.session)
		agrees = agrees && lo <= hi && len(h.ownersOf(a)) == 1
		one.asked, one.x, one.e = ri, min(ri, lo), min(one.e, hi)
		holds = append(holds, one)
	}
	return holds, agrees
}

// asked reports whether each claim of a client to hold is about what it had been
// granted. Other claims would be terms of their own, of leaders that did not stand for
// election.
func asked(h record, key string) bool {
	holds := map[int]int64{}
	for _, o := range h.ops {
		switch {
		case o.key != key || o.out == fail || o.out == open:
		case o.f == models.FAcquire && o.out == ok:
			holds[o.client] = field(o.res, "token")
		case o.f == models.FRelease:
			delete(holds, o.client)
		case o.f == models.FConfirm && o.res != held(true, holds[o.client]):
			return false
		}
	}
	return true
}

// release returns the earliest time at which the end of the hold of acquire i was asked
// for. again reports whether its session had been granted another hold before.
func release(h record, i int, one *hold) (at int64, again bool) {
	a := h.ops[i]
	sure := a.ret // the last moment at which it was asked and still held
	for _, o := range h.ops[i+1:] {
		if o.client != a.client || o.key != a.key {
			continue
		}
		switch {
		case o.f == models.FAcquire && o.out == ok:
			return never, o.with.owner == one.session
		case o.f == models.FConfirm && o.out == ok && o.res == held(true, one.token):
			sure = o.inv
		case o.f == models.FConfirm && o.out == ok && strings.HasPrefix(o.res, `{"held":false`):
			return sure, false
		case o.f == models.FRelease && o.out != fail && strings.HasPrefix(o.arg, `{"held":true`):
			if o.out == ok {
				one.e = o.ret
			}
			return o.inv, false
		case o.f == models.FRelease && o.out != fail:
			return sure, false
		}
	}
	return never, false
}

func held(yes bool, token int64) string { return fmt.Sprintf(`{"held":%v,"token":"0x%x"}`, yes, token) }

func hex(n int64) string { return fmt.Sprintf(`"0x%x"`, n) }

func field(object, name string) int64 {
	var n int64
	if _, err := fmt.Sscanf(object, `{"`+name+`":"0x%x"`, &n); err != nil {
		return 0
	}
	return n
}

// deaths returns the earliest and the latest moment at which a session can have died.
func deaths(h record, session int64) (lo, hi int64) {
	hi = never
	for _, o := range h.ops {
		if o.with.session == session {
			lo = max(lo, o.with.alive[0])
		}
		if o.with.owner == session && o.out != open {
			lo = max(lo, o.with.alive[1])
		}
	}
	for _, f := range h.facts {
		if f.f == history.FDead && f.session == session {
			hi = min(hi, f.at)
		}
	}
	return lo, hi
}

// fits reports whether the holds can have followed each other in this order, if each is
// granted, and is over, as early as it can be.
func fits(holds []hold) bool {
	now := int64(math.MinInt64)
	for _, h := range holds {
		granted := max(h.ai, now)
		over := max(granted, h.x)
		if granted > h.ao || over > h.e {
			return false
		}
		now = over
	}
	return true
}

// permutations calls f with each order until it returns true.
func permutations[T any](all []T, f func([]T) bool) bool {
	var from func(n int) bool
	from = func(n int) bool {
		if n == len(all) {
			return f(all)
		}
		for i := n; i < len(all); i++ {
			all[n], all[i] = all[i], all[n]
			if from(n + 1) {
				return true
			}
			all[n], all[i] = all[i], all[n]
		}
		return false
	}
	return from(0)
}

// holdAnswers returns the answers for exclusion, tokens and fencing. The worst key
// counts.
func holdAnswers(h record) answers {
	all := answers{"exclusion": valid, "tokens": valid, "fencing": valid}
	wrong := func(property string, is bool) {
		if is && all[property] == valid {
			all[property] = violation
		}
	}
	for _, key := range keysOf(h.ops) {
		holds, agrees := holdsOf(h, key)
		if !agrees {
			return answers{}
		}
		wrong("exclusion", !permutations(slices.Clone(holds), fits))
		inOrder := slices.Clone(holds)
		slices.SortStableFunc(inOrder, func(a, b hold) int { return int(min(1, max(-1, a.token-b.token))) })
		wrong("tokens", !fits(inOrder) || twice(inOrder))
		wrong("fencing", !fenced(h, key, holds))
	}
	return all
}

func twice(holds []hold) bool {
	for i := range holds[min(1, len(holds)):] {
		if holds[i].token == holds[i+1].token {
			return true
		}
	}
	return false
}

// fenced goes through the writes in the order in which the resource saw them. No write
// may be accepted with a lower token than an earlier accepted one, and none may be
// refused in the core of its hold.
func fenced(h record, key string, holds []hold) bool {
	type written struct {
		op
		token, order int64
		accepted     bool
	}
	var all []written
	for _, o := range h.ops {
		if o.key == key && o.f == models.FWrite && o.out == ok {
			w := written{op: o, token: field(o.arg, "token")}
			var token int64
			fmt.Sscanf(o.res, `{"accepted":%t,"token":"0x%x","order":%d}`, &w.accepted, &token, &w.order)
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b written) int { return int(a.order - b.order) })
	var highest int64
	for _, w := range all {
		if w.accepted && w.token < highest {
			return false
		}
		if w.accepted {
			highest = w.token
			continue
		}
		for _, one := range holds {
			if one.client == w.client && one.token == w.token && one.ao <= w.inv && w.ret <= one.x {
				return false
			}
		}
	}
	return true
}

func keysOf(ops []op) []string { return (&plain{ops: ops}).keys() }

// holds generates a lock or an election: clients hold one after the other, and their
// holds end by releases, also of unknown outcome, or with their sessions.
func holds(model string) func(r *rand.Rand) record {
	return func(r *rand.Rand) record {
		h := record{model: model, order: r.Uint64()}
		h.facts = append(h.facts, fact{of: history.Nemesis, client: -1, f: history.FOffers, value: history.Offers{Fencing: true}})
		sim := newHolding(&h, r)
		keys := pick(r, []string{"k"}, []string{"k"}, []string{"k", "l"})
		for range 1 + r.IntN(5) {
			sim.one(pick(r, keys...))
		}
		for range r.IntN(4) {
			sim.mutate()
		}
		h.tidy(r)
		return h
	}
}

type holding struct {
	*record
	r                    *rand.Rand
	free                 []int64 // when each client can make its next call
	session              []int64 // of each client
	token                int64
	over, order, highest map[string]int64 // by key, or part of it
	parts                []string         // the parts of the key that the next hold covers; none means all
}

func newHolding(h *record, r *rand.Rand) *holding {
	return &holding{
		record: h, r: r, free: make([]int64, 4), session: []int64{0x10, 0x20, 0x30, 0x40},
		order: map[string]int64{}, highest: map[string]int64{}, over: map[string]int64{},
	}
}

func (s *holding) gap() int64 { return int64(max(0, s.r.IntN(5)-1)) }

// partsOf returns names for the held parts of a key.
func (s *holding) partsOf(key string) []string {
	if len(s.parts) == 0 {
		return []string{key}
	}
	var all []string
	for _, part := range s.parts {
		all = append(all, key+"/"+part)
	}
	return all
}

// asks returns the value of an acquire.
func (s *holding) asks() string {
	switch {
	case len(s.parts) == 0:
		return ""
	case s.model == models.Partitioner.Name:
		return asJSON(models.Keys{Keys: []string{"a", "b", "c"}})
	}
	return asJSON(models.Keys{Keys: s.parts})
}

// grants returns the answer of an acquire.
func (s *holding) grants() string {
	if s.model == models.Partitioner.Name {
		return fmt.Sprintf(`{"token":"0x%x","keys":%s}`, s.token, asJSON(s.parts))
	}
	return fmt.Sprintf(`{"token":"0x%x"}`, s.token)
}

// one is a stay of one client: granted at one moment, over at another. The record tells
// when its calls began and ended, and gives some signs of life.
func (s *holding) one(key string) {
	c := s.r.IntN(len(s.free))
	session := s.session[c]
	if chance(s.r, 8) {
		began := s.free[c] + s.gap()
		s.add(op{client: c, f: models.FAcquire, key: key, arg: s.asks(), inv: began, ret: began + s.gap(), out: pick(s.r, fail, info)}, session, began)
	}
	granted := s.free[c]
	for _, part := range s.partsOf(key) {
		granted = max(granted, s.over[part])
	}
	granted += s.gap()
	asked := s.free[c] + s.r.Int64N(granted-s.free[c]+1)
	told := granted + s.gap()
	s.token += 1 + s.r.Int64N(2)
	dies := chance(s.r, 3)
	over := granted + s.gap()
	if !dies {
		over = max(over, told)
	}
	lives := int64(never)
	if dies {
		lives = over
	}
	s.add(op{
		client: c, f: models.FAcquire, key: key, arg: s.asks(), inv: asked, ret: told, out: ok,
		res: s.grants(),
	}, session, lives)
	if chance(s.r, 2) {
		s.write(c, key, session, lives)
	}
	if chance(s.r, 4) && !dies {
		s.ask(c, key, session, lives)
	}
	s.end(c, key, session, lives, &over)
	for _, part := range s.partsOf(key) {
		s.over[part] = over
	}
	if dies {
		s.session[c]++
		if chance(s.r, 2) {
			s.facts = append(s.facts, fact{at: over + s.gap(), of: history.SessionProcess, client: c, session: session, f: history.FDead, value: history.Dead{By: "close-reply"}})
		}
	}
}

// end releases the hold, perhaps at the second try; if the session dies, perhaps not at
// all.
func (s *holding) end(c int, key string, session, lives int64, over *int64) {
	if lives != never && chance(s.r, 2) {
		return
	}
	if chance(s.r, 4) {
		began := s.free[c] + s.gap()
		s.add(op{client: c, f: models.FRelease, key: key, arg: held(true, s.token), inv: began, ret: began + s.gap(), out: fail}, session, lives)
	}
	began := s.free[c] + s.gap()
	if lives == never {
		*over = max(*over, began) + s.gap()
	}
	s.add(op{
		client: c, f: models.FRelease, key: key, arg: held(true, s.token), inv: began,
		ret: max(began, *over) + s.gap(), out: pick(s.r, ok, ok, ok, info, open),
	}, session, lives)
	if last := &s.ops[len(s.ops)-1]; last.out != ok && chance(s.r, 2) {
		last.ret = began + s.gap() // the release goes on by itself
		s.free[c] = last.ret
	}
}

func (s *holding) ask(c int, key string, session, lives int64) {
	began := s.free[c] + s.gap()
	s.add(op{
		client: c, f: models.FConfirm, key: key, inv: began, ret: began + s.gap(), out: ok, res: held(true, s.token),
	}, session, lives)
}

func (s *holding) write(c int, key string, session, lives int64) {
	began := s.free[c] + s.gap()
	guarded, arg := key, fmt.Sprintf(`{"token":"0x%x"}`, s.token)
	if len(s.parts) > 0 {
		part := pick(s.r, s.parts...)
		guarded, arg = key+"/"+part, fmt.Sprintf(`{"token":"0x%x","key":%q}`, s.token, part)
	}
	s.order[guarded]++
	accepted := s.token >= s.highest[guarded]
	if accepted {
		s.highest[guarded] = s.token
	}
	s.add(op{
		client: c, f: models.FWrite, key: key, inv: began, ret: began + s.gap(), out: ok,
		arg: arg,
		res: fmt.Sprintf(`{"accepted":%v,"token":"0x%x","order":%d}`, accepted, s.token, s.order[guarded]),
	}, session, lives)
}

// add records an operation with signs of life of the session, which lived until then.
func (s *holding) add(o op, session, lives int64) {
	o.with.session, o.with.owner = session, session
	for i, at := range []int64{o.inv, o.ret} {
		if last := min(at, lives); !chance(s.r, 3) {
			o.with.alive[i] = max(0, last-s.gap())
		}
	}
	s.ops = append(s.ops, o)
	s.free[o.client] = o.ret
}

// mutate makes one change.
func (s *holding) mutate() {
	o := &s.ops[s.r.IntN(len(s.ops))]
	switch s.r.IntN(5) {
	case 0:
		i := s.r.IntN(2)
		o.with.alive[i] = []int64{o.inv, o.ret}[i]
	case 1:
		o.inv, o.ret = o.inv+s.gap(), o.ret+2*s.gap()
	case 2:
		o.inv, o.ret = max(0, o.inv-s.gap()), max(0, o.ret-2*s.gap())
	case 3:
		if o.f != models.FAcquire || o.res != "" {
			o.out = pick(s.r, ok, fail, info)
		}
	case 4:
		a, b := hex(1+s.r.Int64N(s.token)), hex(1+s.r.Int64N(s.token))
		swap := strings.NewReplacer(a, b, b, a)
		for i := range s.ops {
			s.ops[i].arg, s.ops[i].res = swap.Replace(s.ops[i].arg), swap.Replace(s.ops[i].res)
		}
	}
}

func TestHolds(t *testing.T) {
	own{name: "lock", generate: holds(models.Lock.Name), ours: holdAnswers}.compare(t)
	own{name: "election", generate: holds(models.Election.Name), ours: holdAnswers}.compare(t)
}
