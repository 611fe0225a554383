package server

import (
	"slices"

	"github.com/zklab/zklab/ensemble/embedded/internal/membership"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/zk/wire"
)

// reconfigured returns the configuration after a reconfiguration. A server
// that is alone has none, and cannot be reconfigured.
func (s *Server) reconfigured(r *wire.ReconfigRequest, zxid int64) (string, wire.Code) {
	if s.standalone() {
		return "", wire.Unimplemented
	}
	synced := s.node.Synced()
	return membership.Change(s.tree.Membership(), r, zxid, func(id int64) bool { return slices.Contains(synced, int(id)) })
}

// version returns the version of the configuration before any reconfiguration. Servers that do not
// allow one keep the version of a file without a version.
func (c Config) version() int64 {
	if c.Reconfig {
		return membership.First
	}
	return 0
}

// standalone reports whether this is the ensemble's only server.
func (s *Server) standalone() bool { return len(s.cfg.Zab.Voters)+len(s.cfg.Zab.Observers) == 1 }

// configuration returns this server's answer to a reconfiguration.
func (s *Server) configuration() []byte {
	text := s.tree.Membership()
	if s.sessions == nil {
		text = membership.AsRead(text)
	}
	return []byte(text)
}

// membersIn returns the servers that a configuration names, and nil if it names none.
func membersIn(text string) *zab.Members {
	list, version, err := membership.Parse(text)
	if err != nil || len(list) == 0 {
		return nil
	}
	m := &zab.Members{Version: version}
	for _, s := range list {
		if s.Observer {
			m.Observers = append(m.Observers, int(s.ID))
		} else {
			m.Voters = append(m.Voters, int(s.ID))
		}
	}
	return m
}
