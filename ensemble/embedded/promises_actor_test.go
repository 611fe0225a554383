package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// moment is a position in the order in which clients see things happen. Many moments have the same
// time, because it is virtual.
type moment struct {
	seq int64
	at  time.Time
}

// clock returns moments.
type clock struct{ last atomic.Int64 }

func (c *clock) now() moment { return moment{c.last.Add(1), time.Now()} }

// seenSession is everything that a client saw of one session.
type seenSession struct {
	id    int64
	conns []*seenConn
}

// seenConn is a connection of a session, with everything that came over it.
type seenConn struct {
	session *seenSession
	server  int
	frames  []seenFrame
}

// seenFrame is a reply or an event.
type seenFrame struct {
	call  *seenCall // nil: an event
	event seenEvent
}

type seenEvent struct {
	happening
	zxid int64
}

// seenCall is a request and its outcome.
type seenCall struct {
	actor *actor
	conn  *seenConn
	xid   int32
	op    wire.Op
	req   any

	sent, got moment // got.seq is 0 without a reply
	zxid      int64
	code      wire.Code
	result    any

	// These are found by the check.
	txn    int64 // zxid of its transaction
	events []seenEvent
	again  *armed // the watches that a SetWatches leaves set
}

func (c *seenCall) String() string {
	s := fmt.Sprintf("client %d, session %#x through server %d, %v %d %s", c.actor.id, c.conn.session.id, c.conn.server, c.op, c.xid, show(c.req))
	if c.got.seq == 0 {
		return s + ": no reply"
	}
	return fmt.Sprintf("%s: %v at %#x after %v, %+v", s, c.code, c.zxid, c.got.at.Sub(c.sent.at), c.result)
}

// actor is a client: one session after another, each moving between the servers.
type actor struct {
	*trial
	id  int
	rng *rand.Rand

	timeout  time.Duration // of its sessions
	dozed    bool          // it has rested so long that its session may have expired
	conn     *zkclient.Conn
	at       *seenConn // of conn
	session  *seenSession
	resume   wire.Session // ID 0: none
	seen     int64        // highest zxid
	xid      int32        // of the session's last request
	versions map[string]int32
	made     []string // sequential znodes
	watches  armed

	sessions []*seenSession
	calls    []*seenCall
}

func newActor(tr *trial, id int) *actor {
	a := &actor{trial: tr, id: id, rng: rand.New(rand.NewPCG(tr.seed, uint64(id))), versions: map[string]int32{}, watches: newArmed()}
	a.timeout = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 10 * time.Second}[a.rng.IntN(4)]
	return a
}

// run makes requests until the trial is over.
func (a *actor) run() {
	defer a.leave()
	for a.phase.Load() != over {
		if a.conn == nil && !a.connect(a.someServer()) {
			a.rest(50 * time.Millisecond)
			continue
		}
		a.batch()
		a.rest(100 * time.Millisecond)
	}
}

// leave ends the session, or just the connection.
func (a *actor) leave() {
	if a.conn != nil && a.rng.IntN(2) == 0 {
		a.ask(todo{wire.CloseSession, nil})
	}
	a.hangUp()
}

func (a *actor) someServer() int { return 1 + a.rng.IntN(len(a.e.Addrs())) }

// rest is mostly short. Sometimes, while there are faults, it is longer than the session's timeout.
func (a *actor) rest(mean time.Duration) {
	d := min(time.Duration(a.rng.ExpFloat64()*float64(mean)), 250*time.Millisecond)
	if a.phase.Load() == faulty && a.rng.IntN(100) == 0 {
		a.dozed = true
		d = time.Duration(float64(a.timeout) * (0.5 + 1.5*a.rng.Float64()))
		if a.rng.IntN(2) == 0 {
			a.hangUp()
		}
	}
	time.Sleep(d + time.Duration(a.rng.IntN(1000)))
}

// patience returns how long a server may take before the client looks for another.
func (a *actor) patience() time.Duration {
	return min(a.timeout*2/3, 500*time.Millisecond+time.Duration(a.rng.IntN(1000))*time.Millisecond)
}

func (a *actor) connect(server int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), a.patience())
	defer cancel()
	cfg := zkclient.Config{Session: a.resume, LastZxid: a.seen, Dial: func(context.Context) (net.Conn, error) {
		return a.e.Dial("tcp", a.e.Server(server).Addr(), a.patience())
	}}
	cfg.Session.Timeout = a.timeout
	conn, err := zkclient.Connect(ctx, cfg)
	if err != nil {
		if a.phase.Load() == quiet && !a.dozed {
			a.problem("client %d, session %#x, cannot connect to server %d: %v", a.id, a.resume.ID, server, err)
		}
		if errors.Is(err, wire.ErrRefused) {
			a.forget()
		}
		return false
	}
	a.conn, a.dozed = conn, false
	a.welcome(server)
	return a.conn != nil
}

