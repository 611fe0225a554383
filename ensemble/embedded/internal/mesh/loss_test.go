package mesh

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// apart sends messages at such intervals that none waits for another. It returns how long each took,
// and how often the sender was told that the connection broke.
func apart(t *testing.T, count int, share float64, seed uint64) (took []time.Duration, broken int) {
	synctest.Test(t, func(t *testing.T) {
		m, boxes := start(t, 1, WithSeed(seed))
		var sent time.Time
		m.Attach(2, func([]int) { took = append(took, time.Since(sent)) }, func(int) {})
		m.Lose(1, 2, share)
		for i := range count {
			sent = time.Now()
			m.Send(1, 2, i)
			time.Sleep(10 * time.Second)
			synctest.Wait() // so that everything that came is taken
		}
		m.Lose(1, 2, 0)
		m.Detach(2)
		synctest.Wait()
		broken = len(boxes[1].take()) - 1 // the last message tells of the Detach
	})
	return took, broken
}

// TestLoss: a packet that was lost k times is late by the sum of the first k waits; after four losses
// the connection breaks.
func TestLoss(t *testing.T) {
	const count, share = 20_000, 0.3
	took, broken := apart(t, count, share, 1)
	if len(took)+broken != count {
		t.Errorf("%d arrived and %d broke the connection, of %d", len(took), broken, count)
	}
	ms := time.Millisecond
	for lost, late := range []time.Duration{0, 200 * ms, 600 * ms, 1400 * ms} {
		n := len(slices.DeleteFunc(slices.Clone(took), func(d time.Duration) bool { return d != late }))
		binomial(t, late.String(), n, count, math.Pow(share, float64(lost))*(1-share))
		took = slices.DeleteFunc(took, func(d time.Duration) bool { return d == late })
	}
	if len(took) > 0 {
		t.Errorf("other delays: %v", took)
	}
	binomial(t, "broken", broken, count, math.Pow(share, 4))
}

// binomial allows five standard deviations: fewer than one run in a million fails, and a given seed
// fails always or never.
func binomial(t *testing.T, what string, got, of int, p float64) {
	t.Helper()
	want, dev := float64(of)*p, math.Sqrt(float64(of)*p*(1-p))
	t.Logf("%s: %d, expected %.0f ± %.0f", what, got, want, dev)
	if math.Abs(float64(got)-want) > 5*dev {
		t.Errorf("%s: %d of %d, expected %.0f ± %.0f", what, got, of, want, dev)
	}
}

func TestLossIsSeeded(t *testing.T) {
	first, _ := apart(t, 200, 0.5, 1)
	if same, _ := apart(t, 200, 0.5, 1); !slices.Equal(first, same) {
		t.Error("the same seed lost others")
	}
	if other, _ := apart(t, 200, 0.5, 2); slices.Equal(first, other) {
		t.Error("another seed lost the same")
	}
}

// TestLossKeepsOrder: packets that were not lost wait for lost ones before them.
func TestLossKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, boxes := start(t, 2)
		m.Lose(1, 2, 0.1)
		var got []int
		late := false
		for i := range 2000 {
			m.Send(1, 2, i)
			late = late || m.Held() > 1
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			got = append(got, boxes[2].take()...)
		}
		time.Sleep(10 * time.Second)
		got = append(got, boxes[2].take()...)
		if !slices.IsSorted(got) {
			t.Error("out of order")
		}
		if told := boxes[1].take(); len(told) > 0 {
			t.Fatalf("the connection broke, which this seed does not do: %v", told)
		}
		if len(got) != 2000 || !late {
			t.Errorf("%d of 2000 arrived, some behind others: %v", len(got), late)
		}
	})
}

// TestLossOfAll: nothing arrives. After 3 s, with the fourth loss, the connection breaks and the sender
// is told; what it has sent is lost, and the other end is told as soon as something gets through.
func TestLossOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, boxes := start(t, 2)
		m.Lose(1, 2, 1)
		m.Send(1, 2, 10)
		m.Send(1, 2, 11)
		m.Send(2, 1, 20)
		expect(t, boxes[1], 20)
		time.Sleep(3*time.Second - time.Nanosecond)
		synctest.Wait()
		expect(t, boxes[1])
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		expect(t, boxes[1], -2)
		m.Send(2, 1, 21) // on the broken connection
		m.Lose(1, 2, 0)
		m.Send(1, 2, 12)
		expect(t, boxes[2])
		time.Sleep(3 * time.Second)
		synctest.Wait()
		expect(t, boxes[2], -1, 12)
		m.Send(2, 1, 22)
		expect(t, boxes[1], 22)
	})
}

// TestLossOfSlowLink: losses add to the delay of a slow link.
func TestLossOfSlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, boxes := start(t, 2)
		m.Delay(1, 2, time.Second, 0)
		m.Lose(1, 2, 1)
		m.Send(1, 2, 10)
		m.Lose(1, 2, 0)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		expect(t, boxes[1], -2)
		if l := state(t, m, 1, 2); l.Share != 0 || l.Delay != time.Second {
			t.Errorf("%+v", l)
		}
	})
}
