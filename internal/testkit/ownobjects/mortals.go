package ownobjects

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// Mortal is an object whose clients fail for ever, rightly or not.
type Mortal struct {
	Name string
	// Breaks is the property that it breaks; "" if it is right.
	Breaks string
	Made   func() Declared
}

// Mortals lists objects that do not recover from the end of a session, and right objects that only seem not to.
// Tests go through all of them.
var Mortals = []Mortal{
	{"dead counter", "recovers", func() Declared { return mortalNumbers(mortality{}) }},
	{"dead the second time", "recovers", func() Declared { return mortalNumbers(mortality{survives: 1}) }},
	{"dead at one key", "recovers", func() Declared { return mortalNumbers(mortality{key: "k1"}) }},
	{"dead for one operation", "recovers", func() Declared { return mortalNumbers(mortality{reads: true}) }},
	{"dead with its own session", "recovers", func() Declared { return mortalNumbers(mortality{own: true}) }},
	{"dead counter without heartbeats", "recovers", func() Declared { return mortalNumbers(mortality{sleeps: 4 * time.Second}) }},
	{"dead queue", "recovers", func() Declared { return mortalBaskets(mortality{}) }},
	{"dead config", "recovers", func() Declared { return mortalConfig(configured) }},
	{"dead member", "recovers", func() Declared { return members(false) }},
	{"lock behind an orphan", "progress", latches},
	{"lock that stays shut", "progress", func() Declared { return strictLocks(shut) }},
	{"lock for two", "exclusion", func() Declared { return strictLocks(double) }},

	{"counter", "", func() Declared { return mortalNumbers(mortality{survives: 1000}) }},
	{"slow counter", "", func() Declared { return mortalNumbers(mortality{survives: 1000, rests: 3 * time.Second}) }},
	{"counter for one session", "", func() Declared {
		o := mortalNumbers(mortality{}).(object.Object[*mortal])
		o.OneSession = true
		return o
	}},
	{"config for one session", "", func() Declared { return mortalConfig(configured + "one-session: true\n") }},
	{"queue", "", func() Declared { return mortalBaskets(mortality{survives: 1000}) }},
	{"member", "", func() Declared { return members(true) }},
	{"leader elsewhere", "", func() Declared { return ballots(ballot{leads: true}) }},
	{"leader who is the newest", "", func() Declared { return ballots(ballot{newest: true}) }},
	{"one vote a client", "", func() Declared { return ballots(ballot{perClient: true}) }},
	{"one vote a session", "", func() Declared { return ballots(ballot{perSession: true}) }},
	{"one vote a subject", "", func() Declared { return ballots(ballot{perSubject: true}) }},
	{"sold out", "", func() Declared { return ballots(ballot{stock: 40}) }},
	{"lock that wants each leave", "", func() Declared { return strictLocks(none) }},
	{"newer incarnation", "", func() Declared { return ballots(ballot{incarnations: true}) }},
}

// mortality says how a subject dies.
type mortality struct {
	survives int           // how many ends of sessions it survives
	rests    time.Duration // how long it answers nothing after each of these ends
	key      string        // it dies at this key only; "": at every key
	reads    bool          // it still reads when it is dead
	sleeps   time.Duration // it also dies if it is not called for so long, as a client without heartbeats does; 0: it does not
	own      bool          // it has a session of its own, which it closes when it loses the connection
}

// mortal is a number, or a basket, whose subject dies.
type mortal struct {
	*number
	*basket
	how mortality

	mu      sync.Mutex
	session int64
	ends    int
	resting time.Time
	called  time.Time
}

var errDead = errors.New("connection closed")

func newMortal(how mortality, data string) func(c *subjects.Client, path string) (*mortal, error) {
	return func(c *subjects.Client, at string) (*mortal, error) {
		m := &mortal{how: how}
		life := Life{each: how.own}
		s, err := life.at(c, at, data)
		if err != nil {
			return nil, err
		}
		m.number, m.basket = &number{seat: s}, &basket{seat: s}
		if how.key != "" && how.key != path.Base(at) {
			m.how.survives = 1000
		}
		now, _, err := s.session()
		if err != nil {
			return nil, err
		}
		if m.session = now.Conn.SessionID(); how.own {
			go m.watch(now)
		}
		return m, nil
	}
}

