package crosscheck

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Memberships and discovery services are both groups.

// group holds what a record tells about one group, apart from operations that certainly
// failed.
type group struct {
	record
	key     string
	members []joined // the members that any client asked to join as
	looks   []look
}

// joined is a member. It joins once, and may leave more than once, if the outcome of the first
// leave is unknown.
type joined struct {
	name   string
	join   op
	leaves []op
	// stays and goes are the places of its join and its leaves among the operations of the
	// record.
	stays int
	goes  []int
}

// look is a list, a change that was told, or a pick.
type look struct {
	op
	place int // its place among the operations of the record
	shown []string
	// before is the previous look of the same stream, or -1: the last list of the session, or the
	// last change that the client was told; for a pick, the change on which it is based.
	before int
	// loose means that the look need not be later than the previous one: that one ended just when
	// this one began, or one of the two was asked for in one session and answered in another.
	loose bool
}

// The events of a group, for groupStep.
const (
	isJoined  = "joined"
	isLeft    = "left"
	isGone    = "gone" // with its session, by a fault, or while it leaves: it may come back
	isBack    = "back"
	isMadeNow = "made" // created or deleted by a call to join that goes on
	isListed  = "listed"
	isPicked  = "picked"
	isNobody  = "nobody" // there was no instance to pick
	notMember = '.'
	inGroup   = 'i'
	forNow    = 'f' // in the group for now, by a call to join that goes on
	outOf     = 'o'
	hasLeft   = 'x'
)

func (h record) group(key string) group {
	g := group{record: h, key: key}
	streams := map[string]int{}
	watcher := h.watchers()
	for place, o := range h.ops {
		if o.key != key || o.out == fail {
			continue
		}
		switch o.f {
		case models.FJoin, models.FRegister:
			g.members = append(g.members, joined{name: joiner(o), join: o, stays: place})
		case models.FLeave, models.FUnregister:
			if i := g.known(joiner(o)); i >= 0 {
				m := &g.members[i]
				m.leaves, m.goes = append(m.leaves, o), append(m.goes, place)
			}
		default:
			if o.out == ok {
				g.look(look{op: o, place: place, before: -1}, streams, watcher(o))
			}
		}
	}
	return g
}

// look adds a look after the previous one of its stream.
func (g *group) look(l look, streams map[string]int, watcher int) {
	o := l.op
	stream := asJSON([]any{watcher})
	if isList(o) {
		stream = asJSON([]any{o.client, o.with.owner})
	}
	if before, is := streams[stream]; is {
		last := g.looks[before]
		l.before, l.loose = before, last.ret == o.inv || isList(o) && (moved(o) || moved(last.op))
	}
	if o.f == models.FPick {
		var v models.Picked
		must(json.Unmarshal([]byte(o.res), &v))
		l.shown = []string{v.Member}
	} else {
		l.shown = namesOf(o.res)
		streams[stream] = len(g.looks)
	}
	g.looks = append(g.looks, l)
}

func namesOf(res string) []string {
	var v models.Members
	must(json.Unmarshal([]byte(res), &v))
	return v.Members
}

func moved(o op) bool { return o.with.session != o.with.owner }

func isList(o op) bool { return o.f == models.FList || o.f == models.FLookup }

func joiner(o op) string {
	var v models.Joining
	must(json.Unmarshal([]byte(o.arg), &v))
	return v.Member
}

func (g group) known(name string) int {
	return slices.IndexFunc(g.members, func(m joined) bool { return m.name == name })
}

// real reports whether every member that was shown had been asked to join by then.
func (g group) real() bool {
	for _, l := range g.looks {
		for _, name := range l.shown {
			i := g.known(name)
			if name != "" && (i < 0 || g.members[i].join.inv > l.ret) {
				return false
			}
		}
	}
	return true
}

// early reports whether a member was shown before its client asked to join: that violates only
// real.
func (g group) early(m int, looks []int) bool {
	return slices.ContainsFunc(looks, func(i int) bool {
		return slices.Contains(g.looks[i].shown, g.members[m].name) && g.looks[i].ret < g.members[m].join.inv
	})
}

// groupStory selects the orders that may explain a group.
type groupStory struct {
	only  []int // the members to consider; what looks show of others is not checked
	looks []int
	seen  bool // a look is not older than what its session had seen
	// strictly reads the record so that as little as possible is allowed: the sentences are taken
	// literally, and at equal times, what a client did first came first.
	strictly bool
}

