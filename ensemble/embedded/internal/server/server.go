package server

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/ensemble/embedded/internal/membership"
	"github.com/zklab/zklab/ensemble/embedded/internal/prep"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/watch"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
)

// Config holds all that a server needs to know.
type Config struct {
	Zab zab.Config
	// MinSession and MaxSession bound the session timeouts that clients get.
	MinSession, MaxSession time.Duration
	// Sweep is how often the leader looks for empty containers and expired TTL nodes.
	Sweep time.Duration
	// FirstEpoch is the epoch with which the ensemble began. If it is later than 1, every server shows
	// it from the start, as a zxid without a transaction.
	FirstEpoch int64
	// Shift is by how many nanoseconds the server's wall clock is ahead of the right time; nil: by none.
	Shift *atomic.Int64
	// WallExpiry is a deliberate defect: sessions expire by the wall clock.
	WallExpiry bool
	// Disk survives the server.
	Disk *zab.Disk
	// Listener accepts the clients' connections; the server closes it.
	Listener net.Listener
	// Send takes a message to another server, without blocking. Peer returns another server, or nil
	// while it is down.
	Send func(zab.Message)
	Peer func(id int) *Server
	// Members are in /zookeeper/config until a reconfiguration, which Reconfig allows, changes it.
	Members  membership.Members
	Reconfig bool
	// NoTTL refuses znodes with a TTL.
	NoTTL bool
	// EnforceQuota refuses changes beyond the hard limit of a quota.
	EnforceQuota bool
	// ReadOnly lets a server without a majority serve clients that ask for that.
	// LocalSessions has it begin sessions for them, too.
	ReadOnly, LocalSessions bool
	// MaxRequest is the largest frame that is taken from a client.
	MaxRequest int
	// MaxConnections is how many connections one address may have; 0 means no limit.
	MaxConnections int
	// Words are the four-letter words that are answered.
	Words []string
	// Port is the port for clients, which conf reports.
	Port int
	// SuperDigest is the digest identity that no access control list stops.
	SuperDigest string
	// Older shows clients what 3.8.0 shows them, where the package's documentation says so.
	Older bool
}

// Server is one run of a server. Its methods may be called from anywhere.
type Server struct {
	cfg     Config
	inbox   *inbox
	started time.Time
	ready   chan struct{} // closed when it serves for the first time
	ending  chan struct{} // closed by Kill and Stop
	tasks   sync.WaitGroup

	accepting sync.WaitGroup // the goroutine that adds to tasks

	// mu is held during a turn, which never waits.
	mu     sync.Mutex
	paused chan struct{} // closed by Resume; nil unless paused
	woken  bool          // it was resumed, and has done nothing since
	over   bool

	// The rest belongs to the goroutine that takes the turn.
	now        time.Time
	timer      *time.Timer
	armed      time.Time // when timer fires
	peers      []peerEvent
	events     []event
	crowd      crowd
	sent       peerSet // servers to which this turn sent messages
	node       *zab.Node
	tree       *tree.Tree
	prep       *prep.Prep // while leading
	sessions   *sessions  // while leading
	sweepAt    time.Time  // while leading, by the wall clock
	serving    bool
	stuck      bool
	readOnlyAt time.Time     // when it serves read-only if it has found no leader; zero while it has one
	readOnly   *readOnlyMode // while it serves read-only
	watches    *watch.Table[*conn]
	conns      map[*conn]struct{}
	known      uint64          // connections, ever
	attached   map[int64]*conn // by session
	touched    touches
	pending    map[uint64]*call // by request.id
	orders     map[uint64]*order
	syncs      []syncWait
	moves      map[uint64]*call // sessions that are being moved here
	lastID     uint64
	lastSess   int64
	dirty      []*conn
	names      []string // for lists of children
	counters   fourletter.Counters
	proposals  fourletter.Sizes // while leading
	traceMask  int64
}

// New makes a server. Messages for it may come before Run.
func New(cfg Config) *Server {
	s := &Server{
		cfg: cfg, inbox: newInbox(), started: time.Now(), ready: make(chan struct{}), ending: make(chan struct{}),
		watches: watch.New[*conn](), conns: map[*conn]struct{}{}, attached: map[int64]*conn{},
		traceMask: fourletter.DefaultTraceMask, touched: touches{}, pending: map[uint64]*call{}, orders: map[uint64]*order{}, moves: map[uint64]*call{},
	}
	s.now = s.started
	// Requests of an earlier run may still be on their way: no id comes twice.
	s.lastID = uint64(s.started.UnixNano())
	s.node = zab.NewNode(cfg.Zab, cfg.Disk, (*app)(s))
	return s
}

