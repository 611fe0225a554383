package workloads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Mix is the workload of a kind of object that a program declares: clients draw operations by their
// weights. Package object makes it.
type Mix struct {
	Declaration models.Declared
	// New makes the subject of one client on one znode.
	New func(c *subjects.Client, path string) (any, error)
	// OneSession means that a subject serves one session only: the client makes a new one when that has ended.
	OneSession bool
	// Operations are in the order of the declaration. At least one has a weight.
	Operations []MixedOperation
}

// MixedOperation is an operation of a [Mix], with what its load needs.
type MixedOperation struct {
	*contracts.JSONOp
	// Declared says where the program declares the operation, as the beginning of a message: "ids_test.go:17: ".
	Declared string
	Weight   int // how often it is drawn, relative to the others
	// Final means that every client calls it once for every key after the load, when all faults are
	// healed.
	Final bool
	// Cached means that a cache answers it. Every client calls it once more for every key after the load, when the
	// cache has had time to become current.
	Cached bool
	// Owns means that its answer belongs to the client while its session lives. A touch after each call
	// proves that the session lives.
	Owns bool
	// EndedBy is the operation that ends the hold that it begins, and that clients call even when the session of the hold
	// has ended; "" for none.
	EndedBy string
	// When reports whether a client may call it now; nil means always.
	When func(*Draw) bool
	// Argument draws the argument, as JSON.
	Argument func(*Draw) (json.RawMessage, error)
}

// Draw has the sources from which the argument of one call is drawn. The same seed gives the same draws,
// whatever other calls are left out. It is for the goroutine that gets it.
type Draw struct {
	*rand.Rand
	Client int    // the client that is about to call, from 0
	Key    string // the object that it calls
	// Held is the number of stays of this client at this object: operations that began one (see
	// models.Operation), less those that ended one.
	Held int

	unique  numbers
	answers *answers
	drawn   []drawn // what the argument was drawn from
	none    bool    // there was nothing to draw it from
}

// Unique returns a positive number that no other call of the run gets.
func (d *Draw) Unique() int64 { return d.unique.next() }

// numbers hands out the numbers of one call. The seventh arrival of client 3 gets 703. With five clients, its seventh call
// after the load gets 708, and a second number for the seventh arrival is 713: all fit into an int32.
type numbers struct {
	from, step int64
	n, most    int64 // how many were handed out, and how many are less than uniqueStride apart
}

const (
	uniqueStride  = 100     // how many numbers there are for one call of every client, unless there are many clients
	anotherUnique = 1 << 40 // added to numbers that do not fit into the stride
)

// numbersOf returns the numbers of a call of a client. Calls are counted from 1, those after the
// load separately.
func numbersOf(call int64, client, clients int, afterLoad bool) numbers {
	stride, step := int64(uniqueStride), 2*int64(clients)
	for step > stride {
		stride *= uniqueStride
	}
	from := call*stride + int64(client)
	if afterLoad {
		from += int64(clients)
	}
	return numbers{from: from, step: step, most: stride / step}
}

func (u *numbers) next() int64 {
	most := max(1, u.most)
	n := u.from + u.n%most*u.step + u.n/most*anotherUnique
	u.n++
	return n
}

// Name returns the name of the declared model.
func (m Mix) Name() string { return m.Declaration.Model().Name }

// Declared returns the declaration.
func (m Mix) Declared() models.Declared { return m.Declaration }

// Try returns one call of each operation, as MixedOperation and its argument: those that put items in or begin a
// stay come first, and those that end a stay last. Different numbers give different arguments.
func (m Mix) Try(number int64) (calls []MixedOperation, arguments []json.RawMessage, err error) {
	rank := func(o MixedOperation) int {
		switch traits := m.Declaration.Model().Operation(o.Name()); {
		case traits.Begins || traits.Puts:
			return 0
		case traits.Ends:
			return 2
		}
		return 1
	}
	calls = slices.Clone(m.Operations)
	slices.SortStableFunc(calls, func(a, b MixedOperation) int { return rank(a) - rank(b) })
	for i, o := range calls {
		d := &Draw{Rand: rand.New(rand.NewPCG(uint64(number), uint64(i))), unique: numbersOf(number, i, len(calls), false)}
		argument, err := o.Argument(d)
		if err != nil {
			return nil, nil, err
		}
		arguments = append(arguments, argument)
	}
	return calls, arguments, nil
}

// contract lists what another process can do with a subject.
func (m Mix) contract() *contracts.Contract[any, contracts.None] {
	var all []*contracts.JSONOp
	for i := range m.Operations {
		all = append(all, m.Operations[i].JSONOp)
	}
	return contracts.JSONContract(m.Declaration.Model(), all...)
}

