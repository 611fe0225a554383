package sample

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

// Crash returns the history of a lock whose holder is killed and comes back after another one has held, or
// whose holder goes on believing meanwhile.
func Crash(crashes bool) *history.History {
	b := historytest.New(models.Lock.Name)
	held := models.Held{Held: true}
	op := func(client int, session history.ID, f string, from, to float64, arg, result any) {
		b.Op(client, f, "k", from, to, history.OK, arg, result).Session(session).Alive(from)
	}
	op(0, 0xa, models.FAcquire, 900, 1000, nil, models.Grant{Token: 1})
	if crashes {
		b.Session(1500, 0, 0xa, history.FExited, "", history.Exited{By: history.ByCrash})
		b.Session(2000, 0, 0, history.FStarted, "", nil)
	}
	b.Session(4000, 1, 0xa, history.FDead, "", history.Dead{By: "close-reply"})
	op(1, 0xb, models.FAcquire, 1100, 4100, nil, models.Grant{Token: 2})
	if !crashes {
		b.Op(0, models.FConfirm, "k", 4290, 4300, history.OK, nil, held).Session(0xa)
	}
	op(1, 0xb, models.FRelease, 4600, 4601, held, nil)
	op(0, 0xc, models.FAcquire, 4700, 4800, nil, models.Grant{Token: 3})
	op(0, 0xc, models.FRelease, 5000, 5001, held, nil)
	return b.History()
}
