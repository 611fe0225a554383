package crosscheck

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// job holds what a record tells about one job, apart from operations that certainly
// failed.
type job struct {
	item     string
	puts     []op
	attempts []jobAttempt
	finishes []finish
	look     *models.Jobs // the last look, if there was one
	looked   int64
	// odd means that a worker was given the job while it had it, so that it is not known to
	// which attempt its finish belongs.
	odd bool
}

// jobAttempt is a hold of the job, with the number of the attempt. refused is the hold if a
// finish or give-back that failed proves as much as one that succeeded: that its worker had the
// job until then.
type jobAttempt struct {
	hold
	refused hold
	number  int
	// for each session that it may belong to: the hold in that case
	may, mayRefused [][]hold
}

// finish is a finish of an attempt; the attempt is -1 if no attempt was given out under
// its number.
type finish struct {
	op
	of int
}

func attemptOf(value string) models.Attempt {
	var a models.Attempt
	must(json.Unmarshal([]byte(value), &a))
	return a
}

func itemOf(value string) string {
	var i models.Item
	must(json.Unmarshal([]byte(value), &i))
	return i.Item
}

// jobsOf returns the jobs of a key that occur in the record.
func jobsOf(h record, key string) []job {
	byItem := map[string]*job{}
	at := func(item string) *job {
		if byItem[item] == nil {
			byItem[item] = &job{item: item}
		}
		return byItem[item]
	}
	for i, o := range h.ops {
		switch {
		case o.key != key || o.out == fail:
		case o.f == models.FEnqueue:
			j := at(itemOf(o.arg))
			j.puts = append(j.puts, o)
		case o.f == models.FTake && o.out == ok:
			at(attemptOf(o.res).Item).took(h, i)
		case o.f == models.FFinish:
			a := attemptOf(o.arg)
			j := at(a.Item)
			j.finishes = append(j.finishes, finish{o, j.had(o.client, a.Attempt)})
		}
	}
	look, looked := h.look(key)
	if look != nil {
		for _, item := range slices.Concat(look.Open, look.Done, look.Dead) {
			at(item)
		}
	}
	var all []job
	for _, item := range sorted(byItem) {
		byItem[item].look, byItem[item].looked = look, looked
		all = append(all, *byItem[item])
	}
	return all
}

func sorted(of map[string]*job) []string {
	var all []string
	for item := range of {
		all = append(all, item)
	}
	slices.Sort(all)
	return all
}

func (h record) look(key string) (*models.Jobs, int64) {
	for _, f := range h.facts {
		if jobs, is := f.value.(models.Jobs); is && f.key == key {
			return &jobs, f.at
		}
	}
	return nil, never
}

// had returns the last attempt that a client was given under a number.
func (j *job) had(client, number int) int {
	for i, a := range slices.Backward(j.attempts) {
		if a.client == client && a.number == number {
			return i
		}
	}
	return -1
}

// took adds the attempt of take i.
func (j *job) took(h record, i int) {
	o := h.ops[i]
	a := jobAttempt{number: attemptOf(o.res).Attempt}
	a.hold = hold{ai: o.inv, ao: o.ret, x: math.MinInt64, e: never, client: o.client, session: o.with.owner}
	a.refused = a.hold
	ended := false
	for _, end := range h.ops[i+1:] {
		switch {
		case ended || end.client != o.client || end.key != o.key:
		case end.f == models.FTake && end.out == ok && attemptOf(end.res).Item == j.item:
			ended = attemptOf(end.res).Attempt == a.number
			j.odd = j.odd || ended
		case end.f != models.FFinish && end.f != models.FGiveBack || attemptOf(end.arg).Item != j.item || attemptOf(end.arg).Attempt != a.number:
		default:
			a.ends(end, h.remote())
			ended = end.out != fail
		}
	}
	owners := h.ownersOf(o)
	a.hold, a.may = h.ownedBy(owners, a.hold)
	a.refused, a.mayRefused = h.ownedBy(owners, a.refused)
	j.attempts = append(j.attempts, a)
}

// ownedBy returns the certain part of a hold that belongs to one of some sessions, and what the
// hold is in each of the cases.
func (h record) ownedBy(owners []int64, one hold) (certain hold, choices [][]hold) {
	certain = one
	certain.e = math.MinInt64
	for _, session := range owners {
		lo, hi := deaths(h, session)
		of := one
		of.x, of.e = min(one.x, lo), min(one.e, hi)
		certain.x, certain.e = min(certain.x, of.x), max(certain.e, of.e)
		choices = append(choices, []hold{of})
	}
	return certain, choices
}

// remote reports whether workers are processes of their own.
func (h record) remote() bool {
	return slices.ContainsFunc(h.facts, func(f fact) bool {
		offers, is := f.value.(history.Offers)
		return is && offers.Remote
	})
}

