package checktest

import (
	"cmp"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Grant is a hold: acquired in [Inv,Ret] and, if Release ≥ 0, released by a call that
// took 5 ms.
type Grant struct {
	Client   int
	Inv, Ret int
	Release  int
	Outcome  history.Type // of the release; "" is ok
	Unheld   bool         // the release found the hold lost
	Token    history.ID
	Session  history.ID
	Was      history.ID // the client's session at the invocation, if that was another one
	Alive    int        // last proof of life, seen at the end; 0 means the time of the release
	Wish     any        // what the hold is for; nil: there is nothing to choose
}

func (r *Record) Hold(g Grant) *Record {
	s := g.Session
	if s == 0 {
		s = history.ID(g.Client + 1)
	}
	r.Op(Args{Client: g.Client, F: models.FAcquire, Key: "k", Inv: g.Inv, Ret: g.Ret, Outcome: history.OK, In: g.Wish, Out: models.Grant{Token: g.Token}, Session: s, Was: g.Was})
	alive := g.Alive
	if alive == 0 {
		alive = max(g.Release, g.Ret)
	}
	if g.Release >= 0 {
		o := cmp.Or(g.Outcome, history.OK)
		r.Op(Args{Client: g.Client, F: models.FRelease, Key: "k", Inv: g.Release, Ret: g.Release + 5, Outcome: o, In: models.Held{Held: !g.Unheld, Token: g.Token}, Session: s})
	}
	return r.Proof(g.Client, s, alive)
}

// Proof adds a fact that shows a session alive at a moment.
func (r *Record) Proof(client int, s history.ID, alive int) *Record {
	return r.Add(alive, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected, Session: s, Alive: time.Duration(alive) * Unit})
}

// Refused adds an acquire that returned an error.
func (r *Record) Refused(client, inv, ret int) *Record {
	r.Call(client, models.FAcquire, inv, ret, history.Info)
	r.Events[len(r.Events)-1].Error = &history.Error{Code: "error", Message: "deadlock"}
	return r
}

// Paused adds a fault that was in effect from one moment to another.
func Paused(r *Record, from, to int) *Record {
	return r.Fact(from, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).
		Fact(from, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified}).
		Fact(to, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed})
}

func (r *Record) Confirm(client, inv int, held bool, token, s history.ID) *Record {
	return r.Op(Args{Client: client, F: models.FConfirm, Key: "k", Inv: inv, Ret: inv + 2, Outcome: history.OK, Out: models.Held{Held: held, Token: token}, Session: s})
}

func (r *Record) Lost(t, client int, token, s history.ID) *Record {
	return r.Add(t, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FLost, Key: "k", Value: history.Value(history.LostHold{Token: token}), Session: s})
}

func (r *Record) Write(client, inv int, token history.ID, accepted bool, order int64) *Record {
	return r.Op(Args{Client: client, F: models.FWrite, Key: "k", Inv: inv, Ret: inv + 1, Outcome: history.OK, In: models.Grant{Token: token}, Out: models.Written{Accepted: accepted, Token: token, Order: order}, Session: history.ID(client + 1)})
}

func (r *Record) Put(client, inv, ret int, item string, o history.Type) *Record {
	return r.Op(Args{Client: client, F: models.FEnqueue, Key: "k", Inv: inv, Ret: ret, Outcome: o, In: models.Item{Item: item}, Session: history.ID(client + 1)})
}

func (r *Record) Take(client, inv, ret int, item string, o history.Type) *Record {
	a := Args{Client: client, F: models.FDequeue, Key: "k", Inv: inv, Ret: ret, Outcome: o, Session: history.ID(client + 1)}
	if item != "" {
		a.Out = models.Item{Item: item}
	}
	return r.Op(a)
}

// Call adds an operation without values.
func (r *Record) Call(client int, f string, inv, ret int, o history.Type) *Record {
	return r.Op(Args{Client: client, F: f, Key: "k", Inv: inv, Ret: ret, Outcome: o, Session: history.ID(client + 1), Before: inv, alive: max(inv, ret)})
}

// Unreturned adds an acquire that has not returned when its client gives up, although its context ended before.
func (r *Record) Unreturned(client, inv, until, gave int) *Record {
	r.Call(client, models.FAcquire, inv, -1, history.Info)
	return r.Add(gave, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FUnreturned, Key: "k",
		Value: history.Value(history.Unreturned{Of: models.FAcquire, Until: time.Duration(until) * Unit}), Session: history.ID(client + 1),
	})
}

func (r *Record) Wait(client, inv, ret, alive int, s history.ID) *Record {
	return r.Op(Args{Client: client, F: models.FAwait, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, Session: s, Was: history.ID(client + 1), Before: alive})
}

func Lock() *Record {
	return Ours(models.Lock.Name, history.Params{Clients: 3}).offers(history.Offers{Fencing: true})
}

func Election() *Record {
	return Ours(models.Election.Name, history.Params{Clients: 3}).offers(history.Offers{Fencing: true})
}
func Queue() *Record   { return Ours(models.Queue.Name, history.Params{Clients: 3}) }
func Barrier() *Record { return Ours(models.Barrier.Name, history.Params{Clients: 3}) }
func DoubleBarrier(n int) *Record {
	return Ours(models.DoubleBarrier.Name, history.Params{Clients: 3, Parties: n})
}

func Telling() *Record {
	return Ours(models.Lock.Name, history.Params{Clients: 3}).offers(history.Offers{Fencing: true, TellsLost: true})
}
