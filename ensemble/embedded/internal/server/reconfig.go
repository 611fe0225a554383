package server

import (
	"github.com/zklab/zklab/ensemble/embedded/internal/membership"
	"github.com/zklab/zklab/internal/wire"
)

// membership is what /zookeeper/config says, whoever asks.
func (s *Server) membership() string {
	data, _, _ := s.tree.Data("/zookeeper/config", nil) // everybody may read it
	return string(data)
}

// reconfigured is what it will say after a reconfiguration. A server that is
// alone cannot be reconfigured.
func (s *Server) reconfigured(r *wire.ReconfigRequest, zxid int64) (string, wire.Code) {
	if len(s.cfg.Zab.Voters)+len(s.cfg.Zab.Observers) == 1 {
		return "", wire.Unimplemented
	}
	return membership.Change(s.membership(), r, zxid)
}
