package checker

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// The following makes histories that are odd but possible, to check that an operation
// of a long history costs about as much as one of a short history, whatever the
// pattern. Most of them violate some property again and again, which also costs time.

// pattern describes the operations of a history.
type pattern struct {
	name    string
	clients int          // 0 means one for each ten operations
	keys    int          // 0 means one key for each ten operations
	outcome history.Type // the outcome of all operations; "" if they never return
	models  []string     // nil means all
	empty   bool         // dequeues find nothing
	told    bool         // clients are told again and again that their sessions expired
	still   bool         // time stands still
	slow    bool         // each step takes so long that everything is late
	settles bool         // the last operations of each client succeed
	same    bool         // the last tenth of what comes out is one item
	logged  bool         // there is a log of transactions
}

var onlyQueues = []string{objects.Queue.Name}

var patterns = []pattern{
	{name: "one key", clients: 5, keys: 1, outcome: history.OK},
	{name: "many keys", clients: 5, outcome: history.OK},
	{name: "one process", clients: 1, keys: 1, outcome: history.OK},
	{name: "1000 clients", clients: 1000, keys: 1, outcome: history.OK},
	{name: "many clients", keys: 1, outcome: history.OK},
	{name: "all unknown", clients: 5, keys: 1, outcome: history.Info},
	{name: "all unknown, then not", clients: 5, keys: 1, outcome: history.Info, settles: true},
	{name: "all failed", clients: 5, keys: 1, outcome: history.Fail},
	{name: "none returned", clients: 5, keys: 1},
	{name: "one moment", clients: 5, keys: 1, outcome: history.OK, still: true},
	{name: "slow", clients: 5, keys: 1, outcome: history.OK, slow: true},
	{name: "slow, 1000 clients", clients: 1000, keys: 1, outcome: history.OK, slow: true},
	{name: "slow, nothing found", clients: 5, keys: 1, outcome: history.OK, slow: true, empty: true, models: onlyQueues},
	{name: "slow, all failed", clients: 5, keys: 1, outcome: history.Fail, slow: true},
	{name: "slow, told of expiry", clients: 5, keys: 1, outcome: history.OK, slow: true, told: true},
	{name: "told of expiry", clients: 5, keys: 1, outcome: history.OK, told: true},
	{name: "told of expiry, one process", clients: 1, keys: 1, outcome: history.OK, told: true},
	{name: "nothing found", clients: 5, keys: 1, outcome: history.OK, empty: true, models: onlyQueues},
	{name: "nothing found, one process", clients: 1, keys: 1, outcome: history.OK, empty: true, models: onlyQueues},
	{name: "one item", clients: 5, keys: 1, outcome: history.OK, same: true, models: onlyQueues},
	{name: "one key, log", clients: 5, keys: 1, outcome: history.OK, logged: true, models: onZnodes()},
	{name: "many keys, log", clients: 5, outcome: history.OK, logged: true, models: onZnodes()},
	{name: "one process, log", clients: 1, keys: 1, outcome: history.OK, logged: true, models: onZnodes()},
	{name: "1000 clients, log", clients: 1000, keys: 1, outcome: history.OK, logged: true, models: onZnodes()},
	{name: "many clients, log", keys: 1, outcome: history.OK, logged: true, models: onZnodes()},
	{name: "all unknown, then not, log", clients: 1, keys: 1, outcome: history.Info, settles: true, logged: true, models: onZnodes()},
	{name: "all failed, log", clients: 5, keys: 1, outcome: history.Fail, logged: true, models: onZnodes()},
	{name: "one moment, log", clients: 5, keys: 1, outcome: history.OK, still: true, logged: true, models: onZnodes()},
	{name: "told of expiry, log", clients: 5, keys: 1, outcome: history.OK, told: true, logged: true, models: onZnodes()},
	{name: "one item, log", clients: 5, keys: 1, outcome: history.OK, same: true, logged: true, models: onlyQueues},
}

// crowd builds a history of n operations.
type crowd struct {
	pattern
	model   string
	n, made int
	now     time.Duration
	events  []history.Event
	open    []*history.Event // by client: the completion to come
	process []history.Process
	session []history.ID
	visits  []int
	token   []history.ID
	next    history.ID
	value   string
	taken   int
	version int32
}