// right reports whether some order of joins, leaves and ends of sessions has, for each look, a
// moment at which the group is what the look shows, with the looks of a stream in order. A look may
// be as old as it likes: it only has to show a state that once existed.
func (g group) right(s groupStory) bool {
	var calls []call
	came, went := map[int]int{}, map[int]int{}
	for _, m := range s.only {
		came[m] = len(calls)
		calls = append(calls, g.stays(m, s.strictly)...)
		went[m] = len(calls)
		calls = append(calls, g.goes(m, s.strictly)...)
	}
	place := map[int]int{}
	if s.strictly {
		g.inTurn(s, calls, came, went)
	}
	for _, i := range s.looks {
		l := g.looks[i]
		c := call{op: op{f: isListed, arg: g.letters(l, s.only), client: -1}, inv: math.MinInt64, ret: l.ret, certain: true}
		if l.f == models.FPick {
			c.op.f = isPicked
			if l.shown[0] == "" {
				c.op.f = isNobody
			}
		}
		if before, is := place[l.before]; is && (s.strictly || !l.loose) {
			c.after = append(c.after, before)
		}
		for _, m := range s.only {
			if s.seen && isList(l.op) {
				if g.outdated(m, l) {
					return false
				}
				c.after = append(c.after, g.seen(m, l, s.strictly, came[m], went[m])...)
			}
		}
		place[i] = len(calls)
		calls = append(calls, c)
	}
	return explainable(calls, strings.Repeat(string(notMember), len(s.only)), s.step)
}

// inTurn puts what a client did to the group after its earlier looks, even at equal times.
func (g group) inTurn(s groupStory, calls []call, came, went map[int]int) {
	for n, i := range s.looks {
		l := g.looks[i]
		for _, m := range s.only {
			own := g.members[m]
			if own.join.client == l.client && l.place < own.stays {
				calls[came[m]].after = append(calls[came[m]].after, len(calls)+n)
			}
			for k, place := range own.goes {
				if own.leaves[k].client == l.client && l.place < place {
					calls[went[m]+k].after = append(calls[went[m]+k].after, len(calls)+n)
				}
			}
		}
	}
}

// stays returns the join of a member, and the events that may affect it. An event that is not
// certain may happen any number of times: that changes nothing, and leaves fewer orders to try.
func (g group) stays(m int, strictly bool) []call {
	j := g.members[m].join
	from, until := g.dies(j, strictly)
	all := []call{{op: op{f: isJoined, client: m}, inv: j.inv, ret: j.ret, certain: j.out == ok, again: j.out != ok}}
	if strictly {
		all[0].process = j.client + 1
	}
	all = append(all, call{op: op{f: isGone, client: m}, inv: from, ret: until, certain: until < never, again: until == never})
	if again := g.again(j, strictly); again < never {
		all = append(all,
			call{op: op{f: isGone, client: m}, inv: again, again: true},
			call{op: op{f: isBack, client: m}, inv: again, again: true})
	}
	if j.out == ok && !strictly && !g.oneCreate(j) {
		all = append(all, call{op: op{f: isMadeNow, client: m}, inv: j.inv, again: true})
	}
	for _, o := range g.deletions() {
		all = append(all, call{op: op{f: isGone, client: m}, inv: o.inv, again: true})
		if !strictly {
			all = append(all, call{op: op{f: isBack, client: m}, inv: o.inv, again: true})
		}
	}
	return all
}

// oneCreate reports whether the znode was created only once during a join, because so few
// transactions were committed meanwhile: to create it, delete it and create it again takes three.
func (g group) oneCreate(j op) bool {
	before := j.with.seen[0]
	for _, o := range g.ops {
		if o.inv < j.inv {
			before = max(before, o.with.seen[0])
		}
		if o.out != open && o.ret < j.inv {
			before = max(before, o.with.seen[1])
		}
	}
	for _, f := range g.facts {
		if f.at < j.inv {
			before = max(before, f.seen)
		}
	}
	return !moved(j) && before > 0 && j.with.seen[1] > 0 && j.with.seen[1] < before+3
}

// goes returns the leaves of a member. Taken literally, each of them is one moment.
func (g group) goes(m int, strictly bool) []call {
	var all []call
	for _, o := range g.members[m].leaves {
		c := call{op: op{f: isLeft, client: m}, inv: o.inv, ret: o.ret, certain: o.out == ok, again: o.out != ok}
		if strictly {
			c.process = o.client + 1
		}
		all = append(all, c)
	}
	if !strictly {
		for _, o := range g.members[m].leaves {
			all = append(all, call{op: op{f: isGone, client: m}, inv: o.inv, again: true})
		}
	}
	return all
}

