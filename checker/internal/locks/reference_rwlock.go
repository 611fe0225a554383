package locks

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// Holds of a read-write lock for the reference model: each is acquired, perhaps downgraded, and
// closed, by release or by death.
var rwReference = &frame.Reference{
	Covers:     []string{"exclusion"},
	Operations: rwOperations,
	Model:      func(*evidence.Record) porcupine.Model { return rwModel(false) },
	Size:       func(state any) int { return len(state.(rwState).open) },
}

// rwReference with tokens.
var rwTokensReference = &frame.Reference{
	Covers:     []string{"exclusion", "tokens"},
	Applies:    gives,
	Operations: rwOperations,
	Model:      func(*evidence.Record) porcupine.Model { return rwModel(true) },
	Size:       rwReference.Size,
}

// rwStep is the reference model's view of a hold: its acquire, its downgrade, or its close.
type rwStep struct {
	hold  *hold
	what  string
	twice bool // another hold has the same token
}

const (
	rwAcquires   = "acquire"
	rwDowngrades = "downgrade"
	rwCloses     = "end"
)

func rwOperations(k *evidence.Key) ([]porcupine.Operation, bool) {
	var ops []porcupine.Operation
	with := map[history.ID]int{}
	for _, h := range holdsOf(k) {
		with[h.ticket()]++
	}
	add := func(h *hold, what string, call, ret int64) {
		step := rwStep{h, what, h.ticket() != 0 && with[h.ticket()] > 1}
		ops = append(ops, porcupine.Operation{ClientId: h.Client, Input: step, Call: call, Return: ret})
	}
	for _, h := range holdsOf(k) {
		if h.death.Contradictory {
			return nil, false
		}
		add(h, rwAcquires, k.Clamp(h.Asked), k.Clamp(h.Granted))
		if h.Downgraded != nil { // a downgrade may take effect late; once the hold is over it has no effect
			add(h, rwDowngrades, k.Clamp(h.Downgraded.Began()), k.Clamp(evidence.Never))
		}
		add(h, rwCloses, k.Clamp(h.x), k.Clamp(h.e))
	}
	return ops, true
}

// rwState is the open holds, and the highest tokens that were granted.
type rwState struct {
	open       string // the ids of holds, each between spaces; that of a writer after a w
	all, wrote history.ID
}

func (h *hold) key(writes bool) string {
	if writes {
		return fmt.Sprintf(" w%d ", h.id)
	}
	return fmt.Sprintf(" %d ", h.id)
}

func rwModel(withTokens bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return rwState{} },
		Step: func(state, input, _ any) (bool, any) {
			s, in := state.(rwState), input.(rwStep)
			switch in.what {
			case rwDowngrades:
				s.open = strings.Replace(s.open, in.hold.key(true), in.hold.key(false), 1)
				return true, s
			case rwCloses:
				left := strings.Replace(strings.Replace(s.open, in.hold.key(true), "", 1), in.hold.key(false), "", 1)
				held := left != s.open
				s.open = left
				return held, s
			}
			if withTokens && in.twice {
				return false, s
			}
			return s.acquire(in.hold, withTokens)
		},
		DescribeOperation: func(input, _ any) string {
			in := input.(rwStep)
			return in.what + " to " + in.hold.mode() + words.WithToken(in.hold.Token)
		},
		DescribeState: func(state any) string {
			s := state.(rwState)
			return fmt.Sprintf("%d write, %d held", strings.Count(s.open, "w"), strings.Count(s.open, " ")/2)
		},
	}
}

// acquire is the step of a grant.
func (s rwState) acquire(h *hold, withTokens bool) (bool, any) {
	if strings.Contains(s.open, "w") || !h.Reads && s.open != "" {
		return false, s
	}
	if t := h.ticket(); withTokens && t != 0 {
		above := s.all
		if h.Reads {
			above = s.wrote
		}
		if above != 0 && t.Compare(above) <= 0 {
			return false, s
		}
		s.all = higher(s.all, t)
		if !h.Reads {
			s.wrote = t
		}
	}
	s.open += h.key(!h.Reads)
	return true, s
}

func higher(a, b history.ID) history.ID {
	if a.Compare(b) > 0 {
		return a
	}
	return b
}