// ends makes an operation that ends the attempt limit it. In a process of its own, a worker
// may learn of a loss late, so only an operation that succeeded shows how long the attempt
// lasted.
func (a *jobAttempt) ends(end op, remote bool) {
	if attemptOf(end.arg).Held {
		if end.out != fail || !remote {
			a.refused.x = end.inv
		}
		if end.out == ok || end.out != fail && !remote {
			a.x = end.inv
		}
	}
	if end.out == ok {
		a.e, a.refused.e = end.ret, end.ret
	}
}

// jobAnswers returns the answers for each property except progress. "reference" is valid if all of
// them are.
func jobAnswers(h record) answers {
	all := answers{"lease-exclusion": valid, "finish-once": valid, "conservation": valid, "attempts": valid}
	for _, o := range h.ops {
		if lo, hi := deaths(h, o.with.owner); lo > hi {
			return answers{} // the evidence contradicts itself
		}
	}
	for _, key := range keysOf(h.ops) {
		jobs := jobsOf(h, key)
		for _, j := range jobs {
			all.worst("lease-exclusion", j.exclusive())
			all.worst("finish-once", j.finished())
			all.worst("conservation", j.conserved())
			all.worst("attempts", j.numbered(h.tries))
		}
		all.worst("attempts", lost(h, key, jobs))
	}
	explained := valid
	for _, answer := range all {
		if answer != valid {
			explained = unknown
		}
	}
	all["reference"] = explained
	return all
}

// either returns the common answer of two readings, or unknown if they differ.
func either(lenient, strict bool) string {
	if lenient != strict {
		return unknown
	}
	return verdict(lenient)
}

func (j job) exclusive() string {
	var holds, refused [][][]hold
	for _, a := range j.attempts {
		holds, refused = append(holds, a.may), append(refused, a.mayRefused)
	}
	if j.odd {
		return unknown
	}
	one := sharing{fits: fits}
	return either(!choose(holds, one.inSomeOrder), !choose(refused, one.inSomeOrder))
}

// finished tries all orders of takes and finishes. If the job can have become done only by a
// finish of unknown outcome, one of these did it.
func (j job) finished() string {
	if j.odd {
		return unknown
	}
	var sure, perhaps []finish
	for _, f := range j.finishes {
		if f.out == ok {
			sure = append(sure, f)
		} else {
			perhaps = append(perhaps, f)
		}
	}
	if len(sure) > 0 || len(perhaps) == 0 || j.look == nil || !slices.Contains(j.look.Done, j.item) {
		return either(!j.once(sure, false), !j.once(sure, true))
	}
	lenient, strict := true, true
	for _, f := range perhaps {
		f.ret = j.looked
		lenient = lenient && !j.once([]finish{f}, false)
		strict = strict && !j.once([]finish{f}, true)
	}
	if len(perhaps) > 1 && strict {
		return unknown // something else can have finished it
	}
	return either(lenient, strict)
}

// once reports whether there is an order in which no worker is given the job after it is finished,
// and in which the worker that finishes it is the last that was given it. If strictly is set, a
// client's calls are ordered even at equal times, and attempts last for as long as is known.
// Otherwise attempts are moments.
func (j job) once(finishes []finish, strictly bool) bool {
	var calls []call
	for i, a := range j.attempts {
		calls = append(calls, call{op: op{f: models.FTake, res: fmt.Sprint(i)}, inv: a.ai, ret: a.ao, certain: true, process: a.client + 1})
	}
	for _, f := range finishes {
		if strictly && f.of >= 0 && !j.last(f.of) {
			return false
		}
		calls = append(calls, call{op: op{f: models.FFinish, res: fmt.Sprint(f.of)}, inv: f.inv, ret: f.ret, certain: true, process: f.client + 1})
		if f.of >= 0 {
			calls[len(calls)-1].after = []int{f.of}
		}
	}
	for i := range calls {
		if !strictly {
			calls[i].process = 0
		}
	}
	return explainable(calls, "open", func(state string, o op) []string {
		switch {
		case state == "done":
			return nil
		case o.f == models.FTake:
			return []string{o.res}
		case o.res == "-1" || o.res == state:
			return []string{"done"}
		}
		return nil
	})
}

// last reports whether an attempt can have been the last one, with no two attempts at
// one time.
func (j job) last(attempt int) bool {
	all := [][][]hold{j.attempts[attempt].mayRefused}
	for i, a := range j.attempts {
		if i != attempt {
			all = append(all, a.mayRefused)
		}
	}
	return choose(all, func(holds []hold) bool {
		return permutations(holds[1:], func(before []hold) bool { return fits(append(slices.Clone(before), holds[0])) })
	})
}

