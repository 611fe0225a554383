package conformance

import (
	"cmp"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

const (
	// usualPatience is how long a server may take for one step: one that takes longer will never
	// answer.
	usualPatience = time.Minute
	// sessionTimeout is long, so that no session expires while a script runs.
	sessionTimeout = 40 * time.Second
)

// place has the servers that scripts run on. Their order is follower, follower, leader: in some
// respects, the leader treats its own clients differently from how followers treat theirs.
type place struct {
	dial       ensemble.DialFunc
	addrs      []string
	base       string // the znode below which the scripts have their roots; "" is the whole tree
	patience   time.Duration
	stretch    float64             // the factor by which the times in scripts are multiplied
	atLeader   chan *zkclient.Conn // idle connections to the leader, for applied
	identities []wire.ClientInfo   // identities of every client that clients of the reference do not have
	own        ensemble.Ensemble   // an ensemble that is closed with the place; nil: the servers belong to others
}

// newPlace connects to the leader, which is the last of the servers.
func newPlace(ctx context.Context, p place) (*place, error) {
	const connections = 4
	p.atLeader = make(chan *zkclient.Conn, connections)
	for range connections {
		c, err := zkclient.Connect(ctx, zkclient.Config{Dial: p.dialer(len(p.addrs)), PingEvery: zkclient.DefaultTimeout / 3})
		if err != nil {
			p.close()
			return nil, err
		}
		p.atLeader <- c
	}
	return &p, nil
}

// close ends the connections to the leader, with their sessions, and the place's own ensemble.
func (p *place) close() {
	if p.own != nil {
		defer p.own.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.patience)
	defer cancel()
	for range len(p.atLeader) {
		c := <-p.atLeader
		_, _ = c.Do(ctx, wire.CloseSession, nil)
		_ = c.Close()
	}
}

// dialer connects to a server by its number in a script. If there are fewer servers than in the script, the
// last number still means the leader.
func (p *place) dialer(server int) func(context.Context) (net.Conn, error) {
	n := len(p.addrs) - 1
	if server < scriptServers && server < len(p.addrs) {
		n = server - 1
	} else if server < scriptServers {
		n = max(0, n-1)
	}
	addr := p.addrs[n]
	return func(context.Context) (net.Conn, error) { return p.dial("tcp", addr, p.patience) }
}

// scriptServers is the number of servers that a script names.
const scriptServers = 3

// applied returns when the leader has applied what was committed before. A failed write is also a
// transaction, and is answered in order.
func (p *place) applied(ctx context.Context) error {
	c := <-p.atLeader
	defer func() { p.atLeader <- c }()
	_, err := c.Do(ctx, wire.Delete, p.nowhere())
	return err
}

// nowhere returns a request for a znode that does not exist, so that the request fails.
func (p *place) nowhere() *wire.VersionRequest {
	return &wire.VersionRequest{Path: p.base + "/nowhere"}
}

// stretched returns a time of a script, scaled for these servers.
func (p *place) stretched(d time.Duration) time.Duration {
	return time.Duration(float64(d) * p.stretch)
}

// member is the state of one client of a script.
type member struct {
	conn, kept *zkclient.Conn // nil: none
	server     int            // of conn
	session    wire.Session   // ID 0: none
	seen       int64          // the highest zxid of its connections
	behind     bool           // others have written since it last settled
	// xids counts the requests of all its connections, as client libraries do. Apache's servers tell the requests of a
	// session apart by their xids alone (CommitProcessor): when the leader refuses a write on a connection that the
	// session has left, the server to which the session moved would close the new connection if a write on that had
	// the same xid and were still under way.
	xids atomic.Int32
}

// runner runs one script and keeps its trace.
type runner struct {
	ctx     context.Context
	place   *place
	root    string
	members [clients]member
	trace   trace
}

// root returns where the script runs. It is the same on every ensemble, since the orders of some
// lists come from hashes of paths, and as long for every script, since sizes of requests count.
func (s Script) root() string {
	sum := sha1.Sum([]byte(s.Name))
	return fmt.Sprintf("/%x", sum[:5])
}

// play runs the script and returns what its clients saw.
func (s Script) play(ctx context.Context, p *place) Trace {
	root := p.base + s.root()
	r := &runner{ctx: ctx, place: p, root: root, trace: trace{root: root, strangers: p.identities}}
	if err := r.setUp(); err != nil {
		r.trace.note("", fmt.Sprintf("cannot set up: %v", err))
		return r.trace.finish()
	}
	for i, st := range s.steps {
		r.trace.lines = append(r.trace.lines, line{step: fmt.Sprintf("%d %s", i, st)})
		st.run(r)
	}
	r.settleAll()
	r.tearDown()
	return r.trace.finish()
}

// setUp makes the root, as alice.
func (r *runner) setUp() error {
	m := r.member(alice)
	if m.conn == nil {
		return errors.New("no connection")
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.place.patience)
	defer cancel()
	reply, err := m.conn.Do(ctx, wire.Create, &wire.CreateRequest{Path: r.root, ACL: worldAll})
	if err == nil && reply.Header.Err != wire.OK {
		err = reply.Header.Err
	}
	r.trace.wrote(reply.Header.Zxid)
	return err
}

// tearDown ends the sessions that the script left.
func (r *runner) tearDown() {
	ctx, cancel := context.WithTimeout(r.ctx, r.place.patience)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range r.members {
		m := &r.members[i]
		wg.Go(func() {
			closeConn(&m.kept)
			if m.conn != nil {
				m.conn.Do(ctx, wire.CloseSession, nil)
				closeConn(&m.conn)
			} else if m.session.ID != 0 {
				wire.EndSession(ctx, r.place.dialer(1), m.session)
			}
		})
	}
}

func closeConn(c **zkclient.Conn) {
	if *c != nil {
		(*c).Close()
		*c = nil
	}
}

// member returns a client's state, connected if possible.
func (r *runner) member(c client) *member {
	m := &r.members[c]
	if m.conn == nil {
		join{who: c, server: cmp.Or(m.server, int(c)+1)}.open(r)
	}
	return m
}

func (a ask) run(r *runner) {
	m := r.member(a.who)
	conn := &m.conn
	if a.old {
		conn = &m.kept
		m.behind = true // on its new connection, to another server
	} else if !a.fresh {
		r.settle(a.who)
	}
	if *conn == nil {
		r.trace.note("", "no connection")
		return
	}
	r.exchange(a.who, conn, a.reqs)
}

// exchange sends requests and reads until all are answered, or the connection ends.
func (r *runner) exchange(who client, conn **zkclient.Conn, reqs []req) {
	ctx, cancel := context.WithTimeout(r.ctx, r.place.patience)
	defer cancel()
	pings := 0
	for _, q := range reqs {
		if writes(q.op) {
			r.wrote(who)
		}
		if err := send(ctx, *conn, q, r.fill(who, q.rec)); err != nil {
			r.over(who, conn, err)
			return
		}
	}
	answered, seen := 0, int64(0)
	for (*conn).Pending() > 0 {
		asked := reqs[min(answered, len(reqs)-1)].String()
		f, err := (*conn).Next(ctx)
		if err != nil {
			r.over(who, conn, err)
			r.trace.lines[len(r.trace.lines)-1].asked = asked
			return
		}
		r.trace.frame(who, f, asked)
		pings = max(pings, pingsAfter(f.Header.Err))
		if f.Event != nil {
			continue
		}
		if answered++; f.Header.Xid > 0 && f.Header.Err == wire.OK {
			if f.Header.Zxid < seen {
				r.trace.note(who.String(), lowerZxid)
			}
			seen = max(seen, f.Header.Zxid)
		}
	}
	if pings > 0 {
		r.probe(who, conn, pings)
	}
	if slices.ContainsFunc(reqs, func(q req) bool { return q.op == wire.SetACL }) {
		// Until Java's leader has applied a new list, it uses the old one, although the client may
		// already know of the new one (see pipeline).
		if err := r.place.applied(ctx); err != nil {
			r.trace.note("", fmt.Sprintf("the leader is gone: %v", err))
		}
	}
}

// events notes the events that came before a reply.
func (r *runner) events(who client, reply zkclient.Reply) {
	for _, e := range reply.Events {
		r.trace.frame(who, e, "")
	}
}

func send(ctx context.Context, c *zkclient.Conn, q req, rec any) error {
	if q.xid != 0 {
		return c.SendXid(ctx, q.xid, q.op, rec)
	}
	_, err := c.Send(ctx, q.op, rec)
	return err
}

// fill completes a record with values that are known only during a run.
func (r *runner) fill(who client, rec any) any {
	rec = rooted(rec, r.root)
	if w, ok := rec.(*wire.SetWatchesRequest); ok {
		w.RelativeZxid = r.zxid(who, mark(w.RelativeZxid))
	}
	return rec
}

func (r *runner) zxid(who client, m mark) int64 {
	switch m {
	case seen:
		return r.members[who].seen
	case ahead:
		return 1 << 60
	}
	return 0
}

func writes(op wire.Op) bool {
	switch op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL, wire.Delete, wire.DeleteContainer,
		wire.SetData, wire.SetACL, wire.Check, wire.Multi, wire.CloseSession, wire.Reconfig:
		return true
	}
	return false
}