// watch closes the connection when its session has expired, and dies.
func (m *mortal) watch(own *subjects.Client) {
	for e := range own.Events {
		if e.State == zk.StateExpired {
			m.mu.Lock()
			m.ends = 1000
			m.mu.Unlock()
			own.Conn.Close()
			return
		}
	}
}

// alive returns an error if the subject is dead or at rest.
func (m *mortal) alive() error {
	now, done, err := m.number.session()
	if err != nil {
		return err
	}
	defer done()
	m.mu.Lock()
	defer m.mu.Unlock()
	if id := now.Conn.SessionID(); id != m.session && id != 0 && !m.how.own {
		m.session, m.resting = id, time.Now().Add(m.how.rests)
		m.ends++
	}
	if slept := time.Since(m.called); m.how.sleeps > 0 && !m.called.IsZero() && slept > m.how.sleeps {
		m.ends++
	}
	m.called = time.Now()
	if m.ends > m.how.survives || time.Now().Before(m.resting) {
		return subjects.WithoutEffect(errDead)
	}
	return nil
}

func (m *mortal) Next(ctx context.Context) (int64, error) {
	if err := m.alive(); err != nil {
		return 0, err
	}
	return m.number.Next(ctx)
}

func (m *mortal) Get(ctx context.Context) (int64, error) {
	if err := m.alive(); err != nil && !m.how.reads {
		return 0, err
	}
	return m.change(ctx, func(n int64) int64 { return n })
}

func (m *mortal) Write(ctx context.Context, n int64) error {
	if err := m.alive(); err != nil {
		return err
	}
	_, err := m.change(ctx, func(int64) int64 { return n })
	return err
}

func (m *mortal) Put(ctx context.Context, item int64) error {
	if err := m.alive(); err != nil {
		return err
	}
	return m.basket.Put(ctx, item)
}

func (m *mortal) Take(ctx context.Context) (*int64, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.basket.Take(ctx)
}

// Close closes nothing: the harness closes the session.
func (m *mortal) Close(context.Context) error { return nil }

func mortalNumbers(how mortality) Declared {
	next, get := object.Ask("next", (*mortal).Next), object.Ask("get", (*mortal).Get)
	return object.Object[*mortal]{
		Name: "own-mortal-numbers", New: newMortal(how, "0"), Operations: []object.Operation[*mortal]{next, get},
		Rules: []object.Rule{object.Sequential(int64(0),
			object.Runs(next, func(n int64, _ object.None) (int64, int64, error) { return n + 1, n + 1, nil }),
			object.Runs(get, func(n int64, _ object.None) (int64, int64, error) { return n, n, nil }))},
	}
}

func mortalBaskets(how mortality) Declared {
	put, take := object.Give("put", (*mortal).Put, object.Unique), object.Ask("take", (*mortal).Take)
	return object.Object[*mortal]{
		Name: "own-mortal-line", New: newMortal(how, ""), Operations: []object.Operation[*mortal]{put, take}, Rules: []object.Rule{object.Queue(put, take)},
	}
}

// DeadProcesses declares numbers of clients that fail for ever once a session has ended, as do their new subjects: only
// another process is answered. Clients with odd numbers do not fail if half is set.
func DeadProcesses(half bool) Declared {
	o := mortalNumbers(mortality{}).(object.Object[*mortal])
	var first sync.Map // session by *subjects.Client
	o.New = func(c *subjects.Client, path string) (*mortal, error) {
		was, _ := first.LoadOrStore(c, c.Conn.SessionID())
		if half && c.ID%2 == 1 {
			return newMortal(mortality{survives: 1000}, "0")(c, path)
		}
		if was != c.Conn.SessionID() {
			return nil, errDead
		}
		return newMortal(mortality{}, "0")(c, path)
	}
	return o
}

// configured is a config that a file declares.
const configured = `object: own-mortal-config
operations:
  read: {}
  write: {argument: unique}
promise:
  register: {read: read, write: write, initial: 0}
`

// servedConfig answers calls as the adapter of a program would.
type servedConfig struct {
	*mortal
	subjects.Object
}

func (s servedConfig) Call(ctx context.Context, operation string, argument, answer any) error {
	if operation == "read" {
		n, err := s.Get(ctx)
		if err != nil {
			return err
		}
		return json.Unmarshal(strconv.AppendInt(nil, n, 10), answer)
	}
	n, _ := argument.(float64)
	return s.Write(ctx, int64(n))
}

func (s servedConfig) Close(ctx context.Context) error { return s.mortal.Close(ctx) }

