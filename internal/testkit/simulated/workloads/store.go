package workloads

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

var (
	errNoNode  = errors.New("no node")
	errVersion = errors.New("bad version")
	errExists  = errors.New("node exists")
	errSession = errors.New("session expired")
	errLoss    = errors.New("connection loss")
	errTimeout = errors.New("timeout")
)

// errorOf is the error of a transaction, of a multi that of the part that failed.
func errorOf(x *history.Txn) error {
	code := x.Error
	for _, p := range x.Parts {
		if p.Error != 0 && p.Error != simulated.RuntimeInconsistency {
			code = p.Error
		}
	}
	switch code {
	case 0:
		return nil
	case simulated.NoNode:
		return errNoNode
	case simulated.BadVersion:
		return errVersion
	case simulated.NodeExists:
		return errExists
	case simulated.SessionExpired:
		return errSession
	}
	return fmt.Errorf("code %d", code)
}

// child is one of a folder's, as a view shows it.
type child struct {
	path  string
	name  string // without its number; unique where a recipe needs it
	seq   int
	z     history.ID // of its creation
	owner history.ID
	value string
}

// client is the one that made it, as locks name what they make.
func (c child) client() int {
	id, _, _ := strings.Cut(c.name, "-")
	n, _ := strconv.Atoi(id)
	return n
}

// children are a folder's, in order of creation.
func children(t simulated.Tree, folder string) (of []child) {
	for _, base := range t[folder].Children() {
		p := folder + "/" + base
		cut := len(base) - 11
		seq, _ := strconv.Atoi(base[cut+1:])
		of = append(of, child{p, base[:cut], seq, t[p].Czxid, t[p].Owner, string(t[p].Data)})
	}
	slices.SortFunc(of, func(a, b child) int { return cmp.Compare(a.seq, b.seq) })
	return of
}

func paths(of []child) (all []string) {
	for _, c := range of {
		all = append(all, c.path)
	}
	return all
}

// create makes a child of a folder.
func create(folder, name, value string, ephemeral bool) *request {
	return ask(history.Request{
		Op: "create", Path: path.Join(folder, name) + "-", Data: []byte(value), Sequential: true, Ephemeral: ephemeral,
	})
}

// remove deletes a znode.
func remove(p string) *request { return ask(history.Request{Op: "delete", Path: p}) }

// fence is a write that changes nothing.
func fence() history.Request { return history.Request{Op: "multi"} }

// ask is a request that does not depend on anything.
func ask(r history.Request) *request {
	return &request{kind: r.Op, write: func(simulated.Tree) history.Request { return r }}
}

// sess is a session.
type sess struct {
	id    history.ID
	conn  *conn
	epoch int // of the connection that has it
	dead  bool
	died  time.Duration // truth
	z     history.ID    // of its closeSession
	link  time.Duration // what the link knows: Alive
	seen  history.ID    // and the highest zxid
	xid   int32
}

type server struct {
	tree    simulated.Tree
	done    int // transactions of the log
	applied history.ID
	last    time.Duration
	frozen  time.Duration // until then it is cut off from the leader
	lag     time.Duration
	sig     signal
}

type store struct {
	lead    simulated.Tree
	zxid    history.ID
	servers []*server
	halted  time.Duration // no leader until then
	nextID  history.ID
	txns    []history.Txn
}

// folder is the path of a znode that there always was.
func (w *sim) folder(name string) string {
	p := "/" + name
	if w.lead[p] == nil {
		w.lead.Boot(p)
		for _, s := range w.servers {
			s.tree.Boot(p)
		}
	}
	return p
}

// commit takes one transaction into the log.
func (w *sim) commit(x history.Txn) history.ID {
	w.zxid++
	z := w.zxid
	x.Zxid = z
	w.txns = append(w.txns, x)
	w.lead.Apply(&x, "")
	for _, s := range w.servers {
		t := max(s.last, w.now+w.between(0, 2*s.lag), s.frozen)
		s.last = t
		w.after(t-w.now, func() { w.apply(s, z); s.sig.fire() })
	}
	return z
}

// apply brings a server up to z.
func (w *sim) apply(s *server, z history.ID) {
	for ; s.done < len(w.txns) && w.txns[s.done].Zxid <= z; s.done++ {
		s.tree.Apply(&w.txns[s.done], "")
	}
	s.applied = max(s.applied, z)
}

// typeOf is the name of a request in the log.
func typeOf(kind string) string {
	if kind == "create" || kind == "delete" || kind == "setData" {
		return kind
	}
	return "multi"
}

// close ends a session, wherever its client is.
func (w *sim) close(s *sess) {
	if s.dead {
		return
	}
	z := w.commit(w.lead.Transaction(history.Request{Op: "closeSession"}, s.id))
	s.dead, s.died, s.z = true, w.now, z
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
