package crosscheck

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// The shares of a partitioner are held like the keys of a multi-lock. This file has the rest: what
// members must do within the time limit.

// share is a share that was granted to a client, which held it for some time.
type share struct {
	hold
	given int64 // when its release began, or its client acquired again
	known int64 // when the session was over, its client knew that, or its process ended
	lives int64 // until when its session was certainly alive
}

// certain reports whether the share was held at a moment in every case, seeming whether nothing
// shows that it was not held, and possible whether it was held in any case.
func (s share) certain(at int64) bool  { return s.ao < at && at < min(s.given, s.lives) }
func (s share) seeming(at int64) bool  { return s.ao < at && at < min(s.given, s.known) }
func (s share) possible(at int64) bool { return s.ai < at && at < s.e }

// sharers is a partitioner: the operations of each client, and the shares that they were
// granted.
type sharers struct {
	record
	ops     map[int][]op
	shares  map[int][]share
	up      map[int][]span
	clients []int
	items   []string
}

func (h record) sharers(key string) sharers {
	s := sharers{record: h, ops: map[int][]op{}, shares: map[int][]share{}, up: map[int][]span{}}
	for i, o := range h.ops {
		if o.key != key {
			continue
		}
		if !slices.Contains(s.clients, o.client) {
			s.clients = append(s.clients, o.client)
			if s.up[o.client] = h.connected(o.client); !h.tellsOf(o.client) {
				s.up[o.client] = []span{{0, never}}
			}
		}
		s.ops[o.client] = append(s.ops[o.client], o)
		if o.f == models.FAcquire {
			var all models.Keys
			must(json.Unmarshal([]byte(o.arg), &all))
			s.items = all.Keys
		}
		if o.f == models.FAcquire && o.out == ok {
			s.shares[o.client] = append(s.shares[o.client], h.share(i))
		}
	}
	return s
}

func (h record) share(i int) share {
	a := h.ops[i]
	one := share{hold: begun(a), given: never}
	for _, o := range h.ops[i+1:] {
		if o.client != a.client || o.key != a.key || o.f != models.FAcquire && (o.f != models.FRelease || o.out == fail) {
			continue
		}
		if one.given = o.inv; o.f == models.FRelease && o.out == ok {
			one.e = o.ret
		}
		break
	}
	lo, hi := deaths(h, one.session)
	one.e, one.lives, one.known = min(one.e, hi), lo, min(hi, h.crashed(a.client, a.inv))
	if k := knows(h, a.client, one.session); k.is {
		one.known = min(one.known, k.at)
	}
	return one
}

// during reports whether a client was in a call of one of some operations at a moment.
func (s sharers) during(client int, at int64, fs ...string) (op, bool) {
	for _, o := range s.ops[client] {
		if o.inv < at && (o.out == open || at < o.ret) && slices.Contains(fs, o.f) {
			return o, true
		}
	}
	return op{}, false
}

func (s sharers) has(client int, at int64, how func(share, int64) bool) bool {
	return slices.ContainsFunc(s.shares[client], func(one share) bool { return how(one, at) })
}

// live reports whether a client was connected, in a process that had not ended.
func (s sharers) live(client int, at int64) bool {
	return slices.ContainsFunc(s.up[client], func(up span) bool { return up.from < at && at < up.to })
}

// belonging says whether a client is a member: certainly, or possibly. unsettled means that
// something of unknown outcome may still change that.
type belonging struct{ certain, possible, unsettled, leaving bool }

func (s sharers) belongs(client int, at int64) belonging {
	var now belonging
	ended := s.exits(client, 0)
	for _, o := range s.ops[client] {
		if o.inv >= at {
			break
		}
		if ended < o.inv {
			now, ended = belonging{unsettled: now.unsettled}, s.exits(client, o.inv)
		}
		now = now.after(o, at)
	}
	if ended < at {
		now = belonging{unsettled: now.unsettled}
	}
	return now
}

func (s sharers) exits(client int, after int64) int64 { return s.crashed(client, after) }

// after returns the state when an operation has begun, or has ended by a time.
func (b belonging) after(o op, at int64) belonging {
	over := o.out != open && o.ret < at
	switch {
	case o.f == models.FAcquire && over && o.out == ok:
		return belonging{certain: true, possible: true}
	case o.f == models.FAcquire && over && o.out == fail:
		return belonging{}
	case o.f == models.FAcquire && over:
		return belonging{unsettled: true} // the page says that it is no member, but it may still be one on the servers
	case o.f == models.FAcquire:
		b.certain, b.possible = true, true // it becomes a member when it asks
	case o.f == models.FLeave && over && o.out == ok:
		return belonging{unsettled: b.unsettled}
	case o.f == models.FLeave && over && o.out == fail:
	case o.f == models.FLeave:
		b.certain, b.unsettled, b.leaving = false, true, b.certain || b.leaving
	case o.f == models.FRelease && over && o.out == info:
		b.unsettled = true
	}
	return b
}

