// Package mesh is the network between the servers of one ensemble, all of which
// live in this process. It may not look into a message. For each ordered pair of
// servers there is a link, which carries messages in order. A link can be cut,
// made slow, made to lose packets, and healed, each direction by itself.
//
// Links behave like TCP connections. Between two servers there is one
// connection, which uses the links of both directions:
//
//   - What is sent while a link is cut waits, in order, and arrives once it is
//     healed, as if retransmitted; at once, not at the end of some back-off.
//   - When a server is detached (it was killed) its connections break. What is
//     under way on them, both ways, is lost, and the other ends are told, as by a
//     reset segment: the news uses the link, and waits if that is cut or slow.
//   - So does a connection that holds too many messages, which bounds memory: TCP
//     gives up on data that nobody acknowledges. The sender is told at once.
//   - On a link that loses packets each message is one packet. One that is lost is
//     sent again, after 200 ms and then twice as long each time; what comes behind
//     it waits. When a packet was lost four times the sender gives the connection up.
//   - After a break the next message opens the next connection. An end that has
//     not heard of the break still sends on the old one, and that is lost.
//
// So on a connection nothing is lost, doubled or overtaken, and an end whose messages were lost is told
// so before it gets anything on the next connection.
//
// Start with [Mesh].
package mesh

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/internal/virtual/delivery"
)

// Limit is how many messages a link holds back before the connection breaks. WithLimit sets another
// limit.
const Limit = 1 << 16

// Mesh connects servers, which are named by numbers. They send values of M. Its
// methods may be called by many goroutines at once.
type Mesh[M any] struct {
	options options
	// pairs is replaced, not changed, so that Send needs no lock to find its own.
	pairs atomic.Pointer[map[ids]*pair[M]]

	mu      sync.Mutex // held to change anything but a link
	servers map[int]*server[M]
	closed  bool
}

// server is a server that was named at some time. Its functions are nil while it is not attached.
type server[M any] struct {
	deliver func([]M)
	reset   func(peer int)
}

// ids holds the ids of a pair, the lower one first.
type ids [2]int

type options struct {
	seed     uint64
	limit    int
	delivery *delivery.Scheduler
	late     func(id int)
}

// Option changes what New makes.
type Option func(*options)

// WithSeed sets the seed for the jitter and the losses of links; the default is 0. Each link has its
// own sequence.
func WithSeed(seed uint64) Option { return func(o *options) { o.seed = seed } }

// WithLimit sets how many messages a link holds back, from 1.
func WithLimit(n int) Option { return func(o *options) { o.limit = max(n, 1) } }

// WithDelivery has messages arrive one at a time, after the scheduler's latencies and what
// Delay adds to them.
func WithDelivery(s *delivery.Scheduler) Option { return func(o *options) { o.delivery = s } }

// WithLate makes the mesh call late with a server's id after each message that arrives there later
// than during the Send that sent it. The rules for deliver hold for late, too.
func WithLate(late func(id int)) Option { return func(o *options) { o.late = late } }

// New makes a mesh without servers.
func New[M any](opts ...Option) *Mesh[M] {
	m := &Mesh[M]{options: options{limit: Limit, late: func(int) {}}, servers: map[int]*server[M]{}}
	for _, o := range opts {
		o(&m.options)
	}
	m.pairs.Store(&map[ids]*pair[M]{})
	return m
}

// Attach adds a server, or adds it again after Detach; if it is attached, it is detached first. From
// now on deliver gets the messages that the others send to it, and reset(peer) is called when its
// connection to another server broke. Each may be called from within any method of the mesh and from
// another goroutine. For one peer the calls of both come one after the other, in order; for different
// peers they can come at once. They must be quick, and must neither call the mesh nor wait for a
// goroutine that does. The slice belongs to deliver during the call.
//
// Cuts, delays and losses stay as they are: they belong to the links.
func (m *Mesh[M]) Attach(id int, deliver func([]M), reset func(peer int)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	s := m.learn(id)
	s.deliver, s.reset = deliver, reset
	for _, p := range m.of(id) {
		p.attach(id, *s)
	}
}

// Detach takes a server away, as if its process was killed. When it returns,
// nothing is delivered to it any more, and nothing that it sent is under way.
func (m *Mesh[M]) Detach(id int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*m.learn(id) = server[M]{}
	for _, p := range m.of(id) {
		p.detach(id)
	}
}

