package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded/internal/files"
	"github.com/zklab/zklab/ensemble/embedded/internal/server"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/base/await"
)

// ErrPortTaken means that another process listens on a server's address.
var ErrPortTaken = errors.New("address already in use")

// Server is one server of an ensemble, running or down. Its methods are safe for
// concurrent use.
type Server struct {
	ensemble *Ensemble
	id       int
	addr     string
	disk     *zab.Disk     // survives kill and start
	shift    atomic.Int64  // of the machine's wall clock, in nanoseconds
	files    *files.Server // survive the process; nil: nothing does

	life        sync.Mutex   // held by who starts or ends the server
	listener    net.Listener // reserved, until the first start
	metrics     net.Listener // likewise
	metricsAddr string       // fixed when the ensemble has started
	page        *metricsPage // while it runs; nil: it tells no metrics
	upgraded    bool         // it starts as the version that Config.UpgradeTo names

	mu     sync.Mutex
	run    *server.Server // nil while down
	broken error          // why its files cannot be written
}

// ID returns the server's number, from 1.
func (s *Server) ID() int { return s.id }

// Addr returns where clients connect to.
func (s *Server) Addr() string { return s.addr }

// Status asks the server with "srvr", as any client can.
func (s *Server) Status(ctx context.Context) (ensemble.Status, error) {
	return ensemble.AskStatus(ctx, s.ensemble.Dial, s.addr)
}

func (s *Server) observes() bool { return s.id > s.ensemble.cfg.Nodes }

// reserve takes the address.
func (s *Server) reserve() error {
	switch addrs := s.ensemble.cfg.Addrs; {
	case s.ensemble.memory != nil:
		// Loopback, and a port that nothing listens on: a client that was not
		// given the dialer fails at once.
		s.addr = "127.0.0.1:" + strconv.Itoa(s.id)
	case len(addrs) > 0:
		s.addr = addrs[s.id-1]
	default:
		s.addr = "127.0.0.1:0"
	}
	l, err := s.listen()
	if err != nil {
		return err
	}
	s.addr = l.Addr().String()
	s.listener = l
	if addrs := s.ensemble.cfg.MetricsAddrs; len(addrs) > 0 {
		s.metricsAddr = addrs[s.id-1]
	}
	if s.metrics, err = s.listenForMetrics(); err == nil && s.metrics != nil {
		s.metricsAddr = s.metrics.Addr().String()
	}
	return err
}

func (s *Server) listen() (net.Listener, error) {
	if s.ensemble.memory != nil {
		return s.ensemble.memory.Listen(s.addr)
	}
	l, err := net.Listen("tcp", s.addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("server %d cannot listen on %s: %w", s.id, s.addr, ErrPortTaken)
	}
	if err != nil {
		return nil, fmt.Errorf("server %d cannot listen: %w", s.id, err)
	}
	if s.ensemble.cfg.TLS != nil {
		return &secured{l, s.ensemble.cfg.TLS}, nil
	}
	return l, nil
}

// Start starts a server that is down, with its disk. It returns when clients can connect, which is
// before it has found the others and serves. For a running server it does nothing.
func (s *Server) Start(context.Context) error {
	s.life.Lock()
	defer s.life.Unlock()
	if await.Closed(s.ensemble.closed) {
		return ErrClosed
	}
	if s.current() != nil {
		return nil
	}
	if err := s.unwritable(); err != nil {
		return err
	}
	l, metrics, err := s.listeners()
	if err != nil {
		return err
	}
	run := server.New(s.config(l))
	if metrics != nil {
		s.page = serveMetrics(metrics, run)
	}
	s.ensemble.links.Attach(s.id, run.Deliver, run.PeerReset)
	s.set(run)
	run.Run()
	return nil
}

// listeners returns the reserved listeners, or new ones.
func (s *Server) listeners() (clients, metrics net.Listener, err error) {
	clients, metrics = s.listener, s.metrics
	s.listener, s.metrics = nil, nil
	if clients != nil {
		return clients, metrics, nil
	}
	if clients, err = s.listen(); err != nil {
		return nil, nil, err
	}
	if metrics, err = s.listenForMetrics(); err != nil {
		return nil, nil, errors.Join(err, clients.Close())
	}
	return clients, metrics, nil
}

func (s *Server) config(l net.Listener) server.Config {
	c := s.ensemble.cfg
	voters, observers := s.ensemble.ids()
	return server.Config{
		Zab: zab.Config{
			ID: s.id, Voters: voters, Observers: observers,
			Tick: c.Tick, InitLimit: c.InitLimit, SyncLimit: c.SyncLimit,
		},
		Shift: &s.shift, WallExpiry: c.WallExpiry,
		MinSession: c.MinSession, MaxSession: c.MaxSession, Sweep: c.Sweep,
		FirstEpoch: s.ensemble.epoch, Disk: s.disk, Listener: l,
		Send:    func(m zab.Message) { s.ensemble.links.Send(m.From, m.To, m) },
		Peer:    s.ensemble.running,
		Members: s.ensemble.members(), Reconfig: c.Reconfig, NoTTL: c.NoTTL, EnforceQuota: c.EnforceQuota, ReadOnly: c.ReadOnly, LocalSessions: c.LocalSessions, MaxRequest: c.MaxRequest, MaxConnections: c.MaxConnections, Words: c.Words, Port: port(s.addr), SuperDigest: c.SuperDigest, Older: c.older(s.upgraded),
	}
}

