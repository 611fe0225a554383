package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded/internal/files"
	"github.com/zklab/zklab/ensemble/embedded/internal/membership"
	"github.com/zklab/zklab/ensemble/embedded/internal/mesh"
	"github.com/zklab/zklab/ensemble/embedded/internal/server"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/virtual/delivery"
	"github.com/zklab/zklab/internal/virtual/memnet"
)

// ErrClosed is the error of an ensemble that was closed.
var ErrClosed = errors.New("the embedded ensemble is closed")

// Ensemble is a running ensemble. Its methods are safe for concurrent use.
type Ensemble struct {
	cfg     Config
	epoch   int64           // the first that a leader may have
	memory  *memnet.Network // nil over TCP
	links   *mesh.Mesh[zab.Message]
	arrive  *delivery.Scheduler // of all messages; nil without Config.Seed
	servers []*Server
	closing sync.Once
	closed  chan struct{}
	dialed  atomic.Uint64 // connections in memory, ever

	folder *files.Folder // nil: all is in memory
	failed chan error    // see Failed
	ending sync.WaitGroup

	streams *streams
}

// assemble makes the servers, none of which runs yet. It takes the ports now, so that no other process
// gets one of them.
func assemble(c Config) (*Ensemble, error) {
	e := &Ensemble{cfg: c, closed: make(chan struct{}), failed: make(chan error, MaxNodes), streams: newStreams()}
	e.network()
	if err := e.openFolder(); err != nil {
		return nil, fmt.Errorf("embedded ensemble: %w", err)
	}
	for id := 1; id <= c.Nodes+c.Observers; id++ {
		s := &Server{ensemble: e, id: id, disk: zab.NewDisk(server.NewState())}
		if err := s.openFiles(); err != nil {
			return nil, errors.Join(fmt.Errorf("embedded ensemble: %w", err), e.Close())
		}
		s.disk.Hasty = c.Hasty
		s.disk.Taken = &e.streams.taken
		if c.KeepLog {
			s.disk.Keep = 0
		}
		e.servers = append(e.servers, s)
		if err := s.reserve(); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	e.begin(time.Now())
	e.slowLinks()
	if c.Stopped {
		for _, s := range e.servers {
			s.release() // a client that connects now is to be refused
		}
	}
	return e, nil
}

// network makes what carries messages.
func (e *Ensemble) network() {
	options := []mesh.Option{mesh.WithLate(func(id int) {
		if run := e.running(id); run != nil {
			run.Wake()
		}
	})}
	if e.cfg.Seed != 0 {
		e.arrive = delivery.New(e.cfg.Seed, delivery.Latency{Mean: e.cfg.Latency, Spread: e.cfg.Spread})
		options = append(options, mesh.WithSeed(e.cfg.Seed), mesh.WithDelivery(e.arrive))
	}
	e.links = mesh.New[zab.Message](options...)
	if e.cfg.InMemory {
		e.memory = &memnet.Network{Delivery: e.arrive}
	}
}

// Server returns the server with that id, from 1; nil if there is none.
func (e *Ensemble) Server(id int) *Server {
	if id < 1 || id > len(e.servers) {
		return nil
	}
	return e.servers[id-1]
}

// running returns what runs of a server; nil while it is down.
func (e *Ensemble) running(id int) *server.Server { return e.servers[id-1].current() }

// Servers returns all servers by id, observers last.
func (e *Ensemble) Servers() []ensemble.Server {
	var all []ensemble.Server
	for _, s := range e.servers {
		all = append(all, s)
	}
	return all
}

// Addrs returns the servers' addresses, as zk.Connect wants them.
func (e *Ensemble) Addrs() []string {
	var all []string
	for _, s := range e.servers {
		all = append(all, s.addr)
	}
	return all
}

// Dial connects to a server by its address: a zk.Dialer. It ignores network; a timeout of 0 means none.
func (e *Ensemble) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	if await.Closed(e.closed) {
		return nil, ErrClosed
	}
	if e.memory != nil {
		conn, err := e.memory.DialTimeout(network, addr, timeout)
		if err != nil {
			return nil, err
		}
		return e.distant(conn), nil
	}
	if e.cfg.TLS != nil {
		return e.dialInside(addr)
	}
	return net.DialTimeout("tcp", addr, timeout)
}

