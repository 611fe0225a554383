// Package sample makes up runs for the tests of reports: histories such as a
// real run leaves behind, with contention, pauses, expiries and, if asked, a
// violation. Only tests may import it. Everything follows from the seed.
package sample

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

const (
	ms     = time.Millisecond
	second = time.Second
)

// Lock describes a made-up run of the lock.
type Lock struct {
	Length  time.Duration // of the load
	Clients int
	Keys    int
	Faults  bool // one every ten seconds
	Broken  bool // now and then the lock is granted although it is held
	Seed    uint64
}

// simulation is a run as it is made up: each client does one thing after the
// other, and a key is free once the last holder's release came back.
type simulation struct {
	cfg     Lock
	rnd     *rand.Rand
	events  []history.Event
	free    map[string]time.Duration
	token   history.ID
	process []history.Process
	session []history.ID
	faults  []fault
}

// fault is a fault that hits the ensemble or a client.
type fault struct {
	kind, spec    string
	at, recovered time.Duration // requests of the clients that it hits wait until recovered
	healed        time.Duration
	client        int // -1 for all
	server        int
	leads         int // the new leader, if there is one
}

// History makes the run up.
func (l Lock) History() *history.History {
	s := &simulation{cfg: l, rnd: rand.New(rand.NewPCG(l.Seed, 1)), free: map[string]time.Duration{}}
	for c := range l.Clients {
		s.process = append(s.process, history.Process(c))
		s.session = append(s.session, history.ID(0x100000000000+c))
	}
	if l.Faults {
		s.schedule()
	}
	s.frame()
	s.load()
	return s.finish()
}

const begin = 400 * ms // of the load

// schedule adds a fault every ten seconds, of each kind in rotation.
func (s *simulation) schedule() {
	leader := 2
	for i, at := 0, begin+10*second; at < begin+s.cfg.Length-4*second; i, at = i+1, at+5*second {
		switch i % 4 {
		case 0:
			next := leader%3 + 1
			s.faults = append(s.faults, fault{kinds.Pause.Name, "pause:leader", at, at + 2600*ms, at + 5*second, -1, leader, next})
			leader = next
		case 1, 3:
			s.faults = append(s.faults, fault{kinds.Expire.Name, "expire:holder", at, at + 350*ms, 0, i % s.cfg.Clients, 0, 0})
		case 2:
			follower := leader%3 + 1
			client := 2 % s.cfg.Clients
			if i%8 == 6 {
				client = -2 // no client is on it
			}
			s.faults = append(s.faults, fault{kinds.Pause.Name, "pause:one", at, at + 1400*ms, at + 5*second, client, follower, 0})
		}
	}
}

// ready returns when a request that the client sent at t is answered.
func (s *simulation) ready(t time.Duration, client int) time.Duration {
	for _, f := range s.faults {
		if (f.client == -1 || f.client == client) && f.at <= t && t < f.recovered {
			t = f.recovered + time.Duration(s.rnd.IntN(60))*ms
		}
	}
	return t + 2*ms + time.Duration(s.rnd.ExpFloat64()*float64(2*ms))
}

// expired returns when the client's session expires between two times, or 0 if it does not.
func (s *simulation) expired(client int, from, until time.Duration) time.Duration {
	for _, f := range s.faults {
		if f.kind == kinds.Expire.Name && f.client == client && from <= f.at && f.at < until {
			return f.at
		}
	}
	return 0
}

func (s *simulation) add(e history.Event) { s.events = append(s.events, e) }

func (s *simulation) fact(t time.Duration, f string, v any) {
	s.add(history.Event{Time: t, Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(v)})
}

func (s *simulation) op(t time.Duration, client int, ty history.Type, f, key string, v any) *history.Event {
	s.add(history.Event{
		Time: t, Process: s.process[client], Client: client, Type: ty, F: f, Key: key,
		Value: history.Value(v), Session: s.session[client],
	})
	e := &s.events[len(s.events)-1]
	if ty != history.Invoke && f != models.FWrite {
		e.Traffic = &history.Traffic{Requests: 3, Sent: 300, Received: 400}
		if f == models.FAcquire {
			e.Traffic.AddEvent(t)
		}
	}
	return e
}

// load runs the clients, always the one that is due first, until the time is over.
func (s *simulation) load() {
	next := make([]time.Duration, s.cfg.Clients)
	for c := range next {
		next[c] = begin + time.Duration(c*7)*ms
	}
	for {
		client := 0
		for c, t := range next {
			if t < next[client] {
				client = c
			}
		}
		if next[client] > begin+s.cfg.Length {
			return
		}
		next[client] = s.round(client, next[client])
	}
}

// round adds an acquire, a write, a confirm and a release. It returns when the client goes on.
func (s *simulation) round(client int, t time.Duration) time.Duration {
	key := fmt.Sprintf("k%d", s.rnd.IntN(s.cfg.Keys))
	s.op(t, client, history.Invoke, models.FAcquire, key, nil).Intended = t - time.Duration(s.rnd.IntN(3000))*time.Microsecond
	created := s.ready(t, client)
	granted := max(created, s.free[key]) + ms
	if s.cfg.Broken && s.rnd.IntN(150) == 0 {
		granted = created
	}
	if at := s.expired(client, t, granted); at != 0 {
		return s.gaveUp(at+300*ms, client, models.FAcquire, key, "session-expired")
	}
	if granted-t > 4*second {
		return s.gaveUp(t+4*second, client, models.FAcquire, key, "timeout")
	}
	s.token++
	s.op(granted, client, history.OK, models.FAcquire, key, models.Grant{Token: s.token}).Zxid = s.token + 0x500000000
	return s.hold(client, key, granted)
}

