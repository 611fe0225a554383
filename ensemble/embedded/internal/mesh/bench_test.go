package mesh

import (
	"sync/atomic"
	"testing"
	"time"
)

// message is as large as the messages of the replication.
type message [20]int64

func benchMesh(b *testing.B) *Mesh[message] {
	m := New[message]()
	b.Cleanup(m.Close)
	for id := range 7 {
		var got atomic.Int64
		m.Attach(id, func(ms []message) { got.Add(int64(len(ms))) }, func(int) {})
	}
	b.ReportAllocs()
	return m
}

func BenchmarkSend(b *testing.B) {
	m := benchMesh(b)
	for b.Loop() {
		m.Send(1, 2, message{})
	}
}

// BenchmarkSendBothWays measures two servers that send to each other at the same time.
func BenchmarkSendBothWays(b *testing.B) {
	m := benchMesh(b)
	var ids atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		from := int(ids.Add(1)) % 2
		for pb.Next() {
			m.Send(from, 1-from, message{})
		}
	})
}

// BenchmarkCutAndHeal measures the cost of a message that waits behind a cut.
func BenchmarkCutAndHeal(b *testing.B) {
	m := benchMesh(b)
	m.Cut(1, 2)
	for i := 0; b.Loop(); i++ {
		m.Send(1, 2, message{})
		if i%1000 == 0 {
			m.Heal(1, 2)
			m.Cut(1, 2)
		}
	}
}

func BenchmarkSlow(b *testing.B) {
	m := benchMesh(b)
	m.Delay(1, 2, 100*time.Microsecond, 10*time.Microsecond)
	for b.Loop() {
		m.Send(1, 2, message{})
	}
}
