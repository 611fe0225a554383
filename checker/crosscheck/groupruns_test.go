package crosscheck

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// gathering is a run of groups under construction.
type gathering struct {
	*record
	r        *rand.Rand
	keys     []string
	lives    []life
	current  map[string]string // by client and key: the name under which it joined
	left     map[string]bool
	owner    map[string]int64 // the session that owns a member's znode
	versions []census
	view     map[string]int    // the latest version that a session, or a client that waits for changes, has seen
	seen     map[int64]int64   // by session: the zxids that the link saw,
	got      map[int64]int64   // and the zxids that the client got
	alive    map[int64]int64   // when a session last sent a request that a quorum answered
	told     map[string]string // what clients that wait for changes were told last
	kinds    []string          // the kinds of looks
	clock    int64
}

// life is a session of a client. The client regards it as its own from one moment on, until the
// next session's.
type life struct {
	client   int
	session  int64
	from     int64
	died     int64
	expires  int64 // when the client is told of the end; never if the client is killed
	killed   bool
	replaced bool
}

// census holds the members of the groups, by key, from a transaction on.
type census struct {
	zxid int64
	at   int64
	in   map[string][]string
}

// ownGroup generates groups that mostly follow the rules, and then makes a few changes.
func ownGroup(model string) func(r *rand.Rand) record {
	return func(r *rand.Rand) record {
		h := record{model: model, order: r.Uint64(), ops: lived(r)}
		if chance(r, 2) {
			h.ops = calls(r, 8+r.IntN(5), 1+r.IntN(2))
		}
		s := newGathering(&h, r)
		s.ask()
		s.live()
		s.run()
		if !chance(r, 3) {
			for range 1 + r.IntN(3) {
				s.mutate()
			}
		}
		s.inTurn()
		h.inOrder()
		if chance(r, 10) {
			h.deletes(r)
		}
		h.place(pick[int64](r, 1, 1, 1000, 1e6), pick[int64](r, 0, 0, 1, 1e9, 1<<53, 1<<60))
		return h
	}
}

func newGathering(h *record, r *rand.Rand) *gathering {
	return &gathering{
		record: h, r: r, keys: pick(r, []string{"k"}, []string{"k"}, []string{"k", "l"}),
		current: map[string]string{}, left: map[string]bool{}, owner: map[string]int64{},
		versions: []census{{1<<32 + 5, 0, map[string][]string{}}},
		view:     map[string]int{}, seen: map[int64]int64{}, got: map[int64]int64{}, told: map[string]string{},
		alive: map[int64]int64{}, kinds: pick(r, looksAre, looksAre[:1], looksAre[1:], looksAre[2:]),
	}
}

// looksAre lists the kinds of looks; a group has no picks.
var looksAre = []string{models.FLookup, models.FChanged, models.FChanged, models.FPick}

func (s *gathering) gap() int64 { return int64(max(0, s.r.IntN(5)-1)) }

func stood(client int, key string) string { return fmt.Sprint(client, key) }

// ask gives operations their arguments.
func (s *gathering) ask() {
	known := chance(s.r, 2)
	for i := range s.ops {
		o := &s.ops[i]
		o.key = pick(s.r, s.keys...)
		if known && o.out != fail {
			o.out = ok
		}
		me := stood(o.client, o.key)
		if pick(s.r, true, true, false, false, false) {
			s.join(o, me, i)
		} else {
			s.look(o)
		}
	}
}

func (s *gathering) join(o *op, me string, turn int) {
	name := s.current[me]
	o.f = s.named(models.FLeave, models.FUnregister)
	if name == "" {
		name = fmt.Sprint("m", turn)
		o.f = s.named(models.FJoin, models.FRegister)
		if o.out != fail {
			s.current[me] = name
		}
	} else if o.out == ok || o.out == info && chance(s.r, 2) {
		delete(s.current, me)
	}
	o.arg = asJSON(models.Joining{Member: name})
}

func (s *gathering) look(o *op) {
	o.f = pick(s.r, s.kinds...)
	switch {
	case s.model == models.Discovery.Name:
	case o.f == models.FLookup:
		o.f = models.FList
	default:
		o.f = models.FChanged
	}
}

func (s *gathering) named(membership, discovery string) string {
	if s.model == models.Discovery.Name {
		return discovery
	}
	return membership
}

