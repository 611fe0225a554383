package checktest

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Counter begins the record of a counter k, as zklab writes it.
func Counter() *Record {
	return Ours(models.Counter.Name, history.Params{Clients: 3}).Phases(0, 1000, 1100)
}

// Raise adds an addition of one. It returned sum, or, if sum is 0, its outcome is unknown.
func (r *Record) Raise(client, inv, ret int, sum int64) *Record {
	o := Args{Client: client, F: models.FAdd, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, In: models.Addition{Delta: 1}, Session: history.ID(client + 1)}
	if sum == 0 {
		o.Outcome, o.code = history.Info, "connection-loss"
	} else {
		o.Out = models.Count{Value: sum}
	}
	return r.Op(o)
}

// Swap adds a compare-and-set to the next value.
func (r *Record) Swap(client, inv, ret int, from int64, outcome history.Type) *Record {
	return r.Op(Args{Client: client, F: models.FCAS, Key: "k", Inv: inv, Ret: ret, Outcome: outcome, In: models.CountSwap{From: from, To: from + 1}, Session: history.ID(client + 1)})
}

// Tell adds a read of a counter.
func (r *Record) Tell(client, inv, ret int, kind string, value int64) *Record {
	return r.Op(Args{Client: client, F: models.FRead, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, In: models.HowRead{Kind: kind}, Out: models.Count{Value: value}, Session: history.ID(client + 1)})
}

// Sent sets the time at which the session of the last operation sent its latest request that a
// quorum had answered by the operation's return; 0: never.
func (r *Record) Sent(at int) *Record {
	for i := len(r.Events) - 1; i >= 0; i-- {
		if e := &r.Events[i]; e.Process >= 0 {
			e.Seen, e.Alive = 1, time.Duration(at)*Unit
			break
		}
	}
	return r
}

var _ = goesWell(models.Counter.Name, goodCounter)

// goodCounter has two clients change a counter at once, and a third one read it.
func goodCounter(r *Record, n int) int {
	t, v := 10, int64(0)
	for range n {
		r.Raise(0, t, t+4, v+1).Raise(1, t+1, t+6, v+2)
		r.Tell(2, t+2, t+3, models.ReadPlain, v)
		r.Swap(0, t+8, t+10, v+2, history.OK).Swap(1, t+8, t+11, v+2, history.Fail)
		r.Tell(2, t+12, t+13, models.ReadFenced, v+3).Sent(t + 12)
		v, t = v+3, t+20
	}
	return t
}
