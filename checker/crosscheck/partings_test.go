package crosscheck

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file is about holds of clients whose sessions end meanwhile: the clients are told, or
// give a session up and open another. A call that began in one session and ended in another
// may have made its znode in either, until its client must know that the older session is
// over and still claims to hold.

// grace bounds for how long a client that knows that a session is over may claim to
// hold by it.
const grace = int64(time.Second)

// knowing says how a client came to know that a session of its own is over.
type knowing struct {
	is      bool
	at      int64
	excuses []string // kinds of faults; time during which they last does not count
}

// knows judges by what the links saw of one client. Facts about one client have different
// times.
func knows(h record, client int, session int64) knowing {
	if at := h.when(client, history.FExpired, session, 0); at != never {
		return knowing{true, at, []string{"freeze", "slow-link", "stall-link"}}
	}
	if at := givenUp(h, client, session); at != never {
		return knowing{true, at, []string{"freeze"}}
	}
	return knowing{}
}

// givenUp returns when another session was opened after the connection of this one had
// ended for good. A process that begins meanwhile has given up nothing, since it never had
// the session. Nor has a process that had connections of two sessions at once.
func givenUp(h record, client int, session int64) int64 {
	left := int64(-1)
	for _, f := range h.facts {
		if f.client == client && f.f == history.FDisconnected && f.session == session {
			left = max(left, f.at)
		}
	}
	if left < 0 || h.when(client, history.FConnected, session, left) != never {
		return never
	}
	opened := int64(never)
	for _, f := range h.facts {
		if f.client == client && f.f == history.FConnected && f.session != session && f.at > left &&
			h.when(client, history.FConnected, f.session, -1) == f.at {
			opened = min(opened, f.at)
		}
	}
	first := h.when(client, history.FConnected, session, -1)
	if first == never {
		return never // it is not known whose session it was
	}
	for _, f := range h.facts {
		if f.client == client && f.f == history.FExited && f.at > first && f.at < opened {
			return never
		}
	}
	if h.hadTwoAtOnce(client, first) {
		return never
	}
	return opened
}

// hadTwoAtOnce reports whether the process of a client that lived at a moment ever had connections of two
// sessions at once.
func (h record) hadTwoAtOnce(client int, moment int64) bool {
	var life []fact
	for _, f := range slices.SortedFunc(slices.Values(h.facts), func(a, b fact) int { return cmp.Compare(a.at, b.at) }) {
		if f.client != client {
			continue
		}
		if f.f == history.FExited && f.at > moment {
			break
		}
		if life = append(life, f); f.f == history.FExited {
			life = nil
		}
	}
	connected := map[int64]bool{}
	for _, f := range life {
		switch f.f {
		case history.FConnected:
			connected[f.session] = true
		case history.FDisconnected, history.FExpired, history.FDead:
			delete(connected, f.session)
		}
		if len(connected) > 1 {
			return true
		}
	}
	return false
}

// when returns the first time after another one at which a fact about a session was
// told.
func (h record) when(client int, f string, session, after int64) int64 {
	at := int64(never)
	for _, fact := range h.facts {
		if fact.client == client && fact.f == f && fact.session == session && fact.at > after {
			at = min(at, fact.at)
		}
	}
	return at
}

// late reports whether, at a moment, a client has known for longer than the grace that
// a session is over.
func (h record) late(client int, k knowing, at int64) bool {
	return k.is && at-k.at-h.faulty(client, k.excuses, k.at, at) > grace
}

