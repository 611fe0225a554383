package checker

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// An exclusive hold for the referee: it is acquired when nobody owns it, and
// closed, by release or by death, by its owner.
var exclusionReferee = &referee{
	covers:     []string{"exclusion"},
	operations: holdOperations,
	model:      func(*analysis) porcupine.Model { return holdModel(false) },
}

// The same with tokens that rise.
var tokensReferee = &referee{
	covers:     []string{"exclusion", "tokens"},
	applies:    gives,
	operations: holdOperations,
	model:      func(*analysis) porcupine.Model { return holdModel(true) },
}

// holdStep is what the referee sees of a hold: its acquire, or its close.
type holdStep struct {
	hold   *hold
	closes bool
}

func holdOperations(a *analysis, k *keyRecord) ([]porcupine.Operation, bool) {
	holds := k.holds(a)
	ops := make([]porcupine.Operation, 0, 2*len(holds))
	for _, h := range holds {
		if h.death.contradictory {
			return nil, false
		}
		ops = append(ops,
			porcupine.Operation{ClientId: h.client, Input: holdStep{h, false}, Call: a.clamp(h.ai), Return: a.clamp(h.ao)},
			porcupine.Operation{ClientId: h.client, Input: holdStep{h, true}, Call: a.clamp(h.x), Return: a.clamp(h.e)})
	}
	return ops, true
}

// holdState is who owns, and whose grant had the highest token.
type holdState struct {
	owner *hold
	last  *hold
}

func holdModel(withTokens bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return holdState{} },
		Step: func(state, input, _ any) (bool, any) {
			s, in := state.(holdState), input.(holdStep)
			if in.closes {
				ok := s.owner == in.hold
				s.owner = nil
				return ok, s
			}
			if s.owner != nil || withTokens && !s.rises(in.hold) {
				return false, s
			}
			s.owner = in.hold
			if withTokens && in.hold.token != 0 {
				s.last = in.hold
			}
			return true, s
		},
		DescribeOperation: func(input, _ any) string {
			in := input.(holdStep)
			if in.closes {
				return fmt.Sprintf("end%s", withToken(in.hold.token))
			}
			return fmt.Sprintf("acquire%s", withToken(in.hold.token))
		},
		DescribeState: func(state any) string {
			if h := state.(holdState).owner; h != nil {
				return fmt.Sprintf("client %d holds", h.client)
			}
			return "free"
		},
	}
}

// rises says that a hold may be granted after the last one, by its token.
func (s holdState) rises(h *hold) bool {
	return s.last == nil || h.token == 0 || h.token > s.last.token || h.token == s.last.token && sameNode(s.last, h)
}
