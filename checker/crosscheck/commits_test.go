package crosscheck

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// txn2 holds what a record tells about one transaction, apart from operations that
// certainly failed.
type txn2 struct {
	sites   []string
	prepare []op
	votes   []ballot
	asked   []asking
	// changed means that a site gave two different votes, that the transaction has no sites, or
	// that its sites were changed. odd means the same, or that the sites are not known. No run
	// is like that, and the properties do not say what it means.
	changed, odd bool
}

type ballot struct {
	op
	models.Ballot
}

// asking is a decide or an outcome.
type asking struct {
	op
	commit  bool  // the outcome that it was told, if any
	patient int64 // the time until which it waits for votes; never for an outcome
}

func transaction(h record, key string) txn2 {
	var t txn2
	for _, o := range h.ops {
		if o.key != key || o.out == fail {
			continue
		}
		switch o.f {
		case models.FPrepare:
			var s models.Sites
			must(json.Unmarshal([]byte(o.arg), &s))
			t.changed = t.changed || len(s.Sites) == 0 || len(t.prepare) > 0 && !slices.Equal(t.sites, s.Sites)
			t.sites, t.prepare = s.Sites, append(t.prepare, o)
		case models.FVote:
			v := ballot{op: o}
			must(json.Unmarshal([]byte(o.arg), &v.Ballot))
			for _, other := range t.votes {
				t.changed = t.changed || other.Site == v.Site && other.Yes != v.Yes
			}
			t.votes = append(t.votes, v)
		default:
			t.asked = append(t.asked, askingOf(o))
		}
	}
	t.odd = t.changed || len(t.prepare) == 0
	return t
}

func askingOf(o op) asking {
	a := asking{op: o, patient: never}
	if o.f == models.FDecide {
		var d models.Deciding
		must(json.Unmarshal([]byte(o.arg), &d))
		a.patient = o.inv + d.Length().Nanoseconds()
	}
	if o.out == ok {
		var d models.Decision
		must(json.Unmarshal([]byte(o.res), &d))
		a.commit = d.Commit
	}
	return a
}

// told returns the answers that say commit, or those that say abort.
func (t txn2) told(commit bool) []asking {
	var all []asking
	for _, a := range t.asked {
		if a.out == ok && a.commit == commit {
			all = append(all, a)
		}
	}
	return all
}

func first(all []asking) int64 {
	at := int64(never)
	for _, a := range all {
		at = min(at, a.ret)
	}
	return at
}

// commitAnswers returns the answer for each property by its sentence. "explained" tells whether
// some order explains all that was told, which agreement, validity and no-lazy-abort together
// require.
func commitAnswers(h record) answers {
	all := answers{"agreement": valid, "validity": valid, "no-lazy-abort": valid, "irrevocable": valid, "explained": valid}
	for _, key := range keysOf(h.ops) {
		t := transaction(h, key)
		if t.changed {
			for property := range all {
				all.worst(property, unknown)
			}
			continue
		}
		all.worst("agreement", verdict(len(t.told(true)) > 0 && len(t.told(false)) > 0))
		all.worst("irrevocable", verdict(t.revoked()))
		all.worst("validity", t.validity())
		all.worst("no-lazy-abort", t.lazy())
		all.worst("explained", t.explained())
	}
	return all
}

func verdict(wrong bool) string {
	if wrong {
		return violation
	}
	return valid
}

// worst combines the answers of keys: a violation is worse than an unknown answer.
func (a answers) worst(property, answer string) {
	if answer == violation || answer == unknown && a[property] == valid {
		a[property] = answer
	}
}

// revoked reports whether a client was first told one outcome and later the other.
func (t txn2) revoked() bool {
	for _, a := range t.told(true) {
		for _, b := range t.told(false) {
			if a.client == b.client {
				return true
			}
		}
	}
	return false
}

func (t txn2) validity() string {
	told := t.told(true)
	if len(told) == 0 {
		return valid
	}
	if t.odd {
		return unknown
	}
	for _, site := range t.sites {
		voted := false
		for _, v := range t.votes {
			voted = voted || v.Site == site && v.Yes && v.inv <= first(told)
			if v.Site == site && !v.Yes && v.out == ok {
				return violation
			}
		}
		if !voted {
			return violation
		}
	}
	return valid
}

