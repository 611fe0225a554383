package groups

import (
	"fmt"
	"math"
	"strings"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// A group for the reference model: which members have joined, and which have left. Its time counts
// zxids: the effect of a join or a leave has a zxid above what its session had seen when it was
// called, and at most what it had seen when it was answered. A list shows the state at that zxid or
// a later one. So the model also finds lists that are right about every single member, but not
// about all of them at one moment.
var reference = &frame.Reference{
	Covers:     []string{"fresh"},
	Refines:    true,
	Operations: operations,
	Model:      func(*evidence.Record) porcupine.Model { return spec },
	Size:       func(state any) int { return len(state.(string)) },
}

// step is a join, a leave or a list for the reference model. A call to join that may create a
// member's znode more than once is two steps: between them, lists may or may not show the member.
type step struct {
	text     string
	member   int // the place of the member that joins or leaves; -1 for a list
	was, now byte
	must     map[int]bool // of a list: the members that it must show if they are there, since they had not gone; it may show the others
	shown    map[int]bool
	there    map[int]bool // those of the shown members whose names no other member has: they must be there
	size     int          // the number of members
}

// The states of a member.
const (
	notYet  = 'n'
	joining = 'j'
	there   = 't'
	hasGone = 'g'
)

// behind and by are places on the reference model's axis: right after a transaction, and at it.
func behind(zxid uint64) int64 { return int64(min(zxid, math.MaxInt64/4))*2 + 1 }
func by(zxid uint64) int64     { return int64(min(zxid, math.MaxInt64/4)) * 2 }

// wrote reports whether the session of an operation has seen a higher zxid since it was called. If not,
// the operation wrote nothing.
func wrote(op *history.Operation) bool { return op.Invoke.Seen.Compare(op.Return.Seen) < 0 }

// from returns the zxid above which an operation had its effect: what its session had seen when it was
// called. An operation that succeeded although its session has seen no more since then wrote nothing:
// its effect is older, and it is not known how old.
func from(op *history.Operation, by int64) int64 {
	if op.Outcome() == history.OK && !wrote(op) {
		return 0
	}
	return min(behind(uint64(op.Invoke.Seen)), by)
}

// dated returns the members for which it is known by which zxid they joined, or, if that is not
// certain, by which they left.
func (g *group) dated() []*member {
	var all []*member
	for m := range g.all() {
		if m.joined() && g.doneBy(m.join) != 0 || g.goneBy(m) != 0 {
			all = append(all, m)
		}
	}
	return all
}

// steps returns the join and the leave of a member as steps. If it is not certain that the member
// joined, the join comes right before the leave, so that no list need show it.
func (g *group) steps(m *member, i, size int) (ops []porcupine.Operation) {
	joined, gone := by(g.changedBy(m)), g.goneBy(m)
	began := from(m.join, joined)
	change := func(what string, client int, was, now byte, call, ret int64) {
		ops = append(ops, porcupine.Operation{
			ClientId: client, Input: &step{text: what + " " + m.name, member: i, was: was, now: now, size: size}, Call: call, Return: ret,
		})
	}
	if m.joined() && !m.steady {
		change("begin to join", m.join.Client, notYet, joining, began, began)
		change("join", m.join.Client, joining, there, began, joined)
	} else {
		change("join", m.join.Client, notYet, there, began, joined)
	}
	if gone == 0 {
		return ops
	}
	left, asked := m.gone(), m.join // an earlier leave of unknown outcome, or the end of the session, may have done it
	if m.leaves[0] == left && wrote(left) {
		asked = left
	}
	change("leave", left.Client, there, hasGone, from(asked, by(gone)), by(gone))
	return ops
}

// changedBy returns the zxid by which a member had joined or, if that is not certain, by which it had
// left.
func (g *group) changedBy(m *member) uint64 {
	if z := g.doneBy(m.join); m.joined() && z != 0 {
		return z
	}
	return g.goneBy(m)
}

func operations(k *evidence.Key) ([]porcupine.Operation, bool) {
	g := groupOf(k)
	var ops []porcupine.Operation
	known := g.dated()
	for i, m := range known {
		ops = append(ops, g.steps(m, i, len(known))...)
	}
	for _, l := range g.looks {
		if l.set == nil || !lists(l.op) || g.toldOf(l) == 0 {
			continue
		}
		s := &step{text: fmt.Sprint("list: ", models.Listed(l.names())), member: -1, must: map[int]bool{}, shown: map[int]bool{}, there: map[int]bool{}, size: len(known)}
		for i, m := range known {
			if m.joined() && m.until >= l.op.Return.Time {
				s.must[i] = true
			}
			if l.set[m.name] {
				s.shown[i], s.there[i] = true, m == g.only(m.name)
			}
		}
		high := int64(math.MaxInt64 / 2)
		if z, _, ok := g.Tie().Ceil(l.op.Return.Time); ok {
			high = by(z)
		}
		ops = append(ops, porcupine.Operation{ClientId: l.op.Client, Input: s, Call: behind(g.toldOf(l)), Return: max(high, behind(g.toldOf(l)))})
	}
	return ops, true
}

var spec = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, _ any) (bool, any) {
		now, s := state.(string), input.(*step)
		if now == "" {
			now = strings.Repeat(string(notYet), s.size)
		}
		if s.member >= 0 {
			return now[s.member] == s.was, with(now, s.member, s.now)
		}
		for i := range len(now) {
			if now[i] != there && now[i] != joining && s.there[i] || s.must[i] && (now[i] == hasGone || now[i] == there && !s.shown[i]) {
				return false, nil
			}
		}
		return true, now
	},
	DescribeOperation: func(input, _ any) string { return input.(*step).text },
	DescribeState:     func(state any) string { return state.(string) },
}

func with(now string, at int, status byte) string { return now[:at] + string(status) + now[at+1:] }
