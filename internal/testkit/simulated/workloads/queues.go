package workloads

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

var errUnknown = errors.New("unknown")

// queues is the workload of queues, FIFO or with priorities, and the recipe.
type queues struct {
	w       *sim
	o       Options
	ranked  bool // by priority
	strict  bool // its lists are fenced, and read again when somebody else was quicker
	empties bool // a take of nothing answers so at once
	marks   map[string]bool
	tries   int
	taken   map[string]int // by takes that said so
	deleted map[string]int
}

var (
	_ = world(models.Queue.Name, newQueues)
	_ = world(models.PriorityQueue.Name, newQueues)
)

func newQueues(w *sim, o Options) work {
	q := &queues{w: w, o: o, empties: w.chance(0.3), marks: map[string]bool{}, taken: map[string]int{}, deleted: map[string]int{}}
	if q.ranked = o.Model == models.PriorityQueue.Name; q.ranked {
		q.strict = w.chance(0.5) || o.Defect == "no-fence" // which says that it is strict and is not
		w.nemesis(history.FOffers, "", history.Offers{Strict: q.strict})
	}
	return q
}

// items lists the items, the first one first.
func (q *queues) items(p *Proc, c *conn, f string, deadline time.Duration) ([]child, error) {
	list := p.children
	if q.strict && q.o.Defect != "no-fence" {
		list = p.fenced
	}
	of, err := list(c, f, deadline)
	if q.ranked && q.o.Defect != "ignores-priority" {
		slices.SortStableFunc(of, func(a, b child) int { return cmp.Compare(a.priority(), b.priority()) })
	}
	return of, err
}

// priority is what the name of an item begins with.
func (c child) priority() int {
	n, _ := strconv.Atoi(strings.TrimSuffix(c.name, "-item"))
	return n
}

func (q *queues) put(p *Proc, c *conn, f, name, item string, deadline time.Duration) error {
	for {
		s := p.ready(c, deadline)
		if s == nil {
			return noEffect{errTimeout}
		}
		q.tries++
		mark := fmt.Sprint(q.tries)
		_, err := p.call(c, q.marked(create(f, name, item, false), mark), deadline)
		switch {
		case err == nil:
			return nil
		case err == errSession:
			return noEffect{err}
		case q.o.Defect == "recreates" && err == errLoss:
			q.w.Wrong["recreated"]++
			continue
		case !q.o.Mark || err == errTimeout:
			return err
		}
		done, known := q.settle(p, c, s, mark, deadline)
		switch {
		case !known:
			return errUnknown
		case done:
			return nil
		}
	}
}

// settle finds out by its marker what became of a request, if the session still
// is the same.
func (q *queues) settle(p *Proc, c *conn, s *sess, mark string, deadline time.Duration) (done, known bool) {
	for {
		if p.ready(c, deadline) != s {
			return false, false
		}
		r := &request{kind: "touch", write: func(simulated.Tree) history.Request {
			done = q.marks[mark]
			return fence()
		}}
		_, err := p.call(c, r, deadline)
		if err == nil {
			return done, r.on == s
		}
		if err == errTimeout {
			return false, false
		}
		p.news(c, deadline)
	}
}

// marked is a request that leaves a mark if it is done.
func (q *queues) marked(r *request, mark string) *request {
	write := r.write
	r.write = func(lead simulated.Tree) history.Request {
		asked := write(lead)
		n := lead[asked.Path]
		if asked.Op == "delete" && n == nil {
			return asked
		}
		q.marks[mark] = true
		if n != nil {
			q.deleted[string(n.Data)]++
		}
		return asked
	}
	return r
}