func (s *simulation) hold(client int, key string, granted time.Duration) time.Duration {
	token := s.token
	t := granted + 100*time.Microsecond
	s.op(t, client, history.Invoke, models.FWrite, key, models.Grant{Token: token})
	t += 20 * time.Microsecond
	s.op(t, client, history.OK, models.FWrite, key, models.Written{Accepted: true, Token: token, Order: int64(token)})
	until := t + time.Duration(1+s.rnd.IntN(20))*ms
	if at := s.expired(client, granted, until+40*ms); at != 0 {
		return s.lose(client, key, token, max(at, t)+20*ms)
	}
	s.op(until, client, history.Invoke, models.FRelease, key, models.Held{Held: true, Token: token})
	released := s.ready(until, client)
	if released-until > 4*second {
		return s.gaveUp(until+4*second, client, models.FRelease, key, "timeout")
	}
	s.op(released, client, history.OK, models.FRelease, key, nil)
	s.free[key] = released
	return released + time.Duration(s.rnd.IntN(40))*ms
}

// lose adds a hold's end with its session. It returns when the client goes on.
func (s *simulation) lose(client int, key string, token history.ID, told time.Duration) time.Duration {
	s.add(history.Event{
		Time: told, Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FLost, Key: key,
		Session: s.session[client], Value: history.Value(history.LostHold{Token: token}),
	})
	s.op(told+5*ms, client, history.Invoke, models.FRelease, key, models.Held{Token: token})
	s.op(told+6*ms, client, history.OK, models.FRelease, key, nil)
	s.free[key] = told
	return told + 350*ms
}

func (s *simulation) gaveUp(t time.Duration, client int, f, key, code string) time.Duration {
	s.op(t, client, history.Info, f, key, nil).Error = &history.Error{Code: code, Message: "zk: " + code}
	s.process[client] += history.Process(s.cfg.Clients)
	return t + 20*ms
}

// frame writes the facts of the run.
func (s *simulation) frame() {
	end := begin + s.cfg.Length
	s.fact(0, history.FBegin, s.header())
	s.fact(ms, history.FPhase, history.Phase{Name: history.PhaseSetup})
	s.fact(300*ms, history.FHealth, history.Health{Healthy: true, When: "before", Leader: 2, Epoch: 5})
	s.fact(begin, history.FPhase, history.Phase{Name: history.PhaseLoad})
	elections := int64(0)
	for i, f := range s.faults {
		s.fault(i+1, f)
		if f.leads != 0 {
			elections++
		}
	}
	s.fact(end+200*ms, history.FPhase, history.Phase{Name: history.PhaseHeal})
	s.fact(end+1200*ms, history.FHealth, history.Health{Healthy: true, When: "after", Leader: 3, Epoch: 5 + elections})
	s.fact(end+1200*ms, history.FPhase, history.Phase{Name: history.PhaseQuiesce})
	s.fact(end+3*second, history.FEnd, nil)
}

func (s *simulation) header() history.Header {
	return history.Header{
		Version: history.Version, Model: models.Lock.Name,
		Wall: time.Date(2026, 3, 4, 15, 30, 0, 0, time.UTC),
		Params: history.Params{
			Clients: s.cfg.Clients, Servers: 3, SessionTimeout: 4 * second, Tick: 500 * ms, MinLoad: 200,
			Subject: "zklab", Seed: int64(s.cfg.Seed),
		},
	}
}

func (s *simulation) fault(number int, f fault) {
	step := func(t time.Duration, step string, change func(*history.FaultStep)) {
		v := history.FaultStep{Fault: number, Step: step, Spec: f.spec}
		if f.server != 0 {
			v.Servers = []int{f.server}
		}
		if f.client >= 0 {
			v.Clients = []int{f.client}
		}
		if f.kind == kinds.Expire.Name {
			v.Sessions = []history.ID{s.session[f.client]}
		}
		if change != nil {
			change(&v)
		}
		s.fact(t, f.kind, v)
	}
	step(f.at, history.StepInject, nil)
	step(f.at+6*ms, history.StepVerified, func(v *history.FaultStep) {
		if f.kind == kinds.Expire.Name {
			v.Holding = []string{[]string{"holding", "waiting", "idle"}[number%3]}
		}
	})
	if f.leads != 0 {
		step(f.recovered, history.StepElected, func(v *history.FaultStep) { v.Servers = []int{f.leads} })
	}
	if f.healed != 0 {
		step(f.healed-10*ms, history.StepHeal, nil)
		step(f.healed, history.StepHealed, nil)
	}
	if f.kind == kinds.Expire.Name {
		s.add(history.Event{
			Time: f.recovered, Process: history.SessionProcess, Client: f.client, Type: history.Info, F: history.FConnected,
			Session: s.session[f.client] + history.ID(0x1000*number), Value: history.Value(history.Connected{Server: "127.0.0.1:2182"}),
		})
	}
}

func (s *simulation) finish() *history.History {
	slices.SortStableFunc(s.events, func(a, b history.Event) int { return cmp.Compare(a.Time, b.Time) })
	for i := range s.events {
		s.events[i].Index = i
	}
	// Operations that were under way ran on a little longer than the end mark.
	if last := len(s.events) - 1; s.events[last].F != history.FEnd {
		i := slices.IndexFunc(s.events, func(e history.Event) bool { return e.F == history.FEnd })
		end := s.events[i]
		s.events = append(slices.Delete(s.events, i, i+1), end)
		s.events[len(s.events)-1].Time = s.events[len(s.events)-2].Time
		for i := range s.events {
			s.events[i].Index = i
		}
	}
	return &history.History{Header: s.header(), Events: s.events, Complete: true}
}
