package barriers

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// A double barrier for the reference model: which members are present, and the moments at which there
// must be enough of them, or no other one.
var (
	enterReference = &frame.Reference{
		Covers: []string{"enter"}, Refines: true,
		Operations: func(k *evidence.Key) ([]porcupine.Operation, bool) {
			return roundOperations(k, false)
		},
		Model: roundSpec,
	}
	leaveReference = &frame.Reference{
		Covers: []string{"enter", "leave"}, Refines: true,
		Operations: func(k *evidence.Key) ([]porcupine.Operation, bool) {
			return roundOperations(k, true)
		},
		Model: roundSpec,
	}
)

type stepKind int

const (
	arrives stepKind = iota // becomes present, unless it is gone
	passes                  // enough members are present, including this one
	departs                 // the member is gone
	gotOut                  // no other member is present
)

// memberStep is one step of one call of a member.
type memberStep struct {
	kind   stepKind
	member int      // the call's place in the state
	calls  []uint64 // calls of each participant, as bits of the state
	own    uint64   // calls of this client
	maybe  bool
}

// mostMembers is the largest number of calls in a round for the reference model: a
// state has two bits for each.
const mostMembers = 32

func roundOperations(k *evidence.Key, out bool) ([]porcupine.Operation, bool) {
	r := roundOf(k)
	if len(r.members) > mostMembers || k.Params.Parties <= 0 {
		return nil, false
	}
	var ops []porcupine.Operation
	add := func(client int, in memberStep, s evidence.Span) {
		if s.From <= s.To {
			ops = append(ops, porcupine.Operation{ClientId: client, Input: in, Call: k.Clamp(s.From), Return: k.Clamp(s.To)})
		}
	}
	own, seats := map[int]uint64{}, map[participant]uint64{}
	for i, m := range r.members {
		own[m.client] |= 1 << i
		seats[m.participant(i)] |= 1 << i
	}
	calls := slices.Collect(maps.Values(seats))
	for i, m := range r.members {
		if m.death.Contradictory {
			return nil, false
		}
		call := evidence.Span{From: m.enter.Began(), To: evidence.Ended(m.enter)}
		switch m.enter.Outcome() {
		case history.OK:
			add(m.client, memberStep{kind: arrives, member: i}, call)
			add(m.client, memberStep{kind: passes, member: i, calls: calls}, call)
		case history.Fail: // it gave up, and withdrew before it said so
			add(m.client, memberStep{kind: arrives, member: i, maybe: true}, call)
			add(m.client, memberStep{kind: departs, member: i}, call)
		default:
			add(m.client, memberStep{kind: arrives, member: i, maybe: true}, evidence.Span{From: call.From, To: evidence.Never})
			if m.enter.Return != nil {
				add(m.client, memberStep{kind: departs, member: i, maybe: true}, evidence.Span{From: call.From, To: evidence.Never})
			}
		}
		for _, l := range m.leaves {
			add(m.client, memberStep{kind: departs, member: i, maybe: l.Outcome() != history.OK}, evidence.Span{From: l.Began(), To: evidence.EffectiveBy(l)})
		}
		add(m.client, memberStep{kind: departs, member: i, maybe: m.death.By == evidence.Never}, evidence.Span{From: m.death.From, To: m.death.By})
	}
	if out {
		for _, l := range r.leaves {
			add(l.Client, memberStep{kind: gotOut, own: own[l.Client]}, evidence.Span{From: l.Began(), To: l.Return.Time})
		}
	}
	return ops, true
}

// roundState holds two sets of members, with one bit for each member's call: those that are present, and those
// that are gone.
type roundState struct{ present, gone uint64 }

// seats counts the participants that are present.
func (s roundState) seats(calls []uint64) int {
	n := 0
	for _, own := range calls {
		if s.present&own != 0 {
			n++
		}
	}
	return n
}

func roundSpec(a *evidence.Record) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{roundState{}} },
		Step: func(state, input, _ any) []any {
			s, in := state.(roundState), input.(memberStep)
			bit := uint64(1) << in.member
			next := s
			switch in.kind {
			case arrives:
				if s.gone&bit == 0 {
					next.present |= bit
				} else if !in.maybe {
					return nil
				}
			case departs:
				next.present &^= bit
				next.gone |= bit
			case passes:
				if s.present&bit == 0 || s.seats(in.calls) < a.Params.Parties {
					return nil
				}
			case gotOut:
				if s.present&^in.own != 0 {
					return nil
				}
			}
			if in.maybe && next != s {
				return []any{next, s}
			}
			return []any{next}
		},
		DescribeOperation: func(input, _ any) string {
			in := input.(memberStep)
			text := [...]string{"arrives", "passes", "departs", "gets out"}[in.kind]
			if in.maybe {
				text += "?"
			}
			return text
		},
		DescribeState: func(state any) string { return fmt.Sprintf("%d present", bits.OnesCount64(state.(roundState).present)) },
	}
	return m.ToModel()
}
