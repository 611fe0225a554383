package recipes_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/recipes"
)

// turnTaker is something that clients take in turn: a hold that one client gives back and the next
// one gets, or an item that one client puts and one of the waiting clients gets.
type turnTaker struct {
	take, give func(context.Context) error
}

// turnsKind says how turns are made on a connection, or on its session.
type turnsKind struct {
	name  string
	build func(cl *recipes.Client, conn *zk.Conn, path string) turnTaker
	given bool // no client has it at first, so it must be given for the first turn
}

// turnsOf has zklab's lock, and after it go-zookeeper's own, for comparison.
var turnsOf = []turnsKind{
	{"lock", func(cl *recipes.Client, _ *zk.Conn, path string) turnTaker {
		l := recipes.NewLock(cl, path)
		return turnTaker{l.Lock, l.Unlock}
	}, false},
	{"go-zookeeper-lock", func(_ *recipes.Client, conn *zk.Conn, path string) turnTaker {
		l := zk.NewLock(conn, path, zk.WorldACL(zk.PermAll))
		return turnTaker{func(context.Context) error { return l.Lock() }, func(context.Context) error { return l.Unlock() }}
	}, false},
	{"write-lock", func(cl *recipes.Client, _ *zk.Conn, path string) turnTaker {
		l := recipes.NewRWLock(cl, path)
		return turnTaker{l.Lock, l.Unlock}
	}, false},
	{"semaphore", func(cl *recipes.Client, _ *zk.Conn, path string) turnTaker {
		l := recipes.NewSemaphore(cl, path, 1)
		return turnTaker{l.Acquire, l.Release}
	}, false},
	{"election", func(cl *recipes.Client, _ *zk.Conn, path string) turnTaker {
		e := recipes.NewElection(cl, path, "a")
		return turnTaker{e.Campaign, e.Resign}
	}, false},
	{"queue", func(cl *recipes.Client, _ *zk.Conn, path string) turnTaker {
		q := recipes.NewQueue(cl, path)
		return turnTaker{
			func(ctx context.Context) error { _, err := q.Take(ctx); return err },
			func(ctx context.Context) error { return q.Put(ctx, nil) },
		}
	}, true},
	{"job-queue", func(cl *recipes.Client, _ *zk.Conn, path string) turnTaker {
		q := recipes.NewJobQueue(cl, path, 3)
		return turnTaker{
			func(ctx context.Context) error {
				return q.Do(ctx, func(context.Context, *recipes.Job) ([]byte, error) { return nil, nil })
			},
			func(ctx context.Context) error { _, err := q.Put(ctx, nil); return err },
		}
	}, true},
}

// BenchmarkTurn measures the cost of a turn while a number of clients wait: the time from the
// call that gives until the next client has taken, and the requests and watch events of all
// clients in a whole round, in which the previous holder waits again.
func BenchmarkTurn(b *testing.B) {
	for _, o := range turnsOf {
		for _, waiting := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("%s/%d", o.name, waiting), func(b *testing.B) {
				measureTurns(b, inMemory(b), o, waiting)
			})
		}
	}
}

// BenchmarkTurnBeside measures turns of zklab's lock and of go-zookeeper's own alternately, so
// that a machine that gets slower does so for both. It reports the medians, and the ratio of
// zklab's median to go-zookeeper's.
func BenchmarkTurnBeside(b *testing.B) {
	for _, waiting := range []int{1, 100} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) { measureBeside(b, inMemory(b), waiting) })
	}
}

// inMemory returns a server that is closed after the connections to it, which would
// otherwise wait for it.
func inMemory(b *testing.B) ensemble.Ensemble {
	e, err := embedded.Config{Nodes: 1, InMemory: true}.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	return e
}

func measureBeside(b *testing.B, e ensemble.Ensemble, waiting int) {
	own, other := startTurns(b, e, turnsOf[0], "/own", waiting), startTurns(b, e, turnsOf[1], "/other", waiting)
	var took, besides []time.Duration
	for b.Loop() {
		took, besides = append(took, own.turn(b)), append(besides, other.turn(b))
	}
	own.end(b)
	other.end(b)
	slices.Sort(took)
	slices.Sort(besides)
	mine, its := took[len(took)/2], besides[len(besides)/2]
	b.ReportMetric(0, "ns/op") // the time for both, with the pauses in between, means nothing
	b.ReportMetric(float64(mine.Microseconds()), "µs/turn")
	b.ReportMetric(float64(its.Microseconds()), "go-zookeeper-µs/turn")
	b.ReportMetric(float64(mine)/float64(its), "times-go-zookeeper")
}

