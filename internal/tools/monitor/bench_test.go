package monitor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// BenchmarkChange measures the cost of an event from a server in an open folder of 10,000 znodes: of a
// set, or of a znode that is created and deleted. 40 rows are drawn every 100 changes.
func BenchmarkChange(b *testing.B) {
	f := filled(b, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		path := fmt.Sprintf("/r/%05d", i*7919%10_000)
		zxid := int64(1)<<40 + int64(i)
		f.locked(func() {
			switch i % 4 {
			default:
				f.feed.learn(client.Event{Type: wire.EventDataChanged, Path: path, Zxid: zxid})
			case 2:
				f.feed.learn(client.Event{Type: wire.EventDeleted, Path: path, Zxid: zxid})
				f.feed.learn(client.Event{Type: wire.EventCreated, Path: path, Zxid: zxid})
			}
		})
		if i%100 == 0 {
			f.View(Window{First: 5000, N: 40})
		}
	}
}

// BenchmarkView measures the cost of drawing 40 of many rows, with and without a filter that passes a tenth
// of them. It must not grow with their number.
func BenchmarkView(b *testing.B) {
	for _, n := range []int{10_000, 200_000} {
		f := filled(b, n)
		for _, filter := range []string{"", "7", "r/1"} {
			b.Run(fmt.Sprintf("rows=%d/filter=%q", n, filter), func(b *testing.B) {
				b.ReportAllocs()
				f.View(Window{Filter: filter}) // a view sets the filter
				for b.Loop() {
					f.View(Window{First: n / 20, N: 40, Filter: filter, Keep: "/r/01111"})
				}
			})
		}
	}
}

// BenchmarkFilter measures the cost of setting another filter.
func BenchmarkFilter(b *testing.B) {
	f := filled(b, 200_000)
	for i := 0; b.Loop(); i++ {
		f.View(Window{N: 40, Filter: []string{"1", "12"}[i%2]})
	}
}

// mostInFolder is the largest number of znodes in a folder: their list has to fit into one reply.
const mostInFolder = 50_000

// filled follows n znodes in /r and, if there are many, in folders beside it, on a server that sends
// nothing more.
func filled(b *testing.B, n int) *Follower {
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(b)
	b.Cleanup(func() { e.Close() })
	cfg := client.Config{Servers: e.Addrs()}
	c := must.Get(client.Connect(b.Context(), cfg))(b)
	defer c.Close()
	f := must.Get(Follow(b.Context(), Config{Client: cfg}))(b)
	b.Cleanup(func() { f.Close() })
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	for n, folder := n, "/r"; n > 0; n, folder = n-mostInFolder, folder+"r" {
		fill(b, c, folder, min(n, mostInFolder))
		awaitView(ctx, b, f, func(View) bool {
			f.Open(folder) // as soon as the folder is there
			n, _ := f.tree.find(folder)
			return n != nil && n.listed
		})
	}
	awaitView(ctx, b, f, func(v View) bool { return v.Counts.Znodes >= n && v.Counts.Waiting == 0 })
	return f
}

func fill(b *testing.B, c *client.Client, folder string, n int) {
	ops := []wire.MultiOp{client.CreateOp(folder, nil, nil, wire.Persistent, 0)}
	for i := range n {
		ops = append(ops, client.CreateOp(fmt.Sprintf("%s/%05d", folder, i), nil, nil, wire.Persistent, 0))
		if len(ops) == 1000 || i == n-1 {
			must.Get(c.Multi(b.Context(), ops))(b)
			ops = nil
		}
	}
}

// awaitView waits until is accepts the view.
func awaitView(ctx context.Context, b *testing.B, f *Follower, is func(View) bool) {
	for !is(f.View(Window{N: 1})) {
		select {
		case <-f.Changed():
		case <-ctx.Done():
			b.Fatal(context.Cause(ctx))
		}
	}
}
