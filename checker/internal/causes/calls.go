package causes

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file finds the calls of clients that made transactions: which call made one, how the call
// ended, and which fault hit its client at about that time.

// callers returns the calls of a client that can have made a transaction of its session; of accepts
// the right operations. Calls about another item count only if there are no others. If there are
// too many calls to be useful, callers returns none. A call of unknown outcome may take effect
// after it has ended. If it is known during which of several calls the request was sent, callers
// returns only that call. text names the calls.
func (s *search) callers(n *evidence.Znode, id history.ID, zxid uint64, of func(*models.Operation) bool) (found []*history.Operation, text string) {
	from, to := s.when(zxid)
	client := s.client(id)
	for _, op := range s.key.Ops() {
		if client < 0 || op.Client != client || !of(s.of.Operation(op.F)) || !s.mayBeOf(op, id) {
			continue
		}
		if op.Began() < to && evidence.EffectiveBy(op) >= from {
			found = append(found, op)
		}
	}
	if fitting := slices.DeleteFunc(slices.Clone(found), func(op *history.Operation) bool { return s.ofAnother(op, n) }); len(fitting) > 0 {
		found = fitting
	}
	if len(found) > 1 {
		if in, at := s.sentIn(id, zxid, found); in != nil {
			return []*history.Operation{in}, ", by a request sent" + at + " during " + s.call(in)
		}
	}
	if len(found) > mostCallers {
		return nil, ""
	}
	return found, s.by(found)
}

// ofAnother reports whether a call was about another item than the znode has, or about other parts
// of the key.
func (s *search) ofAnother(op *history.Operation, n *evidence.Znode) bool {
	if !slices.ContainsFunc(s.parts(op), func(part string) bool { return isIn(n, part) }) {
		return true
	}
	if s.of.State != models.Filled || op.Outcome() != history.OK {
		return false
	}
	_, v, ok := s.of.Tell(op)
	return ok && v.Item != "" && v.Item != string(n.Data)
}

// mostCallers is the maximum number of calls that are named if it is not known which of
// them did something.
const mostCallers = 3

// by names calls, one of which did something.
func (s *search) by(ops []*history.Operation) string {
	if len(ops) == 0 {
		return ""
	}
	var times []string
	for _, op := range ops {
		times = append(times, words.At(op.Began()))
	}
	return ", by its " + printable.Text(ops[0].F, mostName) + " of " + prose.List(times, "or")
}

// The kinds of calls that make znodes, and that delete them.
func makes(o *models.Operation) bool   { return o.Begins || o.Puts }
func deletes(o *models.Operation) bool { return o.Ends || o.Takes }

// during returns the call of a client during which a transaction of that client certainly was
// committed; nil if there is none, or it is unknown.
func (s *search) during(zxid uint64, by history.ID) *history.Operation {
	from, to := s.when(zxid)
	client := s.client(by)
	for _, op := range s.key.Ops() {
		if client >= 0 && op.Client == client && op.Began() <= from && to <= evidence.Ended(op) && to != evidence.Never {
			return op
		}
	}
	return nil
}

// call names a call of the client that the sentence is about.
func (s *search) call(op *history.Operation) string {
	return "its " + printable.Text(op.F, mostName) + " of " + words.At(op.Began())
}

// ended describes how a call ended, and which faults hit its client at about that time. For several
// calls it describes the error that all of them returned.
func (s *search) ended(ops []*history.Operation, id history.ID) string {
	op := ops[0]
	switch {
	case len(ops) > 1 && alike(ops):
		return "each of these calls" + how(op) + problem(op.Return) + s.hitAbout(ops[len(ops)-1], id)
	case len(ops) > 1:
		return ""
	case op.Return == nil:
		return s.call(op) + " never returned" + s.hitAbout(op, id)
	}
	return s.call(op) + how(op) + " at " + words.At(op.Return.Time) + problem(op.Return) + s.hitAbout(op, id)
}

// how returns the verb for the outcome of an operation that returned.
func how(op *history.Operation) string {
	return map[history.Type]string{history.OK: " succeeded", history.Fail: " failed", history.Info: " ended"}[op.Outcome()]
}

