package promises_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// wire lists what goes over one connection.
type wire struct {
	events []history.Event
	xid    int32
}

func (w *wire) add(f string, zxid history.ID, v any) {
	i := len(w.events)
	w.events = append(w.events, history.Event{
		Index: i, Time: time.Duration(i) * time.Millisecond, Process: history.SessionProcess, Type: history.Info,
		F: f, Session: 7, Zxid: zxid, Value: history.Value(v),
	})
}

func (w *wire) ask(q history.Request) int32 {
	w.xid++
	q.Xid = w.xid
	w.add(history.FRequest, 0, q)
	return w.xid
}

// patterns are records that are odd but possible, or records of servers that are wrong
// again and again. Each has about n facts.
var patterns = []struct {
	name string
	make func(w *wire, n int)
}{
	{"replies to nobody", func(w *wire, n int) {
		for i := range n / 2 {
			w.ask(history.Request{Op: "getData", Path: "/k"})
			w.add(history.FReply, 1, history.Reply{Xid: int32(-10 - i)})
		}
	}},
	{"replies in reverse", func(w *wire, n int) {
		for range n / 2 {
			w.ask(history.Request{Op: "exists", Path: "/k"})
		}
		for i := w.xid; i > 0; i-- {
			w.add(history.FReply, 1, history.Reply{Xid: i, Error: -101})
		}
	}},
	{"watches that nobody confirms", func(w *wire, n int) {
		for range n / 2 {
			w.ask(history.Request{Op: "getData", Path: "/k", Watch: true})
		}
		for range n / 2 {
			w.add(history.FEvent, 1, history.WatchEvent{Type: "nodeDataChanged", Path: "/k"})
		}
	}},
	{"events ahead of replies", func(w *wire, n int) {
		for i := range n / 3 {
			q := history.Request{Op: "getData", Path: fmt.Sprint("/", i), Watch: true}
			w.add(history.FReply, 1, history.Reply{Xid: w.ask(q), Stat: &history.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1}})
			w.add(history.FEvent, history.ID(n), history.WatchEvent{Type: "nodeDataChanged", Path: q.Path})
		}
	}},
	{"sets beside watches of children", func(w *wire, n int) {
		for i := range n / 5 {
			z := history.ID(2*i + 1)
			read := w.ask(history.Request{Op: "getChildren2", Path: "/k", Watch: true})
			w.add(history.FReply, z, history.Reply{Xid: read, Stat: &history.Stat{Czxid: 1, Mzxid: z - 1, Pzxid: 1}})
			set := w.ask(history.Request{Op: "setData", Path: "/k"})
			w.add(history.FEvent, z, history.WatchEvent{Type: "nodeChildrenChanged", Path: "/k"})
			w.add(history.FReply, z+1, history.Reply{Xid: set, Stat: &history.Stat{Czxid: 1, Mzxid: z + 1, Pzxid: 1}})
		}
	}},
}

// BenchmarkPatterns checks odd records. Its figure is the cost of a fact, which should
// hardly rise with the number of facts.
func BenchmarkPatterns(b *testing.B) {
	for _, p := range patterns {
		for _, n := range []int{10_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", p.name, n), func(b *testing.B) {
				w := &wire{}
				w.add(history.FConnected, 0, history.Connected{})
				p.make(w, n)
				run := promises.Run{Events: w.events, Final: time.Hour, Decode: func(e *history.Event, v any) { _ = e.Decode(v) }}
				b.ReportAllocs()
				for b.Loop() {
					promises.Check(b.Context(), run)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/fact")
			})
		}
	}
}
