package workloads

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// Mix is the workload of a kind of object that a program declares: clients draw operations by their
// weights. Package object makes it.
type Mix struct {
	Declaration models.Declared
	// New makes the subject of one client on one znode.
	New func(c *subjects.Client, path string) (any, error)
	// Operations are in the order of the declaration. At least one has a weight.
	Operations []MixedOperation
}

// MixedOperation is an operation of a [Mix].
type MixedOperation struct {
	F      string
	Weight int // how often it is drawn, relative to the others
	// Final: after the load, when all faults are healed, every client calls it once for every key.
	Final bool
	// When says whether a client may call it now; nil means always.
	When func(*Draw) bool
	// Argument draws the argument, as JSON.
	Argument func(*Draw) (json.RawMessage, error)
	// Call calls the operation, and returns the answer.
	Call func(ctx context.Context, subject any, argument json.RawMessage) (any, error)
}

// Draw is what the argument of one call is drawn from. The same seed gives the same draws, whatever
// other calls are left out. It is for the goroutine that gets it.
type Draw struct {
	*rand.Rand
	Client int    // the client that is about to call, from 0
	Key    string // the object that it calls
	// Held is the number of stays of this client at this object: operations that began one (see
	// models.Operation), less those that ended one.
	Held int

	unique int64 // the next value of Unique
}

// Unique returns a positive number that no other call of the run gets.
func (d *Draw) Unique() int64 {
	n := d.unique
	d.unique += anotherUnique
	return n
}

// Numbers of [Draw.Unique]: the seventh arrival of client 3 gets 703. In Quiesce, clients go on from
// afterLoad. A second number for one call is larger by anotherUnique.
const (
	uniqueStride  = 100
	afterLoad     = 1 << 31
	anotherUnique = 1 << 40
)

// Name is the name of the declared model.
func (m Mix) Name() string { return m.Declaration.Model().Name }

// Declared returns the declaration.
func (m Mix) Declared() models.Declared { return m.Declaration }

// InProcesses returns a Mix: the same one with subjects in the clients' own processes, which [Mix.Maker] makes there.
func (m Mix) InProcesses() Workload {
	name := m.Name()
	m.New = func(c *subjects.Client, path string) (any, error) { return subjects.RemoteObject(c, name, path) }
	m.Operations = slices.Clone(m.Operations)
	for i := range m.Operations {
		o := &m.Operations[i]
		f := o.F
		o.Call = func(ctx context.Context, subject any, argument json.RawMessage) (any, error) {
			var with any
			if argument != nil {
				with = argument
			}
			var answer json.RawMessage
			if err := subject.(subjects.Object).Call(ctx, f, with, &answer); err != nil || answer == nil {
				return nil, err
			}
			return answer, nil
		}
	}
	return m
}

// Maker serves the subjects to another process.
func (m Mix) Maker() subjects.Maker {
	return func(c *subjects.Client, path string, _ json.RawMessage) (*subjects.Served, error) {
		subject, err := m.New(c, path)
		if err = given(subject, err); err != nil {
			return nil, err
		}
		s := &subjects.Served{Subject: subject, Operations: map[string]subjects.Operation{}}
		for _, o := range m.Operations {
			s.Operations[o.F] = func(ctx context.Context, argument json.RawMessage) (any, error) {
				return o.Call(ctx, subject, argument)
			}
		}
		return s, nil
	}
}

// Start makes the subjects.
func (m Mix) Start(ctx context.Context, env *Env) (Run, error) {
	made, err := makePerKey(ctx, env, m.New)
	r := &mixRun{Mix: m, env: env, subjects: made, meetings: newMeetings(env, perMixedMeeting), stays: map[int]*stays{}}
	for _, c := range env.Clients {
		r.stays[c.ID] = &stays{life: lifeOf(c), of: map[string]int{}}
	}
	return r, err
}

type mixRun struct {
	Mix
	env      *Env
	subjects perKey[any]
	meetings meetings
	stays    map[int]*stays // by client; each client uses its own

	mu  sync.Mutex
	err error // the first mistake in a function of the declaration
}

// stays are the stays of a client, by key. They end with the process that the client lives in.
type stays struct {
	life int // of the process
	of   map[string]int
}

// lifeOf returns the life of the process that a client lives in; 0 for this process.
func lifeOf(c *Client) int {
	if c.Process == nil {
		return 0
	}
	return c.Process.Life()
}

// in returns the stays in a life of the process: none at first.
func (s *stays) in(life int) map[string]int {
	if life != s.life {
		s.life, s.of = life, map[string]int{}
	}
	return s.of
}

// held returns how many stays a client has at a key, once its process runs.
func (r *mixRun) held(ctx context.Context, c *Client, key string) int {
	if c.Ready(ctx) != nil {
		return 0
	}
	return r.stays[c.ID].in(lifeOf(c))[key]
}

// Once in perMixedMeeting operations of all clients, those who wait for it call the same object at once.
// One in metShare arrivals waits for the next such meeting.
const (
	perMixedMeeting = 16
	metShare        = 4
)