// dies returns the earliest and the latest moment at which the session in which a member joined
// may have died. If the client had two sessions meanwhile, either may be meant.
func (g group) dies(j op, strictly bool) (from, until int64) {
	from, until = deaths(g.record, j.with.session)
	switch {
	case strictly:
		from++ // it was alive then
	case j.out != ok:
		from = j.inv // a client that gives up may take its join back
	}
	if j.out == open || !moved(j) {
		if !strictly {
			until = never
		}
		return from, until
	}
	other, _ := deaths(g.record, j.with.owner)
	if strictly {
		return max(from, other), never
	}
	return min(from, other), never
}

// again returns the time from which on a member's client had another session, in which it may
// have joined again. If strictly is set, that is when this is known; otherwise it is the last
// sign of life of the session in which it joined.
func (g group) again(j op, strictly bool) int64 {
	if j.out != ok && !strictly {
		return j.inv // a client that gives up may take its join back, and try again
	}
	type sign struct{ at, session int64 }
	var signs []sign
	for _, o := range g.ops {
		if o.client == j.client {
			signs = append(signs, sign{o.inv, o.with.session})
			if o.out != open {
				signs = append(signs, sign{o.ret, o.with.owner})
			}
		}
	}
	for _, f := range g.facts {
		if f.client == j.client && f.f == history.FConnected {
			signs = append(signs, sign{f.at, f.session})
		}
	}
	known, since := int64(never), int64(math.MinInt64)
	for _, s := range signs {
		if s.session != j.with.session && (s.at >= j.inv || !strictly) {
			known = min(known, s.at)
		}
	}
	for _, s := range signs {
		if s.session == j.with.session && s.at < known {
			since = max(since, s.at)
		}
	}
	if strictly || known == never {
		return known
	}
	return max(since, j.inv)
}

// seen returns the calls that come before a look, judged by the zxids that its session had seen:
// the effect of a join or a leave is not above what its own session had seen when it was answered.
// A leave may have found nothing to do. So, unless sentences are taken literally, the only
// requirement is that a look does not show a member that had left; see outdated.
func (g group) seen(m int, l look, strictly bool, came, went int) []int {
	var all []int
	if g.within(g.members[m].join, l, strictly) {
		all = append(all, came)
	}
	for i, o := range g.members[m].leaves {
		if strictly && g.within(o, l, strictly) {
			all = append(all, went+i)
		}
	}
	return all
}

func (g group) within(o op, l look, strictly bool) bool {
	return o.out == ok && o.with.seen[1] > 0 && o.with.seen[1] <= g.sure(l, strictly) &&
		(strictly || !moved(o) && o.inv <= l.inv)
}

// outdated reports whether a look shows a member that had left, judged by all that the look's
// session had seen. A member that left in another session than the one in which it joined may have
// been told so by a server that lags.
func (g group) outdated(m int, l look) bool {
	j := g.members[m].join
	if j.out != ok || moved(j) || !slices.Contains(l.shown, g.members[m].name) {
		return false
	}
	return slices.ContainsFunc(g.members[m].leaves, func(o op) bool {
		return g.within(o, l, false) && (o.with.session == j.with.session || o.with.seen[1] >= j.with.seen[1])
	})
}

// sure returns what the client of a look had certainly seen: if it connected again, a server need
// only have what the client had got by then.
func (g group) sure(l look, strictly bool) int64 {
	bound := l.with.seen[0]
	if strictly {
		return bound
	}
	if moved(l.op) {
		return 0
	}
	for i, f := range g.facts {
		if connected, is := f.value.(history.Connected); is && f.session == l.with.session && f.at <= l.ret && g.connectedBefore(i) {
			bound = min(bound, int64(connected.Seen))
		}
	}
	return bound
}

// connectedBefore reports whether a session had been connected before a fact.
func (g group) connectedBefore(fact int) bool {
	at := g.facts[fact]
	for i, f := range g.facts {
		if f.f == history.FConnected && f.session == at.session && (f.at < at.at || f.at == at.at && i < fact) {
			return true
		}
	}
	return slices.ContainsFunc(g.ops, func(o op) bool {
		return o.inv <= at.at && o.with.session == at.session || o.ret <= at.at && o.with.owner == at.session
	})
}

// letters returns a letter for each of some members, which says whether a look shows
// it.
func (g group) letters(l look, only []int) string {
	var s strings.Builder
	for _, m := range only {
		if slices.Contains(l.shown, g.members[m].name) {
			s.WriteByte(inGroup)
		} else {
			s.WriteByte(notMember)
		}
	}
	return s.String()
}