// welcome records a new connection and sets the watches of the last one again.
func (a *actor) welcome(server int) {
	s := a.conn.Session()
	if a.resume.ID == 0 {
		a.session = &seenSession{id: s.ID}
		a.sessions = append(a.sessions, a.session)
	} else if s.ID != a.resume.ID {
		a.problem("client %d asked for session %#x and got %#x", a.id, a.resume.ID, s.ID)
	}
	if s.Timeout != a.timeout {
		a.problem("client %d asked for a timeout of %v and got %v", a.id, a.timeout, s.Timeout)
	}
	a.resume = s
	a.at = &seenConn{session: a.session, server: server}
	a.session.conns = append(a.session.conns, a.at)
	before := a.watches
	a.watches = newArmed()
	if before.any() && a.rng.IntN(3) > 0 {
		a.ask(todo{wire.SetWatches2, before.request(a.seen)})
	}
}

// forget gives the session up.
func (a *actor) forget() {
	a.hangUp()
	a.resume, a.session, a.xid = wire.Session{}, nil, 0
}

func (a *actor) hangUp() {
	if a.conn != nil {
		a.conn.Close()
		a.conn, a.at = nil, nil
	}
}

// todo is a request to make.
type todo struct {
	op  wire.Op
	req any
}

// ask sends requests together and reads the replies. It returns false if the connection ended before
// all replies came.
func (a *actor) ask(steps ...todo) bool {
	if a.conn == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.patience())
	defer cancel()
	var calls []*seenCall
	for _, s := range steps {
		c := &seenCall{actor: a, conn: a.at, xid: a.nextXid(s.op), op: s.op, req: s.req, sent: a.clock.now()}
		calls = append(calls, c)
		a.calls = append(a.calls, c)
		if err := a.conn.SendXid(ctx, c.xid, c.op, c.req); err != nil {
			a.lost(c, err)
			return false
		}
	}
	for _, c := range calls {
		if err := a.await(ctx, c); err != nil {
			a.lost(c, err)
			return false
		}
	}
	if calls[len(calls)-1].op == wire.CloseSession {
		a.forget()
	}
	return true
}

func (a *actor) nextXid(op wire.Op) int32 {
	switch op {
	case wire.Ping:
		return wire.XidPing
	case wire.SetWatches2:
		return wire.XidSetWatches
	}
	a.xid++
	return a.xid
}

// lost records that a client's connection ended or was too slow.
func (a *actor) lost(c *seenCall, err error) {
	if a.phase.Load() == quiet && !a.dozed {
		a.problem("without faults: %v: %v", c, err)
	}
	a.hangUp()
}

// await reads up to the reply of c, which is the next.
func (a *actor) await(ctx context.Context, c *seenCall) error {
	for {
		f, err := a.conn.Next(ctx)
		if err != nil {
			return err
		}
		if f.Event != nil {
			ev := seenEvent{happening{f.Event.Type, f.Event.Path}, f.Header.Zxid}
			a.at.frames = append(a.at.frames, seenFrame{event: ev})
			a.watches.use(ev.happening)
			continue
		}
		if f.Header.Xid != c.xid {
			a.problem("the reply to request %d came before that to %v", f.Header.Xid, c)
			return errors.New("out of order")
		}
		return a.answered(c, f)
	}
}

func (a *actor) answered(c *seenCall, f zkclient.Frame) error {
	c.got, c.zxid, c.code = a.clock.now(), f.Header.Zxid, f.Header.Err
	var err error
	if c.result, err = f.Decode(); err != nil {
		a.problem("%v: %v", c, err)
	}
	a.at.frames = append(a.at.frames, seenFrame{call: c})
	a.seen = max(a.seen, c.zxid)
	a.learn(c)
	return nil
}

// learn records what later requests are made from.
func (a *actor) learn(c *seenCall) {
	a.watches.arm(c)
	switch r := c.result.(type) {
	case wire.Stat:
		a.versions[pathOf(c.req)] = r.Version
	case wire.DataReply:
		a.versions[pathOf(c.req)] = r.Stat.Version
	case wire.CreateReply:
		if r.Path != pathOf(c.req) {
			a.made = append(a.made, r.Path)
		}
	}
}

func pathOf(req any) string {
	switch r := req.(type) {
	case *wire.CreateRequest:
		return r.Path
	case *wire.SetDataRequest:
		return r.Path
	case *wire.VersionRequest:
		return r.Path
	case *wire.ReadRequest:
		return r.Path
	}
	return ""
}

