package embedded_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// BenchmarkSideBySide measures the embedded ensemble and Apache ZooKeeper, three servers each, through
// the same client on the same machine, and prints the table of docs/embedded.md. Java's servers have
// their files in memory, do not wait for them (forceSync=no), share the machine's network, and are
// warmed up before they are measured. The better result of the two ways to run Java counts.
func BenchmarkSideBySide(b *testing.B) {
	t := newFigures()
	for _, k := range kinds {
		b.Run("server="+k.name, func(b *testing.B) { sideBySide(b, k, t) })
	}
	fmt.Printf("%s, %d cores, %s\n\n%s\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), t)
}

func sideBySide(b *testing.B, k kind, t *figures) {
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	b.Run("row=start", func(b *testing.B) {
		for range b.N {
			t.add(k, "start to first write, ms", b, benchStart(ctx, b, k))
		}
	})
	benchLoads(ctx, b, k, t)
	b.Run("row=idle", func(b *testing.B) {
		if k.apart == nil {
			b.Skip("not in a process of its own")
		}
		for range b.N {
			benchIdle(ctx, b, k, t)
		}
	})
}

// benchStart measures the time from start to the first write, in milliseconds.
func benchStart(ctx context.Context, b *testing.B, k kind) float64 {
	b.StopTimer()
	launch := k.prepare(b)
	b.StartTimer()
	begin := time.Now()
	c := must.Get(launch())(b)
	defer c.close()
	conn := must.Get(c.connect(ctx, c.addrs[0]))(b)
	defer conn.Close()
	must.Do(b, conn.do(creating("/first")))
	took := time.Since(begin)
	b.StopTimer()
	return float64(took) / 1e6
}

// warmUp is for how long each kind of operation runs before it is measured.
const warmUp = 5 * time.Second

func benchLoads(ctx context.Context, b *testing.B, k kind, t *figures) {
	c := must.Get(k.prepare(b)())(b)
	defer c.close()
	must.Do(b, c.serving(ctx))
	clients := must.Get(c.crew(ctx, 50))(b)
	defer clients.close()
	paths := must.Get(clients.nodes("/node"))(b)
	for _, load := range []operation{writing(paths), reading(paths)} {
		must.Get(clients.runFor(warmUp, 8, load))(b)
	}
	benchOne(b, k, clients[:1], paths, t)
	for _, load := range loads(paths) {
		b.Run(fmt.Sprintf("row=%s-%d", load.name, load.depth), func(b *testing.B) {
			benchLoad(b, k, c, clients, load, t)
		})
	}
	benchWatches(ctx, b, k, c, t)
}

// slice is the length of one iteration of a load.
const slice = 200 * time.Millisecond

func benchLoad(b *testing.B, k kind, c *contender, clients crew, l load, t *figures) {
	row := fmt.Sprintf("50 clients' %s, %d at once each, ", l.name, l.depth)
	for range b.N {
		before := must.Get(c.busy())(b)
		began := time.Now()
		done := must.Get(clients.runFor(slice, l.depth, l.next))(b)
		took := time.Since(began)
		after := must.Get(c.busy())(b)
		t.add(k, row+"per second", b, float64(done)/took.Seconds())
		t.add(k, row+"µs of CPU time each", b, float64((after-before).Microseconds())/float64(done))
	}
}

// benchOne measures one client that waits for each reply.
func benchOne(b *testing.B, k kind, client crew, paths []string, t *figures) {
	names := 0
	create := func(int, int) (wire.Op, any) {
		names++
		return creating(fmt.Sprintf("/create-%d", names))
	}
	for _, one := range []struct {
		name string
		next operation
	}{{"create", create}, {"write", writing(paths)}, {"read", reading(paths)}} {
		b.Run("row="+one.name, func(b *testing.B) {
			for range b.N {
				began := time.Now()
				done := must.Get(client.runFor(slice, 1, one.next))(b)
				t.add(k, "one client's "+one.name+", µs", b, float64(time.Since(began).Microseconds())/float64(done))
			}
		})
	}
	b.Run("row=watch", func(b *testing.B) {
		for range b.N {
			const times = 1000
			began := time.Now()
			for range times {
				must.Do(b, client[0].do(wire.GetData, &wire.ReadRequest{Path: paths[0], Watch: true}))
				must.Do(b, fire(client, paths[0]))
			}
			t.add(k, "one client's watch, change and event, µs", b, float64(time.Since(began).Microseconds())/times)
		}
	})
}

// benchWatches measures changes of a znode that 1,000 clients watch.
func benchWatches(ctx context.Context, b *testing.B, k kind, c *contender, t *figures) {
	watchers := must.Get(c.crew(ctx, 1000))(b)
	defer watchers.close()
	paths := must.Get(watchers[:1].nodes("/watched"))(b)
	b.Run("row=watches", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			if err := watchers.each(func(_ int, l *loader) error {
				return l.do(wire.GetData, &wire.ReadRequest{Path: paths[0], Watch: true})
			}); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			began := time.Now()
			must.Do(b, fire(watchers, paths[0]))
			t.add(k, "1,000 watches fired by one change, ms", b, time.Since(began).Seconds()*1000)
		}
	})
}

