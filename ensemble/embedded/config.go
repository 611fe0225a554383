package embedded

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/superuser"
	"github.com/zklab/zklab/internal/zk/wire"
)

// MaxNodes is the largest number of servers, observers included.
const MaxNodes = 7

// LeastMaxRequest and MostMaxRequest bound [Config.MaxRequest]. The upper bound follows from the bounds
// on the data that may wait for one client.
const (
	LeastMaxRequest = 1 << 10
	MostMaxRequest  = 16 << 20
)

// ErrConfig means a Config that makes no ensemble; the message says why.
var ErrConfig = errors.New("embedded ensemble")

// Config describes the ensemble to start. The zero value starts three servers on free ports of
// 127.0.0.1, with the same timeouts that zklab gives to servers in containers.
type Config struct {
	// Nodes is the number of servers that vote, 3 when 0.
	Nodes int
	// Observers is the number of servers beside them that do not. Their ids follow.
	Observers int
	// InMemory makes servers that only [Ensemble.Dial] reaches, without any network.
	InMemory bool
	// Latency is how long a message takes on average, from half of it to one and a half times as much,
	// by a fixed sequence: between servers, and, if InMemory, between clients and servers. 0 is none.
	// In the virtual time of a synctest bubble it brings events into different orders: without it,
	// everything between two timers happens at one instant.
	Latency time.Duration
	// Seed, unless it is 0, makes a simulation possible: messages arrive one at a time, after latencies
	// that follow from the seed, and the ids of sessions and all other random choices follow from it,
	// too. It requires InMemory, a Latency, and a bubble of testing/synctest.
	Seed uint64
	// Spread says how unevenly messages are delayed with a Seed; the default is evenly.
	Spread Spread
	// Addrs are the addresses for clients, host:port, one for each server. When
	// empty, free ports of 127.0.0.1 are drawn. Not with InMemory.
	Addrs []string
	// MetricsAddrs are the addresses, host:port, one for each server, at which it tells Prometheus
	// its metrics: GET /metrics, as Apache's PrometheusMetricsProvider does at its httpPort. Port 0
	// stands for a free one; see [Server.MetricsAddr]. None when empty. Not with InMemory.
	MetricsAddrs []string
	// AdvertisedHost is the host to which /zookeeper/config directs clients, with each server's port:
	// some clients connect there, whatever addresses they were given. If it is empty, it is the host
	// that a server listens on, or 127.0.0.1 if that means all addresses.
	AdvertisedHost string
	// Stopped leaves all servers down: [Server.Start] starts each.
	Stopped bool

	// Tick is ZooKeeper's tickTime, 500 ms when 0; a millisecond at least.
	Tick time.Duration
	// InitLimit and SyncLimit are ZooKeeper's, in ticks: 20 and 4 when 0. A
	// leader that is silent for less than SyncLimit ticks stays leader.
	InitLimit, SyncLimit int
	// MinSession and MaxSession bound the session timeouts that clients get: 2
	// ticks, and 60 s or 20 ticks, whichever is more, when 0.
	MinSession, MaxSession time.Duration
	// Sweep is how often the leader looks for empty containers and expired TTL nodes. 0 means a minute,
	// as in ZooKeeper.
	Sweep time.Duration

	// KeepLog keeps the whole log in memory, for [Ensemble.Transactions]. Otherwise the servers fold
	// everything older than the latest 100,000 transactions into a snapshot, so that memory does not
	// grow with time. A run of package zklab does not need KeepLog, since it reads the transactions
	// while they come.
	KeepLog bool

	// Data is a folder in which the servers keep their trees, sessions and epochs, so
	// that they outlive the process: an ensemble that is started with it again goes
	// on from there. It is made if it does not exist, and belongs to one process at
	// a time. When empty, all is in memory. Not with InMemory.
	Data string
	// Fsync has a write acknowledged when it is on the disks of a majority. Without
	// it, it is when the operating system has it: then nothing is lost however the
	// process ends, but what the machine had not written when it failed.
	Fsync bool

	// Hasty has a server acknowledge a transaction before it is forced to the disk, as Apache ZooKeeper does with
	// zookeeper.forceSync=no. A killed server loses nothing by that. A server that loses its power may lose all of
	// the last half minute, and so may the ensemble if that happens to some of them. Not with Data: see Fsync.
	Hasty bool
	// WallExpiry is a deliberate defect, for tests of checks: sessions expire by the leader's wall clock, which can
	// jump; see [Server.ShiftClock]. Apache ZooKeeper measures how long it has not heard of a session.
	WallExpiry bool

	// MaxRequest is ZooKeeper's jute.maxbuffer: the largest request, in bytes, that
	// is taken from a client; a larger one costs the connection. 1048575 when 0.
	MaxRequest int
	// MaxConnections is ZooKeeper's maxClientCnxns: how many connections a server takes from
	// one address of clients at a time; it closes further ones at once. 0 is without limit.
	MaxConnections int
	// Words are the four-letter words that servers answer, as 4lw.commands.whitelist:
	// srvr is always one of them. When nil, they answer all.
	Words []string
	// EnforceQuota refuses changes beyond the hard limit of a quota, as zookeeper.enforceQuota does.
	// Quotas are counted in any case.
	EnforceQuota bool
	// ReadOnly lets a server that has found no leader for two seconds, or a tick if
	// that is longer, serve clients that ask for a read-only connection, as
	// readonlymode.enabled does. LocalSessions lets it begin sessions for them, which
	// it alone knows, as localSessionsEnabled with localSessionsUpgradingEnabled does:
	// without, new clients are told NotReadOnly, as by Apache's.
	ReadOnly, LocalSessions bool
	// TLS, if it is not nil, makes clients speak TLS. It is the server's side, with
	// a certificate. [Ensemble.Dial] reaches the servers without. Not with InMemory.
	TLS *tls.Config
	// NoTTL refuses znodes with a TTL, as Apache ZooKeeper does unless
	// zookeeper.extendedTypesEnabled is set.
	NoTTL bool
	// SuperDigest is the digest of the user who passes every access control list: "super:" and the
	// base64 form of the SHA-1 of "super:password". If it is empty, there is no such user.
	SuperDigest string
	// UpgradeTo is the other version, to which a rolling upgrade leads (faults.Upgrade): with V3_9 the servers
	// start as 3.8.0, and with V3_8 as 3.9.3. If it is empty, they start as 3.9.3, and there is no other version.
	UpgradeTo string
	// Reconfig allows reconfig; see the package's documentation for what it does.
	Reconfig bool
}