func (s pattern) history(model string, n int) *history.History {
	if s.clients == 0 {
		s.clients = n / 10
	}
	w := &crowd{
		pattern: s, model: model, n: n, open: make([]*history.Event, s.clients), process: make([]history.Process, s.clients),
		session: make([]history.ID, s.clients), visits: make([]int, s.clients), token: make([]history.ID, s.clients),
		events: make([]history.Event, 0, 2*n+2*s.clients+10), next: 99,
	}
	p := checktest.Sized(2)
	p.Clients, p.Servers, p.MinLoad, p.SessionTimeout, p.Tick = s.clients, 3, 0, 4*time.Second, 500*checktest.Unit
	w.fact(history.FBegin, "", history.Header{Version: history.Version, Model: model, Params: p})
	w.fact(history.FOffers, "", history.Offers{Fencing: true, TellsLost: true})
	w.fact(history.FPhase, "", history.Phase{Name: history.PhaseLoad})
	for c := range s.clients {
		w.process[c] = history.Process(c)
		w.connect(c)
	}
	for i := range n {
		c := i % s.clients
		w.complete(c)
		w.invoke(c, i)
	}
	for c := range s.clients {
		w.complete(c)
	}
	w.fact(history.FPhase, "", history.Phase{Name: history.PhaseHeal})
	w.fact(history.FPhase, "", history.Phase{Name: history.PhaseQuiesce})
	w.fact(history.FDrained, "k", objects.Drained{Empty: true})
	w.fact(history.FFinal, "k", objects.Final{})
	w.fact(history.FEnd, "", nil)
	return &history.History{Header: history.Header{Version: history.Version, Model: model, Params: p}, Events: w.events, Complete: true}
}

func (w *crowd) add(e history.Event) {
	switch {
	case w.still:
	case w.slow:
		w.now += 10 * time.Second
	default:
		w.now += 10 * time.Microsecond
	}
	e.Index, e.Time = len(w.events), w.now
	if e.Session != 0 {
		e.Alive = e.Time
	}
	w.events = append(w.events, e)
}

func (w *crowd) fact(f, key string, value any) {
	w.add(history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Key: key, Value: history.Value(value)})
}

func (w *crowd) connect(c int) {
	w.next++
	w.session[c] = w.next
	w.add(history.Event{Process: history.SessionProcess, Client: c, Type: history.Info, F: history.FConnected, Session: w.next})
}

// complete ends a client's operation, and then, perhaps, its session.
func (w *crowd) complete(c int) {
	e := w.open[c]
	if w.open[c] = nil; e == nil {
		return
	}
	if e.Type != "" {
		w.add(*e)
	}
	if e.Type == "" || e.Type == history.Info {
		w.process[c] += history.Process(w.clients)
	}
	if w.told && w.visits[c]%5 == 0 {
		w.add(history.Event{Process: history.SessionProcess, Client: c, Type: history.Info, F: history.FExpired, Session: w.session[c]})
		w.connect(c)
	}
}

func (w *crowd) invoke(c, i int) {
	f, in, out := w.call(c)
	w.visits[c]++
	key := "k"
	if w.keys == 0 {
		key = fmt.Sprint("k", i/10)
	}
	e := history.Event{Process: w.process[c], Client: c, Type: history.Invoke, F: f, Key: key, Session: w.session[c], Value: history.Value(in)}
	w.add(e)
	if e.Type, e.Value = w.outcome, nil; w.settles && i > w.n*9/10 {
		e.Type = history.OK
	}
	if e.Type == history.OK {
		e.Value = history.Value(out)
	}
	if f == objects.FWrite || f == objects.FCAS {
		e.Zxid = history.ID(w.version)
	}
	w.open[c] = &e
}

// calls returns the next operation of a client, for models that have operations of
// their own.
var calls = map[string]func(w *crowd, c int) (f string, in, out any){}

// call returns a client's next operation. If calls has nothing for its model, the client
// makes all calls in turn, without values.
func (w *crowd) call(c int) (f string, in, out any) {
	m := models[w.model].Object
	switch call := calls[w.model]; {
	case call != nil:
		return call(w, c)
	case m.Knows(objects.FAcquire):
		return w.held(m, c)
	case m.Knows(objects.FEnqueue):
		return w.queued(c)
	case m.Knows(objects.FRaise):
		return w.raised(c)
	case m.Knows(objects.FCAS):
		return w.registered(w.visits[c])
	}
	return m.Operations[w.visits[c]%len(m.Operations)].F, nil, nil
}