// live gives clients sessions: a few have a second, or a third session. Some clients are killed
// between calls.
func (s *gathering) live() {
	for c := range 4 {
		now := life{client: c, session: int64(0x10 + c), died: never}
		for chance(s.r, 3) && s.last() > 0 {
			now.died = now.from + s.r.Int64N(s.last())
			if now.killed = chance(s.r, 4) && s.pause(c, &now.died); !now.killed {
				now.expires = now.died + s.gap()
			}
			s.lives = append(s.lives, now)
			now = life{client: c, session: now.session + 0x10, from: max(now.died, now.expires) + s.gap(), died: never, replaced: true}
		}
		s.lives = append(s.lives, now)
	}
}

// pause finds a moment at which a client has called nothing, and lets it stand still.
func (s *gathering) pause(c int, at *int64) bool {
	for i := range s.ops {
		o := &s.ops[i]
		if o.client != c || o.inv < *at && o.ret < *at {
			continue
		}
		if o.inv <= *at {
			return false
		}
		o.inv, o.ret = o.inv+4, o.ret+4
	}
	return true
}

// of returns the session that a client regards as its own at a time.
func (s *gathering) of(client int, by int64) *life {
	var last *life
	for i := range s.lives {
		if l := &s.lives[i]; l.client == client && (last == nil || l.from <= by) {
			last = l
		}
	}
	return last
}

// happening is an operation, or an event in the life of a session.
type happening struct {
	at int64
	do func()
}

