package checktest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// GeneratePicks makes a history of one service in which more happens than in a workload: calls of
// unknown outcome that take effect late or never, sessions that end and instances that come back in the
// next ones, processes that end, znodes that a fault deletes, and picks all the time.
func GeneratePicks(rng *rand.Rand, how Kind) *history.History {
	clients := 2 + rng.IntN(3)
	w := &pickWorld{groupWorld: newGroupWorld(rng, how, models.Discovery.Name, clients), away: make([]string, clients)}
	steps := 20 + rng.IntN(40)
	wild := 2 + rng.IntN(3)*20 // in some histories nearly everything is known
	for range steps {
		w.now += rng.IntN(4)
		c := rng.IntN(clients)
		if rng.IntN(100) < wild {
			w.wild(c, rng.IntN(6))
		} else {
			w.tame(c, rng.IntN(14))
		}
	}
	for c := range clients {
		if rng.IntN(4) > 0 {
			w.touch(c)
		}
	}
	return w.Build()
}

// pickWorld is a service in which anything may go wrong except what was promised.
type pickWorld struct {
	*groupWorld
	away  []string // each client's instance that went with its session; "": none
	stray []string // instances of no client, to be removed some time
	lost  []string // instances of calls that were given up, which may still appear
}

// alter makes a version of the service in which a member comes or goes.
func (w *pickWorld) alter(member string, there bool) {
	w.Touches(w.session[0])
	w.change(func(set map[string]bool) {
		delete(set, member)
		if there {
			set[member] = true
		}
	})
}

// tame does something that a workload also does.
func (w *pickWorld) tame(c, kind int) {
	switch kind {
	case 0, 1, 2:
		switch {
		case w.away[c] != "":
			w.back(c)
		case w.member[c] == "":
			w.join(c)
		default:
			w.leave(c)
		}
	case 3:
		w.touch(c)
	case 4, 5, 6, 7:
		w.tell(c)
	default:
		if w.how == Constructed || w.how == mutated && w.rng.IntN(2) > 0 {
			w.pick(c, false)
			return
		}
		w.pickWrongly(c)
	}
}

// pickWrongly adds a pick of a member that was there at any time, or of a member that exists for
// other clients, or of none.
func (w *pickWorld) pickWrongly(c int) {
	w.call(c, Args{F: models.FPick}, func() any {
		from := w.versions[w.rng.IntN(w.told[c]+1)].members
		switch w.rng.IntN(4) {
		case 0:
			from = w.anybody()
		case 1:
			from = nil
		}
		if len(from) == 0 {
			return models.Picked{}
		}
		return models.Picked{Member: from[w.rng.IntN(len(from))]}
	})
}

// wild makes a change that no client asked for.
func (w *pickWorld) wild(c, kind int) {
	switch kind {
	case 0:
		w.lose(c)
	case 1:
		w.joinUnknown(c)
	case 2:
		w.leaveUnknown(c)
	case 3:
		w.crash(c)
	case 4:
		w.later()
	default:
		if w.rng.IntN(4) == 0 && w.member[c] != "" {
			w.delete(c)
		}
	}
}

// back registers an instance whose session ended again, or unregisters it.
func (w *pickWorld) back(c int) {
	member := w.away[c]
	w.away[c], w.member[c] = "", member
	if w.rng.IntN(3) == 0 {
		w.leave(c)
		return
	}
	w.Connected(w.now, c, w.session[c])
	w.alter(member, true)
}

// lose ends a client's session. The record may show nothing about the time of the end but the
// session's last write.
func (w *pickWorld) lose(c int) {
	member := w.member[c]
	w.die(c)
	w.away[c] = member
	if w.rng.IntN(2) == 0 {
		w.Connected(w.now, c, w.session[c])
	}
}

// joinUnknown adds a registration of unknown outcome: it had no effect, and what it left is removed
// later.
func (w *pickWorld) joinUnknown(c int) {
	if w.member[c] != "" || w.away[c] != "" {
		return
	}
	w.names++
	member := fmt.Sprintf("m%d", w.names)
	w.call(c, Args{F: models.FRegister, In: models.Joining{Member: member}, Outcome: history.Info}, func() any {
		switch w.rng.IntN(3) {
		case 0:
			w.alter(member, true)
			w.stray = append(w.stray, member)
		case 1:
			w.lost = append(w.lost, member)
		}
		return nil
	})
}

// leaveUnknown adds an unregistration of unknown outcome: it takes effect later.
func (w *pickWorld) leaveUnknown(c int) {
	member := w.member[c]
	if member == "" {
		return
	}
	w.member[c] = ""
	w.call(c, Args{F: models.FUnregister, In: models.Joining{Member: member}, Outcome: history.Info}, func() any {
		if w.rng.IntN(2) == 0 {
			w.alter(member, false)
		} else {
			w.stray = append(w.stray, member)
		}
		return nil
	})
}

// crash ends a client's process. Its session lives on for a while, and the next process does not
// know anything yet.
func (w *pickWorld) crash(c int) {
	w.now = max(w.now, w.free[c]+1)
	w.Exited(w.now, c, history.ByCrash).Started(w.now+1, c)
	w.now++
	w.free[c] = w.now
	if w.member[c] != "" {
		w.stray = append(w.stray, w.member[c])
	}
	w.member[c], w.away[c], w.told[c] = "", "", 0
	w.open(c)
}

// later lets a call of unknown outcome take effect.
func (w *pickWorld) later() {
	switch {
	case len(w.lost) > 0 && w.rng.IntN(2) == 0:
		w.alter(w.lost[0], true)
		w.stray, w.lost = append(w.stray, w.lost[0]), w.lost[1:]
	case len(w.stray) > 0:
		i := w.rng.IntN(len(w.stray))
		w.alter(w.stray[i], false)
		w.stray = slices.Delete(w.stray, i, i+1)
	}
}

// delete adds a fault that removes an instance, which comes back.
func (w *pickWorld) delete(c int) {
	w.Fault(kinds.Recreate.Name, w.now, w.now+2, c)
	w.now++
	w.alter(w.member[c], false)
	w.now++
	w.alter(w.member[c], true)
}
