package checktest

import (
	"encoding/json"
	"fmt"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// WithLog gives a record's history as if each event of a client came with a write
// of its session, and the log of all that, the operations included.
func WithLog(r *Record) (*history.History, []history.Txn) {
	h := r.Build()
	return h, LogOf(h)
}

// LogOf gives events the evidence of a log, and the log. What nobody knows happened.
func LogOf(h *history.History) []history.Txn {
	x := &Record{}
	number, place := 0, map[int]int{}
	tokens := map[int]history.ID{}
	opened := map[history.ID]bool{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.Session == 0 {
			continue
		}
		if !opened[e.Session] {
			opened[e.Session] = true
			x.Opens(e.Session)
		}
		switch {
		case e.F == history.FAcquire && e.Type == history.Invoke:
			x.Stands(e.Session, number)
			tokens[e.Client], place[e.Client] = x.Zxid, number
			number++
		case e.F == history.FRelease && e.Type == history.Invoke:
			x.Leaves(e.Session, e.Session, place[e.Client])
		case e.F == history.FEnqueue && e.Type == history.OK, e.F == history.FDequeue && e.Type == history.OK && len(e.Value) > 0:
			var v history.Item
			item := e
			if e.F == history.FEnqueue {
				item = invocation(h, i)
			}
			if err := json.Unmarshal(item.Value, &v); err != nil {
				panic(err)
			}
			if e.F == history.FEnqueue {
				x.Inserts(e.Session, v.Item)
			} else {
				x.Removes(e.Session, v.Item)
			}
		case e.F == history.FRaise && (e.Type == history.OK || e.Type == history.Info):
			x.Txn(history.Txn{Type: "create", Session: e.Session, Path: "/run/" + e.Key})
		case e.F == history.FLift && (e.Type == history.OK || e.Type == history.Info):
			x.Txn(history.Txn{Type: "delete", Session: e.Session, Path: "/run/" + e.Key})
		}
		retoken(e, tokens[e.Client])
		x.Touches(e.Session)
		e.Alive, e.Seen = e.Time, x.Zxid
	}
	// One session more, that ends as its client was told.
	x.Opens(99).Closes(99)
	h.Events = append(h.Events, history.Event{
		Index: len(h.Events), Time: h.Events[len(h.Events)-1].Time, Process: history.SessionProcess, Client: 90, Type: history.Info,
		F: history.FDead, Session: 99, Zxid: x.Zxid,
	})
	return x.Txns
}

// invocation is that of the i-th event.
func invocation(h *history.History, i int) *history.Event {
	for j := i - 1; ; j-- {
		if e := &h.Events[j]; e.Process == h.Events[i].Process {
			return e
		}
	}
}

// retoken puts a client's present token where the record has another.
func retoken(e *history.Event, token history.ID) {
	var v map[string]any
	if json.Unmarshal(e.Value, &v) == nil && v["token"] != nil {
		v["token"] = token.String()
		e.Value = history.Value(v)
	}
}

// GoodRegister lets three clients meet: one writes, two compare and set, and all read.
func GoodRegister(r *Record, n int) int {
	t, v := 10, 0
	last := ""
	for i := range n {
		w, c := fmt.Sprintf("w%d", i), fmt.Sprintf("c%d", i)
		r.Set(0, t, t+4, w, v+1)
		r.Get(1, t+1, t+5, history.ReadPlain, last, v)
		r.Cas(1, t+7, t+10, w, c, v+2)
		r.TooLate(2, t+7, t+11, w, fmt.Sprintf("l%d", i))
		r.Get(2, t+12, t+14, history.ReadFenced, c, v+2)
		r.Get(1, t+13, t+15, history.ReadSync, c, v+2)
		last, v, t = c, v+2, t+20
	}
	found := Reading(last, v)
	r.KeyFact(t+100, history.FFinal, "k", history.Final{Register: &found})
	return t + 90
}

// Good makes a run of n rounds of a model in which all went well and every
// property was exercised.
func Good(model string, n int) *Record {
	p := history.Params{Clients: 3, MinLoad: 20, Parties: 3, Leases: 2}
	r := Ours(model, p).offers(history.Offers{Fencing: true, TellsLost: true})
	end := 0
	switch model {
	case history.ModelLock, history.ModelElection:
		end = goodHolds(r, n)
	case models.Semaphore.Name:
		end = goodLeases(r, n)
	case history.ModelQueue:
		end = goodQueue(r, n)
	case history.ModelBarrier:
		end = goodBarrier(r, n)
	case history.ModelDoubleBarrier:
		end = goodGates(r, n)
	case history.ModelRegister:
		end = GoodRegister(r, n)
	case models.Counter.Name:
		end = goodCounter(r, n)
	case models.PriorityQueue.Name:
		end = goodPriorityQueue(r, n)
	}
	for c := range 3 {
		r.Proof(c, history.ID(c+1), end)
	}
	return r.Phases(0, end, end).Fact(end+1, history.FEnd, nil)
}

func goodHolds(r *Record, n int) int {
	t := 10
	for i := range n {
		c := i % 3
		// Each asks while the one before it holds.
		r.Hold(Grant{Client: c, Inv: max(1, t-12), Ret: t, Release: t + 15, Token: history.ID(i + 1)})
		r.Write(c, t+2, history.ID(i+1), true, int64(i+1))
		if r.Header.Model == history.ModelElection {
			r.Op(Args{Client: c, F: history.FLeader, Key: "k", Inv: t + 4, Ret: t + 5, Outcome: history.OK, Out: history.Leader{Client: c}})
		}
		r.Confirm(c, t+8, true, history.ID(i+1), history.ID(c+1))
		t += 17
	}
	r.KeyFact(t+100, history.FFinal, "k", history.Final{})
	return t + 101
}

func goodQueue(r *Record, n int) int {
	t := 10
	for i := range n {
		item := fmt.Sprintf("i%d", i)
		r.Put(0, t, t+2, item, history.OK)
		r.Take(1+i%2, t+3, t+12, item, history.OK)
		t += 6
	}
	r.Op(Args{Client: 1, F: history.FDequeue, Key: "k", Inv: t + 50, Ret: t + 52, Outcome: history.OK, Session: 2}) // found nothing
	r.KeyFact(t+100, history.FDrained, "k", history.Drained{Empty: true})
	return t + 101
}

func goodBarrier(r *Record, n int) int {
	t := 10
	for i := range n {
		key := fmt.Sprintf("b%d", i)
		r.Op(Args{Client: 0, F: history.FRaise, Key: key, Inv: t, Ret: t + 2, Outcome: history.OK, Session: 1})
		for c := 1; c < 3; c++ {
			r.Op(Args{Client: c, F: history.FAwait, Key: key, Inv: t + 5, Ret: t + 20, Outcome: history.OK, Session: history.ID(c + 1), Before: t + 4})
		}
		r.Op(Args{Client: 0, F: history.FLift, Key: key, Inv: t + 15, Ret: t + 17, Outcome: history.OK, Session: 1})
		t += 25
	}
	return t
}

func goodGates(r *Record, n int) int {
	t := 10
	for i := range n {
		key := fmt.Sprintf("d%d", i)
		for c := range 3 {
			r.Op(Args{Client: c, F: history.FEnter, Key: key, Inv: t + c, Ret: t + 5, Outcome: history.OK, Session: history.ID(c + 1)})
			r.Op(Args{Client: c, F: history.FLeave, Key: key, Inv: t + 8 + c, Ret: t + 12, Outcome: history.OK, Session: history.ID(c + 1)})
		}
		t += 20
	}
	return t
}
