// Package ensemble defines what zklab runs experiments against: a ZooKeeper ensemble,
// wherever its servers run. It imports no backend, and knows no client, recipe or fault.
//
// A [Starter] (embedded.Config, container.Config) starts an ensemble, or connects to a
// running one (external.Config). Servers and ensembles declare what they can do beyond the
// basics by implementing the small optional interfaces in abilities.go; a fault asks for
// the one it needs. [CheckHealth] checks from outside that an ensemble is healthy, which
// every verdict assumes.
package ensemble

import (
	"context"
	"net"
	"time"
)

// Starter starts an ensemble and waits until it is healthy.
type Starter interface {
	// Start leaves nothing behind if it fails or ctx ends.
	Start(ctx context.Context) (Ensemble, error)
}

// Preparer is a [Starter] whose ensembles have some abilities only if they are started for
// them.
type Preparer interface {
	Starter
	// Prepare returns a starter whose ensembles have the ability.
	Prepare(a Ability) Starter
}

// Sketcher is a [Starter] that can show what it would start.
type Sketcher interface {
	Starter
	// Sketch returns an ensemble without running servers. It can be asked what it would
	// offer (see faults.Fault), and nothing else. Close it.
	Sketch() (Ensemble, error)
}

// Shared is an [Ensemble] that a run shares with other users. A run works below its own
// znode, and removes that at the end.
type Shared interface {
	// Root is the path of the existing znode below which the run must stay; "" for the
	// whole tree.
	Root() string
}

// Ensemble is a running ensemble. Its methods are safe for concurrent use.
type Ensemble interface {
	Servers() []Server
	// Dial connects to a server by its Addr, also to one in memory.
	Dial(network, addr string, timeout time.Duration) (net.Conn, error)
	// Profile describes the backend and its settings for the report.
	Profile() Profile
	// Close stops and removes everything that Start started. It may be called more than
	// once.
	Close() error
}

// Server is one server of an ensemble.
type Server interface {
	ID() int      // from 1
	Addr() string // host:port for clients
	// Status asks the server itself, with "srvr". It returns an error if the server is
	// paused, down or without a majority. If servers do not answer that word, the role is
	// [Untold] and most other fields are zero.
	Status(ctx context.Context) (Status, error)
}

// Role is a server's own name for its part in the ensemble.
type Role string

// The roles.
const (
	Leader     Role = "leader"
	Follower   Role = "follower"
	Observer   Role = "observer"
	Standalone Role = "standalone"
	// Untold is the role of a server that serves but does not tell its role.
	Untold Role = "untold"
)

// Status holds what a server reports about itself.
type Status struct {
	Role        Role
	Zxid        int64
	Version     string
	Connections int
	Latency     [3]time.Duration // min, avg, max
	Znodes      int              // including ZooKeeper's own
	Received    int64            // packets from clients since the server started
	Sent        int64            // packets to clients since the server started
	Outstanding int64            // requests that wait
}

// Epoch returns the leader's epoch, which is the high half of the zxid.
func (s Status) Epoch() int64 { return s.Zxid >> 32 }

// Profile describes the ensemble for a report.
type Profile struct {
	Backend string `json:"backend" yaml:"backend"` // embedded, container, external
	Servers int    `json:"servers" yaml:"servers"`
	Image   string `json:"image,omitempty" yaml:"image,omitempty"`
	Digest  string `json:"digest,omitempty" yaml:"digest,omitempty"`
	Version string `json:"version,omitempty" yaml:"version,omitempty"` // of ZooKeeper, when the run began
	// UpgradeTo is the second version to which the servers can be upgraded, as the user named it.
	UpgradeTo string `json:"upgrade_to,omitempty" yaml:"upgrade_to,omitempty"`
	// Tick, InitLimit, SyncLimit are ZooKeeper's tickTime, initLimit and syncLimit (in ticks).
	Tick      time.Duration `json:"tick" yaml:"tick"`
	InitLimit int           `json:"init_limit" yaml:"init_limit"`
	SyncLimit int           `json:"sync_limit" yaml:"sync_limit"`
	// MinSession and MaxSession are the bounds of session timeouts, the same on every
	// server; 0 if unknown.
	MinSession time.Duration `json:"-" yaml:"-"`
	MaxSession time.Duration `json:"-" yaml:"-"`
	// MaxConnections is how many connections each server takes from one address; 0 if any number, or unknown.
	MaxConnections int `json:"-" yaml:"-"`
	// Sweep is how often the leader looks for containers and znodes with a TTL to delete; 0
	// if unknown.
	Sweep    time.Duration `json:"-" yaml:"-"`
	Settings []string      `json:"settings,omitempty" yaml:"settings,omitempty"` // anything else that differs from the defaults

	// For an ensemble that zklab did not start: where clients connect, the znode below
	// which a run stays, the commands that harm servers, and the files with which clients connect.
	Addrs    []string  `json:"addrs,omitempty" yaml:"addrs,omitempty"`
	Chroot   string    `json:"chroot,omitempty" yaml:"chroot,omitempty"`
	Commands *Commands `json:"commands,omitempty" yaml:"commands,omitempty"`
	Access   *Access   `json:"access,omitempty" yaml:"access,omitempty"`

	// Warnings tells users what to watch about the ensemble, such as certificates that expire soon.
	Warnings []string `json:"-" yaml:"-"`
}

// Commands are shell commands that harm one server of an ensemble that zklab did not start,
// and undo the harm; see external.Config for what they may contain. An empty command is
// absent.
type Commands struct {
	Pause  string `json:"pause,omitempty" yaml:"pause-command,omitempty"`
	Resume string `json:"resume,omitempty" yaml:"resume-command,omitempty"`
	Kill   string `json:"kill,omitempty" yaml:"kill-command,omitempty"`
	Stop   string `json:"stop,omitempty" yaml:"stop-command,omitempty"`
	Start  string `json:"start,omitempty" yaml:"start-command,omitempty"`
	Where  string `json:"where,omitempty" yaml:"where-command,omitempty"` // harms nothing: it tells which server the others harm
}