// turner is a client that takes, and waits for its next turn after each one.
type turner struct {
	turnTaker
	again chan struct{}
}

// run goes on until stop is closed: then the present turn ends, and each waiting client has its
// own turn.
func (c *turner) run(ctx context.Context, taken chan<- *turner, stop <-chan struct{}) error {
	for {
		if err := c.take(ctx); err != nil {
			return err
		}
		select {
		case <-stop: // no one waits for it
		default:
			taken <- c
		}
		select {
		case <-c.again:
		case <-stop:
			return c.give(ctx)
		}
	}
}

// round is a set of clients that take turns at one thing.
type round struct {
	clients          errgroup.Group
	taken            chan *turner
	stop             chan struct{}
	holder           *turner
	requests, events atomic.Int64
}

// startTurns begins a round of one holder and a number of waiting clients.
func startTurns(b *testing.B, e ensemble.Ensemble, of turnsKind, path string, waiting int) *round {
	r := &round{taken: make(chan *turner, waiting+1), stop: make(chan struct{})}
	var last *turner
	for range waiting + 1 {
		conn, told := connectTold(b, e, &r.requests, &r.events)
		b.Cleanup(conn.Close)
		cl := recipes.NewClient(conn, told, timeout)
		c := &turner{of.build(cl, conn, path), make(chan struct{}, 1)}
		last = c
		r.clients.Go(func() error { return errors.Join(c.run(b.Context(), r.taken, r.stop), cl.Close(b.Context())) })
	}
	if of.given {
		r.give(b, last)
	}
	r.holder = <-r.taken
	settle(&r.requests)
	return r
}

func (r *round) give(b *testing.B, c *turner) {
	if err := c.give(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// turn passes the turn on, makes the previous holder wait again, and returns how long the passing
// took.
func (r *round) turn(b *testing.B) time.Duration {
	began := time.Now()
	r.give(b, r.holder)
	next := <-r.taken
	took := time.Since(began)
	r.holder.again <- struct{}{}
	r.holder = next
	settle(&r.requests)
	return took
}

// end lets each waiting client have its turn, and waits for them.
func (r *round) end(b *testing.B) {
	close(r.stop)
	if err := r.clients.Wait(); err != nil {
		b.Fatal(err)
	}
}

func measureTurns(b *testing.B, e ensemble.Ensemble, of turnsKind, waiting int) {
	r := startTurns(b, e, of, "/x", waiting)
	var took time.Duration // measured separately, because StartTimer empties the allocator's caches
	requests, events := r.requests.Load(), r.events.Load()
	for b.Loop() {
		took += r.turn(b)
	}
	requests, events = r.requests.Load()-requests, r.events.Load()-events
	r.end(b)
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(requests)/float64(b.N), "requests/turn")
	b.ReportMetric(float64(events)/float64(b.N), "events/turn")
}

// settle waits until no client has sent anything for a while: then all of them wait.
func settle(requests *atomic.Int64) {
	for before := int64(-1); before != requests.Load(); time.Sleep(5 * time.Millisecond) {
		before = requests.Load()
	}
}

// connectTold connects, and counts requests and events of watches.
func connectTold(b *testing.B, e ensemble.Ensemble, requests, events *atomic.Int64) (*zk.Conn, <-chan zk.Event) {
	addr := e.Servers()[0].Addr()
	conn, told, err := zk.Connect([]string{addr}, timeout, zk.WithHostProvider(&oneServer{addr}), zk.WithLogger(silent{}), zk.WithLogInfo(false),
		zk.WithDialer(func(network, addr string, d time.Duration) (net.Conn, error) {
			c, err := e.Dial(network, addr, d)
			return &countsEvents{counted: counted{c, requests, new(atomic.Int64)}, events: events}, err
		}))
	if err != nil {
		b.Fatal(err)
	}
	return conn, told
}

// countsEvents also counts the frames that are watch events: those with the id -1.
type countsEvents struct {
	counted
	events *atomic.Int64
	head   []byte // the length of a frame and its id, as far as they have been read
	rest   int    // the bytes of the frame that follow the head
}

func (c *countsEvents) Read(p []byte) (int, error) {
	n, err := c.counted.Read(p)
	for _, by := range p[:n] {
		if c.rest > 0 {
			c.rest--
			continue
		}
		if c.head = append(c.head, by); len(c.head) == 8 {
			if int32(binary.BigEndian.Uint32(c.head[4:])) == -1 {
				c.events.Add(1)
			}
			c.rest = int(binary.BigEndian.Uint32(c.head)) - 4
			c.head = c.head[:0]
		}
	}
	return n, err
}
