package monitor

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file is what a read asks, and what comes of it.

// need is what is to be read of a znode.
type need uint8

const (
	needKids need = 1 << iota // with the stat
	needStat
	needData
	needValue // all of a znode that may come and go: what is chosen
)

// subject is what a target is of: a znode of the tree, or what is chosen.
type subject interface {
	// where is its path.
	where() string
	// dropped says that it is never read again.
	dropped() bool
	// asked notes that a read is sent: what happens from here on may come before the reply.
	asked()
}

// target is something that is read now and then.
type target struct {
	of subject

	need                   need // not yet sent
	urgent, idle, deferred bool // it is in that list
	reading                int  // the session in which a read is under way, if it is the present one
	sent                   time.Time
}

// obsolete says that nobody needs it any more.
func (t *target) obsolete() bool { return t.need == 0 || t.of.dropped() }

// job is a read to be sent.
type job struct {
	*target
	need       need
	path       string
	own        bool // with watches of its own
	generation int
	client     session
}

// reply is what a read came to.
type reply struct {
	*job
	names []string
	stat  wire.Stat
	data  []byte
	acl   []wire.ACL
	err   error
}

// answered says that a server said something about the znode, and not that the session is
// over, or elsewhere.
func (r reply) answered() bool {
	return r.err == nil || errors.Is(r.err, wire.NoNode) || errors.Is(r.err, wire.NoAuth) || errors.Is(r.err, wire.ErrFrameSize)
}

// do sends the requests of a read. Watches of its own are set before what they watch is
// read.
func (j *job) do(ctx context.Context) reply {
	r := reply{job: j}
	switch {
	case j.need&needValue != 0:
		r.data, r.stat, r.err = j.value(ctx)
		if r.err == nil {
			r.acl, _, _ = j.client.ACL(ctx, j.path) // it may be one that must not be read
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
