package checktest

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Exited adds the end of a client's process, and Started its beginning.
func (r *Record) Exited(t, client int, by string) *Record {
	return r.Add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FExited,
		Value: history.Value(history.Exited{By: by, Detail: "printed garbage"}),
	})
}

func (r *Record) Started(t, client int) *Record {
	return r.Add(t, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FStarted})
}

// Fault adds a fault that hits a client: injected at from, seen right after, and healed at to.
func (r *Record) Fault(kind string, from, to, client int) *Record {
	number := len(r.Events) + 1
	for _, s := range []struct {
		at   int
		step string
	}{{from, history.StepInject}, {from + 1, history.StepVerified}, {to, history.StepHealed}} {
		v := history.FaultStep{Fault: number, Step: s.step, Clients: []int{client}, Holding: []string{"holding"}}
		if s.step == history.StepInject {
			v.Clients, v.Holding = nil, nil // it is not yet known which clients the fault will hit
		}
		r.Fact(s.at, kind, v)
	}
	return r
}

func Remote() *Record {
	return Ours(models.Lock.Name, history.Params{Clients: 3}).offers(history.Offers{Fencing: true, TellsLost: true, Remote: true})
}

// Connected adds that a client connected with a session.
func (r *Record) Connected(t, client int, s history.ID) *Record {
	return r.Session(t, history.FConnected, client, s)
}

// Used names the sessions that the last completion lists as used.
func (r *Record) Used(sessions ...history.ID) *Record {
	last := &r.Events[len(r.Events)-1]
	for _, s := range sessions {
		last.Used = append(last.Used, history.Use{Session: s})
	}
	return r
}

// Missed is like Connected, for a client that has seen less than its link has, so that its server
// may lag. told is the latest zxid that the client was told; alive and seen are the link's.
func (r *Record) Missed(t, client int, s history.ID, alive int, seen, told history.ID) *Record {
	return r.Add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected, Session: s,
		Alive: time.Duration(alive) * Unit, Seen: seen, Value: history.Value(history.Connected{Seen: told}),
	})
}

// Waits adds an acquire of a client that waits from one moment to another and gives up.
func (r *Record) Waits(client, from, to int, s history.ID) *Record {
	return r.Op(Args{Client: client, F: models.FAcquire, Key: "k", Inv: from, Ret: to, Outcome: history.Info, Session: s})
}

// CutShort adds an acquire that ends because its client's process ends.
func (r *Record) CutShort(client, from, to int, s history.ID) *Record {
	e := history.Event{Process: history.Process(client), Client: client, Type: history.Invoke, F: models.FAcquire, Key: "k", Session: s}
	r.Add(from, e)
	e.Type, e.Error = history.Info, &history.Error{Code: "process", Message: "printed garbage"}
	return r.Add(to, e)
}
