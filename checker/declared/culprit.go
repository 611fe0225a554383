package declared

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file looks for the call that is to blame. Often another call shows the violation: a read, long after a
// call that took effect twice. It decides nothing.

// culprit is the call that is to blame, and why.
type culprit struct {
	call *item // nil if none is known
	says []string
	// wrong says what is wrong about the call in the order of the transaction log. That order
	// proves the mistake without a search for another order. It is nil if there is no such proof.
	wrong error
	// unless says, for the headline, what would make all answers right.
	unless string
	// also describes, for the headline, another mistake of the call besides the answer that shows
	// the violation.
	also string
}

// mostTrial is the number of tries for testing one assumption.
const mostTrial = 100_000

// culprit returns the call that is to blame, if the transaction log or a single assumption shows which
// one it is.
func (p *problem) culprit(ctx context.Context, w *window, left int64) culprit {
	s := &suspicion{problem: p, ctx: ctx, w: w, left: min(left, mostShrinking/2), made: evidence.MadeDuring(p.key.key), writes: p.writers()}
	for _, look := range []func() culprit{s.twice, s.refused, s.committed, s.undone} {
		if c := look(); c.call != nil {
			return c
		}
	}
	return culprit{}
}

// suspicion is a search for the call that is to blame.
type suspicion struct {
	*problem
	ctx  context.Context
	w    *window
	left int64 // tries
	made map[*history.Operation][]evidence.Change
	// writes contains the operations with a call that changed something.
	writes map[string]bool
}

// writers returns the operations with a call that changed something, according to the
// log.
func (p *problem) writers() map[string]bool {
	of := map[string]bool{}
	for op := range evidence.MadeDuring(p.key.key) {
		of[op.F] = true
	}
	return of
}

// explains reports whether some order explains the items.
func (s *suspicion) explains(items []item) bool {
	if s.left <= 0 || s.ctx.Err() != nil {
		return false
	}
	b := s.budget
	b.Tries = min(s.left, mostTrial)
	got := linearize.Decide(s.ctx, s.order(pointers(items)), b)
	s.left -= got.Tried
	return got.Result == linearize.Legal
}

// changing returns the places in the window of calls of operations that change something, the last ones first.
func (s *suspicion) changing() (places []int) {
	for i := range s.w.Ops {
		if it := &s.w.Ops[i]; it.call != nil && s.writes[it.call.Operation] && it.call.Outcome != Refused {
			places = append(places, i)
		}
	}
	slices.SortStableFunc(places, func(i, j int) int { return cmp.Compare(s.w.Ops[j].call.Began, s.w.Ops[i].call.Began) })
	return places
}

// twice looks for a call that changed the same znode more than once, and would explain the answers if it had taken
// effect twice.
func (s *suspicion) twice() culprit {
	for _, i := range s.changing() {
		it := s.w.Ops[i]
		zxids := again(s.made[it.call.op])
		if zxids == nil {
			continue
		}
		second := it
		second.relaxed = it.call.Outcome != Unheard
		if s.explains(append(slices.Clone(s.w.Ops), second)) {
			return culprit{call: s.items[s.w.Places[i]], unless: it.when() + " took effect twice", says: []string{fmt.Sprintf("Had %s taken effect twice, all answers would be right: during that call, its client committed %s, zxids %s.",
				it.when(), prose.Count(len(zxids), "change"), someOf(zxids))}}
		}
	}
	return culprit{}
}

// refused looks for a call that was refused although it changed the same things as successful calls
// do. It prefers a call that would explain the answers if it had succeeded.
func (s *suspicion) refused() (found culprit) {
	usual := map[string]bool{}
	for op, all := range s.made {
		if op.Outcome() == history.OK {
			for kind := range effects(all) {
				usual[kind] = true
			}
		}
	}
	for i := range s.w.Ops {
		it := s.w.Ops[i]
		if it.call == nil || it.call.Outcome != Refused {
			continue
		}
		all := s.made[it.call.op]
		if !slices.ContainsFunc(slices.Collect(maps.Keys(effects(all))), func(kind string) bool { return usual[kind] }) {
			continue
		}
		zxids := zxidsOf(all)
		name := it.asked() + " by client " + words.Number(it.call.Client) + " at " + at(it.call.Began)
		says := fmt.Sprintf("%s was refused, but during that call its client committed %s, zxid %s.", name, prose.Count(len(zxids), "change"), someOf(zxids))
		done, call := it, *it.call
		call.Outcome, done.call = Unheard, &call
		if s.explains(append(slices.Clone(s.w.Ops), done)) {
			return culprit{call: s.items[s.w.Places[i]], unless: name + " was carried out although it was refused", says: []string{says, "Had it been carried out, all answers would be right."}}
		}
		if found.call == nil {
			found = culprit{call: s.items[s.w.Places[i]], also: name + " was refused, too, but changed " + s.key.Name, says: []string{says}}
		}
	}
	return found
}

// digits matches the part in which the names of sequential znodes differ.
var digits = regexp.MustCompile("[0-9]+")

// effects returns the kinds of effects of some changes: the data of a znode, or a znode that was created or deleted in
// the end, without the numbers in its name.
func effects(changes []evidence.Change) map[string]bool {
	kinds, made := map[string]bool{}, map[string]bool{}
	name := func(part history.Txn, what string) string {
		return what + " " + digits.ReplaceAllString(part.Path, "#")
	}
	for _, c := range changes {
		for _, part := range c.Parts {
			switch {
			case part.Type == "setData":
				kinds[name(part, "sets")] = true
			case part.Type != "delete":
				made[part.Path] = true
				kinds[name(part, "creates")] = true
			case made[part.Path]:
				delete(kinds, name(part, "creates"))
			default:
				kinds[name(part, "deletes")] = true
			}
		}
	}
	return kinds
}

