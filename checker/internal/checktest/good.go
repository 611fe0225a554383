package checktest

import (
	"encoding/json"
	"fmt"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// WithLog returns a record's history as if each event of a client came with a write of its session, and
// the log of those writes and of the operations.
func WithLog(r *Record) (*history.History, []history.Txn) {
	h := r.Build()
	return h, LogOf(h)
}

// LogOf adds to the events the evidence that a log would give, and returns the log. An operation of
// unknown outcome took effect.
func LogOf(h *history.History) []history.Txn {
	x := &Record{}
	m := models.Of(h)
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
		begun, done := e.Type == history.Invoke, e.Type == history.OK || e.Type == history.Info
		switch o := m.Operation(e.F); {
		case m.Held() && o.Begins && begun:
			x.Stands(e.Session, number)
			tokens[e.Client], place[e.Client] = x.Zxid, number
			number++
		case m.Held() && o.Ends && begun:
			x.Leaves(e.Session, e.Session, place[e.Client])
		case commits[m.Name] != nil && e.Type == history.OK:
			commits[m.Name](x, e, invocation(h, i))
		case o.Puts && e.Type == history.OK:
			x.Inserts(e.Session, itemOf(invocation(h, i)))
		case o.Takes && e.Type == history.OK && len(e.Value) > 0:
			x.Removes(e.Session, itemOf(e))
		case m.State == models.Raised && o.Begins && done:
			x.Txn(history.Txn{Type: "create", Session: e.Session, Path: "/run/" + e.Key})
		case m.State == models.Raised && o.Ends && done:
			x.Txn(history.Txn{Type: "delete", Session: e.Session, Path: "/run/" + e.Key})
		}
		retoken(e, tokens[e.Client])
		x.Touches(e.Session)
		e.Alive, e.Seen = e.Time, x.Zxid
	}
	// One more session. It ends when its client learns that it has ended.
	x.Opens(99).Closes(99)
	h.Events = append(h.Events, history.Event{
		Index: len(h.Events), Time: h.Events[len(h.Events)-1].Time, Process: history.SessionProcess, Client: 90, Type: history.Info,
		F: history.FDead, Session: 99, Zxid: x.Zxid,
	})
	return x.Txns
}

// invocation returns the invocation of the i-th event.
func invocation(h *history.History, i int) *history.Event {
	for j := i - 1; ; j-- {
		if e := &h.Events[j]; e.Process == h.Events[i].Process {
			return e
		}
	}
}

// itemOf returns the item in an event's value.
func itemOf(e *history.Event) string {
	var v models.Item
	if err := json.Unmarshal(e.Value, &v); err != nil {
		panic(err)
	}
	return v.Item
}

// retoken replaces the token in an event's value by the client's present token.
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
		r.Get(1, t+1, t+5, models.ReadPlain, last, v)
		r.Cas(1, t+7, t+10, w, c, v+2)
		r.TooLate(2, t+7, t+11, w, fmt.Sprintf("l%d", i))
		r.Get(2, t+12, t+14, models.ReadFenced, c, v+2).Sent(t + 13)
		r.Get(1, t+13, t+15, models.ReadSync, c, v+2)
		last, v, t = c, v+2, t+20
	}
	found := Reading(last, v)
	r.KeyFact(t+100, history.FFinal, "k", models.Final{Register: &found})
	return t + 90
}

// goodRuns has, for each model, a function that adds n rounds without any failure, and returns when
// they end.
var goodRuns = map[string]func(r *Record, n int) (end int){}

// commits has, for models with operations of their own, a function that adds to the log what a
// successful operation committed.
var commits = map[string]func(r *Record, done, asked *history.Event){}

// committing declares a model's function in commits.
func committing(model string, of func(r *Record, done, asked *history.Event)) struct{} {
	commits[model] = of
	return struct{}{}
}

// goesWell declares the good runs of a model.
func goesWell(model string, rounds func(r *Record, n int) (end int)) struct{} {
	goodRuns[model] = rounds
	return struct{}{}
}

// Good makes a run of n rounds of a model in which nothing failed and every property
// was exercised.
func Good(model string, n int) *Record {
	r := Ours(model, history.Params{Clients: 3, MinLoad: 20}).offers(history.Offers{Fencing: true, TellsLost: true, Snapshots: true})
	end := 0
	if rounds := goodRuns[model]; rounds != nil {
		end = rounds(r, n)
	}
	for c := range 3 {
		r.Proof(c, history.ID(c+1), end)
	}
	return r.Phases(0, end, end).Fact(end+1, history.FEnd, nil)
}

var (
	_ = goesWell(models.Lock.Name, goodHolds)
	_ = goesWell(models.Election.Name, goodHolds)
	_ = goesWell(models.Queue.Name, goodQueue)
	_ = goesWell(models.Barrier.Name, goodBarrier)
	_ = goesWell(models.DoubleBarrier.Name, goodGates)
	_ = goesWell(models.Register.Name, GoodRegister)
)

func goodHolds(r *Record, n int) int {
	t := 10
	for i := range n {
		c := i % 3
		// Each client asks while the one before it holds.
		r.Hold(Grant{Client: c, Inv: max(1, t-12), Ret: t, Release: t + 15, Token: history.ID(i + 1)})
		r.Write(c, t+2, history.ID(i+1), true, int64(i+1))
		if r.Header.Model == models.Election.Name {
			r.Op(Args{Client: c, F: models.FLeader, Key: "k", Inv: t + 4, Ret: t + 5, Outcome: history.OK, Out: models.Leader{Client: c}})
		}
		r.Confirm(c, t+8, true, history.ID(i+1), history.ID(c+1))
		t += 17
	}
	r.KeyFact(t+100, history.FFinal, "k", models.Final{})
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
	r.Op(Args{Client: 1, F: models.FDequeue, Key: "k", Inv: t + 50, Ret: t + 52, Outcome: history.OK, Session: 2}) // found nothing
	r.KeyFact(t+100, history.FDrained, "k", models.Drained{Empty: true})
	return t + 101
}

func goodBarrier(r *Record, n int) int {
	t := 10
	for i := range n {
		key := fmt.Sprintf("b%d", i)
		r.Op(Args{Client: 0, F: models.FRaise, Key: key, Inv: t, Ret: t + 2, Outcome: history.OK, Session: 1})
		for c := 1; c < 3; c++ {
			r.Op(Args{Client: c, F: models.FAwait, Key: key, Inv: t + 5, Ret: t + 20, Outcome: history.OK, Session: history.ID(c + 1), Before: t + 4})
		}
		r.Op(Args{Client: 0, F: models.FLift, Key: key, Inv: t + 15, Ret: t + 17, Outcome: history.OK, Session: 1})
		t += 25
	}
	return t
}

func goodGates(r *Record, n int) int {
	r.Header.Params.Parties = 3
	t := 10
	for i := range n {
		key := fmt.Sprintf("d%d", i)
		for c := range 3 {
			r.Op(Args{Client: c, F: models.FEnter, Key: key, Inv: t + c, Ret: t + 5, Outcome: history.OK, Session: history.ID(c + 1)})
			r.Op(Args{Client: c, F: models.FLeave, Key: key, Inv: t + 8 + c, Ret: t + 12, Outcome: history.OK, Session: history.ID(c + 1)})
		}
		t += 20
	}
	return t
}