func (q *queues) take(p *Proc, c *conn, f string, deadline time.Duration) (string, error) {
	for {
		if p.ready(c, deadline) == nil {
			return "", noEffect{errTimeout}
		}
		of, err := q.items(p, c, f, deadline)
		if err == errTimeout {
			return "", noEffect{err}
		}
		if err != nil {
			p.news(c, deadline)
			continue
		}
		if q.o.Defect == "skips" && len(of) > 1 && q.w.chance(0.1) {
			of = of[1:]
		}
		if q.o.Defect == "last-in" {
			for i, j := 0, len(of)-1; i < j; i, j = i+1, j-1 {
				of[i], of[j] = of[j], of[i]
			}
		}
		if q.o.Defect == "says-empty" && q.w.chance(0.1) {
			return "", nil
		}
		if len(of) == 0 {
			if q.empties {
				return "", nil
			}
			p.news(c, deadline)
			if q.w.now >= deadline {
				return "", noEffect{errTimeout}
			}
			continue
		}
	walk:
		for _, n := range of {
			s := c.sess
			if s == nil {
				break
			}
			q.tries++
			mark := fmt.Sprint(q.tries)
			_, err := p.call(c, q.marked(remove(n.path), mark), deadline)
			switch {
			case err == nil:
				return n.value, nil
			case err == errNoNode && q.o.Defect == "ignores-no-node":
				return n.value, nil
			case err == errNoNode && !q.strict:
				continue
			case err == errNoNode:
				break walk
			case err == errSession:
				return "", noEffect{err}
			case err == errLoss && q.o.Defect == "blind-delete-retry":
				q.w.Wrong["retried"]++
				continue // takes the next one then
			case err == errLoss && q.o.Defect == "guesses-mine":
				return n.value, nil
			case !q.o.Mark || err == errTimeout:
				return "", err
			}
			done, known := q.settle(p, c, s, mark, deadline)
			switch {
			case !known:
				return "", errUnknown
			case done:
				return n.value, nil
			}
			break
		}
	}
}

func (q *queues) enqueue(p *Proc, c *conn, k int, item string) {
	name, arg := item, any(models.Item{Item: item})
	if q.ranked {
		priority := q.w.rng.Int32N(12)
		name, arg = fmt.Sprintf("%d-item", priority), models.Ranked{Item: item, Priority: priority}
	}
	_ = p.do(c, op{f: models.FEnqueue, key: key(k), arg: arg, within: opTime, run: func(deadline time.Duration) (any, error) {
		return nil, q.put(p, c, q.w.folder(key(k)), name, item, deadline)
	}})
}

func (q *queues) dequeue(p *Proc, c *conn, k int, patience time.Duration) {
	_ = p.do(c, op{f: models.FDequeue, key: key(k), within: patience, run: func(deadline time.Duration) (any, error) {
		item, err := q.take(p, c, q.w.folder(key(k)), deadline)
		if err != nil {
			return nil, err
		}
		if item == "" {
			return nil, nil
		}
		q.taken[item]++
		return models.Item{Item: item}, nil
	}})
}

func (q *queues) load(p *Proc, until time.Duration) {
	var done []*signal
	for _, c := range q.w.clients {
		done = append(done, q.w.spawn(func(p *Proc) {
			for n := 1; ; n++ {
				p.sleep(q.w.between(0, 10*time.Millisecond))
				if p.w.now >= until {
					return
				}
				k := q.w.rng.IntN(q.o.Keys)
				if n <= 2*q.o.Keys || q.w.chance(0.5) {
					q.enqueue(p, c, k, fmt.Sprintf("c%d-%d", c.id, n))
				} else {
					q.dequeue(p, c, k, 100*time.Millisecond)
				}
			}
		}))
	}
	p.join(never, done...)
}

func (q *queues) quiesce(p *Proc) {
	deadline := q.w.now + 2*bound
	for k := range q.o.Keys {
		f := q.w.folder(key(k))
		left := 0
		for round := 1; ; round++ {
			left = len(children(q.w.lead, f))
			if left == 0 || q.w.now >= deadline {
				break
			}
			if round > 3 {
				q.dequeue(p, q.w.clients[round%len(q.w.clients)], k, bound+bound/4)
				continue
			}
			share := (left + len(q.w.clients) - 1) / len(q.w.clients)
			var done []*signal
			for _, c := range q.w.clients {
				done = append(done, q.w.spawn(func(p *Proc) {
					for range share {
						q.dequeue(p, c, k, 500*time.Millisecond)
					}
				}))
			}
			p.join(never, done...)
		}
		q.w.nemesis(history.FDrained, key(k), models.Drained{Empty: left == 0, Left: left})
	}
	for item, n := range q.taken {
		if n > 1 {
			q.w.Wrong["taken twice"]++
		}
		_ = item
	}
	for item := range q.deleted {
		if q.taken[item] == 0 {
			q.w.Wrong["deleted, not taken"]++
		}
	}
}