func port(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return n
}

// Kill ends the server as SIGKILL does: connections end, and what was not yet on disk is lost. For a
// server that is down it does nothing.
func (s *Server) Kill(context.Context) error { return s.end((*server.Server).Kill) }

// Stop ends the server in good order. Of one that is down: nil.
func (s *Server) Stop(context.Context) error { return s.end((*server.Server).Stop) }

func (s *Server) end(how func(*server.Server)) error {
	s.life.Lock()
	defer s.life.Unlock()
	s.halt(how)
	return nil
}

// halt ends the server, if it runs. Its caller holds life.
func (s *Server) halt(how func(*server.Server)) {
	if run := s.current(); run != nil {
		how(run)
		s.page.close()
		s.page = nil
		s.ensemble.links.Detach(s.id)
		s.set(nil)
	}
}

// Down reports whether the server is down.
func (s *Server) Down(context.Context) (bool, error) { return s.current() == nil, nil }

// Pause freezes the server: its connections stay open and it answers nothing. Of
// one that is down it is an error.
func (s *Server) Pause(context.Context) error {
	run := s.current()
	if run == nil {
		return fmt.Errorf("server %d is down and cannot be paused", s.id)
	}
	run.Pause()
	return nil
}

// Resume lets a paused server go on. Of one that is not paused: nil.
func (s *Server) Resume(context.Context) error {
	if run := s.current(); run != nil {
		run.Resume()
	}
	return nil
}

// Paused reports whether the server is paused.
func (s *Server) Paused(context.Context) (bool, error) {
	run := s.current()
	return run != nil && run.Paused(), nil
}

// SlowDisk delays by that much everything that the server writes to its disk; 0 undoes it. A server
// that is killed loses what has not reached the disk.
func (s *Server) SlowDisk(_ context.Context, by time.Duration) error {
	if by < 0 {
		return fmt.Errorf("a disk slower by %v: give 0 or more", by)
	}
	s.withDisk(func(d *zab.Disk) { d.SetDelay(by) })
	return nil
}

// ShiftClock sets the server's wall clock ahead or back; see [ensemble.ClockShifter].
func (s *Server) ShiftClock(_ context.Context, by time.Duration) error {
	s.shift.Store(int64(by))
	return nil
}

// Clock returns what the server's wall clock shows.
func (s *Server) Clock(context.Context) (time.Time, error) {
	return time.Now().Add(time.Duration(s.shift.Load())), nil
}

// HoldForces keeps the disk from completing what the server forces to it: it acknowledges no transaction meanwhile.
func (s *Server) HoldForces(_ context.Context, hold bool) error {
	s.withDisk(func(d *zab.Disk) { d.Hold(hold) })
	return nil
}

// LosePower ends the server, if it runs, and takes from its disk what was not forced; see [ensemble.PowerLoser]. With
// [Config.Data] it needs [Config.Fsync]: without, nothing tells what the machine's disk has.
func (s *Server) LosePower(_ context.Context, keep float64) (unforced, lost int, err error) {
	if err := s.ensemble.Lacks(ensemble.CanLosePower); err != nil {
		return 0, 0, err
	}
	if keep < 0 || keep >= 1 {
		return 0, 0, fmt.Errorf("%v of what was not forced is to remain: give 0 or more, and less than 1", keep)
	}
	s.life.Lock()
	defer s.life.Unlock()
	if s.current() == nil {
		unforced, lost = s.disk.LosePower(keep)
		return unforced, lost, s.unwritable()
	}
	s.halt(func(run *server.Server) { unforced, lost = run.LosePower(keep) })
	return unforced, lost, s.unwritable()
}

// EmptyDisk removes all that the server has written, in memory and in files. It must be down.
func (s *Server) EmptyDisk(context.Context) error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.current() != nil {
		return fmt.Errorf("the disk of server %d cannot be emptied while it runs", s.id)
	}
	if !s.disk.Empty(server.NewState()) {
		return s.unwritable()
	}
	return nil
}

// DiskEmpty reports whether the server has nothing on its disk.
func (s *Server) DiskEmpty(context.Context) (blank bool, err error) {
	s.withDisk(func(d *zab.Disk) { blank = d.Blank() })
	return blank, nil
}

// withDisk calls f with the disk while nothing else uses it.
func (s *Server) withDisk(f func(*zab.Disk)) {
	s.life.Lock()
	defer s.life.Unlock()
	if run := s.current(); run != nil {
		run.Look(func() { f(s.disk) })
		return
	}
	f(s.disk)
}

func (s *Server) set(run *server.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = run
}

// current returns the running server, or nil while it is down.
func (s *Server) current() *server.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run
}

func (s *Server) awaitServing(ctx context.Context) error {
	run := s.current()
	if run == nil {
		return nil
	}
	select {
	case <-run.Ready():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("server %d at %s does not serve: %w", s.id, s.addr, context.Cause(ctx))
	}
}

func (s *Server) close() error {
	s.Stop(context.Background())
	s.life.Lock()
	defer s.life.Unlock()
	s.release()
	return s.closeFiles()
}

// release gives the reserved address up.
func (s *Server) release() {
	if s.listener != nil {
		s.listener.Close()
		s.listener = nil
	}
	if s.metrics != nil {
		s.metrics.Close()
		s.metrics = nil
	}
}
