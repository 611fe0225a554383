// Package historytest makes small histories for tests: each operation is one line with the client, the
// operation and its times, and the builder sorts the events, numbers them and assigns processes to the
// clients. Only tests may import it.
//
//	b := historytest.New(models.Lock.Name)
//	b.Op(0, models.FAcquire, "k", 1, 3, history.OK, nil, models.Grant{Token: 7}).Session(0xa)
//	b.Op(0, models.FRelease, "k", 5, 6, history.OK, models.Held{Held: true}, nil).Session(0xa)
//	h := b.History()
//
// Times are milliseconds since the run began.
package historytest

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Never is the end of an operation that has no completion.
const Never = -1

// Builder collects the events of a history.
type Builder struct {
	// Header may be changed until History is called. Params.Clients defaults
	// to the clients that have operations.
	Header history.Header

	events  []*history.Event
	crashed bool
}

// New begins a history of a model.
func New(model string) *Builder {
	return &Builder{Header: history.Header{Version: history.Version, Model: model}}
}

// At converts milliseconds to a time.
func At(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// Op is an operation in the making. Return is nil if it never ends. Both events
// may be changed until History is called.
type Op struct {
	Invoke, Return *history.Event
}

// Op adds an operation of a client. The values belong to the invocation and
// the completion; nil is no value.
func (b *Builder) Op(client int, f, key string, from, to float64, outcome history.Type, arg, result any) *Op {
	op := &Op{Invoke: b.add(history.Event{
		Time: At(from), Client: client, Type: history.Invoke, F: f, Key: key, Value: history.Value(arg),
	})}
	if to != Never {
		op.Return = b.add(history.Event{
			Time: At(to), Client: client, Type: outcome, F: f, Key: key, Value: history.Value(result),
		})
	}
	return op
}

// Session sets the session of both events.
func (o *Op) Session(id history.ID) *Op {
	return o.each(func(e *history.Event) { e.Session = id })
}

// Alive sets, on both events, when the session sent its latest request that a quorum
// answered.
func (o *Op) Alive(ms float64) *Op {
	return o.each(func(e *history.Event) { e.Alive = At(ms) })
}

// Traffic sets, on the completion, how many requests and bytes the client sent, and when watch events
// were delivered to it. It received as many bytes as it sent.
func (o *Op) Traffic(requests, bytes int, events ...float64) *Op {
	o.Return.Traffic = &history.Traffic{Requests: requests, Sent: bytes, Received: bytes}
	for _, ms := range events {
		o.Return.Traffic.AddEvent(At(ms))
	}
	return o
}

// Error sets the error code of the completion.
func (o *Op) Error(code string) *Op {
	o.Return.Error = &history.Error{Code: code}
	return o
}

func (o *Op) each(f func(*history.Event)) *Op {
	f(o.Invoke)
	if o.Return != nil {
		f(o.Return)
	}
	return o
}

// Fact adds a fact of the run: a phase, a fault's step, a health check.
func (b *Builder) Fact(at float64, f, key string, value any) *history.Event {
	return b.add(history.Event{
		Time: At(at), Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Key: key, Value: history.Value(value),
	})
}

// Session adds a fact of a client's session.
func (b *Builder) Session(at float64, client int, id history.ID, f, key string, value any) *history.Event {
	return b.add(history.Event{
		Time: At(at), Process: history.SessionProcess, Client: client, Type: history.Info,
		F: f, Key: key, Session: id, Value: history.Value(value),
	})
}

// Crashed leaves out the end mark.
func (b *Builder) Crashed() *Builder {
	b.crashed = true
	return b
}

func (b *Builder) add(e history.Event) *history.Event {
	b.events = append(b.events, &e)
	return &e
}

// History returns all that was added, in order of time. Events at the same time stay in
// the order in which they were added.
func (b *Builder) History() *history.History {
	events := slices.Clone(b.events)
	slices.SortStableFunc(events, func(x, y *history.Event) int { return cmp.Compare(x.Time, y.Time) })

	h := &history.History{Header: b.header(), Complete: !b.crashed}
	add := func(e history.Event) {
		e.Index = len(h.Events)
		h.Events = append(h.Events, e)
	}
	fact := history.Event{Process: history.Nemesis, Client: -1, Type: history.Info}
	begin, end := fact, fact
	begin.F, begin.Value = history.FBegin, history.Value(h.Header)
	add(begin)
	procs := processes{clients: h.Header.Params.Clients, of: map[int]history.Process{}}
	for _, e := range events {
		if e.Process >= 0 {
			e.Process = procs.next(e)
		}
		add(*e)
		end.Time = e.Time
	}
	if !b.crashed {
		end.F = history.FEnd
		add(end)
	}
	return h
}

func (b *Builder) header() history.Header {
	h := b.Header
	if h.Params.Clients > 0 {
		return h
	}
	for _, e := range b.events {
		h.Params.Clients = max(h.Params.Clients, e.Client+1)
	}
	return h
}

// processes tracks which process each client currently is.
type processes struct {
	clients int
	of      map[int]history.Process
	open    map[int]bool
}

// next returns the process of a client's event. After an info event, and after an operation that never
// ended, a client continues as another process.
func (p *processes) next(e *history.Event) history.Process {
	if p.open == nil {
		p.open = map[int]bool{}
	}
	proc, known := p.of[e.Client]
	if !known {
		proc = history.Process(e.Client)
	}
	if e.Type == history.Invoke && p.open[e.Client] {
		proc += history.Process(p.clients)
	}
	p.open[e.Client] = e.Type == history.Invoke
	p.of[e.Client] = proc
	if e.Type == history.Info {
		p.of[e.Client] += history.Process(p.clients)
	}
	return proc
}