// Send sends a message. On a link that is neither cut nor slow it is delivered
// before Send returns. It is lost if one of the two is not attached.
func (m *Mesh[M]) Send(from, to int, msg M) {
	if p := (*m.pairs.Load())[pairOf(from, to)]; p != nil {
		p.send(from, msg)
	}
}

// Reset breaks the connection between two servers as the first one does that
// gives it up: only the other is told.
func (m *Mesh[M]) Reset(from, to int) {
	m.change(from, to, func(p *pair[M], l *link[M]) { p.giveUp(l) })
}

// Cut makes a link hold back what is sent. A server that is attached later is cut
// off, too.
func (m *Mesh[M]) Cut(from, to int) {
	m.change(from, to, func(_ *pair[M], l *link[M]) { l.cut = true })
}

// CutBoth cuts the links of both directions.
func (m *Mesh[M]) CutBoth(a, b int) {
	m.Cut(a, b)
	m.Cut(b, a)
}

// Heal undoes a cut. It delivers what was held back before it returns; a scheduler delivers it from
// then on.
func (m *Mesh[M]) Heal(from, to int) {
	m.change(from, to, func(p *pair[M], l *link[M]) {
		l.cut = false
		p.drain(l)
	})
}

// HealAll undoes all cuts. Delays and losses stay.
func (m *Mesh[M]) HealAll() {
	for _, l := range m.Links() {
		if l.Cut {
			m.Heal(l.From, l.To)
		}
	}
}

// Delay makes messages arrive later by base, and by up to jitter more, drawn for each message, but in
// order. 0 and 0 undo it. A message that is already under way arrives when it would have, and is not
// overtaken.
func (m *Mesh[M]) Delay(from, to int, base, jitter time.Duration) {
	m.change(from, to, func(_ *pair[M], l *link[M]) { l.base, l.jitter = max(base, 0), max(jitter, 0) })
}

// Lose makes a link lose a share of its packets, from 0, which undoes it, to 1. A message whose packet
// was lost already arrives when it would have.
func (m *Mesh[M]) Lose(from, to int, share float64) {
	m.change(from, to, func(_ *pair[M], l *link[M]) { l.share = min(max(share, 0), 1) })
}

// Close detaches all servers finally, and tells none of them. When it has returned, nothing is
// delivered any more, and no timer runs.
func (m *Mesh[M]) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, s := range m.servers {
		*s = server[M]{}
	}
	for _, p := range m.sorted() {
		p.close()
	}
}

// change does something to a link, which is made if it is not there. A server has
// no link to itself.
func (m *Mesh[M]) change(from, to int, do func(*pair[M], *link[M])) {
	if from == to {
		return
	}
	m.mu.Lock()
	m.learn(from)
	m.learn(to)
	m.mu.Unlock()
	p := (*m.pairs.Load())[pairOf(from, to)]
	p.mu.Lock()
	defer p.mu.Unlock()
	do(p, p.link(from))
}

// learn returns a server, and makes the links between a new one and all others.
func (m *Mesh[M]) learn(id int) *server[M] {
	if s := m.servers[id]; s != nil {
		return s
	}
	pairs := maps.Clone(*m.pairs.Load())
	for other, s := range m.servers {
		p := newPair[M](pairOf(id, other), m.options)
		p.link(other).from.server = *s
		pairs[pairOf(id, other)] = p
	}
	m.pairs.Store(&pairs)
	m.servers[id] = &server[M]{}
	return m.servers[id]
}

// of returns the pairs that a server is in.
func (m *Mesh[M]) of(id int) []*pair[M] {
	return slices.DeleteFunc(m.sorted(), func(p *pair[M]) bool { return p.ends[0].id != id && p.ends[1].id != id })
}

// sorted returns all pairs in the order of their servers, so that connections are broken in the same
// order each time.
func (m *Mesh[M]) sorted() []*pair[M] {
	pairs := slices.Collect(maps.Values(*m.pairs.Load()))
	slices.SortFunc(pairs, func(p, q *pair[M]) int {
		return cmp.Or(p.ends[0].id-q.ends[0].id, p.ends[1].id-q.ends[1].id)
	})
	return pairs
}

func pairOf(a, b int) ids { return ids{min(a, b), max(a, b)} }
