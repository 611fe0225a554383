package server

import "github.com/zklab/zklab/internal/zk/wire"

// answerRead answers what needs no leader, from this server's tree.
func (s *Server) answerRead(k *call) {
	if k.barred == wire.SessionMoved {
		s.drop(k.conn) // as for a write (answerWrite)
		return
	}
	if r, ok := k.body.(*wire.SetWatchesRequest); ok && k.barred == wire.OK {
		s.setWatches(k.conn, r) // its events come before the reply
	}
	start := s.reply(k, wire.OK)
	code := k.barred
	if code == wire.OK {
		code = s.read(k)
	}
	if code != wire.OK {
		k.conn.buf = k.conn.buf[:start]
		s.reply(k, code)
	}
	s.end(k, start, code)
}

// barred returns the leader's answer to a read on one of its own connections whose session has moved or
// is ending. Other servers do not know that, and answer the read.
func (s *Server) barred(c *conn) wire.Code {
	if s.sessions == nil {
		return wire.OK
	}
	return s.sessions.check(c.session, s.cfg.Zab.ID)
}

// read appends the record of a reply to the connection's buffer. If it returns an error, what it
// appended does not count.
func (s *Server) read(k *call) wire.Code {
	if k.err != nil {
		return wire.MarshallingError
	}
	c := k.conn
	switch r := k.body.(type) {
	case *wire.ReadRequest:
		return s.readNode(c, k.op, r)
	case *wire.PathRequest:
		return s.readPath(c, k.op, r.Path)
	case *wire.WatchesRequest:
		return s.readWatches(c, k.op, r)
	case *wire.AddWatchRequest:
		return s.addWatch(c, r)
	case []wire.MultiOp:
		s.readMany(c, r)
	}
	if k.op == wire.WhoAmI {
		c.buf = wire.AppendWhoAmIReply(c.buf, clientInfos(c.ids))
	}
	return wire.OK
}

func (s *Server) readNode(c *conn, op wire.Op, r *wire.ReadRequest) wire.Code {
	switch op {
	case wire.Exists:
		return s.exists(c, r)
	case wire.GetData:
		data, stat, code := s.data(c, r)
		c.buf = wire.DataReply{Data: data, Stat: stat}.Append(c.buf)
		return code
	}
	children, stat, code := s.children(c, r, s.names[:0])
	c.buf = wire.AppendChildrenReply(c.buf, op, wire.ChildrenReply{Children: children, Stat: stat})
	clear(children)
	s.names = children
	return code
}

// exists sets a watch also where there is no znode, unless it may not be read. Before 3.9.3 any client may ask
// whether a znode exists (ZOOKEEPER-2590).
func (s *Server) exists(c *conn, r *wire.ReadRequest) wire.Code {
	stat, code := s.tree.Exists(r.Path, c.ids)
	if code == wire.NoAuth && s.cfg.Older {
		stat, code = s.tree.Stat(r.Path)
	}
	if r.Watch && (code == wire.OK || code == wire.NoNode) {
		s.watches.AddData(r.Path, c)
	}
	c.buf = stat.Append(c.buf)
	return code
}

func (s *Server) data(c *conn, r *wire.ReadRequest) ([]byte, wire.Stat, wire.Code) {
	data, stat, code := s.tree.Data(r.Path, c.ids)
	if r.Watch && code == wire.OK {
		s.watches.AddData(r.Path, c)
	}
	return data, stat, code
}

func (s *Server) children(c *conn, r *wire.ReadRequest, dst []string) ([]string, wire.Stat, wire.Code) {
	children, stat, code := s.tree.Children(r.Path, c.ids, dst)
	if r.Watch && code == wire.OK {
		s.watches.AddChild(r.Path, c)
	}
	return children, stat, code
}

func (s *Server) readPath(c *conn, op wire.Op, path string) wire.Code {
	switch op {
	case wire.GetACL:
		acl, stat, code := s.tree.ACL(path, c.ids)
		c.buf = wire.ACLReply{ACL: acl, Stat: stat}.Append(c.buf)
		return code
	case wire.GetAllChildrenNumber:
		n, code := s.tree.AllChildrenNumber(path, c.ids)
		c.buf = wire.AppendChildrenNumberReply(c.buf, int(n))
		return code
	case wire.GetEphemerals:
		paths := s.tree.EphemeralsUnder(c.session, path)
		c.buf = wire.AppendChildrenReply(c.buf, op, wire.ChildrenReply{Children: paths})
	}
	return wire.OK
}

// readMany appends the answers to the reads of a multi-read, each of which can fail by itself. A small
// request can ask for the same large znode many times: the connection is closed when the answers exceed
// what may wait.
func (s *Server) readMany(c *conn, ops []wire.MultiOp) {
	results := make([]wire.OpResult, 0, len(ops))
	size := 0
	for _, op := range ops {
		res := s.readOne(c, op)
		size += len(res.Data)
		for _, name := range res.Children {
			size += 4 + len(name)
		}
		if size > overflow {
			s.drop(c)
			return
		}
		results = append(results, res)
	}
	c.buf = wire.AppendMultiReply(c.buf, results)
}

func (s *Server) readOne(c *conn, op wire.MultiOp) wire.OpResult {
	r := op.Request.(*wire.ReadRequest)
	res := wire.OpResult{Op: op.Op}
	var code wire.Code
	if op.Op == wire.GetData {
		res.Data, res.Stat, code = s.data(c, r)
	} else {
		res.Children, _, code = s.children(c, r, nil)
	}
	if code != wire.OK {
		return wire.OpResult{Op: wire.ErrorOp, Err: code}
	}
	return res
}

func (s *Server) addWatch(c *conn, r *wire.AddWatchRequest) wire.Code {
	if !s.watches.Add(r.Path, r.Mode, c) {
		return wire.MarshallingError
	}
	c.buf = wire.AppendAddWatchReply(c.buf)
	return wire.OK
}

func (s *Server) readWatches(c *conn, op wire.Op, r *wire.WatchesRequest) wire.Code {
	if r.Type < wire.WatcherChildren || r.Type > wire.WatcherPersistentRecursive {
		return wire.MarshallingError
	}
	has := s.watches.Has
	if op == wire.RemoveWatches {
		has = s.watches.Remove
	}
	if !has(r.Path, r.Type, c) {
		return wire.NoWatcher
	}
	return wire.OK
}