// lazy tries every moment at which patience may have ended with a vote missing.
func (t txn2) lazy() string {
	told := t.told(false)
	switch {
	case len(told) == 0:
		return valid
	case t.odd:
		return unknown
	case t.refusable(first(told)):
		return valid
	}
	for _, a := range t.asked {
		if a.out == ok && a.commit || a.patient > first(told) {
			continue
		}
		for _, site := range t.sites {
			if t.missable(site, a.patient) {
				return valid
			}
			if t.missable(site, a.inv) {
				return unknown // it has no patience, and asked just after its own vote: at equal times, the order is not known
			}
		}
	}
	if len(t.told(true)) > 0 && first(t.told(true)) < first(told) {
		return unknown // it is not known which of the two is the first answer
	}
	return violation
}

// refusable reports whether a site's no may have been cast by a time.
func (t txn2) refusable(by int64) bool {
	return slices.ContainsFunc(t.votes, func(v ballot) bool {
		return !v.Yes && v.inv <= by && slices.Contains(t.sites, v.Site)
	})
}

// missable reports whether a site's vote may still have been missing at a moment. The later the
// moment, the less likely that is.
func (t txn2) missable(site string, at int64) bool {
	for _, v := range t.votes {
		if v.Site == site && v.out == ok && v.ret < at {
			return false
		}
	}
	return true
}

// explained tries all orders. Besides the calls, these contain the ends of patience,
// each of which may abort the transaction at any time from then on.
func (t txn2) explained() string {
	if t.odd || len(t.votes)+2*len(t.asked) > 18 {
		return unknown
	}
	var calls []call
	for _, v := range t.votes {
		calls = append(calls, call{op: v.op, inv: v.inv, ret: v.ret, certain: v.out == ok})
	}
	for _, a := range t.asked {
		if a.out == ok {
			calls = append(calls, call{op: a.op, inv: a.inv, ret: a.ret, certain: true})
		}
		if a.patient != never && (a.out != ok || !a.commit && a.patient <= a.ret) {
			calls = append(calls, call{op: op{f: "impatient"}, inv: a.patient})
		}
	}
	return verdict(!explainable(calls, "?", t.step))
}

// step's state is the decision (? if there is none), followed by the votes that were
// cast.
func (t txn2) step(state string, o op) []string {
	decided, votes := state[:1], state[1:]
	all := !slices.ContainsFunc(t.sites, func(s string) bool { return !strings.Contains(votes, s) })
	no := strings.Contains(votes, "-")
	to := func(decision string) []string { return []string{decision + votes} }
	switch {
	case o.f == models.FVote:
		return t.count(state, o)
	case o.f == "impatient":
		if decided == "?" && !all {
			return to("A")
		}
		return to(decided)
	case strings.Contains(o.res, "true") && (decided == "C" || decided == "?" && all && !no):
		return to("C")
	case !strings.Contains(o.res, "true") && (decided == "A" || decided == "?" && no):
		return to("A")
	}
	return nil
}

func (t txn2) count(state string, o op) []string {
	var v models.Ballot
	must(json.Unmarshal([]byte(o.arg), &v))
	if strings.Contains(state, v.Site) || !slices.Contains(t.sites, v.Site) {
		return []string{state}
	}
	if !v.Yes {
		v.Site += "-"
	}
	return []string{state + v.Site}
}

// explained compares "explained" with the properties that it consists of.
func explained(h record) answers {
	return whole(h, "explained", "agreement", "validity", "no-lazy-abort")
}

// voting is a generated run of transactions whose coordinators and sites are any clients.
type voting struct {
	*record
	r    *rand.Rand
	unit int64
}

// ownCommits generates transactions that mostly follow the rules, and then makes a few
// changes.
func ownCommits(r *rand.Rand) record {
	h := record{model: models.TwoPhaseCommit.Name, order: r.Uint64(), ops: calls(r, 2+r.IntN(9), 1+r.IntN(5))}
	v := &voting{record: &h, r: r, unit: 1e6}
	v.fill(pick(r, []string{"t"}, []string{"t"}, []string{"t", "u"}))
	for range r.IntN(4) {
		v.mutate()
	}
	h.inOrder()
	h.place(v.unit, pick[int64](r, 0, 0, 1, 1e9, 1<<53-1, 1<<60))
	return h
}