// Maker serves the subjects to another process.
func (m Mix) Maker() subjects.Maker { return contracts.ServeOn(m.contract(), m.New) }

// Start makes the subjects.
func (m Mix) Start(ctx context.Context, env *Env) (Run, error) {
	make := on(m.contract(), m.New)
	made, err := makePerKey(ctx, env, make)
	r := &mixRun{Mix: m, env: env, renewals: &renewals[contracts.At[any]]{env: env, of: env.keys(), subjects: made, make: make}, meetings: newMeetings(env, perMixedMeeting), seats: perKey[*seat]{}}
	env.followAnswers()
	for _, c := range env.Clients {
		r.seats[c.ID] = map[string]*seat{}
	}
	return r, err
}

type mixRun struct {
	Mix
	env *Env
	*renewals[contracts.At[any]]
	meetings meetings
	seats    perKey[*seat] // each client uses its own

	mu  sync.Mutex
	err error // the first mistake in a function of the declaration
}

// seat holds the state of one client at one object.
type seat struct {
	stays
	answers *answers
	put     int   // how many items it put in
	after   int64 // how many calls it made that the load did not draw
	expired int   // how many of its sessions had expired when it got its subject: see renewOver
}

// seat returns the seat of a client at an object.
func (r *mixRun) seat(c *Client, key string) *seat {
	s := r.seats[c.ID][key]
	if s == nil {
		s = &seat{}
		r.seats[c.ID][key] = s
	}
	return s
}

// stays counts the stays of one client at one object. They end with the session that made them, which may be one of the
// subject's own, and with the client's process.
type stays struct {
	n       int
	session int64
	own     bool // the session is the subject's own
	life    int
	endedBy string // see MixedOperation
}

// stays returns how many stays a client has now at an object.
func (r *mixRun) stays(c *Client, key string) int {
	if s := r.seat(c, key); c.has(s.session) && !c.gone(s.life) {
		return s.n
	}
	return 0
}

// believed returns how many stays a client has now at an object, or had when the subject's own session ended: a
// subject is asked whether it still holds even when it should have noticed that it does not.
func (r *mixRun) believed(c *Client, key string) int {
	if s := r.seat(c, key); s.own && !c.gone(s.life) {
		return s.n
	}
	return r.stays(c, key)
}

// atObject returns the object at which a client has a stay. A client has stays at one object at a time, so that
// no two of them wait for each other for ever.
func (r *mixRun) atObject(c *Client) (key string, ok bool) {
	for i := range r.env.Keys {
		if key = r.env.Key(i); r.stays(c, key) > 0 {
			return key, true
		}
	}
	return "", false
}

// After every perMixedMeeting operations of all clients, on average, the clients that wait for the
// meeting call the same object at once. One in metShare arrivals waits for the next such meeting.
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
		if at, ok := r.atObject(c); ok {
			key = at
		}
		_, _ = r.draw(ctx, c, at, r.drawing(c, key, numbersOf(int64(number), c.ID, len(r.env.Clients), false), rng))
	})
	return r.mistake()
}

func (r *mixRun) drawing(c *Client, key string, unique numbers, rng *rand.Rand) *Draw {
	return &Draw{Rand: rng, Client: c.ID, Key: key, Held: r.stays(c, key), unique: unique, answers: r.remembered(c, key)}
}

// afterwards returns the Draw for a client's next call after the load.
func (r *mixRun) afterwards(c *Client, key string, rng *rand.Rand) *Draw {
	r.seat(c, key).after++
	calls := int64(0)
	for _, s := range r.seats[c.ID] {
		calls += s.after
	}
	return r.drawing(c, key, numbersOf(calls, c.ID, len(r.env.Clients), true), rng)
}

// draw draws one of the operations that are possible now, and calls it. It returns the operation, nil if none is
// possible, and the error of the call.
func (r *mixRun) draw(ctx context.Context, c *Client, at time.Duration, d *Draw) (*MixedOperation, error) {
	var possible []*MixedOperation
	sum := 0
	for i := range r.Operations {
		if o := &r.Operations[i]; o.Weight > 0 && r.may(o, r.seen(c, o, d)) {
			possible, sum = append(possible, o), sum+o.Weight
		}
	}
	if sum == 0 {
		return nil, nil
	}
	for sum > 0 {
		n := d.IntN(sum)
		i := slices.IndexFunc(possible, func(o *MixedOperation) bool { n -= o.Weight; return n < 0 })
		o := possible[i]
		_, err := r.call(ctx, c, at, o, d)
		if !errors.Is(err, errNothingToDraw) {
			return o, err
		}
		possible, sum = slices.Delete(possible, i, i+1), sum-o.Weight
	}
	return nil, nil
}

