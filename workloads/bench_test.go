package workloads_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/cputime"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// BenchmarkHarness compares a loop of sets that the harness generates and records,
// through its links, with the same loop on plain connections, in one run: the
// difference of their processor times is what an operation costs in zklab.
func BenchmarkHarness(b *testing.B) {
	e := must.Get(embedded.Start(embedded.Config{SyncLimit: 20}))(b)
	defer e.Close()
	benchmarkHarness(b, e)
}

func benchmarkHarness(b *testing.B, e ensemble.Ensemble) {
	for _, clients := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("clients=%d/plain", clients), func(b *testing.B) { benchPlain(b, e, clients) })
		b.Run(fmt.Sprintf("clients=%d/zklab", clients), func(b *testing.B) { benchHarness(b, e, clients) })
	}
}

func benchPlain(b *testing.B, e ensemble.Ensemble, clients int) {
	var conns []*zk.Conn
	for i := range clients {
		conns = append(conns, connect(b, e, i, e.Dial))
	}
	measure(b, clients, func(i int, path string) error {
		_, err := conns[i].Set(path, []byte("x"), -1)
		return err
	}, conns[0])
}

func benchHarness(b *testing.B, e ensemble.Ensemble, clients int) {
	r := must.Get(history.Create(filepath.Join(b.TempDir(), "history.jsonl"), history.Header{Model: "set"}))(b)
	b.Cleanup(func() { r.Close() })
	var all []*workloads.Client
	for i := range clients {
		l := link.New(link.Config{Client: i, Dial: e.Dial, Clock: r.Now, Record: func(e history.Event) { r.Record(e) }})
		b.Cleanup(func() { l.Close() })
		conn := connect(b, e, i, l.Dial)
		all = append(all, workloads.NewClient(&subjects.Client{ID: i, Conn: conn}, l, r, clients))
	}
	measure(b, clients, func(i int, path string) error {
		return all[i].Do(context.Background(), workloads.Op{
			F: "set", Key: path, Arg: models.Item{Item: "x"},
			Run: func(context.Context) (any, error) {
				_, err := all[i].Conn.Set(path, []byte("x"), -1)
				return nil, err
			},
		})
	}, all[0].Conn)
}

// measure makes the clients share b.N sets, each on a znode of its own.
func measure(b *testing.B, clients int, set func(client int, path string) error, admin *zk.Conn) {
	root := fmt.Sprintf("/bench-%d", time.Now().UnixNano())
	for i := range clients + 1 {
		path := root
		if i > 0 {
			path = fmt.Sprintf("%s/%d", root, i-1)
		}
		must.Get(admin.Create(path, nil, 0, zk.WorldACL(zk.PermAll)))(b)
	}
	b.ReportAllocs()
	b.ResetTimer()
	used := cputime.Used()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for n := i; n < b.N; n += clients {
				if err := set(i, fmt.Sprintf("%s/%d", root, i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64((cputime.Used()-used).Nanoseconds())/1000/float64(b.N), "µs-of-CPU-time/op")
}

func connect(b *testing.B, e ensemble.Ensemble, i int, dial zk.Dialer) *zk.Conn {
	var servers []string
	for n := range e.Servers() {
		servers = append(servers, e.Servers()[(i+n)%len(e.Servers())].Addr())
	}
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: servers, Timeout: 10 * time.Second, Dial: dial})
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for range events {
		}
	}()
	b.Cleanup(conn.Close)
	return conn
}