func (v *voting) fill(keys []string) {
	sites := map[string][]string{}
	for _, key := range keys {
		sites[key] = pick(v.r, []string{"a", "b"}, []string{"a", "b"}, []string{"a", "b", "c"}, []string{"a"})
		if chance(v.r, 20) {
			sites[key] = nil
		}
	}
	sure := chance(v.r, 2) // whether all sites surely vote yes
	for i := range v.ops {
		o := &v.ops[i]
		o.key = pick(v.r, keys...)
		o.with.session = int64(0x10 + o.client)
		if chance(v.r, 6) {
			o.with.session += 0x10 // the client's next session
		}
		o.with.owner = o.with.session
		o.f = pick(v.r, models.FDecide, models.FDecide, models.FOutcome, models.FOutcome, models.FPrepare)
		if i < 2+len(keys)*2 {
			o.f = models.FVote
		}
		if i < len(keys) {
			o.key, o.f = keys[i], models.FPrepare
		}
		v.ask(o, sites[o.key], sure, i)
	}
	for _, key := range keys {
		v.decide(key, sites[key])
	}
}

// ask gives an operation its argument. A site votes the same each time; if not sure, its name
// decides how.
func (v *voting) ask(o *op, sites []string, sure bool, turn int) {
	switch o.f {
	case models.FPrepare:
		o.arg = string(history.Value(models.Sites{Sites: sites}))
	case models.FVote:
		site := "a"
		if len(sites) > 0 {
			site = sites[(turn+v.r.IntN(8)/7)%len(sites)]
		}
		if chance(v.r, 12) {
			site = "d" // a site that the transaction does not have
		}
		yes := sure || (v.order>>(site[0]-'a'))%4 > 0
		o.arg = string(history.Value(models.Ballot{Site: site, Yes: yes}))
	case models.FDecide:
		o.arg = v.patience(pick(v.r, 0, 1, 2, 3, 5, 20))
	}
}

func (v *voting) patience(units int) string {
	return string(history.Value(models.Deciding{Patience: units * int(v.unit/1e6)}))
}

// decide gives a transaction's operations the answers that they must have. A call that cannot
// be answered waits in vain.
func (v *voting) decide(key string, sites []string) {
	t := txn2{sites: sites}
	state := "?"
	for _, m := range moments(v.r, v.ops) {
		o := &v.ops[m.op]
		switch {
		case o.key != key || o.f == models.FPrepare:
			continue
		case o.f == models.FVote:
			state = t.step(state, *o)[0]
			continue
		}
		if patient := askingOf(op{f: o.f, arg: o.arg, inv: o.inv * v.unit}).patient; patient <= m.at*v.unit {
			state = t.step(state, op{f: "impatient"})[0]
		}
		for _, res := range []string{`{"commit":true}`, `{}`} {
			if next := t.step(state, op{f: models.FOutcome, res: res}); next != nil {
				state, o.res = next[0], res
			}
		}
	}
	for i := range v.ops {
		if o := &v.ops[i]; o.key == key && (o.f == models.FDecide || o.f == models.FOutcome) && o.out == ok && o.res == "" {
			o.out = pick(v.r, fail, info)
		}
	}
}

// mutate makes one change.
func (v *voting) mutate() {
	o := &v.ops[v.r.IntN(len(v.ops))]
	switch v.r.IntN(8) {
	default: // it was told the other outcome
		if o.out == ok && o.res != "" {
			o.res = pick(v.r, `{"commit":true}`, `{"commit":false}`)
		}
	case 1: // another vote
		if o.f == models.FVote {
			o.arg = strings.NewReplacer("true", "false", "false", "true").Replace(o.arg)
		}
	case 2:
		if o.f == models.FDecide {
			o.arg = v.patience(v.r.IntN(8))
		}
	case 3:
		if o.f == models.FVote || o.f == models.FPrepare || o.res != "" {
			o.out = pick(v.r, ok, fail, info)
		}
	case 4:
		o.inv, o.ret = max(0, o.inv+int64(v.r.IntN(7)-3)), o.ret+int64(v.r.IntN(7)-3)
	case 5: // an operation of another client
		o.client = v.r.IntN(5)
	}
}

// exact compares like violated, and also rejects defects where no answer is required.
func exact(name, ours, zklab string) bool {
	return !strings.HasPrefix(zklab, "defect") && violated(name, ours, zklab)
}

func TestOwnCommits(t *testing.T) {
	own{name: "two-phase-commit", generate: ownCommits, ours: commitAnswers, zklab: explained, agree: exact}.compare(t)
	own{name: "termination", generate: ownWaits, ours: terminationAnswers, agree: exact}.compare(t)
}

// bound is the longest that a wait may last: the session's timeout, two ticks, and two seconds.
const bound = 8e9