// errNothingToDraw means that the argument of an operation is to be drawn from an answer, and the client has none.
var errNothingToDraw = errors.New("there is no answer to draw from")

// seen returns a Draw with the number of stays that an operation may know when it is drawn.
func (r *mixRun) seen(c *Client, o *MixedOperation, d *Draw) *Draw {
	if c.model.Operation(o.Name()).Affirms {
		asks := *d
		asks.Held = r.believed(c, d.Key)
		return &asks
	}
	return d
}

// may reports whether an operation may be called now: it calls When.
func (r *mixRun) may(o *MixedOperation, d *Draw) (may bool) {
	if o.When == nil {
		return true
	}
	err := told(func() error { may = o.When(d); return nil })
	r.mistaken(o, "condition", err)
	return may && err == nil
}

// call calls an operation, and returns its answer as JSON; nil if there is none.
func (r *mixRun) call(ctx context.Context, c *Client, at time.Duration, o *MixedOperation, d *Draw) (json.RawMessage, error) {
	var argument json.RawMessage
	d.none, d.drawn = false, nil
	err := told(func() (err error) { argument, err = o.Argument(d); return err })
	if d.none {
		d.giveBack()
		return nil, errNothingToDraw
	}
	if err != nil {
		r.mistaken(o, "argument", err)
		return nil, err
	}
	if r.OneSession {
		r.renewOver(ctx, c, d.Key)
	}
	traits := c.model.Operation(o.Name())
	if traits.Begins {
		r.endLost(ctx, c, d.Key)
	}
	subject := r.subjects[c.ID][d.Key]
	var answer json.RawMessage
	op := Op{
		F: o.Name(), Key: d.Key, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) {
			got, err := o.On(ctx, subject, contracts.JSON{RawMessage: argument})
			if answer = got.RawMessage; answer == nil {
				return nil, err
			}
			return answer, err
		},
	}
	if argument != nil {
		op.Arg = argument
	}
	if traits.Begins {
		if s, ok := subjects.Offered[subjects.Owner](subject.Subject()); ok {
			op.Owner = s.Session
		}
	}
	if traits.Ends && d.Held > 0 { // a process that was started again has no stay to end
		op.Life = r.seat(c, d.Key).life
		r.env.touch(ctx, c, op.Life) // proves that the session lived until now
	}
	if traits.Puts {
		r.seat(c, d.Key).put++
	}
	if err = c.Do(ctx, op); err != nil { // a call that was given up may still answer
		r.failed(ctx, c, o, d, err)
		return nil, err
	}
	r.remember(c, d.Key, o.Name(), answer)
	r.count(ctx, c, d.Key, o, nil, string(answer) != "false")
	if o.Owns && !traits.Begins {
		r.env.touch(ctx, c, c.life)
	}
	return answer, nil
}

// failed notes a call that did not succeed.
func (r *mixRun) failed(ctx context.Context, c *Client, o *MixedOperation, d *Draw, err error) {
	if lost, ok := errors.AsType[Unwritten](err); ok {
		r.mistaken(o, "answer", lost.Err)
	}
	if subjects.NoEffect(err) {
		d.giveBack()
	}
	r.count(ctx, c, d.Key, o, err, false)
}

// count follows the stays of a client. A touch proves that its session lived when a stay began.
func (r *mixRun) count(ctx context.Context, c *Client, key string, o *MixedOperation, err error, began bool) {
	n := r.stays(c, key)
	switch traits := c.model.Operation(o.Name()); {
	case traits.Begins && began:
		session := c.madeIn(key, r.subjects[c.ID][key].Subject())
		r.seat(c, key).stays = stays{n + 1, session, session != c.SessionID(), c.life, o.EndedBy}
		r.env.touch(ctx, c, c.life)
	case traits.Ends && !subjects.NoEffect(err): // an end of unknown outcome is not repeated
		r.seat(c, key).n = max(n-1, 0)
	}
}

// Unwritten is the error of a call whose answer cannot be recorded as it is. The declaration must be corrected;
// what the call did is not known.
type Unwritten struct{ Err error }

func (u Unwritten) Error() string { return "its answer cannot be recorded: " + u.Err.Error() }

func (u Unwritten) Unwrap() error { return u.Err }

// told calls a function of the declaration, and turns its panic into an error.
func told(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its function panicked: %v%s", p, panics.Place())
		}
	}()
	return f()
}