// conserved compares the last look with what was put, given out and finished.
func (j job) conserved() string {
	certain := slices.ContainsFunc(j.puts, func(o op) bool { return o.out == ok })
	finished := slices.ContainsFunc(j.finishes, func(f finish) bool { return f.out == ok })
	if slices.ContainsFunc(j.attempts, func(a jobAttempt) bool { return !j.mayBeThere(a.ao) }) {
		return violation
	}
	if j.look == nil {
		return valid
	}
	done, places := 0, 0
	for _, list := range [][]string{j.look.Open, j.look.Done, j.look.Dead} {
		for _, item := range list {
			if item == j.item {
				places++
			}
		}
	}
	for _, item := range j.look.Done {
		if item == j.item {
			done++
		}
	}
	switch {
	case certain && places != 1, places > 1,
		len(j.puts) == 0 && places > 0,
		finished && done == 0 && len(j.puts) > 0,
		done > 0 && len(j.finishes) == 0:
		return violation
	case len(j.attempts) > 0 && places == 0, // it was put, although the put was not answered
		finished && done == 0:
		return unknown
	}
	return valid
}

// mayBeThere reports whether some client had begun to put the job by a time.
func (j job) mayBeThere(by int64) bool {
	return slices.ContainsFunc(j.puts, func(o op) bool { return o.inv <= by })
}

// numbered compares the numbers of each two attempts at a job.
func (j job) numbered(tries int) string {
	for i, a := range j.attempts {
		if a.number < 1 || tries > 0 && a.number > tries {
			return violation
		}
		for k, b := range j.attempts {
			switch {
			case i != k && a.number == b.number, a.number > b.number && a.ao < b.ai:
				return violation
			}
		}
	}
	return valid
}

// gap is a number that no worker was given, although a later attempt had begun by a time, or the
// job was dead.
type gap struct{ by int64 }

// lost matches numbers that no worker was given with takes of unknown outcome: each gap, of any
// job, needs a take of its own that began in time.
func lost(h record, key string, jobs []job) string {
	var unsure []int64
	for _, o := range h.ops {
		if o.key == key && o.f == models.FTake && (o.out == info || o.out == open) {
			unsure = append(unsure, o.inv)
		}
	}
	var all []gap
	for _, j := range jobs {
		if len(j.puts)+len(j.attempts) > 0 {
			all = append(all, j.gaps(h.tries)...)
		}
	}
	if !fill(all, unsure) {
		return violation
	}
	return valid
}

// fill finds a take for each gap.
func fill(gaps []gap, unsure []int64) bool {
	if len(gaps) == 0 {
		return true
	}
	for i, began := range unsure {
		if began <= gaps[0].by && fill(gaps[1:], slices.Delete(slices.Clone(unsure), i, i+1)) {
			return true
		}
	}
	return false
}