// terminationAnswers does not add up waits: a wait lasts as long as the longest connection during
// it. If only the sum over several connections is too long, the sentence does not decide.
func terminationAnswers(h record) answers {
	all := answers{"termination": valid}
	for _, o := range h.ops {
		if o.f != models.FDecide && o.f != models.FOutcome {
			continue
		}
		t := transaction(h, o.key)
		certainly, possibly := t.due(askingOf(o))
		from := h.loaded()
		longest, _ := h.waited(o, max(from, certainly))
		_, whole := h.waited(o, max(from, possibly))
		switch {
		case longest > bound && !t.odd:
			all.worst("termination", violation)
		case whole > bound:
			all.worst("termination", unknown)
		}
	}
	return all
}

// due returns the times from which on an asker must be told an outcome: certainly, and possibly,
// if a transaction could be decided before it was begun.
func (t txn2) due(a asking) (certainly, possibly int64) {
	voted := int64(0)
	no := int64(never)
	for _, site := range t.sites {
		yes := int64(never)
		for _, v := range t.votes {
			switch {
			case v.Site != site || v.out != ok:
			case v.Yes:
				yes = min(yes, v.ret)
			default:
				no = min(no, v.ret)
			}
		}
		voted = max(voted, yes)
	}
	possibly = min(voted, no, first(t.told(true)), first(t.told(false)), a.patient)
	begun := int64(never)
	for _, p := range t.prepare {
		if p.out == ok {
			begun = min(begun, p.ret)
		}
	}
	return max(begun, possibly), possibly
}

func (h record) loaded() int64 {
	for _, f := range h.facts {
		if f.f == history.FPhase {
			return f.at
		}
	}
	return never
}

// waited returns for how long a call went on after a moment while its client was connected:
// at a stretch, and altogether.
func (h record) waited(o op, from int64) (longest, whole int64) {
	end := o.ret
	if o.out == open {
		end = h.last()
	}
	up, since := false, int64(0)
	count := func(until int64) {
		if lasted := min(until, end) - max(since, from, o.inv); up && lasted > 0 {
			longest, whole = max(longest, lasted), whole+lasted
		}
	}
	for _, f := range h.facts {
		if f.client == o.client && (f.f == history.FConnected && !up || f.f == history.FDisconnected || f.f == history.FExpired) {
			count(f.at)
			up, since = f.f == history.FConnected, f.at
		}
	}
	count(never)
	return longest, whole
}

// last returns the time at which the record ends.
func (h record) last() int64 {
	var at int64
	for _, o := range h.ops {
		at = max(at, o.inv)
		if o.out != open {
			at = max(at, o.ret)
		}
	}
	for _, f := range h.facts {
		at = max(at, f.at)
	}
	return at
}

// ownWaits generates transactions with calls that last for seconds.
func ownWaits(r *rand.Rand) record {
	h := record{model: models.TwoPhaseCommit.Name, order: r.Uint64(), ops: calls(r, 3+r.IntN(7), 2+r.IntN(3))}
	v := &voting{record: &h, r: r, unit: 1e9}
	v.fill([]string{"t"})
	for i := range h.ops {
		if o := &h.ops[i]; (o.f == models.FDecide || o.f == models.FOutcome) && chance(r, 2) {
			o.ret = o.inv + 6 + int64(r.IntN(9))
			o.out = pick(r, o.out, fail, info, open)
		}
	}
	for range r.IntN(3) {
		v.mutate()
	}
	h.inOrder()
	h.facts = append(h.facts, fact{at: int64(r.IntN(3)), of: history.Nemesis, client: -1, f: history.FPhase, value: history.Phase{Name: history.PhaseLoad}})
	for c := range 5 {
		v.connect(c, int64(0x10+c))
	}
	h.place(v.unit, pick[int64](r, 0, 1, 1<<53))
	return h
}

// connect records when a client was connected, which is nearly always.
func (v *voting) connect(client int, session int64) {
	at := int64(v.r.IntN(2))
	for range 1 + 2*v.r.IntN(2)*v.r.IntN(2) {
		f, value := history.FConnected, any(history.Connected{Server: "zk1", Timeout: 4e9})
		if last := len(v.facts) - 1; v.facts[last].client == client && v.facts[last].f == f {
			f, value = history.FDisconnected, nil
		}
		v.facts = append(v.facts, fact{at: at, of: history.SessionProcess, client: client, session: session, f: f, value: value})
		at += int64(1 + v.r.IntN(10))
	}
}