// Load makes every client draw operations.
func (r *mixRun) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.EachArrival(ctx, over, 1, func(c *Client, number int, at time.Duration, rng *rand.Rand) {
		key := r.env.Key(rng.IntN(r.env.Keys))
		if rng.IntN(metShare) == 0 {
			var ok bool
			if at, key, ok = r.meetings.next(ctx, over, c); !ok {
				return
			}
		}
		r.draw(ctx, c, at, r.drawing(ctx, c, key, int64(number), rng))
	})
	return r.mistake()
}

func (r *mixRun) drawing(ctx context.Context, c *Client, key string, number int64, rng *rand.Rand) *Draw {
	stride := int64(uniqueStride)
	for int64(len(r.env.Clients)) > stride {
		stride *= uniqueStride
	}
	return &Draw{Rand: rng, Client: c.ID, Key: key, Held: r.held(ctx, c, key), unique: number*stride + int64(c.ID)}
}

// draw draws one of the operations that are possible now, and calls it. It returns the operation, or
// nil if none was called.
func (r *mixRun) draw(ctx context.Context, c *Client, at time.Duration, d *Draw) *MixedOperation {
	var possible []*MixedOperation
	sum := 0
	for i := range r.Operations {
		if o := &r.Operations[i]; o.Weight > 0 && r.may(o, d) {
			possible, sum = append(possible, o), sum+o.Weight
		}
	}
	if sum == 0 {
		return nil
	}
	n := d.IntN(sum)
	for _, o := range possible {
		if n -= o.Weight; n < 0 {
			return r.call(ctx, c, at, o, d)
		}
	}
	return nil
}

// may asks When.
func (r *mixRun) may(o *MixedOperation, d *Draw) (may bool) {
	if o.When == nil {
		return true
	}
	err := safely(func() error { may = o.When(d); return nil })
	r.mistaken(o, "condition", err)
	return may && err == nil
}

// call calls an operation; it returns nil if its argument cannot be drawn.
func (r *mixRun) call(ctx context.Context, c *Client, at time.Duration, o *MixedOperation, d *Draw) *MixedOperation {
	var argument json.RawMessage
	err := safely(func() (err error) { argument, err = o.Argument(d); return err })
	if err != nil {
		r.mistaken(o, "argument", err)
		return nil
	}
	op := Op{
		F: o.F, Key: d.Key, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) { return o.Call(ctx, r.subjects[c.ID][d.Key], argument) },
	}
	if argument != nil {
		op.Arg = argument
	}
	if c.model.Operation(o.F).Ends { // a process that was started again has no stay to end
		op.Life = r.stays[c.ID].life
	}
	err = c.Do(ctx, op)
	r.count(c, d.Key, o, op.Life, err)
	return o
}

// count follows the stays of a client. life is the one to which the operation belongs; 0 for any.
func (r *mixRun) count(c *Client, key string, o *MixedOperation, life int, err error) {
	traits := c.model.Operation(o.F)
	held := r.stays[c.ID].in(cmp.Or(life, c.life))
	switch {
	case traits.Begins && err == nil:
		held[key]++
	case traits.Ends && !subjects.NoEffect(err): // an end of unknown outcome is not repeated
		held[key] = max(held[key]-1, 0)
	}
}

// mistaken notes a mistake in a function of the declaration.
func (r *mixRun) mistaken(o *MixedOperation, what string, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = fmt.Errorf("the %s of operation %q of %s cannot be drawn: %w", what, o.F, r.Name(), err)
	}
}

func (r *mixRun) mistake() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Quiesce lets each client end its stays. Then each client calls one more operation of every object,
// which must work now, and asks the final ones.
func (r *mixRun) Quiesce(ctx context.Context) error {
	r.env.eachKey(func(c *Client, key string) { r.endStays(ctx, c, key, afterLoad) })
	r.env.eachKey(func(c *Client, key string) {
		rng := rand.New(rand.NewPCG(random(r.env, c.ID).Uint64(), 0))
		r.draw(ctx, c, 0, r.drawing(ctx, c, key, afterLoad+1, rng))
		r.endStays(ctx, c, key, afterLoad+2)
	})
	r.env.eachKey(func(c *Client, key string) {
		for i := range r.Operations {
			if o := &r.Operations[i]; o.Final {
				r.call(ctx, c, 0, o, r.drawing(ctx, c, key, int64(afterLoad+3+i), random(r.env, c.ID)))
			}
		}
	})
	r.subjects.close(ctx, r.env, func(subject any) any { return subject })
	return r.mistake()
}

// endStays calls the operation that ends a stay until the client has none, or it does not help.
func (r *mixRun) endStays(ctx context.Context, c *Client, key string, number int64) {
	for i := range r.Operations {
		o := &r.Operations[i]
		if !c.model.Operation(o.F).Ends {
			continue
		}
		for n := r.held(ctx, c, key); n > 0 && r.held(ctx, c, key) > 0; n-- {
			r.call(ctx, c, 0, o, r.drawing(ctx, c, key, number, random(r.env, c.ID)))
		}
	}
}