// alike reports whether calls ended in the same way.
func alike(ops []*history.Operation) bool {
	return !slices.ContainsFunc(ops, func(op *history.Operation) bool {
		return op.Return == nil || op.Outcome() != ops[0].Outcome() || problem(op.Return) != problem(ops[0].Return)
	})
}

// mostProblem is how much of an error is shown, in characters.
const mostProblem = 120

// problem returns the error of a call as text, or "".
func problem(e *history.Event) string {
	if e.Error == nil {
		return ""
	}
	text := e.Error.Code
	if m := e.Error.Message; m != "" && m != text {
		text = strings.TrimPrefix(text+": "+m, ": ")
	}
	return " with " + printable.Text(strings.ReplaceAll(text, "\n", "; "), mostProblem)
}

// release returns the call that was to end the stay that a call began; nil if there was none.
func (s *search) release(begin *history.Operation) *history.Operation {
	for _, op := range s.key.Ops() {
		if op.Client != begin.Client || op.Invoke.Index <= begin.Invoke.Index {
			continue
		}
		if of := s.of.Operation(op.F); of.Ends || of.Begins {
			if of.Ends {
				return op
			}
			return nil
		}
	}
	return nil
}

// left describes how the calls about a remaining znode ended: the call that created it, and, if that
// succeeded, the call that was to delete it. It says that no such call followed only for a znode that
// the violation names, since the client of another znode may have kept it to the end.
func (s *search) left(made []*history.Operation, n *evidence.Znode) (text string, calls []*history.Operation) {
	if len(made) == 0 {
		return "", nil
	}
	op := made[0]
	if len(made) > 1 || !s.of.Operation(op.F).Begins || op.Outcome() != history.OK {
		return sentence(s.ended(made, n.Maker)), made
	}
	r := s.release(op)
	switch {
	case r == nil && s.blamed[n]:
		return sentence(s.ended(made, n.Maker) + ", and no call to end it followed"), made
	case r == nil:
		return "", nil
	}
	if n.Deleted != evidence.StillThere && (r.Return == nil || n.Deleted <= s.ceil(r.Return.Time)) {
		return "", nil // the call may have deleted it
	}
	text = s.ended([]*history.Operation{r}, n.Maker)
	if r.Outcome() == history.OK {
		text += ", but the znode stayed"
	}
	return sentence(text), []*history.Operation{op, r}
}

// shortlyBefore is how long before a call a fault may have been that still explains how the call ended:
// a client may notice a broken connection later.
const shortlyBefore = time.Second

// mostHits is the maximum number of faults named for one call: the last ones, which are nearest to
// its end.
const mostHits = 2

// hitAbout names the faults that hit the client of a call during the call, or the last fault
// shortly before it. If there was none, it names the last fault that hit something that every
// client needs. For a call that succeeded it names none.
func (s *search) hitAbout(op *history.Operation, id history.ID) (text string) {
	if op.Outcome() == history.OK {
		return ""
	}
	within := func(h hit) bool { return h.from <= evidence.Ended(op) && h.to >= op.Began() }
	about := func(h hit) bool { return h.from <= evidence.Ended(op) && h.to >= op.Began()-shortlyBefore }
	hits := last(s.actors.hits[id], mostHits, within)
	if len(hits) == 0 {
		hits = last(s.actors.hits[id], 1, about)
	}
	for _, h := range hits {
		text += "; " + s.fault(h.kind) + " hit this client between " + words.At(h.from) + " and " + words.At(h.to)
	}
	if text != "" {
		return text
	}
	for _, h := range last(s.actors.general, 1, func(h hit) bool { return about(h) && h.concerns(s.Params.Root+"/"+s.key.Name) }) {
		text = "; " + s.fault(h.kind) + " was in force from " + words.At(h.from) + h.until()
	}
	return text
}

// fault names a kind of fault.
func (s *search) fault(kind string) string {
	if !slices.Contains(s.faults, kind) {
		s.faults = append(s.faults, kind)
	}
	return "zklab's fault " + kind
}

// last returns the last n hits for which matter returns true, in order.
func last(all []hit, n int, matter func(hit) bool) (of []hit) {
	for _, h := range all {
		if matter(h) {
			of = append(of, h)
		}
	}
	slices.SortStableFunc(of, func(x, y hit) int { return cmp.Compare(x.from, y.from) })
	return of[max(0, len(of)-n):]
}
