package workloads

import (
	"fmt"
	"strconv"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

var _ = world(models.Counter.Name, func(w *sim, o Options) work { return &counters{w: w, o: o} })

// counters is the workload of counters, and the recipe: it reads the znode, and sets it if
// that has the same version still.
type counters struct {
	w *sim
	o Options
}

func (n *counters) load(p *Proc, until time.Duration) {
	var done []*signal
	for _, c := range n.w.clients {
		done = append(done, n.w.spawn(func(p *Proc) {
			for {
				p.sleep(n.w.between(0, 20*time.Millisecond))
				if p.w.now >= until {
					return
				}
				n.turn(p, c, n.w.rng.IntN(n.o.Keys))
			}
		}))
	}
	p.join(never, done...)
}

// quiesce reads each counter when nobody changes it any more.
func (n *counters) quiesce(p *Proc) {
	for k := range n.o.Keys {
		n.read(p, n.w.clients[k%len(n.w.clients)], k, models.ReadFenced)
	}
}

func (n *counters) turn(p *Proc, c *conn, k int) {
	f := n.w.folder(key(k))
	switch {
	case n.w.chance(0.2):
		n.read(p, c, k, models.ReadPlain)
	case n.w.chance(0.2):
		n.read(p, c, k, models.ReadFenced)
	case n.w.chance(0.3):
		n.swap(p, c, k, f)
	default:
		_ = p.do(c, op{f: models.FAdd, key: key(k), arg: models.Addition{Delta: 1}, run: func(deadline time.Duration) (any, error) {
			return n.add(p, c, f, deadline)
		}, within: opTime})
	}
}

// swap tries to raise what a read showed, which may have been raised since.
func (n *counters) swap(p *Proc, c *conn, k int, f string) {
	from, err := n.look(p, c, f, n.w.now+opTime)
	if err != nil {
		return
	}
	p.sleep(n.w.between(0, 3*time.Millisecond))
	_ = p.do(c, op{f: models.FCAS, key: key(k), arg: models.CountSwap{From: from.value, To: from.value + 1}, run: func(deadline time.Duration) (any, error) {
		err := n.set(p, c, f, from.value+1, from.version, deadline)
		if err == errVersion {
			err = noEffect{err}
		}
		return nil, err
	}, within: opTime})
}

func (n *counters) read(p *Proc, c *conn, k int, kind string) {
	_ = p.do(c, op{f: models.FRead, key: key(k), arg: models.HowRead{Kind: kind}, run: func(deadline time.Duration) (any, error) {
		s := p.ready(c, deadline)
		if kind == models.ReadFenced && n.o.Defect != "no-fence" {
			if err := p.touch(c, deadline); err != nil {
				return nil, err
			}
		}
		got, err := n.look(p, c, n.w.folder(key(k)), deadline)
		if err == nil && c.sess != s {
			err = errLoss // it may be older than the fence
		}
		return models.Count{Value: got.value}, err
	}, within: opTime})
}

// counted is what a view shows of a counter.
type counted struct {
	value   int64
	version int32
}

func (n *counters) look(p *Proc, c *conn, f string, deadline time.Duration) (counted, error) {
	return look(p, c, deadline, func(t simulated.Tree) counted {
		value, _ := strconv.ParseInt(string(t[f].Data), 10, 64)
		return counted{value, t[f].Version}
	})
}

func (n *counters) add(p *Proc, c *conn, f string, deadline time.Duration) (any, error) {
	for {
		if p.ready(c, deadline) == nil {
			return nil, noEffect{errTimeout}
		}
		at, err := n.look(p, c, f, deadline)
		if err == nil {
			err = n.set(p, c, f, at.value+1, at.version, deadline)
			switch {
			case err == nil:
				return models.Count{Value: at.value + 1}, nil
			case err == errLoss && n.o.Defect == "adds-again":
				n.w.Wrong["added again"]++
			case err != errVersion && err != errSession: // nobody knows
				return nil, err
			}
		}
		p.news(c, deadline)
	}
}

func (n *counters) set(p *Proc, c *conn, f string, value int64, version int32, deadline time.Duration) error {
	r := history.Request{Op: "setData", Path: f, Data: fmt.Append(nil, value), Version: &version}
	if n.o.Defect == "sets-blindly" {
		r.Version = nil
	}
	_, err := p.call(c, ask(r), deadline)
	return err
}
