package watch

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/zk/wire"
)

func ignore(int, wire.EventType, string) {}

// BenchmarkFire measures one event for many watchers that then set their watches again.
func BenchmarkFire(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			table := New[int]()
			b.ReportAllocs()
			for b.Loop() {
				for w := range n {
					table.AddData("/a/b", w)
				}
				table.Trigger(wire.EventDataChanged, "/a/b", ignore)
			}
		})
	}
}

// BenchmarkNobody measures an event that no watch matches, with many other watches on the same znode,
// beside it and above it.
func BenchmarkNobody(b *testing.B) {
	for _, others := range []int{0, 100_000} {
		b.Run(fmt.Sprint(others), func(b *testing.B) {
			table := New[int]()
			table.Add("/z", wire.AddPersistentRecursive, -1)
			for w := range others {
				table.AddChild("/a/b", w)
				table.AddData("/a", w)
				table.AddData(fmt.Sprint("/a/", w), w)
			}
			b.ReportAllocs()
			for b.Loop() {
				table.Trigger(wire.EventDataChanged, "/a/b", ignore)
			}
		})
	}
}

// BenchmarkRecursive measures a change eight levels below one recursive watch.
func BenchmarkRecursive(b *testing.B) {
	table := New[int]()
	table.Add("/", wire.AddPersistentRecursive, 1)
	b.ReportAllocs()
	for b.Loop() {
		table.Trigger(wire.EventDataChanged, "/a/b/c/d/e/f/g/h", ignore)
	}
}

// BenchmarkRemoveAll measures the end of a connection with ten watches among many others.
func BenchmarkRemoveAll(b *testing.B) {
	table := New[int]()
	paths := make([]string, 10)
	for i := range paths {
		paths[i] = fmt.Sprint("/a/", i)
		for w := range 10_000 {
			table.AddData(paths[i], w+1)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range paths {
			table.AddData(p, 0)
		}
		table.RemoveAll(0)
	}
}
