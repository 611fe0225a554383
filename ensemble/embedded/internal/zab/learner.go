package zab

import "time"

// learning is the state of a follower or observer.
type learning struct {
	conn    Conn
	state   learnerState // the leader's view, as far as this side knows
	heard   time.Time    // when the leader was last heard of
	began   time.Time    // to connect
	retry   time.Duration
	retryAt time.Time // zero when a connection is open
	syncEnd int64     // of the log taken over
	acked   int64
	offered bool // the leader sends entries before they are committed
}

// refusals is for how many ticks a learner tries to connect to a server that
// refuses: the one elected may be the last to know. (Apache ZooKeeper tries five
// times, a second apart.)
const refusals = 2

// follow begins to follow or observe the elected leader.
func (n *Node) follow() {
	n.learning = learning{began: n.now, retry: n.cfg.Tick / 100}
	n.connect()
}

func (n *Node) connect() {
	n.tries++
	ln := &n.learning
	ln.conn = Conn{Learner: n.cfg.ID, Boot: n.disk.boots, Try: n.tries}
	ln.heard, ln.retryAt = n.now, time.Time{}
	n.send(n.leader, Message{Kind: Connect, Conn: ln.conn, Epoch: n.disk.accepted})
}

// onConn reports whether a message belongs to the connection to the leader.
func (n *Node) onConn(m Message) bool {
	return n.learns() && m.From == n.leader && m.Conn == n.learning.conn
}

func (n *Node) learns() bool { return n.role == Following || n.role == Observing }

// abandoned reacts to the leader's closing the connection.
func (n *Node) abandoned() {
	ln := &n.learning
	if ln.state > calling || n.epoch != 0 || n.now.Sub(ln.began) > n.ticks(refusals) {
		n.look("the leader closed the connection")
		return
	}
	ln.retryAt = n.now.Add(ln.retry)
	ln.retry = min(2*ln.retry, n.cfg.Tick/4)
}

func (n *Node) tickLearner() {
	n.acknowledge()
	ln := &n.learning
	if !ln.retryAt.IsZero() {
		if !n.now.Before(ln.retryAt) {
			n.connect()
		}
		return
	}
	if !n.now.Before(n.patience()) {
		n.look("nothing heard of the leader")
	}
}

// patience returns when the learner gives the leader up, if it stays silent.
func (n *Node) patience() time.Time {
	limit := n.cfg.InitLimit
	if n.serving {
		limit = n.cfg.SyncLimit
	}
	return n.learning.heard.Add(n.ticks(limit))
}

func (n *Node) nextLearner() time.Time {
	if n.owesAck() {
		return n.now
	}
	if at := n.learning.retryAt; !at.IsZero() {
		return at
	}
	return n.patience()
}

// pinged answers the leader.
func (n *Node) pinged() {
	pong := Message{Kind: Pong, Conn: n.learning.conn}
	if n.serving {
		pong.Payload = n.app.Beat()
	}
	n.send(n.leader, pong)
}

// acknowledge tells the leader what is durable now. It comes with Tick, so that
// one ack serves for all proposals that arrived together.
func (n *Node) acknowledge() {
	ln := &n.learning
	switch {
	case !n.owesAck():
	case ln.state == syncing:
		n.confirmSync()
	default:
		ln.acked = n.disk.durable
		n.send(n.leader, Message{Kind: Ack, Conn: ln.conn, Zxid: ln.acked})
	}
}

// owesAck reports whether more is durable than the leader was told.
func (n *Node) owesAck() bool {
	ln, durable := &n.learning, n.disk.durable
	switch {
	case n.disk.broken:
	case ln.state == syncing:
		return durable >= ln.syncEnd
	case ln.state > syncing:
		return (n.role == Following || ln.offered) && durable > ln.acked
	}
	return false
}
