package checktest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// GenerateRegister makes a history of one register with compare-and-sets and
// unknown outcomes: each operation happens at one moment.
func GenerateRegister(rng *rand.Rand, how Kind) *history.History {
	clients := 2 + rng.IntN(3)
	w := NewWorld(rng, Ours(models.Register.Name, history.Params{Clients: clients}), clients)
	var calls []registerCall
	versions := []string{""} // the values, by version
	t, made := 1, 0
	for range 4 + rng.IntN(8) {
		c := rng.IntN(clients)
		t = max(t, w.Free[c]) + w.UpTo(2)
		if how == random {
			t = max(w.Free[c], 1+w.UpTo(10))
		}
		args, happens := w.attempt(c, t, "k")
		x := registerCall{Args: args}
		x.Session = history.ID(c + 1)
		now := versions[len(versions)-1]
		if how == random {
			now = versions[rng.IntN(len(versions))]
		}
		switch rng.IntN(3) {
		case 0:
			x.F, x.Outcome, x.Ret = models.FRead, history.OK, max(x.Ret, t)
			x.value, x.version = now, slices.Index(versions, now)
		default:
			made++
			x.F, x.value = models.FWrite, fmt.Sprintf("v%d", made)
			if rng.IntN(2) == 0 {
				x.F, x.from = models.FCAS, now
			}
			if happens {
				versions = append(versions, x.value)
				x.version = len(versions) - 1
			}
		}
		w.Free[c] = max(x.Ret, x.Inv) + 1
		calls = append(calls, x)
	}
	if how == mutated {
		x, y := &calls[rng.IntN(len(calls))], &calls[rng.IntN(len(calls))]
		switch {
		case x.F == models.FRead:
			x.version = rng.IntN(len(versions))
			x.value = versions[x.version]
		case x.F == models.FCAS && rng.IntN(2) == 0:
			x.from = versions[rng.IntN(len(versions))]
		case y.F == models.FRead:
			y.Ret = y.Inv
		default:
			x.Outcome = history.Fail
		}
	}
	for _, x := range calls {
		w.Op(x.args())
	}
	return w.Build()
}

// registerCall is a call of a register, with the value that it reads or writes.
type registerCall struct {
	Args
	value, from string
	version     int
}

func (x *registerCall) args() Args {
	switch x.F {
	case models.FRead:
		x.In, x.Out = models.HowRead{Kind: models.ReadFenced}, Reading(x.value, x.version)
	case models.FWrite:
		x.In = models.Writing{Value: x.value}
	case models.FCAS:
		x.In = models.Swap{From: x.from, To: x.value}
	}
	if x.F != models.FRead && x.Outcome == history.OK {
		x.Zxid, x.Out = history.ID(16*x.version), models.Stored{Version: int32(x.version)}
	}
	return x.Args
}
