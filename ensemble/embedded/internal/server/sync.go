package server

import "github.com/zklab/zklab/internal/zk/wire"

// A sync is answered when the server that the client is on has seen everything
// that was proposed before the leader heard of the sync ("Programmer's Guide,
// Consistency Guarantees"): the leader's answer takes its place behind those
// commits, on the way that commits take. A transaction is not needed for it.

// syncAsked asks the leader, syncDone is its answer.
type (
	syncAsked struct{ id uint64 }
	syncDone  struct{ id uint64 }
)

// syncWait is a sync that waits for zxid to be committed.
type syncWait struct {
	id     uint64
	origin int
	zxid   int64
}

func (s *Server) askSync(id uint64) {
	if s.sessions != nil {
		s.leadSync(syncWait{id: id, origin: s.cfg.Zab.ID})
		return
	}
	s.node.SendLeader(syncAsked{id})
}

func (s *Server) leadSync(w syncWait) {
	w.zxid = s.node.LastProposed()
	// Before the first entry of an epoch, its leader's last zxid belongs to no entry: no client must
	// wait until that zxid is committed.
	if s.node.LastCommitted() >= w.zxid || s.node.Status().Outstanding == 0 {
		s.releaseSync(w)
		return
	}
	s.syncs = append(s.syncs, w)
}

// releaseSyncs answers what waited for the transaction that was just committed.
func (s *Server) releaseSyncs(zxid int64) {
	for len(s.syncs) > 0 && s.syncs[0].zxid <= zxid {
		w := s.syncs[0]
		s.syncs = s.syncs[1:]
		s.releaseSync(w)
	}
}

func (s *Server) releaseSync(w syncWait) {
	if w.origin == s.cfg.Zab.ID {
		s.synced(w.id)
		return
	}
	s.node.SendLearner(w.origin, syncDone{w.id})
}

// synced answers the client.
func (s *Server) synced(id uint64) {
	k := s.pending[id]
	if k == nil {
		return
	}
	delete(s.pending, id)
	if k.conn.stage == serving {
		s.complete(k, wire.OK, func(b []byte) []byte {
			return wire.AppendSyncReply(b, k.body.(*wire.PathRequest).Path)
		})
	}
}
