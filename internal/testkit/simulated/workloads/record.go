package workloads

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/heaps"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

type recorder struct {
	h        history.History
	clients  []*conn
	tooEarly float64 // how likely a reconnecting client is told wrongly
	givesUp  float64 // how likely a client that is cut off gives its session up
	faults   int
	// Wrong counts what a defect did, as the run knows it.
	Wrong map[string]int
}

// Options say what to run.
type Options struct {
	Model   string
	Defect  string
	Clients int
	Keys    int
	Load    time.Duration
	Calm    bool // no faults
	Mark    bool // queue: markers
	Long    bool // some holds last for seconds
	Early   bool // clients are often told of an expiry that is still to come
	GivesUp bool // clients that are cut off often give their session up, which nobody tells them to
	Seed    uint64
}

const (
	timeout = 4 * time.Second
	tick    = 500 * time.Millisecond
	bound   = timeout + 2*tick + time.Second + 2*time.Second
	opTime  = 5 * time.Second
)

// places is how many clients can hold one key.
func (o Options) places() int {
	if models.Named(o.Model).State == models.Shared {
		return (o.Clients + 1) / 2
	}
	return 1
}

// Run does a whole run of one of [Models] and gives its record, its log of transactions, and what
// the run knows of it.
func Run(o Options) (*history.History, []history.Txn, map[string]int) {
	w := &sim{
		rng: rand.New(rand.NewPCG(o.Seed, 7)), procs: map[*Proc]bool{}, events: heaps.Heap[event]{Less: event.before},
		store: store{lead: simulated.NewTree(), zxid: 1000, nextID: 0x100},
	}
	w.Wrong = map[string]int{}
	for range 3 {
		s := &server{tree: simulated.NewTree(), lag: w.between(100*time.Microsecond, 2*time.Millisecond)}
		if w.chance(0.3) {
			s.lag = w.between(0, 30*time.Millisecond)
		}
		s.sig.w = w
		w.servers = append(w.servers, s)
	}
	w.h.Header = history.Header{Version: history.Version, Model: o.Model, Params: history.Params{
		Clients: o.Clients, Servers: 3, SessionTimeout: timeout, Tick: tick, Reconnect: time.Second, Parties: o.Clients, Leases: o.places(),
	}}
	w.nemesis(history.FBegin, "", w.h.Header)
	for i := range o.Clients {
		c := &conn{w: w, id: i, process: history.Process(i)}
		c.changed.w = w
		w.clients = append(w.clients, c)
		c.connect(0)
	}
	over := false
	w.spawn(func(p *Proc) {
		for _, c := range w.clients {
			p.ready(c, never)
		}
		w.perform(p, o)
		over = true
	})
	w.run(func() bool { return over })
	return &w.h, w.txns, w.Wrong
}

// worlds are how the workload of each model is made that is simulated.
var worlds = map[string]func(w *sim, o Options) work{}

// world declares that of a model.
func world(model string, start func(w *sim, o Options) work) struct{} {
	worlds[model] = start
	return struct{}{}
}

// Models are the models that are simulated, sorted by name.
func Models() []string { return slices.Sorted(maps.Keys(worlds)) }

// work is a workload at work.
type work interface {
	load(p *Proc, until time.Duration)
	quiesce(p *Proc)
}

func (w *sim) perform(p *Proc, o Options) {
	start := worlds[o.Model]
	if start == nil {
		panic("no simulated world of " + o.Model)
	}
	wk := start(w, o)
	w.nemesis(history.FHealth, "", history.Health{Healthy: true, When: "before"})
	w.nemesis(history.FPhase, "", history.Phase{Name: history.PhaseLoad})
	until := w.now + o.Load
	if o.Early {
		w.tooEarly = 0.7
	}
	if o.GivesUp {
		w.givesUp = 0.7
	}
	if !o.Calm {
		w.spawn(func(p *Proc) { w.disturb(p, until) })
	}
	wk.load(p, until)
	w.tooEarly, w.givesUp = 0, 0
	w.nemesis(history.FPhase, "", history.Phase{Name: history.PhaseHeal})
	for _, c := range w.clients {
		c.losing = nil
	}
	p.sleep(w.between(100*time.Millisecond, 3*time.Second))
	w.nemesis(history.FHealth, "", history.Health{Healthy: true, When: "after"})
	w.nemesis(history.FPhase, "", history.Phase{Name: history.PhaseQuiesce})
	wk.quiesce(p)
	w.nemesis(history.FEnd, "", nil)
	w.h.Complete = true
}

