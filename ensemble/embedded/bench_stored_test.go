package embedded_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The cost of a request must not grow with the amount of stored data. Each of these benchmarks does the
// same with little and with much stored data: compare the results.

func stored(b *testing.B, counts []int, name string, do func(*testing.B, *contender, int)) {
	for _, n := range counts {
		b.Run(fmt.Sprintf("%s=%d", name, n), func(b *testing.B) {
			c := must.Get(kinds[0].prepare(b)())(b)
			defer c.close()
			do(b, c, n)
		})
	}
}

// hire opens sessions that end with the benchmark.
func (c *contender) hire(b *testing.B, n int) crew {
	b.Helper()
	clients := must.Get(c.crew(b.Context(), n))(b)
	b.Cleanup(func() {
		for _, l := range clients {
			l.Close()
		}
	})
	return clients
}

// fill creates znodes with numbers as names, and then makes so many other changes that the servers'
// logs have their full length and no longer contain the creates: from then on each write replaces an
// old one, which goes into the snapshot.
func (c crew) fill(b *testing.B, parent string, n int) {
	b.Helper()
	const logs = 100_000
	err := c[0].do(creating(parent))
	for _, todo := range []struct {
		count int
		next  operation
	}{
		{n, func(_, i int) (wire.Op, any) { return creating(fmt.Sprintf("%s/%d", parent, i)) }},
		{logs + n, func(int, int) (wire.Op, any) { return changing(parent) }},
	} {
		if err == nil {
			err = c[:1].run(todo.count, 100, todo.next)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
}

func changing(path string) (wire.Op, any) {
	return wire.SetData, &wire.SetDataRequest{Path: path, Data: benchData, Version: -1}
}

// measure calls do again and again.
func measure(b *testing.B, do func(n int) error) {
	b.Helper()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		must.Do(b, do(n))
	}
}

// BenchmarkSiblings creates and deletes a znode among others.
func BenchmarkSiblings(b *testing.B) {
	stored(b, []int{0, 1000, 100_000}, "siblings", func(b *testing.B, c *contender, n int) {
		clients := c.hire(b, 1)
		clients.fill(b, "/parent", n)
		measure(b, func(int) error {
			return errors.Join(
				clients[0].do(creating("/parent/one")),
				clients[0].do(wire.Delete, &wire.VersionRequest{Path: "/parent/one", Version: -1}))
		})
	})
}

// BenchmarkSessions begins and ends a session among others.
func BenchmarkSessions(b *testing.B) {
	stored(b, []int{0, 1000, 10_000}, "sessions", func(b *testing.B, c *contender, n int) {
		c.hire(b, n)
		measure(b, func(int) error {
			l, err := c.connect(b.Context(), c.addrs[0])
			if err != nil {
				return err
			}
			defer l.Close()
			return l.do(wire.CloseSession, nil)
		})
	})
}

// BenchmarkPing pings in one session among others that are idle.
func BenchmarkPing(b *testing.B) {
	stored(b, []int{0, 1000, 10_000}, "sessions", func(b *testing.B, c *contender, n int) {
		l := c.hire(b, n+1)[0]
		measure(b, func(int) error {
			l.out = wire.AppendFrame(l.out, wire.RequestHeader{Xid: wire.XidPing, Op: wire.Ping}.Append(nil))
			if err := l.flush(); err != nil {
				return err
			}
			_, err := l.next()
			return err
		})
	})
}

// BenchmarkWrite changes a znode among others, one of which goes into the
// snapshot for each that comes into the log.
func BenchmarkWrite(b *testing.B) {
	stored(b, []int{0, 1000, 100_000}, "nodes", func(b *testing.B, c *contender, n int) {
		clients := c.hire(b, 1)
		clients.fill(b, "/parent", n)
		measure(b, func(int) error { return clients[0].do(changing("/parent")) })
	})
}

// BenchmarkWatch sets a watch and fires it among others on other znodes.
func BenchmarkWatch(b *testing.B) {
	stored(b, []int{0, 1000, 100_000}, "watches", func(b *testing.B, c *contender, n int) {
		clients := c.hire(b, 2)
		clients.fill(b, "/parent", n)
		err := clients[:1].run(n, 100, func(_, i int) (wire.Op, any) {
			return wire.GetData, &wire.ReadRequest{Path: fmt.Sprintf("/parent/%d", i), Watch: true}
		})
		if err != nil {
			b.Fatal(err)
		}
		measure(b, func(int) error {
			return errors.Join(
				clients[1].do(wire.GetData, &wire.ReadRequest{Path: "/parent", Watch: true}),
				fire(clients[1:], "/parent"))
		})
	})
}