// ValidateNodes returns an error if an ensemble cannot have n servers.
func ValidateNodes(n int) error {
	if n < 1 || n > MaxNodes {
		return fmt.Errorf("%w: cannot start %d servers: choose 1 to %d, preferably 1, 3 or 5", ErrConfig, n, MaxNodes)
	}
	return nil
}

// quickSweep is the Sweep of an ensemble that is prepared for [ensemble.CanSweep].
const quickSweep = 2 * time.Second

// Prepare returns a Config for the ability. If that is [ensemble.CanSweep] and c has no Sweep, it sets
// a short one. For [ensemble.CanReconfigure] it allows reconfig, to the super user.
func (c Config) Prepare(a ensemble.Ability) ensemble.Starter {
	switch a {
	case ensemble.CanSweep:
		orElse(&c.Sweep, quickSweep)
	case ensemble.CanReconfigure:
		c.Reconfig = true
		orElse(&c.SuperDigest, superuser.Digest())
	}
	return c
}

func (c Config) withDefaults() Config {
	orElse(&c.Nodes, 3)
	orElse(&c.Tick, 500*time.Millisecond)
	orElse(&c.InitLimit, 20)
	orElse(&c.SyncLimit, 4)
	orElse(&c.MinSession, 2*c.Tick)
	orElse(&c.MaxSession, max(time.Minute, 20*c.Tick))
	orElse(&c.Sweep, time.Minute)
	orElse(&c.MaxRequest, wire.MaxRequest)
	if c.Words == nil {
		c.Words = []string{fourletter.All}
	}
	return c
}

