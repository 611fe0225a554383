package checktest

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Record builds histories for tests. Times are milliseconds. Events may be added in any
// order; Build sorts them.
type Record struct {
	Header history.Header
	Events []history.Event
	Txns   []history.Txn
	Zxid   history.ID // of the latest transaction
}

// Unit is the unit of the times of scenarios.
const Unit = time.Millisecond

// Ours begins a record as zklab writes it, of a run in which nothing failed.
func Ours(model string, p history.Params) *Record {
	p.SessionTimeout = cmp.Or(p.SessionTimeout, 4*time.Second)
	p.Tick = cmp.Or(p.Tick, 500*Unit)
	return &Record{Header: history.Header{Version: history.Version, Model: model, Params: p}}
}

// Sized returns parameters in which each whole number is n.
func Sized(n int) (p history.Params) {
	v := reflect.ValueOf(&p).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Int {
			f.SetInt(int64(n))
		}
	}
	return p
}

// offers adds what the subject of a hold can do.
func (r *Record) offers(o history.Offers) *Record { return r.Fact(0, history.FOffers, o) }

// Foreign begins a record that another tool wrote.
func Foreign(model string) *Record {
	return &Record{Header: history.Header{Model: model}}
}

func (r *Record) Add(t int, e history.Event) *Record {
	e.Time = time.Duration(t) * Unit
	r.Events = append(r.Events, e)
	return r
}

// Args describes an operation of a record: it lasts from Inv to Ret, with an outcome. Ret < 0 means that
// it never returned.
type Args struct {
	Client   int
	F, Key   string
	Inv, Ret int
	Outcome  history.Type
	In, Out  any
	Session  history.ID // of both events
	Was      history.ID // of the invocation, if it is another one
	alive    int        // of the completion
	Before   int        // alive of the invocation
	Zxid     history.ID // of the completion
	seen     history.ID // of the completion
	sawThen  history.ID // seen of the invocation
	code     string     // of the completion's error
	Err      *history.Error
}

func (r *Record) Op(o Args) *Record {
	inv := history.Event{Process: history.Process(o.Client), Client: o.Client, Type: history.Invoke, F: o.F, Key: o.Key, Value: history.Value(o.In), Session: o.Session, Alive: time.Duration(o.Before) * Unit, Seen: o.sawThen}
	if o.Was != 0 {
		inv.Session = o.Was
	}
	r.Add(o.Inv, inv)
	if o.Ret >= 0 {
		ret := history.Event{Process: history.Process(o.Client), Client: o.Client, Type: o.Outcome, F: o.F, Key: o.Key, Value: history.Value(o.Out), Session: o.Session, Alive: time.Duration(o.alive) * Unit, Zxid: o.Zxid, Seen: o.seen}
		ret.Error = o.Err
		if o.code != "" {
			ret.Error = &history.Error{Code: o.code}
		}
		r.Add(o.Ret, ret)
	}
	return r
}

func (r *Record) Fact(t int, f string, value any) *Record {
	return r.Add(t, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(value)})
}

func (r *Record) KeyFact(t int, f, key string, value any) *Record {
	return r.Add(t, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Key: key, Value: history.Value(value)})
}

func (r *Record) Session(t int, f string, client int, s history.ID) *Record {
	return r.Add(t, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: f, Session: s})
}

// Phases adds a run's phases and the two looks at its health.
func (r *Record) Phases(load, heal, quiesce int) *Record {
	r.Fact(load, history.FHealth, history.Health{Healthy: true, When: "before"})
	r.Fact(load, history.FPhase, history.Phase{Name: history.PhaseLoad})
	r.Fact(heal, history.FPhase, history.Phase{Name: history.PhaseHeal})
	r.Fact(quiesce, history.FHealth, history.Health{Healthy: true, When: "after"})
	return r.Fact(quiesce, history.FPhase, history.Phase{Name: history.PhaseQuiesce})
}

func (r *Record) Build() *history.History {
	events := slices.Clone(r.Events)
	slices.SortStableFunc(events, func(x, y history.Event) int { return cmp.Compare(x.Time, y.Time) })
	h := &history.History{Header: r.Header, Complete: true}
	if r.Header.Version != 0 {
		h.Events = append(h.Events, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FBegin, Value: history.Value(r.Header)})
	}
	h.Events = append(h.Events, events...)
	// A client's next operation after an info runs under a new process.
	process := map[int]history.Process{}
	open := map[int]bool{}
	for i := range h.Events {
		e := &h.Events[i]
		e.Index = i
		if e.Process < 0 {
			continue
		}
		if e.Type == history.Invoke {
			if open[e.Client] {
				process[e.Client] += 100
			}
			open[e.Client] = true
		}
		e.Process = history.Process(e.Client) + process[e.Client]
		if e.Type != history.Invoke {
			open[e.Client] = e.Type == history.Info
		}
	}
	return h
}

// Only keeps the events of a counterexample, and the facts about the run.
func Only(h *history.History, counterexample []int) *history.History {
	sub := &history.History{Header: h.Header, Complete: true}
	for _, e := range h.Events {
		if slices.Contains(counterexample, e.Index) || e.Process == history.Nemesis && e.Key == "" {
			sub.Events = append(sub.Events, e)
		}
	}
	return sub
}

func Dump(h *history.History) string {
	s := ""
	for _, e := range h.Events {
		b, _ := json.Marshal(e)
		s += string(b) + "\n"
	}
	return s
}

// DumpLog returns the log as text, one transaction a line.
func DumpLog(txns []history.Txn) string {
	s := ""
	for _, t := range txns {
		b, _ := json.Marshal(t)
		s += string(b) + "\n"
	}
	return s
}