// pingsAfter returns how many pings show whether a connection survives an error; after most errors it
// certainly does, and no ping is needed.
func pingsAfter(err wire.Code) int {
	switch err {
	case wire.MarshallingError:
		return 1
	case wire.Unimplemented, wire.AuthFailed, wire.SessionExpired, wire.SessionMoved:
		return 4
	}
	return 0
}

// probe finds out whether a connection is still there. Java's server may still read and answer a
// ping after the request for which it closes the connection, so probe sends several.
func (r *runner) probe(who client, conn **zkclient.Conn, pings int) {
	ctx, cancel := context.WithTimeout(r.ctx, r.place.patience)
	defer cancel()
	for i := range pings {
		time.Sleep(time.Duration(i) * 10 * time.Millisecond)
		reply, err := (*conn).Do(ctx, wire.Ping, nil)
		r.events(who, reply)
		if err != nil {
			r.over(who, conn, err)
			return
		}
	}
	r.trace.note(who.String(), "still connected")
}

// over notes that a connection has ended.
func (r *runner) over(who client, conn **zkclient.Conn, err error) {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		r.trace.note(who.String(), noReply)
	case errors.Is(err, wire.ErrNoReply):
		r.trace.note(who.String(), disconnected)
	default:
		r.trace.note(who.String(), fmt.Sprintf("fails: %v", err))
	}
	r.forget(who, conn)
}