// batch makes a few requests together.
func (a *actor) batch() {
	steps := make([]todo, 0, 4)
	for range 1 + a.rng.IntN(3) {
		steps = append(steps, a.someStep()...)
	}
	if a.phase.Load() == faulty && a.rng.IntN(60) == 0 {
		steps = append(steps, todo{wire.CloseSession, nil})
	}
	a.ask(steps...)
}

func (a *actor) someStep() []todo {
	switch n := a.rng.IntN(100); {
	case n < 45:
		return []todo{a.someWrite()}
	case n < 55:
		return []todo{{wire.Multi, a.someMulti()}}
	case n < 65:
		return []todo{{wire.Sync, &wire.PathRequest{Path: "/"}}, a.someRead()}
	case n < 68:
		return []todo{{wire.Ping, nil}}
	case n < 71:
		return []todo{{wire.AddWatch, &wire.AddWatchRequest{Path: a.somePath(), Mode: wire.AddWatchMode(a.rng.IntN(2))}}}
	}
	return []todo{a.someRead()}
}

var openToAll = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}

// With few paths, clients often use the same znodes.
var promisePaths = []string{"/a", "/b", "/a/x", "/a/y", "/b/x", "/c", "/c/x"}

func (a *actor) somePath() string {
	if n := len(a.made); n > 0 && a.rng.IntN(6) == 0 {
		return a.made[a.rng.IntN(n)]
	}
	return promisePaths[a.rng.IntN(len(promisePaths))]
}

func (a *actor) someVersion(path string) int32 {
	if v, ok := a.versions[path]; ok && a.rng.IntN(2) == 0 {
		return v
	}
	return -1
}

func (a *actor) someRead() todo {
	op := []wire.Op{wire.Exists, wire.GetData, wire.GetChildren, wire.GetChildren2}[a.rng.IntN(4)]
	return todo{op, &wire.ReadRequest{Path: a.somePath(), Watch: a.rng.IntN(3) == 0}}
}

func (a *actor) someWrite() todo {
	switch path := a.somePath(); a.rng.IntN(5) {
	case 0:
		return todo{wire.SetData, &wire.SetDataRequest{Path: path, Data: a.someData(), Version: a.someVersion(path)}}
	case 1:
		return todo{wire.Delete, a.someDelete()}
	case 2:
		return todo{wire.SetData, &wire.SetDataRequest{Path: "/a", Data: a.someData(), Version: a.someVersion("/a")}}
	}
	return a.someCreate()
}

// someDelete prefers znodes whose number would otherwise only grow.
func (a *actor) someDelete() *wire.VersionRequest {
	path := a.somePath()
	if n := len(a.made); n > 0 && a.rng.IntN(3) > 0 {
		i := a.rng.IntN(n)
		path = a.made[i]
		a.made = slices.Delete(a.made, i, i+1)
	}
	return &wire.VersionRequest{Path: path, Version: a.someVersion(path)}
}

// someData never returns the same data twice.
func (a *actor) someData() []byte {
	return fmt.Appendf(nil, "%d.%d.%d", a.id, len(a.calls), a.rng.IntN(1000))
}

func (a *actor) someCreate() todo {
	r := &wire.CreateRequest{Path: a.somePath(), Data: a.someData(), ACL: openToAll}
	op := []wire.Op{wire.Create, wire.Create2}[a.rng.IntN(2)]
	switch a.rng.IntN(10) {
	case 0, 1, 2:
		r.Mode = wire.Ephemeral
	case 3:
		r.Path, r.Mode = r.Path+"/s", wire.PersistentSequential
	case 4:
		r.Path, r.Mode = r.Path+"/e", wire.EphemeralSequential
	case 5:
		op, r.Path, r.Mode = wire.CreateContainer, "/c", wire.Container
	case 6:
		op, r.Mode, r.TTL = wire.CreateTTL, wire.PersistentTTL, time.Duration(1+a.rng.IntN(3000))*time.Millisecond
	}
	return todo{op, r}
}

func (a *actor) someMulti() []wire.MultiOp {
	var ops []wire.MultiOp
	for range 1 + a.rng.IntN(3) {
		s := a.someWrite()
		if path := a.somePath(); a.rng.IntN(4) == 0 {
			s = todo{wire.Check, &wire.VersionRequest{Path: path, Version: a.someVersion(path)}}
		}
		ops = append(ops, wire.MultiOp{Op: s.op, Request: s.req})
	}
	return ops
}

// show returns a request in words.
func show(req any) string {
	ops, ok := req.([]wire.MultiOp)
	if !ok {
		return fmt.Sprintf("%+v", req)
	}
	var parts []string
	for _, o := range ops {
		parts = append(parts, fmt.Sprintf("%v %+v", o.Op, o.Request))
	}
	return fmt.Sprint(parts)
}
