package world

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/zklab/zklab/history"
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
	in     *folder
}

// folder is a znode with children, and with data that may change.
type folder struct {
	w     *World
	path  string
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
	seen  int64         // and the highest zxid
	xid   int32
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
	txns    []history.Txn
}

func (w *World) folder(path string) *folder {
	f := w.folders[path]
	if f == nil {
		f = &folder{w: w, path: "/" + path, data: []data{{}}}
		w.folders[path] = f
	}
	return f
}

// commit takes one transaction into the log. What it does is said by effect.
func (w *World) commit(t history.Txn) int64 {
	w.zxid++
	z := w.zxid
	t.Zxid = history.ID(z)
	w.txns = append(w.txns, t)
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
	n.seq, n.c, n.d, n.mine, n.in = f.next, z, alive, s, f
	f.next++
	f.nodes = append(f.nodes, n)
	if ephemeral {
		n.owner = s.id
		s.owns = append(s.owns, n)
	}
	f.w.effect(history.Txn{
		Type: "create", Path: n.path(), Data: []byte(n.value), Owner: history.ID(n.owner), ParentCversion: int32(f.next),
	})
	return n
}

// path is the znode's; that of a barrier is no child of a folder.
func (n *node) path() string {
	if n.name == "up" {
		return n.in.path
	}
	return fmt.Sprintf("%s/%s-%010d", n.in.path, n.name, n.seq)
}

// effect adds to what the latest transaction did.
func (w *World) effect(t history.Txn) {
	last := &w.txns[len(w.txns)-1]
	last.Parts = append(last.Parts, t)
}

// settle gives the latest transaction the form that it has in a log.
func (w *World) settle(kind string, err error) {
	last := &w.txns[len(w.txns)-1]
	switch {
	case err != nil:
		last.Type, last.Error, last.Parts = "error", -101, nil
	case (kind == "create" || kind == "delete") && len(last.Parts) == 1:
		p := last.Parts[0]
		p.Zxid, p.Session, p.Cxid = last.Zxid, last.Session, last.Cxid
		*last = p
	default:
		last.Type = "multi"
	}
}

// typeOf is the name of a request in the log.
func typeOf(kind string) string {
	if kind == "create" || kind == "delete" {
		return kind
	}
	return "multi"
}

func (n *node) delete(z int64) error {
	if n.d != alive {
		return errNoNode
	}
	n.d = z
	n.in.w.effect(history.Txn{Type: "delete", Path: n.path()})
	return nil
}

// close ends a session, wherever its client is.
func (w *World) close(s *sess) {
	if s.dead {
		return
	}
	z := w.commit(history.Txn{Type: "closeSession", Session: history.ID(s.id)})
	s.dead, s.died, s.z = true, w.now, z
	last := &w.txns[len(w.txns)-1]
	for _, n := range s.owns {
		if n.d == alive {
			n.d = z
			last.Paths = append(last.Paths, n.path())
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