// forget closes a connection and remembers what it has seen.
func (r *runner) forget(who client, conn **zkclient.Conn) {
	if *conn == nil {
		return
	}
	m := &r.members[who]
	m.seen = max(m.seen, (*conn).LastZxid())
	closeConn(conn)
}

// wrote notes that the other clients may not have seen the last change by who.
func (r *runner) wrote(who client) {
	for i := range r.members {
		if client(i) != who {
			r.members[i].behind = true
		}
	}
}

// settle brings a client up to date: its server has applied what was committed
// before, and the client has received the events of those changes.
//
// It sends a write that fails instead of a sync: a leader answers sync without a quorum, possibly
// before it has applied what its followers have applied. A failed write is also a transaction, and is
// answered in order.
func (r *runner) settle(who client) {
	m := &r.members[who]
	if !m.behind || m.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.place.patience)
	defer cancel()
	reply, err := m.conn.Do(ctx, wire.Delete, r.place.nowhere())
	r.events(who, reply)
	m.behind = false
	if err != nil {
		r.over(who, &m.conn, err)
	}
}

func (r *runner) settleAll() {
	for c := range clients {
		r.settle(c)
	}
}

func (d drop) run(r *runner) {
	m := &r.members[d.who]
	r.settle(d.who)
	r.forget(d.who, &m.conn)
}

func (w wait) run(r *runner) {
	time.Sleep(r.place.stretched(w.d))
	for i := range r.members {
		r.members[i].behind = true // the servers may have done something meanwhile
	}
}

