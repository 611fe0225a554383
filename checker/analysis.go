package checker

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// The ends of time. Harness times lie between them.
const (
	never  = time.Duration(math.MaxInt64) // later than everything
	always = time.Duration(math.MinInt64) // earlier than everything
)

// span is a closed interval of harness time.
type span struct{ from, to time.Duration }

func (s span) length() time.Duration { return s.to - s.from }

// analysis is what every check needs of a history, read once. Checks share it:
// after analyse only damage changes.
type analysis struct {
	h      *history.History
	model  string
	params history.Params
	// foreign says that the history was not written by zklab: it states no
	// facts about its run, so there is nothing to assume about it.
	foreign bool

	// fencing says that grants carry tokens, tellsLost that holders are asked
	// whether they still hold: what the header does not say shows in the record.
	// remote says that subjects live in other processes.
	fencing, tellsLost, remote bool

	transactions []history.Txn
	log          *txns // nil: there is none
	zxids        zxids // with a log
	byLog        bool  // it bounds some session's death
	layout

	keys        []*keyRecord // in order of key
	sessions    map[history.ID]*session
	ofClient    map[int][]*session // the same by client, oldest first
	hasSessions bool
	live        map[int][]span // client → when it was connected; no entry: not known
	exits       map[int][]exit // client → the ends of its process, in order
	starts      map[int][]time.Duration
	away        map[int][]span // client → when it could do nothing: a union

	phases     []phaseAt
	health     map[string]healthAt // by history.Health.When
	faults     map[int]*faultRecord
	elected    []time.Duration // when a new leader served after a fault
	firstFault time.Duration   // first injection; never if there was none
	stalls     []span
	settled    time.Duration // from here on timed properties count; never if not known
	bound      time.Duration // B: what a timed property allows
	end        time.Duration // time of the last event

	mu     sync.Mutex
	damage map[int]string // values that could not be read, by event
}

// keyRecord is what happened to one object.
type keyRecord struct {
	key   string
	ops   []*history.Operation // in order of invocation
	facts []*history.Event     // lost, drained, final: in order

	// Built when first asked for; a key is worked on by one goroutine.
	built   []*hold
	stated  []statement
	figures map[string]float64 // of holds
	q       *queueRecord
	kept    promises.Report
	reg     *register
	gates   *round
}

type phaseAt struct {
	name string
	at   time.Duration
}

type healthAt struct {
	history.Health
	at time.Duration
}

// faultRecord is one fault as its steps tell it.
type faultRecord struct {
	kind     string
	verified bool
	outcome  string
	clients  []int
	holding  bool // it hit a client that held
	// onServers says that it was done to servers, or to what is between them.
	onServers bool
	from      time.Duration // when it was about to be done
	over      time.Duration // when it was healed or came to nothing; never if it did not
}

// analyse reads h and the transactions of its run, if they are known. It stops
// early when ctx ends; the caller asks ctx.
func analyse(ctx context.Context, h *history.History, model string, list []history.Txn) *analysis {
	h = inOrder(h)
	a := &analysis{
		h:            h,
		model:        model,
		transactions: list,
		params:       h.Header.Params,
		foreign:      h.Header.Version == 0,
		sessions:     map[history.ID]*session{},
		ofClient:     map[int][]*session{},
		live:         map[int][]span{},
		exits:        map[int][]exit{},
		starts:       map[int][]time.Duration{},
		away:         map[int][]span{},
		health:       map[string]healthAt{},
		faults:       map[int]*faultRecord{},
		firstFault:   never,
		damage:       map[int]string{},
	}
	keys := map[string]*keyRecord{}
	if model == history.ModelSession {
		keys[""] = &keyRecord{}
	}
	record := func(key string) *keyRecord {
		k := keys[key]
		if k == nil {
			k = &keyRecord{key: key}
			keys[key] = k
		}
		return k
	}
	for i := range h.Events {
		if i&0xffff == 0 && ctx.Err() != nil {
			return a
		}
		e := &h.Events[i]
		a.end = max(a.end, e.Time)
		switch e.F {
		case history.FDrained, history.FFinal, history.FLost:
			if e.Process < 0 {
				k := record(e.Key)
				k.facts = append(k.facts, e)
			}
		}
		if e.Process == history.Nemesis {
			a.readFact(e)
		}
		a.readSession(e)
		a.readProcess(e)
	}
	for _, op := range h.Operations() {
		k := record(a.object(op.Key))
		k.ops = append(k.ops, op)
	}
	for _, k := range keys {
		a.keys = append(a.keys, k)
	}
	slices.SortFunc(a.keys, func(x, y *keyRecord) int { // k2 before k10
		return cmp.Or(cmp.Compare(len(x.key), len(y.key)), strings.Compare(x.key, y.key))
	})
	a.readLog(list)
	a.abilities()
	a.connections()
	a.absences()
	a.settle()
	a.readLayout()
	return a
}

