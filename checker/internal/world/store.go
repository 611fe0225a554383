package world

import (
	"errors"
	"math"
	"time"
)

// alive is the zxid at which what still exists is gone.
const alive = int64(math.MaxInt64)

var (
	errNoNode  = errors.New("no node")
	errVersion = errors.New("bad version")
	errExists  = errors.New("node exists")
	errSession = errors.New("session expired")
	errLoss    = errors.New("connection loss")
	errTimeout = errors.New("timeout")
)

// node is a znode, from its creation to its deletion.
type node struct {
	name   string // its prefix; unique where a recipe needs it
	client int
	value  string
	seq    int
	owner  int64
	c, d   int64 // zxids
	mine   *sess
}

// folder is a znode with children, and with data that may change.
type folder struct {
	nodes []*node // in order of creation
	low   int     // all before are gone in every view
	next  int
	data  []data
}

type data struct {
	z     int64
	value []string
}

// sess is a session.
type sess struct {
	id    int64
	conn  *conn
	epoch int // of the connection that has it
	dead  bool
	died  time.Duration // truth
	z     int64         // of its closeSession
	link  time.Duration // what the link knows: Alive
	owns  []*node
}

type server struct {
	applied int64
	last    time.Duration
	frozen  time.Duration // until then it is cut off from the leader
	lag     time.Duration
	sig     signal
}

type store struct {
	zxid    int64
	folders map[string]*folder
	servers []*server
	halted  time.Duration // no leader until then
	nextID  int64
}

func (w *World) folder(path string) *folder {
	f := w.folders[path]
	if f == nil {
		f = &folder{data: []data{{}}}
		w.folders[path] = f
	}
	return f
}

// commit takes one transaction into the log.
func (w *World) commit() int64 {
	w.zxid++
	z := w.zxid
	for _, s := range w.servers {
		t := max(s.last, w.now+w.between(0, 2*s.lag), s.frozen)
		s.last = t
		w.after(t-w.now, func() { s.applied = max(s.applied, z); s.sig.fire() })
	}
	return z
}

// in are the children that a view shows.
func (f *folder) in(w *World, z int64) []*node {
	least := z
	for _, s := range w.servers {
		least = min(least, s.applied)
	}
	for f.low < len(f.nodes) && f.nodes[f.low].d <= least {
		f.low++
	}
	var of []*node
	for _, n := range f.nodes[f.low:] {
		if n.c <= z && z < n.d {
			of = append(of, n)
		}
	}
	return of
}

func (f *folder) at(z int64) []string {
	for i := len(f.data) - 1; i > 0; i-- {
		if f.data[i].z <= z {
			return f.data[i].value
		}
	}
	return f.data[0].value
}

func (f *folder) create(z int64, s *sess, n *node, ephemeral bool) *node {
	n.seq, n.c, n.d, n.mine = f.next, z, alive, s
	f.next++
	f.nodes = append(f.nodes, n)
	if ephemeral {
		n.owner = s.id
		s.owns = append(s.owns, n)
	}
	return n
}

func (n *node) delete(z int64) error {
	if n.d != alive {
		return errNoNode
	}
	n.d = z
	return nil
}

// close ends a session, wherever its client is.
func (w *World) close(s *sess) {
	if s.dead {
		return
	}
	z := w.commit()
	s.dead, s.died, s.z = true, w.now, z
	for _, n := range s.owns {
		if n.d == alive {
			n.d = z
		}
	}
	c := s.conn
	if c.sess != s {
		return
	}
	epoch := c.epoch
	w.spawn(func(p *Proc) { // its server hangs up when it learns of it
		for c.epoch == epoch {
			if sv := w.servers[c.server]; sv.applied >= z {
				p.sleep(w.between(0, 3*time.Millisecond))
				if c.epoch == epoch {
					c.cut()
				}
				return
			}
			p.wait(never, &w.servers[c.server].sig, &c.changed)
		}
	})
}