// faulty returns for how long, within a time, faults of some kinds lasted for a client.
func (h record) faulty(client int, kinds []string, from, to int64) int64 {
	type span struct{ from, to int64 }
	var all []span
	for _, f := range h.facts {
		step, is := f.value.(history.FaultStep)
		if !is || step.Step != history.StepInject || !slices.Contains(kinds, f.f) || !slices.Contains(step.Clients, client) {
			continue
		}
		one := span{max(f.at, from), min(h.healed(step.Fault), to)}
		if one.from < one.to {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var sum int64
	for _, one := range all {
		one.from = max(one.from, from)
		sum += max(0, one.to-one.from)
		from = max(from, one.to)
	}
	return sum
}

func (h record) healed(fault int) int64 {
	for _, f := range h.facts {
		if step, is := f.value.(history.FaultStep); is && step.Fault == fault && step.Step == history.StepHealed {
			return f.at
		}
	}
	return never
}

// stage is a part of a stay. A stage begins when the client claims to hold although it
// is known that some session to which the znode may belong is over: the znode can then
// only belong to one of the others.
type stage struct {
	owners   []int64
	from, ao int64 // the times of the grant, if the stage is the first one of a term
	asked    int64 // when the claim that began the stage was called
	anew     bool  // none of the earlier owners can be meant, so this is another term
}

// stay is a hold whose znode may belong to several sessions.
type stay struct {
	hold
	stages []stage
	claims []op // later claims of its client that it holds
	late   bool // some of the claims were made in the session that the client knew to be over, since it had no other session
}

// staysOf returns the holds of a key. If each belongs to one session, they are those of
// holdsOf.
func staysOf(h record, key string) (stays []stay, agrees bool) {
	agrees = asked(h, key)
	last := map[int][]int64{}
	for i, a := range h.ops {
		if a.key != key || a.f != models.FAcquire || a.out != ok {
			continue
		}
		one := stay{hold: begun(a)}
		var again bool
		one.asked, again = release(h, i, &one.hold)
		if at, over := sure(h, i); over < one.asked { // otherwise the release ends it
			one.asked = at
		}
		_, said := sure(h, i)
		agrees = agrees && !again && (said == never || said != one.asked) // either may have been first
		owners := h.ownersOf(a)
		for _, session := range owners {
			lo, hi := deaths(h, session)
			if h.usedAfter(a.client, session, knows(h, a.client, session)) {
				one.late = true
				agrees = agrees && session == h.newest(a.client)
			}
			agrees = agrees && lo <= hi && !slices.Contains(last[a.client], session)
		}
		last[a.client] = nil
		one.stages = []stage{{owners, a.inv, a.ret, never, true}}
		one.claims = claims(h, i, one.token)
		for _, o := range one.claims {
			one.claim(h, o)
			lo, hi := deaths(h, o.with.owner)
			agrees = agrees && lo <= hi
			owners = append(owners, o.with.owner)
		}
		if !released(h, i) {
			last[a.client] = owners
		}
		stays = append(stays, one)
	}
	return stays, agrees
}

// released reports whether the client of acquire i gave it back before it acquired again.
func released(h record, i int) bool {
	for _, o := range h.ops[i+1:] {
		if o.client == h.ops[i].client && o.key == h.ops[i].key && o.out != fail && o.f == models.FRelease {
			return true
		}
		if o.client == h.ops[i].client && o.key == h.ops[i].key && o.out == ok && o.f == models.FAcquire {
			return false
		}
	}
	return false
}

// sure returns the last moment at which the client of acquire i was asked and held, and the
// time at which it said afterwards that it had lost the hold.
func sure(h record, i int) (at, over int64) {
	at, over = h.ops[i].ret, admits(h, i)
	for _, o := range claims(h, i, field(h.ops[i].res, "token")) {
		if o.ret <= over {
			at = o.inv
		}
	}
	return at, over
}

// admits returns when the client of acquire i said that it no longer holds.
func admits(h record, i int) int64 { return min(toldLost(h, h.ops[i]), denied(h, i)) }

func toldLost(h record, a op) int64 {
	over := int64(never)
	for _, f := range h.facts {
		if said, is := f.value.(history.LostHold); is && f.client == a.client && f.key == a.key && int64(said.Token) == field(a.res, "token") && f.at >= a.inv {
			over = min(over, f.at)
		}
	}
	return over
}

func denied(h record, i int) int64 {
	a := h.ops[i]
	no := held(false, field(a.res, "token"))
	for _, o := range h.ops[i+1:] {
		mine := o.client == a.client && o.key == a.key
		if mine && (o.f == models.FConfirm && o.out == ok && o.res == no || o.f == models.FRelease && o.arg == no) {
			return o.inv
		}
	}
	return never
}

// usedAfter reports whether a client called something in a session that it knew to be over.
func (h record) usedAfter(client int, session int64, k knowing) bool {
	for _, o := range h.ops {
		if k.is && o.client == client && (o.with.session == session && o.inv > k.at || o.out != open && o.with.owner == session && o.ret > k.at) {
			return true
		}
	}
	return false
}

// newest returns the last session of a client. Calls that the client makes in no
// session are recorded with that one.
func (h record) newest(client int) int64 {
	last, opened := int64(0), int64(-1)
	for _, f := range h.facts {
		if f.client == client && f.f == history.FConnected && f.at > opened {
			last, opened = f.session, f.at
		}
	}
	return last
}

// ownersOf returns the sessions in which a call can have created a znode: all that its
// process had before the call or opened during it, except those that it knew to be over when
// it called.
func (h record) ownersOf(a op) []int64 {
	var owners []int64
	add := func(session, at int64) {
		k := knows(h, a.client, session)
		over := k.is && k.at < a.inv || h.exitedBetween(a.client, at, a.inv)
		if slices.Contains(owners, session) || over && session != a.with.session && session != a.with.owner {
			return
		}
		owners = append(owners, session)
	}
	for _, f := range h.facts {
		if f.client == a.client && f.session != 0 && f.at <= a.ret {
			add(f.session, f.at)
		}
	}
	for _, o := range h.ops {
		if o.client == a.client && o.inv <= a.inv {
			add(o.with.session, o.inv)
		}
		if o.client == a.client && o.ret <= a.ret {
			add(o.with.owner, o.ret)
		}
	}
	return owners
}

// exitedBetween reports whether the process of a client ended between two moments.
func (h record) exitedBetween(client int, from, to int64) bool {
	return slices.ContainsFunc(h.facts, func(f fact) bool {
		return f.client == client && f.f == history.FExited && from < f.at && f.at < to
	})
}

// claims returns the answers of the client of acquire i that it holds by this token.
func claims(h record, i int, token int64) []op {
	var all []op
	for _, o := range h.ops[i+1:] {
		if o.client != h.ops[i].client || o.key != h.ops[i].key {
			continue
		}
		if o.f == models.FAcquire && o.out == ok || o.f == models.FRelease && o.out != fail {
			break
		}
		if o.f == models.FConfirm && o.out == ok && o.res == held(true, token) {
			all = append(all, o)
		}
	}
	return all
}

// claim begins a stage if some owner can no longer be meant. If no owner can be meant, it begins
// another term, under the session that the client has then.
func (s *stay) claim(h record, o op) {
	now := s.stages[len(s.stages)-1]
	var left []int64
	from := int64(0)
	for _, session := range now.owners {
		if k := knows(h, s.client, session); h.late(s.client, k, o.inv) {
			from = max(from, k.at)
		} else {
			left = append(left, session)
		}
	}
	switch len(left) {
	case 0:
		s.stages = append(s.stages, stage{h.ownersOf(o), max(from, s.ai), o.ret, o.inv, true})
	case len(now.owners):
	default:
		s.stages = append(s.stages, stage{left, max(from, s.ai), o.ret, o.inv, false})
	}
}

// loosely returns the least that the text says about a stay: of each term only the last stage
// counts, and the death of any of its sessions excuses it.
func (s stay) loosely(h record) [][]hold {
	var terms []hold
	ai := s.ai
	for i, now := range s.stages {
		if now.anew {
			ai = now.from
		}
		if i+1 < len(s.stages) && !s.stages[i+1].anew {
			continue
		}
		one := s.hold
		one.ai, one.ao = ai, now.ao
		one.x, one.e = s.asked, 0
		for _, session := range now.owners {
			lo, hi := deaths(h, session)
			one.x, one.e = min(one.x, lo), max(one.e, hi)
		}
		one.e = min(one.e, s.e)
		terms = append(terms, one)
	}
	return [][]hold{terms}
}

// choices lists the possible owners, one for each stage. Where the owner changes, the hold of the
// earlier owner was over, and there was another grant.
func (s stay) choices(h record) [][]hold {
	var all [][]hold
	var from func(n int, owner int64, holds []hold)
	from = func(n int, owner int64, holds []hold) {
		if n == len(s.stages) {
			all = append(all, holds)
			return
		}
		now := s.stages[n]
		for _, session := range now.owners {
			lo, hi := deaths(h, session)
			one := s.hold
			one.ai, one.ao = now.from, now.ao
			one.x, one.e = min(s.asked, lo), min(s.e, hi)
			then := holds
			if session != owner || now.anew {
				then = append(slices.Clone(holds), one)
			}
			from(n+1, session, then)
		}
	}
	from(0, 0, nil)
	return all
}

// choose calls f with each combination of what the stays can have been, until it
// returns true.
func choose(stays [][][]hold, f func([]hold) bool) bool {
	var from func(n int, holds []hold) bool
	from = func(n int, holds []hold) bool {
		if n == len(stays) {
			return f(slices.Clone(holds))
		}
		for _, choice := range stays[n] {
			if from(n+1, append(slices.Clone(holds), choice...)) {
				return true
			}
		}
		return false
	}
	return from(0, nil)
}

// readings returns the answer if the text can be read in two ways.
func readings(loosely, strictly bool) string {
	switch {
	case !loosely:
		return violation
	case strictly:
		return valid
	}
	return unknown
}

// partingAnswers returns the answers on how many clients hold at one time, on the order
// of the grants, and on lost.
func partingAnswers(h record) answers {
	s := h.sharing()
	all := answers{s.once: valid, s.order: valid, "lost": valid}
	if !slices.ContainsFunc(h.facts, func(f fact) bool { return f.f == history.FOffers }) {
		return answers{} // a confirm shows nothing about a subject that does not tell losses
	}
	for _, key := range keysOf(h.ops) {
		stays, agrees := staysOf(h, key)
		if !agrees {
			return answers{}
		}
		if again(h, key) {
			all[s.once], all[s.order] = unknown, unknown
		}
		var strict [][][]hold
		for _, one := range stays {
			if one.late || h.outlived(one) {
				all[s.once], all[s.order] = unknown, unknown
			}
			strict = append(strict, one.choices(h))
			if sharedToken(one, stays) || h.outlived(one) {
				all.worst("lost", unknown)
			} else {
				all.worst("lost", admitted(h, key, one))
			}
		}
		if all[s.once] != unknown {
			all.worst(s.once, verdict(!choose(strict, s.inSomeOrder)))
			all.worst(s.order, s.tokens(h, stays, strict))
		}
	}
	return all
}

// again reports whether a client holds that had said before that it lost the hold: that would be a
// term of its own.
func again(h record, key string) bool {
	for i, a := range h.ops {
		if a.key != key || a.f != models.FAcquire || a.out != ok {
			continue
		}
		for _, o := range claims(h, i, field(a.res, "token")) {
			if o.ret > denied(h, i) || o.ret >= toldLost(h, a) {
				return true
			}
		}
	}
	return false
}

// terms returns the stages that begin a term.
func (s stay) terms() []stage {
	return slices.DeleteFunc(slices.Clone(s.stages), func(one stage) bool { return !one.anew })
}

// tokens judges the tokens of the grants. The text does not say whether a claim is also a grant,
// whose token must be above those of others.
func (s sharing) tokens(h record, stays []stay, strict [][][]hold) string {
	var loose [][][]hold
	for i, one := range stays {
		for _, other := range stays[:i] {
			switch {
			case one.token != other.token || !one.meets(other.hold):
			case one.client == other.client:
				return unknown // it may be a single znode
			default:
				return s.twice
			}
		}
		one.stages = one.terms()
		if len(one.stages) > 1 {
			return s.twice // a znode cannot belong to two sessions
		}
		loose = append(loose, one.loosely(h))
	}
	return readings(choose(loose, s.inTokenOrder), choose(strict, s.inTokenOrder))
}

// outlived reports whether a process claims a hold that another process was granted: the text does
// not say what the claiming process must know.
func (h record) outlived(s stay) bool {
	return slices.ContainsFunc(s.claims, func(o op) bool {
		return slices.ContainsFunc(h.facts, func(f fact) bool {
			return f.f == history.FExited && f.client == s.client && f.at >= s.ai && f.at <= o.ret
		})
	})
}

// sharedToken reports whether a client had two grants with the same token, so that a claim may be
// about either.
func sharedToken(s stay, stays []stay) bool {
	n := 0
	for _, other := range stays {
		if other.client == s.client && other.token == s.token {
			n++
		}
	}
	return n > 1
}

// admitted tells whether a client that knows that all sessions to which its znode may belong are
// over admits it in time.
func admitted(h record, key string, s stay) string {
	owners := s.stages[0].owners
	over := func(session, at int64) bool { return h.late(s.client, knows(h, s.client, session), at) }
	late := func(at int64) bool {
		return !slices.ContainsFunc(owners, func(session int64) bool { return !over(session, at) })
	}
	for _, session := range owners {
		switch k := knows(h, s.client, session); {
		case session == s.session && k.is && k.at <= s.ao:
			return unknown // a client that was granted anything in that session afterwards had not understood
		case session != s.session && over(s.session, h.last()) && !over(session, h.last()):
			return unknown // the znode may belong to a session that the client is not known to have left
		}
	}
	if toldLost(h, op{client: s.client, key: key, inv: s.ai, res: fmt.Sprintf(`{"token":"0x%x"}`, s.token)}) <= s.ao {
		return unknown // it lost what it had not got yet
	}
	for _, o := range s.claims {
		if late(o.inv) {
			return violation
		}
	}
	if again(h, key) || h.releasedLate(key, s, late) {
		return unknown // it said both, or said it in another way
	}
	if !late(h.last()) {
		return valid
	}
	for _, f := range h.facts {
		said, is := f.value.(history.LostHold)
		if is && f.client == s.client && f.key == key && int64(said.Token) == s.token && f.at >= s.ai && !late(f.at) {
			return valid
		}
	}
	return h.silent(key, s, late)
}

// releasedLate reports whether a client that claims to have the hold released it when it no longer
// could have it.
func (h record) releasedLate(key string, s stay, late func(int64) bool) bool {
	return slices.ContainsFunc(h.ops, func(o op) bool {
		return o.client == s.client && o.key == key && o.f == models.FRelease && o.arg == held(true, s.token) && late(o.inv)
	})
}

// silent returns the answer for lost about a hold whose client did not say in time that it
// is lost: it may be over anyway.
func (h record) silent(key string, s stay, late func(int64) bool) string {
	for _, f := range h.facts {
		if f.client == s.client && f.f == history.FExited && f.at >= s.ai {
			return unknown
		}
	}
	for _, o := range h.ops {
		if o.client != s.client || o.key != key || o.inv < s.ao {
			continue
		}
		switch {
		case o.f == models.FRelease && o.out != fail && !late(o.inv) && strings.HasPrefix(o.arg, `{"held":true`):
			return valid
		case o.f == models.FRelease && (!late(o.inv) || strings.HasPrefix(o.arg, `{"held":false`)), o.f == models.FConfirm && strings.HasPrefix(o.res, `{"held":false`), o.f == models.FAcquire:
			return unknown // the text says nothing about a client that admits it in one way and not in the other
		}
	}
	return violation
}

// TestPartings counts what only the claims decided. Otherwise the sides could agree because
// nothing is decided.
func TestPartings(t *testing.T) {
	for _, model := range []string{models.Lock.Name, models.Election.Name, models.Semaphore.Name, models.MultiLock.Name, models.Partitioner.Name} {
		decided, staged := 0, 0
		ours := func(h record) answers {
			all := partingAnswers(h)
			if len(all) == 0 {
				return all
			}
			if without := h.withoutClaims(); without != "" {
				staged++
				if all[h.sharing().once] == violation && without != violation {
					decided++
				}
			}
			return all
		}
		own{name: model, generate: partings(model), ours: ours}.compare(t)
		t.Logf("%s: claims narrowed %d histories down, and decided %d", model, staged, decided)
		if histories() >= usual && staged > 0 && decided == 0 {
			t.Error("no claim decided anything")
		}
	}
}

// withoutClaims returns the answer on how many clients hold at one time if what clients know were
// ignored; "" if that makes no difference.
func (h record) withoutClaims() string {
	answer, staged := valid, false
	for _, key := range keysOf(h.ops) {
		stays, _ := staysOf(h, key)
		var loose [][][]hold
		for _, s := range stays {
			staged = staged || len(s.stages) > len(s.terms())
			s.stages = s.terms()
			loose = append(loose, s.loosely(h))
		}
		if !choose(loose, h.sharing().inSomeOrder) {
			answer = violation
		}
	}
	if !staged {
		return ""
	}
	return answer
}
