package promises

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
)

// record holds what the links saw.
type record struct {
	conns    []*conn // in order of their beginnings
	sessions map[history.ID]*session
	requests []*request // in order
	acks     []*reply   // replies to writes, in order, each with a higher zxid than all before
}

// session holds what the record has of a session.
type session struct {
	id       history.ID
	client   int
	conns    []*conn
	requests []*request // in order of sending
	timeout  time.Duration
	// closed is the zxid of its closeSession, 0 if that is not known. closer is the event that shows
	// it, or -1.
	closed history.ID
	closer int
	left   time.Duration // when its last connection ended; 0: it did not end
	// expired is when its client was told that it expired, and teller the event; 0: it was not.
	expired time.Duration
	teller  int
	// last is the result of lived, once sought is true.
	last   *request
	sought bool
	// wrote lists the paths that the session changed, as far as the replay has come.
	wrote map[string]bool
}

// conn is one connection of a session.
type conn struct {
	*session
	opened *history.Event // nil: the record does not say
	at     time.Duration
	server string
	seen   history.ID // the highest zxid that the client had seen in the session before
	auths  []*request // requests in which the client authenticated itself
	steps  []step
}

// step is what went over the wire at one moment: one of the three fields is set.
type step struct {
	request *request
	reply   *reply
	event   *event
}

type request struct {
	history.Request
	conn  *conn
	at    time.Duration
	index int
	reply *reply // nil: there is none
	// shown is the highest zxid that any client had been shown when this request was sent:
	// everything up to it was committed by then.
	shown observedZxid
	// acked is the reply with the highest zxid to a write that any client had got when this request
	// was sent (for a sync, earlier by the leader's lag): every write up to that zxid was committed
	// by then.
	acked *reply
	txn   *history.Txn // the transaction that it became, as far as the transactions are known
}

// observedZxid is a zxid that a client was shown.
type observedZxid struct {
	zxid  history.ID
	conn  *conn
	at    time.Duration
	index int
}

type reply struct {
	history.Reply
	request *request // nil: it answers no client's request
	zxid    history.ID
	at      time.Duration
	index   int
	ceiling history.ID // the newest view that it can show
}

type event struct {
	history.WatchEvent
	zxid  history.ID // 0: not known
	at    time.Duration
	index int
}

// fact is an event of the record with its decoded value.
type fact struct {
	*history.Event
	connected history.Connected
	request   *request
	reply     *reply
	event     *event
}

// read makes a record of a run's events.
func read(ctx context.Context, run Run) *record {
	var facts []fact
	for i := range run.Events {
		e := &run.Events[i]
		if e.Process == history.SessionProcess && e.Session != 0 {
			facts = append(facts, fact{Event: e})
		}
	}
	decode(ctx, run, facts)
	r := &record{sessions: map[history.ID]*session{}}
	now := map[history.ID]*conn{}
	waiting := map[*conn]*queue{}
	var shown observedZxid
	shows := func(c *conn, f *fact, z history.ID) {
		if z > shown.zxid {
			shown = observedZxid{z, c, f.Time, f.Index}
		}
	}
	for i := range facts {
		f := &facts[i]
		s := r.session(f)
		c := now[s.id]
		if f.F == history.FConnected || c == nil && (f.request != nil || f.reply != nil || f.event != nil) {
			c = r.connect(s, f)
			now[s.id], waiting[c] = c, &queue{}
		}
		switch {
		case f.F == history.FDisconnected:
			s.left = f.Time
		case f.F == history.FExpired && s.expired == 0:
			s.expired, s.teller = f.Time, f.Index
		case f.F == history.FDead && f.Zxid != 0 && s.closed == 0:
			s.closed, s.closer = f.Zxid, f.Index
		case f.request != nil:
			f.request.conn, f.request.acked, f.request.shown = c, run.newest(r.acks, f.request, c), shown
			if f.request.Op == "auth" {
				c.auths = append(c.auths, f.request)
			}
			s.requests = append(s.requests, f.request)
			r.requests = append(r.requests, f.request)
			waiting[c].push(f.request, int(f.request.Xid))
			c.steps = append(c.steps, step{request: f.request})
		case f.reply != nil:
			if q := waiting[c].take(int(f.reply.Xid)); q != nil {
				r.answer(q, f.reply)
				if !q.auth() {
					shows(c, f, f.reply.shown())
				}
			}
			c.steps = append(c.steps, step{reply: f.reply})
		case f.event != nil:
			shows(c, f, f.event.zxid)
			c.steps = append(c.steps, step{event: f.event})
		}
	}
	return r
}

// connect adds a connection that begins with a fact of its session.
func (r *record) connect(s *session, f *fact) *conn {
	c := &conn{session: s, at: f.Time, server: f.connected.Server, seen: f.connected.Seen}
	if f.F == history.FConnected {
		c.opened = f.Event
		s.timeout = f.connected.Timeout
	}
	s.conns, s.left = append(s.conns, c), 0
	r.conns = append(r.conns, c)
	return c
}

// answer gives a request its reply.
func (r *record) answer(q *request, p *reply) {
	p.request, q.reply = q, p
	if q.quorum() && (len(r.acks) == 0 || p.zxid > r.acks[len(r.acks)-1].zxid) {
		r.acks = append(r.acks, p)
	}
	if s := q.conn.session; q.Op == "closeSession" && p.Error == 0 && s.closed == 0 {
		s.closed, s.closer = p.zxid, p.index
	}
}

// newest returns the latest of the replies to writes so far that a request certainly follows; nil
// if there is none. A sync may be answered by a leader that lags behind the replies of other
// servers.
func (run *Run) newest(acks []*reply, q *request, c *conn) *reply {
	i := len(acks)
	if q.Op == "sync" && run.Lag != nil {
		old := q.at - run.Lag(c.server, q.at)
		i = sort.Search(len(acks), func(i int) bool { return acks[i].at > old })
	}
	if i == 0 {
		return nil
	}
	return acks[i-1]
}

func (r *record) session(f *fact) *session {
	s := r.sessions[f.Session]
	if s == nil {
		s = &session{id: f.Session, client: f.Client, closer: -1, wrote: map[string]bool{}}
		r.sessions[f.Session] = s
	}
	return s
}

// decode decodes the values, on all processors, since that is most of the work.
func decode(ctx context.Context, run Run, facts []fact) {
	workers := runtime.GOMAXPROCS(0)
	size := (len(facts) + workers - 1) / workers
	var wg sync.WaitGroup
	for part := range slices.Chunk(facts, max(1, size)) {
		wg.Go(func() {
			for i := range part {
				if i&0xfff == 0 && ctx.Err() != nil {
					return
				}
				part[i].decode(run)
			}
		})
	}
	wg.Wait()
}

func (f *fact) decode(run Run) {
	e := f.Event
	switch e.F {
	case history.FConnected:
		run.Decode(e, &f.connected)
	case history.FRequest:
		f.request = &request{at: e.Time, index: e.Index}
		run.Decode(e, &f.request.Request)
	case history.FReply:
		f.reply = &reply{zxid: max(0, e.Zxid), at: e.Time, index: e.Index}
		run.Decode(e, &f.reply.Reply)
	case history.FEvent:
		f.event = &event{zxid: max(0, e.Zxid), at: e.Time, index: e.Index}
		run.Decode(e, &f.event.WatchEvent)
	}
}

// byZxid orders changes by zxid.
func byZxid(x, y change) int { return cmp.Compare(x.zxid, y.zxid) }