// quiet reports whether only what the page allows happens at a moment, in every case.
func (s sharers) quiet(at int64) bool {
	if at < s.loaded() {
		return false
	}
	for _, c := range s.clients {
		b := s.belongs(c, at)
		_, asks := s.during(c, at, models.FAcquire)
		_, waits := s.during(c, at, models.FChanged)
		_, acts := s.during(c, at, models.FRelease, models.FLeave)
		switch {
		case acts, b.unsettled, b.possible && !s.live(c, at):
			return false
		case s.has(c, at, share.possible) && !asks && !waits:
			return false
		case s.maybeDies(c, at, b):
			return false
		}
	}
	return true
}

// maybeDies reports whether, at a moment, a session may end in which a client has a membership
// or a share.
func (s sharers) maybeDies(client int, at int64, b belonging) bool {
	for _, o := range s.ops[client] {
		lo, hi := deaths(s.record, o.with.owner)
		if o.inv < at && lo < at && at < hi && (b.possible || s.crashed(client, 0) < at || s.has(client, at, share.possible)) {
			return true
		}
	}
	return slices.ContainsFunc(s.facts, func(f fact) bool {
		return f.at == at && (f.f == history.FDead || f.f == history.FExpired || f.f == history.FExited) && s.belongs(f.client, at).possible
	})
}

// seemsQuiet reports whether only what the page allows is known to happen at a moment.
func (s sharers) seemsQuiet(at int64) bool {
	return at > s.loaded() && !slices.ContainsFunc(s.clients, func(c int) bool {
		_, waits := s.during(c, at, models.FChanged)
		leave, leaves := s.during(c, at, models.FLeave)
		return s.has(c, at, share.seeming) && !waits || leaves && leave.out != fail && s.belongs(c, at).leaving
	})
}

// leftOver reports whether no member holds an item although each member holds a share or
// asks for one.
func (s sharers) leftOver(item string, surely bool) func(at int64) bool {
	return func(at int64) bool {
		some := false
		for _, c := range s.clients {
			b := s.belongs(c, at)
			_, asks := s.during(c, at, models.FAcquire)
			member, holds, excuse := b.certain || b.leaving, s.has(c, at, share.seeming), share.seeming
			if surely {
				member, holds, excuse = b.possible, s.has(c, at, share.certain), share.possible
			}
			if member && !holds && !asks {
				return false
			}
			some = some || (holds || asks) && s.live(c, at)
			if slices.ContainsFunc(s.shares[c], func(one share) bool { return excuse(one, at) && slices.Contains(one.keys, item) }) {
				return false
			}
		}
		return some
	}
}

// uneven reports whether two members hold shares of two sizes.
func (s sharers) uneven(a, b share, surely bool) func(at int64) bool {
	return func(at int64) bool {
		for _, one := range []share{a, b} {
			if !s.live(one.client, at) || surely && !one.certain(at) || !one.seeming(at) {
				return false
			}
		}
		return true
	}
}

// inVain reports whether a client waits for its share.
func (s sharers) inVain(client int) func(at int64) bool {
	return func(at int64) bool {
		_, asks := s.during(client, at, models.FAcquire)
		return asks && s.live(client, at)
	}
}

// retry is the longest pause that does not end a wait: the times before and after it are added up.
const retry = int64(time.Second)

// lasts returns for how long something lasts at a stretch: in time that is certainly quiet, and in
// time that seems quiet.
func (s sharers) lasts(surely, perhaps func(at int64) bool) (certain, seeming int64) {
	var now, maybe, paused int64
	all := s.moments()
	for i, to := range all[1:] {
		from := all[i]
		middle := from + (to-from)/2
		if now += to - from; !s.quiet(middle) || !surely(middle) {
			now = 0
		} else if s.acts(from) || s.changes(from) {
			now = to - from
		}
		if s.changes(from) || from-paused > retry {
			maybe = 0
		}
		if s.seemsQuiet(middle) && perhaps(middle) {
			maybe, paused = maybe+to-from, to
		}
		certain, seeming = max(certain, now), max(seeming, maybe)
	}
	return certain, seeming
}

