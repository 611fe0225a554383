package checker

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/history"
)

// A double barrier for the referee: who is present, and moments at which that
// must be enough, or nobody else.
var (
	enterReferee = &referee{
		covers: []string{"enter"}, refines: true,
		operations: func(a *analysis, k *keyRecord) ([]porcupine.Operation, bool) { return gateOperations(a, k, false) },
		model:      gateModel,
	}
	leaveReferee = &referee{
		covers: []string{"enter", "leave"}, refines: true,
		operations: func(a *analysis, k *keyRecord) ([]porcupine.Operation, bool) { return gateOperations(a, k, true) },
		model:      gateModel,
	}
)

type gateKind int

const (
	arrives gateKind = iota // becomes present, unless it is gone
	passes                  // enough are present, this one among them
	departs                 // is gone
	gotOut                  // nobody else is present
)

// gateStep is one step of one call of a member.
type gateStep struct {
	kind   gateKind
	member int      // its place in the state
	calls  []uint64 // of each seat, as bits of the state
	own    uint64   // of this client
	maybe  bool
}

// gateMembers is the largest round that the referee takes: a state has two bits
// a call.
const gateMembers = 32

func gateOperations(a *analysis, k *keyRecord, out bool) ([]porcupine.Operation, bool) {
	r := k.round(a)
	if len(r.members) > gateMembers || a.params.Parties <= 0 {
		return nil, false
	}
	var ops []porcupine.Operation
	add := func(client int, in gateStep, s span) {
		if s.from <= s.to {
			ops = append(ops, porcupine.Operation{ClientId: client, Input: in, Call: a.clamp(s.from), Return: a.clamp(s.to)})
		}
	}
	own, seats := map[int]uint64{}, map[seat]uint64{}
	for i, m := range r.members {
		own[m.client] |= 1 << i
		seats[m.seat(i)] |= 1 << i
	}
	calls := slices.Collect(maps.Values(seats))
	for i, m := range r.members {
		if m.death.contradictory {
			return nil, false
		}
		call := span{m.enter.Began(), ended(m.enter)}
		switch m.enter.Outcome() {
		case history.OK:
			add(m.client, gateStep{kind: arrives, member: i}, call)
			add(m.client, gateStep{kind: passes, member: i, calls: calls}, call)
		case history.Fail: // it gave up, and withdrew before it said so
			add(m.client, gateStep{kind: arrives, member: i, maybe: true}, call)
			add(m.client, gateStep{kind: departs, member: i}, call)
		default:
			add(m.client, gateStep{kind: arrives, member: i, maybe: true}, span{call.from, never})
			if m.enter.Return != nil {
				add(m.client, gateStep{kind: departs, member: i, maybe: true}, span{call.from, never})
			}
		}
		for _, l := range m.leaves {
			add(m.client, gateStep{kind: departs, member: i, maybe: l.Outcome() != history.OK}, span{l.Began(), known(l)})
		}
		add(m.client, gateStep{kind: departs, member: i, maybe: m.death.hi == never}, span{m.death.lo, m.death.hi})
	}
	if out {
		for _, l := range r.leaves {
			add(l.Client, gateStep{kind: gotOut, own: own[l.Client]}, span{l.Began(), l.Return.Time})
		}
	}
	return ops, true
}

// gateState has a bit for each call: who is present, and who is gone.
type gateState struct{ present, gone uint64 }

// seats counts who is present.
func (s gateState) seats(calls []uint64) int {
	n := 0
	for _, own := range calls {
		if s.present&own != 0 {
			n++
		}
	}
	return n
}

func gateModel(a *analysis) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{gateState{}} },
		Step: func(state, input, _ any) []any {
			s, in := state.(gateState), input.(gateStep)
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
				if s.present&bit == 0 || s.seats(in.calls) < a.params.Parties {
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
			in := input.(gateStep)
			text := [...]string{"arrives", "passes", "departs", "gets out"}[in.kind]
			if in.maybe {
				text += "?"
			}
			return text
		},
		DescribeState: func(state any) string { return fmt.Sprintf("%d present", bits.OnesCount64(state.(gateState).present)) },
	}
	return m.ToModel()
}
