package locks

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// Leases for the reference model: a lease is acquired only while not all leases are held, and ends
// by release or by death.
var boundReference = &frame.Reference{
	Covers:     []string{"bound"},
	Applies:    tellsLeases,
	Operations: holdOperations,
	Model:      func(a *evidence.Record) porcupine.Model { return leaseModel(a.Params.Leases, false) },
	Size:       func(state any) int { return len(state.(leaseState).open) },
}

// boundReference with tickets that rise. If a hold continues in a newer session of its client, only
// a search considers its ticket and its lease together: the check of the order of tickets knows
// when it was granted, and the sweep knows how long it lasts.
var fairReference = &frame.Reference{
	Refines:    true,
	Covers:     []string{"bound", "fair"},
	Applies:    func(a *evidence.Record) bool { return tellsLeases(a) && gives(a) },
	Operations: holdOperations,
	Model:      func(a *evidence.Record) porcupine.Model { return leaseModel(a.Params.Leases, true) },
	Size:       boundReference.Size,
}

func tellsLeases(a *evidence.Record) bool { return a.Params.Leases > 0 }

// leaseState is the open holds, and the highest ticket that was granted.
type leaseState struct {
	open   string // the ids of holds, each between spaces, in the order of their grants
	ticket history.ID
}

func leaseModel(leases int, fair bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return leaseState{} },
		Step: func(state, input, _ any) (bool, any) {
			s, in := state.(leaseState), input.(holdStep)
			id := fmt.Sprintf(" %d ", in.hold.id)
			if in.closes {
				before, after, held := strings.Cut(s.open, id)
				s.open = before + after
				return held, s
			}
			ticket := in.hold.ticket()
			if in.hold.cameBefore() {
				ticket = 0
			}
			if strings.Count(s.open, " ") >= 2*leases || fair && ticket != 0 && s.ticket != 0 && ticket.Compare(s.ticket) <= 0 {
				return false, s
			}
			s.open += id
			if fair && ticket != 0 {
				s.ticket = ticket
			}
			return true, s
		},
		DescribeOperation: func(input, _ any) string { return holdModel(false).DescribeOperation(input, nil) },
		DescribeState: func(state any) string {
			return fmt.Sprintf("%d held", strings.Count(state.(leaseState).open, " ")/2)
		},
	}
}