func (s *gathering) run() {
	var all []happening
	for i := range s.ops {
		o := &s.ops[i]
		o.with.session, o.with.owner = s.of(o.client, o.inv).session, s.of(o.client, o.ret).session
	}
	for _, m := range moments(s.r, s.ops) {
		all = append(all, happening{m.at, func() { s.take(&s.ops[m.op], m.at) }})
	}
	for i := range s.lives {
		l := s.lives[i]
		s.tell(l)
		if l.died < never {
			all = append(all, happening{l.died, func() { s.end(l.session) }})
		}
		if l.replaced && !s.lives[i-1].killed {
			all = append(all, happening{l.from + s.gap(), func() { s.rejoin(l) }})
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	for _, a := range all {
		s.clock = a.at
		a.do()
	}
}

// tell records what is known about a session.
func (s *gathering) tell(l life) {
	say := func(at int64, f string, value any) {
		s.facts = append(s.facts, fact{at: at, of: history.SessionProcess, client: l.client, session: l.session, f: f, value: value})
	}
	if l.replaced || chance(s.r, 2) {
		say(l.from, history.FConnected, history.Connected{Server: "a", Timeout: 4e9})
	}
	switch {
	case l.killed:
		say(l.died, history.FExited, history.Exited{By: history.ByCrash})
		say(l.died+1, history.FStarted, nil)
	case l.died < never:
		say(l.expires, history.FExpired, nil)
	}
	if l.died < never && chance(s.r, 3) {
		say(l.died+s.gap(), history.FDead, history.Dead{By: "close-reply"})
	}
}

func (s *gathering) now() census { return s.versions[len(s.versions)-1] }

// change makes the next version.
func (s *gathering) change(key string, f func(in []string) []string) {
	last := s.now()
	next := census{last.zxid + 1 + s.r.Int64N(2), s.clock, maps.Clone(last.in)}
	next.in[key] = f(slices.Clone(last.in[key]))
	slices.Sort(next.in[key])
	s.versions = append(s.versions, next)
}

func (s *gathering) end(session int64) {
	for _, key := range s.keys {
		mine := func(name string) bool { return s.owner[name] == session }
		if slices.ContainsFunc(s.now().in[key], mine) {
			s.change(key, func(in []string) []string { return slices.DeleteFunc(in, mine) })
		}
	}
}

// rejoin lets members join again in their client's next session, if that is still
// alive.
func (s *gathering) rejoin(l life) {
	for _, name := range slices.Sorted(maps.Keys(s.owner)) {
		if s.owner[name] == l.session-0x10 && !s.left[name] && s.of(l.client, never).session == l.session {
			s.change(s.keyOf(name), func(in []string) []string { return append(in, name) })
			s.owner[name] = l.session
		}
	}
}

func (s *gathering) keyOf(name string) string {
	for _, o := range s.ops {
		if o.arg != "" && joiner(o) == name {
			return o.key
		}
	}
	return ""
}

// take lets an operation take effect.
func (s *gathering) take(o *op, now int64) {
	l := s.of(o.client, now)
	o.with.seen[0], o.with.alive[0] = s.seen[o.with.session], s.alive[o.with.session]
	if o.arg != "" {
		s.joins(o, l, now)
	} else if o.out == ok {
		s.looks(o, l.session)
	}
	if o.out == info && chance(s.r, 2) {
		s.loses(o)
	} else if l.died > now && l.session == o.with.owner && o.ret >= now && chance(s.r, 2) {
		s.change(o.key, func(in []string) []string { return in })
		s.wrote(l.session, o.inv+s.r.Int64N(now-o.inv+1))
	}
	o.with.seen[1], o.with.alive[1] = s.seen[o.with.owner], s.alive[o.with.owner]
}

// wrote notes that a quorum has answered a request of a session that was sent at a
// time.
func (s *gathering) wrote(session, sent int64) {
	s.view[fmt.Sprint(session)] = len(s.versions) - 1
	s.seen[session], s.got[session] = s.now().zxid, s.now().zxid
	s.alive[session] = max(s.alive[session], sent)
}

// joins joins or leaves, unless the session has ended.
func (s *gathering) joins(o *op, l *life, now int64) {
	name := joiner(*o)
	if l.died <= now || l.session != o.with.session {
		if o.out == ok {
			o.out = pick(s.r, fail, info)
		}
		return
	}
	there := slices.Contains(s.now().in[o.key], name)
	leaves := o.f == models.FLeave || o.f == models.FUnregister
	switch {
	case leaves && there:
		s.change(o.key, func(in []string) []string { return slices.DeleteFunc(in, func(n string) bool { return n == name }) })
	case !leaves && !s.left[name]:
		s.change(o.key, func(in []string) []string { return append(in, name) })
		s.owner[name] = l.session
	}
	s.left[name] = s.left[name] || leaves
	if o.out == ok {
		s.wrote(l.session, o.inv+s.r.Int64N(now-o.inv+1))
		o.with.zxid = s.now().zxid
	}
}

// looks shows the members of some version that is not older than the last one shown to the same
// session, or told to the same client.
func (s *gathering) looks(o *op, session int64) {
	stream := stood(o.client, o.key)
	if isList(*o) {
		stream = fmt.Sprint(session)
	}
	first := s.view[stream]
	version := first + s.r.IntN(len(s.versions)-first)
	if chance(s.r, 2) {
		version = len(s.versions) - 1
	}
	shown := slices.Clone(s.versions[version].in[o.key])
	res := asJSON(models.Members{Members: shown})
	switch {
	case o.f == models.FPick:
		o.res = asJSON(models.Picked{Member: pick(s.r, append(shown, "")[:max(1, len(shown))]...)})
		return
	case o.f == models.FChanged && (res == s.told[stream] || len(shown) == 0 && s.told[stream] == "") && !chance(s.r, 4):
		o.out = pick(s.r, fail, info)
		return
	case o.f == models.FChanged:
		s.told[stream] = res
	default:
		s.seen[session] = max(s.seen[session], s.versions[version].zxid-int64(s.r.IntN(2)))
		s.got[session] = s.seen[session]
	}
	s.view[stream], o.res = version, res
}

// loses loses a reply that the link saw and the client did not get: the client has to
// connect again.
func (s *gathering) loses(o *op) {
	session := o.with.owner
	s.seen[session] = s.now().zxid
	for _, f := range []fact{{f: history.FDisconnected}, {f: history.FConnected, value: history.Connected{Server: "b", Timeout: 4e9, Seen: history.ID(s.got[session])}}} {
		f.at, f.of, f.client, f.session, f.seen = o.ret, history.SessionProcess, o.client, session, s.seen[session]
		s.facts = append(s.facts, f)
	}
}

// inTurn makes sure that no session has seen less than it had before.
func (s *gathering) inTurn() {
	seen, alive := map[int64]int64{}, map[int64]int64{}
	for i := range s.ops {
		o := &s.ops[i]
		for k, session := range []int64{o.with.session, o.with.owner} {
			seen[session] = max(seen[session], o.with.seen[k])
			alive[session] = max(alive[session], o.with.alive[k])
			o.with.seen[k], o.with.alive[k] = seen[session], alive[session]
		}
	}
}

// committed returns the latest transaction that had certainly been committed by a time.
func (s *gathering) committed(by int64) int64 {
	zxid := s.versions[0].zxid
	for _, v := range s.versions {
		if v.at <= by {
			zxid = v.zxid
		}
	}
	return zxid
}

// widen lets an operation begin earlier and end later.
func (s *gathering) widen(i int) {
	o := &s.ops[i]
	from, to := o.inv-4, o.ret+4
	for j, other := range s.ops {
		switch {
		case other.client != o.client:
		case j < i:
			from = max(from, other.ret)
		case j > i:
			to = min(to, other.inv)
		}
	}
	o.inv -= s.r.Int64N(max(0, o.inv-max(0, from)) + 1)
	o.ret += s.r.Int64N(max(0, to-o.ret) + 1)
}

// shown returns the operations that show something.
func (s *gathering) shown() []int {
	var all []int
	for i, o := range s.ops {
		if o.res != "" {
			all = append(all, i)
		}
	}
	return all
}

// mutate makes one change.
func (s *gathering) mutate() {
	looks := s.shown()
	i := s.r.IntN(len(s.ops))
	if len(looks) > 0 && !chance(s.r, 3) {
		i = pick(s.r, looks...)
	}
	o := &s.ops[i]
	switch s.r.IntN(10) {
	case 0, 1, 2, 3:
		if o.res != "" {
			s.misshow(o, &s.ops[pick(s.r, looks...)])
		}
	case 4:
		if o.arg != "" || o.res != "" {
			o.out = pick(s.r, ok, info, fail)
		}
	case 5:
		s.widen(i)
	case 6, 7:
		k := s.r.IntN(2)
		o.with.seen[k] = s.committed([]int64{o.inv, o.ret}[k])
	case 8: // a session lived longer
		k := s.r.IntN(2)
		o.with.alive[k] = []int64{o.inv, o.ret}[k]
		o.with.seen[k] = s.committed(o.with.alive[k])
	case 9:
		if len(s.facts) > 0 {
			at := s.r.IntN(len(s.facts))
			s.facts = slices.Delete(s.facts, at, at+1)
		}
	}
}

// misshow makes a look show something that it should not.
func (s *gathering) misshow(o, other *op) {
	if o.f == models.FPick {
		if before := s.earlier(o); len(before) > 0 && chance(s.r, 2) {
			o.res = asJSON(models.Picked{Member: pick(s.r, before...)})
			return
		}
		once := append(slices.Clone(pick(s.r, s.versions...).in[o.key]), pick(s.r, "", s.anybody()))
		o.res = asJSON(models.Picked{Member: pick(s.r, once...)})
		return
	}
	shown := namesOf(o.res)
	switch s.r.IntN(7) {
	case 0: // what another look shows
		if other.f != models.FPick && other.key == o.key {
			o.res, other.res = other.res, o.res
		}
		return
	case 1: // one member less
		if len(shown) > 0 {
			i := s.r.IntN(len(shown))
			shown = slices.Delete(shown, i, i+1)
		}
	case 2: // one member more
		shown = append(shown, s.anybody())
	case 3, 4: // what the client was shown before
		if before := s.earlier(o); before != nil {
			shown = before
		}
	default: // an earlier version
		shown = slices.Clone(pick(s.r, s.versions...).in[o.key])
	}
	slices.Sort(shown)
	o.res = asJSON(models.Members{Members: slices.Compact(shown)})
}

// earlier returns what a client was shown before, by one of its lists or by a change that it was
// told.
func (s *gathering) earlier(o *op) []string {
	var all [][]string
	for i := range s.ops {
		before := &s.ops[i]
		if before == o {
			break
		}
		if before.client == o.client && before.key == o.key && before.res != "" && before.f != models.FPick && isList(*before) == isList(*o) {
			all = append(all, namesOf(before.res))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return slices.Clone(pick(s.r, all...))
}

// anybody returns the name of a member, or a name that no member has.
func (s *gathering) anybody() string { return fmt.Sprint("m", s.r.IntN(len(s.ops))) }
