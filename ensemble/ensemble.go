// Package ensemble is what zklab runs experiments against: a ZooKeeper ensemble
// of some servers, wherever they are. It may not import a backend, and knows no
// client, recipe or fault.
//
// A [Starter] (embedded.Config, container.Config) starts one, or finds one that
// somebody else started (external.Config). What a server or an ensemble can do
// beyond the basics it says by implementing one of the small optional interfaces
// in abilities.go; a fault asks for the one it needs. [CheckHealth] looks at an ensemble from outside, as the
// assumptions of every verdict need it.
package ensemble

import (
	"context"
	"net"
	"time"
)

// Starter starts an ensemble and waits until it is healthy.
type Starter interface {
	// Start leaves nothing behind when it fails or ctx ends.
	Start(ctx context.Context) (Ensemble, error)
}

// Preparer is a [Starter] whose ensemble can only do some things if it is
// started for them.
type Preparer interface {
	Starter
	// Prepare gives a starter whose ensembles have the ability.
	Prepare(a Ability) Starter
}

// Sketcher is a [Starter] that can show what it would start.
type Sketcher interface {
	Starter
	// Sketch gives an ensemble of which no server runs. It can be asked what it
	// would offer (see faults.Fault), and nothing else. Close it.
	Sketch() (Ensemble, error)
}

// Shared is an [Ensemble] that is not a run's alone. A run works below a znode of its
// own, and removes that in the end.
type Shared interface {
	// Root is the path of the znode, which is there, below which the run has to stay;
	// empty for the whole tree.
	Root() string
}

// Ensemble is a running ensemble. Its methods are safe for concurrent use.
type Ensemble interface {
	Servers() []Server
	// Dial reaches a server by its Addr, also one that lives in memory.
	Dial(network, addr string, timeout time.Duration) (net.Conn, error)
	// Profile describes backend and settings for the report.
	Profile() Profile
	// Close stops and removes everything that Start started. More than once is fine.
	Close() error
}

// Server is one server of an ensemble.
type Server interface {
	ID() int      // from 1
	Addr() string // host:port for clients
	// Status asks the server itself, with "srvr". A server that is paused,
	// down or without a majority is an error. Where servers do not answer that
	// word, the role is [Untold] and most else is zero.
	Status(ctx context.Context) (Status, error)
}

// Role is what a server calls itself.
type Role string

// The roles.
const (
	Leader     Role = "leader"
	Follower   Role = "follower"
	Observer   Role = "observer"
	Standalone Role = "standalone"
	// Untold is the role of a server that serves and does not say what it is.
	Untold Role = "untold"
)

// Status is what a server says of itself.
type Status struct {
	Role        Role
	Zxid        int64
	Version     string
	Connections int
	Latency     [3]time.Duration // min, avg, max
	Znodes      int              // ZooKeeper's own included
	Received    int64            // packets of clients, since the server began
	Sent        int64            // packets to clients, likewise
	Outstanding int64            // requests that wait
}

// Epoch is the leader's epoch, in the high half of the zxid.
func (s Status) Epoch() int64 { return s.Zxid >> 32 }

// Profile is what a report says of the ensemble.
type Profile struct {
	Backend string `json:"backend" yaml:"backend"` // embedded, container, external
	Servers int    `json:"servers" yaml:"servers"`
	Image   string `json:"image,omitempty" yaml:"image,omitempty"`
	Digest  string `json:"digest,omitempty" yaml:"digest,omitempty"`
	Version string `json:"version,omitempty" yaml:"version,omitempty"` // of ZooKeeper
	// Tick, InitLimit, SyncLimit are ZooKeeper's tickTime, initLimit and syncLimit (in ticks).
	Tick      time.Duration `json:"tick" yaml:"tick"`
	InitLimit int           `json:"init_limit" yaml:"init_limit"`
	SyncLimit int           `json:"sync_limit" yaml:"sync_limit"`
	// MinSession and MaxSession are the bounds of session time-outs, the same at every server;
	// 0: not known.
	MinSession time.Duration `json:"-" yaml:"-"`
	MaxSession time.Duration `json:"-" yaml:"-"`
	// Sweep is how often the leader looks for containers and znodes with a TTL to delete; 0: not known.
	Sweep    time.Duration `json:"-" yaml:"-"`
	Settings []string      `json:"settings,omitempty" yaml:"settings,omitempty"` // anything else that differs from the defaults

	// Of an ensemble that somebody else started: where clients connect to, the znode
	// below which a run stays, and what is done to servers.
	Addrs    []string  `json:"addrs,omitempty" yaml:"addrs,omitempty"`
	Chroot   string    `json:"chroot,omitempty" yaml:"chroot,omitempty"`
	Commands *Commands `json:"commands,omitempty" yaml:"commands,omitempty"`
}

// Commands are shell commands that harm one server of an ensemble that somebody else
// started, and undo it; see external.Config for what they may hold. An empty one is
// not there.
type Commands struct {
	Pause  string `json:"pause,omitempty" yaml:"pause-command,omitempty"`
	Resume string `json:"resume,omitempty" yaml:"resume-command,omitempty"`
	Kill   string `json:"kill,omitempty" yaml:"kill-command,omitempty"`
	Stop   string `json:"stop,omitempty" yaml:"stop-command,omitempty"`
	Start  string `json:"start,omitempty" yaml:"start-command,omitempty"`
}
