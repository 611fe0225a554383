package mesh_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/mesh"
	"github.com/zklab/zklab/internal/virtual/delivery"
)

// With a scheduler, messages come late, in order, one at a time; behind a cut they wait, and come after
// its heal at different times.
func TestDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.New(5, delivery.Latency{Mean: time.Millisecond, Spread: delivery.Spells})
		defer s.Close()
		m := mesh.New[int](mesh.WithDelivery(s))
		defer m.Close()
		var mu sync.Mutex
		var got []int
		var times []time.Time
		m.Attach(1, func([]int) {}, func(int) {})
		m.Attach(2, func(msgs []int) {
			mu.Lock()
			defer mu.Unlock()
			got, times = append(got, msgs...), append(times, time.Now())
		}, func(int) { t.Error("reset") })

		began := time.Now()
		m.Send(1, 2, 0)
		mu.Lock()
		if len(got) != 0 {
			t.Error("a message came at once")
		}
		mu.Unlock()
		time.Sleep(time.Second)
		m.Cut(1, 2)
		for i := 1; i < 50; i++ {
			m.Send(1, 2, i)
		}
		time.Sleep(time.Second)
		mu.Lock()
		if len(got) != 1 || times[0].Sub(began) < time.Millisecond/2 {
			t.Fatalf("through a cut came %v at %v", got, times)
		}
		mu.Unlock()
		m.Heal(1, 2)
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		want := make([]int, 50)
		for i := range want {
			want[i] = i
		}
		if !slices.Equal(got, want) {
			t.Errorf("came %v", got)
		}
		if len(times) != 50 || len(slices.Compact(slices.Clone(times))) != 50 {
			t.Errorf("%d deliveries, %d moments", len(times), len(slices.Compact(times)))
		}
	})
}

// Messages in flight are lost when a server is killed, and its peer is told of the kill, late.
func TestDeliveryBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.New(5, delivery.Latency{Mean: time.Millisecond})
		defer s.Close()
		m := mesh.New[int](mesh.WithDelivery(s))
		defer m.Close()
		var resets atomic.Int32
		m.Attach(1, func([]int) {}, func(int) {})
		m.Attach(2, func([]int) { t.Error("a message of a killed server came") }, func(peer int) { resets.Add(int32(peer)) })
		m.Send(1, 2, 7)
		m.Detach(1)
		if resets.Load() != 0 {
			t.Error("the news came at once")
		}
		time.Sleep(time.Second)
		if resets.Load() != 1 {
			t.Errorf("resets: %d", resets.Load())
		}
	})
}
