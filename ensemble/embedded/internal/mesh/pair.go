package mesh

import "sync"

// pair is two servers and the links between them. One lock for both directions
// keeps the connection in one piece.
type pair[M any] struct {
	mu    sync.Mutex
	ends  [2]end[M]
	links [2]link[M] // links[i] is from ends[i]
	limit int
	late  func(id int)
}

// end is one server in a pair.
type end[M any] struct {
	id int
	server[M]
	// stale is that the peer has broken the connection and the news is under way.
	// What this end still sends is lost.
	stale bool
}

func (e *end[M]) attached() bool { return e.deliver != nil }

func newPair[M any](k ids, o options) *pair[M] {
	p := &pair[M]{limit: o.limit, late: o.late}
	for i := range p.links {
		p.ends[i].id = k[i]
		l := &p.links[i]
		l.from, l.to = &p.ends[i], &p.ends[1-i]
		l.seed = o.seed
		if o.delivery != nil {
			l.stream = o.delivery.Stream(l.number())
		}
		l.due = func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.fired(l)
		}
	}
	return p
}

// link returns the link from a server, back the one in the other direction.
func (p *pair[M]) link(from int) *link[M] {
	if p.ends[0].id == from {
		return &p.links[0]
	}
	return &p.links[1]
}

func (p *pair[M]) back(l *link[M]) *link[M] { return p.link(l.to.id) }

func (p *pair[M]) attach(id int, s server[M]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.link(id)
	if l.from.attached() {
		p.giveUp(l)
	}
	l.from.server = s
}

func (p *pair[M]) detach(id int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.link(id)
	if l.from.attached() {
		p.giveUp(l)
		l.from.server = server[M]{}
	}
}

func (p *pair[M]) send(from int, msg M) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.link(from)
	switch {
	case !l.from.attached() || !l.to.attached() || l.from.stale:
		return
	case l.open():
		l.arrive(msg)
	case l.held() < p.limit:
		p.hold(l, item[M]{msg: msg})
	default:
		p.giveUp(l)
		l.from.reset(l.to.id)
	}
}

// giveUp breaks the connection in the name of the end that the link comes from,
// and sends the other one the news.
func (p *pair[M]) giveUp(l *link[M]) {
	l.clear()
	p.back(l).clear() // with it the news for this end, if there was any
	l.from.stale = false
	if l.to.attached() {
		l.to.stale = true
		p.hold(l, item[M]{broken: true})
	}
}

// hold puts an item at the end of a link's queue.
func (p *pair[M]) hold(l *link[M], it item[M]) {
	it.due = l.dueTime()
	l.lose(&it)
	l.queue.push(it)
	if l.queue.len() == 1 { // else the timer is set, or the link is cut
		p.drain(l)
	}
}

// drain delivers the messages that are due, or leaves that to the scheduler.
func (p *pair[M]) drain(l *link[M]) {
	for l.stream == nil && l.hasDue() {
		p.arriveFirst(l)
	}
	l.arm()
}

// fired is called when the first message in the queue may be due. A scheduler delivers one message at a
// time; whoever changes the first one asks it again.
func (p *pair[M]) fired(l *link[M]) {
	switch {
	case l.stream == nil:
		p.drain(l)
	case l.hasDue():
		p.arriveFirst(l)
		l.arm()
	}
}

func (p *pair[M]) arriveFirst(l *link[M]) {
	it := l.queue.pop()
	switch {
	case it.broken:
		l.to.stale = false
		l.to.reset(l.from.id)
	case it.lost:
		p.giveUp(l)
		l.from.reset(l.to.id)
	default:
		l.arrive(it.msg)
		p.late(l.to.id)
	}
}

func (p *pair[M]) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.links {
		p.links[i].close()
		p.ends[i].server = server[M]{}
	}
}