// object is what a key stands for: of the store itself all keys are one, since its
// promises are about sessions.
func (a *analysis) object(key string) string {
	if a.model == history.ModelSession {
		return ""
	}
	return key
}

// abilities finds out what the subject of a hold offers, beside what the record
// says outright: tokens and confirms speak for themselves.
func (a *analysis) abilities() {
	for _, k := range a.keys {
		for _, op := range k.ops {
			if op.Outcome() != history.OK {
				continue
			}
			switch {
			case op.F == history.FConfirm && !a.foreign:
				a.tellsLost = true
			case op.F == history.FAcquire && !a.fencing:
				var g history.Grant
				a.decode(op.Return, &g)
				a.fencing = g.Token != 0
			}
		}
	}
}

// readFact takes in one fact about the run.
func (a *analysis) readFact(e *history.Event) {
	switch e.F {
	case history.FOffers:
		var o history.Offers
		a.decode(e, &o)
		a.fencing, a.tellsLost, a.remote = o.Fencing, o.TellsLost, o.Remote
	case history.FPhase:
		var p history.Phase
		a.decode(e, &p)
		a.phases = append(a.phases, phaseAt{p.Name, e.Time})
	case history.FHealth:
		var v history.Health
		a.decode(e, &v)
		a.health[v.When] = healthAt{v, e.Time}
	case history.FStall:
		var s history.Stall
		a.decode(e, &s)
		a.stalls = append(a.stalls, span{e.Time - s.Gap, e.Time})
	case history.FBegin, history.FEnd, history.FDrained, history.FFinal:
	default:
		a.readFault(e)
	}
}

// readFault takes in one step of a fault: F is its kind.
func (a *analysis) readFault(e *history.Event) {
	var s history.FaultStep
	a.decode(e, &s)
	if s.Fault == 0 {
		return
	}
	f := a.faults[s.Fault]
	if f == nil {
		f = &faultRecord{kind: e.F, from: e.Time, over: never}
		a.faults[s.Fault] = f
	}
	if len(s.Clients) > 0 {
		f.clients = s.Clients
	}
	f.onServers = f.onServers || len(s.Servers) > 0 && s.Step != history.StepElected
	f.holding = f.holding || slices.Contains(s.Holding, "holding")
	switch s.Step {
	case history.StepInject:
		a.firstFault = min(a.firstFault, e.Time)
	case history.StepVerified:
		f.verified = true
	case history.StepFailed, history.StepSkipped:
		f.outcome = strings.TrimSpace(s.Step + " " + s.Detail)
		f.over = min(f.over, e.Time)
	case history.StepHealed:
		f.over = e.Time
	case history.StepElected:
		a.elected = append(a.elected, e.Time)
	}
}

// decode reads a value; what cannot be read is damage of the record.
func (a *analysis) decode(e *history.Event, v any) {
	if err := e.Decode(v); err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.damage[e.Index] = err.Error()
	}
}

// phase is when a phase began; never if it did not.
func (a *analysis) phase(name string) time.Duration {
	for _, p := range a.phases {
		if p.name == name {
			return p.at
		}
	}
	return never
}

// expects says whether faults of a kind were scheduled.
func (a *analysis) expects(kind string) bool {
	return slices.ContainsFunc(a.params.Expects, func(s string) bool { return faultKind(s) == kind })
}

// faultKind is the kind in a fault's specification: pause of pause:leader@10s.
func faultKind(spec string) string {
	if i := strings.IndexAny(spec, ":@"); i >= 0 {
		return spec[:i]
	}
	return spec
}

// ended is when an operation returned; never if it did not.
func ended(op *history.Operation) time.Duration {
	if op.Return == nil {
		return never
	}
	return op.Return.Time
}

// known is like ended, but never for an info: nobody knows when it takes effect.
func known(op *history.Operation) time.Duration {
	if op.Outcome() == history.Info {
		return never
	}
	return op.Return.Time
}

// events are the indices of an operation's events.
func events(op *history.Operation) []int {
	if op.Return == nil {
		return []int{op.Invoke.Index}
	}
	return []int{op.Invoke.Index, op.Return.Index}
}

// indices sorts event indices and drops doubles and those below 0.
func indices(is ...int) []int {
	is = slices.DeleteFunc(slices.Clone(is), func(i int) bool { return i < 0 })
	slices.Sort(is)
	return slices.Compact(is)
}