// fire changes a znode and waits for the event at all clients. The first client, which writes, gets its
// event before its reply.
func fire(watchers crew, path string) error {
	writer := watchers[0]
	writer.add(wire.SetData, &wire.SetDataRequest{Path: path, Version: -1})
	if err := writer.flush(); err != nil {
		return err
	}
	return watchers.each(func(_ int, l *loader) error {
		h, err := l.next()
		if err == nil && h.Xid != wire.XidEvent {
			err = fmt.Errorf("%+v in place of an event", h)
		}
		if err == nil && l == writer {
			err = l.reply()
		}
		return err
	})
}

// benchIdle measures the memory of newly started servers, without and with 1,000 idle sessions.
func benchIdle(ctx context.Context, b *testing.B, k kind, t *figures) {
	c := must.Get(k.apart(b))(b)
	defer c.close()
	must.Do(b, c.serving(ctx))
	before := must.Get(c.rss())(b)
	clients := must.Get(c.crew(ctx, 1000))(b)
	defer clients.close()
	after := must.Get(c.rss())(b)
	t.add(k, "memory with 1,000 idle sessions, MB", b, float64(after)/1e6)
	t.add(k, "of that for the sessions, MB more", b, float64(after-before)/1e6)
}

// figures is the table.
type figures struct {
	rows  []string
	cells map[string]map[string]float64 // by row and kind
}

func newFigures() *figures { return &figures{cells: map[string]map[string]float64{}} }

// add records a figure if it is the best so far, and reports the best, because other work on the
// machine can only make figures worse. A row's name ends with its unit.
func (t *figures) add(k kind, row string, b *testing.B, value float64) {
	if t.cells[row] == nil {
		t.rows = append(t.rows, row)
		t.cells[row] = map[string]float64{}
	}
	unit := row[strings.LastIndex(row, ", ")+2:]
	if best, ok := t.cells[row][k.name]; ok {
		if unit == "per second" {
			value = max(value, best)
		} else {
			value = min(value, best)
		}
	}
	t.cells[row][k.name] = value
	b.ReportMetric(value, strings.ReplaceAll(unit, " ", "-"))
}

// String returns the table in Markdown.
func (t *figures) String() string {
	var s strings.Builder
	s.WriteString("|")
	for _, k := range kinds {
		s.WriteString(" | " + k.name)
	}
	s.WriteString(" |\n|---|" + strings.Repeat("---:|", len(kinds)) + "\n")
	for _, row := range t.rows {
		s.WriteString("| " + row)
		for _, k := range kinds {
			s.WriteString(" | " + cell(t.cells[row], k.name))
		}
		s.WriteString(" |\n")
	}
	return s.String()
}

func cell(values map[string]float64, kind string) string {
	v, ok := values[kind]
	switch {
	case !ok:
		return ""
	case v < 100:
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.0f", v)
}