func (w *crowd) queued(c int) (f string, in, out any) {
	if (w.visits[c]+c)%2 == 0 {
		w.made++
		return objects.FEnqueue, objects.Item{Item: fmt.Sprint("v", w.made)}, nil
	}
	if w.same && w.taken >= w.n*9/20 {
		return objects.FDequeue, nil, objects.Item{Item: "v1"}
	}
	if w.empty || w.taken == w.made {
		return objects.FDequeue, nil, nil
	}
	w.taken++
	return objects.FDequeue, nil, objects.Item{Item: fmt.Sprint("v", w.taken)}
}

func (w *crowd) raised(c int) (f string, in, out any) {
	visit := w.visits[c]
	if c > 0 || visit%3 == 1 {
		return objects.FAwait, nil, nil
	}
	return []string{objects.FRaise, objects.FAwait, objects.FLift}[visit%3], nil, nil
}

// held returns an operation of the holder of an object.
func (w *crowd) held(m *objects.Model, c int) (f string, in, out any) {
	does := slices.DeleteFunc([]string{objects.FAcquire, objects.FWrite, objects.FConfirm, objects.FRelease, objects.FLeader}, func(f string) bool { return !m.Knows(f) })
	token := &w.token[c]
	switch f = does[w.visits[c]%len(does)]; f {
	case objects.FAcquire:
		w.next++
		*token = w.next
		return f, nil, objects.Grant{Token: *token}
	case objects.FWrite:
		w.made++
		return f, objects.Grant{Token: *token}, objects.Written{Accepted: true, Token: *token, Order: int64(w.made)}
	case objects.FConfirm:
		return f, nil, objects.Held{Held: true, Token: *token}
	case objects.FLeader:
		return f, nil, objects.Leader{Client: c}
	}
	return f, objects.Held{Held: true, Token: *token}, nil
}

func (w *crowd) registered(visit int) (f string, in, out any) {
	from := w.value
	switch visit % 4 {
	case 0:
		w.version++
		w.value = fmt.Sprint("v", w.version)
		return objects.FWrite, objects.Writing{Value: w.value}, objects.Stored{Version: w.version}
	case 2:
		w.version++
		w.value = fmt.Sprint("v", w.version)
		return objects.FCAS, objects.Swap{From: from, To: w.value}, objects.Stored{Version: w.version}
	}
	kind := []string{objects.ReadPlain, objects.ReadSync, objects.ReadFenced}[visit%3]
	return objects.FRead, objects.HowRead{Kind: kind}, objects.Reading{Value: w.value, Mzxid: history.ID(w.version), Version: w.version}
}

// In a pattern, clients use only operations of their model.
func TestPatternsAreOfTheirModel(t *testing.T) {
	for _, model := range recipeModels() {
		h := patterns[0].history(model, 50)
		for _, op := range h.Operations() {
			if !models[model].Object.Knows(op.F) {
				t.Errorf("%s: %s", model, op.F)
			}
		}
	}
}

// BenchmarkPatterns checks histories of all patterns. Its figure is the cost of an
// operation: it should hardly rise with the number of operations.
func BenchmarkPatterns(b *testing.B) {
	for _, model := range recipeModels() {
		for _, s := range patterns {
			if s.models != nil && !slices.Contains(s.models, model) {
				continue
			}
			for _, n := range append(benchSizes[1:], 1_000_000) {
				b.Run(fmt.Sprintf("%s/%s/%d", model, s.name, n), func(b *testing.B) {
					h := s.history(model, n)
					opts := Options{NoReference: true}
					if s.logged {
						opts.Transactions = checktest.LogOf(h)
					}
					b.ReportAllocs()
					for b.Loop() {
						rep := Run(context.Background(), h, opts)
						for _, v := range rep.Verdicts {
							if v.Reason == budgetSpent {
								b.Fatalf("%s was not decided in time", v.Property)
							}
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
				})
			}
		}
	}
}

// onZnodes returns the models whose objects appear in a transaction log.
func onZnodes() []string {
	return slices.DeleteFunc(Models(), func(m string) bool { return !models[m].Object.OnZnodes })
}
