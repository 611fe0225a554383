package server

import (
	"strings"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// authenticate adds an identity to a connection. It is answered at once, also
// ahead of requests that wait for the leader, and holds from the next request on.
func (s *Server) authenticate(k *call) {
	c := k.conn
	if k.err != nil {
		s.drop(c)
		return
	}
	ids, ok := s.identities(k)
	code := wire.OK
	if !ok {
		code = wire.AuthFailed
	}
	start := len(c.buf)
	c.buf = wire.ReplyHeader{Xid: k.xid, Err: code}.Append(wire.BeginFrame(c.buf))
	s.end(k, start, code)
	if !ok {
		s.finish(c)
		return
	}
	for _, id := range ids {
		c.ids = tree.AddIdentity(c.ids, id)
	}
}

// refuseSASL answers at once, as authenticate does, a client that wants to authenticate by SASL: with
// no token and no error, after which the client goes on without. A client that sends no token is
// disconnected.
func (s *Server) refuseSASL(k *call) {
	c := k.conn
	r, ok := k.body.(*wire.SASLRequest)
	if !ok || r.Token == nil {
		s.drop(c)
		return
	}
	start := len(c.buf)
	c.buf = wire.ReplyHeader{Xid: k.xid}.Append(wire.BeginFrame(c.buf))
	c.buf = wire.AppendBuffer(c.buf, nil)
	s.end(k, start, wire.OK)
}

// identities returns the identities that a client has proved, including the super user, who passes
// every access control list.
func (s *Server) identities(k *call) ([]wire.ID, bool) {
	r, ok := k.body.(*wire.AuthRequest)
	if !ok {
		return nil, false
	}
	id, ok := tree.Authenticate(r.Scheme, r.Auth, k.conn.host)
	if !ok {
		return nil, false
	}
	if id.Scheme == "digest" && id.ID == s.cfg.SuperDigest {
		return []wire.ID{{Scheme: "super"}, id}, true
	}
	return []wire.ID{id}, true
}

// clientInfos returns the answer of whoAmI about a client.
func clientInfos(ids []wire.ID) []wire.ClientInfo {
	infos := make([]wire.ClientInfo, 0, len(ids))
	for _, id := range ids {
		user := id.ID
		if id.Scheme == "digest" {
			user, _, _ = strings.Cut(user, ":")
		}
		infos = append(infos, wire.ClientInfo{AuthScheme: id.Scheme, User: user})
	}
	return infos
}
