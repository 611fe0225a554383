package container

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
)

var (
	_ ensemble.Starter   = Config{}
	_ ensemble.Sketcher  = Config{}
	_ ensemble.Preparer  = Config{}
	_ ensemble.Ensemble  = (*cluster)(nil)
	_ ensemble.LogReader = (*cluster)(nil)
	_ ensemble.Limited   = (*cluster)(nil)

	_ ensemble.TransactionReader = (*cluster)(nil)

	_ ensemble.Partitioner = (*cluster)(nil)
	_ ensemble.Lossy       = (*cluster)(nil)
	_ ensemble.Slower      = (*cluster)(nil)

	_ ensemble.Reconfigurer = (*cluster)(nil)

	_ ensemble.Server  = (*server)(nil)
	_ ensemble.Pauser  = (*server)(nil)
	_ ensemble.Stopper = (*server)(nil)

	_ ensemble.Upgrader = (*server)(nil)

	_ ensemble.DiskFiller = (*server)(nil)

	_ ensemble.ClockShifter = (*server)(nil)

	_ ensemble.PowerLoser = (*server)(nil)
)

// cluster is a running ensemble.
type cluster struct {
	run         run
	engine      engine // nil of a sketch
	servers     []*server
	subnet      subnet
	helperImage string
	folders     folders
	profile     ensemble.Profile
	missing     map[ensemble.Ability]error // why it was not started with an ability; nil of those that it has
	config      Config
	second      string // the image of the second version

	turn   turn // of the caller that changes servers or their network, or removes everything
	links  links
	gated  bool                         // helpers are there before they are needed
	keeper *helper                      // of small disks; nil without
	told   map[ensemble.Ability]*helper // of the libraries that servers have
	closed bool

	looking turn // of the caller that checks what the machine offers
	lacks   map[ensemble.Ability]error

	mu sync.Mutex // of the run's random numbers while servers start
}

// Sketch returns an ensemble of which no server was ever started. It lacks no ability.
func (c Config) Sketch() (ensemble.Ensemble, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	e := &cluster{profile: c.profile(), missing: map[ensemble.Ability]error{ensemble.CanUpgrade: c.refusesUpgrade()}, turn: newTurn(), looking: newTurn(), closed: true}
	for id := 1; id <= c.Nodes; id++ {
		e.servers = append(e.servers, &server{cluster: e, id: id})
	}
	return e, nil
}

func (e *cluster) Servers() []ensemble.Server {
	servers := make([]ensemble.Server, len(e.servers))
	for i, s := range e.servers {
		servers[i] = s
	}
	return servers
}

func (e *cluster) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout(network, addr, timeout)
}

func (e *cluster) Profile() ensemble.Profile { return e.profile }

// Run returns the id of the run, with which everything on the engine is labelled; see [Remove].
func (e *cluster) Run() string { return e.run.id }

// Close can be called again when it failed.
func (e *cluster) Close() error {
	if err := e.turn.take(context.Background()); err != nil {
		return err
	}
	defer e.turn.give()
	if e.closed {
		return nil
	}
	var errs []error
	for _, s := range e.servers {
		if s != nil { // where Start failed half way
			errs = append(errs, s.dropGate())
		}
	}
	errs = append(errs, e.keeper.drop())
	for _, h := range e.told {
		errs = append(errs, h.drop())
	}
	if err := all(errs...); err != nil {
		return err
	}
	if err := removeRun(e.engine, e.run.id); err != nil {
		return fmt.Errorf("remove run %s: %w (`zklab clean --remove` tries again)", e.run.id, err)
	}
	e.closed = true
	return e.engine.Close()
}

// redrawPort returns a port other than taken. It does not reserve the port: whether it is free shows
// when the server starts.
func (e *cluster) redrawPort(taken int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		if port := firstPort + e.run.rng.IntN(lastPort-firstPort+1); port != taken {
			return port
		}
	}
}