// step's state has a letter for each member.
func (s groupStory) step(state string, o op) []string {
	switch o.f {
	case isListed, isPicked, isNobody:
		if fitsLook(state, o) {
			return []string{state}
		}
		return nil
	}
	to := []byte(state)
	at := &to[slices.Index(s.only, o.client)]
	was := *at
	switch {
	case o.f == isLeft && (s.strictly || was != notMember):
		*at = hasLeft // otherwise a join of unknown outcome may still come
	case o.f == isMadeNow && was == notMember:
		*at = forNow
	case o.f == isMadeNow && was == forNow:
		*at = notMember
	case o.f == isJoined && (was == notMember || was == forNow):
		*at = inGroup
	case o.f == isGone && was == inGroup:
		*at = outOf
	case o.f == isBack && was == outOf:
		*at = inGroup
	}
	return []string{string(to)}
}

func fitsLook(state string, o op) bool {
	for i := range state {
		is, shown := state[i] == inGroup || state[i] == forNow, o.arg[i] == inGroup
		if shown && !is || is && !shown && o.f != isPicked {
			return false
		}
	}
	return true
}

func (g group) all() []int {
	var all []int
	for i := range g.members {
		all = append(all, i)
	}
	return all
}

// stream returns a look and all earlier looks of its stream.
func (g group) stream(last int) []int {
	var all []int
	for i := last; i >= 0; i = g.looks[i].before {
		all = append(all, i)
	}
	slices.Reverse(all)
	return all
}

// told returns a property's answer about some looks: it is kept if one story explains them when
// sentences are taken literally, and violated if some single member has no story at all.
func (g group) told(looks []int, seen bool) string {
	if g.right(groupStory{only: g.all(), looks: looks, seen: seen, strictly: true}) {
		return valid
	}
	for m := range g.members {
		if !g.early(m, looks) && !g.right(groupStory{only: []int{m}, looks: looks, seen: seen}) {
			return violation
		}
	}
	return unknown
}

// groupAnswers returns the answers for each property that needs neither a log nor a time
// limit.
func groupAnswers(h record) answers {
	all := answers{}
	for _, o := range h.ops {
		for _, session := range []int64{o.with.session, o.with.owner} {
			if lo, hi := deaths(h, session); lo > hi {
				return answers{} // the evidence contradicts itself
			}
		}
	}
	for _, key := range keysOf(h.ops) {
		g := h.group(key)
		all.worse("real", verdict(!g.real()))
		for _, property := range []string{"fresh", "monotone"} {
			all.worse(property, valid)
		}
		if h.model == models.Discovery.Name {
			all.worse("pick", valid)
		}
		for i, l := range g.looks {
			switch {
			case l.f == models.FPick:
				all.worse("pick", g.picked(i))
				continue
			case isList(l.op):
				all.worse("fresh", g.told([]int{i}, true))
			}
			all.worse("monotone", g.told(g.stream(i), false))
		}
		all.worse("reference", g.together())
	}
	return all
}

// picked tells whether a pick is based on what its client was told last. For two instances, only
// this is checked: whether one had unregistered before the other, of which the client was told,
// came.
func (g group) picked(i int) string {
	if !g.real() {
		return unknown
	}
	stream := g.stream(i)
	before := stream[:len(stream)-1]
	if g.right(groupStory{only: g.all(), looks: stream, strictly: true}) {
		return valid
	}
	for m := range g.members {
		one := groupStory{only: []int{m}, looks: before}
		if !g.right(one) {
			return unknown // what it was told is already wrong
		}
		if one.looks = stream; !g.right(one) {
			return violation
		}
	}
	if l := g.looks[i]; l.before >= 0 && g.unregistered(l.shown[0], g.looks[l.before].shown) {
		return violation
	}
	return unknown
}

// unregistered reports whether an instance had certainly unregistered before one of
// some others came.
func (g group) unregistered(name string, others []string) bool {
	m := g.known(name)
	if m < 0 || slices.Contains(others, name) {
		return false
	}
	for _, leave := range g.members[m].leaves {
		for _, other := range others {
			if n := g.known(other); leave.out == ok && n >= 0 && leave.ret < g.members[n].join.inv {
				return true
			}
		}
	}
	return false
}

// together tells whether all looks have one story, so that the reference model finds nothing
// wrong.
func (g group) together() string {
	var all []int
	for i := range g.looks {
		all = append(all, i)
	}
	if g.real() && g.right(groupStory{only: g.all(), looks: all, seen: true, strictly: true}) {
		return valid
	}
	return unknown
}

func TestOwnGroups(t *testing.T) {
	own{name: "membership", generate: ownGroup(models.Membership.Name), ours: groupAnswers, agree: exact}.compare(t)
	own{name: "discovery", generate: ownGroup(models.Discovery.Name), ours: groupAnswers, agree: exact}.compare(t)
}
