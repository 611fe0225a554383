package recipes_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/dockertest"
	"github.com/zklab/zklab/recipes"
)

// turns is what clients take in turn: a hold that one gives back and the next one gets, or an
// item that somebody puts and one of those who wait gets.
type turns struct {
	take, give func(context.Context) error
}

// turnsOf are made on a connection, or on its session; go-zookeeper's own lock is there to be
// compared with.
var turnsOf = []struct {
	name  string
	build func(s *recipes.Session, conn *zk.Conn) turns
}{
	{"lock", func(s *recipes.Session, _ *zk.Conn) turns {
		l := recipes.NewLock(s, "/x")
		return turns{l.Lock, l.Unlock}
	}},
	{"go-zookeeper-lock", func(_ *recipes.Session, conn *zk.Conn) turns {
		l := zk.NewLock(conn, "/x", zk.WorldACL(zk.PermAll))
		return turns{func(context.Context) error { return l.Lock() }, func(context.Context) error { return l.Unlock() }}
	}},
	{"write-lock", func(s *recipes.Session, _ *zk.Conn) turns {
		l := recipes.NewRWLock(s, "/x")
		return turns{l.Lock, l.Unlock}
	}},
	{"semaphore", func(s *recipes.Session, _ *zk.Conn) turns {
		l := recipes.NewSemaphore(s, "/x", 1)
		return turns{l.Acquire, l.Release}
	}},
	{"election", func(s *recipes.Session, _ *zk.Conn) turns {
		e := recipes.NewElection(s, "/x", "a")
		return turns{e.Campaign, e.Resign}
	}},
	{"queue", func(s *recipes.Session, _ *zk.Conn) turns {
		q := recipes.NewQueue(s, "/x")
		return turns{
			func(ctx context.Context) error { _, err := q.Take(ctx); return err },
			func(ctx context.Context) error { return q.Put(ctx, nil) },
		}
	}},
	{"job-queue", func(s *recipes.Session, _ *zk.Conn) turns {
		q := recipes.NewJobQueue(s, "/x", 3)
		return turns{
			func(ctx context.Context) error {
				return q.Do(ctx, func(context.Context, *recipes.Job) ([]byte, error) { return nil, nil })
			},
			func(ctx context.Context) error { _, err := q.Put(ctx, nil); return err },
		}
	}},
}

// BenchmarkTurn measures what a turn costs while so many clients wait: the time from the call
// that gives to the moment in which the next one has taken; and what all clients together send
// and are told of by watches in a whole round, in which the one before waits again.
func BenchmarkTurn(b *testing.B) {
	for _, o := range turnsOf {
		for _, waiting := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("%s/%d", o.name, waiting), func(b *testing.B) {
				e, err := embedded.Config{Nodes: 1, InMemory: true}.Start(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				measureTurns(b, e, o.build, waiting, strings.HasSuffix(o.name, "queue"))
			})
		}
	}
}

// BenchmarkTurnOnServers measures the lock's turns beside those of go-zookeeper's own on three
// real servers, where a turn takes as long as their quorum does.
func BenchmarkTurnOnServers(b *testing.B) {
	for _, o := range turnsOf[:2] {
		for _, waiting := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s/%d", o.name, waiting), func(b *testing.B) {
				measureTurns(b, dockertest.Ensemble(b, 3), o.build, waiting, false)
			})
		}
	}
}

// turner is a client that takes, and after each turn waits for its next one.
type turner struct {
	turns
	again chan struct{}
}

// run goes on until stop is closed: then the present turn ends, and each that waits has its own.
func (c *turner) run(ctx context.Context, taken chan<- *turner, stop <-chan struct{}) error {
	for {
		if err := c.take(ctx); err != nil {
			return err
		}
		select {
		case <-stop: // nobody waits for it
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

func measureTurns(b *testing.B, e ensemble.Ensemble, build func(*recipes.Session, *zk.Conn) turns, waiting int, given bool) {
	ctx := b.Context()
	var requests, events atomic.Int64
	var all errgroup.Group
	taken, stop := make(chan *turner, waiting+1), make(chan struct{})
	var first *turner
	for range waiting + 1 {
		conn, told := connectTold(b, e, &requests, &events)
		defer conn.Close()
		s := recipes.NewSession(conn, told, timeout)
		c := &turner{build(s, conn), make(chan struct{}, 1)}
		first = c
		all.Go(func() error { return errors.Join(c.run(ctx, taken, stop), s.Close(ctx)) })
	}
	give := func(c *turner) {
		if err := c.give(ctx); err != nil {
			b.Fatal(err)
		}
	}
	if given {
		give(first)
	}
	holder := <-taken
	settle(&requests)
	var sent, woken float64
	var took time.Duration // by a clock of its own: StartTimer empties the allocator's caches
	for b.Loop() {
		r, w, began := requests.Load(), events.Load(), time.Now()
		give(holder)
		next := <-taken
		took += time.Since(began)
		holder.again <- struct{}{}
		holder = next
		settle(&requests)
		sent, woken = sent+float64(requests.Load()-r), woken+float64(events.Load()-w)
	}
	close(stop)
	if err := all.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(sent/float64(b.N), "requests/turn")
	b.ReportMetric(woken/float64(b.N), "events/turn")
}

// settle waits until nobody has sent anything for a while: then all wait.
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

// countsEvents counts the frames that are events of watches, too: those with the id -1.
type countsEvents struct {
	counted
	events *atomic.Int64
	head   []byte // the length of a frame and its id, as far as they were read
	rest   int    // of the frame, behind them
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