// moments returns all moments at which something may change.
func (s sharers) moments() []int64 {
	all := []int64{0, s.last()}
	for _, o := range s.record.ops {
		all = append(all, o.inv, o.with.alive[0])
		if o.out != open {
			all = append(all, o.ret, o.with.alive[1])
		}
	}
	for _, f := range s.facts {
		all = append(all, f.at)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// changes reports whether the set of members changes at a moment, or is about to change, or a
// member loses its session.
func (s sharers) changes(at int64) bool {
	for _, o := range s.record.ops {
		b := s.belongs(o.client, at)
		comes := o.f == models.FAcquire && o.inv == at && !b.certain
		fails := o.f == models.FAcquire && o.ret == at && (o.out == fail || o.out == info)
		if comes || fails || o.f == models.FLeave && o.inv == at && b.certain {
			return true
		}
	}
	return slices.ContainsFunc(s.facts, func(f fact) bool {
		return f.at == at && slices.Contains([]string{history.FDead, history.FExpired, history.FExited}, f.f) && s.belongs(f.client, at).possible
	})
}

// acts reports whether a call in which a member neither waits nor asks begins or ends at a
// moment.
func (s sharers) acts(at int64) bool {
	return slices.ContainsFunc(s.record.ops, func(o op) bool {
		return o.f != models.FChanged && o.f != models.FAcquire && (o.inv == at || o.ret == at)
	})
}

// inTime tells whether something that must not last was over in time.
func inTime(certain, seeming int64) string {
	switch {
	case certain > bound:
		return violation
	case seeming > bound:
		return unknown
	}
	return valid
}

func partitionerAnswers(h record) answers {
	all := answers{"coverage": valid, "balance": valid, "progress": valid}
	for _, key := range keysOf(h.ops) {
		if _, agrees := holdsOf(h, key); !agrees {
			return answers{}
		}
		s := h.sharers(key)
		for _, item := range s.items {
			all.worst("coverage", inTime(s.lasts(s.leftOver(item, true), s.leftOver(item, false))))
		}
		all.worst("balance", s.balance())
		for _, c := range s.clients {
			if len(s.clients) <= len(s.items) {
				all.worst("progress", inTime(s.lasts(s.inVain(c), s.inVain(c))))
			}
		}
	}
	return all
}

// balance checks, for each two sizes, whether shares of both sizes are held at the same time,
// by whichever members.
func (s sharers) balance() string {
	answer, pairs := answers{"": valid}, map[[2]int][][2]share{}
	for _, a := range s.shares {
		for _, b := range s.shares {
			for _, more := range a {
				for _, less := range b {
					if sizes := [2]int{len(more.keys), len(less.keys)}; sizes[0] >= sizes[1]+2 {
						pairs[sizes] = append(pairs[sizes], [2]share{more, less})
					}
				}
			}
		}
	}
	for _, same := range pairs {
		held := func(surely bool) func(at int64) bool {
			return func(at int64) bool {
				return slices.ContainsFunc(same, func(two [2]share) bool { return s.uneven(two[0], two[1], surely)(at) })
			}
		}
		answer.worst("", inTime(s.lasts(held(true), held(false))))
	}
	return answer[""]
}

// dividing is a run of a partitioner under construction.
type dividing struct {
	*record
	r       *rand.Rand
	items   []string
	members int
	session []int64
	token   int64
}

// ownPartitioner generates members that come and go for half a minute.
func ownPartitioner(r *rand.Rand) record {
	h := record{model: models.Partitioner.Name, order: r.Uint64()}
	s := &dividing{record: &h, r: r, items: []string{"a", "b", "c", "d", "e"}[:3+r.IntN(3)], members: 2 + r.IntN(2), session: []int64{0x10, 0x20, 0x30}}
	h.facts = append(h.facts, fact{at: int64(r.IntN(3)), of: history.Nemesis, client: -1, f: history.FPhase, value: history.Phase{Name: history.PhaseLoad}})
	for c := range s.members {
		s.lives(c)
	}
	slices.SortStableFunc(h.ops, func(a, b op) int { return int(a.inv - b.inv) })
	h.inOrder()
	slices.SortStableFunc(h.facts, func(a, b fact) int { return int(a.at - b.at) })
	h.place(1e9, pick[int64](r, 0, 1, 1<<53))
	return h
}

// lives adds all that one client does.
func (s *dividing) lives(c int) {
	at := int64(s.r.IntN(4)) * int64(s.r.IntN(4))
	s.link(c, history.FConnected, 0)
	for at < 30 {
		at = s.call(op{client: c, f: models.FAcquire, arg: asJSON(models.Keys{Keys: s.items}), inv: at}, s.short(10), ok, ok, ok, ok, ok, ok, fail, info)
		if last := &s.ops[len(s.ops)-1]; last.out == ok {
			s.token++
			last.res = fmt.Sprintf(`{"token":"0x%x","keys":%s}`, s.token, asJSON(s.due(c)))
			at = s.holds(c, at)
		}
		if chance(s.r, 10) {
			at = s.expires(c, at)
		}
		if chance(s.r, 8) {
			at = s.asks(c, at)
		}
		if chance(s.r, 4) {
			at = s.call(op{client: c, f: models.FLeave, inv: at}, s.short(3), ok, ok, ok, fail, info, info) + s.r.Int64N(14)
		}
		if chance(s.r, 12) {
			return
		}
	}
}

// short returns how long a call lasts: in one of n cases long.
func (s *dividing) short(n int) int64 {
	if chance(s.r, n) {
		return 2 + s.r.Int64N(16)
	}
	return s.r.Int64N(2)
}

// due returns, in most cases, the share of a client if all clients are members.
func (s *dividing) due(c int) []string {
	var all []string
	for i, item := range s.items {
		if i%s.members == c != chance(s.r, 5) {
			all = append(all, item)
		}
	}
	if len(all) == 0 {
		return s.items[c : c+1]
	}
	return all
}

// holds plays a member with a share.
func (s *dividing) holds(c int, at int64) int64 {
	token := s.token
	for more := true; more; more = chance(s.r, 2) {
		at += s.r.Int64N(2) * s.r.Int64N(2)
		at = s.call(op{client: c, f: models.FChanged, inv: at, res: asJSON(models.Due{Due: chance(s.r, 3)})}, 1+s.r.Int64N(16), ok, ok, ok, ok, fail, info)
		if chance(s.r, 8) {
			at = s.call(op{client: c, f: models.FConfirm, inv: at, res: held(true, token)}, s.short(10), ok)
		}
	}
	switch s.r.IntN(10) {
	case 0:
		return s.expires(c, at)
	case 1:
		return s.exits(c, at)
	case 2:
		s.link(c, history.FDisconnected, at)
		at += 1 + s.r.Int64N(3)
		s.link(c, history.FConnected, at)
	}
	for {
		release := op{client: c, f: models.FRelease, arg: held(true, token), inv: at + s.short(10)*s.r.Int64N(2)}
		if at = s.call(release, s.short(10), ok, ok, ok, ok, fail, info); s.ops[len(s.ops)-1].out != fail {
			return at
		}
		at = s.call(op{client: c, f: models.FChanged, inv: at, res: asJSON(models.Due{})}, 1+s.r.Int64N(12), ok)
	}
}

func (s *dividing) link(c int, f string, at int64) {
	one := fact{at: at, of: history.SessionProcess, client: c, session: s.session[c], f: f}
	switch f {
	case history.FConnected:
		one.value = history.Connected{Server: "zk1", Timeout: 4e9}
	case history.FDead:
		one.value = history.Dead{By: "close-reply"}
	case history.FExited:
		one.value, one.session = history.Exited{By: history.ByCrash}, 0
	case history.FStarted:
		one.session = 0
	}
	s.facts = append(s.facts, one)
}

// expires adds the end of a session of which its client is told.
func (s *dividing) expires(c int, at int64) int64 {
	s.link(c, history.FDisconnected, at+1)
	s.ends(c, at+2)
	s.link(c, history.FExpired, at+3+s.r.Int64N(3))
	return s.opens(c, at+6)
}

// asks adds a call in vain, during which the session ends.
func (s *dividing) asks(c int, at int64) int64 {
	s.call(op{client: c, f: models.FAcquire, arg: asJSON(models.Keys{Keys: s.items}), inv: at}, 0, fail, fail, info)
	ask := &s.ops[len(s.ops)-1]
	at = s.expires(c, at+s.r.Int64N(8)) + s.r.Int64N(6)
	ask.ret, ask.with.owner, ask.with.alive[1] = at, s.session[c], at
	return at
}

func (s *dividing) exits(c int, at int64) int64 {
	s.link(c, history.FExited, at+1)
	s.ends(c, at+2+s.r.Int64N(3))
	at += 6 + s.r.Int64N(12)
	s.link(c, history.FStarted, at)
	return s.opens(c, at+1)
}

// ends records, in most cases, what the servers tell about the end of a session.
func (s *dividing) ends(c int, at int64) {
	if !chance(s.r, 4) {
		s.link(c, history.FDead, at)
	}
}

func (s *dividing) opens(c int, at int64) int64 {
	s.session[c]++
	s.link(c, history.FConnected, at)
	return at + 1 + s.r.Int64N(3)
}

// call adds an operation, which in most cases shows that its session is alive.
func (s *dividing) call(o op, lasts int64, out ...outcome) int64 {
	o.key, o.ret, o.out = "k", o.inv+lasts, pick(s.r, out...)
	if o.out != ok {
		o.res = ""
	}
	o.with.session, o.with.owner = s.session[o.client], s.session[o.client]
	if !chance(s.r, 8) {
		o.with.alive = [2]int64{o.inv, o.ret}
	}
	s.ops = append(s.ops, o)
	return o.ret
}

func TestOwnPartitioner(t *testing.T) {
	own{name: "partitioner in time", generate: ownPartitioner, ours: partitionerAnswers, agree: exact}.compare(t)
}