// mistaken notes a mistake in a function of the declaration.
func (r *mixRun) mistaken(o *MixedOperation, what string, err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		done := "drawn"
		if what == "answer" {
			done = "recorded"
		}
		r.err = fmt.Errorf("%sthe %s of operation %q of %s cannot be %s: %w", o.Declared, what, o.Name(), r.Name(), done, err)
	}
}

func (r *mixRun) mistake() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Quiesce lets each client end its stays. Then each client calls one more operation of every
// object, which must work now, and asks the final ones. Finally it takes out the items that were
// put in.
func (r *mixRun) Quiesce(ctx context.Context) error {
	r.env.eachKey(func(c *Client, key string) { r.endStays(ctx, c, key) })
	r.env.eachKey(func(c *Client, key string) {
		r.last(ctx, c, key)
		r.endStays(ctx, c, key)
	})
	r.env.eachKey(func(c *Client, key string) {
		for i := range r.Operations {
			if o := &r.Operations[i]; o.Final {
				_, _ = r.call(ctx, c, 0, o, r.afterwards(c, key, random(r.env, c.ID)))
			}
		}
	})
	r.lookLate(ctx)
	r.drainAll(ctx)
	r.env.recover(ctx, r)
	r.close(ctx)
	return r.mistake()
}

// last calls one more operation of an object. If it fails to begin a stay, the client asks again.
func (r *mixRun) last(ctx context.Context, c *Client, key string) {
	r.env.askAgain(ctx, func() error {
		rng := rand.New(rand.NewPCG(random(r.env, c.ID).Uint64(), 0)) // draws the same operation each time
		n := r.stays(c, key)
		o, _ := r.draw(ctx, c, 0, r.afterwards(c, key, rng))
		if o == nil || !c.model.Operation(o.Name()).Begins || r.stays(c, key) > n {
			return nil
		}
		return errNotBegun
	})
}

// errNotBegun means that a call began no stay.
var errNotBegun = errors.New("no stay began")

// endLost ends a hold whose session is over, as often as it was begun, as the clients of workloads.Lock do: a lock may
// require that before the next begin. An end that fails is not repeated.
func (r *mixRun) endLost(ctx context.Context, c *Client, key string) {
	s := r.seat(c, key).stays
	end := r.named(s.endedBy)
	if s.n == 0 || end == nil || c.idle || r.stays(c, key) > 0 {
		return
	}
	drawing := func() *Draw {
		d := r.afterwards(c, key, random(r.env, c.ID))
		d.Held = s.n
		return d
	}
	r.askLost(ctx, c, drawing)
	for range s.n {
		_, _ = r.call(ctx, c, 0, end, drawing())
	}
	r.seat(c, key).stays = stays{}
}

// askLost asks a subject whether it still has a hold that ended with its session, until the subject has noticed
// the end, or should have.
func (r *mixRun) askLost(ctx context.Context, c *Client, drawing func() *Draw) {
	asks := r.operation(func(o *MixedOperation) bool { return o.Weight > 0 && c.model.Operation(o.Name()).Affirms })
	until := r.env.Record.Now() + lossPatience
	for asks != nil {
		d := drawing()
		if !r.may(asks, d) {
			return
		}
		late := r.env.Record.Now() >= until
		if answer, err := r.call(ctx, c, 0, asks, d); err != nil || string(answer) == "false" || late || !pause(ctx, lossPatience/4) {
			return
		}
	}
}

// named returns the operation with a name; nil if there is none.
func (r *mixRun) named(name string) *MixedOperation {
	return r.operation(func(o *MixedOperation) bool { return o.Name() == name })
}

// operation returns the first operation of some kind; nil if there is none.
func (r *mixRun) operation(is func(*MixedOperation) bool) *MixedOperation {
	for i := range r.Operations {
		if is(&r.Operations[i]) {
			return &r.Operations[i]
		}
	}
	return nil
}

// renew makes a new subject, which has no hold to end.
func (r *mixRun) renew(ctx context.Context, c *Client, key string) error {
	err := r.renewals.renew(ctx, c, key)
	if err == nil && r.stays(c, key) == 0 {
		r.seat(c, key).stays = stays{}
	}
	return err
}

// endStays calls the operation that ends a stay until the client has no stay, or the call does
// not help.
func (r *mixRun) endStays(ctx context.Context, c *Client, key string) {
	r.endLost(ctx, c, key)
	for i := range r.Operations {
		o := &r.Operations[i]
		if !c.model.Operation(o.Name()).Ends {
			continue
		}
		for n := r.stays(c, key); n > 0; n-- {
			_, _ = r.call(ctx, c, 0, o, r.afterwards(c, key, random(r.env, c.ID)))
		}
	}
}