// AwaitServing waits until every server that is not down serves clients.
func (e *Ensemble) AwaitServing(ctx context.Context) error {
	for _, s := range e.servers {
		if err := s.awaitServing(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Profile describes the ensemble for a report.
func (e *Ensemble) Profile() ensemble.Profile {
	p := ensemble.Profile{
		Backend: "embedded", Servers: len(e.servers), Version: e.cfg.version(false), UpgradeTo: e.cfg.UpgradeTo,
		Tick: e.cfg.Tick, InitLimit: e.cfg.InitLimit, SyncLimit: e.cfg.SyncLimit,
		MinSession: e.cfg.MinSession, MaxSession: e.cfg.MaxSession, Sweep: e.cfg.Sweep,
	}
	if e.cfg.Observers > 0 {
		p.Settings = append(p.Settings, fmt.Sprintf("observers=%d", e.cfg.Observers))
	}
	if e.cfg.InMemory {
		p.Settings = append(p.Settings, "in memory")
	}
	if e.cfg.Seed != 0 {
		p.Settings = append(p.Settings, "simulated", "latencies "+string(cmp.Or(e.cfg.Spread, delivery.Even)))
	}
	if e.cfg.Data != "" {
		p.Settings = append(p.Settings, fmt.Sprintf("files, fsync=%t", e.cfg.Fsync))
	}
	if e.cfg.Hasty {
		p.Settings = append(p.Settings, "forceSync=no")
	}
	if e.cfg.WallExpiry {
		p.Settings = append(p.Settings, "sessions expire by the wall clock")
	}
	return p
}

// Close stops all servers. More than once is fine.
func (e *Ensemble) Close() error {
	e.closing.Do(func() { close(e.closed) })
	var errs []error
	for _, s := range e.servers {
		errs = append(errs, s.close())
	}
	e.ending.Wait()
	e.links.Close()
	if e.arrive != nil {
		e.arrive.Close()
	}
	return errors.Join(append(errs, e.closeFolder())...)
}

// members returns the first contents of /zookeeper/config. The servers are linked within
// the process: the ports for each other that it names are not in use.
func (e *Ensemble) members() (m membership.Members) {
	for _, s := range e.servers {
		host := e.cfg.advertised(s.addr)
		m = append(m, membership.Member{
			ID: int64(s.id), Host: host, Quorum: 2887 + s.id, Vote: 3887 + s.id, Observer: s.observes(),
			ClientHost: host, ClientPort: port(s.addr),
		})
	}
	return m
}

// Observers returns how many of the servers are observers.
func (e *Ensemble) Observers() int { return e.cfg.Observers }

// ids returns the voters and the observers.
func (e *Ensemble) ids() (voters, observers []int) {
	for _, s := range e.servers {
		if s.id <= e.cfg.Nodes {
			voters = append(voters, s.id)
		} else {
			observers = append(observers, s.id)
		}
	}
	return voters, observers
}

func (e *Ensemble) link(from, to int) error {
	for _, id := range []int{from, to} {
		if e.Server(id) == nil {
			return fmt.Errorf("no server %d: there are %d", id, len(e.servers))
		}
	}
	if from == to {
		return errors.New("server " + strconv.Itoa(from) + " has no link to itself")
	}
	return nil
}

// Cut makes that nothing reaches server to any more that server from sends; see
// [ensemble.Partitioner].
func (e *Ensemble) Cut(_ context.Context, from, to int) error {
	if err := e.link(from, to); err != nil {
		return err
	}
	e.links.Cut(from, to)
	return nil
}

// Heal undoes all cuts.
func (e *Ensemble) Heal(context.Context) error {
	e.links.HealAll()
	return nil
}

// Delay makes the link from one server to another slow; see [ensemble.Slower].
func (e *Ensemble) Delay(_ context.Context, from, to int, by time.Duration) error {
	if err := e.link(from, to); err != nil {
		return err
	}
	if by < 0 {
		return fmt.Errorf("a delay of %v: give 0 or more", by)
	}
	e.delay(from, to, by)
	return nil
}

// Lose makes the link from one server to another lose packets; see
// [ensemble.Lossy]. A packet is one message. It is sent again after 200 ms, then
// twice as long each time; when it was lost four times the connection breaks. Which
// ones are lost follows from the order in which they are sent alone.
func (e *Ensemble) Lose(_ context.Context, from, to int, share float64) error {
	if err := e.link(from, to); err != nil {
		return err
	}
	if !(share >= 0 && share < 1) {
		return fmt.Errorf("a share of %v of the packets lost: give 0 or more, and less than 1", share)
	}
	e.links.Lose(from, to, share)
	return nil
}
