package checker

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// record builds histories for tests. Times are milliseconds; events may be
// added in any order, build sorts them.
type record struct {
	header history.Header
	events []history.Event
	txns   []history.Txn
	zxid   history.ID // of the latest transaction
}

const ms = time.Millisecond

// ours begins a record as zklab writes it, of a run in which all went well.
func ours(model string, p history.Params) *record {
	if p.SessionTimeout == 0 {
		p.SessionTimeout = 4 * time.Second
	}
	if p.Tick == 0 {
		p.Tick = 500 * ms
	}
	return &record{header: history.Header{Version: history.Version, Model: model, Params: p}}
}

// offers says what the subject of a hold can do.
func (r *record) offers(o history.Offers) *record { return r.fact(0, history.FOffers, o) }

// foreign begins a record from elsewhere.
func foreign(model string) *record {
	return &record{header: history.Header{Model: model}}
}

func (r *record) add(t int, e history.Event) *record {
	e.Time = time.Duration(t) * ms
	r.events = append(r.events, e)
	return r
}

// op adds an operation: [inv,ret] with an outcome; ret < 0: it never returned.
type opArgs struct {
	client   int
	f, key   string
	inv, ret int
	outcome  history.Type
	in, out  any
	session  history.ID // of both events
	was      history.ID // of the invocation, if it differs
	alive    int        // of the completion
	before   int        // alive of the invocation
	zxid     history.ID // of the completion
	code     string     // of the completion's error
}

func (r *record) op(o opArgs) *record {
	inv := history.Event{Process: history.Process(o.client), Client: o.client, Type: history.Invoke, F: o.f, Key: o.key, Value: history.Value(o.in), Session: o.session, Alive: time.Duration(o.before) * ms}
	if o.was != 0 {
		inv.Session = o.was
	}
	r.add(o.inv, inv)
	if o.ret >= 0 {
		ret := history.Event{Process: history.Process(o.client), Client: o.client, Type: o.outcome, F: o.f, Key: o.key, Value: history.Value(o.out), Session: o.session, Alive: time.Duration(o.alive) * ms, Zxid: o.zxid}
		if o.code != "" {
			ret.Error = &history.Error{Code: o.code}
		}
		r.add(o.ret, ret)
	}
	return r
}

func (r *record) fact(t int, f string, value any) *record {
	return r.add(t, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(value)})
}

func (r *record) keyFact(t int, f, key string, value any) *record {
	return r.add(t, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Key: key, Value: history.Value(value)})
}

func (r *record) session(t int, f string, client int, s history.ID) *record {
	return r.add(t, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: f, Session: s})
}

// phases adds a run's phases and the two looks at its health.
func (r *record) phases(load, heal, quiesce int) *record {
	r.fact(load, history.FHealth, history.Health{Healthy: true, When: "before"})
	r.fact(load, history.FPhase, history.Phase{Name: history.PhaseLoad})
	r.fact(heal, history.FPhase, history.Phase{Name: history.PhaseHeal})
	r.fact(quiesce, history.FHealth, history.Health{Healthy: true, When: "after"})
	return r.fact(quiesce, history.FPhase, history.Phase{Name: history.PhaseQuiesce})
}

func (r *record) build() *history.History {
	events := slices.Clone(r.events)
	slices.SortStableFunc(events, func(x, y history.Event) int { return cmp.Compare(x.Time, y.Time) })
	h := &history.History{Header: r.header, Complete: true}
	if r.header.Version != 0 {
		h.Events = append(h.Events, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FBegin, Value: history.Value(r.header)})
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

// only keeps the events of a witness, and the facts about the run.
func only(h *history.History, witness []int) *history.History {
	sub := &history.History{Header: h.Header, Complete: true}
	for _, e := range h.Events {
		if slices.Contains(witness, e.Index) || e.Process == history.Nemesis && e.Key == "" {
			sub.Events = append(sub.Events, e)
		}
	}
	return sub
}

func dump(h *history.History) string {
	s := ""
	for _, e := range h.Events {
		b, _ := json.Marshal(e)
		s += string(b) + "\n"
	}
	return s
}

// recipeModels are those of recipes, which have objects under keys.
func recipeModels() []string {
	return slices.DeleteFunc(Models(), func(m string) bool { return m == history.ModelSession })
}
