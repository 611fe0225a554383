package locks

import (
	"fmt"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file explains why too few clients met a holder, and what helps: either they did not
// meet, or nothing proves that the holders held.

// few extends a text about what is missing by its cause, and by what helps. would names the
// violation that could not happen without contention.
func few(a *evidence.Record, missing, would string) string {
	if why := uncertain(a); why != "" {
		return missing + ": " + why
	}
	return missing + ": too little contention for " + would + " to be possible; " + advice.MoreHolders.Text()
}

// uncertain explains why most holds have no certain interval, and
// what would give them one. It returns "" if most have one.
func uncertain(a *evidence.Record) string {
	holds, without, unnamed, several := 0, 0, 0, 0
	for _, k := range a.Keys {
		for _, h := range granted(holdsOf(k)) {
			holds++
			if h.core() {
				continue
			}
			without++
			switch len(h.death.Owners) {
			case 0:
				unnamed++
			case 1:
			default:
				several++
			}
		}
	}
	if holds == 0 || 2*without <= holds {
		return ""
	}
	text := fmt.Sprintf("%d of %s have no certain time, since ", without, prose.Count(holds, "hold"))
	const session = "a subject with connections of its own has to say whose each hold is (Session)"
	switch {
	case 2*unnamed > without:
		return text + "no session is known that they belong to: " + session
	case 2*several > without:
		return text + "their clients had several sessions, and nothing shows which of them they belong to: " + session
	case a.Log == nil:
		return text + "no request of their sessions is known to have been answered by a quorum after the grant, and the record has no transactions of the ensemble, which would show when sessions ended"
	}
	return text + "neither answered requests nor the transactions of the ensemble show that their sessions lived after the grant"
}
