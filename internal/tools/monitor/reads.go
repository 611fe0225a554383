package monitor

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the requests of reads, and their replies.

// need says what to read of a znode.
type need uint8

const (
	needKids need = 1 << iota // with the stat
	needStat
	needData
	needValue // everything about the chosen znode, which need not exist
)

// subject is what a target reads: a znode of the tree, or the chosen znode.
type subject interface {
	// where returns its path.
	where() string
	// dropped reports whether it is never read again.
	dropped() bool
	// asked notes that a read is sent: later changes may arrive before the reply.
	asked()
}

// target is something that is read from time to time.
type target struct {
	of subject

	need                   need // not yet sent
	urgent, idle, deferred bool // the target is in the list of this name
	reading                int  // the number of the session in which a read was sent; the read is in progress if that is the present session
	sent                   time.Time
}

// obsolete reports whether there is nothing more to read.
func (t *target) obsolete() bool { return t.need == 0 || t.of.dropped() }

// job is a read to send.
type job struct {
	*target
	need       need
	path       string
	own        bool // set a watch of its own
	generation int
	client     session
}

// reply is the result of a read.
type reply struct {
	*job
	names []string
	stat  wire.Stat
	data  []byte
	acl   []wire.ACL
	err   error
}

// answered reports whether the server answered about the znode, and not about the session.
func (r reply) answered() bool {
	return r.err == nil || errors.Is(r.err, wire.NoNode) || errors.Is(r.err, wire.NoAuth) || errors.Is(r.err, wire.ErrFrameSize)
}

// do sends the requests of a read. It sets watches before it reads what they watch.
func (j *job) do(ctx context.Context) reply {
	r := reply{job: j}
	switch {
	case j.need&needValue != 0:
		r.data, r.stat, r.err = j.value(ctx)
		if r.err == nil {
			r.acl, _, _ = j.client.ACL(ctx, j.path) // the session may not be allowed to read it
		}
	case j.need&needKids == 0 && j.need&needData != 0:
		r.data, r.stat, r.err = j.client.Get(ctx, j.path, j.own)
	case j.need&needKids == 0:
		r.stat, r.err = j.client.Exists(ctx, j.path, j.own)
	default:
		if j.own {
			if _, r.err = j.client.Exists(ctx, j.path, true); r.err != nil {
				return r
			}
		}
		r.names, r.stat, r.err = j.client.Children(ctx, j.path, j.own)
	}
	return r
}
