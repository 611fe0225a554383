package locks

import (
	"fmt"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
)

// An exclusive hold for the reference model: it is acquired when no client owns it, and ended by its
// owner, by release or by death.
var exclusionReference = &frame.Reference{
	Covers:     []string{"exclusion"},
	Operations: holdOperations,
	Model:      func(*evidence.Record) porcupine.Model { return holdModel(false) },
}

// exclusionReference with tokens that rise.
var tokensReference = &frame.Reference{
	Covers:     []string{"exclusion", "tokens"},
	Applies:    gives,
	Operations: holdOperations,
	Model:      func(*evidence.Record) porcupine.Model { return holdModel(true) },
}

// holdStep is the reference model's view of a hold: its acquire, or its close.
type holdStep struct {
	hold   *hold
	closes bool
}

func holdOperations(k *evidence.Key) ([]porcupine.Operation, bool) {
	holds := holdsOf(k)
	ops := make([]porcupine.Operation, 0, 2*len(holds))
	for _, h := range holds {
		if h.death.Contradictory {
			return nil, false
		}
		ops = append(ops,
			porcupine.Operation{ClientId: h.Client, Input: holdStep{h, false}, Call: k.Clamp(h.Asked), Return: k.Clamp(h.Granted)},
			porcupine.Operation{ClientId: h.Client, Input: holdStep{h, true}, Call: k.Clamp(h.x), Return: k.Clamp(h.e)})
	}
	return ops, true
}

// holdState is the present owner, and the hold whose grant had the highest token.
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
			if withTokens && in.hold.ticket() != 0 {
				s.last = in.hold
			}
			return true, s
		},
		DescribeOperation: func(input, _ any) string {
			in := input.(holdStep)
			if in.closes {
				return fmt.Sprintf("end%s", words.WithToken(in.hold.Token))
			}
			return fmt.Sprintf("acquire%s", words.WithToken(in.hold.Token))
		},
		DescribeState: func(state any) string {
			if h := state.(holdState).owner; h != nil {
				return fmt.Sprintf("client %d holds", h.Client)
			}
			return "free"
		},
	}
}

// rises reports whether a hold may, by its token, be granted after the last one.
func (s holdState) rises(h *hold) bool {
	return s.last == nil || h.ticket() == 0 || h.Token.Compare(s.last.Token) > 0 || h.Token == s.last.Token && sameNode(s.last, h)
}
