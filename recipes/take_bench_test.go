package recipes_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/recipes"
)

// counted counts what goes over a connection: each request is one write.
type counted struct {
	net.Conn
	requests, bytes *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.requests.Add(1)
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

// queueToMeasure is one kind of queue with items in it, as znodes have them.
type queueToMeasure struct {
	name   string
	most   int                        // items
	item   func(i int) string         // the znode of an item, below the queue's
	beside func(n int) (ops []create) // what else belongs to a queue of n items
	make   func(cl *recipes.Client) measured
}

type create struct{ path, data string }

type measured struct {
	put  func(context.Context) error
	take func(context.Context) ([]byte, error)
	end  func(context.Context) error
}

func named(name string) func(int) string {
	return func(i int) string { return fmt.Sprintf("/%032x-%s-%010d", i, name, i) }
}

func nothing(int) []create { return nil }

var queuesToMeasure = []queueToMeasure{
	{"queue", 10_000, named("item"), nothing, func(cl *recipes.Client) measured {
		q := recipes.NewQueue(cl, "/q")
		return measured{func(ctx context.Context) error { return q.Put(ctx, nil) }, q.Take, q.Close}
	}},
	{"bounded-queue", 10_000, named("bounded"), func(n int) []create { return []create{{"/size", fmt.Sprint(n)}} }, func(cl *recipes.Client) measured {
		q := recipes.NewBoundedQueue(cl, "/q", 12_000)
		return measured{func(ctx context.Context) error { return q.Put(ctx, nil) }, q.Take, q.Close}
	}},
	{"long-queue", 100_000, func(i int) string { return folder(i/1000) + named("item")(i) }, folders, func(cl *recipes.Client) measured {
		q := recipes.NewLongQueue(cl, "/q")
		return measured{func(ctx context.Context) error { return q.Put(ctx, nil) }, q.Take, q.Close}
	}},
	{"priority-queue", 10_000, named("item-5"), nothing, func(cl *recipes.Client) measured {
		q := recipes.NewPriorityQueue(cl, "/q")
		return measured{func(ctx context.Context) error { return q.Put(ctx, 5, nil) }, q.Take, q.Close}
	}},
	{"priority-queue-relaxed", 10_000, named("item-5"), nothing, func(cl *recipes.Client) measured {
		q := recipes.NewRelaxedPriorityQueue(cl, "/q")
		return measured{func(ctx context.Context) error { return q.Put(ctx, 5, nil) }, q.Take, q.Close}
	}},
	{"delay-queue", 10_000, named("due-1000000000000"), nothing, func(cl *recipes.Client) measured {
		q := recipes.NewDelayQueue(cl, "/q")
		return measured{func(ctx context.Context) error { return q.Put(ctx, time.Now(), nil) }, q.Take, q.Close}
	}},
}

func folder(n int) string { return fmt.Sprintf("/%010d", n) }

func folders(n int) []create {
	all := []create{{"/tail", fmt.Sprint((n - 1) / 1000)}}
	for i := 0; i*1000 < n; i++ {
		all = append(all, create{folder(i), ""})
	}
	return all
}

// BenchmarkTake measures the cost of one take from a queue with n items, into which one
// item is put for each that is taken: the requests and bytes of the first take, and of all.
func BenchmarkTake(b *testing.B) {
	for _, q := range queuesToMeasure {
		for _, n := range []int{100, 10_000, 100_000} {
			if n <= q.most {
				b.Run(fmt.Sprintf("%s/%d", q.name, n), func(b *testing.B) { measureTakes(b, q, n) })
			}
		}
	}
}

func measureTakes(b *testing.B, q queueToMeasure, n int) {
	ctx := b.Context()
	e, err := embedded.Config{Nodes: 1, InMemory: true}.Start(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	addr := e.Servers()[0].Addr()
	var requests, bytes atomic.Int64
	conn, events, err := zk.Connect([]string{addr}, timeout, zk.WithHostProvider(&oneServer{addr}), zk.WithLogger(silent{}), zk.WithLogInfo(false),
		zk.WithDialer(func(network, addr string, d time.Duration) (net.Conn, error) {
			c, err := e.Dial(network, addr, d)
			return counted{c, &requests, &bytes}, err
		}))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	cl := recipes.NewClient(conn, events, timeout)
	defer cl.Close(ctx)
	m := q.make(cl)
	defer m.end(ctx)
	fill(b, conn, q, n)
	if err := m.put(ctx); err != nil { // also makes the marker
		b.Fatal(err)
	}
	took := func() (r, by float64) {
		r0, b0 := requests.Load(), bytes.Load()
		if _, err := m.take(ctx); err != nil {
			b.Fatal(err)
		}
		return float64(requests.Load() - r0), float64(bytes.Load() - b0)
	}
	firstR, firstB := took()
	r, by, takes := firstR, firstB, 1.0
	for b.Loop() {
		b.StopTimer()
		if err := m.put(ctx); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		r1, by1 := took()
		r, by, takes = r+r1, by+by1, takes+1
	}
	b.ReportMetric(firstR, "first-requests")
	b.ReportMetric(firstB, "first-B")
	b.ReportMetric(r/takes, "requests/take")
	b.ReportMetric(by/takes, "B/take")
}

// fill puts items in, many in each request.
func fill(b *testing.B, conn *zk.Conn, q queueToMeasure, n int) {
	all := append([]create{{}}, q.beside(n)...)
	for i := range n {
		all = append(all, create{q.item(i), ""})
	}
	for some := range slices.Chunk(all, 500) {
		var ops []any
		for _, c := range some {
			ops = append(ops, &zk.CreateRequest{Path: "/q" + c.path, Data: []byte(c.data), Acl: zk.WorldACL(zk.PermAll)})
		}
		if _, err := conn.Multi(ops...); err != nil {
			b.Fatal(err)
		}
	}
}