func mortalConfig(text string) Declared {
	o, err := object.Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	made := newMortal(mortality{}, "0")
	o.New = func(c *subjects.Client, path string) (subjects.Object, error) {
		m, err := made(c, path)
		return servedConfig{mortal: m}, err
	}
	return o
}

// member belongs to a group as long as its session lasts.
type member struct {
	c    *subjects.Client
	path string
}

var errNoMember = errors.New("not registered")

// Join enters the group.
func (m *member) Join(context.Context) error {
	_, err := m.c.Conn.Create(m.own(), nil, zk.FlagEphemeral, everyone)
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

func (m *member) own() string { return m.path + "/member-" + strconv.Itoa(m.c.ID) }

// Post fails unless the client is a member.
func (m *member) Post(context.Context) error {
	there, _, err := m.c.Conn.Exists(m.own())
	if err == nil && !there {
		err = errNoMember
	}
	if err != nil {
		return err
	}
	_, err = m.c.Conn.Set(m.path, nil, -1)
	return err
}

// members declares members, which post while they are registered. The subjects of a wrong group register when they
// are made, and never again.
func members(right bool) Declared {
	join, post := object.Do("join", (*member).Join), object.Do("post", (*member).Post)
	operations := []object.Operation[*member]{join, post}
	if !right {
		operations = operations[1:]
	}
	return object.Object[*member]{
		Name: "own-members", Operations: operations,
		New: func(c *subjects.Client, path string) (*member, error) {
			if _, err := c.Conn.Create(path, nil, 0, everyone); err != nil && !errors.Is(err, zk.ErrNodeExists) {
				return nil, err
			}
			m := &member{c, path}
			if right {
				return m, nil
			}
			return m, m.Join(context.Background())
		},
		Rules: []object.Rule{object.Property("nothing", "nothing", func(*object.Key) []object.Finding { return nil })},
	}
}

// latch is a try-lock: a znode. The znode outlives its session, and stays if the call that made it was not
// answered.
type latch struct {
	c    *subjects.Client
	path string
}

func (l *latch) Try(context.Context) (bool, error) {
	_, err := l.c.Conn.Create(l.path+"/latch", nil, 0, everyone)
	if errors.Is(err, zk.ErrNodeExists) {
		return false, nil
	}
	return err == nil, err
}

func (l *latch) Leave(context.Context) error { return l.c.Conn.Delete(l.path+"/latch", -1) }

func latches() Declared {
	enter, leave := object.Ask("enter", (*latch).Try), object.Do("leave", (*latch).Leave)
	return object.Object[*latch]{
		Name: "own-latch", Operations: []object.Operation[*latch]{enter, leave}, Rules: []object.Rule{object.Exclusive(enter, leave)},
		New: func(c *subjects.Client, path string) (*latch, error) {
			if _, err := c.Conn.Create(path, nil, 0, everyone); err != nil && !errors.Is(err, zk.ErrNodeExists) {
				return nil, err
			}
			return &latch{c, path}, nil
		},
	}
}

// strictLock is a lock that refuses its client until the client has left as often as it has entered, even after the
// session of the hold has ended.
type strictLock struct {
	lock    held
	mistake mistake
	depth   int
}

// Mistakes of a strict lock.
const (
	shut   mistake = "shut"   // a leave after the session has ended does not help
	double mistake = "double" // it lets a client in that has waited for a while
)

var errNotLeft = errors.New("the lock was not left since it was entered")

func (s *strictLock) Enter(ctx context.Context) error {
	if s.depth > 0 {
		return subjects.WithoutEffect(errNotLeft)
	}
	wait, cancel := ctx, func() {}
	if s.mistake == double {
		wait, cancel = context.WithTimeout(ctx, patience/2)
	}
	defer cancel()
	err := s.lock.Lock(wait)
	if err != nil && s.mistake == double && ctx.Err() == nil {
		err = nil
	}
	if err == nil {
		s.depth++
	}
	return err
}

func (s *strictLock) Leave(ctx context.Context) error {
	select {
	case <-s.lock.Lost():
		if s.mistake == shut {
			return subjects.WithoutEffect(zk.ErrSessionExpired)
		}
	default:
	}
	s.depth = 0
	return s.lock.Unlock(ctx)
}

func strictLocks(m mistake) Declared {
	enter, leave := object.Do("enter", (*strictLock).Enter), object.Do("leave", (*strictLock).Leave)
	return object.Object[*strictLock]{
		Name: "own-strict-lock", Operations: []object.Operation[*strictLock]{enter, leave}, Rules: []object.Rule{object.Exclusive(enter, leave)},
		New: func(c *subjects.Client, path string) (*strictLock, error) {
			l, err := subjects.NewLock(c, path)
			if err != nil {
				return nil, err
			}
			return &strictLock{lock: l.(held), mistake: m}, nil
		},
	}
}

// ballot says which clients an object rightly refuses, with an error that it does not declare.
type ballot struct {
	leads        bool // refuses all but the leader
	newest       bool // refuses all but the newest subject, or the one with the newest session
	perClient    bool // refuses a client that has voted
	perSession   bool // refuses a session that has voted
	perSubject   bool // refuses a subject that has voted
	stock        int  // refuses all votes after so many
	incarnations bool // refuses a subject if its client has a newer one
}

// voter is the subject of a ballot.
type voter struct {
	ballot
	c    *subjects.Client
	path string

	voted   bool
	own     string // its znode
	session int64
}

var errRefused = errors.New("refused")

// Campaign begins to lead.
func (v *voter) Campaign(context.Context) error {
	_, err := v.c.Conn.Create(v.path+"/leader", []byte(strconv.Itoa(v.c.ID)), zk.FlagEphemeral, everyone)
	return err
}

// Vote votes, unless the ballot refuses it.
func (v *voter) Vote(context.Context) error {
	switch {
	case v.leads:
		_, stat, err := v.c.Conn.Get(v.path + "/leader")
		if err != nil {
			return err
		}
		if stat.EphemeralOwner != v.c.Conn.SessionID() {
			return errRefused
		}
		return nil
	case v.newest, v.incarnations:
		return v.last()
	case v.perSubject:
		if v.voted {
			return errRefused
		}
		v.voted = true
		_, err := v.c.Conn.Set(v.path, nil, -1)
		return err
	}
	name := v.path + "/vote-"
	switch {
	case v.perClient:
		name += strconv.Itoa(v.c.ID)
	case v.perSession:
		name += strconv.FormatInt(v.c.Conn.SessionID(), 16)
	default:
		all, _, err := v.c.Conn.Children(v.path)
		if err != nil || len(all) >= v.stock {
			return errors.Join(err, errRefused)
		}
		_, err = v.c.Conn.Create(name, nil, zk.FlagSequence, everyone)
		return err
	}
	_, err := v.c.Conn.Create(name, nil, 0, everyone)
	return err
}

// enter makes the znode of a subject.
func (v *voter) enter() (err error) {
	name, flags := v.path+"/v-", int32(zk.FlagSequence)
	if v.incarnations {
		name += strconv.Itoa(v.c.ID) + "-"
	}
	made, err := v.c.Conn.Create(name, nil, flags, everyone)
	if err == nil {
		v.own, v.session = path.Base(made), v.c.Conn.SessionID()
	}
	return err
}

// last reports whether the znode of the subject is the last one, of all or of its client.
func (v *voter) last() error {
	if v.newest && v.session != v.c.Conn.SessionID() {
		if err := v.enter(); err != nil {
			return err
		}
	}
	all, _, err := v.c.Conn.Children(v.path)
	if err != nil {
		return err
	}
	number := func(name string) string { return name[len(name)-10:] }
	all = slices.DeleteFunc(all, func(name string) bool {
		return len(name) < 10 || name[:len(name)-10] != v.own[:len(v.own)-10]
	})
	for _, name := range all {
		if number(name) > number(v.own) {
			return errRefused
		}
	}
	_, err = v.c.Conn.Set(v.path, nil, -1)
	return err
}

func ballots(b ballot) Declared {
	vote := object.Do("vote", (*voter).Vote)
	operations := []object.Operation[*voter]{vote}
	if b.leads {
		operations = append(operations, object.Do("campaign", (*voter).Campaign))
	}
	return object.Object[*voter]{
		Name: "own-ballot", Operations: operations,
		New: func(c *subjects.Client, path string) (*voter, error) {
			if _, err := c.Conn.Create(path, nil, 0, everyone); err != nil && !errors.Is(err, zk.ErrNodeExists) {
				return nil, err
			}
			v := &voter{ballot: b, c: c, path: path}
			if b.newest || b.incarnations {
				return v, v.enter()
			}
			return v, nil
		},
		Rules: []object.Rule{object.Property("nothing", "nothing", func(*object.Key) []object.Finding { return nil })},
	}
}
