package external

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/secure"
)

// Backend is the name of such an ensemble in profiles.
const Backend = "external"

// Config names the ensemble, and what may be done to its servers. All servers
// must be given, since the ensemble is healthy only if all are.
type Config struct {
	Servers []string // host:port each; see [Parse]
	// Absent are the addresses of further servers, which are known to be down: Start does without them.
	Absent []string
	// Chroot is the znode below which everything is done, which must be there: "/test".
	// Empty is the whole tree.
	Chroot string
	// Commands are run with sh -c. In them {id} stands for the server's number from 1,
	// in the order of Servers, {ordinal} for that from 0, {host} and {port} for its address.
	// An exit code other than 0 means that the server was not harmed, or not healed.
	// Where prints the addresses at which the server is that the others harm, as an IP address or host:port
	// each (0.0.0.0 is this machine): Start returns an ErrConfig if none is that of the server. After the first
	// command that does not silence its server no other is run.
	// [Control] has those of Docker, Compose, systemd and Kubernetes.
	Commands ensemble.Commands
	// Others allows commands to harm servers that other clients are connected to. Otherwise, if there
	// are commands, Start refuses such servers, as far as srvr reports the number of connections.
	Others bool
	// Access names the files with which the servers are reached, if they require TLS or authentication.
	Access ensemble.Access
	// TLS, if not nil, is used in place of the TLS files of Access. An empty ServerName means the host of each
	// address. A stored run does not say that it was set.
	TLS *tls.Config
	// Credentials are given before those of Access: "digest:user:password" or "sasl:user:password" each. They are
	// not stored.
	Credentials []string
	// Patience is how long Start waits for a leader to be elected: 15 s when 0.
	Patience time.Duration
}

var (
	_ ensemble.Sketcher = Config{}
	_ ensemble.Shared   = (*cluster)(nil)
	_ ensemble.Limited  = (*cluster)(nil)
	_ ensemble.Pauser   = (*server)(nil)
	_ ensemble.Stopper  = (*server)(nil)
)

// Validate returns an [ErrConfig] if a Config is wrong. It reads the files that Access names; an error
// of reading one is not an ErrConfig.
func (c Config) Validate() error {
	if err := validate(c.Servers, c.Chroot); err != nil {
		return err
	}
	if err := validateCommands(c.Commands, len(c.Servers)); err != nil {
		return err
	}
	_, err := c.security()
	return err
}

// Start looks at the servers, and gives the ensemble if all of them serve. Nothing is
// written, but that a session comes and goes at each server.
func (c Config) Start(ctx context.Context) (ensemble.Ensemble, error) {
	e, err := c.assemble()
	if err != nil {
		return nil, err
	}
	c.Patience = cmp.Or(c.Patience, 15*time.Second)
	if err := e.look(ctx, c.Patience); err != nil {
		return nil, err
	}
	return e, nil
}

// Sketch returns the ensemble without connecting to it. If the Config has no servers, the sketch has
// three that do not exist.
func (c Config) Sketch() (ensemble.Ensemble, error) {
	if len(c.Servers) == 0 {
		c.Servers = []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}
	}
	e, err := c.assemble()
	if err != nil {
		return nil, err
	}
	e.sketch = true
	return e, nil
}

func (c Config) assemble() (*cluster, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	e, err := c.reached()
	if err != nil {
		return nil, err
	}
	for i, addr := range c.Servers {
		host, port, _ := net.SplitHostPort(addr)
		e.servers = append(e.servers, &server{ensemble: e, id: i + 1, addr: addr, values: values(i+1, host, port), changing: semaphore.NewWeighted(1)})
	}
	e.profile = ensemble.Profile{Backend: Backend, Servers: len(c.Servers), Addrs: c.Servers, Chroot: c.Chroot}
	if c.Commands != (ensemble.Commands{}) {
		e.profile.Commands = &c.Commands
	}
	e.secured(e.security)
	return e, nil
}

// reached returns the ensemble without its servers.
func (c Config) reached() (*cluster, error) {
	s, err := c.security()
	if err != nil {
		return nil, err
	}
	return &cluster{
		config: c, security: s, plain: net.DialTimeout, dial: s.Around(net.DialTimeout), trial: trial{first: semaphore.NewWeighted(1)},
	}, nil
}

// cluster is the ensemble.
type cluster struct {
	config   Config
	security secure.Config
	dial     secure.Dial
	plain    secure.Dial // without TLS and credentials
	sketch   bool
	servers  []*server
	profile  ensemble.Profile
	untold   bool // servers do not say who leads; known after the look
	harmed   harmed
	trial    trial

	closing sync.Once
	closed  error
}

// Servers returns the servers in the order of the Config.
func (e *cluster) Servers() []ensemble.Server {
	all := make([]ensemble.Server, len(e.servers))
	for i, s := range e.servers {
		all[i] = s
	}
	return all
}

// Dial reaches a server over the network. Its connections speak the client protocol without TLS, and are
// authenticated, however the servers want it.
func (e *cluster) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	return e.dial(network, addr, timeout)
}

// Profile returns what could be learned of the ensemble.
func (e *cluster) Profile() ensemble.Profile { return e.profile }

// Root returns the chroot.
func (e *cluster) Root() string { return e.config.Chroot }

// Lacks names the commands that are missing.
func (e *cluster) Lacks(a ensemble.Ability) error {
	c := e.config.Commands
	switch a {
	case ensemble.CanPause:
		return given(c.Pause, "pausing", "--pause-command and --resume-command")
	case ensemble.CanKill:
		return given(c.Kill, "killing", "--kill-command and --start-command")
	case ensemble.CanStop:
		return given(c.Stop, "stopping", "--stop-command and --start-command")
	case ensemble.CanTellRole:
		if e.untold {
			return ensemble.ErrUntold
		}
		return nil
	}
	return nil // its methods are not there at all
}

// Close undoes the harm to servers that was not yet undone. The servers go on.
func (e *cluster) Close() error {
	e.closing.Do(func() { e.closed = e.restore() })
	return e.closed
}