// disturb injects faults until the load ends.
func (w *sim) disturb(p *Proc, until time.Duration) {
	for {
		p.sleep(w.between(20*time.Millisecond, 400*time.Millisecond))
		if w.now >= until {
			return
		}
		c := w.clients[w.rng.IntN(len(w.clients))]
		switch w.rng.IntN(10) {
		case 0, 1: // by force: cut off, closed from elsewhere, told later
			s := c.sess
			if s == nil {
				continue
			}
			if w.chance(0.8) {
				c.cut()
			}
			w.fault(kinds.Expire.Name)
			w.after(w.hop(), func() {
				w.close(s)
				w.after(w.hop(), func() { w.session(c, history.FDead, s, history.Dead{By: "close-reply"}) })
			})
		case 2: // by silence, or for no reason that anybody knows
			if s := c.sess; s != nil {
				if w.chance(0.5) {
					c.cut()
				}
				w.after(w.between(0, 30*time.Millisecond), func() { w.close(s) })
			}
		case 3:
			c.cut()
		case 4, 5: // one request or reply is lost
			n, what := w.rng.IntN(4), 1+w.rng.IntN(2)
			kinds := []string{"create", "delete", "children", "touch", "multi", "create", "delete", "touch", "touch"}
			kind := kinds[w.rng.IntN(len(kinds))]
			c.losing = func(r *request) int {
				if r.kind != kind && (r.kind != "setData" || kind != "create") { // either writes
					return 0
				}
				if n--; n < 0 {
					c.losing = nil
					return what
				}
				return 0
			}
		case 6: // a server falls behind
			sv := w.servers[w.rng.IntN(3)]
			sv.frozen = w.now + w.between(0, 600*time.Millisecond)
			if w.chance(0.2) {
				for _, c := range w.clients {
					if s := c.sess; s != nil && w.servers[c.server] == sv && w.chance(0.7) {
						w.after(w.between(0, sv.frozen-w.now), func() { w.close(s) })
					}
				}
			}
		case 7: // no leader
			w.fault(kinds.Pause.Name)
			w.halted = w.now + w.between(0, 300*time.Millisecond)
			if w.halted%2 == 0 { // another leader, another epoch
				w.zxid = (w.zxid>>32 + 1) << 32
			}
		case 8: // everybody, by force
			if !w.chance(0.3) {
				continue
			}
			w.fault(kinds.Expire.Name)
			for _, c := range w.clients {
				if s := c.sess; s != nil {
					c.cut()
					w.close(s)
					w.after(w.hop(), func() { w.session(c, history.FDead, s, history.Dead{By: "close-reply"}) })
				}
			}
		case 9:
			w.tooEarly = max(w.tooEarly, w.rng.Float64()*0.5)
		}
	}
}

func (w *sim) fault(kind string) {
	w.faults++
	w.nemesis(kind, "", history.FaultStep{Fault: w.faults, Step: history.StepInject})
	w.nemesis(kind, "", history.FaultStep{Fault: w.faults, Step: history.StepVerified})
	w.nemesis(kind, "", history.FaultStep{Fault: w.faults, Step: history.StepHealed})
}

func (w *sim) record(e history.Event) int {
	e.Index, e.Time = len(w.h.Events), w.now
	w.h.Events = append(w.h.Events, e)
	return e.Index
}

func (w *sim) nemesis(f, key string, value any) {
	w.record(history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Key: key, Value: history.Value(value)})
}

func (w *sim) session(c *conn, f string, s *sess, value any) {
	if s == nil {
		return
	}
	e := history.Event{
		Process: history.SessionProcess, Client: c.id, Type: history.Info, F: f,
		Session: s.id, Value: history.Value(value),
	}
	e.Alive, e.Seen = s.evidence()
	if f == history.FDead {
		e.Zxid = s.z
	}
	w.record(e)
}

// noEffect marks an error after which certainly nothing happened.
type noEffect struct{ error }

// op is an operation, as in package workloads.
type op struct {
	f, key string
	arg    any
	late   func() any
	run    func(deadline time.Duration) (any, error)
	within time.Duration // 0: no bound
	owner  func() *sess
}

// do records an operation and what came of it.
func (p *Proc) do(c *conn, o op) error {
	w := p.w
	s := c.sess
	e := history.Event{Process: c.process, Client: c.id, Type: history.Invoke, F: o.f, Key: o.key, Session: c.session()}
	e.Alive, e.Seen = s.evidence()
	e.Value = history.Value(o.arg)
	i := w.record(e)
	if o.late != nil { // asked for after the time was taken
		w.h.Events[i].Value = history.Value(o.late())
	}
	deadline := never
	if o.within > 0 {
		deadline = w.now + o.within
	}
	value, err := o.run(deadline)
	if w.chance(0.02) {
		p.sleep(w.between(0, 10*time.Millisecond)) // the client itself is slow
	}
	s = c.sess
	done := history.Event{Process: c.process, Client: c.id, Type: history.OK, F: o.f, Key: o.key}
	switch {
	case err == nil:
		done.Value = history.Value(value)
		if o.owner != nil {
			if own := o.owner(); own != nil {
				s = own
			}
		}
	case isNoEffect(err):
		done.Type = history.Fail
	default:
		done.Type = history.Info
	}
	if s != nil {
		done.Session = s.id
		done.Alive, done.Seen = s.evidence()
	}
	w.record(done)
	if done.Type == history.Info {
		c.process += history.Process(len(w.clients))
	}
	return err
}

func isNoEffect(err error) bool {
	var n noEffect
	return errors.As(err, &n)
}