// Run begins to listen and to look for the others. The server serves once it has
// found them.
func (s *Server) Run() {
	s.mu.Lock()
	s.timer = time.AfterFunc(0, func() { s.inbox.put(event{what: due}) })
	s.mu.Unlock()
	s.tasks.Go(s.loop)
	s.accepting.Go(s.accept)
}

// Deliver takes messages of other servers. They wait for the next turn. The sender takes that turn
// if Deliver is called within Config.Send; otherwise the caller calls Wake.
func (s *Server) Deliver(ms []zab.Message) {
	for _, m := range ms {
		s.inbox.addPeer(peerEvent{message: m})
	}
}

// PeerReset tells the server that the connection to another one broke.
func (s *Server) PeerReset(id int) {
	s.inbox.addPeer(peerEvent{broken: id})
	s.inbox.signal()
}

// acceptAgain is how long a server waits after it failed to accept a connection.
const acceptAgain = 10 * time.Millisecond

// accept accepts connections, even while the server is paused, as the kernel does.
func (s *Server) accept() {
	for {
		nc, err := s.cfg.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no file is free, say
			time.Sleep(acceptAgain)
			continue
		}
		s.take(nc)
	}
}

func (s *Server) take(nc net.Conn) {
	c := newConn(nc, s.cfg.MaxRequest)
	s.inbox.put(event{conn: c, what: opened})
	s.tasks.Go(func() { c.read(s) })
	s.tasks.Go(func() { c.out.writer(nc, func() { s.inbox.put(event{conn: c, what: writable}) }) })
}

// Take serves a connection that did not come from the listener. It is false, and
// the connection stays the caller's, when the server has ended.
func (s *Server) Take(nc net.Conn) bool {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return false
	}
	s.accepting.Add(1)
	s.mu.Unlock()
	defer s.accepting.Done()
	s.take(nc)
	return true
}

// Pause freezes the server: it keeps its connections and does nothing. It
// returns once nothing happens any more.
func (s *Server) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused == nil {
		s.paused = make(chan struct{})
	}
}

// Resume ends a pause.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused != nil {
		close(s.paused)
		s.paused, s.woken = nil, true
		s.inbox.signal()
	}
}

// Paused reports whether the server is paused.
func (s *Server) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused != nil
}

// Kill ends the server as SIGKILL does: what was not on disk is lost. Its connections are closed as the
// kernel closes those of a process that has died: the client gets what was sent, and then the end, or a
// reset if it is still sending.
func (s *Server) Kill() { s.halt((*zab.Disk).Crash) }

// LosePower is like Kill, and loses what was not forced to the disk; see [zab.Disk.LosePower].
func (s *Server) LosePower(keep float64) (unforced, lost int) {
	s.halt(func(d *zab.Disk) { unforced, lost = d.LosePower(keep) })
	return unforced, lost
}

// Stop ends the server in good order: its disk is complete.
func (s *Server) Stop() { s.halt((*zab.Disk).Flush) }

// halt ends the server. Then its disk is left in a state.
func (s *Server) halt(leave func(*zab.Disk)) {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.over = true
	s.timer.Stop()
	close(s.ending)
	s.inbox.signal()
	leave(s.cfg.Disk)
	s.mu.Unlock()
	s.cfg.Listener.Close()
	s.accepting.Wait()
	s.hangUpAll()
	s.tasks.Wait()
}

// wall returns what the wall clock shows. As in Apache ZooKeeper, the leader's goes into transactions, where it becomes
// ctime and mtime, and the age of znodes with a TTL and the times of sweeps go by it ([java.util.Timer]). Everything
// else is measured.
//
// [java.util.Timer]: https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Timer.html
func (s *Server) wall() time.Time {
	if s.cfg.Shift == nil {
		return s.now
	}
	return s.now.Add(time.Duration(s.cfg.Shift.Load()))
}

// right returns when the wall clock shows a time, if nobody shifts it.
func (s *Server) right(wall time.Time) time.Time { return wall.Add(s.now.Sub(s.wall())) }

// expiryClock returns the time by which sessions expire.
func (s *Server) expiryClock() time.Time {
	if s.cfg.WallExpiry {
		return s.wall()
	}
	return s.now
}

// Look runs f on the loop's state, between two events, also while the server is
// paused.
func (s *Server) Look(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Alter runs f on the server's tree, between two events. The other servers do not make the change: it
// is for tests of checks that notice such a difference.
func (s *Server) Alter(f func(*tree.Tree)) { s.Look(func() { f(s.tree) }) }

// Stick freezes the server's tree: it applies no commits any more, but continues to answer its clients
// and its leader. It is for tests of checks that notice that.
func (s *Server) Stick() { s.Look(func() { s.stuck = true }) }

// Ready returns a channel that is closed when the server serves for the first time.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Serving reports whether the server serves clients.
func (s *Server) Serving() (yes bool) {
	s.Look(func() { yes = s.serving && !s.over })
	return yes
}
