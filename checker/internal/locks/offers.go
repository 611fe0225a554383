package locks

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// wantsToken and wantsLost name what a subject would have to offer.
func wantsToken(a *evidence.Record) string {
	return a.Object.Subject() + " gives no token: it has no Fence"
}

func wantsLost(a *evidence.Record) string {
	return a.Object.Subject() + " does not tell when a hold is lost: it has no Lost"
}

// offersOf returns what the subject of a hold offers, including what the record itself shows: if
// there are tokens or confirms, the subject offers them.
var offersOf = evidence.Once(func(a *evidence.Record) history.Offers {
	o := a.Offers
	for _, k := range a.Keys {
		for _, op := range k.Ops() {
			if op.Outcome() != history.OK {
				continue
			}
			switch {
			case op.F == models.FConfirm && !a.Foreign:
				o.TellsLost = true
			case op.F == models.FAcquire && !o.Fencing:
				var g models.Grant
				a.Decode(op.Return, &g)
				o.Fencing = g.Token != 0
			}
		}
	}
	return o
})