func zxidsOf(changes []evidence.Change) (zxids []string) {
	for _, c := range changes {
		zxids = append(zxids, words.Zxid(c.Zxid))
	}
	return zxids
}

// someOf lists the first zxids, and counts the others.
func someOf(zxids []string) string {
	const most = 4
	if more := len(zxids) - most; more > 1 {
		zxids = append(slices.Clone(zxids[:most]), words.Number(more)+" more")
	}
	return prose.List(zxids, "and")
}

// again returns the zxids of the changes if two of them are of the same kind: both set the data of
// one znode, or both created a znode.
func again(changes []evidence.Change) (zxids []string) {
	did, twice := map[string]bool{}, false
	for _, c := range changes {
		for _, part := range c.Parts {
			kind := part.Type + part.Path
			if part.Type != "setData" && part.Type != "delete" {
				kind = "create"
			}
			twice = twice || did[kind]
			did[kind] = true
		}
	}
	if !twice || len(changes) < 2 {
		return nil
	}
	return zxidsOf(changes)
}

// commit is an item at its place in the log.
type commit struct {
	*item
	zxid uint64
	made bool // it changed something
}

// log returns the items of the window in the order of the log. A call that changed nothing stands
// where it ended. It returns false if the log has no order.
func (s *suspicion) log() (all []commit, ok bool) {
	k := s.key.key
	for i := range s.w.Ops {
		it := s.items[s.w.Places[i]]
		switch {
		case it.ends != nil:
			l := k.Log.Sessions[it.ends.ID]
			if l != nil && l.Closed != 0 {
				all = append(all, commit{it, l.Closed, true})
			}
		case !s.writes[it.call.Operation] || it.call.Outcome == Refused:
		case len(s.made[it.call.op]) > 0:
			all = append(all, commit{it, s.made[it.call.op][0].Zxid, true})
			ok = true
		case it.call.Outcome == Answered && !s.w.Ops[i].relaxed:
			all = append(all, commit{it, k.Zxids.Floor(it.call.Ended), false})
		}
	}
	slices.SortStableFunc(all, func(a, b commit) int { return cmp.Compare(a.zxid, b.zxid) })
	return all, ok
}

// committed orders the calls by their first changes, and looks for the first call that the
// specification does not allow in this order. It gives up at a call that changed something more
// than once, or that should have.
func (s *suspicion) committed() culprit {
	if s.key.key.Log == nil {
		return culprit{}
	}
	all, ok := s.log()
	if !ok {
		return culprit{}
	}
	state := s.begin()
	var order []placed
	seen := map[string]int{}
	for _, c := range all {
		next, why := s.try(state, c.item)
		if next != nil && c.made && c.call != nil {
			if stray := s.stray(c, next, seen); stray.call != nil {
				return stray
			}
		}
		switch {
		case !c.made && (next == nil || !equalWorlds(state, next)):
			return culprit{}
		case next == nil && why != nil && c.call != nil && c.call.Outcome == Answered:
			text := "In the order of the transaction log, " + c.when()
			if steps := stepsOf(order); steps != "" {
				text += " came after " + steps
			} else {
				text += " was the first change"
			}
			return culprit{call: s.items[s.own(c.item)], says: []string{text + "."}, wrong: why}
		case next == nil || c.call != nil && len(s.made[c.call.op]) > 1:
			return culprit{}
		}
		order, state = append(order, placed{c.item, state, next}), next
	}
	return culprit{}
}

// mostAgreed is the number of calls after which the data of a znode is taken to be the
// state.
const mostAgreed = 3

// stray returns a call that wrote a value other than the state that it leads to, to a znode whose
// data has been the state so far. seen counts, by znode, the calls after which its data was the
// state.
func (s *suspicion) stray(c commit, next *world, seen map[string]int) (found culprit) {
	for _, change := range s.made[c.call.op] {
		for _, part := range change.Parts {
			switch {
			case part.Type != "setData":
			case string(part.Data) == next.plain():
				seen[part.Path]++
			case seen[part.Path] >= mostAgreed && next.plain() != "":
				name := part.Path[strings.LastIndexByte(part.Path, '/')+1:]
				wrote := models.Quoted(string(part.Data))
				return culprit{
					call: s.items[s.own(c.item)],
					also: fmt.Sprintf("%s had written %s to %s, where %s is right", c.when(), wrote, name, next.plain()),
					says: []string{fmt.Sprintf("In the order of the transaction log, %s had the right state after each of %s, until %s wrote %s (zxid %s), where %s is right.",
						name, prose.Count(seen[part.Path], "earlier call"), c.when(), wrote, words.Zxid(change.Zxid), next.plain())},
				}
			}
		}
	}
	return culprit{}
}

// plain formats the only possible state as fmt does; "" if there are several.
func (w *world) plain() string {
	if len(w.states) != 1 {
		return ""
	}
	return fmt.Sprint(w.states[0].value)
}

// undone looks for a call that was answered, left nothing in the log, and would explain the answers
// if it had not happened. It returns one only if it is the only one.
func (s *suspicion) undone() (found culprit) {
	for _, i := range s.changing() {
		it := s.w.Ops[i]
		if it.call.Outcome != Answered || it.relaxed || len(s.made[it.call.op]) > 0 {
			continue
		}
		if !s.explains(slices.Delete(slices.Clone(s.w.Ops), i, i+1)) {
			continue
		}
		if found.call != nil {
			return culprit{}
		}
		found = culprit{call: s.items[s.w.Places[i]], unless: it.when() + " had no effect", says: []string{fmt.Sprintf("Had %s had no effect, all answers would be right: during that call, its client committed nothing about %s.", it.when(), s.key.Name)}}
	}
	return found
}