func (u until) run(r *runner) {
	m := r.member(u.who)
	ctx, cancel := context.WithTimeout(r.ctx, r.place.patience)
	defer cancel()
	for m.conn != nil {
		reply, err := m.conn.Do(ctx, wire.GetData, &wire.ReadRequest{Path: below(r.root, u.path)})
		r.events(u.who, reply)
		if err != nil {
			r.over(u.who, &m.conn, err)
			return
		}
		if v, err := reply.Decode(); err == nil && v != nil && string(v.(wire.DataReply).Data) == u.data {
			r.trace.note(u.who.String(), "reads it")
			return
		}
		_ = await.Sleep(ctx, 10*time.Millisecond)
	}
}

func (g gone) run(r *runner) {
	m := r.member(g.who)
	// A session lasts for its timeout, and for up to a tick more.
	ctx, cancel := context.WithTimeout(r.ctx, r.place.stretched(2*brief)+r.place.patience)
	defer cancel()
	for m.conn != nil {
		reply, err := m.conn.Do(ctx, wire.Exists, &wire.ReadRequest{Path: below(r.root, g.path)})
		r.events(g.who, reply)
		switch {
		case err != nil:
			r.over(g.who, &m.conn, err)
			return
		case reply.Header.Err == wire.NoNode:
			r.trace.note(g.who.String(), "sees that it is gone")
			return
		}
		_ = await.Sleep(ctx, 10*time.Millisecond)
	}
}

func (e end) run(r *runner) {
	m := r.member(e.who)
	r.settleAll()
	conn := &m.conn
	if e.old {
		conn = &m.kept
	}
	if *conn == nil {
		r.trace.note("", "no connection")
		return
	}
	r.exchange(e.who, conn, []req{{op: wire.CloseSession}})
	if !e.old {
		r.forget(e.who, conn)
		m.session = wire.Session{}
	}
	r.settleAll()
}

func (c join) run(r *runner) {
	if c.as != own {
		r.member(c.who)
		c.intrude(r)
		return
	}
	r.settle(c.who)
	c.open(r)
}

// open connects as the client itself, with its session or for a new one.
func (c join) open(r *runner) {
	m := &r.members[c.who]
	if c.keep {
		r.forget(c.who, &m.kept)
		m.kept, m.conn = m.conn, nil
		if m.kept != nil {
			m.seen = max(m.seen, m.kept.LastZxid())
		}
	}
	r.forget(c.who, &m.conn)
	m.server = c.server
	conn, err := r.connect(c, m.session)
	r.trace.connected(c.who.String(), c.who, conn, err, m.session)
	if errors.Is(err, wire.ErrRefused) {
		m.session = wire.Session{}
	}
	if err != nil {
		return
	}
	m.conn, m.session = conn, conn.Session()
	m.session.Timeout = sessionTimeout
	m.behind = true
}

// intrude connects as another client that claims the client's session, or a session that does not
// exist, and checks what happened to the client.
func (c join) intrude(r *runner) {
	r.settle(c.who) // or its events would come before or after those of the probe
	m := &r.members[c.who]
	s := m.session
	switch c.as {
	case wrongPassword:
		s.Password = []byte("0123456789abcdef")
	case noPassword:
		s.Password = []byte{}
	case unknown:
		s = wire.Session{ID: 0x1234567, Password: []byte("0123456789abcdef")}
	}
	conn, err := r.connect(c, s)
	r.trace.connected("intruder", c.who, conn, err, s)
	closeConn(&conn)
	if m.conn != nil {
		r.probe(c.who, &m.conn, 1)
	}
}

// connect connects. If the server refuses the client because it may lag, connect tries again for a
// while.
func (r *runner) connect(c join, s wire.Session) (*zkclient.Conn, error) {
	s.Timeout = cmp.Or(r.place.stretched(c.timeout), sessionTimeout)
	cfg := zkclient.Config{
		Dial: r.place.dialer(c.server), Session: s, LastZxid: r.zxid(c.who, c.lastZxid), Short: c.short, ReadOnly: c.readOnly,
		Xids: &r.members[c.who].xids,
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.place.patience)
	defer cancel()
	for {
		conn, err := zkclient.Connect(ctx, cfg)
		if !errors.Is(err, wire.ErrNoReply) || c.lastZxid != seen || ctx.Err() != nil {
			return conn, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
