package fourletter

import (
	"fmt"
	"strings"
	"time"
)

// Conf holds the settings of a server that conf and dirs report.
type Conf struct {
	ClientPort        int // 0 if it listens on none
	DataDir           string
	DataDirSize       int64 // bytes, of snapshots
	DataLogDir        string
	DataLogSize       int64 // bytes
	Tick              time.Duration
	MaxConnections    int // from one address; 0: no limit
	MinSessionTimeout time.Duration
	MaxSessionTimeout time.Duration
	ServerID          int
	Quorum            *Quorum // nil for a standalone server
}

// Quorum are the settings of a server that is one of several.
type Quorum struct {
	InitLimit, SyncLimit     int // ticks
	ElectionPort, QuorumPort int
	Observer                 bool
	Membership               string // what /zookeeper/config holds
}

func conf(s Server) string {
	var b strings.Builder
	c := s.Conf
	fmt.Fprintf(&b, "clientPort=%d\nsecureClientPort=-1\n", c.ClientPort)
	fmt.Fprintf(&b, "dataDir=%s\ndataDirSize=%d\n", c.DataDir, c.DataDirSize)
	fmt.Fprintf(&b, "dataLogDir=%s\ndataLogSize=%d\n", c.DataLogDir, c.DataLogSize)
	fmt.Fprintf(&b, "tickTime=%d\nmaxClientCnxns=%d\n", c.Tick.Milliseconds(), c.MaxConnections)
	fmt.Fprintf(&b, "minSessionTimeout=%d\nmaxSessionTimeout=%d\n", c.MinSessionTimeout.Milliseconds(), c.MaxSessionTimeout.Milliseconds())
	fmt.Fprintf(&b, "clientPortListenBacklog=-1\nserverId=%d\n", c.ServerID)
	if c.Quorum != nil {
		c.Quorum.write(&b)
	}
	return b.String()
}

// write writes the settings. Like the znode, they end without a newline.
func (q *Quorum) write(b *strings.Builder) {
	const fastLeaderElection = 3
	learner := 0
	if q.Observer {
		learner = 1
	}
	fmt.Fprintf(b, "initLimit=%d\nsyncLimit=%d\nelectionAlg=%d\n", q.InitLimit, q.SyncLimit, fastLeaderElection)
	fmt.Fprintf(b, "electionPort=%d\nquorumPort=%d\npeerType=%d\n", q.ElectionPort, q.QuorumPort, learner)
	if q.Membership != "" { // a server that serves without a leader does not report it
		fmt.Fprintf(b, "membership: \n%s", q.Membership)
	}
}

func dirs(s Server) string {
	return fmt.Sprintf("datadir_size: %d\nlogdir_size: %d\n", s.Conf.DataDirSize, s.Conf.DataLogSize)
}