func (j job) gaps(tries int) []gap {
	given, by := map[int]bool{}, map[int]gap{}
	until := func(number int, at int64) {
		for n := 1; n < number; n++ {
			g, is := by[n]
			if !is {
				g = gap{at}
			}
			by[n] = gap{min(g.by, at)}
		}
	}
	for _, a := range j.attempts {
		given[a.number] = true
		until(a.number, a.ao)
	}
	if j.look != nil && slices.Contains(j.look.Dead, j.item) {
		until(tries+1, j.looked)
	}
	var gaps []gap
	for n, g := range by {
		if !given[n] {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// lease says which session has a job, and for which attempt.
type lease struct {
	item    string
	attempt int
	session int64
}

// shop is a job queue that works correctly, with workers that die.
type shop struct {
	*record
	r          *rand.Rand
	now        int64
	key        string
	free       []int64 // when each client can make its next call
	session    []int64 // of each client
	died       map[int64]int64
	tried      map[string]int
	open       []string
	done, dead []string
	leased     []lease
	has        [][]lease // the attempts that each client believes to have
	put, first int       // how many jobs were put, and how many are put before the first take
	// unguarded means that the queue gives a job to a worker although another one has it, and lets
	// a worker finish any job that it was ever given.
	unguarded bool
	skips     bool // it skips numbers of attempts
	slow      bool // it tells which clients are connected
	leaving   *leavers
}

// ownJobs generates job queues, and makes some changes.
func ownJobs(r *rand.Rand) record { return jobsOfModel(r, models.JobQueue.Name) }

func jobsOfModel(r *rand.Rand, model string) record {
	h := record{model: model, order: r.Uint64(), tries: 1 + r.IntN(5)}
	keys := pick(r, []string{"k"}, []string{"k"}, []string{"k", "l"})
	free, session := make([]int64, 3), []int64{0x100, 0x200, 0x300}
	var all []*shop
	for _, key := range keys {
		all = append(all, &shop{record: &h, r: r, key: key, free: free, session: session, died: map[int64]int64{}, tried: map[string]int{}, has: make([][]lease, len(free)), first: 2, unguarded: chance(r, 3), skips: chance(r, 4)})
	}
	for range 2 + r.IntN(15) {
		pick(r, all...).one(all)
	}
	for range r.IntN(4) {
		h.mutateJobs(r, all[0])
	}
	h.end(r, all)
	h.place(pick[int64](r, 1, 1000, 1e6), pick[int64](r, 0, 0, 1, 1e9, 1<<53, 1<<60))
	return h
}

// end puts everything in order, with what is known of sessions, and in most cases with the
// last look at each key.
func (h *record) end(r *rand.Rand, all []*shop) {
	h.inOrder()
	for _, s := range all {
		s.prove()
		if !chance(r, 6) {
			s.lookAt()
		}
	}
	h.inOrder()
}

func (s *shop) gap() int64 { return int64(max(0, s.r.IntN(5)-1)) }

// one adds one call of one client, or the end of its session.
func (s *shop) one(all []*shop) {
	c := s.r.IntN(len(s.free))
	o := op{client: c, key: s.key, inv: s.free[c] + s.gap(), out: pick(s.r, ok, ok, ok, ok, ok, info, fail)}
	o.with.session, o.with.owner = s.session[c], s.session[c]
	if s.leaving != nil {
		s.leaving.begins(&o, all)
	}
	at := max(s.now, o.inv) + s.gap()
	takesEffect := o.out == ok || o.out == info && !chance(s.r, 3)
	switch {
	case len(s.has[c]) > 0 && chance(s.r, 4), s.slow && chance(s.r, 12):
		if s.leaving != nil {
			s.leaving.leaves(c, at, all)
			return
		}
		s.die(c, at, all)
		return
	case len(s.has[c]) > 0 && !chance(s.r, 3):
		s.end(&o, takesEffect)
	case s.put < s.first || chance(s.r, 4):
		s.enqueue(&o, takesEffect)
	default:
		s.take(&o, takesEffect)
	}
	o.ret = o.inv + s.gap()
	if o.out == ok {
		o.ret = at + s.gap()
	}
	if takesEffect {
		s.now = at
	}
	if s.leaving != nil {
		s.leaving.returns(&o)
	}
	s.free[c] = o.ret
	s.ops = append(s.ops, o)
}

func (s *shop) enqueue(o *op, takesEffect bool) {
	item := fmt.Sprint(s.key, s.put)
	s.put++
	o.f, o.arg = models.FEnqueue, fmt.Sprintf(`{"item":%q}`, item)
	if takesEffect {
		s.open = append(s.open, item)
	}
}

func (s *shop) take(o *op, takesEffect bool) {
	o.f = models.FTake
	if s.unguarded && chance(s.r, 2) && len(s.leased) > 0 {
		s.open = append(s.open, pick(s.r, s.leased...).item)
		slices.Reverse(s.open)
	}
	if len(s.open) == 0 && o.out == ok {
		o.out = pick(s.r, fail, info)
	}
	if len(s.open) == 0 || !takesEffect {
		return
	}
	i := s.r.IntN(len(s.open))
	item := s.open[i]
	s.open = slices.Delete(s.open, i, i+1)
	s.tried[item]++
	if s.skips && chance(s.r, 2) && s.tried[item] < s.tries {
		s.tried[item]++
	}
	l := lease{item, s.tried[item], o.with.session}
	s.leased = append(s.leased, l)
	if o.out == ok {
		s.has[o.client] = append(s.has[o.client], l)
		o.res = string(history.Value(models.Attempt{Item: item, Attempt: l.attempt}))
	}
}

// end ends an attempt that the client has, or had.
func (s *shop) end(o *op, takesEffect bool) {
	i := s.r.IntN(len(s.has[o.client]))
	l := s.has[o.client][i]
	o.f = pick(s.r, models.FFinish, models.FGiveBack)
	held := !chance(s.r, 8)
	o.arg = string(history.Value(models.Attempt{Item: l.item, Attempt: l.attempt, Held: held}))
	at := slices.Index(s.leased, l)
	if at < 0 && o.out == ok && (!s.unguarded || chance(s.r, 2)) {
		o.out = pick(s.r, fail, fail, info)
	}
	if o.out == ok {
		o.res = string(history.Value(models.Attempt{Item: l.item, Attempt: l.attempt}))
	}
	if o.out != fail || chance(s.r, 2) {
		s.has[o.client] = slices.Delete(s.has[o.client], i, i+1)
	}
	if at >= 0 && takesEffect {
		s.leased = slices.Delete(s.leased, at, at+1)
		s.over(l, o.f == models.FFinish)
	}
}

func (s *shop) over(l lease, finished bool) {
	switch {
	case finished:
		s.done = append(s.done, l.item)
	case l.attempt >= s.tries:
		s.dead = append(s.dead, l.item)
	default:
		s.open = append(s.open, l.item)
	}
}

// die ends a client's session. The client goes on in another session, and may still believe that
// it is a worker.
func (s *shop) die(c int, at int64, all []*shop) {
	dead := s.session[c]
	s.session[c]++
	for _, o := range all {
		o.buries(dead, at)
	}
	if s.slow {
		s.facts = append(s.facts,
			fact{at: at, of: history.SessionProcess, client: c, session: dead, f: history.FExpired},
			fact{at: at + 1, of: history.SessionProcess, client: c, session: s.session[c], f: history.FConnected, value: history.Connected{Server: "zk1", Timeout: 4e9}})
	}
	if chance(s.r, 3) {
		s.facts = append(s.facts, fact{at: at + s.gap(), of: history.SessionProcess, client: c, session: dead, f: history.FDead, value: history.Dead{By: "close-reply"}})
	}
}

// buries ends a session, and with it the leases that it has.
func (s *shop) buries(dead, at int64) {
	s.now = max(s.now, at)
	s.died[dead] = s.now
	for _, l := range slices.Clone(s.leased) {
		if l.session == dead {
			s.leased = slices.DeleteFunc(s.leased, func(other lease) bool { return other == l })
			s.over(l, false)
		}
	}
}

// prove gives sessions signs of life from the times at which they lived; a few signs
// are wrong.
func (s *shop) prove() {
	for i := range s.ops {
		o := &s.ops[i]
		for k, at := range []int64{o.inv, o.ret} {
			of := []int64{o.with.session, o.with.owner}[k]
			if died, is := s.died[of]; is && !chance(s.r, 40) {
				at = min(at, died)
			}
			if !chance(s.r, 6) {
				o.with.alive[k] = max(0, at-pick(s.r, 0, s.gap()))
			}
		}
	}
}

// lookAt adds the last look. Sometimes a job is elsewhere, or gone.
func (s *shop) lookAt() {
	jobs := models.Jobs{Open: slices.Clone(s.open), Done: s.done, Dead: s.dead}
	for _, l := range s.leased {
		jobs.Open = append(jobs.Open, l.item)
	}
	lists := []*[]string{&jobs.Open, &jobs.Done, &jobs.Dead}
	if from := pick(s.r, lists...); chance(s.r, 6) && len(*from) > 0 {
		item := (*from)[0]
		if !chance(s.r, 4) {
			*from = (*from)[1:]
		}
		if to := pick(s.r, lists...); !chance(s.r, 3) {
			*to = append(slices.Clone(*to), item)
		}
	}
	jobs.Left, jobs.Empty = len(jobs.Open), len(jobs.Open) == 0
	s.facts = append(s.facts, fact{at: s.last() + 1 + s.gap(), of: history.Nemesis, client: -1, f: history.FDrained, key: s.key, value: jobs})
}

// mutateJobs makes one change.
func (h *record) mutateJobs(r *rand.Rand, s *shop) {
	o := &h.ops[r.IntN(len(h.ops))]
	switch r.IntN(7) {
	case 0: // another number, or another job
		if o.f == models.FTake && o.out == ok {
			a := attemptOf(o.res)
			a.Attempt += r.IntN(3) - 1
			if chance(r, 3) {
				a.Item = fmt.Sprint(o.key, r.IntN(4))
			}
			o.res = string(history.Value(a))
		}
	case 1, 2: // something that was refused succeeds, as if the queue did not guard it
		if o.f != models.FTake || o.out == ok {
			o.out = pick(r, ok, ok, fail, info)
			if o.out == ok && (o.f == models.FFinish || o.f == models.FGiveBack) {
				a := attemptOf(o.arg)
				a.Held = false
				o.res = string(history.Value(a))
			}
		}
	case 3:
		o.inv, o.ret = max(0, o.inv+int64(r.IntN(7)-3)), o.ret+int64(r.IntN(7)-3)
	case 4:
		if o.f == models.FFinish || o.f == models.FGiveBack {
			o.f = pick(r, models.FFinish, models.FGiveBack)
		}
	case 5, 6: // given to another worker as well
		if o.f == models.FTake && o.out == ok {
			a := attemptOf(o.res)
			a.Attempt += r.IntN(3)
			again := *o
			again.client = (o.client + 1) % 3
			again.with.session = s.session[again.client]
			again.with.owner = again.with.session
			again.res = string(history.Value(a))
			again.inv += int64(r.IntN(9) - 3)
			again.inv = max(0, again.inv)
			again.ret = again.inv + int64(r.IntN(4))
			h.insert(again)
			if chance(r, 2) {
				end := again
				end.f, end.res = models.FGiveBack, string(history.Value(models.Attempt{Item: a.Item, Attempt: a.Attempt}))
				end.arg = string(history.Value(models.Attempt{Item: a.Item, Attempt: a.Attempt, Held: true}))
				end.inv = again.ret + int64(r.IntN(12))
				end.ret = end.inv + int64(r.IntN(3))
				h.insert(end)
			}
		}
	}
}

// insert puts an operation at its place in its client's order.
func (h *record) insert(o op) {
	for i, other := range h.ops {
		if other.client == o.client && other.inv >= o.inv {
			h.ops = slices.Insert(h.ops, i, o)
			return
		}
	}
	h.ops = append(h.ops, o)
}

func TestOwnJobs(t *testing.T) {
	own{name: "job-queue", generate: ownJobs, ours: jobAnswers, agree: exact}.compare(t)
}

// progressAnswers follows the text: a take that returned an error has given its job up when its
// client was connected for the time limit.
func progressAnswers(h record) answers { return h.progress(bound) }

// progress does not add up waits, just as termination does not: only time at a stretch
// counts as together. A take that returned an error has given its job up once its client
// has been connected for patience.
func (h record) progress(patience int64) answers {
	all := answers{"progress": valid}
	for _, o := range h.ops {
		if lo, hi := deaths(h, o.with.owner); lo > hi {
			return answers{}
		}
	}
	for _, key := range keysOf(h.ops) {
		for _, o := range h.ops {
			if o.key == key && o.f == models.FTake && !h.tellsOf(o.client) {
				all.worst("progress", unknown)
			}
		}
		switch {
		case !h.apiece(key, h.waiting(key, true), h.unsure(key, patience, true)):
			all.worst("progress", violation)
		case !h.excused(key, h.waiting(key, false), h.unsure(key, patience, false)):
			all.worst("progress", unknown)
		}
	}
	return all
}

// waiting is a job with the times at which it was certainly not available: judged by what is
// known, and judged as if some takes of unknown outcome had it.
type waiting struct {
	job
	known, busy []span
}

// waiting returns the jobs of a key about which something is required.
func (h record) waiting(key string, surely bool) []waiting {
	var all []waiting
	for _, j := range jobsOf(h, key) {
		if !surely || !j.odd {
			busy := j.busy(h, surely)
			all = append(all, waiting{j, busy, busy})
		}
	}
	return all
}

// excused reports whether takes of unknown outcome, each of which has one job once, can have had
// jobs in such a way that no worker waited for too long while a job was free. It tries all takes
// for the first wait that was too long: each has the job whenever the job was free.
func (h record) excused(key string, jobs []waiting, unsure []span) bool {
	for n, j := range jobs {
		late := h.lateWith(key, j)
		if len(late) == 0 {
			continue
		}
		for i, window := range unsure {
			for _, gap := range apart(j.known) {
				had := span{max(gap.from, window.from), min(gap.to, window.to)}
				if had.from > had.to || !had.meets(late[0]) {
					continue
				}
				then := slices.Clone(jobs[n:])
				then[0].busy = append(slices.Clone(j.busy), had)
				if h.excused(key, then, slices.Delete(slices.Clone(unsure), i, i+1)) {
					return true
				}
			}
		}
		return false
	}
	return true
}

// apiece requires less than excused, and as much as the text promises to find: each job that is
// available for too long needs a take of its own that may have had it then. A job may need several
// takes, since each gives it up; here these may be takes that other jobs also use.
func (h record) apiece(key string, jobs []waiting, unsure []span) bool {
	var late [][]span
	for _, j := range jobs {
		then := j
		then.busy = slices.Concat(j.busy, unsure)
		if len(h.lateWith(key, then)) > 0 {
			return false
		}
		if waits := h.lateWith(key, j); len(waits) > 0 {
			late = append(late, waits)
		}
	}
	return eachHad(late, unsure)
}

// eachHad finds, for each job, a take of its own that may have had the job at some time when it was
// available for too long.
func eachHad(late [][]span, unsure []span) bool {
	if len(late) == 0 {
		return true
	}
	for i, take := range unsure {
		had := slices.ContainsFunc(late[0], take.meets)
		if had && eachHad(late[1:], slices.Delete(slices.Clone(unsure), i, i+1)) {
			return true
		}
	}
	return false
}

// apart returns the time that no span covers.
func apart(all []span) []span {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var left []span
	now := int64(math.MinInt64)
	for _, s := range all {
		if s.from > now {
			left = append(left, span{now, s.from})
		}
		now = max(now, s.to)
	}
	return append(left, span{now, never})
}

// unsure returns, for each take of unknown outcome, when it can have had a job. Its worker may have
// the job for as long as it lives; if surely is set, for ever. If the take returned an error, the
// worker gives the job up.
func (h record) unsure(key string, patience int64, surely bool) []span {
	var all []span
	for _, o := range h.ops {
		if o.key != key || o.f != models.FTake || o.out != info && o.out != open {
			continue
		}
		until := h.givesUp(o, patience, surely)
		if _, dead := deaths(h, o.with.session); !surely {
			until = min(until, dead)
		}
		for _, f := range h.facts {
			if f.f == history.FExpired && f.client == o.client && !surely {
				until = min(until, max(f.at, o.inv))
			}
		}
		all = append(all, span{o.inv, max(o.inv, until)})
	}
	return all
}

// givesUp returns the time at which the client of a take that returned an error had been connected
// for patience since then, or never. If surely is set, the record must show that time, and at a
// stretch.
func (h record) givesUp(take op, patience int64, surely bool) int64 {
	since := max(take.ret, h.loaded())
	switch {
	case take.out == open || since == never || patience == never:
		return never
	case !h.tellsOf(take.client) && surely:
		return never
	case !h.tellsOf(take.client):
		return since + patience
	}
	left := patience
	for _, c := range h.connected(take.client) {
		from := max(c.from, since)
		switch lasted := c.to - from; {
		case lasted > left, lasted == left && !surely:
			return from + left
		case !surely:
			left -= max(0, lasted)
		}
	}
	return never
}

// tellsOf reports whether a record tells when a client was connected. Connections at the same
// moment have no order.
func (h record) tellsOf(client int) bool {
	told, at := false, map[int64]bool{}
	for _, f := range h.facts {
		if f.client != client || f.of != history.SessionProcess {
			continue
		}
		if at[f.at] {
			return false
		}
		at[f.at], told = true, told || f.f == history.FConnected
	}
	return told
}

// lateWith returns when workers waited for too long while a job was free.
func (h record) lateWith(key string, j waiting) []span {
	var all []span
	for _, o := range h.ops {
		if o.key == key && o.f == models.FTake {
			all = append(all, h.together(j, o)...)
		}
	}
	return slices.DeleteFunc(all, func(s span) bool { return s.to-s.from <= bound })
}

// together returns when, at a stretch, a worker waited while a job was free.
func (h record) together(j waiting, take op) (all []span) {
	if !h.tellsOf(take.client) {
		return nil
	}
	moments := []int64{take.inv, h.loaded()}
	for _, b := range j.busy {
		moments = append(moments, b.from, b.to)
	}
	for _, from := range moments {
		to := h.last()
		for _, b := range j.busy {
			switch {
			case b.from <= from && from < b.to:
				to = from
			case b.from > from:
				to = min(to, b.from)
			}
		}
		if from < h.loaded() || !j.thereAfter(h, to) {
			continue
		}
		if take.out != open {
			to = min(to, take.ret)
		}
		for _, c := range h.connected(take.client) {
			all = append(all, span{max(from, take.inv, c.from), min(to, c.to)})
		}
	}
	return all
}

// connected returns when a client was connected: with a session, and with no session that
// had lost its server.
func (h record) connected(client int) (all []span) {
	up := map[int64]bool{}
	now := span{never, never}
	for _, f := range h.facts {
		_, known := up[f.session]
		switch {
		case f.client != client:
		case f.f == history.FConnected:
			up[f.session] = true
		case f.f == history.FDisconnected && known:
			up[f.session] = false
		case f.f == history.FExpired || f.f == history.FDead:
			delete(up, f.session)
		}
		is := len(up) > 0
		for _, one := range up {
			is = is && one
		}
		switch {
		case is && now.from == never:
			now.from = f.at
		case !is && now.from != never:
			all = append(all, span{now.from, f.at})
			now.from = never
		}
	}
	return append(all, now)
}

type span struct{ from, to int64 }

func (s span) meets(other span) bool { return s.from <= other.to && other.from <= s.to }

// busy returns when a known worker may have the job, or when the job may not be there.
func (j job) busy(h record, surely bool) []span {
	put := int64(never)
	for _, p := range j.puts {
		if p.out == ok {
			put = min(put, p.ret)
		}
	}
	for _, a := range j.attempts {
		if len(j.puts) > 0 {
			put = min(put, a.ai) // it was there by then, and some worker had it
		}
	}
	all := []span{{math.MinInt64, put}}
	for _, a := range j.attempts {
		from := a.ai
		for _, b := range j.attempts {
			if b.number < a.number && !surely {
				from = max(from, b.ai) // that attempt came first
			}
		}
		until := a.e
		for _, f := range h.facts {
			if f.f == history.FExpired && f.session == a.session && !surely {
				until = min(until, max(f.at, from))
			}
		}
		all = append(all, span{from, max(from, until)})
		if a.number >= h.tries && surely {
			all = append(all, span{from, never})
		}
	}
	isOpen := j.look != nil && slices.Contains(j.look.Open, j.item)
	for _, f := range j.finishes {
		// If the job is seen later, a finish of unknown outcome did not finish it before.
		if f.out == ok && (surely || !isOpen) || surely && !isOpen {
			all = append(all, span{f.inv, never})
		}
	}
	return all
}

// thereAfter reports whether a worker was given the job after a time, or the job was seen
// open.
func (j job) thereAfter(h record, at int64) bool {
	if j.look != nil && slices.Contains(j.look.Open, j.item) {
		return true
	}
	return slices.ContainsFunc(j.attempts, func(a jobAttempt) bool { return a.ai >= at })
}

// slowJobs generates job queues with takes that last for seconds.
func slowJobs(r *rand.Rand) record { return slowJobsOf(r, models.JobQueue.Name) }

func slowJobsOf(r *rand.Rand, model string) record {
	h := record{model: model, order: r.Uint64(), tries: 2 + r.IntN(2)}
	s := &shop{record: &h, r: r, key: "k", free: make([]int64, 3), session: []int64{0x100, 0x200, 0x300}, died: map[int64]int64{}, tried: map[string]int{}, has: make([][]lease, 3), first: 1 + r.IntN(4), slow: true}
	for range 2 + r.IntN(12) {
		s.one([]*shop{s})
		for i := range h.ops {
			if o := &h.ops[i]; i == len(h.ops)-1 && o.f == models.FTake && o.out != ok && chance(r, 2) {
				o.ret = o.inv + 6 + int64(r.IntN(12))
				o.out = pick(r, o.out, fail)
				s.free[o.client] = o.ret
			}
		}
	}
	for range r.IntN(3) {
		s.strand()
	}
	h.inOrder()
	s.prove()
	s.lookAt()
	h.inOrder()
	h.facts = append(h.facts, fact{at: int64(r.IntN(3)), of: history.Nemesis, client: -1, f: history.FPhase, value: history.Phase{Name: history.PhaseLoad}})
	v := &voting{record: &h, r: r, unit: 1e9}
	for c := range s.free {
		v.connect(c, int64(0x100*(c+1)))
	}
	slices.SortStableFunc(h.facts, func(a, b fact) int { return int(a.at - b.at) })
	h.place(v.unit, pick[int64](r, 0, 1, 1<<53))
	return h
}

// strand makes takes end in errors, some of them while their clients are disconnected; later,
// others wait for a job.
func (s *shop) strand() {
	take := func(lasts int64, out outcome, not int) op {
		c := s.r.IntN(len(s.free))
		if c == not {
			c = (c + 1) % len(s.free)
		}
		o := op{client: c, f: models.FTake, key: s.key, inv: s.free[c] + s.gap(), out: out}
		o.inv = max(o.inv, s.now)
		o.ret = o.inv + lasts
		o.with.session, o.with.owner = s.session[c], s.session[c]
		s.free[c] = o.ret
		s.ops = append(s.ops, o)
		return o
	}
	last := -1
	for range 1 + s.r.IntN(2) {
		o := take(s.gap(), info, -1)
		s.now, last = max(s.now, o.ret), o.client
		if at := o.ret + s.gap(); chance(s.r, 3) {
			s.facts = append(s.facts,
				fact{at: at, of: history.SessionProcess, client: o.client, session: o.with.owner, f: history.FDisconnected},
				fact{at: at + 1 + s.r.Int64N(12), of: history.SessionProcess, client: o.client, session: o.with.owner, f: history.FConnected, value: history.Connected{Server: "zk1", Timeout: 4e9}})
		}
	}
	s.now += s.r.Int64N(14)
	for range 1 + s.r.IntN(2) {
		take(6+s.r.Int64N(16), pick(s.r, fail, fail, info), last)
	}
}

// givesUpInTime compares progress, and counts the histories in which the time limit matters
// within which a take that returned an error gives its job up: it is no excuse for ever, but it
// is one until then.
func givesUpInTime(t *testing.T, name string, generate func(r *rand.Rand) record, ours func(h record) answers) {
	all, late, inTime := 0, 0, 0
	own{name: name, generate: generate, ours: func(h record) answers {
		now := h.progress(bound)["progress"]
		all++
		if now == violation && h.progress(never)["progress"] != violation {
			late++
		}
		if now != violation && h.progress(0)["progress"] == violation {
			inTime++
		}
		return ours(h)
	}, agree: exact}.compare(t)
	t.Logf("%s: because a take with an error gave up in time, or might not have yet, %d histories are wrong and %d are not", name, late, inTime)
	if all >= usual && (late < all/200 || inTime < all/200) {
		t.Errorf("%s: in too few of %d histories a take with an error mattered", name, all)
	}
}

func TestJobProgress(t *testing.T) {
	givesUpInTime(t, "job-queue progress", slowJobs, progressAnswers)
}