func orElse[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate wants defaults filled in.
func (c Config) validate() error {
	if err := ValidateNodes(c.Nodes); err != nil {
		return err
	}
	if c.Observers < 0 || c.Observers > MaxNodes-c.Nodes {
		return fmt.Errorf("%w: %d observers beside %d servers: choose 0 to %d", ErrConfig, c.Observers, c.Nodes, MaxNodes-c.Nodes)
	}
	if c.Tick < time.Millisecond || c.InitLimit < 1 || c.SyncLimit < 1 || c.Sweep < time.Millisecond {
		return fmt.Errorf("%w: tick %v and sweep %v must be a millisecond at least, init limit %d and sync limit %d one tick",
			ErrConfig, c.Tick, c.Sweep, c.InitLimit, c.SyncLimit)
	}
	if c.MaxRequest < LeastMaxRequest || c.MaxRequest > MostMaxRequest {
		return fmt.Errorf("%w: a request limit of %d bytes: give %d to %d", ErrConfig, c.MaxRequest, LeastMaxRequest, MostMaxRequest)
	}
	if c.MaxConnections < 0 {
		return fmt.Errorf("%w: %d connections from one address: give 1 or more, or 0 for no limit", ErrConfig, c.MaxConnections)
	}
	if err := ValidateWords(c.Words); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if c.Latency < 0 {
		return fmt.Errorf("%w: latency %v: give 0 or more", ErrConfig, c.Latency)
	}
	if c.MinSession < time.Millisecond || c.MaxSession < c.MinSession {
		return fmt.Errorf("%w: session timeouts from %v to %v: give a range above zero", ErrConfig, c.MinSession, c.MaxSession)
	}
	if c.Seed != 0 && (!c.InMemory || c.Latency == 0) {
		return fmt.Errorf("%w: a seed determines messages only in memory and with a latency: set InMemory and Latency", ErrConfig)
	}
	if c.Data != "" && c.InMemory {
		return fmt.Errorf("%w: servers in memory keep no files: leave Data out", ErrConfig)
	}
	if err := ValidateUpgrade(c.UpgradeTo); err != nil {
		return err
	}
	if c.Data != "" && c.Hasty {
		return fmt.Errorf("%w: servers with files force them or do not, by Fsync: leave Hasty out", ErrConfig)
	}
	if c.LocalSessions && !c.ReadOnly {
		return fmt.Errorf("%w: local sessions need read-only mode: set ReadOnly as well", ErrConfig)
	}
	if c.TLS != nil && c.InMemory {
		return fmt.Errorf("%w: servers in memory need no TLS: leave it out", ErrConfig)
	}
	return cmp.Or(c.validateAddrs(), ValidateAdvertisedHost(c.AdvertisedHost))
}

func (c Config) validateAddrs() error {
	for field, addrs := range map[string][]string{"Addrs": c.Addrs, "MetricsAddrs": c.MetricsAddrs} {
		if err := c.validateList(field, addrs); err != nil {
			return err
		}
	}
	return nil
}

func (c Config) validateList(field string, addrs []string) error {
	if len(addrs) == 0 {
		return nil
	}
	if c.InMemory {
		return fmt.Errorf("%w: servers in memory have no addresses to choose: leave %s out", ErrConfig, field)
	}
	if n := c.Nodes + c.Observers; len(addrs) != n {
		return fmt.Errorf("%w: %d addresses for %d servers: give one for each, or none", ErrConfig, len(addrs), n)
	}
	for _, addr := range addrs {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("%w: address %q: write host:port", ErrConfig, addr)
		}
	}
	return nil
}

// ValidateWords returns an error if [Config.Words] cannot be words.
func ValidateWords(words []string) error {
	for _, word := range words {
		if known := fourletter.Words(); word != fourletter.All && !slices.Contains(known, word) {
			return fmt.Errorf("there is no four-letter word %q: give some of %s, or %s", word, strings.Join(known, ", "), fourletter.All)
		}
	}
	return nil
}

// ValidateAdvertisedHost returns an error if [Config.AdvertisedHost] cannot be host.
func ValidateAdvertisedHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil && a.IsUnspecified() {
		return fmt.Errorf("%w: clients cannot connect to %s: advertise a name or an address of this machine", ErrConfig, host)
	} else if err != nil && strings.ContainsAny(host, "[]:;,=/ \t\r\n") {
		return fmt.Errorf("%w: %q is not a host name: leave out port and brackets", ErrConfig, host)
	}
	return nil
}

// advertised returns the host that clients are given for a server with that address.
func (c Config) advertised(addr string) string {
	if c.AdvertisedHost != "" {
		return c.AdvertisedHost
	}
	host, _, _ := net.SplitHostPort(addr)
	if a, err := netip.ParseAddr(host); err == nil && a.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// Start starts the ensemble and returns when every server serves; with Stopped,
// when the servers are there. When it fails or ctx ends first, nothing is left.
func (c Config) Start(ctx context.Context) (ensemble.Ensemble, error) {
	e, err := c.start(ctx)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Sketch returns an ensemble of which no server runs, in memory.
func (c Config) Sketch() (ensemble.Ensemble, error) {
	c.InMemory, c.Addrs, c.MetricsAddrs, c.Data, c.TLS, c.Stopped, c.Seed = true, nil, nil, "", nil, true, 0
	return c.Start(context.Background())
}

// startTimeout bounds [Start]: three servers take milliseconds.
const startTimeout = time.Minute

// Start starts an ensemble; see [Config.Start].
func Start(c Config) (*Ensemble, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return c.start(ctx)
}

func (c Config) start(ctx context.Context) (*Ensemble, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("start an embedded ensemble: %w", err)
	}
	e, err := assemble(c)
	if err != nil {
		return nil, err
	}
	if c.Stopped {
		return e, nil
	}
	for i, s := range e.servers {
		jitter.Wait(i)
		if err := s.Start(ctx); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	if err := e.AwaitServing(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}
